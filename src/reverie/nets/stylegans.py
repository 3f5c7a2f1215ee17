"""Either StyleGAN, by what the layout of its weights says it is."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from reverie.nets.stylegan import StyleGAN
from reverie.nets.stylegan2 import StyleGAN2
from reverie.nets.stylegan3 import StyleGAN3

NETWORKS = {"stylegan2": StyleGAN2, "stylegan3": StyleGAN3}


def frozen(
    fields: Mapping[str, Any],
    tensors: Mapping[str, Tensor],
    precision: torch.dtype = torch.float32,
) -> StyleGAN:
    """The network that `fields["network"]` names, with these weights, of any dtype.

    `precision` is what its largest sizes work in.
    """
    rest = {name: value for name, value in fields.items() if name != "network"}
    return NETWORKS[fields["network"]].frozen(rest, tensors, precision)
