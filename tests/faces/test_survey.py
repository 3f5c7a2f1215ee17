"""What moving the channels of S does to what a perceptor sees."""

import pytest
import torch
import torch.nn.functional as F

from faces.small_faces import CLIP, CPU, S, survey
from reverie import image as images
from reverie.errors import SpecError
from reverie.faces.survey import Survey, Surveyor, channels
from reverie.nets.stylegan import numpy_normal


def test_a_row_is_the_mean_of_unit_steps_from_five_deviations_below_to_five_above(model, network):
    surveyor = Surveyor.of(survey(model, codes=3), CPU)
    mean, deviation = network.style_statistics(500, 5, 0.7, 8)
    eye, steps = CLIP.build(CPU), []
    for number in range(3):
        z = numpy_normal(5, 3, network.z_dim)[number : number + 1]
        seen = []
        for sign in (1, -1):
            styles = network.styles(network.mapping(z, None, 0.7, 8)).clone()
            styles[0, 9] = mean[9] + sign * 5 * deviation[9]
            picture = ((network.synthesis_from_styles(styles) + 1) / 2).clamp(0, 1)
            seen.append(eye.encode_image(images.resize(picture, (eye.size, eye.size))))
        steps.append(F.normalize(seen[0] - seen[1]))
    torch.testing.assert_close(surveyor.row(9), torch.cat(steps).mean(0), rtol=0, atol=1e-3)


def test_channels_that_make_colours_are_left_alone(network):
    free = set(channels(network).tolist())
    assert network.s_dim == S and 0 < len(free) < S
    for style in network.layout:
        inside = free & set(range(style.at.start, style.at.stop))
        assert bool(inside) is not style.to_rgb
        assert not inside or len(inside) == style.at.stop - style.at.start


def test_what_a_survey_depends_on_is_told(model):
    one, other = survey(model).about(), survey(model, codes=3).about()
    assert one["generator"] == other["generator"] and len(one["generator"]) == 64
    assert one["perceptor"] == CLIP.digests()
    assert (one["survey"]["codes"], other["survey"]["codes"]) == (2, 3)


@pytest.mark.parametrize(
    "wrong", [{"codes": 0}, {"codes": -1}, {"reach": 0.0}, {"reach": float("nan")}, {"count": 1}]
)
def test_surveys_that_make_no_sense_are_refused(wrong):
    with pytest.raises(SpecError, match=next(iter(wrong))):
        Survey(model="any", perceptor=CLIP, **wrong)
