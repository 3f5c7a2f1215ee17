"""A picture in another style: a VQGAN starts from it, words pull, and the picture holds on to it.

python examples/my_style.py photo.jpg "a stained glass window"
"""

import argparse
from pathlib import Path

from reverie import VQGAN, Adam, Cutouts, LatentPull, Prompts, Recipe, Run, Stage, machine
from reverie import image as images
from reverie.canvas.start import Picture
from reverie.prompt import parse
from reverie.recipes.vqgan import best, rounded
from reverie.recipes.words import perceptors


def restyled(picture: str, words: str, *, perceptor: str, size: int, steps: int) -> Recipe:
    """`picture` as the words say, `size` pixels on its longer side."""
    height, width = images.load(picture).shape[-2:]
    share = size / max(width, height)
    model = best()
    stage = Stage(
        canvas=VQGAN(
            model=model,
            size=rounded((round(width * share), round(height * share)), model),
            start=Picture(path=picture),
        ),
        losses={
            "prompts": Prompts(
                scenes=parse(words),
                perceptors=perceptors(perceptor),
                augment=Cutouts(count=24, preset="augmented"),
            ),
            "hold": LatentPull(weight=(2.0, 0.5)),  # tight at first, looser towards the end
        },
        optimizer=Adam(lr=(0.1, 0.03)),
        steps=steps,
    )
    return Recipe(name="my style", title=words, stages=(stage,))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("picture")
    parser.add_argument("words")
    parser.add_argument("--perceptor", default="auto")
    parser.add_argument("--size", type=int, default=384)
    parser.add_argument("--steps", type=int, default=120)
    given = vars(parser.parse_args())
    recipe = restyled(given.pop("picture"), given.pop("words"), **given)
    run = Run.start(recipe, Path("pictures/my-style"), machine("auto"), overwrite=True)
    for progress in run.frames():
        print(progress.step, progress.score)
    print(run.pictures[0])
