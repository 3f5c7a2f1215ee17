"""How well a pocket VQGAN keeps pictures: fixed scenes, in an art style that no training saw, in
one that was trained on, and portraits; and how many of its codes it uses for them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from reverie.nets.pocket_vqgan import PocketVQGAN
from reverie.nets.vqgan import nearest
from training.plans import Shares
from training.scenes import Composer
from training.sprites import TEST_STYLE, sprites

SEEN_STYLE = "fluent3d"
SIDE, COUNT, SEED = 128, 256, 990_017
SCENES = Shares(portrait=0.0, filtered=0.0, hard=0.0, other_hands=False)
PORTRAITS = Shares(two=0.0, three=0.0, pair=0.0, portrait=1.0, empty=0.0, filtered=0.0, hard=0.0)
PARTS = 16  # pictures at a time


@dataclass(frozen=True)
class Kept:
    """Of one set of pictures: the peak signal-to-noise ratio of the mean squared error of them all,
    in dB; how often each code was used, `[codes]`."""

    psnr: float
    used: Tensor


def unseen(data: Path, count: int = COUNT) -> Tensor:
    """Scenes in the art style that was not trained on, `[count, 3, 128, 128]` in [0, 1]."""
    return Composer(sprites(data, (TEST_STYLE,), size=SIDE), size=SIDE, shares=SCENES).unworn(
        count, seed=SEED, step=0
    )


def seen(data: Path, count: int = COUNT) -> Tensor:
    """New scenes in a style that was trained on."""
    return Composer(sprites(data, (SEEN_STYLE,), size=SIDE), size=SIDE, shares=SCENES).unworn(
        count, seed=SEED, step=1
    )


@torch.no_grad()
def kept(net: PocketVQGAN, pictures: Tensor) -> Kept:
    """What is left of pictures in [0, 1] after encoding and decoding."""
    far, used = 0.0, torch.zeros(len(net.codebook), device=pictures.device)
    for part, again, codes in _again(net, pictures):
        far += float((again - part).square().mean()) * len(part)
        used += torch.bincount(codes.flatten(), minlength=len(used))
    return Kept(-10 * float(torch.tensor(far / len(pictures)).log10()), used)


def again(net: PocketVQGAN, pictures: Tensor) -> Tensor:
    """Pictures in [0, 1], encoded and decoded."""
    return torch.cat([decoded for _, decoded, _ in _again(net, pictures)])


@torch.no_grad()
def _again(net: PocketVQGAN, pictures: Tensor) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    for part in pictures.split(PARTS):
        latents = net.encode(part * 2 - 1)
        codes = nearest(latents, net.codebook)
        yield part, ((net.decode(latents) + 1) / 2).clamp(0, 1), codes


def perplexity(used: Tensor) -> float:
    """How many codes would be used if all were used equally, at the same entropy."""
    shares = used / used.sum()
    return float((-(shares * shares.clamp(min=1e-12).log()).sum()).exp())
