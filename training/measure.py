"""How good a pocket perceptor is, on an art style it never saw."""

import torch
import torch.nn.functional as F
from torch import Tensor

from training.sprites import Sprites

WORDINGS = ("{}", "a {}", "a picture of a {}")


@torch.no_grad()
def name_vectors(net, words, names: list[str]) -> Tensor:
    """One unit vector a name, over a few wordings. `[c, dim]`"""
    device = next(net.parameters()).device
    total = []
    for wording in WORDINGS:
        texts = [wording.format(name) for name in names]
        total.append(net.encode_text(*(part.to(device) for part in words.encode(texts))))
    return F.normalize(torch.stack(total).mean(0), dim=-1)


def alone(sprites: Sprites, *, size: int, scale: float = 0.8) -> tuple[Tensor, Tensor]:
    """Every sprite of the first style on light grey. Pictures `[n, 3, size, size]`, labels `[n]`."""
    from training.scenes import placing

    here = sprites.here[:, 0].nonzero()[:, 0]
    whole = sprites.pictures[here, 0].float() / 255
    one = torch.ones(len(here), device=whole.device)
    grid = placing(0.5 * one, 0.5 * one, scale * one, 0 * one, one, size)
    layer = F.grid_sample(whole, grid, align_corners=False)
    return layer[:, :3] + 0.92 * (1 - layer[:, 3:]), here


def zero_shot(net, words, sprites: Sprites, *, size: int = 64) -> dict[str, float]:
    """Share of the pictures whose concept's name comes first, or among the first five. A picture
    counts as right for every concept of the same name."""
    pictures, labels = alone(sprites, size=size)
    names = [thing.name for thing in sprites.concepts]
    texts = name_vectors(net, words, names)
    with torch.no_grad():
        seen = torch.cat([net.encode_image(part) for part in pictures.split(256)])
    best = (seen @ texts.T).topk(5, dim=1).indices.tolist()
    hits = [[names[place] == names[label] for place in row]
            for row, label in zip(best, labels.tolist(), strict=True)]
    top1 = sum(row[0] for row in hits) / len(hits)
    return {"top1": top1, "top5": sum(any(row) for row in hits) / len(hits)}
