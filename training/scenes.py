"""Pictures with captions, composed in batches: things on backgrounds, through art styles.

A batch is a function of (seed, step) alone, so a run that was stopped goes on as if it had not
been.
"""

import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from training import backgrounds, colours, filters, plans, portraits
from training.captions import Scene, caption
from training.dice import Chance, stream, uniform
from training.plans import LAYOUTS, SAME, SLOTS, TABLE, Plan, Shares
from training.sprites import CACHE, Sprites

__all__ = ["LAYOUTS", "SLOTS", "Batch", "Composer", "Plan", "Shares", "placing", "worn"]

PORTRAITS, PORTRAIT_SEED = 8192, 77


@dataclass(frozen=True)
class Batch:
    """pictures: `[b, 3, size, size]` in [0, 1]; captions: b texts; labels: `[b]` the concept shown
    (-1: several or none); scenes: what is in each picture, in data."""

    pictures: Tensor
    captions: list[str]
    labels: Tensor
    scenes: list[Scene]


class Composer:
    """Draws batches of scenes. sprites: on the device that shall draw."""

    def __init__(self, sprites: Sprites, *, size: int = 64, shares: Shares | None = None):
        self.sprites, self.size, self.shares = sprites, size, shares or Shares()
        whole = sprites.pictures.flatten(0, 1).float() / 255
        self.plain = colours.plain_colour(whole).view(sprites.here.shape)  # [C, S]
        half = F.avg_pool2d(whole, 2)
        self.small = (half * 255).to(torch.uint8).unflatten(0, sprites.here.shape)

    @property
    def device(self) -> torch.device:
        return self.sprites.pictures.device

    @cached_property
    def portraits(self) -> tuple[portraits.Portraits, Tensor]:
        """Many portraits, drawn once and kept: who they are, and `[n, 3, size, size]` uint8."""
        draws = Generator(self.device).manual_seed(PORTRAIT_SEED)
        people = portraits.sample(PORTRAITS, draws)
        files = sorted(Path(__file__).parent.glob("portrait*.py"))
        source = "".join(path.read_text() for path in files)
        path = CACHE / f"portraits-{self.size}-{zlib.crc32(source.encode())}.pt"
        if not path.exists():
            drawn = portraits.draw(people, self.size, self.device)
            torch.save((drawn * 255).round().to(torch.uint8).cpu(), path)
        return people, torch.load(path, weights_only=True).to(self.device)

    def batch(self, count: int, *, seed: int, step: int) -> Batch:
        """`count` new scenes with their captions."""
        draws = stream(seed, step, self.device)
        plan = self.plan(count, draws)
        pictures = self.draw(plan, draws)
        said = self._portray(pictures, plan, draws)
        chance = Chance(draws)
        scenes = self.scenes(plan, said)
        captions = [caption(scene, chance) for scene in scenes]
        labels = torch.where(plan.layout <= SAME, plan.things[:, 0], -1)
        return Batch(worn(pictures, draws), captions, labels, scenes)

    def unworn(self, count: int, *, seed: int, step: int) -> Tensor:
        """`count` new scenes as they were drawn, without captions. `[count, 3, size, size]`"""
        draws = stream(seed, step, self.device)
        plan = self.plan(count, draws)
        pictures = self.draw(plan, draws)
        self._portray(pictures, plan, draws)
        return pictures

    def plan(self, count: int, draws: Generator) -> Plan:
        """What shall be where."""
        return plans.plan(self.sprites, self.shares, count, draws)

    def draw(self, plan: Plan, draws: Generator) -> Tensor:
        """The planned pictures, without portraits. `[b, 3, size, size]` in [0, 1]."""
        first = colours.shade(plan.first, draws)
        second = colours.shade(plan.second, draws)
        pictures = backgrounds.draw(plan.place, self.size, draws, first, second)
        for slot in range(SLOTS):
            rows = (plan.things[:, slot] >= 0).nonzero()[:, 0]
            if len(rows):
                layer = self._layer(plan, slot, rows, draws)
                pictures[rows] = layer[:, :3] + pictures[rows] * (1 - layer[:, 3:])
        faces = plan.layout == LAYOUTS.index("portrait")
        return filters.apply(pictures, torch.where(faces, -1, plan.art), draws)

    def scenes(self, plan: Plan, said: dict[int, str]) -> list[Scene]:
        """The plan in words; said: what portraits say of themselves, by row."""
        natural = self.plain[plan.things.clamp(min=0), plan.style[:, None]]
        columns = (plan.layout, plan.place, plan.art, plan.first, plan.second)
        slots = torch.stack([plan.things, plan.dyes, natural], 1)  # [b, 3, SLOTS]
        rows = zip(torch.stack(columns, 1).tolist(), slots.tolist(), strict=True)
        return [self._scene(*row, said.get(at, "")) for at, row in enumerate(rows)]

    def _scene(self, row: list[int], slots: list[list[int]], said: str) -> Scene:
        layout, place, art, first, second = row
        kind = LAYOUTS[layout]
        things, dyes, naturals = (slot[: TABLE[kind].things] for slot in slots)
        return Scene(
            things=tuple(self.sprites.concepts[thing] for thing in things),
            dyes=tuple(map(_colour, dyes)),
            naturals=tuple(map(_colour, naturals)),
            count=TABLE[kind].count,
            layout=kind,
            place=backgrounds.KINDS[place],
            colours=(colours.NAMES[first], colours.NAMES[second]),
            art=None if art < 0 else filters.KINDS[art],
            said=said,
        )

    def _portray(self, pictures: Tensor, plan: Plan, draws: Generator) -> dict[int, str]:
        """Put portraits where the plan wants them; gives their captions, by row."""
        faces = (plan.layout == LAYOUTS.index("portrait")).nonzero()[:, 0]
        if not len(faces):
            return {}
        people, drawn = self.portraits
        chosen = torch.randint(len(drawn), (len(faces),), generator=draws, device=self.device)
        shown = drawn[chosen].float() / 255
        pictures[faces] = filters.apply(shown, plan.art[faces], draws)
        rows = zip(faces.tolist(), chosen.tolist(), strict=True)
        return {row: portraits.caption(people, at, draws) for row, at in rows}

    def _layer(self, plan: Plan, slot: int, rows: Tensor, draws: Generator) -> Tensor:
        """One thing of each of those pictures, as premultiplied RGBA `[n, 4, size, size]`."""
        things, style = plan.things[rows, slot], plan.style[rows]
        x, y, size, turn, flip = plan.pose[rows, slot].unbind(-1)
        layer = torch.empty(len(rows), 4, self.size, self.size, device=self.device)
        near = size * self.size > 0.6 * self.sprites.pictures.shape[-1]
        for pictures, part in ((self.sprites.pictures, near), (self.small, ~near)):
            at = part.nonzero()[:, 0]
            if not len(at):
                continue
            sprite = pictures[things[at], style[at]].float() / 255
            dye = plan.dyes[rows[at], slot]
            wet = (dye >= 0).nonzero()[:, 0]
            if len(wet):
                sprite[wet] = colours.dyed(sprite[wet], colours.shade(dye[wet], draws))
            grid = placing(x[at], y[at], size[at], turn[at], flip[at], self.size)
            if self.shares.other_hands:
                sprite, grid = redrawn(sprite, draws), bent(grid, draws)
            layer[at] = F.grid_sample(sprite, grid, align_corners=False)
        return layer


