"""CLIP+StyleGAN: one style vector w, moved until its face is similar enough to the words.

Source: vipermu/StyleCLIP (Perez, 2021), "Generating images from prompts using CLIP and StyleGAN":
Adam at 0.01 on a w of zeros, on and on; CLIP sees the whole picture. The best of many seeds to
begin with as in l4rz/stylegan2-clip-approach (2021), steps as in vipermu/bigotis (2021).
Differs: 1 minus the cosine, where theirs is 100 / logit, which has a pole and then the wrong sign;
CLIP sees pictures as it was trained to; w comes from the mapping, truncated, and its steps are in
standard deviations: 0.02, since 0.01 is about that of NVIDIA's faces. A ProGAN has no w: there the
noise moves.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from reverie.curve import Number
from reverie.recipes.faces import Noise, Usual

if TYPE_CHECKING:
    from reverie.canvas.progan import ProGAN
    from reverie.recipe import Recipe

ORIGINAL = Usual(steps=200, lr=0.02, cutouts=1, preset="styleclip", init="best:32", space="w")
SMALL = Usual(steps=40, lr=0.004, cutouts=8, preset="scene", init="guess", space="w+", keep=1.5)


def clip_stylegan(
    prompt: str,
    *,
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
    hold: Number = 0.0,
    reach: float | None = None,
    noise: Noise = "const",
    colours: bool = False,
    label: int | None = None,
) -> "Recipe":
    """Paint a face with a StyleGAN, from the one of many that suits the words best.

    --until 0.3 ends it when the face is so similar to the words.

    Args:
        prompt: words, "a woman with red hair"; the grammar of prompts and pictures work too.
        model: the StyleGAN or ProGAN, by name or checkpoint file. auto: what is installed.
        perceptor: model name or checkpoint file; several with commas. auto: what is installed.
        size: width x height, if not what the network draws: scaled, and its middle cut.
        steps: updates to make: 200, pocket 40.
        lr: learning rate, in standard deviations: 0.02, pocket 0.004.
        cutouts: views that are judged at every step: 1, pocket 8.
        preset: how they are cut, one of those of `fourier`, or styleclip, the whole face at once.
            auto: styleclip for one view, stylegan3-clip for more, pocket scene.
        init: what to start from: mean, random, seed:7, best:32 (of so many seeds), centres:64 (the
            best of so many typical faces), a file of latents, or a picture of a face; with
            pocket-stylegan also guess (what of a face the words speak of), or what is said of it:
            hair_colour=red,hat=crown. auto: best:32, pocket guess.
        space: w, one style for all layers; w+, one for each; s, the channels of all layers.
            auto: w, pocket w+.
        truncation: of seeds: 1 leaves them as they are, 0 makes all the mean: 0.7, pocket 1.
        keep: weight of a pull to where it starts: 0, pocket 1.5.
        hold: weight of a pull to the mean face, which softens what is extreme.
        reach: how far from the mean any number may go, in standard deviations.
        noise: fine detail: const (the network's own), none, random or optimised.
        colours: in space s, move the channels that make colours, too.
        label: the class, of a network that has classes.
    """
    from reverie import prompt as prompts
    from reverie.optimizer import Adam
    from reverie.recipe import Recipe, Stage
    from reverie.recipes import faces

    scenes = prompts.parse(prompt)
    model = faces.best() if model == "auto" else model
    usual = SMALL if faces.small(model, perceptor) else ORIGINAL
    words = faces.wanted(scenes, perceptor, usual, cutouts, preset, "cosine")
    optimizer = Adam(lr=usual.lr if lr is None else lr)
    steps = usual.steps if steps is None else steps
    own = {"space": space, "reach": reach, "noise": noise, "colours": colours, "label": label}
    if faces.is_progan(model):
        pulls = {"init": init, "truncation": truncation, "keep": keep, "hold": hold}
        canvas = progan(model, size, own | pulls)
        stages = (
            Stage(canvas=canvas, losses={"prompts": words}, optimizer=optimizer, steps=steps),
        )
    else:
        stages = faces.painted(
            faces.canvas(model, size, usual, **own),
            words,
            optimizer,
            init=usual.init if init == "auto" else init,
            steps=steps,
            pulls=faces.pulls(hold, usual.keep if keep is None else keep),
            truncation=truncation,
        )
    return Recipe(name="clip-stylegan", title=prompts.title(scenes), stages=stages)


def progan(model: str, size: tuple[int, int] | None, options: "Mapping[str, Any]") -> "ProGAN":
    """A ProGAN as a canvas.

    Raises:
        SpecError: an option is given that is of a StyleGAN alone.
    """
    import inspect

    from reverie.canvas.progan import ProGAN
    from reverie.errors import SpecError

    usual = inspect.signature(clip_stylegan).parameters
    for name, value in options.items():
        if value not in (usual[name].default, "random"):  # its only start
            raise SpecError(
                f"{name}: got {value!r}, and {model} is a ProGAN, whose random noise is all there "
                "is to move; leave it out"
            )
    return ProGAN(model=model, **({"size": size} if size else {}))
