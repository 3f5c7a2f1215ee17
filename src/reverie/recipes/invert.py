"""A picture's place among the faces of a StyleGAN: latents that draw it as nearly as it can.

Source: the projector of NVIDIA's stylegan2-ada-pytorch (one row of w, learning rate 0.1, its ramp),
and rosinality's, which goes on in w+ (2020); CLIP beside LPIPS as in ouhenio's StyleGAN3 inversion
notebook (2021), which begins at the best of 32 seeds.
Differs: first one row of w, which stays among faces, then a row for every layer, which comes
nearer, held to where it is; pixels at several scales and the features of a perceptor in place of
LPIPS, which joins them, as ArcFace does, where their weights are imported; no noise on w, and noise
maps stay as they are; what was the best seed is written down.
"""

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

    from reverie.canvas.stylegan import StyleGAN
    from reverie.canvas.stylegan_start import LatentSpec
    from reverie.protocols import LossSpec
    from reverie.recipe import Recipe, Stage
    from reverie.run import Run

SCALES = 5  # that pixels are compared at
TRUNCATION = 0.7  # of the seeds that are looked through
AT_ONCE, KEPT = 8, 8  # of these, drawn together, and remembered
LIKENESS = (
    "what is found is the nearest face that the network can draw, not the person: of a photograph, "
    "ask those in it first, and do not pass off the result as them"
)


def invert(
    picture: str,
    *,
    model: str = "auto",
    perceptor: str = "auto",
    space: Literal["w", "w+"] = "w+",
    init: str = "mean",
    steps: int = 100,
    lr: float = 0.2,
    fine_steps: int = 150,
    fine_lr: float = 0.1,
    hold: float = 0.05,
    pixels: float = 4.0,
    features: float = 1.0,
    cutouts: int = 4,
    lpips: float = 1.0,
    identity: float = 0.5,
) -> "Recipe":
    """Find the latents of a face, so that it can be painted on, edited and mixed.

    Beside the picture of the face lie its latents, picture.safetensors, which the commands that
    begin with a face take, and before-after.png.

    Args:
        picture: a photograph or drawing of one face.
        model: the StyleGAN, by name or checkpoint file. auto: what is installed.
        perceptor: whose features are compared, with commas between several. auto: what is
            installed.
        space: w, one style for all layers: true to the network, not to the picture; w+, one for
            each: nearer, and harder to edit.
        init: what to start from: mean, seed:7, best:64 (of so many seeds, by its pixels), or a file
            of latents.
        steps: updates in w.
        lr: their learning rate, in standard deviations; rises first, falls at the end.
        fine_steps: updates in w+ after these.
        fine_lr: their learning rate.
        hold: weight that holds latents to the mean face: more is less like the picture, and easier
            to edit.
        pixels: weight of the difference of pixels.
        features: weight of the difference that the perceptor sees.
        cutouts: views that it is seen in at every step.
        lpips: weight of LPIPS, where vgg16 and lpips are imported.
        identity: weight of the difference that ArcFace sees, where arcface is imported.
    """
    from pathlib import Path

    from reverie.canvas.stylegan import StyleGAN
    from reverie.recipe import Recipe
    from reverie.recipes import faces

    _check(1, steps=steps, fine_steps=fine_steps, cutouts=cutouts)
    _check(0, lr=lr, fine_lr=fine_lr, hold=hold)
    _check(0, pixels=pixels, features=features, lpips=lpips, identity=identity)
    canvas = StyleGAN(model=faces.best() if model == "auto" else model, space=space)
    made = inversion(
        canvas,
        beginning(picture, canvas, init),
        likeness(picture, perceptor, cutouts, pixels, features, lpips, identity),
        steps=(steps, fine_steps),
        lr=(lr, fine_lr),
        hold=hold,
    )
    return Recipe(name="invert", title=Path(picture).stem or "face", stages=made)


def inversion(
    canvas: "StyleGAN",
    start: "LatentSpec",
    losses: "dict[str, LossSpec]",
    *,
    steps: tuple[int, int] = (100, 150),
    lr: tuple[float, float] = (0.2, 0.1),
    hold: float = 0.05,
) -> "tuple[Stage, ...]":
    """The stages that come near to what `losses` ask for: in w, unless latents of a file are there
    already, then in w+, unless w alone is wanted. Any canvas of the same network goes on after
    them, in whatever space.

    Args:
        canvas: with the network, its label and its noise; space s is come to through w+.
    """
    import dataclasses

    from reverie.canvas.stylegan_start import LatentFile
    from reverie.curve import Ramp
    from reverie.loss.latent import LatentPull
    from reverie.optimizer import Adam
    from reverie.recipe import Stage

    plain = dataclasses.replace(canvas, colours=False, start=start)
    begun = isinstance(start, LatentFile) and canvas.space != "w"  # its rows may differ
    losses = losses | {"hold": LatentPull(weight=hold, towards="zero")} if hold else losses
    return tuple(
        Stage(
            canvas=dataclasses.replace(plain, space=space),
            losses=losses,
            optimizer=Adam(lr=Ramp(value=rate)),
            steps=count,
            name=name,
        )
        for name, space, count, rate in zip(("find", "refine"), ("w", "w+"), steps, lr, strict=True)
        if (canvas.space != "w" or space == "w") and not (begun and space == "w")
    )


