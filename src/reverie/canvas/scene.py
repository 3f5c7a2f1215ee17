"""Things on a background, each drawn by the pocket BigGAN from its own class and its own noise.

Source: BigSleep's idea (lucidrains/big-sleep, 2021) of bending class and noise of a BigGAN.
Differs: several layers, each with alpha and a place, over a background from the same generator;
the noise has meanings (`nets/pocket_biggan.py`), so colours and art styles can be asked for; drawn
at any size with sharp edges.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from reverie.canvas.art import Art, ArtName
from reverie.canvas.compositing import background, placed
from reverie.canvas.start import check_size, rgb
from reverie.errors import SpecError
from reverie.nets import pocket_biggan as meaning
from reverie.nets.biggan import BigGANDeep, frozen
from reverie.place import WHOLE, Box, check
from reverie.protocols import Canvas, CanvasSpec, Draws, Image, Machine
from reverie.spec import hint, spec
from reverie.weights import pocket

MODEL = "pocket-biggan"
REACH = (0.12, 0.12, 0.2, 0.3)  # how far a thing may move: x, y, log size, turn
Style = Literal["any", "fluent3d", "fluentflat", "noto", "blob"]


@spec
class Thing:
    """One thing in a scene. x, y: its middle; size: its side; both in parts of the shorter side of
    the picture, or of the box that it is in, whose middle is at 0.5; y grows downwards. colour:
    dyed in it, "" for its own. box: left, top, width and height in shares of the picture."""

    name: str
    colour: str = ""
    x: float = 0.5
    y: float = 0.5
    size: float = 0.75
    box: Box | None = None

    def __post_init__(self) -> None:
        if self.box is not None:
            check(self.box)
        if self.colour:
            rgb(self.colour)
        if not 0.02 <= self.size <= 2:
            raise SpecError(f"size: {self.size} of the picture; it must be 0.02 to 2")

    def pose(self, size: tuple[int, int]) -> tuple[float, float, float, float]:
        """Its x, y, log size and turn, in a picture of `size`."""
        left, top, wide, high = self.box or WHOLE
        width, height = size
        short, own = min(size), min(wide * width, high * height)
        x = 0.5 + ((left + wide / 2 - 0.5) * width + (self.x - 0.5) * own) / short
        y = 0.5 + ((top + high / 2 - 0.5) * height + (self.y - 0.5) * own) / short
        return x, y, math.log(self.size * own / short), 0.0


@spec
class Arrangement:
    """A background with its two colours, and the things before it, the last one in front."""

    things: tuple[Thing, ...]
    place: str = "plain"
    first: str = "#f4f1e8"
    second: str = "#cfd8e0"

    def __post_init__(self) -> None:
        rgb(self.first)
        rgb(self.second)


@dataclass(frozen=True)
class Painter:
    """The generator and the names of what it can draw."""

    net: BigGANDeep
    classes: dict[str, int]  # things
    places: dict[str, int]

    def number(self, name: str) -> int:
        """The class of a thing.

        Raises:
            SpecError: it knows no such thing.
        """
        if name not in self.classes:
            raise SpecError(f"{name!r} is no thing that {MODEL} draws{hint(name, self.classes)}")
        return self.classes[name]

    def place(self, name: str) -> int:
        """The class of a background.

        Raises:
            SpecError: it knows no such place.
        """
        if name not in self.places:
            raise SpecError(f"{name!r} is no place that {MODEL} draws{hint(name, self.places)}")
        return self.places[name]


class SceneCanvas(Canvas):
    """A background and things before it, each drawn by a generator from a condition: its noise,
    then its class as the generator sees it.

    place: `[b, d]`; things: `[b, n, d]`; pose: `[b, n, 4]` as x, y, log size, turn in radians;
    here: `[b, n]`, 1 where the thing is there. Nothing leaves the neighbourhood of its first pose.
    """

    here: Tensor
    first_pose: Tensor

    def __init__(
        self,
        painter: Painter,
        size: tuple[int, int],
        *,
        place: Tensor,
        things: Tensor,
        pose: Tensor,
        here: Tensor,
        art: Art | None = None,
    ) -> None:
        super().__init__()
        self.art = art
        self.painter, self.size = painter, size  # shared by all canvases, so no part of the state
        self.place, self.things = nn.Parameter(place), nn.Parameter(things)
        self.pose = nn.Parameter(pose)
        self.register_buffer("first_pose", pose.clone())
        self.register_buffer("here", here)

    def groups(self) -> dict[str, list[nn.Parameter]]:
        return {"place": [self.place], "things": [self.things], "pose": [self.pose]}

    def forward(self) -> Image:
        conditions = torch.cat([self.place[:, None], self.things], 1)  # [b, 1 + n, d]
        layers = self._drawn(conditions.flatten(0, 1)).unflatten(0, conditions.shape[:2])
        picture = background(layers[:, 0], self.size)
        for at in range(self.pose.shape[1]):
            near = placed(layers[:, at + 1], self.pose[:, at], self.size)
            near = near * self.here[:, at, None, None, None]
            picture = near[:, :3] + picture * (1 - near[:, 3:])
        picture = picture.clamp(0, 1)
        return self.art(picture) if self.art else picture

    @torch.no_grad()
    def project_(self) -> None:
        for conditions in (self.place, self.things):
            conditions[..., : meaning.Z].clamp_(-1.2, 1.2)
        reach = self.pose.new_tensor(REACH)
        low, high = self.first_pose - reach, self.first_pose + reach
        self.pose.copy_(torch.minimum(torch.maximum(self.pose, low), high))

    def _drawn(self, conditions: Float[Tensor, "n d"]) -> Float[Tensor, "n 4 s s"]:
        """Colour times alpha, and alpha, in 0..1."""
        rows = conditions[:, None].expand(-1, self.painter.net.rows, -1)  # the same for every block
        return (self.painter.net.generator(rows, (0, 0.0)) + 1) / 2


@spec
class Scene(CanvasSpec):
    """Every picture takes one of the arrangements, by its own seed, the first ones more often, and
    varies it a little: style, place, size and turn of the things, kind of background."""

    arrangements: tuple[Arrangement, ...]
    size: tuple[int, int] = (512, 512)  # width, height
    style: Style = "any"
    art: ArtName = ""
    vary: float = 1.0

    def __post_init__(self) -> None:
        check_size(self.size)
        if not self.arrangements:
            raise SpecError("arrangements: a scene needs at least one")
        if not 0 <= self.vary <= 3:
            raise SpecError(f"vary: {self.vary} is outside 0 to 3; 1 is usual")

    def digests(self) -> dict[str, str]:
        return {MODEL: pocket.digest(MODEL)}

    def build(self, machine: Machine, seeds: Sequence[int]) -> SceneCanvas:
        draws = Draws(seeds, 0, "start")
        luck = draws.named("style").uniform(len(meaning.STYLES))
        if self.style != "any":
            luck[:, meaning.STYLES.index(self.style)] += 1
        canvas = arranged(
            self._chosen(draws),
            self.size,
            machine,
            style=F.one_hot(luck.argmax(1), len(meaning.STYLES)).float(),
            variant=(draws.named("variant").uniform() * meaning.VARIANTS).long(),
        )
        moved = self.vary * (draws.named("pose").uniform(canvas.pose.shape[1], 4) - 0.5)
        with torch.no_grad():
            canvas.pose.add_((moved * torch.tensor([0.08, 0.08, 0.16, 0.2])).to(canvas.device))
            canvas.first_pose.copy_(canvas.pose)
        if self.art:
            canvas.art = Art(self.art, self.size, draws.named("art")).to(machine.device)
        return canvas

    def _chosen(self, draws: Draws) -> list[Arrangement]:
        """One arrangement a picture; each is half as likely as the one before it."""
        luck = draws.named("arrangement").uniform(1)[:, 0].tolist()
        shares = torch.tensor([0.5**k for k in range(len(self.arrangements))])
        ends = (shares.cumsum(0) / shares.sum()).tolist()
        return [
            next(a for a, end in zip(self.arrangements, ends, strict=True) if share < end + 1e-6)
            for share in luck
        ]


def arranged(
    arrangements: Sequence[Arrangement],
    size: tuple[int, int],
    machine: Machine,
    *,
    style: Float[Tensor, "b 4"],
    variant: Int[Tensor, " b"],
) -> SceneCanvas:
    """A canvas that shows these arrangements, one a picture.

    Raises:
        SpecError: the generator draws no such thing or place.
    """
    made = painter(machine)
    b, most = len(arrangements), max(len(a.things) for a in arrangements)
    classes = torch.zeros(b, most + 1, made.net.num_classes)
    z = torch.zeros(b, most + 1, meaning.Z)
    pose, here = torch.zeros(b, most, 4), torch.zeros(b, most)
    first = torch.tensor([rgb(a.first) for a in arrangements])
    second = torch.tensor([rgb(a.second) for a in arrangements])
    z[:, 0] = meaning.place(first, second, variant)
    for row, arrangement in enumerate(arrangements):
        classes[row, 0, made.place(arrangement.place)] = 1
        for at, thing in enumerate(arrangement.things):
            dye = torch.tensor([rgb(thing.colour)]) if thing.colour else None
            z[row, at + 1] = meaning.thing(style[row : row + 1], dye)[0]
            classes[row, at + 1, made.number(thing.name)] = 1
            pose[row, at] = torch.tensor(thing.pose(size))
            here[row, at] = 1
    with torch.no_grad():
        embedded = made.net.embeddings(classes.to(machine.device))
        conditions = torch.cat([z.to(machine.device), embedded], 2)
    parts = {"place": conditions[:, 0], "things": conditions[:, 1:], "pose": pose, "here": here}
    parts = {name: part.to(machine.device).contiguous() for name, part in parts.items()}
    return SceneCanvas(made, size, **parts)


@lru_cache(maxsize=2)
def painter(machine: Machine) -> Painter:
    """The pocket generator, built once for every machine."""
    model = pocket.read(MODEL)
    things, places = model.about["classes"], model.about["places"]
    layers = meaning.SIZES["layers"][: model.about["blocks"]]
    fields = {**meaning.SIZES, "layers": layers, "num_classes": len(things) + len(places)}
    net = frozen(fields, model.tensors).to(machine.device)
    classes = {name: number for number, name in reversed(list(enumerate(things)))}
    return Painter(net, classes, {name: len(things) + at for at, name in enumerate(places)})


def tiny() -> Scene:
    return Scene(arrangements=(Arrangement(things=(Thing(name="pear"),)),), size=(24, 16))
