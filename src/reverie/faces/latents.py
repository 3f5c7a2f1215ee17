"""Faces as a user names them: by seed, by file, or by a picture that has such a file beside it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reverie import image as images
from reverie.canvas.stylegan_files import SUFFIX, check_generator
from reverie.canvas.stylegan_start import LatentFile, LatentSpec, MeanLatent, SeedLatent
from reverie.errors import SpecError
from reverie.nets.stylegan import StyleGAN, Styles, Ws

MOST = 1000  # faces of one list of seeds


@dataclass(frozen=True)
class Face:
    """Somebody who was nobody before: a name to show, and where the latents come from."""

    name: str
    start: LatentSpec

    def point(self, network: StyleGAN, label: int | None = None) -> Ws | Styles:
        """Its rows of w, `[1, num_ws, w_dim]`, or its point of S, `[1, s_dim]`."""
        return self.start.draw(network, label, [0])


def faces(text: str, *, count: int = 1, truncation: float = 0.7) -> list[Face]:
    """The faces that a text names, with commas between them.

    Args:
        text: `seed:7` or `7`, `1-4`, `mean`, a file of latents, number 2 in one: `file.npy#2`, or
            a picture or a folder that has such a file with it.
        count: of every single seed, so many that follow it.
        truncation: of seeds; 1 leaves them as they are, 0 makes all the mean.

    Raises:
        SpecError: no face is meant.
    """
    found: list[Face] = []
    for part in (part.strip() for part in text.split(",")):
        if numbers := re.fullmatch(r"(?:seed:)?(\d+)(?:(?:-|\.\.)(\d+))?", part):
            first, last = int(numbers[1]), int(numbers[2] or int(numbers[1]) + count - 1)
            if not first <= last < first + MOST:
                raise SpecError(f"{part}: seeds go up, such as 1-4, and {MOST} of them at most")
            found += [
                Face(f"seed {seed}", SeedLatent(seed=seed, truncation=truncation))
                for seed in range(first, last + 1)
            ]
        elif part == "mean":
            found.append(Face("mean", MeanLatent()))
        else:
            path, number = _file(part)
            found.append(Face(Path(part).stem, LatentFile(path=path, number=number)))
    return found


def _file(text: str) -> tuple[str, int | None]:
    """The file of latents that is meant, and which of its latents."""
    numbered = re.fullmatch(r"(.+)#(\d+)", text)
    text, number = (numbered[1], int(numbered[2])) if numbered else (text, None)
    path = Path(text).expanduser()
    if text and path.is_dir():
        inside = sorted(path.glob(f"*{SUFFIX}"))
        if len(inside) != 1:
            raise SpecError(f"{text}: holds {len(inside)} files of latents; name one of them")
        return str(inside[0]), number
    if path.suffix.lower() in images.SUFFIXES and path.is_file():
        beside = path.with_suffix(SUFFIX)
        if not beside.is_file():
            raise SpecError(
                f"{text}: has no {beside.name} beside it, and faces are changed by their latents; "
                f"find them with: reverie invert {text}"
            )
        return str(beside), number
    if not path.is_file():
        raise SpecError(
            f"{text or 'nothing'}: is no face; give seed:7, several as 1-4 or 3,7, mean, or a file "
            "of latents that is there"
        )
    return str(path), number


def points(
    network: StyleGAN, faces: Sequence[Face], generator: str, label: int | None = None
) -> list[Ws | Styles]:
    """The latents of all faces.

    Args:
        generator: SHA-256 of the network's file.

    Raises:
        WeightsError: a file is of another generator.
    """
    for face in faces:
        if isinstance(face.start, LatentFile):
            check_generator(face.start.path, generator)
    return [face.point(network, label) for face in faces]
