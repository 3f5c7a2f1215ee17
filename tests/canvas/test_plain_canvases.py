"""Pixels, Fourier, and the average of either."""

import pytest
import torch
from torch import Tensor

from reverie.canvas.averaged import Averaged, AveragedCanvas
from reverie.canvas.fourier import Fourier
from reverie.canvas.pixels import Pixels
from reverie.canvas.start import Colour, Gradient
from reverie.errors import SpecError
from reverie.protocols import Canvas, CanvasSpec, Machine
from reverie.spec import from_json, to_json

CPU = Machine(torch.device("cpu"), torch.float32)
SIZES = [(8, 6), (9, 6), (8, 7), (7, 9), (1, 5), (4, 1), (1, 1), (2, 2)]
SPECS = [
    make(size=size, **how)
    for size in SIZES
    for make, how in (
        (Pixels, {}),
        (Fourier, {}),
        (Fourier, {"decay": 0.5, "start": Gradient()}),
    )
] + [Averaged(canvas=Fourier(size=(9, 6))), Averaged(canvas=Pixels(size=(9, 6)), decay=0.5)]


def photo(spec: CanvasSpec, b: int = 1) -> Tensor:
    width, height = spec.size
    return torch.rand(b, 3, height, width, generator=torch.Generator().manual_seed(5))


