"""How well the pocket VQGAN keeps pictures: `python -m training.reconstruction`.

Fixed scenes in an art style that no training saw, in one that was trained on, and portraits: the
peak signal-to-noise ratio of the mean squared error of each set, and how many codes are used.
"""

import argparse
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from torch import Generator, Tensor

from reverie.nets.pocket_vqgan import SIZES, PocketVQGAN
from reverie.nets.vqgan import nearest
from reverie.weights import pocket as package
from training import card, portraits, ship
from training.plans import Shares
from training.pocket import DATA, RUNS
from training.scenes import Composer
from training.sprites import TEST_STYLE, sprites

SEEN_STYLE = "fluent3d"
SIDE, COUNT, SEED = 128, 256, 990_017
SHARES = Shares(portrait=0.0, filtered=0.0, hard=0.0, other_hands=False)
PARTS = 16  # pictures at a time
SHOWN = 8  # of each set, on the sheet


@dataclass(frozen=True)
class Kept:
    """Of one set of pictures: PSNR in dB; how often each code was used, `[codes]`."""

    psnr: float
    used: Tensor


def scenes(data: Path, style: str, count: int = COUNT) -> Tensor:
    """New scenes in an art style, `[count, 3, 128, 128]` in [0, 1]."""
    composer = Composer(sprites(data, (style,), size=SIDE), size=SIDE, shares=SHARES)
    return composer.unworn(count, seed=SEED, step=0)


def faces(count: int = COUNT) -> Tensor:
    """New portraits, `[count, 3, 128, 128]` in [0, 1]."""
    people = portraits.sample(count, Generator().manual_seed(SEED))
    return portraits.draw(people, SIDE, torch.device("cpu"))


def kept(net: PocketVQGAN, pictures: Tensor) -> Kept:
    """What is left of pictures in [0, 1] after encoding and decoding."""
    far, used = 0.0, torch.zeros(len(net.codebook), device=pictures.device)
    for part, left, codes in _again(net, pictures):
        far += float((left - part).square().mean()) * len(part)
        used += torch.bincount(codes.flatten(), minlength=len(used))
    return Kept(-10 * math.log10(far / len(pictures)), used)


def again(net: PocketVQGAN, pictures: Tensor) -> Tensor:
    """Pictures in [0, 1], encoded and decoded."""
    return torch.cat([left for _, left, _ in _again(net, pictures)])


@torch.no_grad()
def _again(net: PocketVQGAN, pictures: Tensor) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    for part in pictures.split(PARTS):
        latents = net.encode(part * 2 - 1)
        codes = nearest(latents, net.codebook)
        yield part, ((net.decode(latents) + 1) / 2).clamp(0, 1), codes


def perplexity(used: Tensor) -> float:
    """How many codes, used equally often, would have the same entropy."""
    shares = used / used.sum()
    return float((-(shares * shares.clamp(min=1e-12).log()).sum()).exp())


def table(net: PocketVQGAN, sets: dict[str, Tensor]) -> str:
    """The figures, as Markdown."""
    rows = {}
    for name, pictures in sets.items():
        found = kept(net, pictures)
        rows[name] = found.psnr, int((found.used > 0).sum()), perplexity(found.used)
    read, drawn = (
        sum(weight.numel() for weight in part.parameters()) / 1e6
        for part in (net.encoder, net.decoder)
    )
    size = f"{read + drawn:.2f} million numbers, {drawn:.2f} of them to draw with"
    return card.codec(rows, COUNT, len(net.codebook), size)


def sheet(net: PocketVQGAN, sets: dict[str, Tensor]) -> Image.Image:
    """Some pictures of each set above what is left of them."""
    lines = []
    for pictures in sets.values():
        some = pictures[:SHOWN]
        lines += [torch.cat(list(part), 2) for part in (some, again(net, some))]
    whole = torch.cat(lines, 1).clamp(0, 1).mul(255).round().to(torch.uint8)
    return Image.fromarray(whole.permute(1, 2, 0).numpy())


def read_net(run: str | None) -> PocketVQGAN:
    """The network of a run, rounded as it would be shipped; default: the shipped one."""
    if run is None:
        model = package.read("pocket-vqgan")
        return PocketVQGAN.frozen(model.about["sizes"], model.tensors)
    state = torch.load(RUNS / run / "state.pt", weights_only=True, map_location="cpu")["mean"]
    return PocketVQGAN.frozen(SIZES, ship.halves(state))


def main() -> None:
    """Measure one model and show its figures, or put them into the model card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", help="a run of the training; default: the model in the package")
    parser.add_argument("--write", type=Path, help="the model card to fill in")
    parser.add_argument("--sheet", type=Path, help="write pictures above what is left of them")
    options = parser.parse_args()
    net = read_net(options.run)
    sets = {
        "scenes, unseen style": scenes(DATA, TEST_STYLE),
        "scenes, seen style": scenes(DATA, SEEN_STYLE),
        "portraits": faces(),
    }
    parts = {"pocket-vqgan": table(net, sets)}
    if options.run is not None:
        parts["pocket-vqgan trained"] = card.codec_trained(options.run)
    if options.sheet:
        sheet(net, sets).save(options.sheet, quality=88)
    if options.write:
        text = options.write.read_text("utf-8")
        for name, body in parts.items():
            text = card.filled(text, name, body)
        options.write.write_text(text, "utf-8")
    else:
        print("\n\n".join(parts.values()))


if __name__ == "__main__":
    main()
