"""Makes the pictures of the documentation: `python docs/make_pictures.py [cutouts vqgan ...]`.

`cutouts.webp` shows what each preset shows CLIP of one picture; the others are painted by the
pocket models with the default options, at a smaller size.
"""

import dataclasses
import sys
import tempfile
from collections.abc import Container, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from reverie import image as images
from reverie.augment.cutouts import Cutouts
from reverie.augment.presets import PRESETS
from reverie.canvas.biggan import built
from reverie.canvas.biggan_models import POCKET
from reverie.canvas.portrait import space
from reverie.canvas.start import Perlin
from reverie.cli import main
from reverie.device import machine
from reverie.faces.latents import faces as find_faces
from reverie.faces.model import FaceModel
from reverie.protocols import Draws, Moment
from reverie.raster.pens import read_pens
from reverie.raster.plotter import plot, plot_svg
from reverie.raster.svg_read import read_svg
from reverie.recipes import RECIPES
from reverie.recipes.deep_dream import described
from reverie.recipes.portraits import traits_for
from reverie.run import Run
from reverie.words.templates import expand

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
FACES = (
    "a woman with red hair",
    "an old man with a white beard",
    "a bald man with blue eyes",
    "an angry woman with green hair",
    "a girl with glasses",
    "a boy with a yellow hat",
    "a man with a moustache in a suit",
    "a surprised old woman",
    "a pale woman with red lips",
    "a man with an eyepatch",
    "a woman with long blonde hair",
    "a sad child with freckles",
    "an old witch with green skin",
    "a vampire with fangs",
    "a werewolf",
    "a zombie",
    "a king with a golden crown",
    "a princess in a pink dress",
    "a pirate",
    "an elf with purple hair",
    "a red devil with horns",
    "a wizard with a blue hat",
    "a clown",
    "a robot",
)
MODIFIERS = (
    "oil painting, watercolour, mosaic, stained glass, pixel art, pencil sketch, neon, at night, "
    "snow, 4k"
)
TEMPLATE = "{a fox|a castle} in the {forest|snow}, {oil painting|stained glass|neon|at night}"
EDITS = (
    "an angry face",
    "a surprised face",
    "a face with sunglasses",
    "a face with a beard",
    "a face with green hair",
    "a face with blue skin",
    "a bald face",
    "a face with pointed ears",
    "a person wearing a crown",
    "a face with a red nose",
    "a vampire",
    "a face with freckles",
)
CHAINS = {  # what is said of each, and the seed
    "an old scary witch with a long pointed nose and green skin": 7,
    "a vampire with fangs and pale skin": 3,
    "a scary green monster with a scar": 5,
    "a werewolf with yellow eyes": 11,
}
NEURONS = (("block5", 0), ("block8", 50), ("block8", 100))  # beside whole layers
DREAMS = {  # what is dreamt on: words and a picture that lead
    "sky": ("an owl", "owls"),
    "lighthouse": ("a fox", "castle"),
    "castle": ("a blue butterfly", "flowers"),
}
PAIRS = (("cat", "owl"), ("castle", "rocket"), ("house", "mushroom"), ("rose", "crab"))
KINDS = (
    ("strokes", "draw", {}),
    ("filled", "draw", {"shape": "filled"}),
    ("triangles", "draw", {"shape": "triangles"}),
    ("lines", "draw", {"shape": "lines"}),
    ("three pens", "draw", {"palette": "black,#c0392b,teal"}),
    ("a sketch", "clip-sketch", {}),
)
STYLED = (
    "a castle in the mountains",
    "a red fox",
    "a sailboat on the sea",
    "a sunflower",
    "an owl at night",
    "a rocket in space",
)
PAPERS = {"hatching": (246, 241, 228), "dots": (255, 209, 71)}
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


def frames(
    recipe: str, prompt: str, steps: Container[int], seed: int = 7, **options: Any
) -> list[Tensor]:
    """Pictures of a run with the pocket models, at those steps."""
    made = RECIPES[recipe](prompt, perceptor="pocket-clip", **options)
    made = dataclasses.replace(made, seed=seed)
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


