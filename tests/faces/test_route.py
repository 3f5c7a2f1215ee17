"""Ways through faces, and their films."""

import math

import pytest
import torch

from faces.small_faces import CPU
from reverie.canvas.stylegan_files import save_latents
from reverie.errors import RunError, SpecError
from reverie.faces.latents import faces
from reverie.faces.model import FaceModel
from reverie.faces.route import Route, Shooting, slerp
from reverie.record.video import Video


def points(count: int = 4) -> torch.Tensor:
    return torch.randn(count, 3, 5, generator=torch.Generator().manual_seed(4))


def route(count: int = 4, **how) -> Route:
    return Route(points(count), torch.full((3, 5), 0.1), **how)


@pytest.mark.parametrize("way", ["cubic", "slerp"])
@pytest.mark.parametrize("loop", [False, True])
def test_the_way_leads_through_every_face_in_the_same_time(way, loop):
    path, pieces = route(way=way, loop=loop), 4 if loop else 3
    for i, point in enumerate(points()):
        torch.testing.assert_close(path.at(i / pieces)[0], point)
    torch.testing.assert_close(path.at(1.0)[0], points()[0 if loop else 3])


@pytest.mark.parametrize("loop", [False, True])
def test_the_curve_has_no_corners(loop):
    path, pieces, near = route(loop=loop).at, 4 if loop else 3, 1e-3
    corners = range(4) if loop else range(1, 3)
    for i in corners:
        at = i / pieces
        before = path((at - near) % 1 if loop else at - near)
        torch.testing.assert_close(
            path(at) - before, path(at + near) - path(at), rtol=0.1, atol=1e-3
        )


def test_slerp_turns_evenly():
    a, b = torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 4.0]])
    for t in (0.0, 0.25, 0.5, 1.0):
        ((x, y),) = slerp(a, b, t).tolist()
        assert math.hypot(x, y) == pytest.approx(2 + 2 * t)
        assert math.atan2(y, x) == pytest.approx(t * math.pi / 2, abs=1e-6)


@pytest.mark.parametrize("factor", [1.0, 3.0, -1.0, 0.0])
def test_slerp_is_a_number_on_straight_lines_too(factor):
    a = points()[0]
    for t in (0.0, 0.5, 1.0):
        assert slerp(a, factor * a, t).isfinite().all()
    torch.testing.assert_close(slerp(a, a, 0.5), a)


def test_one_face_is_no_way():
    with pytest.raises(SpecError, match="two faces or more"):
        route(1)


def test_faces_are_met_in_w_and_in_s_if_one_is_there(model, tmp_path):
    ours = FaceModel.of(model, CPU)
    some = faces("1-2")
    rows, point = torch.cat(ours.points(some)), ours.styles(ours.points(some))
    assert torch.equal(Route.of(ours, some, "cubic", False).points, rows)
    save_latents(tmp_path / "s.safetensors", point[:1], model, ours.digest)
    some = [*faces(str(tmp_path / "s.safetensors")), some[1]]
    assert torch.equal(Route.of(ours, some, "slerp", True).points, point)


def grey(t: float) -> torch.Tensor:
    return torch.full((1, 3, 8, 8), t)


def shooting(path, **how) -> Shooting:
    film = Video(path=str(path), length=1.0, rate=10.0)
    return Shooting(film, how.pop("drawn", grey), "a film", {"reverie": "x"}, **how)


def test_a_film_that_was_stopped_goes_on_to_what_it_would_have_become(tmp_path):
    asked: list[float] = []

    def counted(t: float) -> torch.Tensor:
        asked.append(t)
        return grey(t)

    *_, last = shooting(tmp_path / "whole.gif").shoot()
    begun = shooting(tmp_path / "parts.gif").shoot()
    for done in begun:
        if done == 4:
            break
    begun.close()
    assert not (tmp_path / "parts.gif").exists()
    again = shooting(tmp_path / "parts.gif", drawn=counted)
    assert [*again.shoot()][-1] == last == again.frames == 10
    assert len(asked) == 6
    whole, parts = ((tmp_path / name).read_bytes() for name in ("whole.gif", "parts.gif"))
    assert whole == parts
    assert sorted(p.name for p in tmp_path.iterdir()) == ["parts.gif", "whole.gif"]


def test_a_loop_does_not_show_its_first_picture_again(tmp_path):
    def times(loop: bool) -> list[float]:
        asked: list[float] = []
        film = shooting(
            tmp_path / f"{loop}.gif", drawn=lambda t: asked.append(t) or grey(t), loop=loop
        )
        list(film.shoot())
        return asked

    assert times(True) == pytest.approx([i / 10 for i in range(10)])
    assert times(False) == pytest.approx([i / 9 for i in range(10)])


def test_the_last_picture_stays_within_the_length():
    film = shooting("a.gif", hold=1.0)  # a fifth of a second is the most
    assert (film.frames, film.held) == (8, 3) and film.frames + film.held - 1 == 10


def test_pictures_of_another_film_are_not_gone_on_with(tmp_path):
    begun = shooting(tmp_path / "a.gif").shoot()
    next(begun), next(begun)
    other = Shooting(Video(path=str(tmp_path / "a.gif"), length=1.0, rate=10.0), grey, "b", {})
    with pytest.raises(RunError, match="another film"):
        next(other.shoot())
