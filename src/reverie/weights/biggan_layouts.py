"""The published weights of BigGAN-deep, spectral norm divided out, and the config beside them.

Source: the files `biggan-deep-{128,256,512}-pytorch_model.bin` and `-config.json` of
https://github.com/huggingface/pytorch-pretrained-BigGAN.
Differs: their loader ignores tensors that are missing or too many; this one refuses the file.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from torch import Tensor

from reverie.errors import WeightsError

Tensors = Mapping[str, Tensor]
Shape = tuple[int, ...]
START = 4  # pixels a side before the first block


def is_biggan(names: Collection[str]) -> bool:
    """Whether tensors of these names are a BigGAN-deep."""
    return "embeddings.weight" in names and any(n.startswith("generator.gen_z.") for n in names)


def biggan_layout(
    tensors: Tensors, config: Mapping[str, Any], file: str
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The weights as they multiply, and the fields of the architecture.

    Args:
        config: the JSON that lies beside the weights.
        file: what an error calls the weights.

    Raises:
        WeightsError: the config is not a BigGAN-deep's, or a tensor is missing, unknown or of
            another shape than it says.
    """
    fields = _fields(config, file)
    tensors = _divided(tensors, file)
    want = dict(shapes(fields))
    for said, names in (
        ("lacks", want.keys() - tensors),
        ("has the unknown", tensors - want.keys()),
    ):
        if names:
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            raise WeightsError(
                f"{file}: {said} tensor {min(names)!r}{more}; wanted is the BigGAN-deep that its "
                "config.json describes"
            )
    for name, shape in want.items():
        if tensors[name].shape != shape:
            raise WeightsError(
                f"{file}: tensor {name!r} is {list(tensors[name].shape)}, and config.json asks for "
                f"{list(shape)}; get the config.json that belongs to it"
            )
    return tensors, fields


def _is_size(value: Any) -> bool:
    return type(value) is int and value > 0


def _is_layer(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 3
        and type(value[0]) is bool
        and all(map(_is_size, value[1:]))
    )


SIZE = (_is_size, "a whole number of 1 or more")
FIELDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    **dict.fromkeys(("z_dim", "class_embed_dim", "channel_width", "num_classes", "n_stats"), SIZE),
    "image_channels": SIZE,
    "eps": (lambda value: type(value) is float and value > 0, "a number above 0"),
    "attention_layer_position": (lambda value: value is None or type(value) is int, "an index"),
    "layers": (
        lambda value: isinstance(value, list) and len(value) > 0 and all(map(_is_layer, value)),
        "a list of [upsample, channels in, channels out]",
    ),
}


def _fields(config: Mapping[str, Any], file: str) -> dict[str, Any]:
    """What the network is built with."""
    if not config:
        raise WeightsError(
            f"{file}: has no config beside it; put it into a folder alone with its config.json, "
            "or: reverie models import FILE --config config.json --name NAME"
        )
    config = {"image_channels": 3, **config}
    for name, (is_right, wanted) in FIELDS.items():
        if name not in config:
            raise WeightsError(f"{file}: its config lacks {name!r}, so it is no BigGAN-deep's")
        if not is_right(config[name]):
            raise WeightsError(
                f"{file}: {name} is {config[name]!r} in its config; wanted: {wanted}"
            )
    layers = tuple(map(tuple, config["layers"]))
    side = START << sum(upsample for upsample, _, _ in layers)
    if config.get("output_dim", side) != side:
        raise WeightsError(
            f"{file}: its config says pictures of {config['output_dim']} pixels a side, and its "
            f"layers make {side}; get the config that belongs to it"
        )
    return {name: config[name] for name in FIELDS} | {"layers": layers}


def _divided(tensors: Tensors, file: str) -> dict[str, Tensor]:
    """Every `weight_orig` by its spectral norm, as the vectors u and v beside it measure it."""
    divided = {name: t for name, t in tensors.items() if not name.endswith(("_orig", "_u", "_v"))}
    for name in (name for name in tensors if name.endswith("_orig")):
        plain = name.removesuffix("_orig")
        try:
            u, v = (tensors[f"{plain}_{vector}"].double() for vector in "uv")
        except KeyError as error:
            raise WeightsError(f"{file}: lacks the tensor {error.args[0]!r}") from error
        weight = tensors[name].double()
        matrix = weight.flatten(1) if weight.ndim > 1 else weight  # [out, in*k*k]
        if matrix.shape != (*u.shape, *v.shape):
            raise WeightsError(
                f"{file}: {name!r} is {list(weight.shape)}, and its spectral norm is measured by "
                f"vectors of {list(u.shape)} and {list(v.shape)}; get the file again"
            )
        sigma = u @ matrix @ v
        if not sigma.isfinite() or sigma == 0:
            raise WeightsError(
                f"{file}: the spectral norm of {name!r} is {sigma.item()}; get the file again"
            )
        divided[plain] = (weight / sigma).float()
    return divided


def shapes(fields: Mapping[str, Any]) -> Iterator[tuple[str, Shape]]:
    """Every tensor of the network."""
    width, n_stats, layers = fields["channel_width"], fields["n_stats"], fields["layers"]
    condition = fields["z_dim"] + fields["class_embed_dim"]
    first, last = width * layers[0][1], width * layers[-1][2]
    yield "embeddings.weight", (fields["class_embed_dim"], fields["num_classes"])
    yield from _convolution("generator.gen_z", START * START * first, condition)
    index = 0
    for i, (_, before, after) in enumerate(layers):
        if i == fields["attention_layer_position"]:
            yield from _attention(f"generator.layers.{index}", width * before)
            index += 1
        yield from _block(
            f"generator.layers.{index}", width * before, width * after, condition, n_stats
        )
        index += 1
    yield from _statistics("generator.bn", last, n_stats)
    yield from (("generator.bn.weight", (last,)), ("generator.bn.bias", (last,)))
    yield from _convolution("generator.conv_to_rgb", last, last, 3, 3)


def _block(
    name: str, before: int, after: int, condition: int, n_stats: int
) -> Iterator[tuple[str, Shape]]:
    middle = before // 4
    for i, (c, out, side) in enumerate(
        ((before, middle, 1), (middle, middle, 3), (middle, middle, 3), (middle, after, 1))
    ):
        yield from _statistics(f"{name}.bn_{i}", c, n_stats)
        for part in ("scale", "offset"):
            yield f"{name}.bn_{i}.{part}.weight", (c, condition)
        yield from _convolution(f"{name}.conv_{i}", out, c, side, side)


def _attention(name: str, c: int) -> Iterator[tuple[str, Shape]]:
    yield f"{name}.gamma", (1,)
    for part, out, into in (
        ("theta", c // 8, c),
        ("phi", c // 8, c),
        ("g", c // 2, c),
        ("o_conv", c, c // 2),
    ):
        yield f"{name}.snconv1x1_{part}.weight", (out, into, 1, 1)


def _statistics(name: str, c: int, n_stats: int) -> Iterator[tuple[str, Shape]]:
    yield f"{name}.running_means", (n_stats, c)
    yield f"{name}.running_vars", (n_stats, c)


def _convolution(name: str, *shape: int) -> Iterator[tuple[str, Shape]]:
    yield f"{name}.weight", shape
    yield f"{name}.bias", shape[:1]
