"""The published weights of VQGANs, and the yaml beside them.

Source: the checkpoints of https://github.com/CompVis/taming-transformers (VQModel, GumbelVQ, and
the first stage of a Net2NetTransformer) and of https://github.com/CompVis/latent-diffusion
(VQModelInterface, which is the same network).
Differs: their loaders ignore tensors that are missing or too many; this one refuses the file.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from torch import Tensor

from reverie.errors import WeightsError

Tensors = Mapping[str, Tensor]
Shape = tuple[int, ...]
PARTS = ("encoder.", "decoder.", "quantize.", "quant_conv.", "post_quant_conv.")
STAGE = "first_stage_model."  # what comes before the names in a file that holds more than a VQGAN
ENDS = {"encoder.conv_in.weight", "decoder.conv_in.weight"}
GUMBEL = "GumbelVQ"
CLIP, CLIP_TOO = "visual.conv1.weight", "vision_model.embeddings.class_embedding"
USUAL = "vqgan_imagenet_f16_16384"
MODELS = ("VQModel", "VQModelInterface", "VQNoDiscModel", GUMBEL)


def vqgan_layout(
    tensors: Tensors, config: Mapping[str, Any], file: str
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors of the network alone, and the fields of the architecture.

    Args:
        config: what the yaml beside the weights says.
        file: what an error calls the weights.

    Raises:
        WeightsError: the config is not a VQGAN's, or a tensor is missing, unknown or of another
            shape than it says.
    """
    if not is_vqgan(tensors):
        what = "a CLIP" if CLIP in tensors or CLIP_TOO in tensors else "no VQGAN"
        raise WeightsError(f"{file}: is {what}; wanted is a VQGAN, such as {USUAL}")
    params, gumbel = _params(config, file)
    _check(params, file)
    z = params["ddconfig"]["z_channels"]
    if gumbel and z != params["embed_dim"]:
        raise WeightsError(
            f"{file}: z_channels is {z} in its yaml; a GumbelVQ wants as many as embed_dim, "
            f"{params['embed_dim']}"
        )
    tensors = {name: tensors[there] for name, there in wanted(tensors).items()}
    want = dict(shapes(params, gumbel=gumbel))
    for name, shape in want.items():  # first, for a shape says more than a name that is missing
        if name in tensors and tensors[name].shape != shape:
            raise WeightsError(
                f"{file}: tensor {name!r} is {list(tensors[name].shape)}, and its yaml asks for "
                f"{list(shape)}; get the yaml that belongs to it"
            )
    for said, names in (
        ("lacks", want.keys() - tensors.keys()),
        ("has the unknown", tensors.keys() - want.keys()),
    ):
        if names:
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            raise WeightsError(
                f"{file}: {said} tensor {min(names)!r}{more}; wanted is the VQGAN that its yaml "
                "describes; get the yaml that belongs to it"
            )
    ddconfig = params["ddconfig"]
    told = {"resolution": ddconfig["resolution"], "num_res_blocks": ddconfig["num_res_blocks"]}
    told |= {key: tuple(ddconfig[key]) for key in ("ch_mult", "attn_resolutions")}
    return tensors, told | {"gumbel": gumbel}


def wanted(names: Collection[str]) -> dict[str, str]:
    """The names of the network's tensors, and what each is called in the file."""
    prefix = STAGE if any(name.startswith(STAGE) for name in names) else ""
    short = {name.removeprefix(prefix): name for name in names if name.startswith(prefix)}
    return {name: there for name, there in short.items() if name.startswith(PARTS)}


def is_vqgan(names: Collection[str]) -> bool:
    """Whether tensors of these names are an autoencoder of the family's form."""
    return wanted(names).keys() >= ENDS


def scale(config: Mapping[str, Any], file: str) -> int:
    """How many pixels a side one latent covers."""
    params, _ = _params(config, file)
    _check(params, file)
    return 2 ** (len(params["ddconfig"]["ch_mult"]) - 1)


def _params(config: Mapping[str, Any], file: str) -> tuple[dict[str, Any], bool]:
    """What the yaml says of the VQGAN itself, and whether it is one of Gumbel's kind."""
    if not config:
        raise WeightsError(
            f"{file}: has no yaml beside it, and without one its architecture is not known; put "
            "its model.yaml into the same folder, or name it with --config"
        )
    model = config.get("model", config)
    while isinstance(model, dict) and isinstance(params := model.get("params"), dict):
        if not isinstance(params.get("first_stage_config"), dict):
            break
        model = params["first_stage_config"]
    else:
        raise WeightsError(f"{file}: its yaml has no model with params, so it is no VQGAN's")
    target = str(model.get("target", "")).rpartition(".")[2]
    if target == "AutoencoderKL":
        raise WeightsError(
            f"{file}: is a KL autoencoder, which has no codebook; wanted: a VQGAN, such as {USUAL}"
        )
    if target not in MODELS:
        raise WeightsError(
            f"{file}: its yaml describes {target or 'nothing'}; wanted: {', '.join(MODELS)}"
        )
    return params, target == GUMBEL


def _is_size(value: Any) -> bool:
    return type(value) is int and 0 < value < 1 << 24


def _are_sizes(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) <= 16 and all(map(_is_size, value))