def placing(x: Tensor, y: Tensor, size: Tensor, turn: Tensor, flip: Tensor, pixels: int) -> Tensor:
    """The sampling grid `[n, pixels, pixels, 2]` that puts a square picture of side `size` (in
    parts of the whole) at x, y, turned by `turn` radians and mirrored where flip is -1."""
    cos, sin = turn.cos() / size, turn.sin() / size
    cx, cy = 2 * x - 1, 2 * y - 1
    right, down = -(cos * cx + sin * cy) * flip, sin * cx - cos * cy
    rows = torch.stack([cos * flip, sin * flip, right, -sin, cos, down], 1)
    shape = [len(x), 1, pixels, pixels]
    return F.affine_grid(rows.view(-1, 2, 3), shape, align_corners=False)


def redrawn(sprite: Tensor, draws: Generator) -> Tensor:
    """Sprites as other hands might colour them: other hues, more or less of them, fewer tones."""
    n, device = len(sprite), sprite.device
    turned = torch.eye(3, device=device) + 0.09 * torch.randn(
        n, 3, 3, generator=draws, device=device
    )
    turned = turned / turned.sum(2, keepdim=True)  # grey stays grey
    alpha, colour = sprite[:, 3:], torch.einsum("nij,njhw->nihw", turned, sprite[:, :3])
    grey = colour.mean(1, keepdim=True)
    vivid = 0.7 + 0.7 * uniform(draws, n, 1, 1, 1)
    colour = grey + (colour - grey) * vivid
    tones = 3 + (3 * uniform(draws, n, 1, 1, 1)).floor()
    few = uniform(draws, n, 1, 1, 1) < 0.25
    colour = torch.where(few, (colour * tones).round() / tones, colour)
    return torch.cat([torch.minimum(colour.clamp(min=0), alpha), alpha], 1)


