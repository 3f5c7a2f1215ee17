"""The loop keeps its promises: frames, resuming, batches, randomness, the seam."""

import copy
import gc
import weakref

import pytest
import torch
from torch import nn

from reverie.curve import Cosine
from reverie.errors import DivergedError, SpecError
from reverie.optimize import optimize
from reverie.optimizer import (
    Adagrad,
    Adam,
    Adamax,
    AdamP,
    AdamW,
    DiffGrad,
    NormalizedDescent,
    RAdam,
    RMSprop,
    adam_step,
    tangent,
)
from reverie.protocols import Canvas, Draws

OPTIMIZERS = [Adam, AdamW, RMSprop, Adagrad, RAdam, Adamax, DiffGrad, AdamP, NormalizedDescent]


class Sketch(Canvas):
    """Small pictures that are their own parameters."""

    def __init__(self, seeds=(0,), size=(6, 5)):
        super().__init__()
        start = 0.3 + 0.4 * Draws(seeds, 0, "start").uniform(3, size[1], size[0])
        self.pixels = nn.Parameter(start)
        self.drawn = 0

    def forward(self):
        self.drawn += 1
        return self.pixels

    def project_(self):
        self.pixels.clamp_(0, 1)


def noisy(image, moment):
    """Wants each picture to look like noise that is new at every step."""
    target = moment.draws.uniform(*image.shape[1:])
    return (image - target).square().mean((1, 2, 3))


def run(canvas, losses=None, lr=0.05, kind=Adam, **options):
    optimizer, curves = kind(lr=lr).build(canvas.groups())
    losses = losses or {"noisy": noisy}
    return optimize(canvas, losses, optimizer, curves, **{"steps": 8, **options}), optimizer


def last(*args, **options):
    return list(run(*args, **options)[0])[-1]


def test_frame_k_is_the_picture_before_update_k():
    canvas = Sketch()
    before = canvas().detach().clone()
    frames = list(run(canvas, steps=3)[0])
    assert [frame.step for frame in frames] == [0, 1, 2, 3]
    assert [round(frame.t, 2) for frame in frames] == [0.0, 0.33, 0.67, 1.0]
    assert torch.equal(frames[0].image, before)
    assert torch.equal(frames[-1].image, canvas().detach())
    assert not torch.equal(frames[1].image, before)


def test_the_loss_goes_down():
    def dark(image, moment):
        return image.mean((1, 2, 3))

    frames = list(run(Sketch(), {"dark": dark})[0])
    assert frames[-1].losses["dark"].item() < 0.5 * frames[0].losses["dark"].item()


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_a_resumed_run_equals_an_uninterrupted_one(kind):
    lr = Cosine(start=0.1)
    whole = last(Sketch(), lr=lr, kind=kind, seed=3)
    canvas = Sketch()
    frames, optimizer = run(canvas, lr=lr, kind=kind, seed=3)
    for frame in frames:
        if frame.step == 5:
            saved = copy.deepcopy((canvas.state_dict(), optimizer.state_dict()))
            break
    canvas = Sketch(seeds=(99,))
    canvas.load_state_dict(saved[0])
    frames, optimizer = run(canvas, lr=lr, kind=kind, seed=3, start=5)
    optimizer.load_state_dict(saved[1])
    assert torch.equal(whole.image, list(frames)[-1].image)


def test_a_batch_of_three_equals_three_runs_of_one():
    together = last(Sketch(seeds=(7, 8, 9)), seed=7).image
    apart = torch.cat([last(Sketch(seeds=(s,)), seed=s).image for s in (7, 8, 9)])
    torch.testing.assert_close(together, apart, rtol=0, atol=1e-6)


def test_the_callers_random_state_is_left_alone():
    def draws_globally(image, moment):
        return image.mean((1, 2, 3)) * torch.rand(())

    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    last(Sketch(), {"global": draws_globally})
    assert torch.equal(torch.rand(3), expected)


def test_every_step_and_every_loss_draws_anew_and_the_same_seed_draws_the_same():
    def draws(seed):
        seen = []

        def probe(image, moment):
            seen.append((moment.draws.uniform().item(), torch.rand(()).item()))
            return image.mean((1, 2, 3))

        last(Sketch(), {"a": probe, "b": probe}, steps=4, seed=seed)
        return seen

    for each in zip(*draws(0), strict=True):  # of the loss's own streams, and of torch's
        assert len(set(each)) == 10
    assert draws(0) == draws(0) != draws(1)


