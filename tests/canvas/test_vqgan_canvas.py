"""Pictures from the rows of a codebook."""

import pytest
import torch

from parity.golden import ROOT, config, weights
from reverie.canvas.start import Colour
from reverie.canvas.vqgan import VQGAN, VQGANCanvas, random_rows, tiles
from reverie.canvas.vqgan_codes import CodesCanvas, VQGANCodes
from reverie.device import machine
from reverie.errors import CapacityError, ReverieError, SpecError
from reverie.nets.vqgan import VQGAN as Network
from reverie.nets.vqgan import nearest
from reverie.protocols import Draws
from reverie.recipes.vqgan_clip import vqgan_clip
from reverie.run import Run
from reverie.weights.vqgan_layouts import vqgan_layout

CPU = machine("cpu", "fp32")


@pytest.fixture(scope="module")
def codec() -> Network:
    folder = ROOT / "vqgan"
    tensors, fields = vqgan_layout(weights(folder), config(folder), folder.name)
    return Network.frozen(fields, tensors)


def latents(codec: Network, b: int = 2) -> torch.Tensor:
    spread = codec.codebook.std()
    return spread * Draws(range(b), 0, "z").normal(codec.codebook.shape[1], 3, 5)


def test_what_is_drawn_are_the_nearest_rows(codec):
    canvas = VQGANCanvas(codec, latents(codec))
    rows = codec.codebook[nearest(canvas.z, codec.codebook)].permute(0, 3, 1, 2)
    want = ((codec.decode(rows) + 1) / 2).clamp(0, 1)
    torch.testing.assert_close(canvas(), want)
    assert torch.equal(VQGANCanvas(codec, rows)().detach(), canvas().detach())


def test_latents_are_kept_in_the_range_of_the_codebook_channel_by_channel(codec):
    canvas = VQGANCanvas(codec, latents(codec))
    with torch.no_grad():
        canvas.z.mul_(100)
    canvas.project_()
    least, most = codec.codebook.aminmax(dim=0)
    torch.testing.assert_close(canvas.z.amin((0, 2, 3)), least)
    torch.testing.assert_close(canvas.z.amax((0, 2, 3)), most)


def test_a_start_from_a_picture_is_the_codec_s_own_reconstruction(codec):
    picture = Draws((3, 4), 0, "picture").uniform(3, 12, 20)
    canvas = VQGANCanvas(codec, latents(codec))
    canvas.encode_(picture)
    want = ((codec.decode(codec.encode(picture * 2 - 1)) + 1) / 2).clamp(0, 1)
    torch.testing.assert_close(canvas(), want)
    assert torch.equal(canvas.latents(), canvas.latents_of(picture))


def test_the_network_is_no_part_of_the_state(codec):
    assert [*VQGANCanvas(codec, latents(codec)).state_dict()] == ["z"]


def test_descent_makes_a_picture_redder(codec):
    canvas = VQGANCanvas(codec, latents(codec))
    optimizer = torch.optim.Adam(canvas.parameters(), lr=codec.codebook.std().item())

    def redness() -> torch.Tensor:
        image = canvas()
        return image[:, 0].mean() - image[:, 1:].mean()

    first = redness().item()
    for _ in range(20):
        optimizer.zero_grad()
        (-redness()).backward()
        optimizer.step()
        canvas.project_()
    assert redness().item() > first + 0.02


def test_random_rows_cover_the_codebook_evenly_and_each_seed_has_its_own():
    rows = random_rows(50, (40, 40), (1, 2))
    counts = torch.bincount(rows.flatten(), minlength=50)
    assert len(counts) == 50 and counts.min() > 30 and counts.max() < 110
    assert torch.equal(rows[1:], random_rows(50, (40, 40), (2,)))
    assert not torch.equal(rows[0], rows[1])


def test_a_size_that_is_not_made_of_tiles_is_refused_with_the_nearest():
    assert tiles((48, 32), 16, "a model") == (3, 2)
    with pytest.raises(SpecError, match=r"50x33 is not made of whole tiles of 16 .*48x32 is the"):
        tiles((50, 33), 16, "a model")
    with pytest.raises(SpecError, match="16x16"):
        tiles((3, 20), 16, "a model")