def faces() -> None:
    """Words, and the faces that the pocket StyleGAN makes of them."""
    told = [
        (words, frames("clip-stylegan", words, (40,), seed=at)[-1])
        for at, words in enumerate(FACES)
    ]
    labelled(told, 6, "faces.webp", side=208)


def edits() -> None:
    """Faces that nobody has, before and after."""
    model, known = FaceModel.of("pocket-stylegan", machine("cpu", "auto")), space()
    told = []
    for at, words in enumerate(EDITS):
        rows = model.rows(model.points(find_faces(str(20 + at))))
        numbers = known.of_points(rows)
        traits = traits_for(words, numbers.mean(1))
        after = known.points(known.changed(numbers, traits))
        pair = [model.draw(model.styles([one])) for one in (rows, after)]
        told.append((words, torch.cat(pair, 3)))
    labelled(told, 4, "edits.webp", side=316)


def spooky() -> None:
    """From a face to a nightmare: each stage's end, and two moments of the nightmare."""
    rows = []
    for words, seed in CHAINS.items():
        made = dataclasses.replace(RECIPES["spooky"](words, perceptor="pocket-clip"), seed=seed)
        with tempfile.TemporaryDirectory() as folder:
            run = Run.start(made, Path(folder) / "run", machine("cpu", "auto"))
            last = {0: (40,), 1: (10,), 2: (60, 150, 299)}
            row = [
                images.fit(p.frame.image, (240, 296))
                for p in run.frames()
                if p.frame.step in last[p.stage]
            ]
        rows.append((words, torch.cat(row, 3)))
    labelled(rows, 1, "spooky.webp", side=900)


def sky(width: int = 512, height: int = 384) -> Tensor:
    """White clouds `[1, 3, h, w]` on blue."""
    clouds = Perlin(cells=3, octaves=7).draw((width, height), (9,), torch.device("cpu"))
    white = ((clouds.mean(1, keepdim=True) - 0.45) * 3).clamp(0, 1)
    high, low = torch.tensor([[0.25, 0.45, 0.8], [0.7, 0.82, 0.95]])[:, :, None, None]
    return torch.lerp(
        torch.lerp(high, low, torch.linspace(0, 1, height)[:, None]), torch.tensor(0.93), white
    )


def dreamt_on(folder: Path) -> dict[str, str]:
    """Pictures to dream on, and to be led by, by name: drawn here, in files."""
    drawn = {
        "sky": sky(),
        "lighthouse": images.fit(lighthouse(), (512, 384)),
        "castle": scene_of("a castle in the mountains"),
        "owls": scene_of("two owls in the forest at night"),
        "flowers": scene_of("a sunflower in a meadow"),
    }
    for name, picture in drawn.items():
        images.save(picture, folder / f"{name}.png", None)
    return {name: str(folder / f"{name}.png") for name in drawn}


def scene_of(words: str) -> Tensor:
    return frames("scene", words, (100,), seed=3, size=(512, 384))[-1]


def dream() -> None:
    """Pictures as they are, dreamt on, led by words, and led by pictures."""
    told = []
    with tempfile.TemporaryDirectory() as folder:
        paths = dreamt_on(Path(folder))
        for name, (words, guide) in DREAMS.items():
            path, last = paths[name], {"steps": (50,)}
            told.append((name, images.load(path)))
            told.append(("dreamt on", frames("deep-dream", path, **last)[-1]))
            told.append((f'"{words}"', frames("deep-dream", words, init=path, **last)[-1]))
            led = frames("deep-dream", paths[guide], init=path, **last)[-1]
            told.append((f"led by the {guide}", led))
    labelled(told, 4, "dream.webp", side=320, quality=80)


def dream_layers() -> None:
    """One picture, by each layer of the pocket perceptor, and by some neurons."""
    told = []
    with tempfile.TemporaryDirectory() as folder:
        path = dreamt_on(Path(folder))["lighthouse"]
        for layer in described("pocket-clip"):
            told.append((layer, frames("deep-dream", path, (50,), layer=layer)[-1]))
        for layer, neuron in NEURONS:
            picture = frames("deep-dream", path, (50,), layer=layer, neuron=neuron)[-1]
            told.append((f"{layer}, neuron {neuron}", picture))
    labelled(told, 4, "dream-layers.webp", side=320, quality=80)


