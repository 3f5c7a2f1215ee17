"""`Imagine`, as lucidrains' packages big-sleep and deep-daze have it.

    from reverie.compat import Imagine
    run = Imagine(text="a pyramid made of ice", epochs=1, iterations=200)()
    run.pictures[0]

Source: the classes of that name in their READMEs (2021-2022).
Differs: a call returns our Run. Which package is meant is known by the keywords; `package` says it
where they do not.
"""

from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from reverie.compat import big_sleep, deep_daze
from reverie.compat.keywords import Wanted
from reverie.errors import RunError, SpecError

if TYPE_CHECKING:
    from reverie.run import Run

PACKAGES: dict[str, ModuleType] = {module.PACKAGE: module for module in (big_sleep, deep_daze)}
WHAT = ("text", "img", "text_min", "encoding", "clip_encoding")  # to paint, and not how


class Imagine:
    """Paints as the keywords of either package ask. `wanted` is what they ask for.

    Raises:
        SpecError: no package takes these keywords, or both of them need a part.
    """

    def __init__(self, *, package: str | None = None, **keywords: Any) -> None:
        if package is not None and package not in PACKAGES:
            raise SpecError(f"package: {package!r} is not one of {', '.join(PACKAGES)}")
        self.package = package or package_of(keywords)
        self.keywords = keywords
        self.wanted: Wanted = PACKAGES[self.package].wanted(keywords)

    def set_clip_encoding(self, **what: Any) -> None:
        """Other words, or another image, painted the same way: `text`, `img`, `text_min`."""
        for name in what:
            if name not in WHAT:
                raise SpecError(f"{name!r} is not of what to paint: {', '.join(WHAT)}")
        kept = {name: value for name, value in self.keywords.items() if name not in WHAT}
        self.wanted = PACKAGES[self.package].wanted({**kept, **what})
        self.keywords = {**kept, **what}

    def set_text(self, text: str) -> None:
        """Other words, painted the same way."""
        self.set_clip_encoding(text=text)

    def __call__(self) -> "Run":
        """Paints, puts the picture where the package would, and returns the run.

        Raises:
            RunError: the picture is there already, and `overwrite` is not set.
            ReverieError: as `reverie.paint`.
        """
        target = free(self.wanted)
        run = begun(self.wanted)
        for _ in run.frames():
            pass
        placed(run.pictures[0], target)
        return run

    def __repr__(self) -> str:
        return f"Imagine({self.package}: {self.wanted.prompt!r})"


def package_of(keywords: Mapping[str, Any]) -> str:
    """The package that takes these keywords; big-sleep where both do.

    Raises:
        SpecError: neither takes all of them.
    """
    missing = {
        name: [key for key in keywords if key not in module.KEYWORDS]
        for name, module in PACKAGES.items()
    }
    for name, unknown in missing.items():
        if not unknown:
            return name
    raise SpecError(
        "; ".join(
            f"{name} takes no {', '.join(map(repr, unknown))}" for name, unknown in missing.items()
        )
    )


def begun(wanted: Wanted) -> "Run":
    """The run that is wanted, ready to be painted, in a folder of its own under pictures/."""
    import dataclasses

    from reverie.recipes.paint import folder_for, fresh_seed, recipe_for
    from reverie.record.video import Video
    from reverie.run import Run
    from reverie.spec import KINDS, edited

    recipe = recipe_for(wanted.prompt, wanted.recipe, **wanted.options)
    seed = wanted.run.get("seed")
    recipe = dataclasses.replace(recipe, seed=fresh_seed() if seed is None else seed)
    if name := wanted.run.get("optimizer"):  # of all stages, as on the command line
        stages = tuple(
            dataclasses.replace(stage, optimizer=KINDS[name](lr=stage.optimizer.lr))
            for stage in recipe.stages
        )
        recipe = dataclasses.replace(recipe, stages=stages)
    for path, value in wanted.fields.items():
        recipe = edited(recipe, path, value)
    film = Video(path=wanted.run["video"]) if "video" in wanted.run else None
    return Run.start(
        recipe,
        folder_for(recipe),
        film=film,
        best=wanted.run.get("best", False),
        overwrite=wanted.overwrite,  # of the film: the folder is new
    )


def free(wanted: Wanted) -> Path:
    """Where the picture is to be, unless something is there that must not be lost.

    Raises:
        RunError: something is.
    """
    target = Path(wanted.file)
    if target.exists() and any(target.samefile(path) for path in wanted.reads if exists(path)):
        raise RunError(
            f"{target} is what is painted from, and the picture would be called that, too; work in "
            "another folder, or give other words"
        )
    if target.exists() and not wanted.overwrite:
        raise RunError(
            f"{target} is there already; move it away, or say overwrite (on the command line "
            "--overwrite)"
        )
    return target


def exists(path: str) -> bool:
    return Path(path).exists()


def placed(picture: Path, target: Path) -> None:
    """Puts a copy of a picture somewhere, whole or not at all; and of what lies beside it under its
    name, from which it can be drawn again."""
    import shutil

    beside = picture.with_suffix(".safetensors")
    for source in (picture, *([beside] if beside.exists() else [])):
        whole = target.with_suffix(source.suffix) if source is not picture else target
        part = whole.with_name(f".{whole.name}.part")
        shutil.copyfile(source, part)
        part.replace(whole)
