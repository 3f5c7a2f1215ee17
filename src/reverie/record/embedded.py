"""The story inside a film's file, where players leave it alone and `info` finds it.

mp4 and webm have metadata of their own. Into a gif goes a comment, into an apng the text chunk
that our PNGs have, into a webp the Exif comment that our WebPs have.
"""

import shutil
import struct
import zlib
from pathlib import Path

from PIL import Image as pil

from reverie import image as images
from reverie.errors import PictureError

AT_ONCE = 255  # bytes of a block of a gif


def insert(path: Path, suffix: str, story: str) -> None:
    """Puts a story into a whole gif, webp or apng; the other kinds got it while written."""
    if suffix == ".gif":
        _splice(path, _after_colours(path), _gif_comment(story))
    elif suffix == ".apng":
        _splice(path, 33, _png_text(story))  # after the signature and IHDR
    elif suffix == ".webp":
        _append_exif(path, story)


def extract(path: Path) -> str | None:
    """The text that `insert` put in, or None when there is none.

    Raises:
        PictureError: it is not such a file.
    """
    if path.suffix.lower() == ".webp":
        return images.read_text(path)
    try:
        with pil.open(path) as file:
            text = file.info.get("comment" if path.suffix.lower() == ".gif" else images.KEYWORD)
    except (OSError, ValueError) as error:
        raise PictureError(f"{path}: this is not a film that can be read ({error})") from error
    return text.decode(errors="replace") if isinstance(text, bytes) else text


def _splice(path: Path, at: int, piece: bytes) -> None:
    """Inserts bytes into a file that may be large."""
    temporary = path.with_name(f"{path.name}.spliced")
    try:
        with path.open("rb") as old, temporary.open("wb") as new:
            new.write(old.read(at))
            new.write(piece)
            shutil.copyfileobj(old, new)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _after_colours(path: Path) -> int:
    """Where the header of a gif ends: after the global colour table, if there is one."""
    with path.open("rb") as file:
        flags = file.read(13)[10]
    return 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)


def _gif_comment(text: str) -> bytes:
    data = text.encode()
    blocks = [data[i : i + AT_ONCE] for i in range(0, len(data), AT_ONCE)]
    return b"\x21\xfe" + b"".join(bytes([len(b)]) + b for b in blocks) + b"\0"


def _png_text(text: str) -> bytes:
    body = b"iTXt" + images.KEYWORD.encode() + b"\0\1\0\0\0" + zlib.compress(text.encode(), 9)
    return struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))


def _append_exif(path: Path, text: str) -> None:
    exif = pil.Exif()
    exif.get_ifd(images.EXIF)[images.COMMENT] = images.UTF16 + text.encode("utf-16-be")
    data = exif.tobytes().removeprefix(b"Exif\0\0")
    chunk = b"EXIF" + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
    with path.open("r+b") as file:
        file.seek(0, 2)
        file.write(chunk)
        length = file.tell() - 8
        file.seek(4)
        file.write(struct.pack("<I", length))
        file.seek(20)  # the flags of VP8X, which every animation has
        flags = file.read(1)[0]
        file.seek(20)
        file.write(bytes([flags | 0x08]))
