"""The networks of CLIP: two image towers (a vision transformer, a ResNet) and a text tower.

Source: Radford et al., "Learning Transferable Visual Models From Natural Language Supervision"
(2021), https://arxiv.org/abs/2103.00020. Tensors go by the names of OpenAI's checkpoints.
Differs: the weights are frozen buffers and only pixels collect gradient, so what does not depend
on the pixels is worked out once, at loading, in float32: the gain and bias of the layer norms
inside the blocks and of the batch norms go into the neighbouring weights, so do the 1/sqrt(d) of
attention and the 1.702 of QuickGELU. Patches are embedded by a matrix, not a convolution, whose
backward is slow on CPUs; the last block works for the class token alone, the only one read.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

Tensors = Mapping[str, Tensor]
Activation = Literal["quick_gelu", "gelu"]
Pixels = Float[Tensor, "n 3 s s"]  # normalised by the mean and std of the model
Features = Float[Tensor, "n d"]  # not yet of unit length
QUICK_GELU = 1.702  # x * sigmoid(1.702 x) = silu(1.702 x) / 1.702
PLAIN_ATTENTION = 300  # up to so many tokens, matrix products and softmax beat SDPA on CPUs


@dataclass(frozen=True, kw_only=True)
class ClipShape:
    """The architecture of a CLIP: what its tensors do not say when looked at one by one."""

    embed_dim: int
    image_size: int
    patch: int | None  # None: the image tower is a ResNet
    vision_width: int
    vision_layers: int | tuple[int, ...]  # ResNet: blocks in each of its four layers
    vision_heads: int
    context: int
    vocab: int
    text_width: int
    text_layers: int
    text_heads: int
    activation: Activation
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


class ClipNetwork(nn.Module):
    """Both towers. `tensors` hold the names of OpenAI's checkpoints, of any dtype."""

    logit_scale: Tensor

    def __init__(self, shape: ClipShape, tensors: Tensors) -> None:
        super().__init__()
        self.shape = shape
        tensors = _Floats(tensors)
        tower = ImageResNet if shape.patch is None else ImageTransformer
        self.visual = tower(shape, tensors)
        self.text = TextTransformer(shape, tensors)
        self.register_buffer("logit_scale", tensors["logit_scale"].exp())


class _Floats(Mapping[str, Tensor]):
    """Tensors as float32, each when it is asked for: a whole copy would double the memory."""

    def __init__(self, tensors: Tensors) -> None:
        self.tensors = tensors

    def __getitem__(self, name: str) -> Tensor:
        return self.tensors[name].float()

    def __iter__(self) -> Iterator[str]:
        return iter(self.tensors)

    def __len__(self) -> int:
        return len(self.tensors)


