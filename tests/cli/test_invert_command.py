"""`reverie invert` from the shell."""

import pytest
import torch

from recipes.test_invert import face, model, store  # noqa: F401  (fixtures)
from reverie import image as images
from reverie.canvas.stylegan_start import read_latents
from reverie.cli.app import main
from reverie.faces import align
from reverie.faces.align import Landmarks
from reverie.record.story import story_in

QUICK = {"--features": "0", "--init": "mean", "--steps": "6", "--fine-steps": "6"}
LARGE = Landmarks(eyes=(20 + 20j, 40 + 20j), mouth=(22 + 40j, 38 + 40j))
SMALL = Landmarks(eyes=(50 + 50j, 55 + 50j), mouth=(51 + 55j, 54 + 55j))


@pytest.fixture
def command(model, face, tmp_path, monkeypatch):  # noqa: F811
    """Runs it in a folder of its own, and gives the exit code."""
    monkeypatch.chdir(tmp_path)

    def run(*options: str, picture: str = face) -> int:
        quick = [word for pair in QUICK.items() if pair[0] not in options for word in pair]
        return main(["invert", picture, "--model", model, "-o", "out", *quick, *options])

    return run


@pytest.fixture
def photograph(tmp_path) -> str:
    path = tmp_path / "photograph.png"
    images.save(torch.linspace(0, 1, 60).expand(1, 3, 60, 60).contiguous(), path, None)
    return str(path)


def seeing(monkeypatch, faces: list[Landmarks] | None) -> None:
    """The detector is a package of its own; here it finds these faces, or is not there."""
    monkeypatch.setattr(align, "found", lambda image: faces)


def files(tmp_path) -> set[str]:
    return {path.name for path in (tmp_path / "out").glob("[!.]*")}


def test_it_leaves_a_picture_latents_and_both_side_by_side(command, tmp_path, capsys):
    assert command("--align", "no") == 0
    said = capsys.readouterr()
    paths = ["out/picture.png", "out/picture.safetensors", "out/before-after.png"]
    assert said.out.split() == paths
    assert {path.removeprefix("out/") for path in paths} < files(tmp_path)
    assert align.ALIGNED not in files(tmp_path)
    assert read_latents("out/picture.safetensors").ndim == 3
    assert "not the person" in said.err


def test_a_run_that_was_stopped_goes_on_to_the_same_end(command, tmp_path, capsys):
    assert command("--align", "no", "--budget", "0.001s") == 0
    begun = read_latents("out/picture.safetensors")  # of the picture so far
    assert main(["resume", "out"]) == 0
    assert capsys.readouterr().out.split()[-1].endswith("out/before-after.png")
    stopped = read_latents("out/picture.safetensors")
    assert not torch.equal(begun, stopped)
    assert command("--align", "no", "--overwrite") == 0
    assert torch.equal(read_latents("out/picture.safetensors"), stopped)


def test_the_largest_face_is_cut_out(command, photograph, monkeypatch, tmp_path, capsys):
    seeing(monkeypatch, [LARGE, SMALL])
    assert command(picture=photograph) == 0
    assert "2 faces; the largest is taken" in capsys.readouterr().err
    want = align.aligned(images.load(photograph), LARGE, 32)
    cut = images.load(f"out/{align.ALIGNED}")
    torch.testing.assert_close(cut, want, rtol=0, atol=1 / 255)
    assert torch.equal(images.load("out/before-after.png")[..., :32], cut)
    assert story_in(tmp_path / "out" / "picture.png")["recipe"]["title"] == "photograph"


@pytest.mark.parametrize(
    ("faces", "said"), [([], "no face was found"), (None, "nothing is here that finds faces")]
)
def test_without_a_face_the_picture_is_taken_as_it_is_or_refused(
    command, monkeypatch, tmp_path, capsys, faces, said
):
    seeing(monkeypatch, faces)
    assert command("--align", "yes") == 2
    refused = capsys.readouterr().err
    assert said in refused and "--align no" in refused and len(refused.splitlines()) == 1
    assert not (tmp_path / "out").exists()
    assert command() == 0
    assert f"{said}; it is taken as aligned already" in capsys.readouterr().err


@pytest.mark.parametrize("mistake", [["--init", "nobody"], ["--steps", "0"], ["--lr", "nan"]])
def test_a_mistake_leaves_nothing_behind(command, photograph, monkeypatch, tmp_path, mistake):
    seeing(monkeypatch, [LARGE])
    assert command(*mistake, picture=photograph) == 2
    assert not (tmp_path / "out").exists()


def test_another_run_and_its_face_are_left_alone(command, photograph, monkeypatch, capsys):
    seeing(monkeypatch, [LARGE])
    assert command(picture=photograph) == 0
    before = images.load(f"out/{align.ALIGNED}")
    seeing(monkeypatch, [SMALL])
    assert command(picture=photograph) == 2
    assert "already holds picture.png" in capsys.readouterr().err
    assert command("--overwrite", "--init", "nobody", picture=photograph) == 2
    assert torch.equal(images.load(f"out/{align.ALIGNED}"), before)
    assert command("--overwrite", picture=photograph) == 0
    assert not torch.equal(images.load(f"out/{align.ALIGNED}"), before)


def test_a_picture_that_is_not_there_is_one_line(command, capsys):
    assert command(picture="nobody.jpg") == 2
    said = capsys.readouterr().err
    assert said == "reverie: nobody.jpg: there is no such file\n"
