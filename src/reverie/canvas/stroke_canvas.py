"""The live drawing: points, widths and colours of all shapes, that come and go between stages.

Source, Differs: see `strokes.py`, whose spec builds it.
"""

import math
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from reverie import image as images
from reverie.canvas.shapes import Shapes, controls, joined
from reverie.canvas.start import rgb
from reverie.canvas.stroke_start import placed
from reverie.protocols import Canvas, Draws, Image
from reverie.raster.layout import Colours, Layout
from reverie.raster.rasterize import rasterize
from reverie.raster.vector import VectorDrawing

if TYPE_CHECKING:
    from reverie.canvas.strokes import Strokes

SEEN = 1e-4  # of the picture: a shape that shows less of itself is not seen
FRINGE = 3.0  # pixels: what shows of a shape under another of the same outline
TELLS = 5e-6  # of the picture from black to white: a shape that changes less does not tell
TOPOLOGY = tuple(f.name for f in fields(Layout))


class StrokeCanvas(Canvas):
    """Draws shapes as `spec` says; `seeds` place those that are added later."""

    owned: Tensor
    between: Tensor
    share: Tensor
    paper: Tensor
    pens: Tensor

    def __init__(self, shapes: Shapes, spec: "Strokes", seeds: Sequence[int]) -> None:
        super().__init__()
        self.spec, self.seeds, self.size = spec, tuple(seeds), spec.size
        self.goal: Image | None = None  # the picture that new shapes help to draw
        device = shapes.points.device
        self.points = nn.Parameter(shapes.points)
        self.widths = nn.Parameter(shapes.widths)
        self.colours = nn.Parameter(shapes.colours)
        pens = torch.tensor([*map(rgb, spec.pens)])
        paper = torch.tensor(rgb("white" if spec.paper == "auto" else spec.paper))
        self.register_buffer("paper", paper.repeat(len(self.seeds), 1).to(device))
        self.register_buffer("pens", pens.view(-1, 3).to(device), persistent=False)
        for name, value in self._topology(shapes).items():
            self.register_buffer(name, value)
        self.layout = shapes.layout
        self.project_()

    def forward(self) -> Image:
        return rasterize(
            self.layout,
            controls(self.points, self.between, self.share),
            self.widths,
            self.inks(),
            self.paper,
            self.size,
            softness=self.spec.softness,
        )

    def inks(self) -> Colours:
        """What every shape is drawn in. The gradient passes where a choice was made, as if the pen
        that was chosen were as free as the colour that chose it."""
        colours = self.colours
        if not self.spec.solid:
            return colours
        hard = colours.detach().clone()
        hard[:, 3] = (hard[:, 3] >= 0.5).float()  # down or lifted
        if len(self.pens):
            hard[:, :3] = self.pens[torch.cdist(hard[:, :3], self.pens).argmin(1)]
        return hard + (colours - colours.detach())

    def groups(self) -> dict[str, list[nn.Parameter]]:
        return {"points": [self.points], "widths": [self.widths], "colours": [self.colours]}

    @torch.no_grad()
    def project_(self) -> None:
        self.widths.clamp_(*self.spec.widths)
        self.colours.clamp_(0, 1)

    def shapes(self) -> Shapes:
        """What it is made of, in the inks it is drawn in."""
        return Shapes(
            layout=self.layout,
            owned=self.owned,
            between=self.between,
            share=self.share,
            points=self.points.detach(),
            widths=self.widths.detach(),
            colours=self.inks().detach(),
        )

    @torch.no_grad()
    def drawing(self, picture: int) -> VectorDrawing:
        """One of the pictures as vectors, without what is lifted or has no alpha."""
        one = self.shapes().of(picture)
        there = (one.colours[:, 3] > 0).nonzero()[:, 0].cpu()
        one = one.picked(there, [len(there)])
        red, green, blue = self.paper[picture].tolist()
        return VectorDrawing(
            size=self.size,
            layout=one.layout,
            points=one.controls(),
            widths=one.widths,
            colours=one.colours,
            paper=(red, green, blue),
        )

    @torch.no_grad()
    def go_on_(self, other: Canvas) -> bool:
        """Takes over the shapes that show, and adds new ones on top, up to its own number."""
        if not isinstance(other, StrokeCanvas) or len(other.seeds) != len(self.seeds):
            return False
        shapes = other.shapes()
        alike = (self.spec.pens, self.spec.solid) == (other.spec.pens, other.spec.solid)
        if alike:
            shapes = replace(shapes, colours=other.colours.detach())
        shows = seen(other)
        order, counts = [], []
        for i in range(len(self.seeds)):
            first, last = other.layout.pictures[i : i + 2].tolist()
            own = shows[first:last]
            most = own.argsort(descending=True)[: self.spec.count]
            most = most[own[most] > 0].sort().values
            order.append(first + most)
            counts.append(len(most))
        kept = shapes.picked(torch.cat(order), counts)
        if self.goal is None and other.goal is not None:
            self.goal = images.resize(other.goal, self.size)
        self._set(kept.scaled(*(a / b for a, b in zip(self.size, other.size, strict=True))))
        new = [self.spec.count - n for n in counts]
        if any(new):
            self._add(new, self())
        return True

    @torch.no_grad()
    def encode_(self, image: Image) -> None:
        """New shapes in the places and colours of the picture."""
        self.goal = image.cpu()
        if self.spec.paper == "auto":
            self.paper.copy_(margin(image))
        blank = self.paper[:, :, None, None].expand_as(image)
        self._set(self._placed(self.spec.count, image, blank))

    def _add(self, numbers: list[int], over: Image) -> None:
        """New shapes, so many for each picture, where it is farthest from its goal, or else where
        there is most to see."""
        most = max(numbers)
        new = self._placed(most, over.cpu() if self.goal is None else self.goal, over)
        first = torch.arange(len(numbers)) * most
        chosen = torch.cat([at + torch.arange(n) for at, n in zip(first, numbers, strict=True)])
        self._set(joined(self._own(), new.picked(chosen, numbers)))

    def _placed(self, count: int, goal: Image, over: Image) -> Shapes:
        draws = Draws(self.seeds, 0, f"start/{self.spec.count}")
        new = placed(self.spec.habit(), count, goal.cpu(), over.cpu(), draws, self.spec.follow)
        return new.to(self.device)

    def _own(self) -> Shapes:
        return replace(self.shapes(), colours=self.colours.detach())

    def _set(self, shapes: Shapes) -> None:
        """Becomes these shapes."""
        for name in ("points", "widths", "colours"):
            self.get_parameter(name).data = getattr(shapes, name).clone()
        for name, value in self._topology(shapes).items():
            setattr(self, name, value)
        self.layout = shapes.layout
        self.project_()

    @staticmethod
    def _topology(shapes: Shapes) -> dict[str, Tensor]:
        mixed = {"owned": shapes.owned, "between": shapes.between, "share": shapes.share}
        return mixed | {f"of_{name}": getattr(shapes.layout, name) for name in TOPOLOGY}

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *args: Any, **kw: Any) -> None:
        """Of any number of shapes."""
        for name, own in (*self.named_parameters(), *self.named_buffers()):
            value = state_dict.get(prefix + name)
            if value is not None and value.shape != own.shape:
                own.data = own.new_empty(value.shape)
        super()._load_from_state_dict(state_dict, prefix, *args, **kw)
        self.layout = Layout(**{name: self.get_buffer(f"of_{name}") for name in TOPOLOGY})


def seen(canvas: StrokeCanvas) -> Tensor:
    """How many pixels of every shape show, `[n]`; 0 where they are too few, or do not tell from
    what is below: the slopes of the picture along the shape's colour, and along its alpha."""
    shapes = canvas.shapes()
    colours = shapes.colours.clone().requires_grad_()
    with torch.enable_grad():
        image = rasterize(
            shapes.layout, shapes.controls(), shapes.widths, colours, canvas.paper, canvas.size
        )
        slopes = [
            torch.autograd.grad(image[:, channel].sum(), colours, retain_graph=channel < 2)[0]
            for channel in range(3)
        ]
    area = slopes[0][:, 0]
    change = torch.stack([slope[:, 3] for slope in slopes]).abs().amax(0) * shapes.colours[:, 3]
    pixels = math.prod(canvas.size)
    tells = (area > max(SEEN * pixels, FRINGE)) & (change > TELLS * pixels)
    return (area * tells).cpu()


def margin(image: Image) -> Tensor:
    """The colour that most of the margin has, `[b, 3]`: the median of its outermost pixels."""
    sides = (image[..., 0, :], image[..., -1, :], image[..., 0], image[..., -1])
    return torch.cat(sides, 2).median(2).values
