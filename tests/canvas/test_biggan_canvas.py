"""A BigGAN draws what its noise and classes say, of one network or of the pocket generator."""

import math
import shutil
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from reverie.canvas.biggan import BigGAN, soft_top_k
from reverie.canvas.biggan_models import BigGANModel
from reverie.canvas.biggan_start import CEILING, FLOOR, MixedClasses, RandomClasses
from reverie.device import machine
from reverie.errors import SpecError, WeightsError

CPU = machine("cpu", "fp32")
GOLDEN = Path(__file__).parents[1] / "golden" / "biggan-deep"
POCKET = BigGAN(size=(40, 32))
TWO = MixedClasses(picks={"place": (1, 2), "thing": (3, 700)}, among=8)


@pytest.fixture(scope="module")
def published(tmp_path_factory) -> str:
    """A network of random weights, alone in its folder with its config."""
    folder = tmp_path_factory.mktemp("biggan")
    for name in ("weights.safetensors", "config.json"):
        shutil.copy(GOLDEN / name, folder)
    return str(folder / "weights.safetensors")


def gan(spec: BigGAN) -> BigGANModel:
    return spec.gan(CPU)


def test_a_published_network_draws_its_rows_of_noise_and_classes(published) -> None:
    canvas = BigGAN(model=published).build(CPU, (4, 5))
    conditions = canvas.conditions["picture"]
    z, classes = conditions.latents, conditions.logits.sigmoid()
    want = (gan(BigGAN(model=published)).network(z, classes) + 1) / 2
    assert torch.equal(canvas(), want.clamp(0, 1))
    assert canvas().shape == (2, 3, 128, 128)


def test_a_network_has_the_size_that_it_draws_unless_another_is_asked_for(published) -> None:
    assert BigGAN(model=published).size == (128, 128)
    small = BigGAN(model=published, size=(48, 32))
    assert small.build(CPU, (4,))().shape == (1, 3, 32, 48)


@pytest.mark.parametrize("small", [True, False], ids=["pocket", "published"])
def test_a_random_start_is_normal_noise_and_all_classes_a_little(published, small) -> None:
    spec = POCKET if small else BigGAN(model=published)
    begun = RandomClasses().draw(gan(spec), range(40), None)
    for kind, (latents, logits) in begun.items():
        n = logits.shape[-1]
        if not small:
            assert abs(latents.mean()) < 0.05 and abs(latents.std() - 1) < 0.05
            assert logits.mean() == pytest.approx(-3.9, abs=0.05)
        else:
            assert logits.sigmoid().sum(-1).mean() == pytest.approx(1, rel=0.25), kind
        assert logits.std() == pytest.approx(0.3, abs=0.05)
        assert n == gan(spec).kinds[kind].stop - gan(spec).kinds[kind].start


def test_each_kind_of_drawing_has_classes_of_its_own() -> None:
    canvas = POCKET.build(CPU, (3,))
    with torch.no_grad():
        before = canvas.gans[0].drawn([*parts(canvas, "latents")], canvas.classes())
        canvas.conditions["thing"].logits += 1
        after = canvas.gans[0].drawn([*parts(canvas, "latents")], canvas.classes())
    place, thing = (before - after).abs().flatten(1).amax(1)
    assert place < 1e-4 < thing


def parts(canvas, name):
    return [getattr(conditions, name) for conditions in canvas.conditions.values()]


@pytest.mark.parametrize("k", [1, 3])
def test_no_more_classes_mix_than_are_allowed(k: int) -> None:
    canvas = BigGAN(size=(40, 32), max_classes=k, start=TWO).build(CPU, (3,))
    for classes in canvas.classes():
        assert ((classes > 0).sum(-1) == k).all()


def test_soft_top_k_gives_each_its_share_of_what_is_left() -> None:
    x = torch.tensor([[0.0, 2.0, 1.0, -1.0]])
    first, second = (math.e**a / sum(math.e**b for b in rest)
                     for a, rest in ((1, (0, 1, 0.5, -0.5)), (0.5, (0, 0.5, -0.5))))  # fmt: skip
    got = soft_top_k(x, 2, 2.0)
    torch.testing.assert_close(got, torch.tensor([[0.0, first, second, 0.0]]))