def improve(canvas: Canvas, target: Tensor, steps: int, lr: float) -> None:
    optimizer = torch.optim.Adam([p for group in canvas.groups().values() for p in group], lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        (canvas() - target).square().sum().backward()
        optimizer.step()
        canvas.project_()


@pytest.mark.parametrize("spec", SPECS, ids=repr)
class TestEvery:
    def test_it_draws_pictures_of_its_size(self, spec: CanvasSpec):
        image = spec.build(CPU, (0, 1))()
        width, height = spec.size
        assert image.shape == (2, 3, height, width) and image.dtype == torch.float32
        assert image.min() >= 0 and image.max() <= 1

    def test_a_batch_of_two_equals_two_of_one(self, spec: CanvasSpec):
        both = spec.build(CPU, (3, 4))
        improve(both, photo(spec, 2), steps=3, lr=0.1)
        for i, seed in enumerate((3, 4)):
            one = spec.build(CPU, (seed,))
            improve(one, photo(spec, 2)[i : i + 1], steps=3, lr=0.1)
            torch.testing.assert_close(both()[i : i + 1], one(), rtol=1e-4, atol=1e-5)

    def test_a_picture_goes_in_and_comes_out(self, spec: CanvasSpec):
        canvas = spec.build(CPU, (0,))
        picture = photo(spec).mul(1.2).sub(0.1).clamp(0, 1)  # with pure black and white
        canvas.encode_(picture)
        assert (canvas() - picture).abs().max() < 1e-3
        assert (canvas.shown(canvas()) - picture).abs().max() < 1e-3

    def test_it_learns_a_picture(self, spec: CanvasSpec):
        canvas = spec.build(CPU, (0,))
        before = (canvas() - photo(spec)).square().mean()
        improve(canvas, photo(spec), steps=80, lr=0.2)
        assert (canvas() - photo(spec)).square().mean() < 0.5 * before

    def test_it_survives_json(self, spec: CanvasSpec):
        assert from_json(to_json(spec), CanvasSpec) == spec


@pytest.mark.parametrize("make", [Pixels, Fourier])
@pytest.mark.parametrize("size", [(0, 4), (4, -1), (20_000, 4)])
def test_an_impossible_size_is_refused(make: type[Pixels | Fourier], size: tuple[int, int]):
    with pytest.raises(SpecError, match="size"):
        make(size=size)


@pytest.mark.parametrize("make", [Pixels, Fourier])
def test_it_starts_as_it_is_told(make: type[Pixels | Fourier]):
    image = make(size=(3, 2), start=Colour(colour="#ff8000")).build(CPU, (0,))()
    want = torch.tensor([255, 128, 0])[:, None, None] / 255
    assert (image - want).abs().max() < 1e-3


class TestPixels:
    def test_a_saturated_pixel_comes_back(self):
        canvas = Pixels(size=(2, 2), start=Colour(colour="white")).build(CPU, (0,))
        improve(canvas, torch.ones(1, 3, 2, 2) * 9, steps=20, lr=0.1)  # ever further out
        assert canvas().min() == 1
        improve(canvas, torch.zeros(1, 3, 2, 2), steps=5, lr=0.1)
        assert canvas().max() < 0.7


class TestFourier:
    def test_broad_waves_move_faster_than_fine_ones(self):
        canvas = Fourier(size=(32, 32)).build(CPU, (0,))
        start = canvas().detach()
        noise = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
        optimizer = torch.optim.SGD(canvas.parameters(), lr=1.0)
        (canvas() * noise).sum().backward()
        optimizer.step()
        moved = torch.fft.rfft2(canvas().detach() - start).abs().mean((0, 1))
        for fine in (moved[12:20, 12:], moved[:3, 12:], moved[12:20, :3]):
            assert moved[:3, :3].mean() > 10 * fine.mean()

    def test_a_step_moves_a_picture_as_far_at_every_size(self):
        def moved(size: int) -> float:
            canvas = Fourier(size=(size, size)).build(CPU, (0,))
            before = canvas().detach()
            improve(canvas, torch.zeros_like(before), steps=1, lr=0.1)
            return (canvas() - before).std().item()

        assert moved(96) == pytest.approx(moved(24), rel=0.5)

    def test_its_noise_is_about_as_strong_as_asked_at_every_decay(self):
        for decay in (0.5, 1.0, 2.0):
            spread = Fourier(size=(64, 64), decay=decay).build(CPU, range(8))().std().item()
            assert 0.015 < spread < 0.06, decay

    def test_a_decay_out_of_range_is_refused(self):
        with pytest.raises(SpecError, match="decay"):
            Fourier(decay=-1.0)


class TestAveraged:
    def build(self, seeds: tuple[int, ...] = (0,)) -> AveragedCanvas:
        return Averaged(canvas=Pixels(size=(5, 4)), decay=0.8).build(CPU, seeds)

    def test_at_first_it_shows_the_untouched_canvas(self):
        canvas = self.build()
        assert torch.equal(canvas.shown(canvas()), canvas())

    def test_it_shows_the_weighted_mean_of_what_was_drawn(self):
        canvas = self.build()
        drawn = [canvas().detach().clone()]
        for _ in range(4):
            improve(canvas, photo(Pixels(size=(5, 4))), steps=1, lr=0.1)
            drawn.append(canvas().detach().clone())
        weights = 0.8 ** torch.arange(4.0, -1, -1)
        want = torch.tensordot(weights / weights.sum(), torch.stack(drawn), 1)
        torch.testing.assert_close(canvas.shown(canvas()), want)
        assert torch.equal(canvas(), drawn[-1])  # the loop improves the live one

    def test_a_picture_that_goes_in_is_shown_at_once(self):
        canvas = self.build()
        improve(canvas, photo(Pixels(size=(5, 4))), steps=3, lr=0.1)
        canvas.encode_(torch.full((1, 3, 4, 5), 0.25))
        assert (canvas.shown(canvas()) == 0.25).all()
        fresh = self.build((1,))
        fresh.encode_(torch.full((1, 3, 4, 5), 0.25))
        for one in (canvas, fresh):
            improve(one, photo(Pixels(size=(5, 4))), steps=2, lr=0.1)
        assert torch.equal(canvas.shown(canvas()), fresh.shown(fresh()))

    def test_the_canvas_inside_is_projected(self):
        canvas = self.build()
        improve(canvas, torch.ones(1, 3, 4, 5) * 9, steps=20, lr=0.1)
        assert canvas().max() == 1 and canvas.shown(canvas()).max() <= 1

    def test_a_resumed_average_equals_an_uninterrupted_one(self):
        canvas = self.build()
        improve(canvas, photo(Pixels(size=(5, 4))), steps=3, lr=0.1)
        resumed = self.build((1,))
        resumed.load_state_dict(canvas.state_dict())
        for one in (canvas, resumed):
            improve(one, photo(Pixels(size=(5, 4))), steps=2, lr=0.1)
        assert torch.equal(resumed.shown(resumed()), canvas.shown(canvas()))

    def test_only_the_live_parameters_are_improved(self):
        canvas = self.build()
        assert canvas.groups() == canvas.canvas.groups()
        assert [*canvas.parameters()] == [*canvas.canvas.parameters()]

    def test_a_decay_out_of_range_is_refused(self):
        for decay in (0.0, 1.0):
            with pytest.raises(SpecError, match="decay"):
                Averaged(canvas=Pixels(), decay=decay)
