"""generate.py's command line, as it stands, paints; and the page about it says what is true."""

import inspect
import json
import re
import shlex
from dataclasses import fields
from pathlib import Path

import pytest

from reverie import image as images
from reverie.cli import main
from reverie.cli.compat import parser, read
from reverie.cli.options import FilmOptions, RestyleOptions, RunOptions
from reverie.cli.translation import translated
from reverie.errors import ReverieError, SpecError, WeightsError
from reverie.recipes import RECIPES
from reverie.record.story import story_in

DOCS = Path(__file__).parents[2] / "docs" / "from-vqgan-clip.md"
QUICK = ("-i", "2", "-cuts", "2", "-s", "32", "24", "-sd", "7")


@pytest.fixture(autouse=True)
def somewhere_else(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REVERIE_HOME", str(tmp_path / "home"))
    return tmp_path


def install(home, name):
    """A model of the store, as far as its name is asked for."""
    folder = home / "home" / name.replace("/", "-")
    folder.mkdir(parents=True)
    told = {"format": "reverie model 1", "name": name}
    (folder / "model.json").write_text(json.dumps(told))


def own(*flags):
    """Our own command for generate.py's flags."""
    return translated(read(flags))


def prompt(*flags):
    (text,) = own(*flags).heads
    return text


def options(*flags):
    """Our own options but for the seed."""
    words = own(*flags, "-sd", "7").options
    at = words.index("--seed")
    return words[:at] + words[at + 2 :]


def test_a_command_paints_and_puts_the_picture_where_it_was_wanted(capsys):
    assert main(["compat", "vqgan-clip", "-p", "an owl", *QUICK, "-o", "new/owl.png"]) == 0
    out, err = capsys.readouterr()
    assert out.split() == ["pictures/owl-7/picture.png", "new/owl.png"]
    assert "not installed: vqgan_imagenet_f16_16384 and ViT-B/32; pocket-vqgan and pocket" in err
    story = story_in(Path("new/owl.png"))
    (stage,) = story["recipe"]["stages"]
    assert (stage["steps"], stage["canvas"]["size"], story["recipe"]["seed"]) == (2, [32, 24], 7)


def test_the_command_that_is_told_paints_the_same_picture(capsys):
    flags = ("-p", "an owl:0.5 | -0 fog", "-in", "gradient", "-opt", "DiffGrad", "-aug", "Af", "Ts")
    assert main(["compat", "vqgan-clip", *QUICK, *flags]) == 0
    (line,) = re.findall("our own command: (.*)", capsys.readouterr().err)
    name, *words = shlex.split(line)
    assert name == "reverie" and main([*words, "-o", "again"]) == 0
    assert images.load("again/picture.png").equal(images.load("output.png"))


def test_a_picture_of_an_earlier_command_is_painted_over_and_its_run_is_kept(capsys):
    for _ in range(2):
        assert main(["compat", "vqgan-clip", "-p", "an owl", *QUICK]) == 0
    assert Path("output.png").is_file()
    assert {path.name for path in Path("pictures").iterdir()} == {"output-7", "output-7-2"}


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        ("a fox", "a fox"),
        (" a fox : 1.5 | fog:-0.3:-0.9|", "a fox:1.5 | fog:-0.3:-0.9"),
        ("a fox:2", "a fox:2.0"),
        ("studio 54:2", "studio 54:2.0"),
        ("a fox:1:-inf", "a fox"),
        ("a fox:0 | an owl", "an owl"),
        ("a fox:nan", r"a fox\:nan"),
        ("a city: rain", r"a city\: rain"),
        ("https://a.b/c", r"https\://a.b/c"),
        ("a fox ^ an owl | fog:0.5", "a fox ^ an owl | fog:0.5"),
    ],
)
def test_prompts_are_read_as_generate_py_reads_them(text, ours):
    assert prompt("-p", text) == ours


def test_pictures_and_noise_are_prompts_of_every_scene():
    flags = ("-p", "a fox ^ an owl", "-ip", "a.png:0.5 | C:\\b.jpg", "-nps", "4", "5")
    always = r"a.png:0.5 | C\:\\b.jpg | noise:4 | noise:5"
    assert prompt(*flags) == f"a fox | {always} ^ an owl | {always}"
    assert prompt("-ip", "a.png", "-nps", "4", "-npw", "0.2") == "a.png | noise:4:0.2"


