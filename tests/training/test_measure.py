"""The measures of pocket perceptors measure what they say."""

import math
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training import card, measure
from training.colours import NAMES, palette
from training.concepts import Concept, concepts
from training.face_trials import IN_WORDS, JUDGED, PAIRED, faces, said
from training.pocket import DATA
from training.portraits import ATTRIBUTES
from training.scenes import Composer
from training.sprites import Sprites
from training.trials import SWAPS, Trials, alone_in_places, composites, swaps

CARD = Path(__file__).parents[2] / "docs/pocket.md"
THINGS = ("apple", "plum", "bee", "cat", "dog", "house", "hat", "key")
WAYS = {"above or below": 0, "left or right": 1}


class Texts:
    """A tokenizer that numbers whole texts."""

    def __init__(self):
        self.known: list[str] = []

    def encode(self, texts: list[str]) -> tuple[Tensor]:
        self.known += [text for text in dict.fromkeys(texts) if text not in self.known]
        return (torch.tensor([self.known.index(text) for text in texts]),)


class Perceptor(nn.Module):
    """Made up: each kind says what it sees in pictures and reads in texts."""

    def __init__(self, words: Texts):
        super().__init__()
        self.words = words
        self.somewhere = nn.Parameter(torch.zeros(()), requires_grad=False)

    def encode_text(self, rows: Tensor) -> Tensor:
        return torch.stack([self.reads(self.words.known[row]) for row in rows.tolist()])

    def reads(self, text: str) -> Tensor:
        raise NotImplementedError


class Oracle(Perceptor):
    """Knows each of those pictures by its caption, and no other."""

    def __init__(self, words: Texts, pictures: Tensor, captions: list[str]):
        super().__init__(words)
        self.pictures, self.names = pictures, sorted(set(captions))
        self.own = torch.tensor([self.names.index(caption) for caption in captions])

    def encode_image(self, pictures: Tensor) -> Tensor:
        at = torch.cdist(pictures.flatten(1), self.pictures.flatten(1)).argmin(1)
        return F.one_hot(self.own[at], len(self.names)).float()

    def reads(self, text: str) -> Tensor:
        return torch.tensor([float(text == name) for name in self.names])


class Constant(Perceptor):
    """Sees and reads the same in everything."""

    def encode_image(self, pictures: Tensor) -> Tensor:
        return torch.full((len(pictures), 4), 0.5)

    def reads(self, text: str) -> Tensor:
        return torch.full((4,), 0.5)


class Corners(Perceptor):
    """Sees the colour of the corners, reads the names of colours, and nothing else."""

    def encode_image(self, pictures: Tensor) -> Tensor:
        mean = pictures[:, :, [0, 0, -1, -1], [0, -1, 0, -1]].mean(2)
        return F.one_hot(torch.cdist(mean, palette()).argmin(1), len(NAMES)).float()

    def reads(self, text: str) -> Tensor:
        return torch.tensor([float(name in text.split()) for name in NAMES])


class Linear(Perceptor):
    """Sees weighted sums of pixels."""

    def __init__(self, words: Texts, weights: Tensor):
        super().__init__(words)
        self.weights = weights

    def encode_image(self, pictures: Tensor) -> Tensor:
        return torch.einsum("nchw,kchw->nk", pictures, self.weights)

    def reads(self, text: str) -> Tensor:
        return torch.ones(len(self.weights))


@pytest.fixture(scope="module")
def drawn() -> Sprites:
    """Squares in colours that no background has; the first is magenta, the second green."""
    colours = torch.rand(len(THINGS), 3, generator=torch.Generator().manual_seed(0))
    colours[:2] = torch.tensor([[1.0, 0, 1], [0, 1, 0]])
    pictures = torch.zeros(len(THINGS), 1, 4, 64, 64)
    pictures[:, 0, :, 12:52, 12:52] = torch.cat([colours, torch.ones(len(THINGS), 1)], 1)[
        ..., None, None
    ]
    things = [Concept(name, name, (name,), (), "Objects") for name in THINGS]
    here = torch.ones(len(THINGS), 1, dtype=torch.bool)
    return Sprites(things, ("squares",), (pictures * 255).to(torch.uint8), here)