def test_a_picture_that_no_memory_holds_is_refused_with_one_that_fits(tmp_path):
    recipe = vqgan_clip("a fox", size=(16384, 16384), perceptor="pocket-clip", init="codes")
    with pytest.raises(CapacityError, match=r"16384x16384 would take .*--size \d+x\d+ would fit"):
        Run.start(recipe, tmp_path / "run", CPU)
    assert not (tmp_path / "run").exists()


def test_a_model_that_is_not_there_is_said():
    with pytest.raises(ReverieError, match="vqgan_of_mine"):
        VQGAN(model="vqgan_of_mine").build(CPU, (0,))


def test_a_colour_to_begin_with_is_seen():
    teal = VQGAN(size=(32, 24), start=Colour(colour="teal")).build(CPU, (0,))()
    want = torch.tensor([0, 0.5, 0.5])
    assert (teal.mean((0, 2, 3)) - want).abs().max() < 0.15


class TestCodes:
    def canvas(self, codec: Network, seeds: tuple[int, ...] = (5, 6)) -> CodesCanvas:
        n = len(codec.codebook)
        return CodesCanvas(codec, Draws(seeds, 0, "logits").normal(3, 5, n), seeds)

    def test_every_step_draws_other_rows_of_the_codebook(self, codec):
        canvas = self.canvas(codec)
        first, again = canvas().detach(), canvas().detach()
        canvas.project_()
        assert torch.equal(first, again) and not torch.allclose(first, canvas())

    def test_rows_are_drawn_as_often_as_they_are_likely(self, codec):
        canvas = self.canvas(codec, (5,))
        drawn = []
        canvas.decode = lambda rows: drawn.append(rows.detach()) or codec.decode(rows)
        with torch.no_grad():
            canvas.logits.fill_(-100.0)
            canvas.logits[..., 7], canvas.logits[..., 9] = 0.0, torch.tensor(3.0).log()
        for _ in range(60):
            canvas().detach()
            canvas.project_()
        codes = nearest(torch.cat(drawn), codec.codebook)
        assert set(codes.unique().tolist()) == {7, 9}
        assert (codes == 9).float().mean().item() == pytest.approx(0.75, abs=0.05)

    def test_the_gradient_is_that_of_the_mean_row(self, codec):
        canvas = self.canvas(codec)
        weight = torch.linspace(-1, 1, codec.codebook.shape[1])[:, None, None]
        canvas.decode = lambda rows: (rows * weight).sum(1, keepdim=True).expand(-1, 3, -1, -1) / 99
        canvas().sum().backward()
        got, canvas.logits.grad = canvas.logits.grad, None
        mean = (canvas.logits.softmax(-1) @ codec.codebook).permute(0, 3, 1, 2)
        (3 * (mean * weight).sum() / 99 / 2).backward()
        torch.testing.assert_close(got, canvas.logits.grad)

    def test_the_likeliest_rows_are_shown(self, codec):
        canvas = self.canvas(codec)
        rows = codec.codebook[canvas.logits.argmax(-1)].permute(0, 3, 1, 2)
        want = ((codec.decode(rows) + 1) / 2).clamp(0, 1)
        torch.testing.assert_close(canvas.shown(canvas().detach()), want)

    def test_a_start_from_a_picture_shows_its_reconstruction_and_mostly_draws_it(self, codec):
        picture = Draws((3, 4), 0, "picture").uniform(3, 12, 20)
        canvas = self.canvas(codec)
        canvas.encode_(picture)
        want = ((codec.decode(codec.encode(picture * 2 - 1)) + 1) / 2).clamp(0, 1)
        torch.testing.assert_close(canvas.shown(picture), want)
        assert canvas.logits.softmax(-1).amax(-1).min() > 0.9

    def test_a_size_that_is_not_made_of_tiles_is_refused(self):
        with pytest.raises(SpecError, match="whole tiles"):
            VQGANCodes(size=(33, 32)).build(CPU, (0,))
