"""Three layouts in which CLIP weights are found, all turned into OpenAI's.

* OpenAI: the names of `openai/CLIP`, architecture inferred from the shapes, QuickGELU.
* open_clip: the same names, with an `open_clip_config.json`; GELU unless it says otherwise.
* transformers: `CLIPModel`, with a `config.json`.

Source: the checkpoints of https://github.com/openai/CLIP, https://github.com/mlfoundations/open_clip
and https://github.com/huggingface/transformers.
"""

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor

from reverie.errors import WeightsError

Tensors = Mapping[str, Tensor]
MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)
EXTRAS = {"input_resolution", "context_length", "vocab_size", "attn_mask"}
BLOCK = [
    f"{part}.{kind}"
    for part in ("attn.out_proj", "ln_1", "ln_2", "mlp.c_fc", "mlp.c_proj")
    for kind in ("weight", "bias")
] + ["attn.in_proj_weight", "attn.in_proj_bias"]
TEXT = ["positional_embedding", "text_projection", "logit_scale", "token_embedding.weight"]
VIT = ["class_embedding", "positional_embedding", "proj", "conv1.weight"]
STEM = [f"{part}{i}" for i in (1, 2, 3) for part in ("conv", "bn")]
RENAMED = (  # transformers -> OpenAI, in this order
    (r"^text_model\.embeddings\.token_embedding\.weight$", "token_embedding.weight"),
    (r"^text_model\.embeddings\.position_embedding\.weight$", "positional_embedding"),
    (r"^text_model\.final_layer_norm\.", "ln_final."),
    (r"^vision_model\.embeddings\.class_embedding$", "visual.class_embedding"),
    (r"^vision_model\.embeddings\.patch_embedding\.", "visual.conv1."),
    (r"^vision_model\.embeddings\.position_embedding\.weight$", "visual.positional_embedding"),
    (r"^vision_model\.pre_layrnorm\.", "visual.ln_pre."),
    (r"^vision_model\.post_layernorm\.", "visual.ln_post."),
    (r"^text_model\.encoder\.layers\.", "transformer.resblocks."),
    (r"^vision_model\.encoder\.layers\.", "visual.transformer.resblocks."),
    (r"\.layer_norm([12])\.", r".ln_\1."),
    (r"\.mlp\.fc1\.", ".mlp.c_fc."),
    (r"\.mlp\.fc2\.", ".mlp.c_proj."),
    (r"\.self_attn\.", ".attn."),
)