def bent(grid: Tensor, draws: Generator) -> Tensor:
    """The sampling grid of things as other hands might draw them: wider, slanted, a little bent."""
    n, pixels = len(grid), grid.shape[1]
    wide = torch.exp(0.3 * (uniform(draws, n, 1, 1, 2) - 0.5))
    slant = 0.3 * (uniform(draws, n, 1, 1, 1) - 0.5)
    grid = grid * wide
    grid = torch.cat([grid[..., :1] + slant * grid[..., 1:], grid[..., 1:]], -1)
    waves = torch.randn(n, 2, 5, 5, generator=draws, device=grid.device)
    waves = F.interpolate(waves, (pixels, pixels), mode="bicubic").permute(0, 2, 3, 1)
    strength = 0.1 * uniform(draws, n, 1, 1, 1)
    return grid + strength * waves


def worn(pictures: Tensor, draws: Generator) -> Tensor:
    """Pictures as they come in life: light, contrast, blur, noise and hidden parts vary."""
    n, _, size, _ = pictures.shape
    contrast = 0.75 + 0.5 * uniform(draws, n, 1, 1, 1)
    tint = (uniform(draws, n, 3, 1, 1) - 0.5) * 0.12 + (uniform(draws, n, 1, 1, 1) - 0.5) * 0.16
    pictures = (pictures - 0.5) * contrast + 0.5 + tint
    soft = (uniform(draws, n) < 0.25).nonzero()[:, 0]
    if len(soft):
        pictures[soft] = F.avg_pool2d(F.pad(pictures[soft], (1, 1, 1, 1), mode="replicate"), 3, 1)
    loud = uniform(draws, n, 1, 1, 1) < 0.4
    strength = uniform(draws, n, 1, 1, 1) * 0.13
    noise = torch.randn(pictures.shape, generator=draws, device=pictures.device)
    pictures = pictures + loud * strength * noise
    hidden = _rectangles(n, size, draws) & (uniform(draws, n, 1, 1, 1) < 0.25)
    return torch.where(hidden, uniform(draws, n, 3, 1, 1), pictures).clamp(0, 1)


def _rectangles(count: int, size: int, draws: Generator) -> Tensor:
    """A rectangle anywhere, `[count, 1, size, size]` bool."""
    line = (torch.arange(size, device=draws.device) + 0.5) / size
    centre, side = uniform(draws, count, 2), 0.1 + 0.25 * uniform(draws, count, 2)
    y, x = ((line - centre[:, k, None]).abs() < side[:, k, None] / 2 for k in (0, 1))
    return y[:, None, :, None] & x[:, None, None, :]


def _colour(place: int) -> str | None:
    return None if place < 0 else colours.NAMES[place]