@pytest.fixture(scope="module")
def composer(drawn: Sprites) -> Composer:
    return Composer(drawn)


@pytest.mark.parametrize("kind", SWAPS)
def test_an_oracle_is_always_right_and_a_constant_is_at_chance(kind: str, composer: Composer):
    trials = swaps(composer, kind, count=24)
    assert len(trials.pictures) == len(trials.captions) == 24
    assert trials.chance == 0.5
    words = Texts()
    right = [row[0] for row in trials.captions]
    assert measure.accuracy(Oracle(words, trials.pictures[:, 0], right), words, trials) == 1
    wrong = [row[1] for row in trials.captions]
    assert measure.accuracy(Oracle(words, trials.pictures[:, 0], wrong), words, trials) == 0
    assert measure.accuracy(Constant(words), words, trials) == 0.5


def test_chance_is_one_in_all_pairs_of_a_trial():
    words, pictures = Texts(), torch.rand(5, 1, 3, 8, 8)
    three = Trials(pictures, [("a", "b", "c")] * 5)
    assert three.chance == pytest.approx(1 / 3)
    assert measure.accuracy(Constant(words), words, three) == pytest.approx(1 / 3)
    both = Trials(torch.rand(5, 2, 3, 8, 8), [("a",)] * 5)
    assert measure.accuracy(Constant(words), words, both) == both.chance == 0.5
    names = [f"picture {at}" for at in range(10)]
    names[0::2] = ["a"] * 5
    knowing = Oracle(words, both.pictures.flatten(0, 1), names)
    assert measure.accuracy(knowing, words, both) == 1


@pytest.mark.parametrize("kind", SWAPS)
def test_the_wrong_words_differ_in_one_thing(kind: str, composer: Composer):
    for right, wrong in swaps(composer, kind, count=24).captions:
        assert right != wrong
        ours, theirs = (
            [word for word in text.split() if word not in ("a", "an")] for text in (right, wrong)
        )
        if kind in WAYS:
            assert sorted(ours) == sorted(theirs)
        elif kind.startswith(("colour", "thing")):
            assert len(ours) == len(theirs)
            assert sum(one != other for one, other in zip(ours, theirs, strict=True)) == 1
        elif kind in ("place", "art style"):
            assert {*ours} & {*theirs} & {*THINGS}


def test_who_sees_only_the_corners_knows_only_the_background(composer: Composer):
    words = Texts()
    trials = {kind: swaps(composer, kind, count=96) for kind in SWAPS}
    right = {kind: measure.accuracy(Corners(words), words, trials[kind]) for kind in SWAPS}
    assert right["colour of the background"] > 0.9
    assert right["thing"] == right["above or below"] == right["left or right"] == 0.5
    assert 0.35 < right["colour of the thing"] < 0.65


@pytest.mark.parametrize("kind", WAYS)
def test_things_stand_as_the_right_caption_says(kind: str, composer: Composer):
    found = 0
    trials = swaps(composer, kind, count=400)
    for (picture,), (right, _) in zip(trials.pictures, trials.captions, strict=True):
        if not {"apple", "plum"} <= {*right.split()}:
            continue
        red, green, blue = picture
        apple = (red > 0.95) & (green < 0.05) & (blue > 0.95)
        plum = (red < 0.05) & (green > 0.95) & (blue < 0.05)
        at = [torch.nonzero(which).float().mean(0)[WAYS[kind]] for which in (apple, plum)]
        first = 0 if right.split().index("apple") < right.split().index("plum") else 1
        assert at[first] < at[1 - first]
        found += 1
    assert found > 3


def pieces(mask: Tensor) -> int:
    """How many connected pieces a mask `[h, w]` has."""
    labels = mask * torch.arange(1.0, mask.numel() + 1).view(mask.shape)
    for _ in range(64):
        labels = F.max_pool2d(labels[None], 3, 1, 1)[0] * mask
    return len(labels.unique()) - 1


