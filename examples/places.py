"""Several words in several places: each part of the picture is judged by its own words.

    python examples/places.py "a castle @ top left | the moon @ top right | a lake @ bottom"

Prints how well the words of every part fit that part, and, beside it, the other parts.
"""

import sys
from pathlib import Path

import torch

from reverie import Pocket, Run, machine
from reverie.perceptor.compare import embed_pictures
from reverie.prompt import parse
from reverie.recipes.paint import recipe_for

WORDS = "a red apple @ left | a green pear @ right"
Fits = dict[str, tuple[float, float]]  # words -> in their own part, in the others on average


def painted(prompt: str, folder: Path, canvas: str = "scene", **options: object) -> Path:
    """A picture, by any recipe, for all of them know places."""
    recipe = recipe_for(prompt, canvas, **options)
    run = Run.start(recipe, folder, machine("auto"), overwrite=True)
    for _ in run.frames():
        pass
    return run.pictures[0]


def fits(picture: Path, prompt: str) -> Fits:
    """How well the words fit, as a judge sees it that has not painted."""
    judge = Pocket(model="pocket-judge").build(machine("cpu", "fp32"))
    placed = [one for one in parse(prompt)[0] if one.box and one.words]
    texts = judge.encode_text([one.words or "" for one in placed])
    parts = torch.cat([embed_pictures(judge, [picture], one.box) for one in placed])
    cosines = texts @ parts.T  # [words, parts]
    own = cosines.diagonal()
    others = (cosines.sum(1) - own) / max(len(placed) - 1, 1)
    return {one.words or "": (own[i].item(), others[i].item()) for i, one in enumerate(placed)}


if __name__ == "__main__":
    prompt = sys.argv[1] if len(sys.argv) > 1 else WORDS
    path = painted(prompt, Path("pictures/places"))
    for words, (own, others) in fits(path, prompt).items():
        print(f"{words}: {own:.2f} in its place, {others:.2f} elsewhere")
    print(path)
