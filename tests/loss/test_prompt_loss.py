"""The prompt loss, under a real if very small perceptor and augment."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from loss.projected import COUNT, Projected, ProjectedSpec, Shifted, ShiftedSpec
from reverie import image as images
from reverie.canvas.pixels import Pixels
from reverie.curve import as_curve
from reverie.errors import PictureError, SpecError
from reverie.loss.prompts import PromptLoss, Prompts
from reverie.loss.targets import Target, cosine, pull, spherical
from reverie.optimize import optimize
from reverie.prompt import parse
from reverie.protocols import (
    Draws,
    Image,
    LossSpec,
    Machine,
    Moment,
    parts,
)
from reverie.spec import from_json, to_json

CPU = Machine(torch.device("cpu"), torch.float32)


def prompts(text: str, **options: Any) -> Prompts:
    given: dict[str, Any] = {"perceptors": (ProjectedSpec(),), "augment": ShiftedSpec()}
    return Prompts(scenes=parse(text), **given | options)


def loss_of(text: str, **options: Any) -> PromptLoss:
    return prompts(text, **options).build(Pixels(size=(8, 6)).build(CPU, (0,)), CPU)


def moment(t: float = 0.0, seeds: Sequence[int] = (7,)) -> Moment:
    return Moment(0, t, Draws(seeds, 0, "prompts"))


def picture(b: int = 1) -> Image:
    return torch.rand(b, 3, 6, 8, generator=torch.Generator().manual_seed(1))


def value(loss: PromptLoss, t: float = 0.0) -> float:
    return sum(part.item() for part in loss(picture(), moment(t)))


class TestDistances:
    def vectors(self, degrees: float) -> tuple[Tensor, Tensor]:
        angle = torch.tensor(math.radians(degrees), dtype=torch.float64)
        a = torch.tensor([[1.0, 0.0, 0.0]], dtype=torch.float64)
        return a, torch.stack([angle.cos(), angle.sin() * 0.6, angle.sin() * 0.8])[None]

    @pytest.mark.parametrize("degrees", [0, 1e-6, 0.01, 1, 45, 90, 135, 179, 179.99, 180])
    def test_spherical_is_half_the_squared_angle(self, degrees: float):
        a, b = self.vectors(degrees)
        want = math.radians(degrees) ** 2 / 2
        assert spherical(a, b).item() == pytest.approx(want, rel=1e-9, abs=1e-12)
        assert spherical(a.float(), b.float()).item() == pytest.approx(want, rel=1e-5, abs=1e-9)
        assert cosine(a, b).item() == pytest.approx(1 - math.cos(math.radians(degrees)))

    @pytest.mark.parametrize("degrees", [0, 1e-3, 45, 135, 179.9])
    def test_its_gradient_is_true_from_near_to_opposite(self, degrees: float):
        a, b = (x.requires_grad_() for x in self.vectors(degrees))
        assert torch.autograd.gradcheck(spherical, (a, b), eps=1e-7, atol=1e-6)

    @pytest.mark.parametrize("degrees", [0, 1e-6, 180 - 1e-6, 180])
    def test_its_gradient_is_finite_at_both_ends(self, degrees: float):
        for kind in (torch.float32, torch.float64):
            a, b = (x.to(kind).requires_grad_() for x in self.vectors(degrees))
            spherical(a, b).sum().backward()
            assert a.grad is not None and a.grad.isfinite().all()
            assert a.grad.norm() < 4  # the angle is the longest it can be


class TestPull:
    distance = torch.tensor([[0.5, 1.5], [1.0, 2.0]])

    def gradient(self, weight: float, stop: float) -> list[list[float]]:
        distance = self.distance.clone().requires_grad_()
        pull(distance, weight, stop).sum().backward()
        assert distance.grad is not None
        return distance.grad.tolist()

    def test_the_value_does_not_show_the_stop(self):
        for stop in (float("-inf"), 1.2, 9.0):
            assert pull(self.distance, 2.0, stop).tolist() == [2.0, 3.0]
            assert pull(self.distance, -2.0, stop).tolist() == [-2.0, -3.0]

    def test_only_what_is_above_the_stop_pulls(self):
        assert self.gradient(2.0, 1.2) == [[0, 1], [0, 1]]
        assert self.gradient(-2.0, -1.2) == [[-1, 0], [-1, 0]]
        assert self.gradient(-2.0, float("-inf")) == [[-1, -1], [-1, -1]]


class TestParts:
    @pytest.mark.parametrize("chunk", [1, 2, 5, 99])
    def test_value_gradient_and_notes_do_not_depend_on_the_chunks(self, chunk: int):
        def seen(chunk: int) -> tuple[Tensor, Tensor, Tensor]:
            image, now = picture(2).requires_grad_(), moment(seeds=(7, 8))
            loss = loss_of("a fox | fog:-0.5 | noise:3:2.0", chunk=chunk)
            total = torch.zeros(2)
            for part in parts(loss(image, now)):
                part.sum().backward()
                total += part.detach()
            assert image.grad is not None
            return total, image.grad, now.notes["similarity"]

        for got, want in zip(seen(chunk), seen(3), strict=True):
            torch.testing.assert_close(got, want)

    def test_no_more_views_than_a_chunk_are_encoded_at_a_time(self):
        loss = loss_of("a fox", chunk=2)
        assert len([*loss(picture(3), moment(seeds=(1, 2, 3)))]) == math.ceil(COUNT / 2)
        (perceptor,) = loss.perceptors
        assert isinstance(perceptor, Projected) and perceptor.largest == 2 * 3

    def test_each_picture_of_a_batch_is_judged_alone(self):
        loss = loss_of("a fox | fog:-0.5:-1", chunk=2)
        both, now = picture(2), moment(seeds=(7, 8))
        values = torch.stack([*loss(both, now)]).sum(0)
        for i in range(2):
            own = moment(seeds=(7 + i,))
            alone = torch.stack([*loss(both[i : i + 1], own)]).sum(0)
            torch.testing.assert_close(values[i : i + 1], alone)
            torch.testing.assert_close(now.notes["similarity"][i : i + 1], own.notes["similarity"])


class TestValue:
    def test_prompts_add_up_by_weight(self):
        want = 1.5 * value(loss_of("a fox")) - 0.5 * value(loss_of("fog"))
        assert value(loss_of("a fox:1.5 | fog:-0.5")) == pytest.approx(want, rel=1e-5)

    def test_perceptors_add_up_and_see_the_same_views(self):
        one, other = ProjectedSpec(), ProjectedSpec(side=3, width=5)
        want = value(loss_of("a fox")) + value(loss_of("a fox", perceptors=(other,)))
        both = value(loss_of("a fox", perceptors=(one, other)))
        assert both == pytest.approx(want, rel=1e-5)

    def test_the_weight_of_the_loss_scales_all(self):
        want = 0.25 * value(loss_of("a fox | fog:-0.5"))
        got = value(loss_of("a fox | fog:-0.5", weight=(0.0, 0.5)), t=0.5)
        assert got == pytest.approx(want, rel=1e-5)

    def test_a_weight_may_change_its_sign_over_the_run(self):
        loss, fox = loss_of("a fox:1..-1"), value(loss_of("a fox"))
        assert [value(loss, t) for t in (0.0, 0.25, 0.5, 1.0)] == pytest.approx(
            [fox, 0.5 * fox, 0.0, -fox], rel=1e-5
        )

    def test_the_distance_can_be_the_cosine(self):
        now = moment()
        (part,) = loss_of("a fox", distance="cosine")(picture(), now)
        assert part.item() == pytest.approx(1 - now.notes["similarity"].item(), abs=1e-6)

    def test_scenes_share_the_run_equally_and_the_last_holds_to_the_end(self):
        loss = loss_of("a fox ^ fog ^ an owl")
        fox, fog, owl = (value(loss_of(words)) for words in ("a fox", "fog", "an owl"))
        shares = {0.0: fox, 0.33: fox, 1 / 3: fog, 0.66: fog, 2 / 3: owl, 1.0: owl}
        assert [value(loss, t) for t in shares] == pytest.approx([*shares.values()])
        many = loss_of(" ^ ".join(f"scene {i}" for i in range(100)))
        assert all(many.scenes_at(0, i / 100) == [(1.0, many.scenes[i])] for i in range(100))

    def test_scenes_may_last_so_many_steps_and_the_last_one_holds(self):
        loss = loss_of("a fox ^ fog ^ an owl", every=10)
        at = [loss.scenes_at(step, 0.0) for step in (0, 9, 10, 19, 20, 99)]
        assert at == [[(1.0, loss.scenes[i])] for i in (0, 0, 1, 1, 2, 2)]

    @pytest.mark.parametrize("fade", [0.2, 1.0])
    def test_one_scene_fades_into_the_next_around_the_change(self, fade):
        loss = loss_of("a fox ^ fog ^ an owl", every=100, fade=fade)
        fox, fog = (value(loss_of(words)) for words in ("a fox", "fog"))
        for part in (-0.5, -0.25, 0.0, 0.25, 0.5):
            now = Moment(round(100 + 100 * fade * part), 0.0, Draws((7,), 0, "prompts"))
            got = sum(one.item() for one in loss(picture(), now))
            assert got == pytest.approx((0.5 - part) * fox + (0.5 + part) * fog, rel=1e-4)

    def test_shares_of_fading_scenes_add_up_to_one(self):
        loss = loss_of("a fox ^ fog ^ an owl ^ a cat", fade=0.5)
        at = [loss.scenes_at(0, i / 97) for i in range(98)]
        assert all(sum(share for share, _ in now) == pytest.approx(1.0) for now in at)
        assert max(map(len, at)) == 2

    def test_descent_brings_the_picture_nearer_to_the_words(self):
        canvas = Pixels(size=(8, 6)).build(CPU, (0,))
        loss = prompts("a fox").build(canvas, CPU)
        optimizer = torch.optim.Adam([{"name": "all", "params": canvas.parameters()}])
        frames = [*optimize(canvas, {"p": loss}, optimizer, {"all": as_curve(0.05)}, steps=30)]
        assert frames[-1].notes["similarity"] > frames[0].notes["similarity"] + 0.3


class TestSimilarity:
    def test_it_is_the_mean_cosine_to_what_attracts(self):
        now = moment()
        loss = loss_of("a fox:3 | an owl:1 | fog:-2 | noise:1:5.0", chunk=2)
        list(loss(picture(), now))
        seen = Projected(4, 8).encode_image(Shifted(picture(), moment()).draw(slice(0, COUNT), 4))
        fox, owl = (seen @ Projected(4, 8).encode_text([w]).T for w in ("a fox", "an owl"))
        want = 0.75 * fox.mean() + 0.25 * owl.mean()
        assert now.notes["similarity"].item() == pytest.approx(want.item(), abs=1e-6)

    def test_it_is_a_mean_over_perceptors(self):
        now = moment()
        list(loss_of("a fox", perceptors=(ProjectedSpec(),) * 3)(picture(), now))
        one = moment()
        list(loss_of("a fox")(picture(), one))
        torch.testing.assert_close(now.notes["similarity"], one.notes["similarity"])

    @pytest.mark.parametrize("text", ["fog:-1", "noise:3", "fog:0..1"])
    def test_nothing_is_noted_where_nothing_attracts(self, text: str):
        now = moment()
        list(loss_of(text)(picture(), now))
        assert not now.notes


class TestTargets:
    def targets(self, text: str, **options: Any) -> list[Target]:
        return [*loss_of(text, **options).scenes[0]]

    def test_words_are_where_the_perceptor_sees_them(self):
        one, other = self.targets("a fox | an owl")
        want = Projected(4, 8).encode_text(["a fox", "an owl"])
        assert torch.equal(torch.cat([one.embeddings[0], other.embeddings[0]]), want)

    def test_noise_is_a_direction_that_depends_on_its_seed(self):
        one, again, other = (self.targets(f"noise:{n}")[0].embeddings[0] for n in (1, 1, 2))
        assert torch.equal(one, again) and not torch.allclose(one, other)
        assert one.norm().item() == pytest.approx(1)

    def test_a_picture_has_a_row_for_each_of_its_views(self, tmp_path: Path):
        images.save(picture(), tmp_path / "a.png", None)
        (target,) = self.targets(f"{tmp_path}/a.png", chunk=2)
        (again,) = self.targets(f"{tmp_path}/a.png", chunk=99)
        assert target.embeddings[0].shape == (COUNT, 8)
        torch.testing.assert_close(target.embeddings[0], again.embeddings[0])

    def test_words_and_a_picture_as_one_are_midway_between_the_two(self, tmp_path: Path):
        images.save(picture(), tmp_path / "a.png", None)
        loss = loss_of(f"a fox + {tmp_path / 'a.png'} | a fox | {tmp_path / 'a.png'}")
        both, words, views = (target.embeddings[0] for target in loss.scenes[0])
        assert both.shape == words.shape
        seen = torch.nn.functional.normalize(views.mean(0, keepdim=True), dim=1)
        assert (both @ words.T).item() == pytest.approx((both @ seen.T).item(), abs=1e-6)
        assert (both @ words.T).item() > (words @ seen.T).item()

    def test_a_picture_is_near_itself(self, tmp_path: Path):
        images.save(picture(), tmp_path / "a.png", None)
        loss = loss_of(f"{tmp_path}/a.png")
        own = sum(part.item() for part in loss(images.load(tmp_path / "a.png"), moment()))
        other = sum(part.item() for part in loss(picture().flip(-1), moment()))
        assert own < other

    def test_a_missing_picture_is_told_at_the_start(self):
        with pytest.raises(PictureError, match="no such file"):
            loss_of("not/there.png")

    def test_a_prompt_keeps_its_weight_and_stop(self):
        fog, fox = self.targets("fog:-1:-0.9 | a fox:0..1")
        assert (fog.weight(0.3), fog.stop) == (-1, -0.9)
        assert (fox.weight(0.3), fox.stop) == (0.3, float("-inf"))


class TestSpec:
    def test_it_survives_json(self):
        loss = prompts("a fox:0..1 | fog:-1:-0.9 ^ noise:3", weight=(0.5, 1.0))
        assert from_json(to_json(loss), LossSpec) == loss

    @pytest.mark.parametrize(
        ("field", "value"), [("scenes", ()), ("scenes", ((),)), ("perceptors", ()), ("chunk", 0)]
    )
    def test_what_makes_no_sense_is_refused(self, field: str, value: object):
        with pytest.raises(SpecError, match=field):
            Prompts(**{**vars(prompts("a fox")), field: value})


class TestAveraging:
    def found(self, chunk: int, averaging: float = 0.3, **options: Any) -> tuple[Tensor, Tensor]:
        loss = loss_of("a fox | fog:-0.4", chunk=chunk, averaging=averaging, **options)
        image = picture(2).requires_grad_()
        values = []
        for part in loss(image, moment(seeds=(7, 8))):
            part.sum().backward()  # each part alone, as the loop does
            values.append(part.detach())
        assert image.grad is not None
        return torch.stack(values).sum(0), image.grad

    @pytest.mark.parametrize("distance", ["cosine", "spherical"])
    @pytest.mark.parametrize("chunk", [1, 2, 4])
    def test_parts_have_the_value_and_the_gradient_of_the_whole(self, distance: str, chunk: int):
        for got, want in zip(
            self.found(chunk, distance=distance), self.found(COUNT, distance=distance), strict=True
        ):
            torch.testing.assert_close(got, want, rtol=1e-4, atol=1e-6)

    def test_all_of_it_is_the_distance_of_the_mean(self):
        loss = loss_of("a fox", averaging=1.0, distance="cosine", chunk=2)
        eye, looks = loss.perceptors[0], loss.augment(picture(), moment())
        seen = eye.encode_image(looks.draw(slice(0, COUNT), eye.size)).mean(0, keepdim=True)
        far = 1 - torch.cosine_similarity(seen, loss.scenes[0][0].embeddings[0])
        assert value(loss) == pytest.approx(far.item(), abs=1e-5)

    def test_views_together_lean_further_than_each_of_them(self):
        given: dict[str, Any] = {"distance": "cosine"}
        alone, together, mixed = (
            value(loss_of("a fox", averaging=share, **given)) for share in (0.0, 1.0, 0.25)
        )
        assert abs(together - 1) > abs(alone - 1)
        assert mixed == pytest.approx(0.75 * alone + 0.25 * together, abs=1e-5)

    def test_it_may_follow_a_curve(self):
        loss = loss_of("a fox", averaging=(0.0, 1.0))
        assert value(loss, 0.0) == pytest.approx(value(loss_of("a fox")))
        assert value(loss, 1.0) == pytest.approx(value(loss_of("a fox", averaging=1.0)))

    def test_views_are_looked_at_twice_only_where_they_come_in_parts(self):
        for chunk, looks in ((COUNT, 1), (2, 6)):
            loss = loss_of("a fox", averaging=0.5, chunk=chunk)
            eye, seen = loss.perceptors[0], []
            encode = eye.encode_image
            eye.encode_image = lambda views: (seen.append(len(views)), encode(views))[1]  # noqa: B023
            value(loss)
            assert len(seen) == looks

    @pytest.mark.parametrize("averaging", [-0.1, 1.5, (0.2, 2.0)])
    def test_what_is_no_share_is_refused(self, averaging: Any):
        with pytest.raises(SpecError, match="averaging"):
            prompts("a fox", averaging=averaging)
