"""Pictures from the latents of a StyleGAN, in all its spaces."""

import json
import re
from collections.abc import Callable

import pytest
import torch
from safetensors.torch import save_file

from contracts import test_canvas_contract as contract
from nets import small_stylegans as small
from reverie.canvas.averaged import Averaged
from reverie.canvas.progan import ProGAN, ProGANCanvas
from reverie.canvas.stylegan import StyleGAN, built, normal
from reverie.canvas.stylegan_fit import small as small_picture
from reverie.canvas.stylegan_start import (
    LatentFile,
    LatentSpec,
    MeanLatent,
    MixedLatent,
    RandomLatent,
    SeedLatent,
    statistics,
)
from reverie.canvas.stylegan_units import Units
from reverie.device import machine
from reverie.errors import ReverieError, SpecError
from reverie.loss.latent import LatentPull
from reverie.nets.stylegan import StyleGAN as Network
from reverie.nets.stylegan import latents_of_seeds
from reverie.nets.stylegans import frozen
from reverie.protocols import CanvasSpec, Draws, Moment, parts
from reverie.spec import from_json, to_json
from reverie.weights.stylegan_layouts import stylegan_layout

CPU = machine("cpu", "fp32")
MADE = {
    "two": small.stylegan2,
    "classes": lambda: small.stylegan2(c_dim=4),
    "silent": lambda: small.stylegan2(noisy=False),
    "three": small.stylegan3,
    "progan": small.progan,
}


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> dict[str, str]:
    """Folders with the weights of small random networks, whose colours are mostly within 0..1."""
    home = tmp_path_factory.mktemp("models")
    for name, make in MADE.items():
        tensors, config = make()
        (home / name).mkdir()
        for key in tensors:
            if re.search(r"torgb\.(weight|bias)|toRGB|L6_\d+_3\.(weight|bias)", key):
                tensors[key] = tensors[key] / 10
        save_file(
            {k: v.contiguous() for k, v in tensors.items()}, home / name / "model.safetensors"
        )
        (home / name / "config.json").write_text(json.dumps(config))
    return {name: str(home / name) for name in MADE}


@pytest.fixture
def two(models) -> str:
    return models["two"]


def drawn(network: Network, ws: torch.Tensor) -> torch.Tensor:
    return ((network.synthesis(ws) + 1) / 2).clamp(0, 1)


APART = (  # asked below in another way
    "test_picture_i_depends_on_its_own_seed_alone",
    "test_it_can_start_from_a_picture",
)
QUESTIONS = [ask for n, ask in vars(contract).items() if n.startswith("test_") and n not in APART]
CASES: dict[str, Callable[[dict[str, str]], CanvasSpec]] = {
    "mean, W+": lambda m: StyleGAN(model=m["two"]),
    "random, W": lambda m: StyleGAN(model=m["two"], space="w", start=RandomLatent()),
    "S, of another size": lambda m: StyleGAN(
        model=m["two"], space="s", size=(24, 40), start=SeedLatent()
    ),
    "noise maps": lambda m: StyleGAN(model=m["two"], noise="optimised", reach=0.3),
    "drawn noise": lambda m: StyleGAN(model=m["two"], noise="random"),
    "a class": lambda m: StyleGAN(model=m["classes"], label=2, start=RandomLatent()),
    "three": lambda m: StyleGAN(model=m["three"], space="s", start=SeedLatent(seed=3)),
    "averaged": lambda m: Averaged(canvas=StyleGAN(model=m["two"], noise="optimised"), decay=0.9),
    "progan": lambda m: ProGAN(model=m["progan"]),
}


@pytest.mark.parametrize("ask", QUESTIONS, ids=lambda ask: ask.__name__.removeprefix("test_"))
@pytest.mark.parametrize("case", CASES)
def test_it_keeps_the_contract_of_every_canvas(models, case, ask):
    ask(CASES[case](models))


