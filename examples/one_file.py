"""The whole idea in one file: a picture, cutouts of it, CLIP's opinion, gradient descent.

    python examples/one_file.py "a lighthouse in fog" --perceptor ViT-B/32

Everything that makes a picture is here, in plain torch; only CLIP itself, and writing the file,
come from the library. The library does the same with more canvases, better cutouts, less memory,
and runs that resume: a test holds the two equal where they do the same.
"""

import argparse
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from reverie import image as images
from reverie.device import fast_matmul, machine
from reverie.errors import ReverieError
from reverie.perceptor.clip import Clip
from reverie.protocols import Perceptor

Boxes = Callable[[int], Tensor]  # step -> [n, 4]: left, top, width, height, as shares


def random_boxes(seed: int, count: int, size: tuple[int, int], smallest: float = 0.4) -> Boxes:
    """Squares of a random size at random places, new ones at every step."""
    width, height = size

    def boxes(step: int) -> Tensor:
        rng = torch.Generator().manual_seed(1_000_003 * seed + step)
        side, x, y = torch.rand(3, count, generator=rng)
        side = min(size) * (smallest + (1 - smallest) * side)
        wide, high = side / width, side / height
        return torch.stack([x * (1 - wide), y * (1 - high), wide, high], 1)

    return boxes


def cut(picture: Tensor, boxes: Tensor, size: int) -> Tensor:
    """Views `[n, 3, size, size]` of one picture `[1, 3, h, w]`, differentiable."""
    at = (torch.arange(size) + 0.5) / size
    left, top, wide, high = boxes.T[:, :, None]  # each [n, 1]
    x = (2 * (left + wide * at) - 1)[:, None, :].expand(-1, size, -1)  # [n, s] -> [n, s, s]
    y = (2 * (top + high * at) - 1)[:, :, None].expand(-1, -1, size)
    source, at = picture.expand(len(boxes), -1, -1, -1), torch.stack([x, y], -1)
    return F.grid_sample(source, at, padding_mode="border", align_corners=False)


def distance(views: Tensor, words: Tensor) -> Tensor:
    """Half the squared angle between unit vectors: 0 where they agree."""
    return 2 * torch.asin((views - words).norm(dim=1) / 2).square()


def paint(
    perceptor: Perceptor,
    words: Sequence[tuple[str, float]],
    start: Tensor,
    boxes: Boxes,
    *,
    steps: int,
    lr: float,
) -> Tensor:
    """Changes the picture `start` `[1, 3, h, w]` until CLIP sees the words in it.

    Args:
        words: texts and their weights; a negative weight pushes away.
    """
    texts = perceptor.encode_text([text for text, _ in words])  # [prompts, d]
    picture = start.clone().requires_grad_()
    optimizer = torch.optim.Adam([picture], lr=lr)
    for step in range(steps):
        optimizer.zero_grad()
        views = perceptor.encode_image(cut(picture, boxes(step), perceptor.size))
        losses = [
            weight * distance(views, text).mean()
            for (_, weight), text in zip(words, texts, strict=True)
        ]
        loss = torch.stack(losses).sum()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            picture.clamp_(0, 1)
        if step % 10 == 0:
            print(f"step {step}/{steps}  loss {loss.item():.4f}", flush=True)
    return picture.detach()


def main() -> None:
    parser = argparse.ArgumentParser(description="Words to a picture, in one file.")
    parser.add_argument("words")
    parser.add_argument("--perceptor", required=True, help="model name or checkpoint file")
    parser.add_argument("--size", type=int, nargs=2, default=(224, 224), metavar=("W", "H"))
    parser.add_argument("--cutouts", type=int, default=16)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--lr", type=float, default=0.03)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--output", default="one_file.png")
    args = parser.parse_args()

    width, height = args.size
    on = machine("cpu")
    rng = torch.Generator().manual_seed(args.seed)
    start = (0.5 + 0.05 * torch.randn(1, 3, height, width, generator=rng)).clamp(0, 1)
    boxes = random_boxes(args.seed, args.cutouts, (width, height))
    with fast_matmul(on):
        perceptor = Clip(weights=args.perceptor).build(on)
        words = [(args.words, 1.0)]
        picture = paint(perceptor, words, start, boxes, steps=args.steps, lr=args.lr)
    images.save(picture, args.output, None)
    print(args.output)


if __name__ == "__main__":
    try:
        main()
    except ReverieError as error:
        raise SystemExit(f"{error}") from error
