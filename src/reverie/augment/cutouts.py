"""Random looks at a picture: cropped, moved, bent, recoloured, erased and noisy, in one sampling.

Source: Crowson et al., "VQGAN-CLIP" (2022), https://arxiv.org/abs/2204.08583, section 3.3, and the
systems named in `presets.py`.
Differs: crops, flip, affine, rotation and perspective are one homography, bending is added to it,
and the picture is sampled once, so nothing is blurred twice, and a crop that is moved shows more of
the picture, not the crop's own border. So what lies outside is of one kind in a preset, where the
originals have a kind per step. Shrinking is always smoothed, by a pyramid (the originals take
Lanczos, area or nothing). Boxes are not rounded to pixels. `pixray` fits pictures of every shape at
95 % and its padding is always a reflection. What is the same for all views of a batch there is the
same for all views of a picture here. Colour and the augments differ as `colour.py`, `fields.py` and
`moves.py` say.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from reverie.augment import fields, warp
from reverie.augment.boxes import Bell, Normal, Squares
from reverie.augment.choice import Choice, Part, chosen
from reverie.augment.colour import recoloured
from reverie.augment.erase import kept
from reverie.augment.moves import AugmentName, Moves, only
from reverie.augment.presets import PRESETS, Preset, PresetName
from reverie.augment.pyramid import Pyramid, pooled, shrunk
from reverie.augment.sharpen import softened
from reverie.curve import Number, as_curve
from reverie.errors import SpecError
from reverie.protocols import Augment, AugmentSpec, Draws, Image, Moment, Views
from reverie.spec import spec

MOST = 65536  # views of a picture: far more than anybody can wait for


class Cutter:
    """Chooses `count` views of every picture, as a preset says."""

    def __init__(self, preset: Preset, count: int) -> None:
        self.preset, self.count = preset, count

    def __call__(self, image: Image, moment: Moment) -> "CutLooks":
        draws = moment.draws.named("cutouts")
        size = (image.shape[-1], image.shape[-2])
        return CutLooks(image, self.preset, self.choose(draws, size, moment.t), draws)

    def choose(self, draws: Draws, size: tuple[int, int], t: float) -> Choice:
        """Draws the views of pictures of `size` (width, height)."""
        counts = shares([share for share, _ in self.preset.kinds], self.count)
        kinds = [(moves, n) for (_, moves), n in zip(self.preset.kinds, counts, strict=True) if n]
        parts = [Part(moves, draws.named(str(k)), n) for k, (moves, n) in enumerate(kinds)]
        strength = draws.named("strength").uniform(self.count)
        return chosen(parts, size, t, strength * as_curve(self.preset.noise)(t))


class CutLooks:
    """Chosen views of a batch of pictures.

    Every `draw` shrinks the picture anew, 5 to 10 ms for 512 pixels a side: what was kept from
    another chunk would belong to that chunk's graph, which its backward pass has freed.
    """

    def __init__(self, image: Image, preset: Preset, choice: Choice, draws: Draws) -> None:
        self.image, self.preset, self.choice, self.draws = image, preset, choice, draws
        self.count = choice.warps.shape[1]

    def draw(self, views: slice, size: int) -> Views:
        """The views of a slice of `range(count)`, view-major, `size` pixels a side."""
        seen = self._sampled(views, size)
        if self.choice.colours is not None:
            seen = recoloured(seen, self._rows(self.choice.colours, views))
        if self.choice.softness is not None:
            seen = softened(seen, self._rows(self.choice.softness, views))
        keep = None
        if self.choice.erased is not None:
            keep = kept(self._rows(self.choice.erased, views), size)
        if self.choice.noise is not None:
            noise = self._noise(self._rows(self.choice.noise, views), views, size)
            return noise.add_(seen) if keep is None else noise.addcmul_(seen, keep)
        return seen if keep is None else seen * keep

    def _sampled(self, views: slice, size: int) -> Tensor:
        warps = self.choice.warps[:, views]  # [b, n, 3, 3]
        b, n = warps.shape[:2]
        outside = self.preset.outside
        padding, grey = (outside, 0.0) if isinstance(outside, str) else ("zeros", outside)
        picture = self._source(size)
        pyramid = Pyramid(picture - grey if grey else picture)
        height, width = pyramid.size
        levels = pyramid.level_for(warp.shrinking(warps, width, height, size))  # [b, n]
        bent = bool(warps[..., 2, :2].any())
        moved = warps.to(picture.dtype).to(picture.device)
        field = self._field(views, size)
        seen: dict[int, Tensor] = {}
        for i in range(b):
            for level in levels[i].unique().tolist():
                at = (levels[i] == level).nonzero()[:, 0].tolist()
                source = pyramid.pictures(level)[i]
                pull = None if field is None else field[i, at]
                cuts = warp.sample(
                    source, moved[i, at], size, outside=padding, bent=bent, field=pull
                )
                seen |= {j * b + i: cut for j, cut in zip(at, cuts, strict=True)}
        stacked = torch.stack([seen[row] for row in range(n * b)])
        return stacked + grey if grey else stacked

    def _field(self, views: slice, size: int) -> Tensor | None:
        """How the views are bent, `[b, n, 2, size, size]`."""
        kinds = (self.choice.elastic, fields.elastic), (self.choice.thin_plate, fields.thin_plate)
        found = [
            draw(given[:, views].to(self.image), size) for given, draw in kinds if given is not None
        ]
        return sum(found[1:], found[0]) if found else None

    def _source(self, size: int) -> Tensor:
        """The picture the views are cut from; it is only made smaller here, never larger."""
        height, width = self.image.shape[-2:]
        if self.preset.squash:
            want = (min(height, size), min(width, size))
        else:
            share = min(1.0, size / min(height, width))
            want = (round(height * share), round(width * share))
        if self.preset.pool:
            return pooled(self.image, want)
        return shrunk(self.image, want) if self.preset.squash else self.image

    def _noise(self, strength: Tensor, views: slice, size: int) -> Tensor:
        """Each view has a stream of its own, so no slice changes what another view sees."""
        strength = strength[:, None, None, None]  # [n*b] -> [n*b, 1, 1, 1]
        noise = self.image.new_empty(len(strength), 3, size, size)
        b = len(self.image)
        for row, view in enumerate(range(self.count)[views]):
            at = slice(row * b, (row + 1) * b)
            field = self.draws.named(f"noise{view}").normal(3, size, size, device=noise.device)
            noise[at] = strength[at] * field
        return noise

    def _rows(self, drawn: Tensor, views: slice) -> Tensor:
        """`[b, count, ...] -> [n*b, ...]`, view-major, where and as precise as the picture."""
        rows = drawn[:, views].transpose(0, 1).flatten(0, 1)
        return rows.to(self.image.dtype).to(self.image.device)


def shares(parts: Sequence[float], count: int) -> list[int]:
    """`count` divided in proportion to `parts`, which add up to 1."""
    ends = [round(count * sum(parts[: k + 1])) for k in range(len(parts))]
    return [end - start for start, end in zip([0, *ends], ends, strict=False)]


@spec
class Cutouts(AugmentSpec):
    """`count` views of every picture. What is None is as the preset has it.

    Args:
        augments: those that may happen to a view and no others; see `moves.py`.
        power: of crops: above 1 favours small ones, below 1 large ones.
        smallest: of crops: the smallest side, as a share of the short side of the picture.
        largest: of crops: the largest one.
        centre: of crops: rather near the centre than anywhere.
        noise: each view gets normal noise of a deviation uniform in 0 to this.
    """

    count: int = 32
    preset: PresetName = "pooled"
    augments: tuple[AugmentName, ...] | None = None
    power: Number | None = None
    smallest: Number | None = None
    largest: float | None = None
    centre: bool | None = None
    noise: Number | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MOST:
            raise SpecError(f"count is {self.count}; at least 1 view is wanted, at most {MOST}")
        most = 1.0 if self.largest is None else self.largest
        sides = [most] if self.smallest is None else [*map(as_curve(self.smallest), (0, 0.5, 1))]
        if not (0 < most <= 1 and all(0 < side <= most for side in sides)):
            raise SpecError(
                f"smallest: {self.smallest}, largest: {self.largest}; these are shares of the "
                "short side of the picture, above 0 and at most 1, the smaller one first"
            )
        self.build()

    def build(self) -> Augment:
        preset = PRESETS[self.preset]
        noise = preset.noise if self.noise is None else self.noise
        kinds = tuple((share, self._moves(moves)) for share, moves in preset.kinds)
        return Cutter(replace(preset, kinds=kinds, noise=noise), self.count)

    def _moves(self, moves: Moves) -> Moves:
        given = {
            name: value
            for name in ("power", "smallest", "largest", "centre")
            if (value := getattr(self, name)) is not None
        }
        known = {
            Squares: {"power", "smallest", "largest", "centre"},
            Normal: {"smallest", "largest", "centre"},
            Bell: {"power", "centre"},
        }
        for name in sorted(given.keys() - known.get(type(moves.box), set())):
            raise SpecError(f"preset {self.preset!r} has no {name!r}; leave it out")
        moves = replace(moves, box=replace(moves.box, **given))
        return moves if self.augments is None else only(moves, self.augments)


def tiny() -> Cutouts:
    return Cutouts(count=4)
