"""The preview fits into the terminal, and tells colours as they are."""

import pytest
import torch

from reverie.cli.live import Pace, clock, half_blocks


@pytest.mark.parametrize("size", [(512, 512), (3, 2000), (2000, 3), (1, 1), (640, 480)])
@pytest.mark.parametrize("room", [(80, 20), (200, 46), (10, 2), (1, 1)])
def test_the_preview_fits_into_the_room_there_is(size, room):
    width, height = size
    lines = [[]]
    for segment in half_blocks(torch.rand(1, 3, height, width), *room).segments:
        if segment.text == "\n":
            lines.append([])
        else:
            lines[-1].append(segment.text)
    rows = [line for line in lines if line]
    assert 1 <= len(rows) <= max(1, room[1])
    assert all(len(row) <= max(1, room[0]) for row in rows)


def test_the_upper_pixel_is_ink_and_the_lower_is_paper():
    picture = torch.zeros(1, 3, 20, 10)
    picture[0, 0, 0], picture[0, 2, 1] = 1.0, 1.0  # red above blue
    first = half_blocks(picture, 12, 10).segments[0]
    ink, paper = first.style.color.triplet, first.style.bgcolor.triplet
    assert (ink.hex, paper.hex) == ("#ff0000", "#0000ff")


def test_the_pace_is_of_the_last_steps_and_tells_what_is_left():
    pace = Pace()
    assert pace.line(0, 100) == ""
    pace.times.clear()
    pace.times.append((0.0, 0))
    pace.times.append((10.0, 5))
    assert clock(75) == "1:15" and clock(3675) == "1:01:15"