def big_sleep() -> None:
    """24 prompts that nothing was tuned on, dreamt by the pocket generator."""
    painted_24("big-sleep", "big-sleep.webp")


def deep_daze() -> None:
    """The same prompts, painted by a small SIREN."""
    painted_24("deep-daze", "deep-daze.webp")


def drawing() -> None:
    """The same prompts, drawn with strokes."""
    painted_24("draw", "drawing.webp")


def drawing_kinds() -> None:
    """The same words by every kind of shape, and by pens."""
    told = []
    for words in ("an owl", "a sailboat on the sea"):
        for label, recipe, options in KINDS:
            made = RECIPES[recipe](words, perceptor="pocket-clip", **options)
            told.append((label, frames(recipe, words, (made.steps,), seed=4, **options)[-1]))
    labelled(told, len(KINDS), "drawing-kinds.webp", side=224)


def plotter() -> None:
    """Files for three pens, as a plotter would draw them on a sheet of 150 mm."""
    pens, told = read_pens("black 0.5mm,#c0392b 0.7mm,teal 0.7mm"), []
    palette = ",".join(pen.colour for pen in pens)
    for words in ("a sailboat on the sea", "a castle in the mountains", "a red fox"):
        made = RECIPES["draw"](words, perceptor="pocket-clip", palette=palette)
        with tempfile.TemporaryDirectory() as folder:
            run = Run.start(dataclasses.replace(made, seed=4), Path(folder) / "run")
            list(run.frames())
            ready = plot(read_svg(run.pictures[0].with_suffix(".svg")), pens, width=150, margin=8)
            (Path(folder) / "plot.svg").write_text(plot_svg(ready), encoding="utf-8")
            told.append((words, read_svg(Path(folder) / "plot.svg").draw((640, 640))))
    labelled(told, 3, "plotter.webp", side=320)


def styles() -> None:
    """Six prompts in the styles of three pictures."""
    told = []
    with tempfile.TemporaryDirectory() as folder:
        for name, picture in style_pictures().items():
            images.save(picture[0], Path(folder) / f"{name}.png", None)
            told.append((name, picture))
            for words in STYLED:
                options: dict[str, Any] = {"style": f"{folder}/{name}.png"}
                steps = RECIPES["styleclipdraw"](words, perceptor="pocket-clip", **options).steps
                last = frames("styleclipdraw", words, (steps,), seed=2, **options)[-1]
                told.append((words, last))
    labelled(told, len(STYLED) + 1, "styles.webp", side=192)


def style_pictures(side: int = 384) -> dict[str, Tensor]:
    """A hatched, a dotted and a washed picture, `[1, 3, side, side]` each."""
    tone = Perlin(octaves=2).draw((side, side), (3,), torch.device("cpu"))[0, 0].numpy()
    pages = {name: Image.new("RGB", (side, side), paper) for name, paper in PAPERS.items()}
    draw = {name: ImageDraw.Draw(page) for name, page in pages.items()}
    for y in range(0, side, 9):
        for x in range(0, side, 9):
            dark = 1 - float(tone[y, x])
            for k in range(round(3 * dark)):
                ends = (x - 6, y + 4 * k - 6, x + 9, y + 4 * k + 3)
                draw["hatching"].line(ends, (24, 32, 70), 1)
            r = 6 * dark
            colour = (214, 40, 40) if (x + y) // 9 % 2 else (0, 119, 182)
            draw["dots"].ellipse((x - r, y - r, x + r, y + r), colour)
    pool = Perlin(cells=3, octaves=3).draw((side, side), (8,), torch.device("cpu"))
    ink = torch.tensor([0.05, 0.3, 0.3]).view(3, 1, 1)
    wash = torch.lerp(ink, torch.ones(3, 1, 1), pool[0, :1])
    found = {name: torch.from_numpy(np.array(page)) for name, page in pages.items()}
    dry = {name: page.permute(2, 0, 1)[None].float() / 255 for name, page in found.items()}
    return dry | {"washes": wash[None]}