@pytest.mark.parametrize("temperature", [None, 2.0])
def test_a_mixture_begins_with_the_shares_of_its_classes(temperature: float | None) -> None:
    own = gan(POCKET)
    begun = TWO.draw(own, range(3), temperature)
    for kind, numbers in TWO.picks.items():
        logits = begun[kind][1]
        shares = (logits / temperature).exp() if temperature else logits.sigmoid()
        chosen = shares[..., [own.number(kind, n) for n in numbers]]
        torch.testing.assert_close(
            chosen.sum(-1), torch.ones(3, own.network.rows), atol=3e-3, rtol=0
        )
        assert shares.sum(-1).max() < 1 + FLOOR * 1100 and shares.max() <= CEILING + 1e-5
        assert (chosen.std(1) > 0.01).all()  # every row has shares of its own


def test_the_best_candidate_leads_where_it_is_told_to() -> None:
    led = MixedClasses(picks=TWO.picks, among=8, lead=6.0).draw(gan(POCKET), (1,), None)
    assert led["thing"][1].sigmoid()[..., 3].min() > 0.9


def test_mixed_noise_is_as_far_from_zero_as_noise(published) -> None:
    spec = BigGAN(model=published)
    start = MixedClasses(picks={"picture": tuple(range(60))}, among=60)
    latents, _ = start.draw(gan(spec), range(60), None)["picture"]
    assert 0.75 < latents.std() < 1.1  # that of noise without its tails is 0.88


def test_noise_with_a_meaning_keeps_it() -> None:
    canvas = POCKET.build(CPU, range(4))
    thing = canvas.conditions["thing"].latents
    assert (thing[..., :4].sum(-1) == 1).all() and (thing[..., 4:] == 0).all()
    with torch.no_grad():
        thing.add_(9)
        canvas.project_()
    assert thing.max() == 1.2


def test_candidates_are_the_same_whoever_asks_and_each_class_has_its_turn(published) -> None:
    own = gan(BigGAN(model=published))
    noise = own.noise("picture", [7, 8])
    assert torch.equal(noise[1:], own.noise("picture", [8])) and noise.abs().max() <= 2
    assert [own.number("picture", n) for n in (0, 9, 10, 23)] == [0, 9, 0, 3]


def test_a_thing_stands_before_its_place() -> None:
    spec = BigGAN(size=(64, 64), start=MixedClasses(picks={"place": (6,), "thing": (3,)}, among=8))
    canvas = spec.build(CPU, (1,))
    with torch.no_grad():
        before = canvas()
        canvas.conditions["place"].latents.mul_(-1)
        moved = (canvas() - before).abs().amax(1)[0]
    drawn = canvas.gans[0].drawn([*parts(canvas, "latents")], canvas.classes())[1, 0, 3]
    alpha = F.interpolate(((drawn + 1) / 2)[None, None], (64, 64), mode="area")[0, 0]
    assert moved[:4].mean() > 0.05  # the corners are place, and so is nothing of the thing
    assert moved[24:40, 24:40][alpha[24:40, 24:40] > 0.97].mean() < 0.05


@pytest.mark.parametrize(
    ("fields", "about"),
    [
        ({"max_classes": 0}, "max_classes: got 0"),
        ({"temperature": 0.0}, "temperature: got 0"),
        ({"truncation": 1.5}, "truncation: got 1.5"),
        ({"size": (0, 4)}, "size"),
    ],
)
def test_what_cannot_be_is_refused(fields: dict, about: str) -> None:
    with pytest.raises(SpecError, match=about):
        BigGAN(**fields)


def test_what_does_not_fit_a_generator_is_refused_when_it_is_built() -> None:
    with pytest.raises(SpecError, match="max_classes: got 24, and pocket-biggan has only 23"):
        BigGAN(size=(8, 8), max_classes=24).build(CPU, (1,))
    other = MixedClasses(picks={"picture": (1,)}, among=3)
    with pytest.raises(SpecError, match="picks: got picture; this generator draws place, thing"):
        BigGAN(size=(8, 8), start=other).build(CPU, (1,))
    with pytest.raises(SpecError, match="picks: thing: got"):
        MixedClasses(picks={"thing": ()}, among=3)
    with pytest.raises(WeightsError, match="no model 'biggest'"):
        BigGAN(model="biggest", size=(8, 8)).build(CPU, (1,))
