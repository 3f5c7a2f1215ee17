"""Pictures in and out of files, and the few things that are done to whole pictures.

A picture is sRGB, channels first, float32, 0 to 1. What a file says about itself (orientation,
colour profile, transparency, depth) is applied on the way in, so that nobody else has to know.
"""

import hashlib
import io
import math
import urllib.request
import uuid
import warnings
import zlib
from http.client import HTTPException
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from PIL import Image as pil
from PIL import ImageCms, ImageOps, PngImagePlugin
from torch import Tensor

from reverie.errors import PictureError
from reverie.protocols import Image

Resized = Float[Tensor, "b 3 {size[1]} {size[0]}"]

SUFFIXES = (".png", ".webp", ".jpg", ".jpeg")
MAX_PIXELS = 2**26  # a file of a few kB can claim to hold terabytes
MAX_BYTES = 2**26  # of a link
TIMEOUT = 30.0  # seconds without a byte from a link

KEYWORD = "reverie"  # of the PNG chunk that holds the text
EXIF, COMMENT = 0x8769, 0x9286  # the Exif directory, and UserComment in it
UTF16, PACKED = b"UNICODE\0", b"\0" * 8  # the two ways we write a UserComment
JPEG_ROOM = 65_000  # bytes of an Exif segment that are left for the text


def load(source: str | Path) -> Image:
    """The picture in a file or behind a link, `[1, 3, h, w]`. Transparency is laid over white.

    Raises:
        PictureError: it is missing, broken, too large, or not a picture.
    """
    return _to_tensor(open_upright(source))


def open_upright(source: str | Path) -> pil.Image:
    """As `load`, as Pillow's picture: 8-bit RGB in sRGB, or 16-bit grey (mode I).

    Raises:
        PictureError: as `load`.
    """
    data = _fetch(str(source)) if is_link(source) else _read(Path(source))
    try:
        with _opened(data) as file:
            _refuse_large(file.size, source)
            return _upright_srgb(file)
    except pil.DecompressionBombError as error:
        raise PictureError(f"{source}: too many pixels; shrink it first") from error
    except pil.UnidentifiedImageError as error:
        page = data.lstrip()[:1] == b"<"
        what = "a web page or SVG, not a picture" if page else "not a picture that can be read"
        remedy = "give a link to the file itself" if page else "PNG, JPEG and WebP work"
        raise PictureError(f"{source}: this is {what}; {remedy}") from error
    except PictureError:
        raise
    except Exception as error:  # broken files make Pillow raise nearly anything
        raise PictureError(f"{source}: the picture is broken or cut short ({error})") from error


def save(
    image: Float[Tensor, "3 h w"] | Float[Tensor, "1 3 h w"], path: str | Path, text: str | None
) -> None:
    """Writes a picture, with `text` inside the file. Equal input gives equal bytes.

    The file appears whole or not at all; missing folders are made. JPEG and WebP lose a little.

    Raises:
        PictureError: the suffix is not known, or the file cannot be written.
    """
    save_pixels(to_uint8(image.detach().reshape(1, *image.shape[-3:]))[0], Path(path), text)


