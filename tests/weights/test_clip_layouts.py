import pytest
import torch

from perceptor.tiny_clip import resnet_tensors, vit_tensors
from reverie.errors import WeightsError
from reverie.weights.clip_layouts import openai_layout

LAYOUTS = {"vit": vit_tensors, "resnet": resnet_tensors}


@pytest.mark.parametrize("draw", LAYOUTS.values(), ids=LAYOUTS)
def test_no_tensor_may_be_missing(draw) -> None:
    for name in draw():
        tensors = {key: tensor for key, tensor in draw().items() if key != name}
        with pytest.raises(WeightsError, match=r"^clip\.pt: .*'[\w.]+'") as caught:
            openai_layout(tensors, {}, "clip.pt")
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("draw", LAYOUTS.values(), ids=LAYOUTS)
def test_no_unknown_tensor_is_ignored(draw) -> None:
    for name in ("visual.trunk.stem.weight", "logit_bias", "visual.transformer.resblocks.1.extra"):
        with pytest.raises(WeightsError, match=r"clip\.pt: has the unknown .*" + name):
            openai_layout(draw() | {name: torch.zeros(1)}, {}, "clip.pt")


@pytest.mark.parametrize("draw", LAYOUTS.values(), ids=LAYOUTS)
def test_scalars_of_the_archives_and_counters_are_dropped(draw) -> None:
    extras = ["input_resolution", "context_length", "vocab_size", "visual.bn1.num_batches_tracked"]
    tensors, _ = openai_layout(draw() | dict.fromkeys(extras, torch.tensor(1)), {}, "clip.pt")
    assert {*tensors} == {*draw()}


def test_a_checkpoint_of_something_else_is_refused() -> None:
    with pytest.raises(WeightsError, match="not a CLIP checkpoint"):
        openai_layout({"decoder.weight": torch.zeros(1)}, {}, "vqgan.ckpt")


def test_openai_means_quick_gelu_and_open_clip_means_gelu_unless_it_says_so() -> None:
    def activation(config: dict) -> str:
        return openai_layout(vit_tensors(), config, "clip.pt")[1]["activation"]

    assert activation({}) == "quick_gelu"
    assert activation({"model_cfg": {}}) == "gelu"
    assert activation({"model_cfg": {"quick_gelu": True}}) == "quick_gelu"


def test_open_clip_says_mean_and_std() -> None:
    config = {"model_cfg": {}, "preprocess_cfg": {"mean": [0.5, 0.5, 0.5], "std": [1, 1, 1]}}
    _, shape = openai_layout(vit_tensors(), config, "clip.pt")
    assert shape["mean"] == (0.5, 0.5, 0.5) and shape["std"] == (1, 1, 1)


def test_a_tower_of_another_architecture_is_refused_by_name() -> None:
    config = {"model_cfg": {"vision_cfg": {"timm_model_name": "fastvit_mci0"}}}
    with pytest.raises(WeightsError, match="fastvit_mci0"):
        openai_layout(vit_tensors(), config, "mobileclip")


def test_an_unknown_activation_of_transformers_is_refused() -> None:
    config = {"vision_config": {"hidden_act": "relu"}, "text_config": {"hidden_act": "relu"}}
    tensors = {"vision_model.embeddings.class_embedding": torch.zeros(1)}
    with pytest.raises(WeightsError, match="relu"):
        openai_layout(tensors, config, "hf")