def test_a_number_of_things_is_as_many_things(composer: Composer):
    trials = swaps(composer, "number, of 1 to 3", count=200)
    told = {"a": 1, "an": 1, "two": 2, "three": 3}
    counted = []
    for (picture,), (right, wrong) in zip(trials.pictures, trials.captions, strict=True):
        number, other = (told[text.split()[0]] for text in (right, wrong))
        assert number != other
        if "apple" in right:
            apple = (picture[0] > 0.95) & (picture[1] < 0.05) & (picture[2] > 0.95)
            counted.append(pieces(apple) == number)
    assert len(counted) > 10
    assert sum(counted) > 0.7 * len(counted)  # some lie on one another


def test_the_same_seed_gives_the_same_trials_and_another_seed_others(composer: Composer):
    one, again, other = (swaps(composer, "place", count=8, seed=seed) for seed in (3, 3, 4))
    assert one.captions == again.captions
    assert one.captions != other.captions
    assert torch.equal(one.pictures, again.pictures)
    batch, same = (composites(composer, count=8) for _ in range(2))
    assert batch.captions == same.captions
    assert torch.equal(batch.pictures, same.pictures)


def test_an_oracle_names_every_thing_and_finds_every_caption(drawn: Sprites, composer: Composer):
    words = Texts()
    pictures, labels = measure.alone(drawn, size=64)
    names = [THINGS[label] for label in labels]
    knowing = Oracle(words, pictures, names)
    knowing.reads = lambda text: Oracle.reads(knowing, text.split()[-1])
    assert measure.zero_shot(knowing, words, drawn) == {"top1": 1, "top5": 1}
    somewhere, things = alone_in_places(composer)
    assert sorted(things.tolist()) == list(range(len(THINGS)))
    captions = [THINGS[thing] for thing in things]
    knowing = Oracle(words, somewhere, captions)
    assert measure.retrieval(knowing, words, somewhere, captions) == (1, 1)
    turned = [*captions[1:], captions[0]]
    assert measure.retrieval(knowing, words, somewhere, turned) == (0, 0)


def test_the_first_five_are_five_and_things_of_one_name_are_one():
    seen, texts = torch.ones(8, 1), torch.linspace(1, 0, 8)[:, None]  # the nearest first
    names = [*"abcdefgh"]
    figures = measure.named(seen, texts, torch.arange(8), names)
    assert figures == {"top1": 1 / 8, "top5": 5 / 8}
    names[7] = "a"
    assert measure.named(seen, texts, torch.arange(8), names)["top1"] == 2 / 8
    assert measure.named(seen, texts.flip(0), torch.arange(8), names)["top1"] == 2 / 8


@pytest.mark.parametrize("reach", [0.0, 0.5, 2.0])
def test_an_attack_stays_in_the_ball_and_in_the_picture_and_does_harm(reach: float):
    draws = torch.Generator().manual_seed(1)
    net = Linear(Texts(), torch.randn(6, 3, 16, 16, generator=draws) / 60)
    pictures = torch.rand(32, 3, 16, 16, generator=draws)
    pictures[:8] = pictures[:8].round()  # some lie on the rim of the box
    texts = torch.eye(6)
    labels = net.encode_image(pictures).argmax(1)
    moved = measure.attacked(net, texts, pictures, labels, reach=reach)
    far = (moved - pictures).flatten(1).norm(dim=1)
    assert far.max() <= reach + 1e-5
    assert moved.min() >= 0 and moved.max() <= 1
    before, after = (
        F.cross_entropy(measure.SCALE * net.encode_image(those), labels)
        for those in (pictures, moved)
    )
    if reach:
        assert far.min() > 0.5 * reach
        assert after > before + 1
    else:
        assert torch.equal(moved, pictures)


@pytest.mark.parametrize(
    ("name", "least", "most"), [("slow", 0.0, 0.001), ("white", 0.93, 0.97), ("fast", 0.999, 1.0)]
)
def test_the_fine_part_of_a_gradient(name: str, least: float, most: float):
    wave = lambda often: torch.sin(2 * math.pi * often * torch.arange(64) / 64)  # noqa: E731
    noise = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(2))
    weights = {"slow": wave(2) + wave(7)[:, None], "fast": wave(9)[:, None], "white": noise}[name]
    net = Linear(Texts(), weights.expand(1, 3, 64, 64))
    pictures = torch.rand(3, 3, 64, 64, generator=torch.Generator().manual_seed(3))
    assert least <= measure.roughness(net, net.words, pictures, ["a", "b", "c"]) <= most


