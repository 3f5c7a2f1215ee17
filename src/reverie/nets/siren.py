"""SIREN: a picture as a function of the place, made of sines of sines.

Source: Sitzmann et al., "Implicit Neural Representations with Periodic Activation Functions"
(2020), https://arxiv.org/abs/2006.09661; widths, rates and first weights as in
lucidrains/siren-pytorch, as deep-daze uses it.
Differs: several networks side by side, one for each picture of a batch; the gradient comes tile by
tile, from layers that are computed once more, so that memory does not grow with the picture.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

Points = Float[Tensor, "n 2"]  # row first, then column
Colours = Float[Tensor, "b n 3"]  # about 0; -1 is black and 1 white

TILE = 2048  # points at a time: the layers of a tile stay in the processor's cache,
WIDER = 8  # and a graphics card, which has none to speak of, wants more work at a time
RIDGE = 1e-7  # of the mean square of a wave: keeps what is solved for from huge weights
KEPT = 2**27  # bytes of layers that may wait for the gradient rather than be computed once more


class Layer(nn.Module):
    """`weight @ x + bias`, once for each network of a batch."""

    def __init__(self, weight: Float[Tensor, "b out into"], bias: Float[Tensor, "b out"]) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(weight), nn.Parameter(bias)


class Siren(nn.Module):
    """`b` networks: every layer is sin(w0 * (weight @ x + bias)), and the last one has no sine.

    Args:
        tensors: `layers.0.weight [b, hidden, 2]`, `layers.0.bias [b, hidden]` and so on, and
            `last_layer.weight [b, 3, hidden]`, `last_layer.bias [b, 3]`.
        rates: w0 of the first layer, and of the others.
        precision: of the matrix products of the gradient; the colours stay float32, for what
            a sine of 30 radians is given may not be rounded.
    """

    def __init__(
        self,
        tensors: Mapping[str, Tensor],
        rates: tuple[float, float] = (30.0, 30.0),
        precision: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        depth = len(tensors) // 2 - 1
        names = [*(f"layers.{i}" for i in range(depth)), "last_layer"]
        made = [Layer(tensors[f"{name}.weight"], tensors[f"{name}.bias"]) for name in names]
        self.layers, self.last_layer = nn.ModuleList(made[:-1]), made[-1]
        self.rates = [rates[0], *[rates[1]] * (depth - 1)]
        self.precision = precision

    def forward(self, points: Points) -> Colours:
        """The colour at every point, from all layers at once if these are small, else in tiles."""
        ordered = [x for layer in self._all() for x in (layer.weight, layer.bias)]
        nets = len(ordered[0])
        kept = 8 * nets * len(points) * sum(rows.shape[1] for rows in ordered[1:-2:2])
        if torch.is_grad_enabled() and kept > KEPT:
            return _Tiled.apply(points, self.rates, self.precision, *ordered)  # type: ignore[return-value]
        parts = [points] if torch.is_grad_enabled() else tiles(points)
        return torch.stack(
            [all_colours(parts, [x[i] for x in ordered], self.rates) for i in range(nets)]
        )

    def is_like(self, other: "Siren") -> bool:
        """Whether the weights of one mean the same in the other."""
        mine, theirs = (
            {name: x.shape for name, x in net.state_dict().items()} for net in (self, other)
        )
        return mine == theirs and self.rates == other.rates

    @torch.no_grad()
    def mix_(self, points: Points, goal: Colours) -> None:
        """Sets the last layer so that the colours are as near to a goal as it can bring them, by
        least squares."""
        ordered = [x for layer in self._all() for x in (layer.weight, layer.bias)]
        for i, want in enumerate(goal):
            own = [x[i] for x in ordered]
            square: Tensor | float = 0.0
            along: Tensor | float = 0.0
            for part, colour in zip(tiles(points), tiles(want), strict=True):
                wave = waves(part, own, self.rates).cpu().double()  # not all devices have these
                wave = torch.cat([wave, torch.ones_like(wave[:, :1])], 1)  # for the bias
                square, along = square + wave.T @ wave, along + wave.T @ colour.cpu().double()
            assert isinstance(square, Tensor)
            calm = RIDGE * len(points) * torch.eye(len(square), dtype=square.dtype)
            mixed = torch.linalg.solve(square + calm, along).to(want)
            self.last_layer.weight[i], self.last_layer.bias[i] = mixed[:-1].T, mixed[-1]

    def _all(self) -> Iterator[Layer]:
        yield from (*self.layers, self.last_layer)  # type: ignore[misc]


def tiles(rows: Tensor) -> Sequence[Tensor]:
    """What belongs to points, some of these at a time."""
    return rows.split(TILE if rows.device.type == "cpu" else TILE * WIDER)


def all_colours(
    parts: Sequence[Tensor], own: Sequence[Tensor], rates: Sequence[float]
) -> Float[Tensor, "all 3"]:
    """As `colours`, one part of the points after the other."""
    return torch.cat([colours(part, own, rates) for part in parts])


def colours(points: Points, own: Sequence[Tensor], rates: Sequence[float]) -> Tensor:
    """What one network shows at some points, `[n, 3]`.

    Args:
        own: its weights and biases, in turn.
    """
    return torch.addmm(own[-1], waves(points, own, rates), own[-2].T)


def waves(points: Points, own: Sequence[Tensor], rates: Sequence[float]) -> Tensor:
    """What the last layer mixes colours from, `[n, hidden]`."""
    x = points
    for weight, bias, rate in zip(own[:-2:2], own[1:-2:2], rates, strict=True):
        x = torch.addmm(bias * rate, x, (weight * rate).T).sin()
    return x


def slopes(
    points: Points,
    own: Sequence[Tensor],
    rates: Sequence[float],
    precision: torch.dtype,
    back: Float[Tensor, "n 3"],
) -> list[Tensor]:
    """The gradient of every weight and bias of one network, from that of its colours.

    The first layer turns fastest, and is computed in float32; the others in `precision`.
    """
    inputs, turns = [points], []  # of every layer, and the slopes of its sines
    for i, (weight, bias, rate) in enumerate(zip(own[:-2:2], own[1:-2:2], rates, strict=True)):
        kind = precision if i else torch.float32
        angle = torch.addmm((bias * rate).to(kind), inputs[-1].to(kind), (weight * rate).T.to(kind))
        turns.append(angle.cos().to(precision))
        inputs.append(angle.sin_().to(precision))
    found: list[Tensor] = [back.sum(0), (back.T.to(precision) @ inputs[-1]).float()]
    back = back.to(precision) @ own[-2].to(precision)
    for weight, rate in zip(own[-4::-2], reversed(rates), strict=True):
        back.mul_(turns.pop()).mul_(rate)
        before = inputs[len(turns)].to(precision)
        found += [back.sum(0, dtype=torch.float32), (back.T @ before).float()]
        if turns:
            back = back @ weight.to(precision)
    return found[::-1]


class _Tiled(torch.autograd.Function):
    """Draws without a graph, and computes each tile once more when its gradient is there."""

    @staticmethod
    def forward(
        ctx: Any, points: Tensor, rates: Sequence[float], precision: torch.dtype, *ordered: Tensor
    ) -> Tensor:
        ctx.save_for_backward(points, *ordered)
        ctx.rates, ctx.precision = rates, precision
        nets, parts = range(len(ordered[0])), tiles(points)
        return torch.stack([all_colours(parts, [x[i] for x in ordered], rates) for i in nets])

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, back: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        points, *ordered = ctx.saved_tensors
        found = [torch.zeros_like(x) for x in ordered]
        for i in range(len(back)):
            own = [x[i] for x in ordered]
            for part, grad in zip(tiles(points), tiles(back[i]), strict=True):
                for whole, own_part in zip(
                    found, slopes(part, own, ctx.rates, ctx.precision, grad), strict=True
                ):
                    whole[i] += own_part
        return None, None, None, *found


def places(
    size: tuple[int, int], painted: tuple[int, int] | None = None, *, beyond: bool = False
) -> tuple[Tensor, Tensor]:
    """Where the rows and the columns of a picture of `size` (width, height) lie: the longer side of
    what was painted goes from -1 to 1, from the middle of its first pixel to that of its last.

    Args:
        painted: the size that the network was painted at, if that is another: then the picture is
            the largest part of that one that has its shape.
        beyond: or the smallest frame around it, with what the network shows outside.
    """
    painted = painted or size
    shares = [old / new for old, new in zip(painted, size, strict=True)]
    pitch = (max if beyond else min)(shares) * 2 / max(max(painted) - 1, 1)
    columns, rows = ((torch.arange(n, dtype=torch.float64) - (n - 1) / 2) * pitch for n in size)
    return rows.float(), columns.float()


def points(rows: Tensor, columns: Tensor) -> Points:
    """Every crossing of rows and columns, row by row."""
    return torch.cartesian_prod(rows, columns)


def shapes(layers: int, hidden: int) -> dict[str, tuple[int, ...]]:
    """Of every tensor of one network, by name."""
    widths = [2, *[hidden] * layers]
    found: dict[str, tuple[int, ...]] = {}
    for i, (into, out) in enumerate(pairwise(widths)):
        found |= {f"layers.{i}.weight": (out, into), f"layers.{i}.bias": (out,)}
    return found | {"last_layer.weight": (3, hidden), "last_layer.bias": (3,)}


def bound(name: str, into: int, w0: float) -> float:
    """First weights and biases lie evenly within plus and minus this.

    Args:
        into: numbers that the layer takes.
        w0: of the layers after the first one.
    """
    return 1 / into if name.startswith("layers.0.") else (6 / into) ** 0.5 / w0
