"""Effects are measured against pictures of the same seeds."""

import pytest
import torch
import torch.nn.functional as F

from reverie import image as images
from reverie.words.effect import OTHERS, Measure, as_data, error_of

WORDS = {"a rose": (1, 0, 0), "blue": (0, 0, 1)}


class Colours:
    """A perceptor for which a picture is its mean colour; words are colours, or nothing known."""

    size = 4

    def encode_image(self, views):
        return F.normalize(views.mean((2, 3)) + 1e-6, dim=1)

    def encode_text(self, texts):
        known = [next((WORDS[w] for w in WORDS if w in text), (0, 1, 0)) for text in texts]
        return torch.tensor(known, dtype=torch.float)


@pytest.fixture
def painted(tmp_path):
    def paint(name, *colours):
        files = []
        for i, colour in enumerate(colours):
            files.append(tmp_path / f"{name}-{i}.png")
            images.save(torch.tensor(colour).view(3, 1, 1).expand(3, 8, 8), files[-1], None)
        return files

    return paint


RED, BLUE, GREEN, PURPLE = (1.0, 0, 0), (0, 0, 1.0), (0, 1.0, 0), (1.0, 0, 1.0)


def measured(painted, without, pictures, subject="a rose", modifier="blue"):
    eye = Colours()
    measure = Measure(eye, eye, subject, painted("without", *without))
    return measure, measure.of(modifier, painted("with", *pictures))


def test_pictures_that_stay_as_they_are_show_no_effect(painted):
    _, effect = measured(painted, [RED, PURPLE], [RED, PURPLE])
    for values in (effect.moved, effect.towards, effect.judged):
        assert values == pytest.approx((0, 0), abs=1e-5)
    assert effect.kept[0] > 1 > effect.kept[1] and sum(effect.kept) == pytest.approx(2, abs=1e-5)


def test_each_picture_is_compared_with_that_of_its_own_seed(painted):
    _, effect = measured(painted, [RED, BLUE], [BLUE, BLUE])
    assert effect.moved == pytest.approx((1, 0), abs=1e-4)
    assert effect.towards == pytest.approx((1, 0), abs=1e-4)


def test_a_picture_may_move_away_from_the_words(painted):
    _, effect = measured(painted, [BLUE], [RED])
    assert effect.towards[0] == pytest.approx(-1, abs=1e-4)


def test_the_subject_is_kept_as_far_as_the_judge_sees_it_above_other_things(painted):
    _, effect = measured(painted, [RED], [PURPLE])
    assert effect.kept[0] == pytest.approx(0.5**0.5, abs=1e-3) and effect.named == (True,)
    _, lost = measured(painted, [RED], [GREEN])
    assert lost.kept[0] == pytest.approx(-1, abs=1e-3) and lost.named == (False,)


def test_nothing_can_be_kept_where_the_subject_was_not_seen(painted):
    measure, effect = measured(painted, [GREEN], [RED])
    assert effect.kept == () and measure.named == (False,) and effect.named == (True,)
    assert as_data(effect)["kept"] is None


def test_things_that_are_nearly_the_subject_are_not_offered_beside_it(painted, monkeypatch):
    monkeypatch.setitem(WORDS, OTHERS[0], (1, 0, 0))
    _, effect = measured(painted, [RED], [RED])
    assert effect.named == (True,)


def test_a_subject_like_all_other_things_is_measured_all_the_same(painted):
    _, effect = measured(painted, [GREEN], [GREEN], subject="nobody knows")
    assert effect.kept == () and effect.named == (False,)


def test_the_difference_between_seeds_is_that_of_all_pairs(painted):
    measure, _ = measured(painted, [RED, BLUE, RED], [RED] * 3)
    assert measure.between_seeds == pytest.approx(4 / 6, abs=1e-4)
    assert measured(painted, [RED], [RED])[0].between_seeds == 0


def test_another_judge_has_a_say_of_its_own(painted):
    class Blind(Colours):
        def encode_image(self, views):
            return torch.tensor([[1.0, 0, 0]]).expand(len(views), 3)

    measure = Measure(Colours(), Blind(), "a rose", painted("a", RED))
    effect = measure.of("blue", painted("b", BLUE))
    assert effect.towards[0] > 0.9 and effect.judged[0] == 0 and effect.kept[0] == pytest.approx(1)


def test_the_figures_are_means_over_seeds(painted):
    _, effect = measured(painted, [RED, RED], [BLUE, RED])
    data = as_data(effect)
    assert data["moved"] == pytest.approx(0.5, abs=1e-3) and data["named"] == 1
    assert data["seeds"]["named"] == [False, True]
    assert error_of([1.0, 3.0]) == pytest.approx(1.0)
    assert error_of([1.0]) != error_of([1.0])