def likeness(
    picture: str,
    perceptor: str = "auto",
    cutouts: int = 4,
    pixels: float = 4.0,
    features: float = 1.0,
    lpips: float = 1.0,
    identity: float = 0.5,
) -> "dict[str, LossSpec]":
    """What measures how like a picture it is. A weight of 0 leaves a measure out, and so do
    weights that are not imported."""
    from reverie.augment.cutouts import Cutouts
    from reverie.loss.features import FeaturePull
    from reverie.loss.identity import IdentityPull
    from reverie.loss.lpips import LPIPSPull
    from reverie.loss.pixel import PixelPull
    from reverie.recipes.words import first_installed, perceptors

    made: dict[str, LossSpec] = {}
    if pixels:
        made["pixels"] = PixelPull(weight=pixels, towards=picture, scales=SCALES)
    if features:
        made["features"] = FeaturePull(
            weight=features,
            towards=picture,
            perceptors=perceptors(perceptor),
            augment=Cutouts(count=cutouts, preset="stylegan3-clip"),
        )
    vgg, heads, arcface = (first_installed(kind) for kind in ("vgg16", "lpips", "arcface"))
    if lpips and vgg and heads:
        made["lpips"] = LPIPSPull(weight=lpips, towards=picture, vgg=vgg, heads=heads)
    if identity and arcface:
        made["identity"] = IdentityPull(weight=identity, towards=picture, model=arcface)
    return made


def _check(least: int, **numbers: float) -> None:
    from math import inf

    from reverie.errors import SpecError

    for name, number in numbers.items():
        if not least <= number < inf:
            raise SpecError(f"{name}: got {number}; {least} or more is wanted")


def beginning(picture: str, canvas: "StyleGAN", init: str = "mean") -> "LatentSpec":
    """What a search for a picture starts from.

    Raises:
        SpecError: `init` says nothing of the kind.
    """
    import re
    from pathlib import Path

    from reverie.canvas.stylegan_start import LatentFile, MeanLatent, SeedLatent
    from reverie.errors import SpecError

    if init == "mean":
        return MeanLatent()
    if found := re.fullmatch(r"(best|seed):(\d+)", init):
        word, number = found[1], int(found[2])
        return best_of(picture, canvas, number) if word == "best" else SeedLatent(seed=number)
    if Path(init).is_file():
        return LatentFile(path=init)
    raise SpecError(f"init: {init!r} is not mean, seed:7, best:64, or a file of latents")


def best_of(picture: str, canvas: "StyleGAN", among: int) -> "LatentSpec":
    """The seeds whose faces are nearest to a picture."""
    import dataclasses

    import torch

    from reverie import image as images
    from reverie.canvas.stylegan_chosen import ChosenSeeds, check_choice
    from reverie.canvas.stylegan_start import SeedLatent
    from reverie.device import machine
    from reverie.loss.pixel import apart

    check_choice("seeds", (0,), among)
    on = machine()
    start = SeedLatent(truncation=TRUNCATION)
    drawn = dataclasses.replace(canvas, space="w", colours=False, start=start)
    goal = images.fit(images.load(picture), canvas.size).to(on.device)
    far: list[float] = []
    with torch.no_grad():
        for i in range(0, among, AT_ONCE):
            faces = drawn.build(on, range(i, min(i + AT_ONCE, among)))()
            far += apart(faces, goal.expand_as(faces), SCALES).tolist()
    nearest = sorted(range(among), key=far.__getitem__)[:KEPT]
    return ChosenSeeds(seeds=tuple(nearest), among=among, truncation=TRUNCATION)


def compared(run: "Run") -> "list[Path]":
    """Writes the picture that a run went for and what it found side by side, once it is over; and
    nothing for a run of another kind."""
    import torch

    from reverie import image as images

    if run.recipe.name != "invert" or not run.ended:
        return []
    stage, path = run.recipe.stages[-1], run.folder / "before-after.png"
    goals = [
        t for loss in stage.losses.values() if (t := getattr(loss, "towards", "zero")) != "zero"
    ]
    found = [images.load(picture) for picture in run.pictures]
    before = images.fit(images.load(goals[0]), stage.canvas.size)
    images.save(images.sheet(torch.cat([before, *found]), columns=1 + len(found)), path, None)
    return [path]
