"""How like two pictures are, for the training of the VQGAN: by colours, by what a perceptor sees in
them, and by whether another network can tell them apart."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reverie.nets.pocket_clip import ImageTower
from reverie.weights import pocket as shipped
from training import pocket

STAGES = (1, 3, 4)  # blocks of the perceptor after which features are compared


def distance(pictures: Tensor, wanted: Tensor) -> Tensor:
    """Mean difference of colours, of steps between neighbours at two sizes, and of the whole at a
    coarser one. For pictures in [0, 1]."""
    apart = pictures - wanted
    total = apart.abs().mean() + 2 * apart.square().mean()
    for scaled in (apart, 2 * F.avg_pool2d(apart, 2)):
        for axis in (2, 3):
            total = total + 0.5 * scaled.diff(dim=axis).abs().mean()
    return total + 0.5 * F.avg_pool2d(apart, 8).abs().mean()


class Eyes(nn.Module):
    """What the picture tower of `pocket-clip` makes of pictures in [0, 1], at several stages."""

    def __init__(self) -> None:
        super().__init__()
        model = shipped.read("pocket-clip")
        net = pocket.build("clip", pocket.sizes_of("clip", len(model.about["words"]) + 2))
        net.load_state_dict(model.tensors, strict=False)  # the counts of training are not shipped
        assert isinstance(net.image, ImageTower)
        self.stem, self.norm = net.image.stem, net.image.norm
        self.blocks = nn.ModuleList(net.image.blocks.children())[: max(STAGES) + 1]
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.eval().requires_grad_(False)

    def forward(self, pictures: Tensor) -> list[Tensor]:
        x = F.silu(self.norm(self.stem(pictures * 4 - 2)))
        seen = [x]
        for at, block in enumerate(self.blocks):
            x = block(x)
            if at in STAGES:
                seen.append(x)
        return [F.normalize(features.float(), dim=1) for features in seen]


def perceived(seen: list[Tensor], wanted: list[Tensor]) -> Tensor:
    """Squared distance of unit vectors at each place, the mean over places, summed over stages."""
    apart = [(a - b).square().sum(1).mean() for a, b in zip(seen, wanted, strict=True)]
    return torch.stack(apart).sum()


class Critic(nn.Module):
    """Tells pieces of pictures from what was decoded: above zero where it takes them for drawn."""

    def __init__(self, width: int = 32):
        super().__init__()
        self.steps = nn.Sequential(
            nn.PixelUnshuffle(2),
            nn.Conv2d(12, width, 3, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(width, 2 * width, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(2 * width, 4 * width, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(4 * width, 1, 3, padding=1),
        )

    def forward(self, pictures: Tensor) -> Tensor:
        """`[b, 3, h, w]` in [0, 1] -> `[b, 1, h/8, w/8]`."""
        return self.steps(pictures * 2 - 1).float()

    def error(self, drawn: Tensor, decoded: Tensor) -> Tensor:
        """How far it is from a clear judgement on both (hinge)."""
        return F.relu(1 - self(drawn)).mean() + F.relu(1 + self(decoded)).mean()