def test_a_story_begins_anew_when_all_scenes_have_had_their_turn():
    assert prompt("-p", "a ^ b", "-cpe", "20", "-i", "100") == "a ^ b ^ a ^ b ^ a"
    assert prompt("-p", "a ^ b ^ c", "-cpe", "50", "-i", "100") == "a ^ b"
    assert options("-p", "a ^ b", "-cpe", "20") == ["--change-every", "20"]


def test_without_a_prompt_a_rodent_is_painted():
    assert prompt() == "A cute, smiling, Nerdy Rodent"


@pytest.mark.parametrize(
    ("flags", "ours"),
    [
        ("", ""),
        (
            "-i 300 -lr 0.2 -cuts 64 -opt AdamW",
            "--steps 300 --lr 0.2 --cutouts 64 --optimizer AdamW",
        ),
        ("--iterations 9 --num_cuts 8 --learn 1", "--steps 9 --lr 1 --cutouts 8"),
        ("-ii cat.jpg -iw 0.5", "--keep 0.5 --init cat.jpg"),
        ("-in pixels", "--init pixels"),
        ("-in pixels -ii cat.jpg", "--init cat.jpg"),
        ("-s 640 480", "--size 640x480"),
        ("-cutm original -cutp 0.5", "--preset crops --set losses.prompts.augment.power=0.5"),
        ("-cutm updated", "--preset updated"),
        ("-cutm nrupdated -aug Et Ro", "--preset nrupdated --augments Et,Ro"),
        ("-cutm updatedpooling -cutp 2", "--preset updated-pooling"),
        ("-aug Er Ji Af Pe", ""),
        ("-aug Ji", "--augments Ji"),
        ("-o a.jpg -cd cpu", "--format jpg --device cpu"),
        ("-vid", "--video output.mp4"),
        ("-vid -o a/b.png -vl 20 -ofps 60", "--video a/b.mp4 --video-length 20 --video-rate 60"),
        ("-d -se 5 -ifps 20 -cd cuda:1", ""),
    ],
)
def test_flags_become_options(flags, ours, monkeypatch):
    assert options("-p", "a fox", *flags.split()) == ours.split()


@pytest.mark.parametrize(
    ("flags", "ours"),
    [
        ("-zvid", "--steps 10 --steps-per-frame 10 --seconds 5 --rate 10 --zoom 0.99"),
        (
            "-zvid -i 1000 -zse 2 -zs 200 -vl 5 -zsc 1.02",
            "--steps 200 --steps-per-frame 2 --seconds 6.683 --rate 60 --zoom 1.02",
        ),
        (
            "-zvid -zsc 1 -zsx 3 -zsy -2 -cpe 100 -zse 8",
            "--steps 8 --seconds 6.2 --rate 10 --shift-x 3 --shift-y -2 --edge wrap "
            "--change-every 12 --fade 0",
        ),
    ],
)
def test_a_zoom_video_becomes_a_film(flags, ours):
    told = own("-p", "a ^ b", "-o", "zoom.png", *flags.split())
    assert told.name == "film" and told.picture is None
    text = " ".join(told.options)
    assert text.startswith(f"--canvas vqgan-clip {ours} --output zoom.mp4 --seed")


def test_a_folder_of_frames_is_restyled():
    told = own("-p", "a watercolour", "-vsd", "frames", "-i", "25", "-opt", "Adagrad", "-lr", "0.2")
    assert told.words()[:3] == ["restyle", "frames", "a watercolour"]
    text = " ".join(told.options)
    assert text.startswith(
        "--canvas vqgan-clip --steps-per-frame 25 --output output.mp4 --lr 0.2 --optimizer Adagrad"
    )


def test_what_has_no_counterpart_gets_a_word():
    told = own("-d", "-se", "5", "-ifps", "20", "-cd", "cuda:1", "-cutm", "updated", "-aug", "Ji")
    for flag in ("-d ", "-se ", "-ifps ", "-cd ", "-aug:"):
        assert sum(remark.startswith(flag) for remark in told.remarks) == 1
    assert len(own().remarks) == 1  # about the models