@pytest.mark.parametrize("attribute", JUDGED)
def test_faces_come_with_the_words_of_every_value(attribute: str):
    trials = faces(attribute, count=2, size=48)
    assert all(len({*row}) == len(row) for row in trials.captions)
    if attribute in PAIRED:
        assert trials.chance == 0.5
        assert len(trials.captions) == len(trials.pictures) == 8
        moved = (trials.pictures[:, 0] - trials.pictures[:, 1]).abs().flatten(1).amax(1)
        assert (moved > 0.1).all()
        bare = faces(attribute, bare=True, count=2, size=48)
        assert torch.equal(bare.pictures, trials.pictures)
        assert trials.captions[0][0] == f"a portrait of a person with {bare.captions[0][0]}"
        return
    told = {row[0] for row in trials.captions}
    assert all(told >= {*row} for row in trials.captions) or attribute == "age"
    assert len(trials.captions) == 2 * len(trials.captions[0])
    words = Texts()
    knowing = Oracle(words, trials.pictures[:, 0], [row[0] for row in trials.captions])
    assert measure.accuracy(knowing, words, trials) == 1


def test_faces_differ_as_their_captions_say():
    trials = faces("background", count=3, size=48)
    words = Texts()
    assert measure.accuracy(Corners(words), words, trials) > 0.6
    lipstick = faces("lips", count=3, size=48).pictures
    redness = lipstick[:, :, 0] - lipstick[:, :, 1]
    assert (redness[:, 0].amax((1, 2)) >= redness[:, 1].amax((1, 2))).all()
    assert redness[:, 0].sum() > redness[:, 1].sum()


def test_values_have_words_of_their_own():
    for attribute, words in IN_WORDS.items():
        assert {*words} <= {*ATTRIBUTES[attribute]}
    assert said("age", "old", "female") == "a portrait of an old woman"
    assert said("hair_style", "bun") == "a portrait of a person with hair in a bun"
    assert said("hat_colour", "orange") == "a portrait of a person wearing an orange cap"


def test_the_worst_come_first_with_what_they_are_taken_for(drawn: Sprites):
    words = Texts()
    pictures, _ = measure.alone(drawn, size=64)
    taken = [*THINGS]
    taken[3], taken[5] = "bee", "key"
    knowing = Oracle(words, pictures, [*taken, "cat", "house"][: len(THINGS)])
    texts = torch.stack([knowing.reads(name) for name in THINGS])
    assert measure.worst(knowing, texts, drawn, count=2) == [("cat", "bee"), ("house", "key")]


def test_filling_a_card_changes_its_own_part_and_can_be_done_again():
    text = "# a\n<!-- x -->\nold\n<!-- end of x -->\nb\n<!-- y -->\n<!-- end of y -->\n"
    once = card.filled(text, "x", "new")
    assert once == text.replace("old", "new")
    assert card.filled(once, "x", "new") == once
    with pytest.raises(ValueError, match="no <!-- z -->"):
        card.filled(text, "z", "new")


def test_figures_become_tables():
    rows = {"thing": (0.5, 0.954, 1.0), "name": (0.001, 0.4, 0.8), "attacked": (None, 0.0, 0.1)}
    text = card.tables(rows, {"hair_colour": (0.25, 0.5)}, [("cat", "dog")])
    assert "| thing | 50 % | 95 % | 100 % |" in text
    assert "| name | 0.1 % | 40 % | 80 % |" in text
    assert "| attacked |  | 0.0 % | 10 % |" in text
    assert "| hair colour | 25 % | 50 % |" in text
    assert "cat (dog)" in text


def test_the_card_has_every_part_and_names_the_things_that_are_known():
    text = CARD.read_text("utf-8")
    for model in ("pocket-clip", "pocket-judge", "pocket-vqgan"):
        for part in (model, f"{model} trained"):
            assert card.filled(text, part, "new") != text
    if not (DATA / "captions.json").exists():
        pytest.skip(f"no captioned sprites at {DATA}: set REVERIE_DATA")
    assert card.filled(text, "known", card.known(concepts(DATA))) == text
