"""The pictures that a film is made of: quickly packed PNGs, numbered, in a folder."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image as pil

from reverie import image as images
from reverie.protocols import Image

DIGITS = 6


class Reel:
    """A folder of numbered pictures, which is added to, and cut back where work is done again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, number: int) -> Path:
        return self.folder / f"{number:0{DIGITS}d}.png"

    def add(self, number: int, pictures: Image) -> None:
        """Adds a picture; several become a sheet."""
        self.folder.mkdir(exist_ok=True)
        whole = images.sheet(pictures) if len(pictures) > 1 else pictures
        temporary = self.folder / "next.tmp"
        pixels = images.to_uint8(whole)[0].numpy()  # [h, w, 3]
        pil.fromarray(pixels).save(temporary, "PNG", compress_level=1)
        temporary.replace(self.path(number))

    def paths(self) -> list[Path]:
        """All pictures, in their order."""
        return [path for _, path in sorted(self._paths())]

    def __iter__(self) -> Iterator[UInt8[np.ndarray, "h w 3"]]:
        """The pictures as bytes, one in memory at a time."""
        return (picture for _, picture in self.numbered())

    def numbered(self) -> Iterator[tuple[int, UInt8[np.ndarray, "h w 3"]]]:
        """As `__iter__`, with their numbers."""
        for number, path in sorted(self._paths()):
            with pil.open(path) as file:
                yield number, np.asarray(file.convert("RGB"))

    def cut(self, number: int) -> None:
        """Forgets the pictures from a number on."""
        for n, path in self._paths():
            if n >= number:
                path.unlink(missing_ok=True)

    def forget(self) -> None:
        """Takes all pictures away, and the folder unless it holds something else."""
        self.cut(0)
        (self.folder / "next.tmp").unlink(missing_ok=True)
        with suppress(OSError):
            self.folder.rmdir()

    def _paths(self) -> Iterator[tuple[int, Path]]:
        for path in self.folder.glob("*.png"):
            if path.stem.isdigit():
                yield int(path.stem), path
