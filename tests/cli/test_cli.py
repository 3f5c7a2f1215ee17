"""The command line does what people ask, and says what is wrong in one line."""

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from reverie import image as images
from reverie.cli.looking import _distinct as distinct
from reverie.record.story import story_in

GOLDEN = Path(__file__).parent.parent / "golden"
PERCEPTOR = ("--perceptor", str(GOLDEN / "clip-vit" / "weights.safetensors"))
QUICK = (*PERCEPTOR, "--size", "40x32", "--steps", "4", "--cutouts", "4", "--precision", "fp32")


pytestmark = pytest.mark.usefixtures("somewhere_else")


def picture(path, size=(48, 40), hue=0.3):
    width, height = size
    across = torch.linspace(0, 1, width).expand(1, height, width)
    images.save(torch.cat([across, 1 - across, torch.full_like(across, hue)]), path, None)
    return path


class TestPaint:
    def test_words_become_a_picture(self, reverie):
        code, out, err = reverie("paint", "a lighthouse", *QUICK, "--seed", 7, "-o", "out")
        assert (code, out) == (0, "out/picture.png\n")
        assert "'a lighthouse', 40x32, seed 7, cpu fp32" in err
        assert re.search(r"all steps done, score -?0\.\d{3}", err)
        assert story_in(Path("out/picture.png"))["recipe"]["seed"] == 7

    @pytest.mark.parametrize("recipe", ["fourier", "pixels"])
    def test_every_recipe_is_a_command(self, reverie, recipe):
        code, out, _ = reverie(recipe, "a lighthouse", *QUICK, "-o", "out")
        assert (code, out) == (0, "out/picture.png\n")
        assert story_in(Path("out/picture.png"))["recipe"]["name"] == recipe

    def test_several_pictures_get_a_sheet(self, reverie):
        code, out, _ = reverie("paint", "a fox", *QUICK, "-n", 3, "-o", "out", "--format", "webp")
        assert (code, out.split()) == (
            0,
            [f"out/picture-{i}.webp" for i in (1, 2, 3)] + ["out/sheet.png"],
        )

    def test_without_a_folder_one_is_named_after_the_words_and_never_used_twice(self, reverie):
        for name in ("a-fox-and-fog-7", "a-fox-and-fog-7-2"):
            code, out, _ = reverie("paint", "A fox! | fog", *QUICK, "--seed", 7)
            assert (code, out) == (0, f"pictures/{name}/picture.png\n")

    def test_a_new_seed_is_taken_and_recorded(self, reverie):
        seeds = set()
        for name in "ab":
            reverie("paint", "a fox", *QUICK, "-o", name)
            seeds.add(story_in(Path(name, "picture.png"))["recipe"]["seed"])
        assert len(seeds) == 2

    def test_options_reach_the_recipe(self, reverie):
        reverie(
            "paint", "a fox", *QUICK, "-o", "out", "--canvas", "pixels", "--lr", "0.2..0.1",
            "--init", "teal", "--ema", 0.9, "--optimizer", "AdamW", "--patience", 50,
            "--set", "losses.smooth.weight=0.5", "--set", "losses.prompts.distance=cosine",
        )  # fmt: skip
        (stage,) = story_in(Path("out/picture.png"))["recipe"]["stages"]
        assert stage["canvas"]["kind"] == "Averaged"
        assert stage["canvas"]["canvas"]["start"]["kind"] == "Colour"
        assert (stage["optimizer"]["kind"], stage["optimizer"]["lr"]) == ("AdamW", [0.2, 0.1])
        assert stage["until"]["patience"] == 50
        assert stage["losses"]["smooth"]["weight"] == 0.5
        assert stage["losses"]["prompts"]["distance"] == "cosine"

    def test_a_recipe_that_averages_takes_another_decay_and_is_averaged_once(self, reverie):
        small = ("--size", "16x16", "--steps", 1, "--cutouts", 2, "--init", "codes")
        code, _, _ = reverie("vqgan-mse", "a fox", *small, "--ema", 0.5, "-o", "out")
        made = json.loads(Path("out/recipe.json").read_text())["recipe"]["stages"][0]["canvas"]
        assert (code, made["decay"], made["canvas"]["kind"]) == (0, 0.5, "VQGAN")

    def test_help_of_an_option_flows_on_where_its_source_is_wrapped(self, reverie):
        _, out, _ = reverie("vqgan-clip", "--help")
        assert "(what the pocket generator draws), perlin" in re.sub(r"[ \n│]+", " ", out)
        assert not re.search(r"draws\), +│\n│ +perlin", out)

    def test_a_saved_recipe_is_painted_again_with_other_words(self, reverie):
        reverie("paint", "a fox", *QUICK, "--seed", 3, "-o", "fox")
        code, _, _ = reverie("paint", "an owl", "--recipe", "fox/picture.png", "-o", "owl")
        story = story_in(Path("owl/picture.png"))
        assert code == 0
        assert (story["recipe"]["title"], story["recipe"]["seed"]) == ("an owl", 3)
        again = ("--recipe", "fox/recipe.json", "--precision", "fp32", "-o", "again")
        code, _, _ = reverie("paint", *again)
        assert Path("again/picture.png").read_bytes() == Path("fox/picture.png").read_bytes()

    def test_a_saved_recipe_takes_other_options(self, reverie):
        reverie("paint", "a fox", *QUICK, "--ema", 0.9, "-o", "fox")
        code, _, err = reverie(
            "paint", "--recipe", "fox", "--size", "24x16", "--steps", 2, "--lr", "0.2..0.1",
            "--init", "teal", "--cutouts", 3, "--preset", "crops", "--smooth", 0.7, *PERCEPTOR,
            "-o", "other",
        )  # fmt: skip
        assert code == 0, err
        (stage,) = story_in(Path("other/picture.png"))["recipe"]["stages"]
        assert (stage["canvas"]["canvas"]["size"], stage["steps"]) == ([24, 16], 2)
        assert (stage["optimizer"]["lr"], stage["losses"]["smooth"]["weight"]) == ([0.2, 0.1], 0.7)
        augment = stage["losses"]["prompts"]["augment"]
        assert (augment["count"], augment["preset"]) == (3, "crops")
        assert stage["canvas"]["canvas"]["start"]["kind"] == "Colour"
        code, _, err = reverie("paint", "--recipe", "fox", "--canvas", "pixels")
        assert (code, "--canvas cannot go with --recipe" in err) == (2, True)

    def test_a_recipe_in_python_that_breaks_is_named(self, reverie):
        Path("bad.py").write_text("recipe = 1 / 0")
        code, _, err = reverie("paint", "--recipe", "bad.py")
        assert (code, "bad.py: ZeroDivisionError: division by zero" in err) == (2, True)
        Path("none.py").write_text("recipe = 1")
        code, _, err = reverie("paint", "--recipe", "none.py")
        assert (code, "set `recipe` to a reverie.Recipe" in err) == (2, True)

    def test_a_picture_can_be_start_and_prompt(self, reverie):
        picture("photo.png")
        held = ("--canvas", "pixels", "--set", "optimizer.lr=0", "-o", "out")
        words = ("paint", "a fox | photo.png:0.5", "--init", "photo.png")
        code, _, _ = reverie(*words, *QUICK, *held)
        assert code == 0
        gap = images.load("out/picture.png") - images.fit(images.load("photo.png"), (40, 32))
        assert gap.abs().max() < 0.01
        assert "photo.png" in story_in(Path("out/picture.png"))["digests"]

    def test_a_budget_stops_early_and_resume_goes_on(self, reverie):
        code, out, err = reverie("paint", "a fox", *QUICK, "-o", "out", "--budget", "0")
        assert (code, out) == (0, "out/picture.png\n")
        assert "go on with: reverie resume out" in err
        code, _, err = reverie("resume", "out")
        assert code == 0 and "all steps done" in err
        code, _, err = reverie("resume", "out/picture.png")
        assert code == 0 and "this run is done" in err