SIZE = (_is_size, "a whole number of 1 or more")
FIELDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    **dict.fromkeys(("z_channels", "resolution", "in_channels", "out_ch", "ch"), SIZE),
    "num_res_blocks": SIZE,
    "ch_mult": (lambda value: _are_sizes(value) and len(value) > 0, "a list of whole numbers"),
    "attn_resolutions": (_are_sizes, "a list of whole numbers"),
    "resamp_with_conv": (lambda value: value is True, "true"),
    "attn_type": (lambda value: value == "vanilla", "vanilla"),
}


def _check(params: dict[str, Any], file: str) -> None:
    ddconfig = params.get("ddconfig")
    if not isinstance(ddconfig, dict):
        raise WeightsError(f"{file}: its yaml has no ddconfig, so it is no VQGAN's")
    ddconfig = {"resamp_with_conv": True, "attn_type": "vanilla", **ddconfig}
    for name in ("embed_dim", "n_embed"):
        _check_field(name, params, *SIZE, file)
    for name, (is_right, said) in FIELDS.items():
        _check_field(name, ddconfig, is_right, said, file)
    if bad := [m for m in ddconfig["ch_mult"] if ddconfig["ch"] * m % 32]:
        raise WeightsError(
            f"{file}: its yaml asks for {ddconfig['ch'] * bad[0]} channels; a VQGAN has multiples "
            "of 32"
        )


def _check_field(
    name: str, fields: Mapping[str, Any], is_right: Callable[[Any], bool], said: str, file: str
) -> None:
    if name not in fields:
        raise WeightsError(f"{file}: its yaml lacks {name!r}, so it is no VQGAN's")
    if not is_right(fields[name]):
        raise WeightsError(f"{file}: {name} is {fields[name]!r} in its yaml; wanted: {said}")


def shapes(params: Mapping[str, Any], *, gumbel: bool = False) -> Iterator[tuple[str, Shape]]:
    """Every tensor of the network that `params` of a yaml describe."""
    dd, d, n = params["ddconfig"], params["embed_dim"], params["n_embed"]
    z, widths = dd["z_channels"], [dd["ch"] * m for m in dd["ch_mult"]]
    attended = [dd["resolution"] // 2**i in dd["attn_resolutions"] for i in range(len(widths))]
    yield from _encoder(widths, attended, dd)
    yield from _decoder(widths, attended, dd)
    if gumbel:
        yield "quantize.embed.weight", (n, d)
        yield from _convolution("quantize.proj", n, z, 1)
    else:
        yield "quantize.embedding.weight", (n, d)
    yield from _convolution("quant_conv", d, z, 1)
    yield from _convolution("post_quant_conv", z, d, 1)


def _encoder(
    widths: list[int], attended: list[bool], dd: Mapping[str, Any]
) -> Iterator[tuple[str, Shape]]:
    yield from _convolution("encoder.conv_in", dd["ch"], dd["in_channels"], 3)
    before = dd["ch"]
    for i, (width, attention) in enumerate(zip(widths, attended, strict=True)):
        name = f"encoder.down.{i}"
        yield from _stage(name, before, width, dd["num_res_blocks"], attention)
        if i + 1 < len(widths):
            yield from _convolution(f"{name}.downsample.conv", width, width, 3)
        before = width
    yield from _middle("encoder.mid", before)
    yield from _norm("encoder.norm_out", before)
    yield from _convolution("encoder.conv_out", dd["z_channels"], before, 3)


def _decoder(
    widths: list[int], attended: list[bool], dd: Mapping[str, Any]
) -> Iterator[tuple[str, Shape]]:
    before = widths[-1]
    yield from _convolution("decoder.conv_in", before, dd["z_channels"], 3)
    yield from _middle("decoder.mid", before)
    for i, width in reversed(list(enumerate(widths))):
        name = f"decoder.up.{i}"
        yield from _stage(name, before, width, dd["num_res_blocks"] + 1, attended[i])
        if i > 0:
            yield from _convolution(f"{name}.upsample.conv", width, width, 3)
        before = width
    yield from _norm("decoder.norm_out", before)
    yield from _convolution("decoder.conv_out", dd["out_ch"], before, 3)


def _stage(
    name: str, before: int, width: int, blocks: int, attention: bool
) -> Iterator[tuple[str, Shape]]:
    for i in range(blocks):
        yield from _block(f"{name}.block.{i}", width if i else before, width)
        if attention:
            yield from _attention(f"{name}.attn.{i}", width)


def _middle(name: str, width: int) -> Iterator[tuple[str, Shape]]:
    yield from _block(f"{name}.block_1", width, width)
    yield from _attention(f"{name}.attn_1", width)
    yield from _block(f"{name}.block_2", width, width)


def _block(name: str, before: int, width: int) -> Iterator[tuple[str, Shape]]:
    yield from _norm(f"{name}.norm1", before)
    yield from _convolution(f"{name}.conv1", width, before, 3)
    yield from _norm(f"{name}.norm2", width)
    yield from _convolution(f"{name}.conv2", width, width, 3)
    if before != width:
        yield from _convolution(f"{name}.nin_shortcut", width, before, 1)


def _attention(name: str, width: int) -> Iterator[tuple[str, Shape]]:
    yield from _norm(f"{name}.norm", width)
    for part in ("q", "k", "v", "proj_out"):
        yield from _convolution(f"{name}.{part}", width, width, 1)


def _norm(name: str, width: int) -> Iterator[tuple[str, Shape]]:
    yield f"{name}.weight", (width,)
    yield f"{name}.bias", (width,)


def _convolution(name: str, out: int, into: int, side: int) -> Iterator[tuple[str, Shape]]:
    yield f"{name}.weight", (out, into, side, side)
    yield f"{name}.bias", (out,)
