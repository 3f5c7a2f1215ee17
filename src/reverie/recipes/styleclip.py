"""StyleCLIP's optimisation: a face from the mean by words alone, or another face edited by words.

Source: Patashnik et al., "StyleCLIP" (2021), https://arxiv.org/abs/2103.17249,
optimization/run_optimization.py with its defaults: Adam at 0.1 that rises and falls, 300 steps (40
in its notebook), a row of w for every layer; an edit is held to its start by 0.008 times the sum of
squares, and to its person by ArcFace.
Differs: steps are in standard deviations; CLIP sees pictures as it was trained to, with mean and
deviation, unless `faithful` is set; the identity is a loss of its own.
"""

from typing import TYPE_CHECKING, Literal

from reverie.curve import Number
from reverie.recipes.faces import Noise, Usual

if TYPE_CHECKING:
    from reverie.loss.prompts import Prompts
    from reverie.protocols import LossSpec
    from reverie.recipe import Recipe

ORIGINAL = Usual(steps=300, lr=0.1, cutouts=1, preset="styleclip", init="random", keep=0.008)
SMALL = Usual(steps=40, lr=0.07, cutouts=8, preset="scene", init="random", keep=0.03, hold=1.0)


def styleclip(
    prompt: str,
    *,
    mode: Literal["auto", "free", "edit"] = "auto",
    model: str = "auto",
    perceptor: str = "auto",
    size: tuple[int, int] | None = None,
    steps: int | None = None,
    lr: Number | None = None,
    cutouts: int | None = None,
    preset: str = "auto",
    init: str = "auto",
    space: Literal["auto", "w", "w+", "s"] = "auto",
    truncation: float | None = None,
    keep: Number | None = None,
    identity: Number = 0.0,
    hold: Number | None = None,
    reach: float | None = None,
    noise: Noise = "const",
    colours: bool = False,
    label: int | None = None,
    faithful: bool = False,
) -> "Recipe":
    """Paint a face by words from the mean one, or change a face that is there.

    Args:
        prompt: words, "a person with purple hair"; the grammar of prompts and pictures work too.
        mode: free (nothing holds the face) or edit (it stays near where it starts). auto: edit
            where --init says what to start from.
        model: the StyleGAN, by name or checkpoint file. auto: what is installed.
        perceptor: model name or checkpoint file; several with commas. auto: what is installed.
        size: width x height, if not what the network draws: scaled, and its middle cut.
        steps: updates to make: 300, pocket 40.
        lr: learning rate, in standard deviations, which rises first and falls at the end: 0.1,
            pocket 0.07.
        cutouts: views that are judged at every step: 1, pocket 8.
        preset: how they are cut, one of those of `fourier`, or styleclip, the whole face at once.
            auto: styleclip for one view, stylegan3-clip for more, pocket scene.
        init: what to start from: mean, random, seed:7, best:32 (of so many seeds), centres:64 (the
            best of so many typical faces), a file of latents, or a picture of a face. auto: mean,
            or random for an edit.
        space: w, one style for all layers; w+, one for each; s, the channels of all layers.
            auto: w+.
        truncation: of seeds: 1 leaves them as they are, 0 makes all the mean: 0.7, pocket 1.
        keep: weight of the sum of squares that holds an edit to its start, in units of w: 0.008,
            pocket 0.03.
        identity: weight of the likeness of the person, where arcface is imported: 0.005 is usual.
        hold: weight of a pull to the mean face, which softens what is extreme: 0, of a free face of
            the pocket models 1.
        reach: how far from the mean any number may go, in standard deviations.
        noise: fine detail: const (the network's own), none, random or optimised.
        colours: in space s, move the channels that make colours, too.
        label: the class, of a network that has classes.
        faithful: show CLIP pictures without its mean and deviation, as StyleCLIP does.
    """
    from reverie import prompt as prompts
    from reverie.curve import Ramp
    from reverie.optimizer import Adam
    from reverie.recipe import Recipe
    from reverie.recipes import faces

    scenes = prompts.parse(prompt)
    model = faces.best() if model == "auto" else model
    usual = SMALL if faces.small(model, perceptor) else ORIGINAL
    edit = init not in ("auto", "mean") if mode == "auto" else mode == "edit"
    words = faces.wanted(scenes, perceptor, usual, cutouts, preset, "cosine")
    words = as_styleclip(words) if faithful else words
    rate = usual.lr if lr is None else lr
    if init == "auto":
        init = usual.init if edit else "mean"
    if keep is None and edit:
        keep = usual.keep
    if hold is None:
        hold = 0.0 if edit else usual.hold
    own = {"space": space, "reach": reach, "noise": noise, "colours": colours, "label": label}
    stages = faces.painted(
        faces.canvas(model, size, usual, **own),
        words,
        Adam(lr=Ramp(value=rate) if isinstance(rate, int | float) else rate),
        init=init,
        steps=usual.steps if steps is None else steps,
        pulls=pulls(edit, keep, identity) | faces.pulls(hold),
        truncation=truncation,
    )
    return Recipe(name="styleclip", title=prompts.title(scenes), stages=stages)


def pulls(edit: bool, keep: Number | None, identity: Number) -> "dict[str, LossSpec]":
    """What holds an edit to the face that it starts from; nothing holds a free face.

    Raises:
        SpecError: a free face is to be held.
    """
    from reverie.errors import SpecError
    from reverie.loss.identity import IdentityPull
    from reverie.loss.latent import StylePull

    if not edit and (keep or identity):
        name = "keep" if keep else "identity"
        raise SpecError(f"{name}: holds an edit to its face; say which, as in --init seed:7")
    made: dict[str, LossSpec] = {}
    if keep:
        made["keep"] = StylePull(weight=keep)
    if identity:
        made["identity"] = IdentityPull(weight=identity)
    return made


def as_styleclip(words: "Prompts") -> "Prompts":
    """The loss whose CLIPs see pictures without mean and deviation.

    Raises:
        SpecError: another perceptor than CLIP looks.
    """
    import dataclasses

    from reverie.errors import SpecError
    from reverie.perceptor.clip import Clip

    raw: list[Clip] = []
    for eye in words.perceptors:
        if not isinstance(eye, Clip):
            raise SpecError(
                f"faithful: is of CLIPs, and {next(iter(eye.digests()))} is none; get one with: "
                "reverie models pull ViT-B/32"
            )
        raw.append(dataclasses.replace(eye, raw=True))
    return dataclasses.replace(words, perceptors=tuple(raw))
