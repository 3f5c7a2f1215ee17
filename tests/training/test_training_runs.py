"""A run that was stopped and goes on equals one that was not, and what is shipped can be read."""

import json
import shlex
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Generator, Tensor, nn

from reverie.nets import pocket_biggan
from reverie.nets.biggan import BigGANDeep
from reverie.nets.pocket_vqgan import SIZES, PocketVQGAN, on_sphere
from reverie.weights import pocket as package
from training import captions, clip, generator, loop, page, pocket, ship, vqgan
from training.backgrounds import KINDS
from training.pocket import TrainingWords, words_for
from training.scenes import Composer, Shares
from training.sprites import Sprites

README = Path(pocket.__file__).with_name("README.md")
EVERY = loop.Every(told=1, kept=2)
CPU = torch.device("cpu")
STEPS = 4
KEPT = ("critic", "counts", "sums")  # of a VQGAN's training, beside its weights


@pytest.fixture(autouse=True)
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Runs and shipped models of their own, and the caller's random state as it was."""
    monkeypatch.setattr(pocket, "RUNS", tmp_path / "runs")
    monkeypatch.setattr(pocket, "SHIPPED", tmp_path / "shipped")
    with torch.random.fork_rng():
        yield


@pytest.fixture(scope="module")
def words(toys: Sprites) -> TrainingWords:
    return words_for("clip", captions.vocabulary(toys.concepts))


class Stopped(Exception):
    pass


class Clip:
    """A small phase of the perceptor's training."""

    def __init__(self, toys: Sprites, model: str = "clip"):
        self.phase = clip.Phase(model, STEPS, 32, 8, 1e-3, 1e-4, 1.0, 5)
        self.composer = Composer(toys, size=32, shares=Shares(portrait=0))
        self.toys, self.words = toys, words_for(model, captions.vocabulary(toys.concepts))

    def learner(self) -> clip.Learner:
        return clip.Learner(self.phase, len(self.toys.concepts), self.words, self.toys, CPU)

    def make(self, step: int) -> clip.Lesson:
        return clip.lesson(self.composer, self.words, self.phase, step)


class Generating:
    """A small phase of the generator's training."""

    def __init__(self, toys: Sprites):
        self.toys = toys

    def learner(self) -> generator.Learner:
        return generator.Learner(self.toys, 32, loop.Rate(1e-3, 1e-4, 2, STEPS), seed=5)

    def make(self, step: int) -> generator.Lesson:
        return generator.lesson(self.toys, 9, 32, seed=5, step=step)


class Keeping:
    """A small phase of the training of the VQGAN."""

    def __init__(self, toys: Sprites):
        self.composer = Composer(toys, size=48, shares=Shares(portrait=0))

    def learner(self) -> vqgan.Learner:
        rate = loop.Rate(1e-3, 1e-4, 2, STEPS)
        return vqgan.Learner(rate, self.make(99), seed=5, adversary=0.3, damage=0.2)

    def make(self, step: int) -> Tensor:
        return vqgan.crops(self.composer, 6, 32, seed=5, step=step)


Phase = Clip | Generating | Keeping


def run(kind: Phase, folder: Path, *, stop: int | None = None) -> dict[str, Any]:
    """Train to the end, or until step `stop` is to be made; gives the state that was kept."""
    folder.mkdir(parents=True, exist_ok=True)
    learner: loop.Learner[Any] = kind.learner()
    loop.resume(learner, folder, CPU)

    def make(step: int) -> Any:
        if step == stop:
            raise Stopped
        return kind.make(step)

    with suppress(Stopped):
        loop.train(learner, make, folder, steps=STEPS, batch=8, every=EVERY)
    return torch.load(folder / "state.pt", weights_only=True)


def equal(one: Any, other: Any) -> bool:
    if isinstance(one, Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(equal, one, other))
    return one == other


