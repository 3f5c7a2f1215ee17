"""Pictures in and out of files."""

import io
import json
import struct
import threading
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageCms
from torch import Tensor

from reverie import image as images
from reverie.errors import PictureError

TEXT = json.dumps({"prompt": "жар-птица 🔥 \u202e", "n": list(range(5000))}, ensure_ascii=False)


def colours(height: int = 12, width: int = 17) -> Tensor:
    """A picture of exact bytes."""
    rng = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (1, 3, height, width), generator=rng) / 255


def written(tmp_path: Path, image: Image.Image, name: str, **options: Any) -> Path:
    image.save(tmp_path / name, **options)
    return tmp_path / name


class TestLoad:
    def test_a_png_comes_back_exactly(self, tmp_path: Path):
        images.save(colours(), tmp_path / "a.png", None)
        assert torch.equal(images.load(tmp_path / "a.png"), colours())

    @pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "CMYK", "LA", "RGBA", "I;16", "YCbCr"])
    def test_a_white_picture_is_white_in_every_mode(self, tmp_path: Path, mode: str):
        white = Image.new("RGB", (4, 3), "white")
        if mode == "I;16":
            white = Image.fromarray(np.full((3, 4), 65535, np.uint16))
        path = written(tmp_path, white if mode == "I;16" else white.convert(mode), "w.tiff")
        picture = images.load(path)
        assert picture.shape == (1, 3, 3, 4) and picture.dtype == torch.float32
        assert torch.equal(picture, torch.ones(1, 3, 3, 4))

    def test_sixteen_bits_are_kept(self, tmp_path: Path):
        ramp = np.arange(0, 65536, 4096, dtype=np.uint16)[None]
        path = written(tmp_path, Image.fromarray(ramp), "ramp.png")
        want = torch.from_numpy(ramp / 65535).float()
        assert torch.equal(images.load(path)[0, 0], want)

    def test_transparency_is_laid_over_white(self, tmp_path: Path):
        half = written(tmp_path, Image.new("RGBA", (2, 2), (0, 0, 0, 51)), "half.png")
        assert images.load(half).unique().tolist() == pytest.approx([204 / 255])
        flat = Image.new("P", (2, 2), 0)
        flat.putpalette([9, 9, 9])
        flat.save(tmp_path / "p.png", transparency=0)
        assert images.load(tmp_path / "p.png").min() == 1

    def test_a_picture_is_turned_as_the_camera_says(self, tmp_path: Path):
        exif = Image.Exif()
        exif[0x0112] = 6  # the camera was held upright
        wide = Image.new("RGB", (8, 4), "red")
        wide.paste("blue", (0, 0, 4, 4))
        picture = images.load(written(tmp_path, wide, "turned.png", exif=exif))
        assert picture.shape == (1, 3, 8, 4)
        assert picture[0, 2, 0, 0] == 1 and picture[0, 0, -1, 0] == 1  # blue above, red below

    def test_colours_are_converted_from_the_profile_of_the_file(self, tmp_path: Path):
        srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        swapped = srgb.replace(b"rXYZ", b"temp").replace(b"bXYZ", b"rXYZ").replace(b"temp", b"bXYZ")
        for mode in ("RGB", "RGBA"):  # in these colours, red is what we call blue
            red = Image.new(mode, (2, 2), "red")
            picture = images.load(written(tmp_path, red, "red.png", icc_profile=swapped))
            torch.testing.assert_close(picture[0, :, 0, 0], torch.tensor([0.0, 0.0, 1.0]))

    def test_an_srgb_profile_changes_nothing(self, tmp_path: Path):
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        image = Image.fromarray(images.to_uint8(colours())[0].numpy())
        path = written(tmp_path, image, "srgb.png", icc_profile=profile)
        assert (images.load(path) - colours()).abs().max() <= 1.01 / 255

    def test_a_broken_profile_is_passed_over(self, tmp_path: Path):
        image = Image.fromarray(images.to_uint8(colours())[0].numpy())
        path = written(tmp_path, image, "bad.png", icc_profile=b"nonsense")
        assert torch.equal(images.load(path), colours())

    def test_the_first_image_of_an_animation_is_taken(self, tmp_path: Path):
        red, blue = (Image.new("RGB", (4, 4), name) for name in ("red", "blue"))
        path = written(tmp_path, red, "a.gif", save_all=True, append_images=[blue])
        assert images.load(path)[0, :, 0, 0].tolist() == [1, 0, 0]


