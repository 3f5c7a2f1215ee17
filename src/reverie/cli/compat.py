"""`reverie compat`: the command lines of other programs, as they stand.

Source: nerdyrodent/VQGAN-CLIP, `generate.py` (2021): its flags, their defaults, and the way it
reads prompts. `docs/from-vqgan-clip.md` says what each flag is here and what differs.
"""

import re
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from reverie.cli.translation import CHECKPOINT, CUTS, translated
from reverie.errors import SpecError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

NAME = "reverie compat vqgan-clip"
OPTIMISERS = ("Adam", "AdamW", "Adagrad", "Adamax", "DiffGrad", "AdamP", "RAdam", "RMSprop")
AUGMENTS = ("Ji", "Sh", "Gn", "Pe", "Ro", "Af", "Et", "Ts", "Cr", "Er", "Re")

FLAGS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("-p", "--prompts", {}),
    ("-ip", "--image_prompts", {}),
    ("-i", "--iterations", {"type": int, "default": 500}),
    ("-se", "--save_every", {"type": int, "default": 50}),
    ("-s", "--size", {"type": int, "nargs": 2, "metavar": ("WIDTH", "HEIGHT")}),
    ("-ii", "--init_image", {}),
    ("-in", "--init_noise", {}),
    ("-iw", "--init_weight", {"type": float, "default": 0.0}),
    ("-m", "--clip_model", {"default": "ViT-B/32"}),
    ("-conf", "--vqgan_config", {"default": f"{CHECKPOINT}.yaml"}),
    ("-ckpt", "--vqgan_checkpoint", {"default": f"{CHECKPOINT}.ckpt"}),
    ("-nps", "--noise_prompt_seeds", {"type": int, "nargs": "*", "default": []}),
    ("-npw", "--noise_prompt_weights", {"type": float, "nargs": "*", "default": []}),
    ("-lr", "--learning_rate", {"type": float, "default": 0.1}),
    ("-cutm", "--cut_method", {"choices": tuple(CUTS), "default": "latest"}),
    ("-cuts", "--num_cuts", {"type": int, "default": 32}),
    ("-cutp", "--cut_power", {"type": float, "default": 1.0}),
    ("-sd", "--seed", {"type": int}),
    ("-opt", "--optimiser", {"choices": OPTIMISERS, "default": "Adam"}),
    ("-o", "--output", {"default": "output.png"}),
    ("-vid", "--video", {"action": "store_true"}),
    ("-zvid", "--zoom_video", {"action": "store_true"}),
    ("-zs", "--zoom_start", {"type": int, "default": 0}),
    ("-zse", "--zoom_save_every", {"type": int, "default": 10}),
    ("-zsc", "--zoom_scale", {"type": float, "default": 0.99}),
    ("-zsx", "--zoom_shift_x", {"type": int, "default": 0}),
    ("-zsy", "--zoom_shift_y", {"type": int, "default": 0}),
    ("-cpe", "--change_prompt_every", {"type": int, "default": 0}),
    ("-vl", "--video_length", {"type": float, "default": 10.0}),
    ("-ofps", "--output_video_fps", {"type": float, "default": 0.0}),
    ("-ifps", "--input_video_fps", {"type": float, "default": 15.0}),
    ("-d", "--deterministic", {"action": "store_true"}),
    ("-aug", "--augments", {"nargs": "+", "action": "append", "choices": AUGMENTS}),
    ("-vsd", "--video_style_dir", {}),
    ("-cd", "--cuda_device", {"default": "cuda:0"}),
)

app = App(name="compat", help="Paint with the command line of another program, as it stands.")


@app.command(name="vqgan-clip", help_flags=[], version_flags=[])
def vqgan_clip(
    *words: Annotated[str, Parameter(allow_leading_hyphen=True, show=False)],
) -> int:
    """All that follows as nerdyrodent's generate.py takes it: -p "a fox" -i 300 -s 256 256 ...

    Says what the command of our own would be, and paints. `docs/from-vqgan-clip.md` has every flag.
    """
    from reverie.cli.app import app as cli

    args = read(words)
    own = translated(args)
    sys.stderr.write(f"our own command: {shlex.join(['reverie', *own.words()])}\n")
    for remark in own.remarks:
        sys.stderr.write(f"{remark}\n")
    if own.picture is None:
        return cli(own.words()) or 0
    folder = free_folder(own.picture, args.seed)
    code = cli(own.words("--output", str(folder))) or 0
    copy(folder, own.picture)
    return code


def read(words: Sequence[str]) -> "Namespace":
    """The flags of generate.py.

    Raises:
        SpecError: they are not what generate.py takes.
    """
    return parser().parse_args(list(words))


def quiet_parser(name: str, description: str, **how: Any) -> "ArgumentParser":
    """A parser of flags whose mistakes are errors of ours."""
    from argparse import ArgumentParser
    from typing import NoReturn

    class Parser(ArgumentParser):
        def error(self, message: str) -> NoReturn:
            message = message.removeprefix("argument ")
            if re.fullmatch(r"unrecognized arguments: [^-].*", message):
                message += "; put words in quotes"
            raise SpecError(f"{message}; all flags: {name} --help")

    return Parser(prog=name, description=description, **how)


def parser() -> "ArgumentParser":
    made = quiet_parser(NAME, "The flags of nerdyrodent's generate.py.")
    for short, long, how in FLAGS:
        told = how.get("default")
        made.add_argument(short, long, help=f"default: {told}" if told else None, **how)
    return made


def free_folder(target: Path, seed: int) -> Path:
    """A folder for the run, named after its picture, that does not exist yet."""
    names = (f"{target.stem}-{seed}{more}" for more in ["", *(f"-{n}" for n in range(2, 10_000))])
    return next(folder for name in names if not (folder := Path("pictures") / name).exists())


def copy(folder: Path, target: Path) -> None:
    """Puts the picture of a run where it was wanted, over what was there, as generate.py does."""
    import shutil

    found = [path for path in folder.glob("picture.*") if path.suffix != ".part"]
    if not found:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    shutil.copyfile(found[0], part)
    part.replace(target)
    print(target)