def test_the_learning_rate_follows_its_curve():
    frames, optimizer = run(Sketch(), lr=Cosine(start=0.1), steps=4)
    seen = [optimizer.param_groups[0]["lr"] for frame in frames if frame.step < 4]
    assert seen == [Cosine(start=0.1)(t) for t in (0.0, 0.25, 0.5, 0.75)]


def test_every_group_has_its_own_learning_rate():
    class Two(Sketch):
        def __init__(self):
            super().__init__()
            self.shift = nn.Parameter(torch.zeros(1))

        def forward(self):
            return self.pixels + self.shift

        def groups(self):
            return {"pixels": [self.pixels], "shift": [self.shift]}

    canvas = Two()
    before = canvas.pixels.detach().clone()
    last(canvas, lr={"pixels": 0.0, "shift": 0.05})
    assert torch.equal(canvas.pixels, before)
    assert canvas.shift.item() != 0
    with pytest.raises(
        SpecError, match=r"groups pixels, shift.*'shft' is not one of them.*'shift'"
    ):
        Adam(lr={"pixels": 0.1, "shift": 0.1, "shft": 0.1}).build(canvas.groups())
    with pytest.raises(SpecError, match="'shift' is missing"):
        Adam(lr={"pixels": 0.1}).build(canvas.groups())


def test_the_canvas_is_projected_after_every_update():
    frames = run(Sketch(), lr=10.0, steps=3)[0]
    assert all(frame.image.min() >= 0 and frame.image.max() <= 1 for frame in frames)


def test_losses_are_added_up():
    def half(image, moment):
        return image.square().mean((1, 2, 3)) / 2

    one = last(Sketch(), {"whole": lambda im, m: 2 * half(im, m)}, kind=RMSprop).image
    two = last(Sketch(), {"half": half, "other": half}, kind=RMSprop).image
    torch.testing.assert_close(one, two)


def test_a_loss_in_parts_equals_the_whole_loss():
    def gradient(loss):
        canvas = Sketch(seeds=(0, 1))
        frame = next(run(canvas, {"loss": loss})[0])
        return canvas.pixels.grad, frame.losses["loss"]

    def whole(image, moment):
        return sum(i * image.square().mean((1, 2, 3)) for i in range(4))

    def in_parts(image, moment):
        for i in range(4):
            yield i * image.square().mean((1, 2, 3))

    torch.testing.assert_close(gradient(whole), gradient(in_parts))


def test_only_one_part_is_alive_at_a_time_and_the_canvas_is_drawn_once():
    alive = []

    def in_parts(image, moment):
        held = []
        for _ in range(4):
            middle = image * 2
            held.append(weakref.ref(middle))
            value = middle.square().mean((1, 2, 3))
            del middle
            yield value
            del value
            gc.collect()
            alive.append(sum(ref() is not None for ref in held))

    canvas = Sketch()
    next(run(canvas, {"loss": in_parts})[0])
    assert alive == [0, 0, 0, 0]
    assert canvas.drawn == 1


def test_a_loss_may_look_at_the_parameters_beside_one_that_looks_at_the_picture():
    canvas = Sketch()

    def small(image, moment):
        return canvas.pixels.square().mean((1, 2, 3))

    next(run(canvas, {"small": small})[0])
    alone = canvas.pixels.grad.clone()
    next(run(canvas, {"noisy": noisy, "small": small})[0])
    both = canvas.pixels.grad.clone()
    next(run(canvas, {"noisy": noisy})[0])
    torch.testing.assert_close(both, alone + canvas.pixels.grad)


def test_a_loss_that_is_not_finite_stops_with_its_name_and_step():
    def breaks(image, moment):
        return image.mean((1, 2, 3)) * (float("nan") if moment.step == 2 else 1.0)

    seen = []
    with pytest.raises(DivergedError, match="step 2: the loss 'breaks'") as caught:
        for frame in run(Sketch(), {"fine": noisy, "breaks": breaks})[0]:
            seen.append(frame.step)
    assert (caught.value.loss, caught.value.step, seen) == ("breaks", 2, [0, 1])


