"""The whole picture as one view."""

import torch

from reverie.augment.whole import WholeView
from reverie.protocols import Draws, Moment


def seen(picture: torch.Tensor, step: int, size: int) -> torch.Tensor:
    moment = Moment(step, step / 10, Draws(range(len(picture)), step))
    looks = WholeView().build()(picture, moment)
    assert looks.count == 1
    return looks.draw(slice(0, 1), size)


def test_every_pixel_counts_by_its_share_and_every_step_sees_the_same():
    picture = Draws((0, 1), 0, "picture").uniform(3, 48, 32)
    small = seen(picture, 0, 16)
    want = picture.unflatten(2, (16, 3)).unflatten(4, (16, 2)).mean((3, 5))
    torch.testing.assert_close(small, want)
    assert torch.equal(seen(picture, 7, 16), small)


def test_a_picture_smaller_than_the_view_is_all_there():
    picture = Draws((0,), 0, "picture").uniform(3, 8, 8)
    large = seen(picture, 0, 224)
    assert large.shape == (1, 3, 224, 224)
    torch.testing.assert_close(large.mean((2, 3)), picture.mean((2, 3)))