class TestMistakes:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("paint", ""), "prompt '', column 1: it is empty"),
            (("paint",), "say what to paint"),
            (("paint", "a fox:"), "column 6: a weight is wanted"),
            (("paint", "a fox", "--size", "0x10"), "whole numbers from 1 to"),
            (("paint", "a fox", "--size", "huge"), "WIDTHxHEIGHT"),
            (("paint", "a fox", "--steps", "0"), "steps must be 1 or more"),
            (("paint", "a fox", "--count", "0"), "count must be 1 to 65536"),
            (("paint", "a fox", "--seed", "-1"), "seed must be 0 or more"),
            (("paint", "a fox", "--cutouts", "0"), "at least 1 view"),
            (("paint", "a fox", "--preset", "poled"), "did you mean 'pooled'?"),
            (("paint", "a fox", "--init", "none.png"), "none.png"),
            (("paint", "a fox", "--until", "7"), "the score is a cosine"),
            (("paint", "a fox", "--set", "canvas.dekay=1"), "did you mean 'decay'?"),
            (("paint", "a fox", "--set", "canvas.decay=lots"), "decay: expected float"),
            (("paint", "a", "fox"), "put words that belong together in quotes"),
            (("paint", "a fox", "--set", "optimizer.betas=[2,3]"), "Invalid beta"),
            (("paint", "a fox", "--lr", "-1"), "is below 0"),
            (("paint", "a \udcff fox"), "column 3: here is a byte that is not UTF-8"),
            (("paint", "a fox", "--size", "16384", "-n", "9"), "GiB, and this computer has"),
            (("fourier", "a fox", "--recipe", "x.json"), "Unknown option"),
            (("paint", "a fox", "--perceptor", "no.pt"), "no.pt"),
            (("paint", "a fox", "--sise", "512"), "--size"),
            (("paint", "nowhere.png"), "nowhere.png"),
            (("fourier", "a fox", "--device", "tpu"), "tpu"),
        ],
        ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
    )
    def test_a_mistake_gets_one_clear_line_and_code_2(self, reverie, arguments, message):
        given = arguments if "--perceptor" in arguments else (*arguments, *PERCEPTOR)
        code, out, err = reverie(*given)
        assert code == 2, err
        assert message in err
        assert out == ""
        assert "Traceback" not in err
        assert not Path("pictures").exists()

    def test_a_recipe_that_is_not_there_is_named(self, reverie):
        code, _, err = reverie("paint", "--recipe", "no.json")
        assert (code, "no.json: there is no such file" in err) == (2, True)

    @pytest.mark.parametrize("command", ["info", "replay"])
    def test_a_picture_that_is_not_ours_says_so(self, reverie, command):
        code, _, err = reverie(command, picture("photo.png"))
        assert (code, "carries no recipe" in err) == (2, True)

    def test_a_broken_picture_is_named(self, reverie):
        Path("broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnot really")
        for command in (("info", "broken.png"), ("score", "a fox", "broken.png", *PERCEPTOR)):
            code, _, err = reverie(*command)
            assert (code, "broken.png" in err) == (2, True), err

    def test_a_folder_in_use_is_not_painted_over(self, reverie):
        reverie("paint", "a fox", *QUICK, "-o", "out")
        before = Path("out/picture.png").read_bytes()
        code, _, err = reverie("paint", "an owl", *QUICK, "-o", "out")
        assert (code, "already holds picture.png" in err) == (2, True)
        assert Path("out/picture.png").read_bytes() == before
        code, _, _ = reverie("paint", "an owl", *QUICK, "-o", "out", "--overwrite")
        assert (code, Path("out/picture.png").read_bytes() != before) == (0, True)