class TestRefusals:
    def test_what_cannot_be_read_is_told_in_one_line(self, tmp_path: Path):
        images.save(colours(64, 64), tmp_path / "whole.png", None)
        whole = (tmp_path / "whole.png").read_bytes()
        files = {
            "cut short": whole[: len(whole) // 2],
            "not a picture": b"words",
            "web page": b"\n<!doctype html><html>",
            "broken": b"\x89PNG\r\n\x1a\n" + b"\0" * 40,
        }
        for name, data in files.items():
            path = tmp_path / f"{name}.png"
            path.write_bytes(data)
            with pytest.raises(PictureError) as caught:
                images.load(path)
            assert str(path) in str(caught.value) and "\n" not in str(caught.value)
        with pytest.raises(PictureError, match="web page"):
            images.load(tmp_path / "web page.png")
        with pytest.raises(PictureError, match="no such file"):
            images.load(tmp_path / "missing.png")
        with pytest.raises(PictureError, match="a folder"):
            images.load(tmp_path)

    @pytest.mark.parametrize("side", [9_000, 12_000, 60_000])
    def test_a_small_file_that_claims_to_be_huge_is_refused(self, tmp_path: Path, side: int):
        def chunk(kind: bytes, data: bytes) -> bytes:
            check = struct.pack(">I", zlib.crc32(kind + data))
            return struct.pack(">I", len(data)) + kind + data + check

        head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
        path = tmp_path / "bomb.png"
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b""))
        with pytest.raises(PictureError, match=r"pixels"):
            images.load(path)

    def test_an_unknown_suffix_names_the_known_ones(self, tmp_path: Path):
        with pytest.raises(PictureError, match=r"\.png, \.webp"):
            images.save(colours(), tmp_path / "a.bmp", None)


