"""The keyword arguments of lucidrains/big-sleep 0.9, and its command `dream`.

Source: its README, `cli.py` and `big_sleep.py` (2021-2022).
Differs: what is left out is as the recipe has it, so one epoch and not twenty; the running average
has the decay of its Python, 0.99, on the command line too (there 0.5).
"""

from collections.abc import Mapping
from typing import Any

from reverie.compat.keywords import NOT_NEEDED, Keyword, Keywords, Wanted, asked, checked, see_with
from reverie.errors import SpecError

PACKAGE, COMMAND = "big-sleep", "dream"
LARGER = "ViT-L/14"
SIDES = (128, 256, 512)
KEYWORDS: Keywords = {
    "text": Keyword(str, None, "the words themselves"),
    "img": Keyword(str, None, '`"words + picture.png"`, or the picture alone'),
    "text_min": Keyword(str, "", '`"words \\| not this:-1"`'),
    "lr": Keyword(float, 0.07, "`--lr`"),
    "image_size": Keyword(int, 512, "`--model biggan-deep-512`, or `--size`"),
    "gradient_accumulate_every": Keyword(int, 1, "times as many `--cutouts`"),
    "epochs": Keyword(int, 20, "`--steps`, times `iterations`"),
    "iterations": Keyword(int, 1050, "`--steps`, times `epochs`"),
    "save_every": Keyword(int, 50, "not needed"),
    "overwrite": Keyword(bool, False, "as there"),
    "save_progress": Keyword(bool, False, "`--video`: a film beside the picture"),
    "save_date_time": Keyword(bool, False, "as there"),
    "bilinear": Keyword(bool, False, "not needed"),
    "open_folder": Keyword(bool, True, "not needed"),
    "seed": Keyword(int, 0, "`--seed`; a new one if left out"),
    "append_seed": Keyword(bool, False, "as there"),
    "random": Keyword(bool, False, "not needed"),
    "torch_deterministic": Keyword(bool, False, "not needed"),
    "max_classes": Keyword(int, None, "`--max-classes`"),
    "class_temperature": Keyword(float, 2.0, "`--temperature`"),
    "save_best": Keyword(bool, False, "`--best`"),
    "experimental_resample": Keyword(bool, False, "not needed"),
    "ema_decay": Keyword(float, 0.99, "`--ema`"),
    "num_cutouts": Keyword(int, 128, "`--cutouts`"),
    "center_bias": Keyword(bool, False, "`--centre`"),
    "larger_model": Keyword(bool, False, "`--perceptor ViT-L/14`"),
    "larger_clip": Keyword(bool, False, "`--perceptor ViT-L/14`"),
    "encoding": Keyword(str, None, "not possible: an embedding cannot stand in a recipe"),
}
WHY = NOT_NEEDED | {
    "bilinear": "cutouts are smoothed where they shrink",
    "experimental_resample": "cutouts are smoothed where they shrink",
    "random": "a seed is new where none is given",
}
FILMS = (("save_progress", ".mp4"),)


def wanted(given: Mapping[str, Any]) -> Wanted:
    """What keywords of big-sleep ask for.

    Raises:
        SpecError: a keyword is not known, or a value cannot be.
    """
    if given.get("encoding") is not None:
        raise SpecError("encoding: an embedding cannot stand in a recipe; give text or img")
    given = checked(given, KEYWORDS, PACKAGE)
    own = asked("big-sleep", given, KEYWORDS, WHY, FILMS)
    for name, option in (
        ("lr", "lr"),
        ("max_classes", "max_classes"),
        ("class_temperature", "temperature"),
    ):
        if name in given:
            own.options[option] = given[name]
    if {"num_cutouts", "gradient_accumulate_every"} & {*given}:
        each = given.get("num_cutouts", KEYWORDS["num_cutouts"].default)
        own.options["cutouts"] = each * given.get("gradient_accumulate_every", 1)
    if given.get("center_bias"):
        own.options["centre"] = True
    if given.get("larger_model") or given.get("larger_clip"):
        see_with(own, LARGER)
    if "ema_decay" in given:
        own.fields["stages[0].canvas.decay"] = given["ema_decay"]
    if "image_size" in given:
        sized(own, given["image_size"])
    if given.get("save_best"):
        own.run["best"] = True
    return own


def sized(own: Wanted, side: int) -> None:
    """The BigGAN of a size where it is installed; else the picture has it, whoever draws it."""
    from reverie.weights.models import stored_folders

    if side not in SIDES:
        raise SpecError(f"image_size: got {side}; there are {', '.join(map(str, SIDES))}")
    model = f"biggan-deep-{side}"
    if stored_folders(model):
        own.options["model"] = model
    else:
        own.options["size"] = (side, side)
        own.remarks.append(f"{model} is not installed; get it with: reverie models pull {model}")
