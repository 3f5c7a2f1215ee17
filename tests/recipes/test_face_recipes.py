"""Recipes on a StyleGAN: where faces start, what is the originals', and what cannot be."""

import dataclasses
import json
import re
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from nets import small_stylegans as small
from parity.golden import ROOT
from reverie import image as images
from reverie.augment.cutouts import Cutouts
from reverie.augment.whole import WholeView
from reverie.canvas.averaged import Averaged
from reverie.canvas.progan import ProGAN
from reverie.canvas.stylegan import StyleGAN
from reverie.canvas.stylegan_chosen import ChosenCentres, ChosenSeeds
from reverie.canvas.stylegan_start import LatentFile, MeanLatent, RandomLatent, SeedLatent
from reverie.curve import Ramp
from reverie.device import machine
from reverie.errors import ReverieError, SpecError, WeightsError
from reverie.loss.identity import IdentityPull
from reverie.loss.latent import LatentPull, StylePull
from reverie.optimizer import Adam, AdamW
from reverie.perceptor.clip import Clip
from reverie.protocols import Draws, Moment, parts
from reverie.recipe import Recipe
from reverie.recipes.choosing import KEPT
from reverie.recipes.clip_stylegan import clip_stylegan
from reverie.recipes.faces import POCKET
from reverie.recipes.paint import best_recipe
from reverie.recipes.saved import reworded, varied
from reverie.recipes.styleclip import styleclip
from reverie.recipes.stylegan3_clip import stylegan3_clip
from reverie.run import Run
from reverie.spec import from_json, to_json
from reverie.weights import store

CPU = machine("cpu", "fp32")
CLIP = str(ROOT / "clip-vit" / "weights.safetensors")
ALL = (clip_stylegan, styleclip, stylegan3_clip)
MADE = {
    "two": small.stylegan2,
    "classes": lambda: small.stylegan2(c_dim=4),
    "three": small.stylegan3,
    "progan": small.progan,
}


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> dict[str, str]:
    home = tmp_path_factory.mktemp("models")
    for name, make in MADE.items():
        (home / name).mkdir()
        tensors, config = make()
        for key in tensors:
            if re.search(r"torgb\.(weight|bias)|toRGB|L6_\d+_3\.(weight|bias)", key):
                tensors[key] = tensors[key] / 10  # colours mostly within 0..1
        file = home / name / "model.safetensors"
        save_file({k: v.contiguous() for k, v in tensors.items()}, file)
        (home / name / "config.json").write_text(json.dumps(config))
    return {name: str(home / name) for name in MADE}


@pytest.fixture(autouse=True)
def nothing_installed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REVERIE_HOME", str(tmp_path / "home"))


@pytest.fixture
def quick(models) -> dict[str, Any]:
    return {"model": models["two"], "perceptor": "pocket-clip", "steps": 3, "cutouts": 2}


def last(recipe: Recipe) -> Any:
    """The canvas of the last stage."""
    canvas = recipe.stages[-1].canvas
    return canvas.canvas if isinstance(canvas, Averaged) else canvas


def losses_of(recipe: Recipe, *starts: Any) -> list[float]:
    """The loss on words of the face of each start, in the views that a choice is made in."""
    words, found = recipe.stages[-1].losses["prompts"], []
    for start in starts:
        canvas = dataclasses.replace(last(recipe), start=start).build(CPU, (0,))
        loss = words.build(canvas, CPU)
        moment = Moment(0, 0.0, Draws((0,), 0, "choice"))
        with torch.no_grad():
            found.append(float(sum(parts(loss(canvas(), moment)))))
    return found


@pytest.mark.parametrize("init, kind", [("best:11", ChosenSeeds), ("centres:11", ChosenCentres)])
def test_the_start_that_is_chosen_is_nearest_to_the_words(quick, init, kind, monkeypatch):
    monkeypatch.setattr("reverie.recipes.choosing.machine", lambda: CPU)
    made = clip_stylegan("a red apple", init=init, preset="scene", **quick)
    start = last(made).start
    assert isinstance(start, kind) and start.among == 11
    chosen = start.seeds if kind is ChosenSeeds else start.centres
    assert len(chosen) == KEPT
    name = "seeds" if kind is ChosenSeeds else "centres"
    each = losses_of(made, *(dataclasses.replace(start, **{name: (i,)}) for i in range(11)))
    assert list(chosen) == sorted(range(11), key=each.__getitem__)[:KEPT]
    assert from_json(to_json(made), Recipe) == made