@pytest.fixture
def site() -> Iterator[str]:
    """A small web site of our own."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = io.BytesIO()
            Image.fromarray(images.to_uint8(colours())[0].numpy()).save(data, "PNG")
            pages = {"/a.png": data.getvalue(), "/page": b"<html>", "/large": b"x" * 5000}
            self.send_response(200 if self.path in pages else 404)
            self.end_headers()
            self.wfile.write(pages.get(self.path, b""))

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class TestLinks:
    def test_a_picture_is_fetched(self, site: str):
        assert torch.equal(images.load(f"{site}/a.png"), colours())

    def test_what_is_not_there_or_not_a_picture_is_told(
        self, site: str, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(images, "MAX_BYTES", 4096)
        for page, why in {
            "missing": "404",
            "page": "web page",
            "large": "fetch and shrink",
        }.items():
            with pytest.raises(PictureError, match=why):
                images.load(f"{site}/{page}")
        with pytest.raises(PictureError, match="cannot be fetched"):
            images.load("http://127.0.0.1:1/a.png")


@pytest.mark.parametrize("suffix", images.SUFFIXES)
class TestSave:
    def test_text_of_any_letters_comes_back(self, tmp_path: Path, suffix: str):
        path = tmp_path / "new" / "folder" / f"a{suffix}"
        for text in (TEXT, TEXT * 3, "", "short"):
            images.save(colours()[0], path, text)
            assert images.read_text(path) == text
        assert (images.load(path) - colours()).abs().mean() < 0.2

    def test_without_text_there_is_none(self, tmp_path: Path, suffix: str):
        images.save(colours(), tmp_path / f"a{suffix}", None)
        assert images.read_text(tmp_path / f"a{suffix}") is None

    def test_equal_pictures_give_equal_bytes(self, tmp_path: Path, suffix: str):
        one, two = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
        images.save(colours(), one, TEXT)
        images.save(colours(), two, TEXT)
        assert one.read_bytes() == two.read_bytes()

    def test_a_failure_leaves_what_was_there(self, tmp_path: Path, suffix: str):
        path = tmp_path / f"a{suffix}"
        path.mkdir()  # so that the finished file cannot take its place
        with pytest.raises(PictureError, match="cannot be written"):
            images.save(colours(), path, None)
        assert [*tmp_path.iterdir()] == [path]


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    images.save(colours(), tmp_path / "a.png", "before")

    def full(path: Path, data: bytes) -> int:
        path.open("wb").close()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(PictureError, match="No space left"):
        images.save(colours(), tmp_path / "a.png", "after")
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]
    assert images.read_text(tmp_path / "a.png") == "before"


def test_text_that_a_jpeg_cannot_hold_is_refused(tmp_path: Path):
    rng = torch.Generator().manual_seed(0)
    letters = torch.randint(33, 127, (200_000,), generator=rng).tolist()
    with pytest.raises(PictureError, match=r"use \.png"):
        images.save(colours(), tmp_path / "a.jpg", "".join(map(chr, letters)))


def test_pictures_of_other_programs_have_no_text(tmp_path: Path):
    for name in ("a.png", "a.jpg", "a.webp", "a.gif"):
        assert images.read_text(written(tmp_path, Image.new("RGB", (4, 4)), name)) is None


class TestSizes:
    @pytest.mark.parametrize("size", [(1, 1), (3, 2), (40, 5), (7, 90), (12, 17)])
    def test_a_flat_picture_stays_flat_at_every_size(self, size: tuple[int, int]):
        flat = torch.full((2, 3, 31, 23), 0.3)
        torch.testing.assert_close(images.resize(flat, size), torch.full((2, 3, *size[::-1]), 0.3))

    def test_edges_stay_within_black_and_white(self):
        edge = torch.zeros(1, 3, 8, 8)
        edge[..., 4:] = 1
        for size in ((33, 20), (5, 5)):
            resized = images.resize(edge, size)
            assert resized.min() >= 0 and resized.max() <= 1

    def test_shrinking_leaves_no_aliases(self):
        stripes = (torch.arange(256) % 2.0).expand(1, 3, 64, 256)
        small = images.resize(stripes, (60, 64))
        assert (small - 0.5).abs().max() < 0.05

    def test_fitting_cuts_the_middle_and_stretches_nothing(self):
        wide = torch.zeros(1, 3, 40, 100)
        wide[..., 30:70] = 1  # the middle square
        assert images.fit(wide, (20, 20)).min() > 0.99999
        assert images.fit(wide.mT, (20, 20)).min() > 0.99999
        assert images.fit(torch.rand(1, 3, 1, 1000), (64, 48)).shape == (1, 3, 48, 64)

    def test_the_clamp_lets_gradient_lead_back_inside(self):
        x = torch.tensor([-1.0, -1.0, 0.5, 2.0, 2.0], requires_grad=True)
        images.clamp_with_gradient(x).backward(torch.tensor([-1.0, 1.0, 1.0, 1.0, -1.0]))
        assert x.grad is not None and x.grad.tolist() == [-1, 0, 1, 1, 0]


def test_a_sheet_shows_every_picture_in_its_place():
    batch = torch.arange(5.0).div(10)[:, None, None, None].expand(5, 3, 4, 6)
    sheet = images.sheet(batch, columns=2, gap=1)
    assert sheet.shape == (1, 3, 3 * 5 - 1, 2 * 7 - 1)
    for i in range(5):
        top, left = i // 2 * 5, i % 2 * 7
        assert torch.equal(sheet[0, :, top : top + 4, left : left + 6], batch[i])
    assert torch.equal(sheet[0, :, 10:, 7:], torch.ones(3, 4, 6))  # the empty place
    assert images.sheet(batch).shape[-1] == 3 * 8 - 2


def test_bytes_are_rounded_to_the_nearest():
    values = torch.tensor([-1.0, 0.0, 0.4 / 255, 0.6 / 255, 1.0, 2.0]).expand(1, 3, 1, 6)
    assert images.to_uint8(values)[0, 0, :, 0].tolist() == [0, 0, 0, 1, 255, 255]
