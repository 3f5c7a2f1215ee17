"""Which faces a text means."""

import pytest
import torch

from faces.small_faces import CPU, WS, S, W
from reverie import image as images
from reverie.canvas.stylegan_files import save_latents
from reverie.canvas.stylegan_start import LatentFile, MeanLatent, SeedLatent
from reverie.errors import SpecError, WeightsError
from reverie.faces.latents import faces
from reverie.faces.model import FaceModel


def seeds(text: str, count: int = 1) -> list[int | None]:
    starts = [face.start for face in faces(text, count=count)]
    return [start.seed for start in starts if isinstance(start, SeedLatent)]


@pytest.mark.parametrize(
    ("text", "count", "meant"),
    [
        ("7", 1, [7]),
        ("seed:7", 3, [7, 8, 9]),
        ("1-4", 1, [1, 2, 3, 4]),
        ("1..3", 5, [1, 2, 3]),
        ("3, 9,5", 1, [3, 9, 5]),
    ],
)
def test_seeds_are_named_in_the_usual_ways(text, count, meant):
    assert seeds(text, count) == meant


def test_truncation_is_that_of_seeds():
    (face,) = faces("7", truncation=0.3)
    assert face.start == SeedLatent(seed=7, truncation=0.3)
    assert faces("mean")[0].start == MeanLatent()


def test_a_file_is_meant_by_itself_by_its_picture_and_by_its_folder(tmp_path):
    file, picture = tmp_path / "her.safetensors", tmp_path / "her.png"
    save_latents(file, torch.zeros(1, S), "small", "0" * 64)
    images.save(torch.zeros(1, 3, 4, 4), picture, None)
    for text in (file, picture, tmp_path):
        assert faces(str(text))[0].start == LatentFile(path=str(file))
    assert faces(f"{file}#2")[0].start == LatentFile(path=str(file), number=2)
    assert [face.name for face in faces(f"{file},3")] == ["her", "seed 3"]


@pytest.mark.parametrize("text", ["", "seed:", "nobody", "5-2", "1-5000", "-3", "1,,2", "none.npy"])
def test_what_means_nobody_is_refused(text):
    with pytest.raises(SpecError, match=r"is no face|seeds go up"):
        faces(text)


def test_pictures_without_latents_say_how_to_find_them(tmp_path):
    images.save(torch.zeros(1, 3, 4, 4), tmp_path / "photo.jpg", None)
    with pytest.raises(SpecError, match=r"no photo.safetensors beside it.*reverie invert"):
        faces(str(tmp_path / "photo.jpg"))
    for name in "ab":
        save_latents(tmp_path / f"{name}.safetensors", torch.zeros(1, S), "small", "0" * 64)
    with pytest.raises(SpecError, match="holds 2 files of latents"):
        faces(str(tmp_path))


def test_latents_come_as_they_are_and_become_points_of_s(model, network, tmp_path):
    ours = FaceModel.of(model, CPU)
    save_latents(tmp_path / "s.safetensors", torch.ones(1, S), model, ours.digest)
    rows, point = ours.points(faces(f"7,{tmp_path / 's.safetensors'}"))
    assert (rows.shape, point.shape) == ((1, WS, W), (1, S))
    styles = ours.styles([rows, point])
    torch.testing.assert_close(styles[:1], network.styles(rows))
    assert torch.equal(styles[1:], point)
    with pytest.raises(SpecError, match="no rows of w"):
        ours.rows([rows, point])


def test_latents_of_another_generator_are_refused(model, tmp_path):
    save_latents(tmp_path / "s.safetensors", torch.ones(1, S), "another", "1" * 64)
    with pytest.raises(WeightsError, match=r"is of another \(sha256 111111111111\)"):
        FaceModel.of(model, CPU).points(faces(str(tmp_path / "s.safetensors")))


def test_who_may_read_other_new_files_may_read_latents(tmp_path):
    (tmp_path / "other").touch()
    save_latents(tmp_path / "s.safetensors", torch.ones(1, S), "small", "0" * 64)
    modes = [(tmp_path / name).stat().st_mode for name in ("other", "s.safetensors")]
    assert modes[0] == modes[1]