def test_what_pushes_away_counts_in_the_choice(quick):
    towards = last(clip_stylegan("a red apple", init="best:6", **quick)).start.seeds
    away = last(clip_stylegan("a red apple:-1", init="best:6", **quick)).start.seeds
    assert towards[0] != away[0] and not {*towards[:2]} & {*away[:2]}


@pytest.mark.parametrize("recipe", ALL)
def test_starts_are_read(recipe, quick, tmp_path):
    np.save(tmp_path / "w.npy", np.zeros((2, 10), np.float32))
    starts = {
        "mean": MeanLatent(),
        "random": RandomLatent(truncation=0.7),
        "seed:12": SeedLatent(seed=12, truncation=0.7),
        "w.npy#1": LatentFile(path="w.npy", number=1),
    }
    for init, want in starts.items():
        assert last(recipe("a fox", init=init, **quick)).start == want
    wide = recipe("a fox", init="random", truncation=1.0, **quick)
    assert last(wide).start == RandomLatent(truncation=1.0)


@pytest.mark.parametrize("recipe", ALL)
@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"init": "beast:32"}, "init: 'beast:32' is not guess, mean, random, seed:7, best:32"),
        ({"init": ""}, "init: '' is not guess, mean"),
        ({"init": "nobody.npy"}, "'nobody.npy' is not guess, mean.*a file of latents"),
        ({"init": "nobody.png"}, "nobody.png"),
        ({"init": "best:0"}, "among: got 0; 1 to 1024"),
        ({"init": "best:1025"}, "among: got 1025"),
        ({"init": "seed:4294967296"}, "NVIDIA's noise takes 0 to"),
        ({"init": "mean", "truncation": 0.5}, "truncation: is of seeds, and mean is none"),
        ({"init": "random", "truncation": float("nan")}, "truncation: got nan"),
        ({"steps": 0}, "steps must be 1 or more"),
        ({"cutouts": 0}, "count"),
        ({"preset": "styleclip"}, "cutouts: got 2; styleclip shows the whole face, once"),
        ({"preset": "stylclip"}, "preset"),
        ({"reach": 0.0}, "reach: got 0.0; it is above 0"),
        ({"colours": True, "space": "w"}, "colours: space w moves them already"),
        ({"size": (0, 32)}, "size"),
        ({"label": 2}, "label: got 2, and this network has no classes"),
        ({"model": "nowhere"}, "there is no model 'nowhere'"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(recipe, quick, tmp_path, wrong, message):
    with pytest.raises(ReverieError, match=message) as caught:
        made = from_json(to_json(recipe("a fox", **{"init": "random", **quick, **wrong})), Recipe)
        next(Run.start(made, tmp_path / "run", CPU).frames())
    assert "\n" not in str(caught.value)


def test_a_network_with_classes_wants_one(models, quick):
    classes = quick | {"model": models["classes"]}
    with pytest.raises(SpecError, match="label: got none; this network draws classes 0 to 3"):
        clip_stylegan("a fox", init="best:2", **classes)
    assert last(clip_stylegan("a fox", init="best:2", label=3, **classes)).label == 3


def test_the_loop_of_the_article_is_that_of_the_article(models):
    made = clip_stylegan("a fox", model=models["two"], perceptor=CLIP, init="best:5")
    (stage,) = made.stages
    assert (last(made).space, stage.steps, stage.optimizer) == ("w", 200, Adam(lr=0.02))
    words = stage.losses["prompts"]
    assert (words.augment, words.distance) == (WholeView(), "cosine")
    assert set(stage.losses) == {"prompts"}
    assert last(clip_stylegan("a fox", model=models["two"], perceptor=CLIP)).start.among == 32


def test_a_free_face_of_styleclip_begins_at_the_mean_and_nothing_holds_it(models):
    (stage,) = styleclip("a fox", model=models["two"], perceptor=CLIP).stages
    assert stage.canvas == StyleGAN(model=models["two"])
    assert (stage.steps, stage.optimizer) == (300, Adam(lr=Ramp(value=0.1)))
    assert set(stage.losses) == {"prompts"}
    words = stage.losses["prompts"]
    assert (words.augment, words.distance) == (WholeView(), "cosine")
    assert words.perceptors == (Clip(weights=CLIP),)
    free = styleclip("a fox", model=models["two"], perceptor=CLIP, init="seed:3", mode="free")
    assert set(free.stages[0].losses) == {"prompts"}


def test_an_edit_of_styleclip_is_held_to_where_it_starts(models):
    real = {"model": models["two"], "perceptor": CLIP}
    edit = styleclip("a fox", mode="edit", **real)
    assert last(edit).start == RandomLatent(truncation=0.7)
    assert edit.stages[0].losses["keep"] == StylePull(weight=0.008)
    other = styleclip("a fox", init="seed:3", keep=0.005, identity=0.1, **real).stages[0].losses
    assert (other["keep"], other["identity"]) == (StylePull(weight=0.005), IdentityPull(weight=0.1))
    assert "keep" not in styleclip("a fox", init="seed:3", keep=0, **real).stages[0].losses
    for wrong in ({"keep": 0.1}, {"identity": 0.1, "init": "mean"}):
        with pytest.raises(SpecError, match="holds an edit to its face; say which"):
            styleclip("a fox", **real, **wrong)


def test_an_identity_needs_arcface(quick, tmp_path):
    made = styleclip("a fox", init="seed:3", identity=0.1, **quick)
    with pytest.raises(WeightsError, match="arcface"):
        Run.start(made, tmp_path / "run", CPU)


def test_faithful_shows_clip_what_styleclip_shows_it(models, quick):
    made = styleclip("a fox", model=models["two"], perceptor=CLIP, faithful=True)
    assert made.stages[0].losses["prompts"].perceptors == (Clip(weights=CLIP, raw=True),)
    with pytest.raises(SpecError, match="faithful: is of CLIPs, and pocket-clip is none"):
        styleclip("a fox", faithful=True, **quick)


def test_stylegan3_clip_is_the_notebook(models):
    made = stylegan3_clip("a fox", model=models["three"], perceptor=CLIP)
    (stage,) = made.stages
    assert stage.canvas.decay == 0.9 and last(made).space == "w+"
    assert last(made).start.among == 32 and last(made).start.truncation == 0.7
    want = AdamW(lr=0.03, betas=(0.0, 0.999), weight_decay=0.01)
    assert (stage.steps, stage.optimizer) == (300, want)
    words = stage.losses["prompts"]
    assert (words.augment.count, words.augment.preset) == (32, "stylegan3-clip")
    assert words.distance == "spherical"
    plain = stylegan3_clip("a fox", model=models["three"], perceptor=CLIP, init="mean", average=0)
    assert isinstance(plain.stages[0].canvas, StyleGAN)


def test_more_views_than_one_are_cutouts(models):
    real = {"model": models["two"], "perceptor": CLIP, "init": "mean"}
    for recipe in (clip_stylegan, styleclip):
        cut = recipe("a fox", cutouts=8, **real).stages[0].losses["prompts"].augment
        assert cut == Cutouts(count=8, preset="stylegan3-clip")
        whole = recipe("a fox", preset="styleclip", **real).stages[0].losses["prompts"].augment
        assert whole == WholeView()


@pytest.mark.parametrize("recipe", ALL)
def test_where_the_pocket_models_paint_alone_they_are_painted_with_as_suits_them(recipe):
    known = {"init": "mean", "size": (64, 64), "model": POCKET}
    alone = recipe("a fox", perceptor="pocket-clip", **known).stages[0]
    seen = recipe("a fox", perceptor=CLIP, **known).stages[0]
    assert alone.steps < seen.steps and isinstance(alone.losses["prompts"].augment, Cutouts)
    assert alone.losses["prompts"].augment.preset != "stylegan3-clip"
    assert set(seen.losses) == {"prompts"} and len(alone.losses) == 2  # and something holds it


def test_a_progan_begins_at_random_noise_and_says_what_it_has_not(models, quick, tmp_path):
    noisy = quick | {"model": models["progan"]}
    made = clip_stylegan("a fox", **noisy)
    assert made.stages[0].canvas == ProGAN(model=models["progan"])
    assert list(Run.start(made, tmp_path / "run", CPU).frames())
    assert clip_stylegan("a fox", size=(40, 32), **noisy).stages[0].canvas.size == (40, 32)
    for name, value in {
        "space": "w+", "init": "best:4", "truncation": 0.5, "keep": 0.5, "hold": 0.1, "reach": 2.0,
        "noise": "none", "colours": True, "label": 0,
    }.items():  # fmt: skip
        with pytest.raises(
            SpecError, match=re.escape(f"{name}: got {value!r}, and {models['progan']} is a ProGAN")
        ):
            clip_stylegan("a fox", **noisy, **{name: value})


def test_latents_are_held_to_the_mean_where_it_is_asked_for(quick):
    for recipe in ALL:
        held = recipe("a fox", init="mean", hold=0.5, **quick).stages[0].losses["hold"]
        assert held == LatentPull(weight=0.5, towards="zero")


@pytest.fixture
def face(models) -> str:
    canvas = StyleGAN(model=models["two"], start=SeedLatent(seed=5)).build(CPU, (0,))
    images.save(canvas().detach(), images.Path("face.png"), None)
    return "face.png"


@pytest.mark.parametrize("space", ["w", "w+", "s"])
def test_an_edit_of_a_picture_goes_on_with_the_latents_that_were_found(
    quick, face, tmp_path, space
):
    made = styleclip("a fox", init=face, space=space, **quick)
    quickly = tuple(dataclasses.replace(stage, steps=3) for stage in made.stages)
    names = ["find", "refine", "face"] if space != "w" else ["find", "face"]
    assert [stage.name for stage in made.stages] == names
    run = Run.start(dataclasses.replace(made, stages=quickly), tmp_path / "run", CPU)
    seen = {(p.stage, p.frame.step): p.frame for p in run.frames()}
    end = len(names) - 1
    torch.testing.assert_close(seen[end, 0].image, seen[end - 1, 3].image, rtol=0, atol=2e-5)
    assert seen[end, 0].losses["keep"] == 0 and seen[end, 3].losses["keep"] > 0


def test_a_picture_with_latents_beside_it_needs_no_search(quick, tmp_path):
    first = Run.start(clip_stylegan("a fox", init="random", **quick), tmp_path / "one", CPU)
    shown = list(first.frames())[-1].frame.image
    made = styleclip("an owl", init=str(first.pictures[0]), **quick)
    assert last(made).start == LatentFile(path=str(first.pictures[0].with_suffix(".safetensors")))
    begun = next(Run.start(made, tmp_path / "two", CPU).frames()).frame.image
    torch.testing.assert_close(begun, shown, rtol=0, atol=1e-5)


@pytest.mark.parametrize("recipe", ALL)
def test_every_picture_of_a_batch_is_that_of_its_seed(recipe, quick, tmp_path):
    made = recipe("a fox", init="best:6", **quick)
    both = dataclasses.replace(made, seed=3, count=2)
    *_, two = Run.start(both, tmp_path / "both", CPU).frames()
    *_, one = Run.start(dataclasses.replace(made, seed=4), tmp_path / "one", CPU).frames()
    assert (two.frame.image[1] - one.frame.image[0]).abs().max() < 1e-3
    assert (two.frame.image[0] - one.frame.image[0]).abs().max() > 0.01


def test_other_words_choose_another_start(quick):
    made = stylegan3_clip("a red apple", init="best:6", **quick)
    other = reworded(made, "a red apple:-1")
    assert last(other) == last(stylegan3_clip("a red apple:-1", init="best:6", **quick))
    assert isinstance(other.stages[0].canvas, Averaged) and last(other) != last(made)
    random = clip_stylegan("a fox", init="random", **quick)
    assert last(reworded(random, "an owl")) == last(random)


def test_a_saved_recipe_takes_other_options(quick, models):
    made = clip_stylegan("a fox", init="best:4", **quick)
    more = varied(made, space="w+", reach=2.0, noise="none", hold=0.2, steps=9, init="seed:3")
    assert last(more) == StyleGAN(
        model=models["two"],
        space="w+",
        reach=2.0,
        noise="none",
        start=SeedLatent(seed=3, truncation=0.7),
    )
    assert more.stages[0].losses["hold"] == LatentPull(weight=0.2, towards="zero")
    assert more.stages[0].steps == 9
    assert last(varied(made, truncation=0.2)).start.truncation == 0.2
    other = varied(made, model=models["three"])
    assert last(other) == last(clip_stylegan("a fox", init="best:4", **quick | other_model(other)))
    assert last(varied(made, init="best:5")).start.among == 5


def other_model(recipe: Recipe) -> dict[str, Any]:
    return {"model": last(recipe).model, "size": last(recipe).size}


def test_paint_takes_a_stylegan_where_it_is_asked_for(models, tmp_path):
    assert best_recipe({}) == "scene"
    assert best_recipe({"model": "pocket-vqgan"}) == "vqgan-clip"
    assert best_recipe({"model": POCKET}) == best_recipe({"truncation": 0.5}) == "clip-stylegan"
    assert best_recipe({"faithful": True}) == "styleclip"
    file = images.Path(models["two"]) / "model.safetensors"
    store.add(file, "mine", file.with_name("config.json"))
    assert best_recipe({"model": "mine", "steps": 3}) == "clip-stylegan"
    assert last(clip_stylegan("a fox", init="mean")).model == "mine"
    assert last(stylegan3_clip("a fox", init="mean")).model == "mine"