class TestStories:
    def test_info_shows_how_a_picture_was_made(self, reverie):
        reverie("paint", "a lighthouse:2 | fog", *QUICK, "--seed", 7, "-n", 2, "-o", "out")
        code, out, _ = reverie("info", "out/picture-2.png")
        assert code == 0
        for text in ("a lighthouse:2.0 | fog", "40x32", "7, picture 2 of 2", "4 of 4", "sha256",
                     "reverie replay out/picture-2.png"):  # fmt: skip
            assert text in out
        code, out, _ = reverie("info", "out/picture-2.png", "--json")
        assert json.loads(out)["picture"] == 1
        code, out, _ = reverie("info", "out")
        assert (code, "all steps done" in out) == (0, True)

    def test_replaying_gives_the_same_bits(self, reverie):
        reverie("paint", "a lighthouse", *QUICK, "--seed", 7, "-n", 2, "-o", "out")
        code, out, err = reverie("replay", "out/picture-2.png")
        assert code == 0
        assert "the same picture, bit for bit" in err
        path = Path(out.strip())
        assert path.read_bytes() == Path("out/picture-2.png").read_bytes()

    def test_a_stopped_picture_is_replayed_to_where_it_stopped(self, reverie):
        reverie("paint", "a lighthouse", *QUICK, "-o", "out", "--budget", "0")
        code, _, err = reverie("replay", "out/picture.png")
        assert (code, "bit for bit" in err) == (0, True)

    def test_a_picture_is_replayed_from_anywhere_while_its_run_is_beside_it(
        self, reverie, monkeypatch
    ):
        shutil.copy(PERCEPTOR[1], "w.safetensors")
        reverie("paint", "a fox", *QUICK[2:], "--perceptor", "w.safetensors", "-o", "out")
        monkeypatch.chdir("out")
        code, _, err = reverie("replay", "picture.png", "-o", "again")
        assert (code, "bit for bit" in err) == (0, True), err
        assert Path("again/picture.png").exists()

    def test_an_edited_picture_is_not_called_the_same(self, reverie):
        reverie("paint", "a fox", *QUICK, "-o", "out")
        text = images.read_text("out/picture.png")
        images.save(1 - images.load("out/picture.png"), "edited.png", text)
        assert "not the same picture" in reverie("replay", "edited.png")[2]
        images.save(images.load("out/picture.png")[..., :20, :20], "cut.png", text)
        assert "has another size" in reverie("replay", "cut.png")[2]

    @pytest.mark.parametrize(
        ("field", "value"),
        [("picture", 9), ("ended", {"stage": 0}), ("score", []), ("machine", {}), ("recipe", 3)],
    )
    def test_a_picture_whose_story_was_changed_is_refused(self, reverie, field, value):
        reverie("paint", "a fox", *QUICK, "-o", "out")
        story = json.loads(images.read_text("out/picture.png")) | {field: value}
        images.save(images.load("out/picture.png"), "changed.png", json.dumps(story))
        code, _, err = reverie("replay", "changed.png")
        assert (code, err.startswith("reverie: $")) == (2, True), err

    def test_replaying_with_other_weights_is_refused(self, reverie):
        shutil.copy(PERCEPTOR[1], "w.safetensors")
        reverie("paint", "a fox", *QUICK[2:], "--perceptor", "w.safetensors", "-o", "out")
        other = bytearray(Path("w.safetensors").read_bytes())
        other[-1] ^= 1
        Path("w.safetensors").write_bytes(other)
        code, _, err = reverie("replay", "out/picture.png")
        assert (code, "is not the file that painted this" in err) == (2, True)