class ImageTransformer(nn.Module):
    """A vision transformer."""

    class_embedding: Tensor
    positions: Tensor

    def __init__(self, shape: ClipShape, tensors: Tensors) -> None:
        super().__init__()
        assert shape.patch is not None and isinstance(shape.vision_layers, int)
        self.patch = shape.patch
        self.patches = Linear(tensors["visual.conv1.weight"].flatten(1))
        self.register_buffer("class_embedding", tensors["visual.class_embedding"])
        self.register_buffer("positions", tensors["visual.positional_embedding"])
        self.ln_pre = LayerNorm(tensors, "visual.ln_pre")
        self.blocks = nn.ModuleList(
            Block(
                tensors, f"visual.transformer.resblocks.{i}", shape.vision_heads, shape.activation
            )
            for i in range(shape.vision_layers)
        )
        self.ln_post = LayerNorm(tensors, "visual.ln_post")
        self.proj = Linear(tensors["visual.proj"].T)

    def forward(self, pixels: Pixels) -> Features:
        x = self.embed(pixels)
        for block in self.blocks[:-1]:
            x = block(x)
        x = self.blocks[-1](x, queries=1)[:, 0]  # [n, tokens, width] -> [n, width]
        return self.proj(self.ln_post(x))

    @property
    def layers(self) -> list[str]:
        """What each block has in the middle of its perceptron, and what leaves it."""
        numbers = range(1, len(self.blocks) + 1)
        return [f"block{i}{part}" for i in numbers for part in (".mlp", "")]

    def activations(self, pixels: Pixels, place: int) -> Float[Tensor, "n c patches"]:
        """Of the layer that stands there in `layers`, without the class token. Those inside a
        perceptron with QuickGELU are 1.702 times as large as in the original."""
        x = self.embed(pixels)
        for block in self.blocks[: place // 2]:
            x = block(x)
        block = self.blocks[place // 2]
        assert isinstance(block, Block)
        x = block(x) if place % 2 else block.inside(block.attended(x))
        return x[:, 1:].mT  # [n, tokens, c] -> [n, c, patches]

    def embed(self, pixels: Pixels) -> Float[Tensor, "n tokens width"]:
        """The class token and the patches, as they enter the first block."""
        p = self.patch
        x = pixels.unflatten(3, (-1, p)).unflatten(2, (-1, p))  # [n, 3, rows, p, columns, p]
        x = self.patches(x.permute(0, 2, 4, 1, 3, 5).flatten(3).flatten(1, 2))  # [n, tokens, width]
        first = self.class_embedding.expand(len(x), 1, -1)
        return self.ln_pre(torch.cat([first, x], 1) + self.positions)


class TextTransformer(nn.Module):
    """Reads token ids. The feature stands at the end of the text, which is the largest id."""

    embedding: Tensor
    positions: Tensor

    def __init__(self, shape: ClipShape, tensors: Tensors) -> None:
        super().__init__()
        self.register_buffer("embedding", tensors["token_embedding.weight"])
        self.register_buffer("positions", tensors["positional_embedding"])
        self.blocks = nn.ModuleList(
            Block(tensors, f"transformer.resblocks.{i}", shape.text_heads, shape.activation)
            for i in range(shape.text_layers)
        )
        self.ln_final = LayerNorm(tensors, "ln_final")
        self.proj = Linear(tensors["text_projection"].T)

    def forward(self, tokens: Int[Tensor, "n context"]) -> Features:
        x = self.hidden(tokens)
        x = x[torch.arange(len(x), device=x.device), tokens.argmax(1)]  # [n, width]
        return self.proj(self.ln_final(x))

    def hidden(self, tokens: Int[Tensor, "n context"]) -> Float[Tensor, "n context width"]:
        """Every token, as it leaves the last block."""
        x = F.embedding(tokens, self.embedding) + self.positions
        for block in self.blocks:
            x = block(x, causal=True)
        return x


class Block(nn.Module):
    """Attention and a perceptron, each added to the residual stream."""

    def __init__(self, tensors: Tensors, name: str, heads: int, activation: Activation) -> None:
        super().__init__()
        self.heads, self.activation = heads, activation
        mlp = f"{name}.mlp"
        weight, bias = tensors[f"{name}.attn.in_proj_weight"], tensors[f"{name}.attn.in_proj_bias"]
        width = weight.shape[1]
        scale = torch.ones(3 * width, 1)
        scale[:width] = (width // heads) ** -0.5  # of the queries
        self.qkv = after_norm(tensors, f"{name}.ln_1", scale * weight, scale[:, 0] * bias)
        self.out = named_linear(tensors, f"{name}.attn.out_proj")
        gain = QUICK_GELU if activation == "quick_gelu" else 1.0
        weight, bias = tensors[f"{mlp}.c_fc.weight"], tensors[f"{mlp}.c_fc.bias"]
        self.fc = after_norm(tensors, f"{name}.ln_2", gain * weight, gain * bias)
        self.proj = Linear(tensors[f"{mlp}.c_proj.weight"] / gain, tensors[f"{mlp}.c_proj.bias"])

    def forward(self, x: Tensor, *, queries: int | None = None, causal: bool = False) -> Tensor:
        """Args:
        queries: compute only so many tokens, from the first on.
        """
        x = self.attended(x, queries=queries, causal=causal)
        return x + self.proj(self.inside(x))

    def attended(self, x: Tensor, *, queries: int | None = None, causal: bool = False) -> Tensor:
        """After attention."""
        h = norm(x)
        if queries is None:
            q, k, v = by_head(self.qkv(h), 3, self.heads)
        else:
            width = x.shape[2]
            (q,) = by_head(self.qkv.rows(h[:, :queries], slice(None, width)), 1, self.heads)
            k, v = by_head(self.qkv.rows(h, slice(width, None)), 2, self.heads)
            x = x[:, :queries]
        return x + self.out(attend(q, k, v, self.heads, causal=causal))

    def inside(self, x: Tensor) -> Tensor:
        """In the middle of the perceptron."""
        h = self.fc(norm(x))
        return F.silu(h) if self.activation == "quick_gelu" else F.gelu(h)


class ImageResNet(nn.Module):
    """A ResNet with a stem of three convolutions, average pooling instead of strides, and
    attention instead of the last pooling."""

    def __init__(self, shape: ClipShape, tensors: Tensors) -> None:
        super().__init__()
        assert not isinstance(shape.vision_layers, int)
        self.depths = shape.vision_layers
        self.stem = nn.Sequential(
            Convolution(tensors, "visual.conv1", "visual.bn1", stride=2),
            nn.ReLU(inplace=True),
            Convolution(tensors, "visual.conv2", "visual.bn2"),
            nn.ReLU(inplace=True),
            Convolution(tensors, "visual.conv3", "visual.bn3"),
            nn.ReLU(inplace=True),
            nn.AvgPool2d(2),
        )
        self.stages = nn.ModuleList(
            nn.Sequential(
                *(
                    Bottleneck(tensors, f"visual.layer{i}.{j}", pool=2 if i > 1 and j == 0 else 1)
                    for j in range(blocks)
                )
            )
            for i, blocks in enumerate(shape.vision_layers, 1)
        )
        self.attnpool = AttentionPool(tensors, "visual.attnpool", shape.vision_heads)

    def forward(self, pixels: Pixels) -> Features:
        x = self.stem(pixels)
        for stage in self.stages:
            x = stage(x)
        return self.attnpool(x)

    @property
    def layers(self) -> list[str]:
        """The stem, and every block by its name in the checkpoints."""
        depths = enumerate(self.depths, 1)
        return ["stem", *(f"layer{i}.{j}" for i, depth in depths for j in range(depth))]

    def activations(self, pixels: Pixels, place: int) -> Float[Tensor, "n c h w"]:
        """Of the layer that stands there in `layers`."""
        x = self.stem(pixels)
        blocks = [block for stage in self.stages for block in stage.children()]
        for block in blocks[:place]:
            x = block(x)
        return x


class Bottleneck(nn.Module):
    def __init__(self, tensors: Tensors, name: str, *, pool: int) -> None:
        super().__init__()
        self.pool = pool
        self.conv1 = Convolution(tensors, f"{name}.conv1", f"{name}.bn1")
        self.conv2 = Convolution(tensors, f"{name}.conv2", f"{name}.bn2")
        self.conv3 = Convolution(tensors, f"{name}.conv3", f"{name}.bn3")
        self.side = None
        if f"{name}.downsample.0.weight" in tensors:
            self.side = Convolution(tensors, f"{name}.downsample.0", f"{name}.downsample.1")

    def forward(self, x: Tensor) -> Tensor:
        h = F.relu_(self.conv2(F.relu_(self.conv1(x))))
        if self.pool > 1:
            h, x = F.avg_pool2d(h, self.pool), F.avg_pool2d(x, self.pool)
        h = self.conv3(h)
        return F.relu_(h.add_(x if self.side is None else self.side(x)))


class AttentionPool(nn.Module):
    """One query, the mean of the picture, looks at every place of it."""

    positions: Tensor

    def __init__(self, tensors: Tensors, name: str, heads: int) -> None:
        super().__init__()
        self.heads = heads
        scale = (tensors[f"{name}.q_proj.bias"].numel() // heads) ** -0.5
        self.register_buffer("positions", tensors[f"{name}.positional_embedding"])
        self.q = Linear(
            scale * tensors[f"{name}.q_proj.weight"], scale * tensors[f"{name}.q_proj.bias"]
        )
        self.k = named_linear(tensors, f"{name}.k_proj")
        self.v = named_linear(tensors, f"{name}.v_proj")
        self.proj = named_linear(tensors, f"{name}.c_proj")

    def forward(self, x: Tensor) -> Tensor:
        x = x.flatten(2).transpose(1, 2)  # [n, c, h, w] -> [n, h*w, c]
        x = torch.cat([x.mean(1, keepdim=True), x], 1) + self.positions
        q, k, v = (
            by_head(project(h), 1, self.heads)[0]
            for project, h in ((self.q, x[:, :1]), (self.k, x), (self.v, x))
        )
        return self.proj(attend(q, k, v, self.heads)[:, 0])


class Linear(nn.Module):
    """A frozen linear map."""

    weight: Tensor
    bias: Tensor | None

    def __init__(self, weight: Tensor, bias: Tensor | None = None) -> None:
        super().__init__()
        self.register_buffer("weight", weight.contiguous())
        self.register_buffer("bias", bias)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight, self.bias)

    def rows(self, x: Tensor, rows: slice) -> Tensor:
        """Only these of the outputs."""
        return F.linear(x, self.weight[rows], None if self.bias is None else self.bias[rows])


class LayerNorm(nn.Module):
    weight: Tensor
    bias: Tensor

    def __init__(self, tensors: Tensors, name: str) -> None:
        super().__init__()
        self.register_buffer("weight", tensors[f"{name}.weight"])
        self.register_buffer("bias", tensors[f"{name}.bias"])

    def forward(self, x: Tensor) -> Tensor:
        return F.layer_norm(x, x.shape[-1:], self.weight, self.bias)


class Convolution(nn.Module):
    """A frozen convolution with the batch norm that follows it, of the same size at stride 1."""

    weight: Tensor
    bias: Tensor

    def __init__(self, tensors: Tensors, name: str, bn: str, *, stride: int = 1) -> None:
        super().__init__()
        self.stride = stride
        spread = (tensors[f"{bn}.running_var"] + 1e-5).sqrt()
        gain = tensors[f"{bn}.weight"] / spread
        self.register_buffer("weight", tensors[f"{name}.weight"] * gain[:, None, None, None])
        self.register_buffer("bias", tensors[f"{bn}.bias"] - gain * tensors[f"{bn}.running_mean"])

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight, self.bias, self.stride, self.weight.shape[-1] // 2)


def by_head(x: Tensor, parts: int, heads: int) -> Tensor:
    """`[n, tokens, parts*heads*d]` -> `[parts, n*heads, tokens, d]`, in one copy."""
    return x.unflatten(2, (parts, heads, -1)).permute(2, 0, 3, 1, 4).flatten(1, 2)


def attend(q: Tensor, k: Tensor, v: Tensor, heads: int, *, causal: bool = False) -> Tensor:
    """Attention of scaled queries: three of `[n*heads, tokens, d]` -> `[n, tokens, heads*d]`."""
    if q.device.type == "cpu" and not causal and k.shape[1] <= PLAIN_ATTENTION:
        out = (q @ k.mT).softmax(-1) @ v
    else:
        q, k, v = (part.unflatten(0, (-1, heads)) for part in (q, k, v))
        out = F.scaled_dot_product_attention(q, k, v, is_causal=causal, scale=1.0).flatten(0, 1)
    return out.unflatten(0, (-1, heads)).transpose(1, 2).flatten(2)


def norm(x: Tensor) -> Tensor:
    """Layer norm without gain and bias, which `after_norm` has put into the next weights."""
    return F.layer_norm(x, x.shape[-1:])


def after_norm(tensors: Tensors, norm: str, weight: Tensor, bias: Tensor) -> Linear:
    """The linear map of `norm`'s gain and bias and then of `weight` and `bias`."""
    gain, shift = tensors[f"{norm}.weight"], tensors[f"{norm}.bias"]
    shifted = weight.double() @ shift.double()  # the same bits however fp32 is multiplied
    return Linear(weight * gain, bias + shifted.float())


def named_linear(tensors: Tensors, name: str) -> Linear:
    return Linear(tensors[f"{name}.weight"], tensors[f"{name}.bias"])
