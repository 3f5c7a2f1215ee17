"""How well the pocket models paint, as an eye says that they never painted for.

    python bench/pocket_quality.py --sheet sheet.png

Paints a prompt of each line of pocket_prompts.txt; for every picture the pocket judge picks the
prompt that fits best among all of them. Also says what the guess alone would reach, before anything
is improved, and what pocket-clip, which painted, thinks of its own work.
"""

import argparse
import time
from pathlib import Path

import torch
from torch import Tensor

from reverie import image as images
from reverie.device import machine
from reverie.painting import Painting
from reverie.perceptor.pocket import Pocket
from reverie.recipes import RECIPES

PROMPTS = Path(__file__).with_name("pocket_prompts.txt").read_text().splitlines()


def painted(prompt: str, recipe: str, side: int, options: dict, seed: int = 1) -> list[Tensor]:
    """What each stage ends with, after what the first one begins with."""
    before, shown = None, []
    on = machine("cpu", "auto")
    for stage in RECIPES[recipe](prompt, size=(side, side), **options).stages:
        painting = Painting(stage, range(seed, seed + 1), on, before=before)
        for frame, _ in painting.frames():
            if not shown:
                shown.append(frame.image.detach())
        before = frame.image.detach()
        shown.append(before)
    return shown


def right(pictures: Tensor, prompts: list[str], judge: str) -> tuple[float, float]:
    """Share of the pictures whose own prompt fits best, and is among the best five."""
    eye = Pocket(model=judge).build(machine("cpu", "fp32"))  # type: ignore[arg-type]
    with torch.no_grad():
        seen = eye.encode_image(images.resize(pictures, (eye.size, eye.size)))
        best = (seen @ eye.encode_text(prompts).T).topk(min(5, len(prompts)), dim=1).indices
    own = torch.arange(len(prompts))[:, None]
    return float((best[:, :1] == own).float().mean()), float((best == own).any(1).float().mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipe", default="scene", choices=sorted(RECIPES))
    parser.add_argument(
        "--count", type=int, default=len(PROMPTS), help="prompts, from the first on"
    )
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--refine", type=int)
    parser.add_argument("--sheet", type=Path, help="where to save all pictures")
    given = parser.parse_args()
    options = {k: v for k in ("steps", "refine") if (v := getattr(given, k)) is not None}
    prompts, began = PROMPTS[: given.count], time.monotonic()
    rows = [painted(prompt, given.recipe, given.side, options) for prompt in prompts]
    spent = (time.monotonic() - began) / len(prompts)
    print(
        f"{given.recipe}: {len(prompts)} prompts at {given.side}x{given.side}, {spent:.1f} s each"
    )
    names = ["the guess", *(f"stage {k}" for k in range(1, len(rows[0])))]
    for at, name in enumerate(names):
        pictures = torch.cat([row[at] for row in rows])
        for judge in ("pocket-judge", "pocket-clip"):
            first, five = right(pictures, prompts, judge)
            print(f"{name:12} {judge:12} top-1 {first:.0%}  top-5 {five:.0%}")
    if given.sheet:
        last = torch.cat([row[-1] for row in rows])
        images.save(images.grid(last), given.sheet)


if __name__ == "__main__":
    main()