class TestLooking:
    def test_classify_gives_probabilities_of_labels(self, reverie):
        picture("a.png"), picture("b.png", hue=0.9)
        code, out, _ = reverie("classify", "a.png", "b.png", "--labels", "a cat, a dog", *PERCEPTOR)
        assert (code, "a cat" in out, out.count("%")) == (0, True, 4)
        args = ("classify", "a.png", "b.png", "--labels", "a cat, a dog", "--json", *PERCEPTOR)
        code, out, _ = reverie(*args)
        rows = json.loads(out)
        assert [row["picture"] for row in rows] == ["a.png", "b.png"]
        assert all(abs(sum(row["labels"].values()) - 1) < 1e-4 for row in rows)

    def test_score_ranks_pictures(self, reverie):
        picture("a.png"), picture("b.png", hue=0.9)
        code, out, _ = reverie("score", "a cat", "a.png", "b.png", "--json", *PERCEPTOR)
        scores = [row["score"] for row in json.loads(out)]
        assert (code, scores) == (0, sorted(scores, reverse=True))

    def test_score_looks_at_the_part_that_a_place_names(self, reverie):
        both = torch.zeros(3, 40, 80)
        both[0, :, :40] = 1
        both[2, :, 40:] = 1
        images.save(both, "both.png", None), images.save(both[..., :40], "red.png", None)
        ask = lambda words, name: json.loads(  # noqa: E731
            reverie("score", words, name, "--json", *PERCEPTOR)[1])[0]["score"]  # fmt: skip
        assert ask("a cat @ left", "both.png") == ask("a cat", "red.png")
        assert ask("a cat @ right", "both.png") != ask("a cat", "red.png")

    @pytest.mark.parametrize(
        ("command", "said"),
        [
            (("score", "a cat @ 0,0", "a.png"), "got 2 of these"),
            (("classify", "a.png", "--labels", "a cat @ left, a dog"), "labels have no places"),
            (("similarity", "a.png", "--words", "a cat @ top"), "words have no places"),
        ],
    )
    def test_places_that_cannot_be_looked_at_are_refused(self, reverie, command, said):
        picture("a.png")
        code, _, err = reverie(*command, *PERCEPTOR)
        assert code == 2 and said in err and len(err.splitlines()) == 1

    def test_similarity_writes_table_csv_and_heat_map(self, reverie):
        picture("a.png"), picture("b.png", hue=0.9)
        code, out, _ = reverie("similarity", "a.png", "b.png", "--csv", "t/m.csv", "--png",
                               "t/m.png", *PERCEPTOR)  # fmt: skip
        assert (code, out.split()[-2:]) == (0, ["t/m.csv", "t/m.png"])
        head, *rows = csv.reader(Path("t/m.csv").read_text().splitlines())
        assert head == ["picture", "a.png", "b.png"]
        assert float(rows[0][1]) == pytest.approx(1, abs=1e-3)
        assert rows[0][2] == rows[1][1]
        assert images.load("t/m.png").shape[-1] > 100

    def test_embed_saves_unit_rows(self, reverie):
        picture("a.png")
        code, out, _ = reverie("embed", "a.png", "--words", "a cat, a dog", "-o", "e", *PERCEPTOR)
        found = np.load(out.strip())
        assert (code, found["pictures"].shape, found["words"].shape) == (0, (1, 32), (2, 32))
        assert np.linalg.norm(found["words"], axis=1) == pytest.approx([1, 1], abs=1e-5)
        assert list(found["word_names"]) == ["a cat", "a dog"]

    def test_pictures_of_one_name_are_told_apart(self):
        paths = ["a/x/picture.png", "b/x/picture.png", "c/other.png"]
        assert distinct(paths) == ["a/x/picture.png", "b/x/picture.png", "other.png"]

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("classify", "--labels", "a cat"), "at least one picture"),
            (("similarity", "a.png", "--png", "m.jpg"), "ends in .png"),
            (("similarity", "a.png", "--csv", "a.png/m.csv"), "a.png"),
            (("embed", "a.png", "-o", "a.png/e"), "a.png"),
            (("classify", "a.png", "--labels", "a cat,,a dog"), "one of the labels is empty"),
            (("score", "", "a.png"), "one of the words is empty"),
            (("similarity", "no.png"), "no.png"),
            (("embed", "-o", "e"), "name some pictures"),
        ],
        ids=str,
    )
    def test_mistakes_are_named(self, reverie, arguments, message):
        picture("a.png")
        code, _, err = reverie(*arguments, *PERCEPTOR)
        assert (code, message in err) == (2, True), err


