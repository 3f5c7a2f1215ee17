"""The keyword arguments of lucidrains/deep-daze 0.11, and its command `imagine`.

Source: its README, `cli.py` and `deep_daze.py` (2021-2022).
Differs: `gauss_sampling` really draws normal sizes, of mean 0.6 and deviation 0.2; a start picture
is fitted for longer, if not told how long, and by the `optimizer` that is asked for, if one is;
what is left out is as the recipe has it.
"""

from collections.abc import Mapping
from typing import Any

from reverie.compat.keywords import NOT_NEEDED, Keyword, Keywords, Wanted, asked, checked, see_with
from reverie.errors import SpecError

PACKAGE, COMMAND = "deep-daze", "imagine"
DEEPER, SATURATED = 32, 0.75
OPTIMISERS = ("AdamP", "Adam", "DiffGrad")
KEYWORDS: Keywords = {
    "text": Keyword(str, None, "the words themselves"),
    "img": Keyword(str, None, '`"words + picture.png"`, or the picture alone'),
    "learning_rate": Keyword(float, 1e-5, "`--lr`"),
    "lr": Keyword(float, 1e-5, "`--lr`"),
    "num_layers": Keyword(int, 16, "`--layers`"),
    "hidden_size": Keyword(int, 256, "`--hidden`"),
    "batch_size": Keyword(int, 4, "`--cutouts`, times `gradient_accumulate_every`"),
    "gradient_accumulate_every": Keyword(int, 4, "`--cutouts`, times `batch_size`"),
    "epochs": Keyword(int, 20, "`--steps`, times `iterations`"),
    "iterations": Keyword(int, 1050, "`--steps`, times `epochs`"),
    "save_every": Keyword(int, 100, "not needed"),
    "image_width": Keyword(int, 512, "`--size`, of any shape; `reverie render` draws it larger"),
    "deeper": Keyword(bool, False, f"`--layers {DEEPER}`"),
    "overwrite": Keyword(bool, False, "as there"),
    "save_progress": Keyword(bool, True, "not needed"),
    "save_gif": Keyword(bool, False, "`--video FILE.gif`"),
    "save_video": Keyword(bool, False, "`--video FILE.mp4`"),
    "seed": Keyword(int, None, "`--seed`; a new one if left out"),
    "open_folder": Keyword(bool, True, "not needed"),
    "save_date_time": Keyword(bool, False, "as there"),
    "start_image_path": Keyword(str, None, "`--init`"),
    "start_image_train_iters": Keyword(int, 50, "`--start-steps`"),
    "start_image_lr": Keyword(float, 3e-4, "`--start-lr`"),
    "theta_initial": Keyword(float, 30.0, "`--w0-first`"),
    "theta_hidden": Keyword(float, 30.0, "`--w0`"),
    "model_name": Keyword(str, "ViT-B/32", "`--perceptor`"),
    "lower_bound_cutout": Keyword(float, 0.1, "`--smallest`"),
    "upper_bound_cutout": Keyword(float, 1.0, "`--largest`"),
    "saturate_bound": Keyword(bool, False, f"`--smallest 0.1..{SATURATED}`"),
    "create_story": Keyword(bool, False, "`--story`"),
    "story_start_words": Keyword(int, 5, "`--story-words`"),
    "story_words_per_epoch": Keyword(int, 5, "`--story-more`"),
    "story_separator": Keyword(str, None, "`--story-mark`"),
    "averaging_weight": Keyword(float, 0.3, "`--averaging`"),
    "gauss_sampling": Keyword(bool, False, "`--preset deep-daze-normal`"),
    "gauss_mean": Keyword(float, 0.6, "not needed"),
    "gauss_std": Keyword(float, 0.2, "not needed"),
    "do_cutout": Keyword(bool, True, "`--preset whole`, where it is False"),
    "center_bias": Keyword(bool, False, "`--centre`"),
    "center_focus": Keyword(float, 2.0, "not needed"),
    "optimizer": Keyword(str, "AdamP", "`--optimizer`"),
    "jit": Keyword(bool, True, "not needed"),
    "clip_encoding": Keyword(str, None, "not possible: an embedding cannot stand in a recipe"),
}
WHY = NOT_NEEDED | {
    "save_progress": "the log has every step, and --video makes a film",
    "jit": "no model is run as a program",
    "gauss_mean": "the normal sizes have the mean 0.6",
    "gauss_std": "the normal sizes have the deviation 0.2",
    "center_focus": "half as far as the edge is one deviation",
}
FILMS = (("save_video", ".mp4"), ("save_gif", ".gif"))
PLAIN = (  # a keyword, and the option that takes its value
    ("learning_rate", "lr"),
    ("lr", "lr"),
    ("num_layers", "layers"),
    ("hidden_size", "hidden"),
    ("start_image_path", "init"),
    ("start_image_train_iters", "start_steps"),
    ("start_image_lr", "start_lr"),
    ("theta_initial", "w0_first"),
    ("theta_hidden", "w0"),
    ("lower_bound_cutout", "smallest"),
    ("upper_bound_cutout", "largest"),
    ("story_start_words", "story_words"),
    ("story_words_per_epoch", "story_more"),
    ("story_separator", "story_mark"),
    ("averaging_weight", "averaging"),
)


def wanted(given: Mapping[str, Any]) -> Wanted:
    """What keywords of deep-daze ask for.

    Raises:
        SpecError: a keyword is not known, or a value cannot be.
    """
    if given.get("clip_encoding") is not None:
        raise SpecError("clip_encoding: an embedding cannot stand in a recipe; give text or img")
    given = checked(given, KEYWORDS, PACKAGE)
    own = asked("deep-daze", given, KEYWORDS, WHY, FILMS)
    own.options |= {option: given[name] for name, option in PLAIN if name in given}
    if given.get("deeper"):
        own.options["layers"] = DEEPER
    if (side := given.get("image_width")) is not None:
        own.options["size"] = (side, side)
    if "model_name" in given:
        see_with(own, given["model_name"])
    add_cutouts(own, given)
    add_story(own, given)
    if "optimizer" in given:
        own.run["optimizer"] = _optimiser(given["optimizer"])
    return own


def add_cutouts(own: Wanted, given: Mapping[str, Any]) -> None:
    """How many, how large and where."""
    if {"batch_size", "gradient_accumulate_every"} & {*given}:
        each, times = (
            given.get(name, KEYWORDS[name].default)
            for name in ("batch_size", "gradient_accumulate_every")
        )
        own.options["cutouts"] = each * times
    if given.get("saturate_bound"):
        least = given.get("lower_bound_cutout", KEYWORDS["lower_bound_cutout"].default)
        own.options["smallest"] = (least, max(least, SATURATED))
    if given.get("gauss_sampling"):
        own.options["preset"] = "deep-daze-normal"
    if given.get("do_cutout") is False:
        own.options["preset"] = "whole"
    if given.get("center_bias"):
        own.options["centre"] = True


def add_story(own: Wanted, given: Mapping[str, Any]) -> None:
    """Part by part: each lasts an epoch, as there, where its length is said."""
    if not given.get("create_story"):
        for name in ("story_words", "story_more", "story_mark"):
            own.options.pop(name, None)
        return
    own.options["story"] = True
    if "iterations" in given:
        own.options["change_every"] = given["iterations"]


def _optimiser(name: str) -> str:
    for known in OPTIMISERS:
        if name.lower() == known.lower():
            return known
    raise SpecError(f"optimizer: got {name!r}; there are {', '.join(OPTIMISERS)}")