def words() -> None:
    """What ten modifiers do to a castle."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = ("words", "effect", "a castle", "--modifiers", MODIFIERS, "--seed", "1")
        main([*arguments, "--output", folder])
        with Image.open(Path(folder, "effect.png")) as sheet:
            sheet.save(HERE / "words.webp", quality=88, method=6)


def templates() -> None:
    """Every prompt of a template, at the same seed."""
    told = []
    for text in expand(TEMPLATE):
        told.append((text, frames("scene", text, (100,), seed=7, size=(256, 256))[-1]))
    labelled(told, 4, "templates.webp", side=256)


def weights() -> None:
    """What the weight of a second prompt does."""
    told = []
    for tail in ("", " | snow:0.3", " | snow:1", " | snow:2", " | orange:-0.5", ", snow"):
        text = f"a fox{tail}"
        told.append((text, frames("fourier", text, (300,), seed=1, size=(192, 192))[-1]))
    labelled(told, 6, "weights.webp", side=192)


def painted_24(recipe: str, name: str) -> None:
    """A sheet of the prompts of the bench, as the bench paints them."""
    words = (HERE.parents[1] / "bench" / "blind_prompts.txt").read_text().splitlines()
    told = []
    for text in words:
        steps = RECIPES[recipe](text, perceptor="pocket-clip").steps
        told.append((text, frames(recipe, text, (steps,), seed=1, size=(256, 256))[-1]))
    labelled(told, 6, name, side=192)


def mixing() -> None:
    """Between two classes of the pocket generator, and one's coarse rows with the other's fine."""
    own, rows = built(POCKET, machine("cpu", "fp32")), []
    names = list(own.names["thing"])
    for pair in PAIRS:
        one, other = (F.one_hot(torch.tensor(names.index(name)), len(names)) for name in pair)
        depth = torch.arange(own.network.rows)[:, None]
        shares = [torch.full_like(depth, t, dtype=torch.float32) for t in (0, 0.25, 0.5, 0.75, 1)]
        shares += [(depth >= k).float() for k in (1, 3)]
        things = torch.stack([one * (1 - share) + other * share for share in shares])
        z = own.noise("thing", [0] * len(things))[:, None].expand(-1, own.network.rows, -1)
        places = F.one_hot(torch.zeros(len(things), own.network.rows).long(), 23).float()
        paper = own.noise("place", [0] * len(things))[:, None].expand_as(z)
        drawn = own.drawn([paper, z], [places, things])
        rows.append((" and ".join(pair), torch.cat([*own.picture(drawn, (128, 128))], 2)[None]))
    labelled(rows, 1, "mixing.webp", side=7 * 128)


def captioned(recipe: str, last: int, name: str) -> None:
    """A sheet of all words with what the last step of a recipe shows of them."""
    told = [(words, frames(recipe, words, (last,), size=(256, 256))[-1]) for words in SCENES]
    labelled(told, 4, name, side=256)


def labelled(
    told: Sequence[tuple[str, Tensor]], columns: int, name: str, *, side: int, quality: int = 88
) -> None:
    """A sheet of pictures, each `side` pixels wide, with their words below."""
    line, font = 26, ImageFont.load_default(size=12 if side < 256 else 15)
    height = side * told[0][1].shape[2] // told[0][1].shape[3]
    rows = -(-len(told) // columns)
    page = Image.new("RGB", (columns * (side + 4) - 4, rows * (height + line)), "white")
    draw = ImageDraw.Draw(page)
    for place, (words, picture) in enumerate(told):
        shown = Image.fromarray(images.to_uint8(picture)[0].numpy())
        left, top = place % columns * (side + 4), place // columns * (height + line)
        page.paste(shown.resize((side, height), Image.Resampling.BICUBIC), (left, top))
        draw.text((left + side // 2, top + height + line // 2), words, "black", font, anchor="mm")
    page.save(HERE / name, quality=quality, method=6)


PAGES = {
    page.__name__: page
    for page in (
        *(cutouts, steps, stages, scenes, vqgan, faces, edits, spooky),
        *(big_sleep, deep_daze, mixing, dream, dream_layers),
        *(drawing, drawing_kinds, plotter, styles, words, templates, weights),
    )
}

if __name__ == "__main__":
    HERE.mkdir(exist_ok=True)
    for wanted in sys.argv[1:] or PAGES:
        PAGES[wanted]()
