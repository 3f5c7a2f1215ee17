"""Makes the pictures of the documentation: `python docs/make_pictures.py`.

`cutouts.png` shows what each preset shows CLIP of one picture. `steps.png` is a run under the small
random network of the tests, which knows no words: it shows the machinery, not a likeness.
"""

import dataclasses
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from reverie import image as images
from reverie.augment.cutouts import Cutouts
from reverie.augment.presets import PRESETS
from reverie.device import machine
from reverie.protocols import Draws, Moment
from reverie.recipes import RECIPES
from reverie.run import Run

HERE = Path(__file__).parent / "pictures"
WEIGHTS = Path(__file__).parent.parent / "tests" / "golden" / "clip-vit" / "weights.safetensors"
VIEW, COLUMNS, LABEL = 112, 8, 150


def lighthouse(width: int = 640, height: int = 448) -> Tensor:
    """A drawn scene `[1, 3, h, w]`: evening sky, sea, a lighthouse on a rock."""
    big = Image.new("RGB", (2 * width, 2 * height))
    draw = ImageDraw.Draw(big)
    for y in range(2 * height):
        t = y / (2 * height)
        sky = tuple(round(a + (b - a) * t) for a, b in ((38, 250), (52, 176), (102, 120)))
        draw.line((0, y, 2 * width, y), sky if t < 0.68 else (30, 74, 104))
    draw.ellipse((860, 420, 1010, 570), (255, 214, 140))
    draw.rectangle((0, round(1.36 * height), 2 * width, 2 * height), (30, 74, 104))
    for i in range(60):
        x, y = (i * 397) % (2 * width), round(1.4 * height) + (i * 53) % 240
        draw.line((x, y, x + 90, y), (82, 130, 156), 4)
    draw.polygon([(120, 760), (250, 590), (470, 590), (620, 760)], (58, 52, 58))
    draw.polygon([(300, 600), (330, 230), (410, 230), (440, 600)], (244, 240, 232))
    for y in (290, 400, 510):
        inset = (600 - y) * 30 // 370
        draw.polygon(
            [(300 + inset, y + 60), (304 + inset, y), (436 - inset, y), (440 - inset, y + 60)],
            (196, 52, 46),
        )
    draw.rectangle((318, 176, 422, 230), (40, 40, 52))
    draw.rectangle((340, 186, 400, 224), (255, 236, 150))
    draw.polygon([(310, 176), (370, 126), (430, 176)], (196, 52, 46))
    draw.polygon([(400, 196), (1280, 40), (1280, 190), (400, 214)], (255, 232, 176))
    small = big.resize((width, height), Image.Resampling.LANCZOS)
    return torch.from_numpy(np.array(small)).permute(2, 0, 1)[None].float() / 255


def cutouts() -> None:
    """A row of views for each preset."""
    picture = lighthouse()
    page = Image.new("RGB", (LABEL + COLUMNS * (VIEW + 4), len(PRESETS) * (VIEW + 4)), "white")
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(size=17)
    for row, preset in enumerate(PRESETS):
        looks = Cutouts(count=COLUMNS, preset=preset).build()(picture, Moment(0, 0, Draws((3,), 0)))
        views = images.to_uint8(looks.draw(slice(0, COLUMNS), VIEW).clamp(0, 1)).numpy()
        top = row * (VIEW + 4)
        draw.text((8, top + VIEW // 2), preset, "black", font, anchor="lm")
        for column, view in enumerate(views):
            page.paste(Image.fromarray(view), (LABEL + column * (VIEW + 4), top))
    page.save(HERE / "cutouts.png", optimize=True)


def steps() -> None:
    """Five moments of one run, from noise on."""
    recipe = RECIPES["fourier"](
        "a lighthouse in fog", perceptor=str(WEIGHTS), size=(224, 224), steps=120, cutouts=16
    )
    recipe = dataclasses.replace(recipe, seed=7)
    with tempfile.TemporaryDirectory() as folder:
        run = Run.start(recipe, Path(folder) / "run", machine("cpu", "fp32"))
        shown = [p.frame.image for p in run.frames() if p.step in (0, 10, 30, 60, 120)]
    images.save(images.sheet(torch.cat(shown), columns=5), HERE / "steps.png", None)


if __name__ == "__main__":
    HERE.mkdir(exist_ok=True)
    cutouts()
    steps()
