"""A way through several faces, and the film of it.

Source: cubic curves through latents as in gen_video.py of NVIDIA's stylegan3; slerp after Shoemake
(1985), as it is used for the noise of GANs.
Differs: the cubic is Catmull and Rom's (1974), which looks at four faces and not at all of them;
slerp turns about the mean face and not about zero, for w has no middle at zero.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor

from reverie.canvas.stylegan_start import MeanLatent
from reverie.errors import RunError, SpecError
from reverie.faces.latents import Face
from reverie.faces.model import FaceModel
from reverie.protocols import Image
from reverie.record import video
from reverie.record.folder import read_json, write_json, writing
from reverie.record.reel import Reel
from reverie.record.video import Video

Way = Literal["cubic", "slerp"]
Points = Float[Tensor, "n *shape"]
NEAR = 1e-4  # a sine below this is that of a straight line


@dataclass(frozen=True)
class Route:
    """A curve through points, the same time from each to the next.

    mean: what `slerp` turns about.
    loop: it ends where it began.
    """

    points: Points
    mean: Float[Tensor, " *shape"]
    way: Way = "cubic"
    loop: bool = False

    def __post_init__(self) -> None:
        if len(self.points) < 2:
            raise SpecError("a way leads through two faces or more; name another")

    @classmethod
    def of(cls, model: FaceModel, faces: Sequence[Face], way: Way, loop: bool) -> "Route":
        """Through rows of w; through S, if a face is a point of it."""
        points, mean = (
            model.points(faces),
            Face("mean", MeanLatent()).point(model.network, model.label),
        )
        if any(point.ndim == 2 for point in points):
            return cls(model.styles(points), model.styles([mean])[0], way, loop)
        return cls(torch.cat(points), mean[0], way, loop)

    def at(self, t: float) -> Points:
        """Where it is at t, 0 to 1: one point."""
        count = len(self.points)
        last = count if self.loop else count - 1
        place = min(max(t, 0.0), 1.0) * last
        first = min(int(place), last - 1)
        before, a, b, after = (self._point(first + i) for i in (-1, 0, 1, 2))
        share = place - first
        if self.way == "slerp":
            return (self.mean + slerp(a - self.mean, b - self.mean, share))[None]
        return catmull_rom(before, a, b, after, share)[None]

    def _point(self, number: int) -> Tensor:
        count = len(self.points)
        return self.points[number % count if self.loop else min(max(number, 0), count - 1)]


def catmull_rom(
    before: Float[Tensor, " *shape"],
    a: Float[Tensor, " *shape"],
    b: Float[Tensor, " *shape"],
    after: Float[Tensor, " *shape"],
    t: float,
) -> Float[Tensor, " *shape"]:
    """From a to b, without a corner in either."""
    slope_a, slope_b = (b - before) / 2, (after - a) / 2
    bend = 2 * (a - b) + slope_a + slope_b
    return a + t * (slope_a + t * (b - a - slope_a - bend + t * bend))


def slerp(
    a: Float[Tensor, " *shape"], b: Float[Tensor, " *shape"], t: float
) -> Float[Tensor, " *shape"]:
    """From a to b about zero: the angle grows evenly, and so does the length; in each row."""
    long_a, long_b = (x.norm(dim=-1, keepdim=True).clamp(min=1e-12) for x in (a, b))
    u, v = a / long_a, b / long_b
    angle = (u * v).sum(-1, keepdim=True).clamp(-1, 1).acos()
    sine = angle.sin()
    turned = (((1 - t) * angle).sin() * u + (t * angle).sin() * v) / sine.clamp(min=NEAR)
    straight = u.lerp(v, t)
    return torch.where(sine < NEAR, straight, turned) * long_a.lerp(long_b, t)


@dataclass(frozen=True)
class Shooting:
    """A film of faces that is drawn picture by picture, and goes on where it was stopped.

    drawn: the pictures at t, 0 to 1; several become a sheet.
    story: what the film is; pictures of another story are not gone on with.
    hold: seconds of its length that the last picture stays; a fifth of it at most.
    loop: it leads back to its first picture, which is not shown again.
    """

    film: Video
    drawn: Callable[[float], Image]
    title: str
    story: dict[str, Any]
    hold: float = 0.0
    loop: bool = False

    @property
    def path(self) -> Path:
        return Path(self.film.path)

    @property
    def rate(self) -> float:
        return self.film.rate or video.kind_of(self.path).rate

    @property
    def seconds(self) -> float:
        return self.film.length or 0.0

    @property
    def held(self) -> int:
        """How many times the last picture is shown."""
        return 1 + round(min(self.hold, self.seconds / 5) * self.rate)

    @property
    def frames(self) -> int:
        """How many pictures there are."""
        return max(2, round(self.seconds * self.rate) - self.held + 1)

    @property
    def begun(self) -> bool:
        """Whether pictures of it lie there, of a time when it was stopped."""
        told = self._told
        return told.exists() and read_json(told, "a story", f"{told} is gone") == self._whole

    @property
    def _told(self) -> Path:
        return self.path.with_suffix(".frames") / "story.json"

    @property
    def _whole(self) -> dict[str, Any]:
        return self.story | {"frames": self.frames}

    def shoot(self) -> Iterator[int]:
        """Draws the pictures that are not there yet, and writes the film. Gives how many there are.

        Raises:
            RunError: pictures of another film lie in the folder.
            PictureError: the film cannot be written.
        """
        folder = self.path.with_suffix(".frames")
        reel, told, story = Reel(folder), self._told, self._whole
        with writing(folder, "choose another place for the film"):
            folder.mkdir(parents=True, exist_ok=True)
            if not told.exists():
                write_json(told, story)
            if read_json(told, "a story", f"{told} is not there") != story:
                raise RunError(
                    f"{folder}: holds pictures of another film; finish that one, delete the "
                    "folder, or choose another name"
                )
            for number in range(self.frames):
                yield number
                if not reel.path(number).exists():
                    reel.add(number, self.drawn(number / (self.frames - (not self.loop))))
            text = json.dumps(story, ensure_ascii=False)
            about = {"title": self.title, "story": text}
            video.write(self.path, reel, rate=self.rate, hold=self.held, **about)
            told.unlink()
            reel.forget()
        yield self.frames