@pytest.mark.parametrize("kind", [Clip, Generating, Keeping])
def test_a_run_that_was_stopped_and_goes_on_equals_one_that_was_not(
    kind: type[Phase], toys: Sprites, tmp_path: Path
):
    phase = kind(toys)
    whole = run(phase, tmp_path / "whole")
    stopped = run(phase, tmp_path / "parts", stop=3)
    assert (whole["step"], stopped["step"]) == (STEPS, 2)
    assert not equal(whole, stopped)
    assert equal(whole, run(phase, tmp_path / "parts"))
    log = (tmp_path / "parts/log.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in log] == [1, 2, 3, 3, 4]


def test_learning_makes_a_lesson_easier(toys: Sprites):
    phases: list[Any] = [Clip(toys, "judge"), Generating(toys), Keeping(toys)]
    for phase in phases:
        learner, given = phase.learner(), phase.make(0)
        losses = []
        for _ in range(8):
            told = learner.learn(given)
            named = (told.get(name) for name in ("loss", "contrast", "distance"))
            losses.append(next(loss for loss in named if loss is not None))
            learner.step = 1  # the rate stays high
        assert losses[-1] < losses[0]


def test_the_rate_rises_and_then_falls_to_its_end():
    rate = loop.Rate(high=1.0, end=0.1, warm=10, steps=100)
    rates = [rate(step) for step in range(101)]
    assert rates[0] == pytest.approx(0.1) and max(rates) == rates[9] > 0.95
    assert rates[:10] == sorted(rates[:10]) and rates[9:] == sorted(rates[9:], reverse=True)
    assert rates[100] == pytest.approx(0.1)


def test_the_mean_follows_the_weights_ever_more_slowly():
    net, mean = (nn.BatchNorm1d(2) for _ in range(2))
    net.running_mean += 3  # type: ignore[operator]
    nn.init.constant_(net.weight, 2.0)
    moved = []
    for step in (0, 100, 10_000):
        nn.init.constant_(mean.weight, 1.0)
        loop.follow(mean, net, step)
        moved.append(float(mean.weight[0].detach()) - 1)
    assert moved == pytest.approx([0.95, 19 / 120, 0.002], rel=1e-3)
    assert torch.equal(mean.running_mean, net.running_mean)  # type: ignore[arg-type]


def test_lessons_come_in_order_and_one_ahead():
    made: list[int] = []

    def make(step: int) -> int:
        made.append(step)
        return step

    coming = loop.ahead(make, 3, 6)
    assert next(coming) == 3
    assert list(coming) == [4, 5]
    assert made == [3, 4, 5, 6]


def test_a_hidden_word_is_read_by_its_spelling(words: TrainingWords):
    rows, pieces = words.encode([f"a cat and {words.vocabulary[0]}", "a xyzzy ball"] * 300)
    changed, spelt = clip.hide(words, rows, pieces, Generator().manual_seed(0))
    hidden = changed != rows
    assert 0.04 < hidden[rows > 1].float().mean() < 0.08
    assert (changed[hidden] == 1).all()
    assert set(rows[hidden].tolist()) == set(rows[rows > 1].tolist())  # any known word
    assert torch.equal(spelt[~hidden], pieces[~hidden])
    assert torch.equal(spelt[hidden], words.spelling()[rows[hidden]])
    fewer = words_for("clip", [word for word in words.vocabulary if word != "cat"])
    assert torch.equal(
        words.spelling()[words.encode(["cat"])[0][0, 0]], fewer.encode(["cat"])[1][0, 0]
    )


def kept(words: TrainingWords, model: str = "clip") -> dict[str, Tensor]:
    """A run with an untrained model; gives its weights."""
    net = pocket.build(model, pocket.sizes_of(model, len(words)))
    state = {"mean": net.state_dict(), "heads": {}}
    write("first", state, words.vocabulary)
    return net.state_dict()


def write(name: str, state: dict[str, Any], vocabulary: list[str]) -> None:
    folder = pocket.RUNS / name
    folder.mkdir(parents=True)
    pocket.keep(folder / "state.pt", state)
    (folder / "words.json").write_text(json.dumps(vocabulary))
    (folder / "phase.json").write_text(json.dumps({"size": 48}))


def test_words_keep_their_meaning_when_the_vocabulary_changes():
    state = kept(words_for("clip", ["ant", "bee", "cow"]))
    words = words_for("clip", ["bee", "cow", "dog"])
    moved, _ = pocket.load("clip", "first", words)
    row = {word: at for at, word in enumerate(words.vocabulary, 2)}
    old, new = state["text.words.weight"], moved["text.words.weight"]
    assert len(new) == len(words)
    assert torch.equal(new[row["bee"]], old[3]) and torch.equal(new[row["cow"]], old[4])
    assert torch.equal(new[:2], old[:2])
    assert any(torch.equal(new[row["dog"]], before) for before in old[2:])


@pytest.mark.parametrize("model", ["clip", "judge"])
def test_a_shipped_perceptor_reads_back_as_what_was_shipped(
    model: str, monkeypatch: pytest.MonkeyPatch
):
    words = words_for(model, ["ant", "bee", "cow"])
    state = kept(words, model)
    path = ship.ship(model, "first")
    assert path.stat().st_mode & 0o777 == 0o644
    monkeypatch.setattr(package, "FOLDER", path.parent)
    read = package.read.__wrapped__(f"pocket-{model}")
    about = {"words": words.vocabulary, "buckets": words.buckets, "length": words.length}
    assert read.about == about | {"size": 48}
    floats = {name: to for name, to in state.items() if not name.endswith("num_batches_tracked")}
    assert equal(read.tensors, {name: to.half().float() for name, to in floats.items()})
    again, heads = pocket.load(model, "shipped", words)
    assert heads is None
    net = pocket.build(model, pocket.sizes_of(model, len(words)))
    net.load_state_dict(again)
    assert equal({name: again[name] for name in floats}, read.tensors)


def test_a_shipped_generator_tells_its_classes(toys: Sprites, monkeypatch: pytest.MonkeyPatch):
    state = Generating(toys).learner().net.state_dict()
    write("drawing", {"mean": state}, [])
    monkeypatch.setattr(ship, "concepts", lambda data: toys.concepts)
    monkeypatch.setattr(package, "FOLDER", ship.ship("biggan", "drawing").parent)
    read = package.read.__wrapped__("pocket-biggan")
    assert read.about["classes"] == [thing.name for thing in toys.concepts]
    assert read.about["places"] == list(KINDS)
    layers = pocket_biggan.SIZES["layers"][: read.about["blocks"]]
    classes = len(toys.concepts) + len(KINDS)
    net = BigGANDeep(**{**pocket_biggan.SIZES, "layers": layers}, num_classes=classes)
    net.load_state_dict(read.tensors)


def test_a_shipped_vqgan_reads_back_as_what_was_shipped(
    toys: Sprites, monkeypatch: pytest.MonkeyPatch
):
    net = Keeping(toys).learner().net
    write("keeping", {"mean": net.state_dict()}, [])
    monkeypatch.setattr(package, "FOLDER", ship.ship("vqgan", "keeping").parent)
    read = package.read.__wrapped__("pocket-vqgan")
    assert read.about["scale"] == 8
    halves = {name: to.half().float() for name, to in net.state_dict().items()}
    assert equal(PocketVQGAN.frozen(read.about["sizes"], read.tensors).state_dict(), halves)


def test_codes_go_to_what_chose_them_and_unused_ones_to_what_there_is():
    net = PocketVQGAN(**{**SIZES, "codes": 5, "dim": 2})
    codes = vqgan.Codes(net.codebook)
    latents = on_sphere(torch.tensor([[1.0, 0.1], [1.0, -0.1], [-1.0, 0.1]]))
    for step in range(400):
        draws = Generator().manual_seed(step)
        codes.follow(latents, torch.tensor([0, 0, 3]), draws)
    wanted = on_sphere(torch.tensor([[1.0, 0.0], [-1.0, 0.1]]))
    torch.testing.assert_close(net.codebook[[0, 3]], wanted, rtol=0, atol=0.01)
    assert (net.codebook[[1, 2, 4], None] - latents).norm(dim=2).amin(1).max() < 1e-4
    torch.testing.assert_close(codes.counts[[0, 3]], torch.tensor([2.0, 1.0]), rtol=0.05, atol=0)


def test_the_given_share_of_codes_is_swapped_and_teaches_nothing():
    book = torch.randn(50, 3, generator=Generator().manual_seed(1))
    rows = torch.full((200, 3, 8, 8), 9.0, requires_grad=True)
    hurt = vqgan.damaged(rows, book, 0.4, Generator().manual_seed(2))
    swapped = (hurt != 9).any(1)
    shares = swapped.float().mean((1, 2))
    assert 0.17 < shares.mean() < 0.23 and shares.max() < 0.6 and shares.min() < 0.03
    assert (hurt.permute(0, 2, 3, 1)[swapped][:, None] == book).all(2).any(1).all()
    hurt.sum().backward()
    assert rows.grad is not None and torch.equal(rows.grad[:, 0] == 0, swapped)


def test_a_vqgan_begins_with_the_running_mean_and_the_critic_of_another_run(toys: Sprites):
    phase = Keeping(toys)
    first, second = phase.learner(), phase.learner()
    for step in range(2):
        first.learn(phase.make(step))
    state = first.state()
    second.warm(state)
    begun = second.state()
    assert equal([begun[name] for name in ("net", "mean")], [state["mean"]] * 2)
    assert equal([begun[name] for name in KEPT], [state[name] for name in KEPT])
    assert begun["step"] == 0 and not equal(state["net"], state["mean"])


def test_crops_are_pieces_of_the_scenes_of_their_step(toys: Sprites):
    composer = Composer(toys, size=48, shares=Shares(portrait=0))
    crops, again = (vqgan.crops(composer, 4, 32, seed=5, step=1) for _ in "ab")
    assert torch.equal(crops, again) and crops.shape == (4, 3, 32, 32)
    scenes = composer.unworn(2, seed=5, step=1)
    for row, crop in enumerate(crops):
        pieces = scenes[row // 2].unfold(1, 32, 1).unfold(2, 32, 1).permute(1, 2, 0, 3, 4)
        assert (pieces == crop).flatten(2).all(2).any()


def test_weights_that_do_not_fit_are_not_shipped():
    words = words_for("clip", ["ant"])
    kept(words)
    before = ship.ship("clip", "first").read_bytes()
    state = torch.load(pocket.RUNS / "first/state.pt")
    state["mean"]["text.out.weight"][0, 0] = 1e6
    write("broken", state, words.vocabulary)
    with pytest.raises(ValueError, match=r"do not fit fp16: text\.out\.weight"):
        ship.ship("clip", "broken")
    assert (pocket.SHIPPED / "clip.safetensors").read_bytes() == before


def test_a_generator_begins_with_the_blocks_of_a_smaller_one(toys: Sprites):
    small = Generating(toys).learner()
    large = generator.Learner(toys, 64, small.rate, seed=6)
    large.warm(small.net.state_dict())
    fresh = generator.Learner(toys, 64, small.rate, seed=6).net.state_dict()
    begun, known = large.net.state_dict(), small.net.state_dict()
    for name, tensor in begun.items():
        fits = name in known and known[name].shape == tensor.shape
        assert torch.equal(tensor, known[name] if fits else fresh[name]), name
    assert equal(begun, large.mean.state_dict())
    assert any(name not in known or known[name].shape != begun[name].shape for name in begun)


def test_things_that_look_alike_begin_as_neighbours(toys: Sprites):
    twice = Sprites(
        toys.concepts * 2, toys.styles, torch.cat([toys.pictures] * 2), torch.cat([toys.here] * 2)
    )
    count = len(twice.concepts)
    vectors = generator.first_embeddings(twice, torch.zeros(8, count + len(KINDS))).T
    assert vectors.shape == (count + len(KINDS), 8)
    far = torch.cdist(vectors[:count], vectors[:count]).fill_diagonal_(9.0)
    assert far.argmin(1).tolist() == [(at + 6) % 12 for at in range(count)]


def test_a_lesson_is_a_function_of_seed_and_step(toys: Sprites):
    one, again = (generator.lesson(toys, 18, 32, seed=1, step=2) for _ in "ab")
    other = generator.lesson(toys, 18, 32, seed=1, step=3)
    assert equal(vars(one), vars(again)) and not equal(vars(one), vars(other))


def test_a_lesson_asks_for_what_it_shows(toys: Sprites):
    given = generator.lesson(toys, 54, 32, seed=1, step=0)
    things = given.classes < len(toys.concepts)
    assert given.pictures.shape[1:] == (4, 32, 32)
    assert (given.pictures[~things, 3] == 1).all()  # a place is everywhere
    undyed = things & (given.z[:, pocket_biggan.DYE] == 0).all(1)
    style = given.z[:, pocket_biggan.STYLE].argmax(1)
    shown = toys.pictures[given.classes[undyed], style[undyed]].float() / 255
    assert undyed.any() and torch.equal(given.pictures[undyed], shown)


def test_the_noise_tells_the_colour_that_a_thing_was_dyed_in(toys: Sprites):
    told = []
    for step in range(12):
        given = generator.lesson(toys, 9, 32, seed=1, step=step)
        things = given.classes < len(toys.concepts)
        dyed = things & (given.z[:, pocket_biggan.DYE.start] == 1)
        said = (given.z[dyed][:, pocket_biggan.DYE][:, 1:] + 1) / 2
        rgb, alpha = given.pictures[dyed].split((3, 1), 1)
        seen = rgb.sum((2, 3)) / alpha.sum((2, 3))
        told += (seen - said).abs().amax(1).tolist()
    assert 5 < len(told) < 30 and max(told) < 0.25


def test_the_page_shows_the_log_and_what_was_learnt(tmp_path: Path):
    rows = [{"step": 1, "loss": 2.0}, {"step": 2, "loss": 1.0, "top1": 0.5}]
    (tmp_path / "log.jsonl").write_text("\n".join(map(json.dumps, rows)))
    page.write(tmp_path, torch.rand(3, 3, 8, 8, generator=Generator()), ["a < b", "c", "d"])
    text = (tmp_path / "page.html").read_text()
    assert "loss: 1 (least 1, most 2)" in text and "top1: 0.5" in text
    assert "a &lt; b" in text and text.count("<img") == 3


def commands() -> list[list[str]]:
    lines = README.read_text().replace("\\\n", " ").splitlines()
    return [shlex.split(line) for line in lines if line.strip().startswith("python -m training.")]


@pytest.mark.parametrize("module", [clip, generator, vqgan])
def test_the_commands_in_the_readme_are_understood(module, monkeypatch: pytest.MonkeyPatch):
    mine = [words for words in commands() if words[2] == module.__name__]
    assert mine
    for words in mine:
        monkeypatch.setattr(sys, "argv", words[2:])
        options = module._options()
        assert options.run and options.steps and options.size
