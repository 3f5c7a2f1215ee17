"""How good a pocket perceptor is: `python -m training.measure --write docs/pocket.md`.

Measured on an art style that no training saw, in scenes of unseen seeds, and beside it on one that
was trained on. All seeds are fixed: the same weights give the same figures.

Source: zero-shot names after CLIP (Radford et al. 2021); the attack is projected gradient ascent in
L2 (Madry et al. 2017).
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from reverie.weights import pocket
from training import card
from training.face_trials import JUDGED, PAIRED, faces
from training.pocket import DATA, RUNS, AtItsSide, build, load, side_of, sizes_of, words_for
from training.scenes import Composer, placing
from training.sprites import TEST_STYLE, Sprites, sprites
from training.trials import SWAPS, Trials, alone_in_places, composites, swaps

WORDINGS = ("{}", "a {}", "a picture of a {}")
SEEN_STYLE = "fluent3d"
ATTACKS = (0.5, 1.0, 2.0)
ATTACKED = 3  # every third thing is attacked: an attack costs ten steps
SCALE = 30.0  # of cosines, as in the perceptor
TIE = 1e-6

Share = tuple[float | None, float]  # by chance (where that means something), and measured


@torch.no_grad()
def name_vectors(net, words, names: list[str]) -> Tensor:
    """One unit vector a name, over a few wordings. `[c, dim]`"""
    total = [read(net, words, [wording.format(name) for name in names]) for wording in WORDINGS]
    return F.normalize(torch.stack(total).mean(0), dim=-1)


@torch.no_grad()
def read(net, words, texts: Sequence[str]) -> Tensor:
    """Unit vectors of texts. `[t, dim]`"""
    device = next(net.parameters()).device
    parts = [texts[at : at + 256] for at in range(0, len(texts), 256)]
    rows = [[part.to(device) for part in words.encode(list(texts))] for texts in parts]
    return torch.cat([net.encode_text(*both) for both in rows])


@torch.no_grad()
def look(net, pictures: Tensor) -> Tensor:
    """Unit vectors of pictures. `[n, dim]`"""
    return torch.cat([net.encode_image(part) for part in pictures.split(256)])


def alone(sprites: Sprites, *, size: int, scale: float = 0.8) -> tuple[Tensor, Tensor]:
    """Every sprite of the first style on light grey: `[n, 3, size, size]`, and labels `[n]`."""
    here = sprites.here[:, 0].nonzero()[:, 0]
    whole = sprites.pictures[here, 0].float() / 255
    one = torch.ones(len(here), device=whole.device)
    grid = placing(0.5 * one, 0.5 * one, scale * one, 0 * one, one, size)
    layer = F.grid_sample(whole, grid, align_corners=False)
    return layer[:, :3] + 0.92 * (1 - layer[:, 3:]), here


def zero_shot(net, words, sprites: Sprites, *, size: int = 64) -> dict[str, float]:
    """Share of the pictures whose concept's name comes first, or among the first five. A picture
    counts as right for every concept of the same name."""
    pictures, labels = alone(sprites, size=size)
    names = [thing.name for thing in sprites.concepts]
    return named(look(net, pictures), name_vectors(net, words, names), labels, names)


def named(seen: Tensor, texts: Tensor, labels: Tensor, names: list[str]) -> dict[str, float]:
    """As `zero_shot`, of vectors."""
    first = torch.tensor([names.index(name) for name in names], device=labels.device)
    best = first[(seen @ texts.T).topk(min(5, len(names)), dim=1).indices]
    hits = (best == first[labels][:, None]).float()
    return {"top1": float(hits[:, 0].mean()), "top5": float(hits.amax(1).mean())}


def accuracy(net, words, trials: Trials) -> float:
    """How often the right pair fits best. Those who tie with it share the point."""
    n, p = trials.pictures.shape[:2]
    seen = look(net, trials.pictures.flatten(0, 1)).unflatten(0, (n, p))  # [n p, d] -> [n, p, d]
    texts = sorted({text for row in trials.captions for text in row})
    places = {text: at for at, text in enumerate(texts)}
    rows = torch.tensor([[places[text] for text in row] for row in trials.captions])
    vectors = read(net, words, texts)[rows.to(seen.device)]  # [n, c, d]
    fit = torch.einsum("npd,ncd->npc", seen, vectors).flatten(1)
    tied = fit >= fit.amax(1, keepdim=True) - TIE
    return float((tied[:, 0] / tied.sum(1)).mean())


def retrieval(net, words, pictures: Tensor, captions: list[str]) -> tuple[float, float]:
    """How often a picture's own caption is the nearest of all, and a caption's own picture."""
    fit = look(net, pictures) @ read(net, words, captions).T
    own = torch.arange(len(fit), device=fit.device)
    by_picture, by_caption = ((fit.argmax(dim) == own).float().mean() for dim in (1, 0))
    return float(by_picture), float(by_caption)


def attacked(
    net, texts: Tensor, pictures: Tensor, labels: Tensor, *, reach: float, steps: int = 10
) -> Tensor:
    """Pictures moved by at most `reach` in L2 to where their own text wins least."""
    moved = pictures
    for _ in range(steps):
        moved = moved.detach().requires_grad_()
        loss = F.cross_entropy(SCALE * net.encode_image(moved) @ texts.T, labels)
        (gradient,) = torch.autograd.grad(loss, moved)
        step = moved.detach() - pictures + 2.5 * reach / steps * gradient / _length(gradient)
        moved = (pictures + step * (reach / _length(step)).clamp(max=1)).clamp(0, 1)
    return moved.detach()


def _length(pictures: Tensor) -> Tensor:
    return pictures.flatten(1).norm(dim=1).clamp(min=1e-12)[:, None, None, None]


def roughness(net, words, pictures: Tensor, captions: list[str]) -> float:
    """Share of the gradient's energy above 1/8 cycle a pixel: the mean over pictures of that of the
    cosine with the caption. White noise has 0.95."""
    texts = read(net, words, captions)
    shares = []
    for part, own in zip(pictures.split(64), texts.split(64), strict=True):
        views = part.detach().requires_grad_()
        (gradient,) = torch.autograd.grad((net.encode_image(views) * own).sum(), views)
        energy = torch.fft.fft2(gradient).abs().square().sum(1)  # [n, 3, h, w] -> [n, h, w]
        y, x = (torch.fft.fftfreq(side, device=energy.device) for side in energy.shape[1:])
        fine = (y[:, None].square() + x.square()).sqrt() > 1 / 8
        shares.append((energy * fine).sum((1, 2)) / energy.sum((1, 2)).clamp(min=1e-30))
    return float(torch.cat(shares).mean())


@dataclass(frozen=True)
class Figures:
    """What was measured of one model.

    rows: measure -> (chance, on the unseen style, on the seen one); portraits: attribute ->
    (chance, accuracy); worst: things, and what they are taken for.
    """

    rows: dict[str, tuple[float | None, float, float]]
    portraits: dict[str, tuple[float, float]]
    worst: list[tuple[str, str]]


def measure(net, words, unseen: Sprites, seen: Sprites) -> Figures:
    """All figures of a model."""
    texts = name_vectors(net, words, [thing.name for thing in unseen.concepts])
    here, there = (on_style(net, words, texts, Composer(drawn)) for drawn in (unseen, seen))
    rows = {name: (chance, share, there[name][1]) for name, (chance, share) in here.items()}
    told = {}
    for name in JUDGED:
        trials = faces(name)
        told[name] = (trials.chance, accuracy(net, words, trials))
        if name in PAIRED:
            trials = faces(name, bare=True)
            told[f"{name}, bare words"] = (trials.chance, accuracy(net, words, trials))
    return Figures(rows, told, worst(net, texts, unseen))


def on_style(net, words, texts: Tensor, composer: Composer) -> dict[str, Share]:
    """Every measure on one art style: its chance level, and what was measured."""
    names = [thing.name for thing in composer.sprites.concepts]
    pictures, labels = alone(composer.sprites, size=composer.size)
    somewhere, things = alone_in_places(composer)
    plain = named(look(net, pictures), texts, labels, names)
    anywhere = named(look(net, somewhere), texts, things, names)
    figures: dict[str, Share] = {
        "name first, plain background": (1 / len(names), plain["top1"]),
        "name among the first five": (5 / len(names), plain["top5"]),
        "name first, any background": (1 / len(names), anywhere["top1"]),
    }
    for reach in ATTACKS:
        some, right = pictures[::ATTACKED], labels[::ATTACKED]
        parts = [
            attacked(net, texts, part, own, reach=reach)
            for part, own in zip(some.split(128), right.split(128), strict=True)
        ]
        after = named(look(net, torch.cat(parts)), texts, right, names)
        figures[f"name first, attacked by {reach}"] = (None, after["top1"])
    for kind in SWAPS:
        trials = swaps(composer, kind)
        figures[f"swapped: {kind}"] = (trials.chance, accuracy(net, words, trials))
    batch = composites(composer)
    count = len(batch.captions)
    by_picture, by_caption = retrieval(net, words, batch.pictures, batch.captions)
    figures[f"caption of {count} for a picture"] = (1 / count, by_picture)
    figures[f"picture of {count} for a caption"] = (1 / count, by_caption)
    rough = roughness(net, words, batch.pictures, batch.captions)
    return figures | {"fine part of the gradient": (None, rough)}


def worst(net, texts: Tensor, sprites: Sprites, *, count: int = 20) -> list[tuple[str, str]]:
    """The things whose own name loses by most, and the name that wins."""
    pictures, labels = alone(sprites, size=64)
    fit = look(net, pictures) @ texts.T
    own = fit.gather(1, labels[:, None])[:, 0]
    other, which = fit.scatter(1, labels[:, None], -2.0).max(1)
    names = [thing.name for thing in sprites.concepts]
    order = (own - other).argsort()[:count].tolist()
    return [(names[labels[at]], names[which[at]]) for at in order]


def read_model(model: str, run: str | None):
    """The network of a run (default: the shipped one) and its tokenizer."""
    short = model.removeprefix("pocket-")
    if run is None:
        vocabulary = pocket.read(model).about["words"]
    else:
        vocabulary = json.loads((RUNS / run / "words.json").read_text())
    words = words_for(short, vocabulary)
    net = build(short, sizes_of(short, len(words)))
    net.load_state_dict(load(short, run or "shipped", words)[0])
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    net = net.eval().requires_grad_(False)
    return AtItsSide(net, side_of(short, run or "shipped")), words


def main() -> None:
    """Measure one model and show its figures, or put them into the model card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", choices=("pocket-clip", "pocket-judge"), default="pocket-clip")
    parser.add_argument("--run", help="a run of the training; default: the model in the package")
    parser.add_argument("--write", type=Path, help="the model card to fill in")
    options = parser.parse_args()
    unseen, seen = (sprites(DATA, (style,)) for style in (TEST_STYLE, SEEN_STYLE))
    figures = measure(*read_model(options.model, options.run), unseen, seen)
    parts = {
        options.model: card.tables(figures.rows, figures.portraits, figures.worst),
        "known": card.known(unseen.concepts),
    }
    if options.run is not None:
        parts[f"{options.model} trained"] = card.trained(options.run)
    if options.write:
        text = options.write.read_text("utf-8")
        for name, body in parts.items():
            text = card.filled(text, name, body)
        options.write.write_text(text, "utf-8")
    else:
        print("\n\n".join(body for name, body in parts.items() if name != "known"))


if __name__ == "__main__":
    main()
