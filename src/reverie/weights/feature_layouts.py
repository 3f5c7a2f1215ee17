"""The published weights of networks that compare pictures: VGG16, the heads of LPIPS, and ArcFace.

Source: torchvision's `vgg16-397923af.pth`, of which the classifier is left out; `vgg.pth` of
richzhang/PerceptualSimilarity, version 0.1; `model_ir_se50.pth` of TreB1eN/InsightFace_Pytorch.
"""

from collections.abc import Collection, Iterator, Mapping

from torch import Tensor

from reverie.errors import WeightsError

KINDS = ("vgg16", "lpips", "arcface")
VGG = ((0, 64), (2, 64), (5, 128), (7, 128), (10, 256), (12, 256), (14, 256), (17, 512), (19, 512))
VGG += ((21, 512), (24, 512), (26, 512), (28, 512))  # place in the list, and channels
ARCFACE = ((64, 3), (128, 4), (256, 14), (512, 3))  # channels and units
REDUCTION = 16  # of the channels that weigh the others
Shapes = dict[str, tuple[int, ...]]


def vgg16_shapes() -> Shapes:
    shapes: Shapes = {}
    into = 3
    for place, out in VGG:
        shapes |= {f"features.{place}.weight": (out, into, 3, 3), f"features.{place}.bias": (out,)}
        into = out
    return shapes


def lpips_shapes() -> Shapes:
    widths = (64, 128, 256, 512, 512)
    return {f"lin{i}.model.1.weight": (1, width, 1, 1) for i, width in enumerate(widths)}


def arcface_shapes() -> Shapes:
    shapes: Shapes = {"input_layer.0.weight": (64, 3, 3, 3), "input_layer.2.weight": (64,)}
    shapes |= _normed("input_layer.1", 64)
    widths = [width for width, units in ARCFACE for _ in range(units)]
    for i, (into, out) in enumerate(zip([64, *widths], widths, strict=False)):
        shapes |= dict(_unit(f"body.{i}", into, out))
    shapes |= _normed("output_layer.0", 512) | _normed("output_layer.4", 512)
    return shapes | {"output_layer.3.weight": (512, 512 * 7 * 7), "output_layer.3.bias": (512,)}


def _unit(name: str, into: int, out: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield from _normed(f"{name}.res_layer.0", into).items()
    yield f"{name}.res_layer.1.weight", (out, into, 3, 3)
    yield f"{name}.res_layer.2.weight", (out,)
    yield f"{name}.res_layer.3.weight", (out, out, 3, 3)
    yield from _normed(f"{name}.res_layer.4", out).items()
    yield f"{name}.res_layer.5.fc1.weight", (out // REDUCTION, out, 1, 1)
    yield f"{name}.res_layer.5.fc2.weight", (out, out // REDUCTION, 1, 1)
    if into != out:
        yield f"{name}.shortcut_layer.0.weight", (out, into, 1, 1)
        yield from _normed(f"{name}.shortcut_layer.1", out).items()


def _normed(name: str, width: int) -> Shapes:
    return {f"{name}.{n}": (width,) for n in ("weight", "bias", "running_mean", "running_var")}


SHAPES = {"vgg16": vgg16_shapes, "lpips": lpips_shapes, "arcface": arcface_shapes}
OPTIONAL = ("output_layer.4.weight", "output_layer.4.bias")  # a head may be trained without


def kind_of(names: Collection[str]) -> str:
    """One of KINDS; empty for anything else."""
    told = {
        "vgg16": ("features.0.weight", "features.17.weight", "features.28.weight"),
        "lpips": ("lin0.model.1.weight", "lin4.model.1.weight"),
        "arcface": ("input_layer.0.weight", "body.0.res_layer.5.fc1.weight"),
    }
    return next((kind for kind, some in told.items() if all(n in names for n in some)), "")


def parts(names: Collection[str]) -> list[str]:
    """The names of the tensors to read; empty if it is none of KINDS."""
    kind = kind_of(names)
    return [name for name in SHAPES[kind]() if name in names] if kind else []


def feature_layout(kind: str, tensors: Mapping[str, Tensor], file: str) -> dict[str, Tensor]:
    """The tensors of the network alone.

    Raises:
        WeightsError: one is missing, or of another shape.
    """
    want = SHAPES[kind]()
    for name, shape in want.items():
        if name not in tensors and name not in OPTIONAL:
            raise WeightsError(f"{file}: lacks tensor {name!r} of {kind}; get the file again")
        if name in tensors and tensors[name].shape != shape:
            raise WeightsError(
                f"{file}: tensor {name!r} is {list(tensors[name].shape)}, and in {kind} it is "
                f"{list(shape)}; another network, or a damaged file"
            )
    return {name: tensors[name] for name in want if name in tensors}
