"""A canvas of your own: soft coloured discs that move, grow and change colour.

    python examples/my_canvas.py "a bowl of fruit" --perceptor ViT-B/32

A canvas is parameters and a `forward` that draws them. A spec says how to build it. The loop, the
losses and recording then work as for any other canvas. So does going on with a run, wherever this
module has been imported, so that the name `Discs` is known.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from reverie.augment.cutouts import Cutouts
from reverie.errors import ReverieError
from reverie.loss.prompts import Prompts
from reverie.optimizer import Adam
from reverie.perceptor.clip import Clip
from reverie.prompt import parse
from reverie.protocols import Canvas, CanvasSpec, Draws, Image, Machine
from reverie.recipe import Recipe, Stage
from reverie.run import Run
from reverie.spec import spec


class DiscCanvas(Canvas):
    """Discs `[b, n]`, painted one over the other on white."""

    def __init__(self, place: Tensor, colour: Tensor, size: tuple[int, int]) -> None:
        super().__init__()
        self.place = nn.Parameter(place)  # [b, n, 3]: x, y, radius, in shares of the long side
        self.colour = nn.Parameter(colour)  # [b, n, 3]
        width, height = size
        long = max(size)
        self.register_buffer("x", torch.arange(width) / long)
        self.register_buffer("y", torch.arange(height)[:, None] / long)

    def forward(self) -> Image:
        b, n, _ = self.place.shape
        picture = self.place.new_ones(b, 3, len(self.y), len(self.x))
        for i in range(n):
            x, y, radius = (v[:, None, None] for v in self.place[:, i].unbind(1))  # each [b, 1, 1]
            far = ((self.x - x).square() + (self.y - y).square()).sqrt()
            inside = ((radius - far) * 40).sigmoid()[:, None]  # [b, 1, h, w], soft at the rim
            picture = torch.lerp(picture, self.colour[:, i, :, None, None], inside)
        return picture

    def groups(self) -> dict[str, list[nn.Parameter]]:
        return {"place": [self.place], "colour": [self.colour]}  # each may have its learning rate

    @torch.no_grad()
    def project_(self) -> None:
        self.colour.clamp_(0, 1)
        self.place.clamp_(0.01, 1)


@spec
class Discs(CanvasSpec):
    size: tuple[int, int] = (224, 224)
    count: int = 40

    def build(self, machine: Machine, seeds: Sequence[int]) -> DiscCanvas:
        draws = Draws(seeds, 0, "start")  # a stream per picture: each has its own start
        place = draws.uniform(self.count, 3) * torch.tensor([1.0, 1.0, 0.15])
        colour = draws.uniform(self.count, 3)
        return DiscCanvas(place, colour, self.size).to(machine.device)


def recipe(words: str, perceptor: str, steps: int) -> Recipe:
    prompts = Prompts(
        scenes=parse(words),
        perceptors=(Clip(weights=perceptor),),
        augment=Cutouts(count=8, preset="crops"),
    )
    stage = Stage(
        canvas=Discs(),
        losses={"prompts": prompts},
        optimizer=Adam(lr={"place": 0.01, "colour": 0.03}),
        steps=steps,
    )
    return Recipe(name="discs", title=words, stages=(stage,))


def main() -> None:
    parser = argparse.ArgumentParser(description="Words to a picture of discs.")
    parser.add_argument("words")
    parser.add_argument("--perceptor", required=True, help="model name or checkpoint file")
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("-o", "--output", default="discs")
    args = parser.parse_args()

    run = Run.start(recipe(args.words, args.perceptor, args.steps), Path(args.output))
    for progress in run.frames():
        if progress.step % 10 == 0:
            print(f"step {progress.step}/{progress.steps}  score {progress.score:.3f}", flush=True)
    print(run.pictures[0])


if __name__ == "__main__":
    try:
        main()
    except ReverieError as error:
        raise SystemExit(f"{error}") from error
