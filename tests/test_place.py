"""Places are read where they are meant, and lie where they say."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from reverie.errors import SpecError
from reverie.place import NAMES, WHOLE, cropped, narrowed, pixels, read, split, written

SHARE = st.floats(0, 1)
BOXES = st.builds(
    lambda x, y, w, h: (x, y, (1 - x) * w, (1 - y) * h), SHARE, SHARE, SHARE, SHARE
).filter(lambda box: min(box[2:]) > 0)


@pytest.mark.parametrize(
    ("text", "box"),
    [
        ("left", (0, 0, 0.5, 1)),
        ("the left side", (0, 0, 0.5, 1)),
        ("Upper Right Corner", (0.5, 0, 0.5, 0.5)),
        ("right top", (0.5, 0, 0.5, 0.5)),
        ("bottom-left", (0, 0.5, 0.5, 0.5)),
        ("lower half", (0, 0.5, 1, 0.5)),
        ("center", (0.25, 0.25, 0.5, 0.5)),
        ("the middle third", (1 / 3, 0, 1 / 3, 1)),
        ("0,0,.5,0.6", (0, 0, 0.5, 0.6)),
        ("50%, 0, 50%, 100%", (0.5, 0, 0.5, 1)),
        ("0.7 0.7 0.3 0.3", (0.7, 0.7, 0.3, 0.3)),
    ],
)
def test_a_place_is_a_name_or_four_numbers(text, box):
    assert read(text) == pytest.approx(box)


@pytest.mark.parametrize(
    "text",
    ["noon", "night", "5", "1,000", "1,000,000", "10:30", "0.5", "left bank", "the corner", "half",
     "a.b", "10 30", "the right time", "top left:2"],
)  # fmt: skip
def test_other_words_are_no_place(text):
    assert read(text) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0.5,0.5", "got 2 of these"),
        ("2,50", "got 2 of these"),
        ("0,0,1,1,1", "got 5 of these"),
        ("0,0,0,1", "does not lie in the picture"),
        ("0.6,0,0.5,1", "does not lie in the picture"),
        ("0,-0.1,1,1", "does not lie in the picture"),
        ("0,0,512,512", "shares of the picture"),
        ("0,0,1e999,1", "does not lie in the picture"),
        ("left.", "is 'left' meant"),
        ("lefft", "is 'left' meant"),
        ("botom right", "is 'bottom right' meant"),
    ],
)
def test_what_is_meant_as_a_place_and_is_none_is_refused(text, message):
    with pytest.raises(SpecError, match=message):
        read(text)


def test_the_last_mark_between_spaces_is_before_the_place():
    assert split("me @ home @ left") == ("me @ home", NAMES["left"])
    assert split("a@left") == ("a@left", None)
    assert split("@left") == ("@left", None)


@given(BOXES)
def test_a_box_is_read_as_it_was_written(box):
    assert read(written(box)) == box


@pytest.mark.parametrize("name", NAMES)
def test_a_named_box_is_written_by_its_name(name):
    assert written(NAMES[name]) == name


@given(BOXES, st.tuples(st.integers(1, 300), st.integers(1, 300)))
def test_a_box_has_some_pixels_and_they_are_in_the_picture(box, size):
    left, top, right, bottom = pixels(box, size)
    assert 0 <= left <= right - min(8, size[0]) and right <= size[0]
    assert 0 <= top <= bottom - min(8, size[1]) and bottom <= size[1]


@given(st.integers(40, 999))
def test_neighbours_share_an_edge(side):
    thirds = [pixels(NAMES[f"{name} third"], (side, 9)) for name in ("left", "middle", "right")]
    assert [edges[0] for edges in thirds] == [0, thirds[0][2], thirds[1][2]]
    assert thirds[2][2] == side


def test_a_part_is_cut_out_and_the_whole_is_itself():
    image = torch.arange(3 * 16 * 20).view(1, 3, 16, 20)
    assert torch.equal(cropped(image, (0.5, 0, 0.5, 0.5)), image[..., :8, 10:])
    assert cropped(image, None) is image
    assert torch.equal(cropped(image, WHOLE), image)


@given(BOXES, st.lists(st.floats(0, 0.4), min_size=4, max_size=4))
def test_a_narrowed_box_lies_within_its_box_and_keeps_edges_of_the_picture(box, by):
    left, top, width, height = narrowed(box, by)
    assert left >= box[0] - 1e-9 and left + width <= box[0] + box[2] + 1e-9
    assert top >= box[1] - 1e-9 and top + height <= box[1] + box[3] + 1e-9
    assert width >= 0 and height >= 0
    half = narrowed((0.0, 0.0, 0.5, 1.0), [0.1] * 4)
    assert half == pytest.approx((0.0, 0.0, 0.45, 1.0))
