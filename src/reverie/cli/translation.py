"""What the flags of nerdyrodent's generate.py are among our own options."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reverie.cli.foreign_prompts import prompt_of
from reverie.errors import SpecError

if TYPE_CHECKING:
    from argparse import Namespace

CHECKPOINT = "checkpoints/vqgan_imagenet_f16_16384"
CUTS = {  # a cut method -> its preset
    "latest": "pooled",
    "original": "crops",
    "updated": "updated",
    "nrupdated": "nrupdated",
    "updatedpooling": "updated-pooling",
}
CHOSEN = ("latest", "nrupdated")  # the methods whose augments can be chosen
FORMATS = {".png": "png", ".jpg": "jpg", ".jpeg": "jpg", ".webp": "webp"}
USUAL = ["Af", "Pe", "Ji", "Er"]


@dataclass
class Own:
    """A command of ours, what to say about it, and the file that its picture goes to, if any."""

    name: str
    heads: list[str]  # what is no option: the prompt, and before it the source of `restyle`
    options: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    picture: Path | None = None

    def add(self, option: str, value: Any) -> None:
        self.options += [option, f"{value:g}" if isinstance(value, float) else str(value)]

    def words(self, *more: str) -> list[str]:
        """The command word by word, with more options."""
        if any(head.startswith("-") for head in self.heads):
            return [self.name, *self.options, *more, "--", *self.heads]
        return [self.name, *self.heads, *self.options, *more]


def translated(args: "Namespace") -> Own:
    """The command of ours that does what these flags ask for. Draws a seed if there is none.

    Raises:
        SpecError: a value cannot be.
        WeightsError: a model is neither here nor known.
    """
    from reverie.recipes.paint import fresh_seed

    if args.seed is None:
        args.seed = fresh_seed()
    make = restyling if args.video_style_dir else zooming if args.zoom_video else painting
    own = make(args)
    for option, value, usual in (
        ("--lr", args.learning_rate, 0.1),
        ("--cutouts", args.num_cuts, 32),
        ("--optimizer", args.optimiser, "Adam"),
    ):
        if value != usual:
            own.add(option, value)
    add_cutouts(own, args)
    add_models(own, args)
    own.add("--seed", args.seed)
    add_unneeded(own, args)
    return own


def painting(args: "Namespace") -> Own:
    """A picture, and a film of how it is painted."""
    own = Own("vqgan-clip", [prompt_of(args)], picture=Path(args.output))
    for option, value, usual in (
        ("--steps", args.iterations, 500),
        ("--keep", args.init_weight, 0.0),
        ("--change-every", args.change_prompt_every, 0),
    ):
        if value != usual:
            own.add(option, value)
    add_start(own, args)
    kind = FORMATS.get(Path(args.output).suffix.lower())
    if not kind:
        raise SpecError(f"-o: {args.output!r} does not end in {', '.join(FORMATS)}")
    if kind != "png":
        own.add("--format", kind)
    if args.video:
        add_film(own, "--video", args)
        if args.video_length != 10:
            own.add("--video-length", args.video_length)
        if args.output_video_fps > 9:
            own.add("--video-rate", args.output_video_fps)
    return own


def zooming(args: "Namespace") -> Own:
    """A film of which every frame is the one before it, moved and painted on."""
    every, first = args.zoom_save_every, max(args.zoom_start, args.zoom_save_every)
    if not 1 <= every <= args.iterations:
        raise SpecError(f"-zse: {every} is not a number of iterations from 1 to {args.iterations}")
    frames = 1 + max(0, args.iterations - first) // every
    rate = frame_rate(frames, args)
    own = Own("film", [prompt_of(args)], ["--canvas", "vqgan-clip"])
    for option, value, usual in (
        ("--steps", first, None),
        ("--steps-per-frame", every, 8),
        ("--seconds", round(frames / rate, 3), None),
        ("--rate", rate, None),
        ("--zoom", args.zoom_scale, 1.0),
        ("--shift-x", args.zoom_shift_x, 0),
        ("--shift-y", args.zoom_shift_y, 0),
    ):
        if value != usual:
            own.add(option, value)
    if args.zoom_shift_x or args.zoom_shift_y:
        own.add("--edge", "wrap")
    if args.change_prompt_every:
        own.add("--change-every", max(1, round(args.change_prompt_every / every)))
        own.add("--fade", 0)
    add_start(own, args)
    add_film(own, "--output", args)
    without_weight(own, args)
    return own


def restyling(args: "Namespace") -> Own:
    """A film of which every frame is a picture of a folder, painted over."""
    own = Own("restyle", [args.video_style_dir, prompt_of(args)], ["--canvas", "vqgan-clip"])
    own.add("--steps-per-frame", args.iterations)
    add_size(own, args)
    add_film(own, "--output", args)
    without_weight(own, args)
    return own


def frame_rate(frames: int, args: "Namespace") -> float:
    """Frames a second, so that a film lasts as long as is wanted, or nearly."""
    if not args.video_length > 0:
        raise SpecError(f"-vl: {args.video_length:g} is not a length in seconds")
    return round(min(max(frames / args.video_length, 10.0), 60.0), 3)


def add_film(own: Own, option: str, args: "Namespace") -> None:
    """Where a film goes: over what was there, as generate.py does."""
    film = Path(args.output).with_suffix(".mp4")
    own.add(option, film)
    if film.exists():
        own.options.append("--overwrite")


def without_weight(own: Own, args: "Namespace") -> None:
    if args.init_weight:
        own.remarks.append("-iw has no meaning in a film, whose frames begin from each other")


def add_size(own: Own, args: "Namespace") -> None:
    if args.size:
        if min(args.size) < 1:
            raise SpecError(f"-s: {args.size[0]} {args.size[1]} is not a width and a height")
        own.add("--size", f"{args.size[0]}x{args.size[1]}")


def add_start(own: Own, args: "Namespace") -> None:
    from reverie.device import machine

    if args.init_image or args.init_noise:
        own.add("--init", args.init_image or args.init_noise)
    add_size(own, args)
    if not args.size and args.cuda_device != "cpu" and machine().device.type != "cpu":
        own.add("--size", "512x512")  # the recipe's own is what generate.py takes without a card


def add_cutouts(own: Own, args: "Namespace") -> None:
    preset = CUTS[args.cut_method]
    if preset != "pooled":
        own.add("--preset", preset)
    if args.augments and args.cut_method not in CHOSEN:
        own.remarks.append(f"-aug: {args.cut_method} has augments of its own, there as here")
    elif args.augments and sorted(args.augments[0]) != sorted(USUAL):
        own.add("--augments", ",".join(args.augments[0]))
    if args.cut_power != 1:
        if "pool" in preset:
            own.remarks.append(f"-cutp: {args.cut_method} sees the whole picture, there as here")
        else:
            own.add("--set", f"losses.prompts.augment.power={args.cut_power:g}")


def add_models(own: Own, args: "Namespace") -> None:
    """Both models, where they are here; else the best that is, and how to get the real ones."""
    from reverie.recipes import vqgan, words

    checkpoint = Path(args.vqgan_checkpoint)
    if checkpoint.is_file():
        check_config(args)
    instead: dict[str, str] = {}
    for option, given, name, usual, best in (
        ("--model", str(checkpoint), checkpoint.stem, f"{CHECKPOINT}.ckpt", vqgan.best),
        ("--perceptor", args.clip_model, args.clip_model, "ViT-B/32", words.best),
    ):
        if Path(given).is_file() or installed(name):
            own.add(option, given if Path(given).is_file() else name)
        elif given == usual or published(name, given):
            instead[name] = best()
    if instead:
        own.remarks.append(
            f"not installed: {' and '.join(instead)}; {' and '.join(instead.values())} instead; "
            f"get the real ones with: reverie models pull NAME"
        )


def installed(name: str) -> bool:
    from reverie.weights.models import stored_folders

    return bool(stored_folders(name))


def published(name: str, given: str) -> bool:
    """Whether a model of this name can be fetched.

    Raises:
        WeightsError: it cannot, and what was given is no file either.
    """
    from reverie.weights.manifest import entries
    from reverie.weights.models import plain
    from reverie.weights.store import find

    return any(plain(entry) == plain(name) for entry in entries()) or bool(find(given))


def check_config(args: "Namespace") -> None:
    """Refuses a yaml that is not the one beside the checkpoint, which alone would be read."""
    checkpoint, config = Path(args.vqgan_checkpoint), Path(args.vqgan_config)
    given = args.vqgan_config != f"{CHECKPOINT}.yaml"
    if given and not config.is_file():
        raise SpecError(f"-conf: there is no file {config}")
    if given and config.resolve() != checkpoint.with_suffix(".yaml").resolve():
        raise SpecError(
            f"-conf: {config} is not beside {checkpoint} under its name; bring both in with: "
            f"reverie models import {checkpoint} --config {config}"
        )


def add_unneeded(own: Own, args: "Namespace") -> None:
    """A word about what was asked for and has no counterpart."""
    if args.cuda_device == "cpu":
        own.add("--device", "cpu")
    said = {
        "-cd": (args.cuda_device not in ("cpu", "cuda:0"), "CUDA_VISIBLE_DEVICES chooses a card"),
        "-d": (args.deterministic, "a seed gives the same picture anyway"),
        "-se": (args.save_every != 50, "the picture is kept every few seconds"),
        "-ifps": (args.input_video_fps != 15, "films have no invented pictures in between"),
    }
    for flag, (given, why) in said.items():
        if given:
            own.remarks.append(f"{flag} is not needed: {why}")
