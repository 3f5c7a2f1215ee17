"""Makes the pictures of the documentation: `python docs/make_pictures.py [cutouts vqgan ...]`.

`cutouts.webp` shows what each preset shows CLIP of one picture; the others are painted by the
pocket models with the default options, at a smaller size.
"""

import dataclasses
import sys
import tempfile
from collections.abc import Container
from pathlib import Path
from typing import Any

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
SCENES = (
    "a red apple on a blue table",
    "two owls in the forest at night",
    "a sailboat on the sea",
    "a rocket in space",
    "a snowman in the snow",
    "a pink dragon and a crown",
    "three cats",
    "a castle in the mountains",
    "a robot in the city",
    "a sunflower in a meadow",
    "a blue ghost",
    "a cactus in the desert",
)
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
    page.save(HERE / "cutouts.webp", quality=85, method=6)


def frames(recipe: str, prompt: str, steps: Container[int], **options: Any) -> list[Tensor]:
    """Pictures of a run with the pocket models, at those steps."""
    made = RECIPES[recipe](prompt, perceptor="pocket-clip", **options)
    made = dataclasses.replace(made, seed=7)
    with tempfile.TemporaryDirectory() as folder:
        run = Run.start(made, Path(folder) / "run", machine("cpu", "auto"))
        return [p.frame.image for p in run.frames() if p.step in steps]


def steps() -> None:
    """Five moments of one run, from noise on."""
    shown = frames("fourier", "an owl", (0, 15, 40, 100, 300), size=(224, 224))
    images.save(images.sheet(torch.cat(shown), columns=5), HERE / "steps.png", None)


def stages() -> None:
    """What a scene begins with, what it becomes, and its last touches."""
    shown = frames("scene", "a red apple on a blue table", (0, 60, 100), size=(320, 320))
    images.save(
        images.sheet(torch.cat([shown[0], *shown[-2:]]), columns=3), HERE / "stages.png", None
    )


def scenes() -> None:
    """Words, and what they become."""
    captioned("scene", 100, "scenes.png")


def vqgan() -> None:
    """The same words, painted with the pocket VQGAN."""
    captioned("vqgan-clip", 120, "vqgan.webp")


def captioned(recipe: str, last: int, name: str) -> None:
    """A sheet of all words with what the last step of a recipe shows of them."""
    side, columns, line = 256, 4, 26
    rows = -(-len(SCENES) // columns)
    page = Image.new("RGB", (columns * (side + 4) - 4, rows * (side + line)), "white")
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(size=15)
    for place, prompt in enumerate(SCENES):
        picture = frames(recipe, prompt, (last,), size=(side, side))[-1]
        left, top = place % columns * (side + 4), place // columns * (side + line)
        page.paste(Image.fromarray(images.to_uint8(picture)[0].numpy()), (left, top))
        draw.text((left + side // 2, top + side + line // 2), prompt, "black", font, anchor="mm")
    page.save(HERE / name, optimize=True)


PAGES = {page.__name__: page for page in (cutouts, steps, stages, scenes, vqgan)}

if __name__ == "__main__":
    HERE.mkdir(exist_ok=True)
    for wanted in sys.argv[1:] or PAGES:
        PAGES[wanted]()