def test_without_a_seed_a_new_one_is_told():
    first, second = (own().options for _ in range(2))
    assert first[-2] == second[-2] == "--seed" and first != second


def test_installed_models_are_found_by_the_name_of_their_file(somewhere_else):
    install(somewhere_else, "vqgan_imagenet_f16_16384")
    install(somewhere_else, "ViT-B/16")
    told = own("-ckpt", "checkpoints/vqgan_imagenet_f16_16384.ckpt", "-m", "ViT-B/16")
    models = ["--model", "vqgan_imagenet_f16_16384", "--perceptor", "ViT-B/16"]
    assert told.options[:4] == models and not told.remarks


def test_a_checkpoint_that_is_there_is_taken_with_the_yaml_beside_it():
    Path("nets").mkdir()
    for name in ("mine.ckpt", "mine.yaml", "other.yaml"):
        Path("nets", name).touch()
    assert options("-ckpt", "nets/mine.ckpt") == ["--model", "nets/mine.ckpt"]
    assert options("-ckpt", "nets/mine.ckpt", "-conf", "nets/mine.yaml")[0] == "--model"
    with pytest.raises(SpecError, match="import nets/mine.ckpt --config nets/other.yaml"):
        own("-ckpt", "nets/mine.ckpt", "-conf", "nets/other.yaml")
    with pytest.raises(SpecError, match="no file nets/none.yaml"):
        own("-ckpt", "nets/mine.ckpt", "-conf", "nets/none.yaml")


@pytest.mark.parametrize("flags", ["-ckpt nets/none.ckpt", "-m ViT-Z/9"])
def test_a_model_that_nobody_knows_is_refused(flags):
    with pytest.raises(WeightsError, match=r"none\.ckpt|ViT-Z"):
        own(*flags.split())


@pytest.mark.parametrize(
    "flags",
    [
        "-i many",
        "-i 0",
        "-s 64",
        "-s 0 64",
        "-cutm best",
        "-aug Xx",
        "-opt SGD",
        "-cuts 0",
        "-lr nan",
        "-sd -1",
        "-cpe -5",
        "-p a:-inf",
        "-npw nan -nps 1",
        "-zvid -zse 0",
        "-zvid -vl 0",
        "-vsd none",
        "-npw 1",
        "-o a.bmp",
        "-o a",
        "-ii none.png",
        "-in nonsense",
        "-ip none.png",
        "a_word",
        "--wobble 3",
    ],
)
def test_mistakes_are_told_in_one_line_and_nothing_is_painted(flags, capsys):
    assert main(["compat", "vqgan-clip", "-p", "a fox", *QUICK, *flags.split()]) == 2
    out, err = capsys.readouterr()
    assert not out and err.splitlines()[-1].startswith("reverie: ")
    assert len([line for line in err.splitlines() if line.startswith("reverie: ")]) == 1
    assert not list(Path().rglob("*.png"))


def test_an_empty_scene_is_refused():
    for text in ("a ^ ", "a ^ b:0"):
        with pytest.raises(ReverieError, match="-p: "):
            own("-p", text)


def rows(heading):
    """The table under a heading of the page, without its head."""
    part = DOCS.read_text().split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


def test_the_page_has_every_flag_and_no_other():
    flags = [", ".join(f"`{name}`" for name in a.option_strings) for a in parser()._actions[1:]]
    assert [row[0] for row in rows("The flags of generate.py")] == flags


def test_the_page_has_the_defaults():
    told = {row[0].split("`")[1]: row[1] for row in rows("The flags of generate.py")}
    for action in parser()._actions[1:]:
        if action.default not in (None, False, []):
            assert told[action.option_strings[0]] == str(action.default)


def test_every_option_on_the_page_is_one_of_ours():
    groups = (RunOptions, FilmOptions, RestyleOptions)
    known = {field.name for group in groups for field in fields(group)}
    for name in ("vqgan-clip", "vqgan-mse"):
        known |= set(inspect.signature(RECIPES[name]).parameters)
    for row in rows("The flags of generate.py") + rows("The parameters of the notebooks"):
        for option in re.findall(r"`--([\w-]+)", row[-3 if len(row) == 5 else -1]):
            assert option.replace("-", "_") in known, option
