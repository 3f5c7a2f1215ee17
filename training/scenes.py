"""Pictures with captions, composed in batches: things on backgrounds, through art styles.

A batch is a function of (seed, step) alone, so a run that was stopped goes on as if it had not been.
"""

import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from training import backgrounds, colours, filters, portraits
from training.captions import Chance, Scene, caption
from training.sprites import CACHE, Sprites

LAYOUTS = ("one", "two", "three", "beside", "left", "above", "portrait", "empty")
SLOTS = 3
PORTRAITS, PORTRAIT_SEED = 8192, 77


@dataclass(frozen=True)
class Shares:
    """How often each kind of scene comes; the rest shows one thing."""

    two: float = 0.06
    three: float = 0.05
    pair: float = 0.12
    portrait: float = 0.18
    empty: float = 0.02
    dyed: float = 0.22
    filtered: float = 0.3
    hard: float = 0.5


@dataclass(frozen=True)
class Batch:
    """pictures: `[b, 3, size, size]` in [0, 1]; captions: b texts; labels: `[b]` the concept shown
    (-1: several or none); scenes: what is in each picture, in data."""

    pictures: Tensor
    captions: list[str]
    labels: Tensor
    scenes: list[Scene]


@dataclass
class Plan:
    """A batch before it is drawn. Index tensors are `[b]` or `[b, SLOTS]`; -1 means none."""

    layout: Tensor
    things: Tensor
    style: Tensor
    dyes: Tensor
    pose: Tensor  # [b, SLOTS, 5]: x, y, size, turn, flip; in parts of the picture
    place: Tensor
    first: Tensor
    second: Tensor
    art: Tensor


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
        source = "".join(path.read_text() for path in sorted(Path(__file__).parent.glob("portrait*.py")))
        path = CACHE / f"portraits-{self.size}-{zlib.crc32(source.encode())}.pt"
        if not path.exists():
            drawn = portraits.draw(people, self.size, self.device)
            torch.save((drawn * 255).round().to(torch.uint8).cpu(), path)
        return people, torch.load(path, weights_only=True).to(self.device)

    def batch(self, count: int, *, seed: int, step: int) -> Batch:
        """`count` new scenes with their captions."""
        draws = Generator(self.device).manual_seed(seed * 1_000_003 + step)
        plan = self.plan(count, draws)
        pictures = self.draw(plan, draws)
        faces = (plan.layout == LAYOUTS.index("portrait")).nonzero()[:, 0]
        said: dict[int, str] = {}
        if len(faces):
            people, drawn = self.portraits
            chosen = torch.randint(len(drawn), (len(faces),), generator=draws, device=self.device)
            shown = drawn[chosen].float() / 255
            pictures[faces] = filters.apply(shown, plan.art[faces], draws)
            rows = zip(faces.tolist(), chosen.tolist(), strict=True)
            said = {row: portraits.caption(people, at, draws) for row, at in rows}
        chance = Chance(draws)
        scenes = self.scenes(plan, said)
        captions = [caption(scene, chance) for scene in scenes]
        alone = plan.layout <= LAYOUTS.index("three")
        labels = torch.where(alone, plan.things[:, 0], -1)
        return Batch(worn(pictures, draws), captions, labels, scenes)

    def plan(self, count: int, draws: Generator) -> Plan:
        """What shall be where."""
        shares, device = self.shares, self.device
        rand = lambda *shape: torch.rand(*shape, generator=draws, device=device)  # noqa: E731
        pick = lambda high, *shape: (rand(*shape) * high).long()  # noqa: E731
        ends = torch.tensor(
            [shares.two, shares.three, shares.pair / 3, shares.pair / 3, shares.pair / 3,
             shares.portrait, shares.empty], device=device).cumsum(0)
        kind = torch.searchsorted(ends, rand(count)) + 1
        layout = torch.where(kind == len(LAYOUTS), 0, kind)
        hard = float(rand(())) < shares.hard
        concepts = len(self.sprites.concepts)
        order = torch.randperm(concepts, generator=draws, device=device)
        primary = order.repeat(-(-count // concepts))[:count]
        things = torch.stack([primary, pick(concepts, count), primary], 1)
        things = torch.where((layout <= 2)[:, None], primary[:, None], things)
        here = torch.arange(SLOTS, device=device) < self._slots(layout)[:, None]
        things = torch.where(here, things, -1)
        style = self._style(things, rand(count, len(self.sprites.styles)))
        dyes = torch.where(rand(count, SLOTS) < shares.dyed, pick(len(colours.NAMES), count, SLOTS), -1)
        dyes = torch.where((layout <= 2)[:, None], dyes[:, :1], dyes)
        places, arts = pick(len(backgrounds.KINDS) + 6, count), pick(len(filters.KINDS), count)
        arts = torch.where(rand(count) < shares.filtered, arts, -1)
        if hard:
            places, arts = places[:1].expand(count), arts[:1].expand(count)
        places = torch.where(places >= len(backgrounds.KINDS), 0, places)  # plain more often
        shades = pick(len(colours.NAMES), 2, count)
        shades[1] = torch.where(shades[1] == shades[0], (shades[1] + 5) % len(colours.NAMES), shades[1])
        if hard and float(rand(())) < 0.5:
            shades = shades[:, :1].expand(2, count)
        return Plan(layout, things, style, dyes, self._pose(layout, rand), places.clone(),
                    shades[0].clone(), shades[1].clone(), arts.clone())

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
        plain = self.plain[plan.things.clamp(min=0), plan.style[:, None]].tolist()
        rows = zip(plan.layout.tolist(), plan.things.tolist(), plan.dyes.tolist(), plain,
                   plan.place.tolist(), plan.first.tolist(), plan.second.tolist(), plan.art.tolist(),
                   strict=True)
        name = lambda colour: None if colour < 0 else colours.NAMES[colour]  # noqa: E731
        scenes = []
        for row, (layout, things, dyes, natural, place, first, second, art) in enumerate(rows):
            kind = LAYOUTS[layout]
            number = {"portrait": 0, "empty": 0, "beside": 2, "left": 2, "above": 2}.get(kind, 1)
            scenes.append(Scene(
                things=tuple(self.sprites.concepts[thing] for thing in things[:number]),
                dyes=tuple(name(dye) for dye in dyes[:number]),
                naturals=tuple(name(colour) for colour in natural[:number]),
                count={"two": 2, "three": 3}.get(kind, 1), layout=kind,
                place=backgrounds.KINDS[place], colours=(colours.NAMES[first], colours.NAMES[second]),
                art=None if art < 0 else filters.KINDS[art], said=said.get(row, "")))
        return scenes

    def _slots(self, layout: Tensor) -> Tensor:
        return torch.tensor([1, 2, 3, 2, 2, 2, 0, 0], device=self.device)[layout]

    def _style(self, things: Tensor, scores: Tensor) -> Tensor:
        """One art style a picture, in which all its things exist. `[b]`"""
        here = self.sprites.here[things.clamp(min=0)] | (things < 0)[:, :, None]
        return (scores * here.all(1)).argmax(1)

    def _pose(self, layout: Tensor, rand) -> Tensor:
        """Where each thing stands. `[b, SLOTS, 5]`"""
        count, device = len(layout), self.device
        centres = torch.tensor([
            [[0.5, 0.5], [0.5, 0.5], [0.5, 0.5]], [[0.27, 0.5], [0.73, 0.5], [0, 0]],
            [[0.2, 0.55], [0.5, 0.42], [0.8, 0.55]], [[0.28, 0.5], [0.72, 0.5], [0, 0]],
            [[0.28, 0.5], [0.72, 0.5], [0, 0]], [[0.5, 0.27], [0.5, 0.73], [0, 0]],
            [[0.5, 0.5]] * 3, [[0.5, 0.5]] * 3], device=device)[layout]
        low = torch.tensor([0.5, 0.34, 0.26, 0.34, 0.34, 0.34, 1, 1], device=device)[layout]
        high = torch.tensor([0.98, 0.54, 0.42, 0.54, 0.54, 0.52, 1, 1], device=device)[layout]
        # the two things of "beside" may change places
        swap = (layout == LAYOUTS.index("beside")) & (rand(count) < 0.5)
        centres = torch.where(swap[:, None, None], centres[:, [1, 0, 2]], centres)
        size = low + (high - low) * rand(count)
        size = size[:, None] * (0.9 + 0.2 * rand(count, SLOTS))
        free = torch.where(layout == 0, 0.5 - 0.42 * size[:, 0], 0.05)
        where = centres + (rand(count, SLOTS, 2) * 2 - 1) * free[:, None, None]
        turn = (rand(count, SLOTS) - 0.5) * 0.5
        flip = (rand(count, SLOTS) < 0.5).float() * 2 - 1
        return torch.cat([where, torch.stack([size, turn, flip], -1)], -1)

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
            layer[at] = F.grid_sample(sprite, grid, align_corners=False)
        return layer


def placing(x: Tensor, y: Tensor, size: Tensor, turn: Tensor, flip: Tensor, pixels: int) -> Tensor:
    """The sampling grid `[n, pixels, pixels, 2]` that puts a square picture of side `size` (in parts of
    the whole) at x, y, turned by `turn` radians and mirrored where flip is -1."""
    cos, sin = turn.cos() / size, turn.sin() / size
    cx, cy = 2 * x - 1, 2 * y - 1
    rows = torch.stack([cos * flip, sin * flip, -(cos * cx + sin * cy) * flip, -sin, cos, sin * cx - cos * cy], 1)
    shape = [len(x), 1, pixels, pixels]
    return F.affine_grid(rows.view(-1, 2, 3), shape, align_corners=False)


def worn(pictures: Tensor, draws: Generator) -> Tensor:
    """Pictures as they come in life: light, contrast, blur, noise and hidden parts vary."""
    n, _, size, _ = pictures.shape
    rand = lambda *shape: torch.rand(*shape, generator=draws, device=pictures.device)  # noqa: E731
    contrast = 0.75 + 0.5 * rand(n, 1, 1, 1)
    tint = (rand(n, 3, 1, 1) - 0.5) * 0.12 + (rand(n, 1, 1, 1) - 0.5) * 0.16
    pictures = (pictures - 0.5) * contrast + 0.5 + tint
    soft = (rand(n) < 0.25).nonzero()[:, 0]
    if len(soft):
        pictures[soft] = F.avg_pool2d(F.pad(pictures[soft], (1, 1, 1, 1), mode="replicate"), 3, 1)
    loud = (rand(n) < 0.4)[:, None, None, None] * rand(n, 1, 1, 1) * 0.13
    noise = torch.randn(pictures.shape, generator=draws, device=pictures.device)
    pictures = pictures + loud * noise
    line = (torch.arange(size, device=pictures.device) + 0.5) / size
    corner, side = rand(n, 2), 0.1 + 0.25 * rand(n, 2)
    inside_y = (line - corner[:, :1]).abs() < side[:, :1] / 2
    inside_x = (line - corner[:, 1:]).abs() < side[:, 1:] / 2
    hidden = (inside_y[:, None, :, None] & inside_x[:, None, None, :]) & (rand(n) < 0.25)[:, None, None, None]
    return torch.where(hidden, rand(n, 3, 1, 1), pictures).clamp(0, 1)
