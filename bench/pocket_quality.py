"""How well the pocket models paint, as an eye says that they never painted for.

    python bench/pocket_quality.py --pictures /tmp/quality --sheet sheet.png

Paints a prompt of each line of a file; for every picture the pocket judge picks the prompt that
fits best among all of them. Also says what the guess alone would reach, before anything is
improved, and what pocket-clip, which painted, thinks of its own work. With `--pictures`, what is
already painted there is not painted again. The sheet numbers the pictures and hides the words, to
show to a person.
"""

import argparse
import time
from pathlib import Path

import torch
from PIL import Image, ImageDraw
from torch import Tensor

from reverie import image as images
from reverie.device import machine
from reverie.painting import Painting
from reverie.perceptor.pocket import Pocket
from reverie.recipes import RECIPES

HERE = Path(__file__).parent


def painted(prompt: str, recipe: str, side: int, options: dict[str, int], seed: int) -> Tensor:
    """What the first stage begins with, and what each ends with. `[stages + 1, 3, side, side]`"""
    before, shown = None, []
    on = machine("cpu", "auto")
    for stage in RECIPES[recipe](prompt, size=(side, side), **options).stages:
        painting = Painting(stage, range(seed, seed + 1), on, before=before)
        frame = None
        for frame, _ in painting.frames():
            if not shown:
                shown.append(frame.image.detach())
        assert frame is not None
        before = painting
        shown.append(frame.image.detach())
    return torch.cat([images.resize(each, (side, side)) for each in shown])  # stages may be smaller


def kept(place: int, folder: Path | None, paint) -> Tensor:
    """The pictures of a prompt, from the folder where they are there."""
    path = folder / f"{place:03}.pt" if folder else None
    if path and path.exists():
        return torch.load(path, weights_only=True)
    pictures = paint()
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(pictures, path)
    return pictures


def right(pictures: Tensor, prompts: list[str], judge: str) -> tuple[float, float]:
    """Share of the pictures whose own prompt fits best, and is among the best five."""
    eye = Pocket(model=judge).build(machine("cpu", "fp32"))  # type: ignore[arg-type]
    with torch.no_grad():
        seen = eye.encode_image(images.resize(pictures, (eye.size, eye.size)))
        best = (seen @ eye.encode_text(prompts).T).topk(min(5, len(prompts)), dim=1).indices
    own = torch.arange(len(prompts))[:, None]
    return float((best[:, :1] == own).float().mean()), float((best == own).any(1).float().mean())


def draw_sheet(pictures: Tensor, path: Path, *, columns: int = 6, side: int = 192) -> None:
    """Numbered pictures, without their words."""
    rows = -(-len(pictures) // columns)
    page = Image.new("RGB", (columns * (side + 6), rows * (side + 22)), "white")
    draw = ImageDraw.Draw(page)
    small = images.to_uint8(images.resize(pictures, (side, side))).numpy()
    for place, picture in enumerate(small):
        left, top = place % columns * (side + 6), place // columns * (side + 22)
        page.paste(Image.fromarray(picture), (left, top))
        draw.text((left + 4, top + side + 4), str(place + 1), "black")
    page.save(path, optimize=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--prompts", type=Path, default=HERE / "pocket_prompts.txt")
    parser.add_argument("--recipe", default="scene", choices=sorted(RECIPES))
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--refine", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pictures", type=Path, help="folder that keeps them")
    parser.add_argument("--sheet", type=Path, help="where to save all pictures, without words")
    given = parser.parse_args()
    options = {k: v for k in ("steps", "refine") if (v := getattr(given, k)) is not None}
    prompts, began = given.prompts.read_text().splitlines(), time.monotonic()
    rows = [
        kept(at, given.pictures, lambda text=text: painted(
            text, given.recipe, given.side, options, given.seed))
        for at, text in enumerate(prompts)
    ]  # fmt: skip
    spent = (time.monotonic() - began) / len(prompts)
    print(
        f"{given.recipe}: {len(prompts)} prompts at {given.side}x{given.side}, {spent:.1f} s each"
    )
    if given.sheet:
        draw_sheet(torch.stack([row[-1] for row in rows]), given.sheet)
    names = ["the guess", *(f"after stage {k}" for k in range(1, len(rows[0])))]
    for at, name in enumerate(names):
        pictures = torch.stack([row[at] for row in rows])
        for judge in ("pocket-judge", "pocket-clip"):
            first, five = right(pictures, prompts, judge)
            print(f"{name:14} {judge:12} first {first:.0%}  among five {five:.0%}")


if __name__ == "__main__":
    main()
