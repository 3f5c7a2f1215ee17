"""BigGAN-deep: a generator whose every block sees the noise and the class again.

Source: Brock, Donahue, Simonyan, "Large Scale GAN Training for High Fidelity Natural Image
Synthesis" (2018), https://arxiv.org/abs/1809.11096, appendix B; tensors go by the names of
https://github.com/huggingface/pytorch-pretrained-BigGAN. A noise and a class vector for each
block: BigSleep, https://github.com/lucidrains/big-sleep.
Differs: spectral norm is divided out before the weights come here, so a name ends in `weight`
where the published one ends in `weight_orig`; of the last convolution only the channels of the
picture are computed; between two recorded truncations the statistics are interpolated the right
way round (see `stats_rows`). It can be trained; statistics are then the same at every truncation.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from reverie.errors import SpecError

Rows = tuple[int, float]  # a row of the recorded statistics, and its share against the next one
Interpolation = Literal["linear", "published"]
Noise = Float[Tensor, "b z"] | Float[Tensor, "b rows z"]
Classes = Float[Tensor, "b classes"] | Float[Tensor, "b rows classes"]
START = 4  # pixels a side before the first block
BOTTLENECK = 4  # a block works on so much fewer channels than it passes on
KEYS, VALUES = 8, 2  # attention works on so much fewer channels
MOMENTUM = 0.1


class BigGANDeep(nn.Module):
    """Noise and classes -> pictures of -1 to 1.

    Args:
        layers: (upsample, channels in, channels out) of each block, in units of `channel_width`.
        attention_layer_position: attention stands before the block of this index; None: nowhere.
        n_stats: the batch norms keep statistics for so many truncations, from 0 to 1.
        image_channels: how many of the channels of the last convolution make the picture.
    """

    def __init__(
        self,
        layers: Sequence[tuple[bool, int, int]],
        *,
        z_dim: int,
        class_embed_dim: int,
        channel_width: int,
        num_classes: int,
        attention_layer_position: int | None,
        eps: float,
        n_stats: int,
        image_channels: int = 3,
    ) -> None:
        super().__init__()
        self.z_dim, self.num_classes, self.n_stats = z_dim, num_classes, n_stats
        self.rows = len(layers) + 1  # of noise and classes: the start has one, and each block
        self.embeddings = nn.Linear(num_classes, class_embed_dim, bias=False)
        self.generator = Generator(
            layers, z_dim + class_embed_dim, channel_width, attention_layer_position, eps, n_stats,
            image_channels,
        )  # fmt: skip

    def forward(
        self,
        z: Noise,
        classes: Classes,
        truncation: float = 1.0,
        interpolation: Interpolation = "linear",
    ) -> Float[Tensor, "b c h w"]:
        """Args:
        z: one row for the whole network, or one for the start and one for each block.
        classes: shares of the classes, likewise.
        truncation: 0 to 1, picks the recorded statistics; `z` comes truncated already. In
            training it picks nothing: the statistics are the batch's.
        interpolation: as in `stats_rows`.
        """
        self._check("z", z, self.z_dim)
        self._check("classes", classes, self.num_classes)
        embedded = self.embeddings(classes)
        z, embedded = (x if x.ndim == 3 else x[:, None] for x in (z, embedded))
        rows = max(z.shape[1], embedded.shape[1])
        z, embedded = z.expand(-1, rows, -1), embedded.expand(-1, rows, -1)
        condition = torch.cat([z, embedded], 2).expand(-1, self.rows, -1)  # [b, rows, z + embed]
        return self.generator(condition, stats_rows(truncation, self.n_stats, interpolation))

    def _check(self, name: str, x: Tensor, width: int) -> None:
        if x.shape[-1] != width or (x.ndim == 3 and x.shape[1] != self.rows):
            raise SpecError(
                f"{name}: got {list(x.shape)}; this BigGAN takes [b, {width}], or "
                f"[b, {self.rows}, {width}] for a row to each block"
            )


def frozen(
    fields: Mapping[str, Any],
    tensors: Mapping[str, Tensor],
    precision: torch.dtype = torch.float32,
) -> BigGANDeep:
    """The network with these weights, of any dtype, to make pictures but not to be trained.

    Args:
        precision: of the layers of the generator; classes are embedded, and statistics applied, in
            float32.
    """
    with torch.device("meta"):  # draws no numbers
        network = BigGANDeep(**fields)
    floats = {name: tensor.float() for name, tensor in tensors.items()}
    network.load_state_dict(floats, assign=True)
    for layer in network.generator.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            layer.to(precision)
    return network.eval().requires_grad_(False)


def stats_rows(truncation: float, n_stats: int, interpolation: Interpolation = "linear") -> Rows:
    """Which of the recorded statistics belong to a truncation: a row, and its share of the mean
    with the next row; a share of 0 stands for the row alone.

    Args:
        interpolation: linear is right: a truncation a quarter of the way from one recorded one to
            the next takes three quarters of the first. The published port has it the wrong way
            round, one quarter, and so may even be a whole row off where a quotient is rounded (at
            0.58, say). The two agree at most multiples of 1 / (n_stats - 1), and at 1.
    """
    if not 0 <= truncation <= 1:
        raise SpecError(f"truncation must be 0 to 1, got {truncation}")
    if n_stats == 1:
        return 0, 0.0
    part, row = math.modf(truncation / (1 / (n_stats - 1)))
    share = part if interpolation == "published" or part == 0 else 1 - part
    return int(row), share


class Generator(nn.Module):
    """What stands under `generator.` in the published files."""

    def __init__(
        self,
        layers: Sequence[tuple[bool, int, int]],
        condition: int,
        width: int,
        attention: int | None,
        eps: float,
        n_stats: int,
        image_channels: int,
    ) -> None:
        super().__init__()
        first, last = width * layers[0][1], width * layers[-1][2]
        if not 1 <= image_channels <= last:
            raise SpecError(f"image_channels must be 1 to {last}, got {image_channels}")
        self.image_channels = image_channels
        self.gen_z = nn.Linear(condition, START * START * first)
        self.layers = nn.ModuleList()
        for i, (upsample, before, after) in enumerate(layers):
            if i == attention:
                self.layers.append(SelfAttention(width * before))
            self.layers.append(
                Block(width * before, width * after, condition, upsample, eps, n_stats)
            )
        self.bn = PlainBatchNorm(last, eps, n_stats)
        self.conv_to_rgb = nn.Conv2d(last, last, 3, padding=1)

    def forward(self, condition: Tensor, rows: Rows) -> Tensor:
        conditions = iter(condition.to(self.gen_z.weight.dtype).unbind(1))
        x = self.gen_z(next(conditions))
        x = x.unflatten(1, (START, START, -1)).permute(0, 3, 1, 2)  # [b, 4*4*c] -> [b, c, 4, 4]
        for layer in self.layers:
            x = layer(x) if isinstance(layer, SelfAttention) else layer(x, next(conditions), rows)
        x = F.relu_(self.bn(x, rows))
        weight, bias = self.conv_to_rgb.weight, self.conv_to_rgb.bias
        assert bias is not None
        c = self.image_channels
        return F.conv2d(x, weight[:c], bias[:c], padding=1).float().tanh()


class Block(nn.Module):
    """A residual bottleneck. The sum keeps the first channels of what comes in, if fewer go out."""

    def __init__(
        self, before: int, after: int, condition: int, upsample: bool, eps: float, n_stats: int
    ) -> None:
        super().__init__()
        if before < BOTTLENECK or after > before:
            raise SpecError(
                f"layers: a block from {before} to {after} channels; wanted are {BOTTLENECK} or "
                "more, and no more out than in"
            )
        self.after, self.upsample, middle = after, upsample, before // BOTTLENECK
        self.bn_0 = ConditionalBatchNorm(before, condition, eps, n_stats)
        self.conv_0 = nn.Conv2d(before, middle, 1)
        self.bn_1 = ConditionalBatchNorm(middle, condition, eps, n_stats)
        self.conv_1 = nn.Conv2d(middle, middle, 3, padding=1)
        self.bn_2 = ConditionalBatchNorm(middle, condition, eps, n_stats)
        self.conv_2 = nn.Conv2d(middle, middle, 3, padding=1)
        self.bn_3 = ConditionalBatchNorm(middle, condition, eps, n_stats)
        self.conv_3 = nn.Conv2d(middle, after, 1)

    def forward(self, x: Tensor, condition: Tensor, rows: Rows) -> Tensor:
        h = self.conv_0(F.relu_(self.bn_0(x, condition, rows)))
        h = F.relu_(self.bn_1(h, condition, rows))
        x = x[:, : self.after]
        if self.upsample:
            h, x = (F.interpolate(y, scale_factor=2, mode="nearest") for y in (h, x))
        h = self.conv_1(h)
        h = self.conv_2(F.relu_(self.bn_2(h, condition, rows)))
        return x + self.conv_3(F.relu_(self.bn_3(h, condition, rows)))


class SelfAttention(nn.Module):
    """Every place looks at the places of a picture of half the size. `gamma` begins at 0."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        if channels < KEYS:
            raise SpecError(f"attention needs {KEYS} channels or more, and there are {channels}")
        self.snconv1x1_theta = nn.Conv2d(channels, channels // KEYS, 1, bias=False)
        self.snconv1x1_phi = nn.Conv2d(channels, channels // KEYS, 1, bias=False)
        self.snconv1x1_g = nn.Conv2d(channels, channels // VALUES, 1, bias=False)
        self.snconv1x1_o_conv = nn.Conv2d(channels // VALUES, channels, 1, bias=False)
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        q = self.snconv1x1_theta(x).flatten(2).mT  # [b, c, h, w] -> [b, h*w, c]
        k = F.max_pool2d(self.snconv1x1_phi(x), 2).flatten(2)  # [b, c, h*w/4]
        v = F.max_pool2d(self.snconv1x1_g(x), 2).flatten(2).mT  # [b, h*w/4, c]
        seen = (q @ k).softmax(2) @ v
        seen = seen.mT.unflatten(2, x.shape[2:])  # [b, h*w, c] -> [b, c, h, w]
        return x + self.gamma.to(x.dtype) * self.snconv1x1_o_conv(seen)


class BatchNorm(nn.Module):
    """Brings the channels to mean 0 and variance 1, then applies the gain and shift of its kind.

    In training the mean and variance are the batch's, in float32, and every row of those recorded
    moves towards them.
    """

    running_means: Tensor
    running_vars: Tensor

    def __init__(self, channels: int, eps: float, n_stats: int) -> None:
        super().__init__()
        self.eps = eps
        self.register_buffer("running_means", torch.zeros(n_stats, channels))
        self.register_buffer("running_vars", torch.ones(n_stats, channels))

    def normalised(self, x: Tensor, rows: Rows, gain: Tensor, shift: Tensor) -> Tensor:
        """Args:
        gain, shift: float32, `[b, c]` or `[1, c]`.
        """
        if self.training:
            x = self._by_the_batch(x)
        else:
            mean, var = self._recorded(rows)
            gain = gain * (var + self.eps).rsqrt()
            shift = shift - mean * gain
        gain, shift = (y.to(x.dtype)[:, :, None, None] for y in (gain, shift))
        return torch.addcmul(shift, x, gain)

    def _by_the_batch(self, x: Tensor) -> Tensor:
        mean, var = torch.zeros_like(self.running_means[0]), torch.zeros_like(self.running_vars[0])
        x = F.batch_norm(x, mean, var, training=True, momentum=1.0, eps=self.eps)  # fills them
        self.running_means.lerp_(mean, MOMENTUM)
        self.running_vars.lerp_(var, MOMENTUM)
        return x

    def _recorded(self, rows: Rows) -> tuple[Tensor, Tensor]:
        row, share = rows
        if share == 0:
            return self.running_means[row], self.running_vars[row]
        following = min(row + 1, len(self.running_means) - 1)
        mean, var = (
            share * known[row] + (1 - share) * known[following]
            for known in (self.running_means, self.running_vars)
        )
        return mean, var


class PlainBatchNorm(BatchNorm):
    """Gain and shift are learned."""

    def __init__(self, channels: int, eps: float, n_stats: int) -> None:
        super().__init__(channels, eps, n_stats)
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor, rows: Rows) -> Tensor:
        return self.normalised(x, rows, self.weight[None], self.bias[None])


class ConditionalBatchNorm(BatchNorm):
    """Gain and shift come from the noise and the class."""

    def __init__(self, channels: int, condition: int, eps: float, n_stats: int) -> None:
        super().__init__(channels, eps, n_stats)
        self.scale = nn.Linear(condition, channels, bias=False)
        self.offset = nn.Linear(condition, channels, bias=False)

    def forward(self, x: Tensor, condition: Tensor, rows: Rows) -> Tensor:
        gain, shift = 1 + self.scale(condition).float(), self.offset(condition).float()
        return self.normalised(x, rows, gain, shift)