@pytest.mark.parametrize("case", CASES)
def test_a_batch_of_two_equals_two_runs_of_one(models, case):
    canvas = CASES[case](models)
    both, alone = canvas.build(CPU, (4, 5)), canvas.build(CPU, (5,))
    torch.testing.assert_close(both.latents()[1:], alone.latents(), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(both()[1:], alone(), rtol=0, atol=2e-5)


@torch.no_grad()
@pytest.mark.parametrize("case", ["random, W", "S, of another size", "noise maps", "averaged"])
def test_it_finds_its_way_back_to_a_picture_of_its_own(models, case):
    canvas = CASES[case](models).build(CPU, (4, 5))
    here = canvas.latents().clone()
    canvas.latents().copy_(here + 0.7 * Draws((1, 2), 0).normal(*here.shape[1:]))
    wanted = canvas().clone()
    canvas.latents().copy_(here)
    before = (canvas() - wanted).square().mean((1, 2, 3))
    found = canvas.latents_of(wanted)
    assert torch.equal(canvas.latents(), here)
    canvas.encode_(wanted)
    after = (canvas() - wanted).square().mean((1, 2, 3))
    assert (after < 0.35 * before).all()
    at_mean, near = [], []  # where the latents of a picture are looked for, and found
    for q, apart in ((torch.zeros_like(here), at_mean), (found, near)):
        canvas.latents().copy_(q)
        apart.append((canvas() - wanted).square().mean((1, 2, 3)))
    assert (near[0] < 0.35 * at_mean[0]).all()


def test_large_pictures_are_compared_small():
    assert small_picture(torch.zeros(1, 3, 200, 40)).shape == (1, 3, 64, 40)


@torch.no_grad()
def test_a_picture_is_found_alone_as_among_others(models):
    spec = StyleGAN(model=models["two"], space="w")
    wanted = StyleGAN(model=models["two"], start=SeedLatent()).build(CPU, (7, 8))()
    both, alone = spec.build(CPU, (1, 2)), spec.build(CPU, (2,))
    for canvas, pictures in ((both, wanted), (alone, wanted[1:])):
        canvas.encode_(pictures)
    torch.testing.assert_close(both()[1:], alone(), rtol=0, atol=1e-3)


class TestSpaces:
    @pytest.mark.parametrize("space", ["w", "w+", "s"])
    def test_the_seeds_of_nvidia_give_the_pictures_of_nvidia(self, two, space):
        network = built(two, CPU)
        ws = network.mapping(latents_of_seeds([85], network.z_dim), truncation=0.6)
        start = SeedLatent(seed=85, truncation=0.6)
        picture = StyleGAN(model=two, space=space, start=start).build(CPU, (1, 2))()
        torch.testing.assert_close(picture[:1], drawn(network, ws), rtol=0, atol=1e-4)
        torch.testing.assert_close(picture[1], picture[0], rtol=0, atol=1e-5)

    def test_the_shapes_are_one_row_a_row_for_every_layer_and_the_styles_without_colours(self, two):
        network, shapes = built(two, CPU), {}
        for space in ("w", "w+", "s"):
            shapes[space] = StyleGAN(model=two, space=space).build(CPU, (1,)).latents().shape[1:]
        colours = sum(s.at.stop - s.at.start for s in network.layout if s.to_rgb)
        rows = network.num_ws
        assert shapes == {"w": (1, 10), "w+": (rows, 10), "s": (network.s_dim - colours,)}

    @pytest.mark.parametrize("space", ["w", "w+", "s"])
    def test_nothing_but_zeros_draws_the_mean_of_all_w(self, two, space):
        network = built(two, CPU)
        canvas = StyleGAN(model=two, space=space).build(CPU, (1,))
        assert canvas.latents().abs().max() < 1e-4
        mean = network.w_statistics()[0].expand(1, network.num_ws, -1)
        torch.testing.assert_close(canvas(), drawn(network, mean), rtol=0, atol=1e-4)

    @pytest.mark.parametrize("space", ["w", "s"])
    def test_the_latents_of_many_seeds_have_mean_0_and_variance_1_in_every_number(self, two, space):
        start = RandomLatent(truncation=1.0)
        q = StyleGAN(model=two, space=space, start=start, colours=space == "s")
        q = q.build(CPU, range(3000)).latents().flatten(1)
        assert q.mean(0).abs().max() < 0.1 and (q.std(0) - 1).abs().max() < 0.1

    def test_a_latent_of_one_is_a_standard_deviation_of_w(self, two):
        network = built(two, CPU)
        mean, deviation = network.w_statistics()
        canvas = StyleGAN(model=two, space="w").build(CPU, (1,))
        with torch.no_grad():
            canvas.q.fill_(1)
        ws = (mean + deviation).expand(1, network.num_ws, -1)
        torch.testing.assert_close(canvas(), drawn(network, ws), rtol=0, atol=1e-4)

    @pytest.mark.parametrize("colours", [False, True])
    def test_in_s_the_styles_that_make_colours_move_only_when_asked(self, two, colours):
        network = built(two, CPU)
        canvas = StyleGAN(model=two, space="s", start=SeedLatent(), colours=colours)
        canvas = canvas.build(CPU, (1,))
        before = canvas.styles().detach()
        with torch.no_grad():
            canvas.q.add_(1)
        moved = (canvas.styles() - before)[0] != 0
        assert all(moved[s.at].any() == (colours or not s.to_rgb) for s in network.layout)

    @pytest.mark.parametrize("space", ["w", "w+", "s"])
    def test_descent_makes_a_picture_greyer(self, two, space):
        canvas = StyleGAN(model=two, space=space, noise="none").build(CPU, (1,))
        optimizer = torch.optim.Adam(canvas.parameters(), lr=0.05)
        seen = []
        for _ in range(10):
            optimizer.zero_grad()
            colour = (canvas() - 0.5).square().mean()
            colour.backward()
            optimizer.step()
            seen.append(colour.item())
        assert seen[-1] < 0.9 * seen[0]

    def test_the_network_is_no_part_of_the_state(self, models):
        two, pro = StyleGAN(model=models["two"]), ProGAN(model=models["progan"])
        assert [*two.build(CPU, (1,)).state_dict()] == ["q"]
        assert [*pro.build(CPU, (1,)).state_dict()] == ["z"]

    def test_nothing_goes_further_than_the_reach(self, two):
        start = SeedLatent(truncation=2.0)
        canvas = StyleGAN(model=two, start=start, reach=0.5).build(CPU, (1,))
        assert canvas.q.abs().max() > 0.5
        canvas.project_()
        assert canvas.q.abs().max() == 0.5

    def test_a_pull_to_zero_leads_to_the_mean(self, two):
        canvas = StyleGAN(model=two, space="w", start=SeedLatent()).build(CPU, (1, 2))
        pull = LatentPull(towards="zero").build(canvas, CPU)
        value = pull(canvas().detach(), Moment(0, 0.0, Draws((1, 2), 0)))
        sum(part.sum() for part in parts(value)).backward()  # type: ignore[union-attr]
        torch.testing.assert_close(canvas.q.grad, canvas.q.detach() / canvas.q[0].numel())


class TestStarts:
    def test_a_seed_of_its_own_is_each_picture_s(self, two):
        own = StyleGAN(model=two, start=SeedLatent()).build(CPU, (8, 9)).latents()
        nine = StyleGAN(model=two, start=SeedLatent(seed=9)).build(CPU, (0,)).latents()
        torch.testing.assert_close(own[1:], nine)
        assert not torch.allclose(own[:1], nine)

    def test_random_pictures_differ_and_truncation_brings_them_near_the_mean(self, two):
        far, near = (
            StyleGAN(model=two, start=RandomLatent(truncation=psi)).build(CPU, (8, 9)).latents()
            for psi in (1.0, 0.25)
        )
        assert not torch.allclose(far[0], far[1])
        mean, deviation = statistics(built(two, CPU), "w", None)
        average = (built(two, CPU).w_avg - mean) / deviation
        torch.testing.assert_close(near - average, (far - average) / 4, rtol=0, atol=1e-4)

    def test_truncation_ends_at_its_cutoff(self, two):
        whole, cut = (
            StyleGAN(model=two, start=SeedLatent(truncation=psi, cutoff=3)).build(CPU, (8,))
            for psi in (1.0, 0.5)
        )
        same = (whole.latents() == cut.latents()).all(2)[0]
        assert same.tolist() == [row >= 3 for row in range(len(same))]

    def test_mixed_rows_come_from_the_other(self, two):
        ways: dict[str, LatentSpec] = {"a": SeedLatent(seed=1), "b": SeedLatent(seed=2)}
        ways["both"] = MixedLatent(start=ways["a"], other=ways["b"], rows=(0, 2))
        found = {
            name: StyleGAN(model=two, start=way).build(CPU, (0,)).latents()[0]
            for name, way in ways.items()
        }
        for row, got in enumerate(found["both"]):
            assert torch.equal(got, found["b" if row in (0, 2) else "a"][row])

    def test_a_class_has_a_mean_of_its_own(self, models):
        network = built(models["classes"], CPU)
        for label in (0, 3):
            z = Draws(range(4000), 0, "z").normal(network.z_dim)
            ws = network.mapping(z, torch.eye(4)[label].expand(len(z), -1))[:, 0]
            mean = MeanLatent().draw(network, label, (0,))[0, 0]
            assert ((mean - ws.mean(0)) / ws.std(0)).abs().max() < 0.1

    def test_the_statistics_are_those_of_the_network(self, two):
        network = built(two, CPU)
        whole = network.style_statistics(10_000, 123, 1.0, None)
        for got, want in (
            (statistics(network, "w", None), network.w_statistics()),
            (statistics(network, "s", None), whole),
        ):
            for a, b in zip(got, want, strict=True):
                torch.testing.assert_close(a, b)

    def test_a_number_that_never_varies_does_no_harm(self):
        tensors, config = small.stylegan2()
        tensors["mapping.fc1.weight"][3] = 0
        tensors, fields = stylegan_layout(tensors, config, "file")
        units = Units.of(frozen(fields, tensors), "w", None, False)
        assert units.latents(units.mean).isfinite().all()

    def test_every_start_survives_json(self, two):
        start = MixedLatent(start=MeanLatent(), other=LatentFile(path="a.pt"), rows=(1,))
        canvas = StyleGAN(model=two, start=start)
        assert from_json(to_json(canvas), StyleGAN) == canvas


class TestNoise:
    def test_the_kinds_of_noise_draw_other_pictures_and_random_maps_other_ones_of_a_batch(
        self, two
    ):
        kinds = ("const", "none", "random", "optimised")
        drawn = {k: StyleGAN(model=two, noise=k).build(CPU, (1, 2))() for k in kinds}
        torch.testing.assert_close(drawn["const"][0], drawn["const"][1], rtol=0, atol=1e-5)
        assert (drawn["random"][0] - drawn["random"][1]).abs().max() > 0.01
        assert (drawn["const"] - drawn["none"]).abs().max() > 0.01

    def test_optimised_maps_are_a_group_and_stay_at_mean_0_and_variance_1(self, two):
        canvas = StyleGAN(model=two, noise="optimised").build(CPU, (1, 2))
        maps = canvas.groups()["noise"]
        assert [*canvas.groups()] == ["all", "noise"]
        assert [m.shape[-1] for m in maps] == list(built(two, CPU).noise_sizes)
        before = [values.detach().clone() for values in maps]
        with torch.no_grad():
            for values in maps:
                values.mul_(3).add_(2)
        canvas.project_()
        torch.testing.assert_close([*map(torch.Tensor.detach, maps)], before, rtol=0, atol=1e-3)
        for values in maps:
            assert values.mean((1, 2, 3)).abs().max() < 1e-4
            assert (values.square().mean((1, 2, 3)) - 1).abs().max() < 1e-3

    def test_drawn_maps_do_not_move(self, two):
        assert [*StyleGAN(model=two, noise="random").build(CPU, (1,)).groups()] == ["all"]

    def test_normal_maps_are_left_as_they_are(self):
        values = normal(3 + Draws((1, 2), 0, "noise").normal(1, 4, 4))
        assert torch.equal(normal(values), values)


class TestSizes:
    def test_without_a_size_it_is_that_of_the_network_and_the_recipe_says_so(self, models):
        for name, side in (("two", 32), ("three", 16), ("progan", 16)):
            canvas = (ProGAN if name == "progan" else StyleGAN)(model=models[name])
            assert canvas.size == (side, side)
            assert to_json(canvas)["size"] == [side, side]

    def test_a_written_spec_is_read_where_its_model_is_not(self, two):
        data = to_json(StyleGAN(model=two)) | {"model": "gone"}
        assert from_json(data).size == (32, 32)

    def test_another_size_shows_the_middle_of_the_picture_scaled(self, two):
        whole = StyleGAN(model=two, start=SeedLatent()).build(CPU, (1,))()
        half = StyleGAN(model=two, start=SeedLatent(), size=(16, 32)).build(CPU, (1,))()
        torch.testing.assert_close(half, whole[..., 8:24], rtol=0, atol=1e-5)

    def test_memory_grows_with_what_the_network_draws_and_is_less_in_bf16(self, models):
        small, reduced = ProGAN(model=models["progan"]), machine("cpu", "bf16")
        large = StyleGAN(model=models["two"], size=(8, 8))
        assert 32 * 1_000_000 < large.memory(CPU) < StyleGAN(model=models["three"]).memory(CPU)
        assert 16 * 500_000 < small.memory(CPU) < large.memory(CPU)
        assert all(c.memory(reduced) < c.memory(CPU) for c in (small, large))


class TestProGAN:
    def test_the_noise_stays_on_its_sphere(self, models):
        canvas = ProGAN(model=models["progan"]).build(CPU, (1, 2))
        with torch.no_grad():
            canvas.z.mul_(7)
        canvas.project_()
        torch.testing.assert_close(canvas.z.square().mean(1), torch.ones(2))

    def test_a_picture_is_what_the_network_makes_of_its_noise(self, models):
        canvas = ProGAN(model=models["progan"]).build(CPU, (1, 2))
        assert isinstance(canvas, ProGANCanvas) and not torch.allclose(canvas()[0], canvas()[1])
        want = (canvas.networks[0](canvas.z * 2) + 1) / 2  # of any length
        torch.testing.assert_close(canvas(), want.clamp(0, 1), rtol=0, atol=1e-4)


class TestErrors:
    def refused(self, what: str, spec: object) -> str:
        with pytest.raises(ReverieError, match=what) as caught:
            spec.build(CPU, (0,))  # type: ignore[attr-defined]
        assert "\n" not in str(caught.value)
        return str(caught.value)

    @pytest.mark.parametrize(
        ("field", "value", "said"),
        [
            ("reach", 0.0, "reach: got 0.0; it is above 0"),
            ("size", (0, 8), "size"),
            ("colours", True, "colours: space w\\+ moves them already"),
        ],
    )
    def test_a_wrong_field_is_refused_before_anything_is_read(self, field, value, said):
        with pytest.raises(SpecError, match=said):
            StyleGAN(model="gone", **{field: value})

    @pytest.mark.parametrize(
        ("field", "value", "said"),
        [("space", "z", r"space: 'z' is not a choice"), ("noise", "randm", "mean 'random'")],
    )
    def test_a_recipe_with_an_unknown_space_or_noise_is_refused(self, two, field, value, said):
        with pytest.raises(SpecError, match=said):
            from_json(to_json(StyleGAN(model=two)) | {field: value})

    @pytest.mark.parametrize(
        ("make", "said"),
        [
            (lambda: SeedLatent(seed=-1), "seed: got -1; NVIDIA's noise takes 0 to 4294967295"),
            (lambda: SeedLatent(truncation=float("nan")), "truncation: got nan"),
            (lambda: RandomLatent(cutoff=-1), "cutoff: got -1"),
            (lambda: MixedLatent(start=MeanLatent(), other=MeanLatent(), rows=()), "rows: got"),
        ],
    )
    def test_a_wrong_start_is_refused(self, make, said):
        with pytest.raises(SpecError, match=said):
            make()

    def test_labels_and_classes_must_go_together(self, models):
        self.refused(
            "label: got 1, and this network has no", StyleGAN(model=models["two"], label=1)
        )
        self.refused("label: got none; .*0 to 3", StyleGAN(model=models["classes"]))
        self.refused("label: got 4; .*0 to 3", StyleGAN(model=models["classes"], label=4))

    def test_maps_for_a_network_without_noise_are_refused(self, models):
        for name in ("silent", "three"):
            self.refused("takes no maps", StyleGAN(model=models[name], noise="optimised"))

    def test_rows_that_differ_are_refused_in_w(self, two):
        mixed = MixedLatent(start=MeanLatent(), other=SeedLatent(seed=1), rows=(1,))
        self.refused("rows of w differ", StyleGAN(model=two, space="w", start=mixed))
        beyond = MixedLatent(start=MeanLatent(), other=SeedLatent(seed=1), rows=(1, 8))
        self.refused(r"rows: got \[1, 8\]; .*0 to 7", StyleGAN(model=two, start=beyond))

    def test_a_model_of_another_kind_is_refused(self, models):
        self.refused("is no StyleGAN", StyleGAN(model=models["progan"]))
        self.refused("is no ProGAN", ProGAN(model=models["two"]))
        self.refused("face_of_mine", StyleGAN(model="face_of_mine"))
