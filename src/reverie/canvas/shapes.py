"""Shapes of several pictures in flat lists, to choose from, to add to, and to draw.

What moves are points; a control point lies on the straight line between two of them, or is one of
them. So a closed outline shares its first point with its end, and a triangle has three points.
"""

from dataclasses import dataclass, fields, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from reverie.raster.layout import Colours, Ends, Layout, Points, Widths, ends, spans

Between = Int[Tensor, "controls 2"]
Share = Float[Tensor, " controls"]
Controls = Float[Tensor, "controls 2"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Shapes:
    """Shape i moves `points[owned[i]:owned[i + 1]]`. Control point c lies `share[c]` of the way
    between the two points `between[c]`. Layout and `owned` lie on the CPU."""

    layout: Layout
    owned: Ends
    between: Between
    share: Share
    points: Points
    widths: Widths
    colours: Colours

    @property
    def counts(self) -> list[int]:
        """How many shapes each picture has."""
        return self.layout.pictures.diff().tolist()

    def controls(self) -> Controls:
        return controls(self.points, self.between, self.share)

    def picked(self, chosen: Tensor, counts: list[int]) -> "Shapes":
        """Some shapes, in the order of `chosen`, the first `counts[0]` for the first picture."""
        layout, corners = self.layout.picked(chosen, counts)
        moved, owned = spans(self.owned, chosen), ends(self.owned.diff()[chosen])
        shift = owned[:-1] - self.owned[:-1][chosen]  # of every chosen shape's points
        corner = torch.repeat_interleave(shift, layout.shapes.diff())
        shift = torch.repeat_interleave(corner, layout.contours.diff())
        device = self.points.device
        return Shapes(
            layout=layout,
            owned=owned,
            between=(self.between.cpu()[corners] + shift[:, None]).to(device),
            share=self.share[corners.to(device)],
            points=self.points[moved.to(device)],
            widths=self.widths[chosen.to(device)],
            colours=self.colours[chosen.to(device)],
        )

    def of(self, picture: int) -> "Shapes":
        """The shapes of one picture."""
        first, last = self.layout.pictures[picture : picture + 2].tolist()
        return self.picked(torch.arange(first, last), [last - first])

    def scaled(self, across: float, down: float) -> "Shapes":
        """For a picture that is larger by these factors."""
        scale = self.points.new_tensor([across, down])
        return replace(
            self, points=self.points * scale, widths=self.widths * (across * down) ** 0.5
        )

    def to(self, device: torch.device) -> "Shapes":
        on = {f.name: getattr(self, f.name).to(device) for f in fields(self)[2:]}
        return replace(self, **on)


def controls(points: Points, between: Between, share: Share) -> Controls:
    """The control points that lie between some points."""
    first, second = points[between[:, 0]], points[between[:, 1]]
    return torch.lerp(first, second, share[:, None])


def joined(below: Shapes, above: Shapes) -> Shapes:
    """In every picture the shapes of the one, and on top of them those of the other."""
    both = stacked(below, above)
    first, second = below.layout.pictures, above.layout.pictures + below.layout.count
    order = [
        torch.arange(int(where[i]), int(where[i + 1]))
        for i in range(below.layout.batch)
        for where in (first, second)
    ]
    counts = [a + b for a, b in zip(below.counts, above.counts, strict=True)]
    return both.picked(torch.cat(order), counts)


def stacked(a: Shapes, b: Shapes) -> Shapes:
    """The pictures of the one, and after them those of the other."""
    one, two = a.layout, b.layout
    names = ("paint", "cap", "join", "miter_limit", "closed")
    layout = Layout(
        contours=followed(one.contours, two.contours),
        shapes=followed(one.shapes, two.shapes),
        pictures=followed(one.pictures, two.pictures),
        **{name: torch.cat([getattr(one, name), getattr(two, name)]) for name in names},
    )
    return Shapes(
        layout=layout,
        owned=followed(a.owned, b.owned),
        between=torch.cat([a.between, b.between + len(a.points)]),
        share=torch.cat([a.share, b.share]),
        points=torch.cat([a.points, b.points]),
        widths=torch.cat([a.widths, b.widths]),
        colours=torch.cat([a.colours, b.colours]),
    )


def followed(a: Ends, b: Ends) -> Ends:
    """Ranges, and after them others."""
    return torch.cat([a, b[1:] + a[-1]])
