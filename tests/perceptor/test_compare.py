"""Pictures and labels are compared as CLIP's authors do it."""

import torch

from perceptor.tiny_clip import tiny_clip
from reverie import image as images
from reverie.perceptor.compare import TEMPLATES, classify, embed_labels, embed_pictures


def test_a_label_is_the_mean_of_its_wordings():
    perceptor = tiny_clip()
    wordings = perceptor.encode_text([template.format("a cat") for template in TEMPLATES])
    want = torch.nn.functional.normalize(wordings.mean(0), dim=0)
    torch.testing.assert_close(embed_labels(perceptor, ["a dog", "a cat"])[1], want)


def test_probabilities_follow_the_cosines_at_the_scale_of_the_network(tmp_path):
    perceptor = tiny_clip()
    for i in range(2):
        picture = torch.rand(3, 40, 50, generator=torch.Generator().manual_seed(i))
        images.save(picture, tmp_path / f"{i}.png", None)
    paths = [tmp_path / "0.png", tmp_path / "1.png"]
    table = classify(perceptor, paths, ["a cat", "a dog"])
    cosines = embed_pictures(perceptor, paths) @ embed_labels(perceptor, ["a cat", "a dog"]).T
    torch.testing.assert_close(table.sum(1), torch.ones(2))
    log_odds = (table[:, 0] / table[:, 1]).log()
    torch.testing.assert_close(log_odds, perceptor.logit_scale * (cosines[:, 0] - cosines[:, 1]))


def test_a_part_of_a_picture_is_seen_as_a_picture_of_its_own(tmp_path):
    perceptor = tiny_clip()
    whole = torch.rand(3, 40, 60, generator=torch.Generator().manual_seed(0))
    images.save(whole, tmp_path / "whole.png", None)
    images.save(whole[:, :, 30:], tmp_path / "right.png", None)
    part = embed_pictures(perceptor, [tmp_path / "whole.png"], (0.5, 0.0, 0.5, 1.0))
    torch.testing.assert_close(part, embed_pictures(perceptor, [tmp_path / "right.png"]))
    assert not torch.allclose(part, embed_pictures(perceptor, [tmp_path / "whole.png"]))


def test_a_perceptor_without_a_preparation_sees_the_whole_picture_squashed(tmp_path):
    class Mean(torch.nn.Module):
        size = 8

        def encode_image(self, views):
            return torch.nn.functional.normalize(views.flatten(1), dim=1)

        def encode_text(self, texts):
            return torch.ones(len(texts), 3 * 8 * 8) / 192**0.5

    images.save(torch.full((3, 20, 60), 0.5), tmp_path / "grey.png", None)
    (row,) = embed_pictures(Mean(), [tmp_path / "grey.png"])
    torch.testing.assert_close(row, torch.ones(192) / 192**0.5)
    half = torch.full((3, 20, 60), 0.5)
    half[..., 30:] = 1
    images.save(half, tmp_path / "half.png", None)
    (row,) = embed_pictures(Mean(), [tmp_path / "half.png"], (0.5, 0.0, 0.5, 1.0))
    torch.testing.assert_close(row, torch.ones(192) / 192**0.5)
