"""The pocket StyleGAN as `canvas/stylegan.py` reads it: by the names of NVIDIA's files."""

from typing import Any

import torch
from torch import Tensor

from training.face_space import COLOURS, MEASURES, TYPICAL, W_DIM, space
from training.portraits import ATTRIBUTES, BASE, CHARACTERS
from training.stylegan_mapping import WIDTHS, Z_DIM, Mapping
from training.stylegan_net import TAPS


def exported(state: dict[str, Tensor], mapping: Mapping) -> dict[str, Tensor]:
    """All tensors of a generator.

    state: of the synthesis network.
    """
    tensors = mapping.exported()
    for name, value in state.items():
        part, *rest = name.split(".")
        if part == "const":
            tensors["synthesis.b4.const"] = value
        elif part == "convs":  # b8_conv0 -> b8.conv0
            tensors[".".join(["synthesis", *rest[0].split("_"), *rest[1:]])] = value
        else:
            tensors[".".join(["synthesis", rest[0], "torgb", *rest[1:]])] = value
    taps = torch.tensor(TAPS) / sum(TAPS)
    return tensors | {"synthesis.b4.resample_filter": taps.outer(taps)}


def meaning() -> dict[str, Tensor]:
    """What a point of W means."""
    return {"faces.mean": space().mean, "faces.axes": space().axes}


def about(size: int) -> dict[str, Any]:
    """What the package must know of a generator beside its weights."""
    kwargs = {
        "z_dim": Z_DIM,
        "c_dim": 0,
        "w_dim": W_DIM,
        "img_resolution": size,
        "img_channels": 3,
        "mapping_kwargs": {"num_layers": len(WIDTHS) - 1, "lr_multiplier": 1.0},
        "synthesis_kwargs": {"architecture": "skip", "use_noise": False, "conv_clamp": None},
    }
    words = {"attributes": ATTRIBUTES, "measures": MEASURES, "usual": usual(), "common": common()}
    return {"init_kwargs": kwargs, **words}


def usual() -> dict[str, dict[str, str]]:
    """What an ordinary person looks like, but for the colours; and what characters have of their
    own."""
    plain = {name: value for name, value in TYPICAL.items() if name not in COLOURS}
    own = {
        kind: {name: said.split(",")[0] for name, said in known.items()} | {"kind": kind}
        for kind, known in CHARACTERS.items()
    }
    return {"person": plain} | own


def common() -> dict[str, list[str]]:
    """The colours that anybody may have: those that come at least a quarter as often as the most
    frequent one."""
    return {
        name: [
            choice
            for choice, weight in zip(ATTRIBUTES[name], BASE[name], strict=True)
            if 4 * weight > max(BASE[name])
        ]
        for name in COLOURS
    }