def openai_layout(
    tensors: Tensors, config: Mapping[str, Any], file: str
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors under OpenAI's names, and the fields of the architecture.

    Args:
        config: the JSON that lies beside the weights, empty if none does.
        file: what an error calls the weights.

    Raises:
        WeightsError: a tensor is missing, or one is there that no CLIP of ours has.
    """
    if any(name.startswith("vision_model.") for name in tensors):
        tensors, told = _from_transformers(tensors, config, file)
    else:
        told = _told_by_open_clip(config["model_cfg"], file) if "model_cfg" in config else {}
        told |= _told_by_preprocessing(config.get("preprocess_cfg", {}))
    tensors = {
        name: tensor
        for name, tensor in tensors.items()
        if name not in EXTRAS and not name.endswith(("num_batches_tracked", "position_ids"))
    }
    shape = _inferred(tensors, file)
    _check_names(tensors, shape, file)
    return tensors, shape | told


def _inferred(tensors: Tensors, file: str) -> dict[str, Any]:
    """The architecture, as the names and the shapes of the tensors tell it."""

    def sizes(name: str, rank: int = 2) -> torch.Size:
        if name not in tensors:
            raise WeightsError(f"{file}: not a CLIP checkpoint: there is no tensor {name!r}")
        if tensors[name].ndim != rank:
            raise WeightsError(
                f"{file}: tensor {name!r} has {tensors[name].ndim} dimensions, a CLIP's has {rank}"
            )
        return tensors[name].shape

    width = sizes("visual.conv1.weight", 4)[0]
    context, text_width = sizes("positional_embedding")
    shape = {
        "embed_dim": sizes("text_projection")[1],
        "context": context,
        "vocab": sizes("token_embedding.weight")[0],
        "text_width": text_width,
        "text_layers": _count(tensors, "transformer.resblocks."),
        "text_heads": max(1, text_width // 64),
        "activation": "quick_gelu",
        "mean": MEAN,
        "std": STD,
    }
    if "visual.proj" in tensors:
        patch = sizes("visual.conv1.weight", 4)[-1]
        return shape | {
            "image_size": patch * math.isqrt(sizes("visual.positional_embedding")[0] - 1),
            "patch": patch,
            "vision_width": width,
            "vision_layers": _count(tensors, "visual.transformer.resblocks."),
            "vision_heads": max(1, width // 64),
        }
    width *= 2  # the stem begins with half of it
    places = sizes("visual.attnpool.positional_embedding")[0] - 1
    return shape | {
        "image_size": 32 * math.isqrt(places),
        "patch": None,
        "vision_width": width,
        "vision_layers": tuple(_count(tensors, f"visual.layer{i}.") for i in (1, 2, 3, 4)),
        "vision_heads": max(1, width * 32 // 64),
    }


def _count(tensors: Iterable[str], prefix: str) -> int:
    """How many numbered things have names that begin with `prefix`."""
    return len({n[len(prefix) :].split(".")[0] for n in tensors if n.startswith(prefix)})


def _check_names(tensors: Tensors, shape: dict[str, Any], file: str) -> None:
    want = {*TEXT, "ln_final.weight", "ln_final.bias"}
    want |= {f"transformer.resblocks.{i}.{n}" for i in range(shape["text_layers"]) for n in BLOCK}
    if shape["patch"] is None:
        want |= {f"visual.{name}" for name in _resnet_names(tensors, shape["vision_layers"])}
    else:
        blocks = range(shape["vision_layers"])
        want |= {f"visual.transformer.resblocks.{i}.{name}" for i in blocks for name in BLOCK}
        want |= {f"visual.{name}" for name in VIT}
        want |= {f"visual.ln_{at}.{kind}" for at in ("pre", "post") for kind in ("weight", "bias")}
    for said, names in (("lacks", want - {*tensors}), ("has the unknown", {*tensors} - want)):
        if names:
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            raise WeightsError(
                f"{file}: {said} tensor {min(names)!r}{more}; wanted is a CLIP in the layout of "
                "OpenAI, open_clip or transformers"
            )


def _resnet_names(tensors: Tensors, layers: tuple[int, ...]) -> set[str]:
    units = [*STEM]
    for i, blocks in enumerate(layers, 1):
        units += [f"layer{i}.{j}.{unit}" for j in range(blocks) for unit in STEM]
        if i > 1 or f"visual.layer{i}.0.downsample.0.weight" in tensors:
            units += [f"layer{i}.0.downsample.{n}" for n in ("0", "1")]
    names = {f"{unit}.weight" for unit in units}
    norms = [unit for unit in units if "bn" in unit or unit.endswith("downsample.1")]
    names |= {f"{unit}.{n}" for unit in norms for n in ("bias", "running_mean", "running_var")}
    names |= {f"attnpool.{p}_proj.{kind}" for p in "qkvc" for kind in ("weight", "bias")}
    return names | {"attnpool.positional_embedding"}


def _from_transformers(
    tensors: Tensors, config: Mapping[str, Any], file: str
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    named: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        for pattern, new in RENAMED:
            name = re.sub(pattern, new, name)
        named[name] = tensor
    for old, new in (("visual_projection", "visual.proj"), ("text_projection", "text_projection")):
        if f"{old}.weight" in named:
            named[new] = named.pop(f"{old}.weight").T
    for name in [name for name in named if ".attn.q_proj." in name]:
        try:
            rows = [named.pop(name.replace(".q_proj.", f".{p}_proj.")) for p in "qkv"]
        except KeyError as error:
            raise WeightsError(f"{file}: lacks the tensor {error.args[0]!r}") from error
        named[name.replace(".q_proj.", ".in_proj_")] = torch.cat(rows)
    if not config:
        return named, {}
    vision, text = config.get("vision_config") or {}, config.get("text_config") or {}
    activations = {part.get("hidden_act", "quick_gelu") for part in (vision, text)}
    if len(activations) > 1 or not activations <= {"quick_gelu", "gelu"}:
        raise WeightsError(
            f"{file}: config.json asks for the activation {' and '.join(sorted(activations))}; "
            "known are quick_gelu and gelu, the same for both towers"
        )
    return named, {  # what config.json leaves out is what transformers takes
        "vision_heads": vision.get("num_attention_heads", 12),
        "text_heads": text.get("num_attention_heads", 8),
        "activation": activations.pop(),
    }


def _told_by_open_clip(config: Mapping[str, Any], file: str) -> dict[str, Any]:
    vision, text = config.get("vision_cfg", {}), config.get("text_cfg", {})
    for part, key in ((vision, "timm_model_name"), (text, "hf_model_name")):
        if key in part:
            raise WeightsError(
                f"{file}: its tower {part[key]!r} is not a CLIP of OpenAI's architecture"
            )
    told: dict[str, Any] = {"activation": "quick_gelu" if config.get("quick_gelu") else "gelu"}
    if isinstance(vision.get("layers"), int) and "width" in vision:
        told["vision_heads"] = vision["width"] // vision.get("head_width", 64)
    if "heads" in text:
        told["text_heads"] = text["heads"]
    return told


def _told_by_preprocessing(config: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(config[key]) for key in ("mean", "std") if config.get(key)}
