"""How well the pocket StyleGAN draws what a point of W says: `python -m training.face_figures`.

New portraits from what is known of them, portraits in the colours of others, and how evenly the
picture changes on the way from one face to another.
"""

import argparse
import math
from dataclasses import dataclass, fields, replace
from pathlib import Path

import torch
from PIL import Image
from torch import Generator, Tensor

from reverie.canvas.stylegan import read
from reverie.nets.stylegan import StyleGAN
from reverie.nets.stylegans import frozen
from reverie.weights.stylegan_layouts import stylegan_layout
from training import card, face_space, ship
from training.face_space import ATTRIBUTES, BLOCKS, W_DIM, Faces, Loosely
from training.portraits import Portraits
from training.stylegan_net import COARSE

COUNT, SEED = 256, 990_017
PARTS = 16  # pictures at a time
WALKS, PLACES, STEP = 32, 9, 0.01  # ways between faces, places on each, and how far a step goes
SHOWN = 8
PLAINLY = Loosely(apart=0, changed=0, untold=0, vague=0, faint=0, noise=0)


@dataclass(frozen=True)
class Figures:
    """psnr: in dB, by what was drawn. walk: how fast the picture changes on the way from one face
    to another, `[walks, places]`, in root mean square per way; its length in one step would be
    `apart`, `[walks]`."""

    psnr: dict[str, float]
    walk: Tensor
    apart: Tensor


@torch.no_grad()
def drawn(net: StyleGAN, rows: Tensor) -> Tensor:
    """Pictures of the two rows of w, the shapes' and the colours', in [0, 1]. `[b, 2, W_DIM]`"""
    times = torch.tensor([COARSE, net.num_ws - COARSE])
    parts = rows.repeat_interleave(times, 1).split(PARTS)
    return torch.cat([(net.synthesis(part) + 1) / 2 for part in parts])


def psnr(found: Tensor, wanted: Tensor) -> float:
    """Of the mean squared error of all pictures, in dB."""
    return -10 * math.log10(float((found.clamp(0, 1) - wanted).square().mean()))


def sets(count: int = COUNT) -> dict[str, Faces]:
    """New faces, by what they are."""
    plain, mixed = (
        face_space.faces(count, Generator().manual_seed(SEED), loosely)
        for loosely in (PLAINLY, replace(PLAINLY, apart=1.0))
    )
    people = plain.people.kind == ATTRIBUTES["kind"].index("person")
    return {
        "people": some(plain, people),
        "characters": some(plain, ~people),
        "shapes of one face in the colours of another": mixed,
    }


def some(faces: Faces, which: Tensor) -> Faces:
    """Of faces those that are chosen."""
    mixes = {name: mix[which] for name, mix in faces.mixes.items()}
    return Faces(faces.ws[which], faces.people.rows(which), mixes)


def typical() -> Faces:
    """The face that W has its mean at."""
    codes = {name: ATTRIBUTES[name].index(value) for name, value in face_space.TYPICAL.items()}
    middle = {f.name: face_space.MIDDLE.get(f.name, 0.0) for f in fields(Portraits)}
    people = Portraits(**{name: torch.tensor([value]) for name, value in (middle | codes).items()})
    mean = face_space.space().mean
    mixes = {b.name: mean[None, b.at] for b in BLOCKS if b.chosen and b.colour}
    return Faces(torch.zeros(1, 2, W_DIM), people, mixes)


def walks(net: StyleGAN, faces: Faces) -> tuple[Tensor, Tensor]:
    """How fast the picture changes on straight ways between faces, and how far apart they are."""
    one, two = faces.ws[:WALKS], faces.ws[WALKS : 2 * WALKS]
    speeds = []
    for at in torch.linspace(0, 1 - STEP, PLACES).tolist():
        here, there = (drawn(net, one.lerp(two, at + step)) for step in (0.0, STEP))
        speeds.append((there - here).square().mean((1, 2, 3)).sqrt() / STEP)
    apart = (drawn(net, two) - drawn(net, one)).square().mean((1, 2, 3)).sqrt()
    return torch.stack(speeds, 1), apart


def measure(net: StyleGAN, given: dict[str, Faces]) -> Figures:
    """All figures of a network."""
    side = net.resolution
    found = {name: psnr(drawn(net, one.ws), one.drawn(side)) for name, one in given.items()}
    mean = typical()
    found["the mean of W"] = psnr(drawn(net, mean.ws), mean.drawn(side))
    return Figures(found, *walks(net, given["people"]))


def table(net: StyleGAN, figures: Figures, count: int) -> str:
    """The figures, as Markdown."""
    made = "squares"  # of weights, and not in the file
    size = sum(t.numel() for name, t in net.named_buffers() if not name.endswith(made)) / 1e6
    lines = [
        f"{net.resolution}x{net.resolution}, {size:.2f} million numbers. Of {count} new faces:\n",
        "| drawn from what is known of them | PSNR |",
        "|---|---|",
    ]
    lines += [f"| {name} | {value:.1f} dB |" for name, value in figures.psnr.items()]
    walk, ends = figures.walk, torch.tensor([0, -1])
    uneven = float((walk.std(1) / walk.mean(1)).mean())
    middle = float(walk[:, PLACES // 2].mean() / walk[:, ends].mean())
    longer = float((walk.mean(1) / figures.apart).mean())
    lines += [
        f"\nOn the straight way between two of {2 * len(walk)} people the picture changes at a "
        f"speed that has a deviation of {100 * uneven:.0f} % of its mean, in the middle "
        f"{middle:.2f} times as fast as at the ends; the way is {longer:.1f} times as long as a "
        "cross-fade.",
    ]
    return "\n".join(lines)


def sheet(net: StyleGAN, given: dict[str, Faces]) -> Image.Image:
    """Some faces of each set as they should be, above what is drawn."""
    lines = []
    for faces in given.values():
        few = some(faces, torch.arange(SHOWN))
        for pictures in (few.drawn(net.resolution), drawn(net, few.ws)):
            lines.append(torch.cat(list(pictures), 2))
    whole = torch.cat(lines, 1).clamp(0, 1).mul(255).round().to(torch.uint8)
    return Image.fromarray(whole.permute(1, 2, 0).numpy())


def read_net(run: str | None, mapping: str | None) -> StyleGAN:
    """The network of two runs, rounded as it would be shipped; default: the shipped one."""
    if run is None or mapping is None:
        return frozen(*read("pocket-stylegan"))
    tensors, told = ship.generator_of_faces(run, mapping)
    tensors, known = stylegan_layout(ship.halves(tensors), told, run)
    return frozen(known, tensors)


def main() -> None:
    """Measure one model and show its figures, or put them into the model card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", help="a run of the training; default: the model in the package")
    parser.add_argument("--mapping", help="the run of its mapping network")
    parser.add_argument("--write", type=Path, help="the model card to fill in")
    parser.add_argument("--sheet", type=Path, help="write faces above what is drawn of them")
    options = parser.parse_args()
    net, given = read_net(options.run, options.mapping), sets()
    parts = {"pocket-stylegan": table(net, measure(net, given), COUNT)}
    if options.run is not None:
        parts["pocket-stylegan trained"] = card.faces_trained(options.run)
    if options.sheet:
        sheet(net, given).save(options.sheet, quality=88)
    if options.write:
        text = options.write.read_text("utf-8")
        for name, body in parts.items():
            text = card.filled(text, name, body)
        options.write.write_text(text, "utf-8")
    else:
        print("\n\n".join(parts.values()))


if __name__ == "__main__":
    main()
