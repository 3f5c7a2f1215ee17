"""Random looks at a picture: cropped, moved, bent, recoloured, erased and noisy, in one sampling.

Source: Crowson et al., "VQGAN-CLIP" (2022), https://arxiv.org/abs/2204.08583, section 3.3, and the
systems named in `presets.py`.
Differs: crop, flip, affine and perspective are one homography and the picture is sampled once, so
nothing is blurred twice, and a crop that is moved shows more of the picture, not the crop's own
border. Shrinking is always smoothed, by a pyramid (the originals take Lanczos, area or nothing).
Boxes are not rounded to pixels. `augmented` leaves out the sharpening; `pixray` fits pictures of
every shape at 95 % and its padding is always a reflection. Colour differs as `colour.py` says.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from reverie.augment import warp
from reverie.augment.boxes import Bell, Squares
from reverie.augment.colour import jitters, recoloured
from reverie.augment.erase import kept, rectangles
from reverie.augment.presets import PRESETS, Moves, Preset, PresetName
from reverie.augment.pyramid import Pyramid, pooled, shrunk
from reverie.curve import Number, as_curve
from reverie.errors import SpecError
from reverie.protocols import Augment, AugmentSpec, Draws, Image, Moment, Views
from reverie.spec import spec

MOST = 65536  # views of a picture: far more than anybody can wait for


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What was drawn for `n` views of each of `b` pictures, on the CPU. None skips a stage."""

    warps: Tensor  # [b, n, 3, 3], from a view to the picture
    colours: Tensor | None  # [b, n, 3, 4]
    erased: Tensor | None  # [b, n, 4]
    noise: Tensor | None  # [b, n]


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
        noise = as_curve(self.preset.noise)(t)
        own = [(moves, n, draws.named(str(k))) for k, (moves, n) in enumerate(kinds)]
        return Choice(
            warps=torch.cat([warps(m, d, n, size, t) for m, n, d in own], 1),
            colours=torch.cat([colours(m, d, n) for m, n, d in own], 1)
            if any(m.jitter for m, _ in kinds)
            else None,
            erased=torch.cat([erased(m, d, n) for m, n, d in own], 1)
            if any(m.erase for m, _ in kinds)
            else None,
            noise=noise * draws.named("strength").uniform(self.count) if noise else None,
        )


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
        keep = None
        if self.choice.erased is not None:
            keep = kept(self._rows(self.choice.erased, views), size)
        if self.choice.noise is not None:
            noise = self._noise(self._rows(self.choice.noise, views), views, size)
            return noise.add_(seen) if keep is None else noise.addcmul_(seen, keep)
        return seen if keep is None else seen * keep

    def _sampled(self, views: slice, size: int) -> Tensor:
        chosen = self.choice.warps[:, views]  # [b, n, 3, 3]
        b, n = chosen.shape[:2]
        outside = self.preset.outside
        padding, grey = (outside, 0.0) if isinstance(outside, str) else ("zeros", outside)
        picture = self._source(size)
        pyramid = Pyramid(picture - grey if grey else picture)
        height, width = pyramid.size
        levels = pyramid.level_for(warp.shrinking(chosen, width, height, size))  # [b, n]
        bent = bool(chosen[..., 2, :2].any())
        moved = chosen.to(picture.dtype).to(picture.device)
        seen: dict[int, Tensor] = {}
        for i in range(b):
            for level in levels[i].unique().tolist():
                at = (levels[i] == level).nonzero()[:, 0].tolist()
                source = pyramid.pictures(level)[i]
                cuts = warp.sample(source, moved[i, at], size, outside=padding, bent=bent)
                seen |= {j * b + i: cut for j, cut in zip(at, cuts, strict=True)}
        stacked = torch.stack([seen[row] for row in range(n * b)])
        return stacked + grey if grey else stacked

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


def warps(moves: Moves, draws: Draws, count: int, size: tuple[int, int], t: float) -> Tensor:
    """Homographies from a view to the picture, `[b, count, 3, 3]`."""
    view = warp.from_box(moves.box.draw(draws.named("box"), count, size, t))
    move = torch.eye(3, dtype=torch.float64)
    if moves.flip:
        move = warp.flips(draws.named("flip"), count, moves.flip)
    if moves.affine:
        move = (
            warp.affines(
                draws.named("affine"),
                count,
                moves.affine,
                degrees=moves.degrees,
                translate=moves.translate,
                shear=moves.shear,
            )
            @ move
        )
    if moves.perspective:
        bent = warp.perspectives(
            draws.named("perspective"), count, moves.perspective, distortion=moves.distortion
        )
        move = bent @ move
    back = torch.linalg.inv(move)  # a view pixel asks where it came from
    return back @ view if moves.bend_picture else view @ back


def colours(moves: Moves, draws: Draws, count: int) -> Tensor:
    """Colour matrices `[b, count, 3, 4]`."""
    return jitters(
        draws.named("colour"),
        count,
        moves.jitter,
        brightness=moves.brightness,
        contrast=moves.contrast,
        saturation=moves.saturation,
        hue=moves.hue,
    )


def erased(moves: Moves, draws: Draws, count: int) -> Tensor:
    """Rectangles `[b, count, 4]`."""
    return rectangles(
        draws.named("erase"), count, moves.erase, area=moves.erase_area, ratio=moves.erase_ratio
    )


def shares(parts: Sequence[float], count: int) -> list[int]:
    """`count` divided in proportion to `parts`, which add up to 1."""
    ends = [round(count * sum(parts[: k + 1])) for k in range(len(parts))]
    return [end - start for start, end in zip([0, *ends], ends, strict=False)]


@spec
class Cutouts(AugmentSpec):
    """`count` views of every picture. What is None is as the preset has it.

    Args:
        power: of crops: above 1 favours small ones, below 1 large ones.
        smallest: of crops: the smallest side, as a share of the short side of the picture.
        centre: of crops: rather near the centre than anywhere.
        noise: each view gets normal noise of a deviation uniform in 0 to this.
    """

    count: int = 32
    preset: PresetName = "pooled"
    power: Number | None = None
    smallest: Number | None = None
    centre: bool | None = None
    noise: Number | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MOST:
            raise SpecError(f"count is {self.count}; at least 1 view is wanted, at most {MOST}")
        self.build()

    def build(self) -> Augment:
        preset = PRESETS[self.preset]
        noise = preset.noise if self.noise is None else self.noise
        kinds = tuple((share, self._boxed(moves)) for share, moves in preset.kinds)
        return Cutter(replace(preset, kinds=kinds, noise=noise), self.count)

    def _boxed(self, moves: Moves) -> Moves:
        given = {
            name: value
            for name in ("power", "smallest", "centre")
            if (value := getattr(self, name)) is not None
        }
        known = {Squares: {"power", "smallest", "centre"}, Bell: {"centre"}}
        for name in sorted(given.keys() - known.get(type(moves.box), set())):
            raise SpecError(f"preset {self.preset!r} has no {name!r}; leave it out")
        return replace(moves, box=replace(moves.box, **given))


def tiny() -> Cutouts:
    return Cutouts(count=4)