def test_notes_reach_the_frame_and_parts_add_up():
    def noting(image, moment):
        for _ in range(2):
            moment.note("half", image.new_full((len(image),), 0.25))
            yield image.mean((1, 2, 3))

    frame = next(run(Sketch(seeds=(0, 1)), {"noting": noting})[0])
    assert frame.notes["half"].tolist() == [0.5, 0.5]
    frame = next(run(Sketch(seeds=(0, 1)), {"noting": noting, "again": noting})[0])
    assert frame.notes["half"].tolist() == [0.5, 0.5]  # the mean over losses


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_every_optimiser_descends_a_bowl(kind):
    def bowl(image, moment):
        return (image - 0.9).square().mean((1, 2, 3))

    frames = list(run(Sketch(), {"bowl": bowl}, kind=kind, steps=60)[0])
    assert frames[-1].losses["bowl"].item() < 0.5 * frames[0].losses["bowl"].item()


def test_adamp_takes_the_radial_part_out_where_weights_look_scale_invariant():
    p, step = torch.tensor([[3.0, 0.0]]), torch.tensor([[1.0, 2.0]])
    across, along = torch.tensor([[0.0, 1.0]]), torch.tensor([[1.0, 0.0]])
    assert tangent(p, across, step, 0.1, 1e-8).tolist() == [[0.0, 2.0]]
    assert torch.equal(tangent(p, along, step, 0.1, 1e-8), step)


def test_our_step_is_the_step_of_torchs_adam():
    theirs = torch.nn.Parameter(torch.tensor([0.3, -2.0, 0.0]))
    ours, state = theirs.detach().clone(), {}
    adam = torch.optim.Adam([theirs], lr=0.1, betas=(0.8, 0.95))
    for k in range(5):
        theirs.grad = torch.tensor([0.5, -1.0, 2.0]) * (k - 1.7)
        ours -= 0.1 * adam_step(state, theirs.grad.clone(), (0.8, 0.95), 1e-8)
        adam.step()
    torch.testing.assert_close(ours, theirs.detach())


def test_diffgrad_follows_its_formula():
    p = torch.nn.Parameter(torch.tensor([1.0, -1.0]))
    optimizer, _ = DiffGrad(lr=0.1).build({"all": [p]})
    want, m, v, before = p.detach().clone(), 0, 0, torch.zeros(2)
    for t, g in enumerate(torch.tensor([[0.5, 3.0], [0.5, -3.0], [0.4, -9.0]]), start=1):
        p.grad = g.clone()
        optimizer.step()
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        friction = 1 / (1 + (-(before - g).abs()).exp())
        want -= 0.1 * friction * (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)).sqrt() + 1e-8)
        before = g
        torch.testing.assert_close(p.detach(), want)


def test_normalized_descent_moves_every_picture_by_the_rate_on_average():
    p = torch.nn.Parameter(torch.zeros(3, 2, 4, 5))
    optimizer, _ = NormalizedDescent(lr=0.1).build({"all": [p]})
    p.grad = Draws((0, 1, 2), 0).normal(2, 4, 5) * torch.tensor([1e-6, 5.0, 0.0]).view(3, 1, 1, 1)
    optimizer.step()
    moved = p.detach().abs().mean((1, 2, 3))
    torch.testing.assert_close(moved, torch.tensor([0.1, 0.1, 0.0]))
    shares = p.detach()[:2] / p.grad[:2]  # one factor for each picture, and it is against the slope
    assert (shares < 0).all()
    torch.testing.assert_close(shares, shares[:, :1, :1, :1].expand_as(shares))


def test_streams_depend_on_seed_step_and_name_alone():
    draws = Draws((5, 6), 3, "x")
    first, second = draws.uniform(4), draws.uniform(4)
    assert not torch.equal(first, second)
    assert torch.equal(Draws((6,), 3, "x").uniform(4), first[1:])
    assert torch.equal(draws.named("y").uniform(4), Draws((5, 6), 3, "x").named("y").uniform(4))
    for other in (Draws((5, 6), 4, "x"), Draws((5, 6), 3, "y"), Draws((7, 8), 3, "x")):
        assert not torch.equal(other.uniform(4), first)


def test_draws_have_the_right_moments():
    draws = Draws(range(8), 0)
    assert abs(draws.uniform(4000).mean().item() - 0.5) < 0.01
    normal = draws.normal(4000)
    assert abs(normal.mean().item()) < 0.02
    assert abs(normal.std().item() - 1) < 0.02
