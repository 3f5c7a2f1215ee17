"""A scene of one's own, offline: what stands where is said, and the words only finish it.

python examples/my_scene.py
"""

from pathlib import Path

from reverie import (
    Adam,
    Arrangement,
    Cutouts,
    Pocket,
    Prompts,
    Recipe,
    Run,
    Scene,
    Stage,
    Thing,
    machine,
)
from reverie.prompt import parse

WORDS = "a crown above a green frog in a garden"

court = Arrangement(
    place="grass",
    things=(
        Thing(name="frog", colour="limegreen", y=0.62, size=0.6),
        Thing(name="crown", y=0.24, size=0.3),
    ),
)
words = Prompts(
    scenes=parse(WORDS),
    perceptors=(Pocket(model="pocket-clip"),),
    augment=Cutouts(count=24, preset="scene"),
)
stage = Stage(
    canvas=Scene(arrangements=(court,), size=(512, 512), style="fluentflat"),
    losses={"prompts": words},
    optimizer=Adam(lr={"things": 0.01, "place": 0.004, "pose": 0.002}),
    steps=40,
)

if __name__ == "__main__":
    recipe = Recipe(name="my scene", title=WORDS, stages=(stage,), seed=3)
    run = Run.start(recipe, Path("pictures/my-scene"), machine("auto"), overwrite=True)
    for progress in run.frames():
        print(progress.step, progress.score)
    print(run.pictures[0])