class TestModels:
    def test_a_checkpoint_is_imported_listed_used_verified_and_removed(self, reverie):
        code, out, _ = reverie("models", "import", PERCEPTOR[1], "--name", "mine")
        assert (code, out.startswith("mine:")) == (0, True)
        _, out, _ = reverie("models", "list")
        assert "mine" in out and "ViT-B/32" in out
        code, _, _ = reverie("paint", "a fox", *QUICK[2:], "--perceptor", "mine", "-o", "out")
        assert code == 0
        code, _, _ = reverie(
            "paint", "a fox", *QUICK[2:], "-o", "auto"
        )  # the only one that is here
        assert code == 0
        reverie("models", "import", PERCEPTOR[1], "--name", "broken")
        with Path("home/broken/model.safetensors").open("ab") as file:
            file.write(b"!")
        code, out, err = reverie("models", "verify")
        assert (code, out, "broken" in err) == (2, "mine: whole\n", True)
        assert reverie("models", "remove", "mine", "--yes")[0] == 0
        assert "mine" not in reverie("models", "list")[1]

    def test_a_file_that_is_no_checkpoint_is_named(self, reverie):
        Path("page.pt").write_text("<!DOCTYPE html><html>gone</html>")
        code, _, err = reverie("models", "import", "page.pt")
        assert (code, "web page" in err) == (2, True), err
        code, _, err = reverie("models", "import", PERCEPTOR[1], "--name", "vit-b-32")
        assert (code, "name of a published model" in err) == (2, True)
        code, _, err = reverie("models", "pull", "ViT-B/33")
        assert (code, "ViT-B/32" in err) == (2, True), err


def test_ctrl_c_keeps_the_picture_and_says_how_to_go_on(somewhere_else):
    arguments = ("paint", "a fox", *PERCEPTOR, "--size", "40x32", "--steps", "99999", "-o", "out")
    child = subprocess.Popen(
        [sys.executable, "-c", "import sys; from reverie.cli import main; sys.exit(main())",
         *arguments], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ,
    )  # fmt: skip
    log = Path("out/log.jsonl")
    while child.poll() is None and not (log.exists() and log.stat().st_size > 2000):
        time.sleep(0.05)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    assert (child.returncode, out) == (130, "out/picture.png\n"), err
    assert "go on with: reverie resume out" in err
    stopped = story_in(Path("out/picture.png"))["ended"]["step"]
    assert stopped == json.loads(log.read_text().splitlines()[-1])["step"] > 0