def save_pixels(pixels: UInt8[Tensor, "h w 3"], path: Path, text: str | None) -> None:
    """As `save`, of bytes as `to_uint8` makes them.

    Raises:
        PictureError: as `save`.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise PictureError(f"{path}: pictures are written as {', '.join(SUFFIXES)}")
    partial = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        data = _encode(pil.fromarray(pixels.numpy()), path, text)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(data)
        partial.replace(path)
    except PictureError:
        raise
    except (OSError, ValueError) as error:
        partial.unlink(missing_ok=True)
        raise PictureError(f"{path}: cannot be written: {error}") from error


def read_text(path: str | Path) -> str | None:
    """What `save` wrote beside the picture, or None when the file holds no such text."""
    try:
        with _opened(_read(Path(path))) as file:
            if isinstance(file, PngImagePlugin.PngImageFile):
                text = file.text.get(KEYWORD)
                return None if text is None else str(text)
            comment = file.getexif().get_ifd(EXIF).get(COMMENT, b"")
            if comment[:8] == PACKED:
                return zlib.decompress(comment[8:]).decode()
            return comment[8:].decode("utf-16-be") if comment[:8] == UTF16 else None
    except PictureError:
        raise
    except pil.UnidentifiedImageError as error:
        raise PictureError(f"{path}: this is not a picture that can be read") from error
    except Exception as error:  # as in load
        raise PictureError(f"{path}: this picture cannot be read ({error})") from error


def digest(source: str | Path) -> str:
    """SHA-256 of a picture's file, in hexadecimal.

    Raises:
        PictureError: it cannot be read.
    """
    return hashlib.sha256(_read(Path(source))).hexdigest()


def resize(image: Image, size: tuple[int, int]) -> Resized:
    """`image` at `size` (width, height), without aliasing."""
    return resample(image, size).clamp(0, 1)  # bicubic interpolation overshoots at edges


def resample(image: Image, size: tuple[int, int], lobes: int = 3) -> Resized:
    """Lanczos low-pass along the axes that shrink, then bicubic interpolation from corner to
    corner. Not clamped.

    Source: Crowson's VQGAN+CLIP notebook (2021), with 2 lobes; lucidrains/big-sleep, with 3.
    """
    width, height = size
    return _resample_rows(_resample_rows(image, height, lobes).mT, width, lobes).mT


def fit(image: Image, size: tuple[int, int]) -> Resized:
    """`image` at `size`, its middle cut to the wanted shape so that nothing is stretched.

    Differs: nerdyrodent/VQGAN-CLIP stretches.
    """
    width, height = size
    h, w = image.shape[-2:]
    crop_h = min(h, max(1, round(w * height / width)))
    crop_w = min(w, max(1, round(h * width / height)))
    top, left = (h - crop_h) // 2, (w - crop_w) // 2
    return resize(image[..., top : top + crop_h, left : left + crop_w], size)


def sheet(
    images: Image, columns: int | None = None, gap: int = 2
) -> Float[Tensor, "1 3 height width"]:
    """All pictures of a batch on one white sheet, row by row, `[1, 3, h, w]`."""
    b, _, h, w = images.shape
    columns = columns or math.ceil(math.sqrt(b))
    rows = math.ceil(b / columns)
    whole = images.new_ones(1, 3, rows * (h + gap) - gap, columns * (w + gap) - gap)
    for i, image in enumerate(images):
        top, left = i // columns * (h + gap), i % columns * (w + gap)
        whole[0, :, top : top + h, left : left + w] = image
    return whole


def to_uint8(image: Image) -> UInt8[Tensor, "b h w 3"]:
    """Bytes as files and screens want them: on the CPU, channels last, rounded."""
    return image.clamp(0, 1).mul(255).round().byte().permute(0, 2, 3, 1).contiguous().cpu()


def clamp_with_gradient(
    x: Float[Tensor, "*shape"], low: float = 0.0, high: float = 1.0
) -> Float[Tensor, "*shape"]:
    """Clamps, but lets through the gradient that leads back inside, so nothing gets stuck.

    Source: `ClampWithGrad` of Crowson's VQGAN+CLIP notebook (2021).
    """
    return _ClampWithGradient.apply(x, low, high)  # type: ignore[return-value]


class _ClampWithGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, low: float, high: float) -> Tensor:
        inside = x.clamp(low, high)
        ctx.save_for_backward(x - inside)
        return inside

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:  # type: ignore[override]
        (outside,) = ctx.saved_tensors
        return grad * (grad * outside >= 0), None, None


def _resample_rows(x: Tensor, height: int, lobes: int) -> Tensor:
    """`[b, 3, h, w]` -> `[b, 3, height, w]`."""
    h, w = x.shape[-2:]
    if height < h:
        x = _low_pass(x, height / h, lobes)
    return F.interpolate(x, (height, w), mode="bicubic", align_corners=True) if height != h else x


def _low_pass(x: Tensor, ratio: float, lobes: int) -> Tensor:
    reach = math.ceil(lobes / ratio + 1) - 2
    at = torch.arange(-reach, reach + 1, dtype=torch.float64) * ratio
    kernel = torch.sinc(at) * torch.sinc(at / lobes) * (at.abs() < lobes)
    h = x.shape[-2]
    rows = torch.arange(-reach, h + reach, device=x.device).remainder(2 * (h - 1))
    rows = torch.minimum(rows, 2 * (h - 1) - rows)  # reflects as often as the kernel needs
    padded = x[..., rows, :]  # [b, 3, h + 2*reach, w]
    low = torch.zeros_like(x)
    for i, share in enumerate((kernel / kernel.sum()).tolist()):  # much faster than a convolution
        low.add_(padded[..., i : i + h, :], alpha=share)
    return low


def is_link(source: str | Path) -> bool:
    return str(source).lower().startswith(("http://", "https://"))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise PictureError(f"{path}: there is no such file") from error
    except IsADirectoryError as error:
        raise PictureError(f"{path}: this is a folder; name a picture in it") from error
    except (OSError, ValueError) as error:
        raise PictureError(f"{path}: cannot be read: {error}") from error


def _fetch(link: str) -> bytes:
    try:
        request = urllib.request.Request(link, headers={"User-Agent": "reverie"})
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            data = answer.read(MAX_BYTES + 1)
    except (OSError, HTTPException, ValueError) as error:
        raise PictureError(f"{link}: cannot be fetched: {error}") from error
    if len(data) > MAX_BYTES:
        raise PictureError(f"{link}: more than {MAX_BYTES >> 20} MiB; fetch and shrink it first")
    return data


def _opened(data: bytes) -> pil.Image:
    with warnings.catch_warnings(action="ignore"):  # of large pictures; `_refuse_large` sees to it
        return pil.open(io.BytesIO(data))


def _refuse_large(size: tuple[int, int], source: str | Path) -> None:
    width, height = size
    if width * height > MAX_PIXELS:
        raise PictureError(
            f"{source}: {width}x{height} pixels are too many (at most {MAX_PIXELS:,} in all); "
            "shrink it first"
        )


def _upright_srgb(file: pil.Image) -> pil.Image:
    """The first image of a file as 8-bit RGB, or as 16-bit grey (mode I)."""
    image = ImageOps.exif_transpose(file)
    if image.mode.startswith("I"):
        return image.convert("I")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        colour = _through_profile(image.convert("RGB"), file.info.get("icc_profile"))
        white = pil.new("RGB", image.size, "white")
        return pil.composite(colour, white, image.getchannel("A"))
    if image.mode not in ("L", "RGB", "CMYK", "LAB"):
        image = image.convert("RGB")
    return _through_profile(image, file.info.get("icc_profile")).convert("RGB")


def _through_profile(image: pil.Image, profile: bytes | None) -> pil.Image:
    """To sRGB from the colours that the file says it is in."""
    if not profile:
        return image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        srgb = ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(image, source, srgb, outputMode="RGB") or image
    except (OSError, ImageCms.PyCMSError):
        return image  # broken profiles are common, and colours a little off are better than none


def _to_tensor(image: pil.Image) -> Image:
    if image.mode == "I":
        grey = torch.from_numpy(np.array(image, dtype=np.float32)) / 65535
        return grey.clamp(0, 1).expand(1, 3, -1, -1).contiguous()
    pixels = torch.from_numpy(np.array(image))  # [h, w, 3]
    return pixels.permute(2, 0, 1)[None].float().div(255).contiguous()


def _encode(image: pil.Image, path: Path, text: str | None) -> bytes:
    data, suffix = io.BytesIO(), path.suffix.lower()
    if suffix == ".png":
        info = PngImagePlugin.PngInfo()
        if text is not None:
            info.add_itxt(KEYWORD, text, zip=len(text) > 1024)
        image.save(data, "PNG", pnginfo=info)
        return data.getvalue()
    exif = pil.Exif()
    if text is not None:
        exif.get_ifd(EXIF)[COMMENT] = _comment(text, path)
    if suffix == ".webp":
        image.save(data, "WEBP", quality=95, exif=exif.tobytes())
    else:
        image.save(data, "JPEG", quality=95, subsampling=0, exif=exif.tobytes())
    return data.getvalue()


def _comment(text: str, path: Path) -> bytes:
    """An Exif UserComment: text that other programs can show, packed only where it must be."""
    plain = UTF16 + text.encode("utf-16-be")
    if path.suffix.lower() == ".webp" or len(plain) <= JPEG_ROOM:
        return plain
    packed = PACKED + zlib.compress(text.encode(), 9)
    if len(packed) > JPEG_ROOM:
        raise PictureError(f"{path}: a JPEG has no room for {len(text)} letters; use .png or .webp")
    return packed
