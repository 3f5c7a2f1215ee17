"""`reverie models`: fetch, bring in, check and remove the networks."""

import sys
from typing import Annotated

from cyclopts import App, Parameter

app = App(
    name="models",
    help="Fetch, bring in, check, look into and remove models: CLIP, VQGAN, BigGAN, StyleGAN ...",
    help_format="rich",
)


@app.command(name="list")
def list_() -> int:
    """Show the models that can be fetched, and which are here."""
    from rich.console import Console
    from rich.table import Table

    from reverie.errors import WeightsError
    from reverie.weights import pocket
    from reverie.weights.manifest import entries
    from reverie.weights.models import home
    from reverie.weights.store import installed

    here = {model.name: model for model in installed()}
    rows = [
        (name, name in here, sum(file.bytes or 0 for file in entry.files), entry)
        for name, entry in entries().items()
    ]
    rows += [(name, True, m.bytes, m) for name, m in here.items() if name not in entries()]
    console = Console(width=None if sys.stdout.isatty() else 200)
    wide = console.width >= 120
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("name", no_wrap=True, min_width=max(len(name) for name, *_ in rows))
    table.add_column("kind", no_wrap=True)
    table.add_column("here", no_wrap=True)
    table.add_column("size", no_wrap=True)
    for head in ("licence", *(["source"] if wide else [])):
        table.add_column(head)
    for name in pocket.NAMES:
        try:
            is_here, size = "yes", _size(pocket.file_of(name).stat().st_size)
        except WeightsError:
            is_here, size = "no", ""
        cells = [name, "pocket", is_here, size, "Apache-2.0, see NOTICE"]
        table.add_row(*cells, *(["in the package"] if wide else []))
    for name, is_here, size, about in rows:
        cells = [name, about.kind, "yes" if is_here else "no", _size(size), about.licence]
        table.add_row(*cells, *([about.source] if wide else []))
    console.print(table, highlight=False)
    print(f"kept in {home()}")
    return 0


def _size(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size else ""


@app.command
def layers(name: str, /) -> int:
    """Show the layers of a perceptor, which `reverie deep-dream` may strengthen.

    Args:
        name: as `reverie models list` shows it, or a checkpoint file.
    """
    from rich.console import Console
    from rich.table import Table

    from reverie.recipes.deep_dream import described, usual_layer

    known = described(name)
    usual = usual_layer(list(known))
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("layer", no_wrap=True)
    table.add_column("neurons", no_wrap=True, justify="right")
    table.add_column("places", no_wrap=True, justify="right")
    table.add_column("")
    for layer, (neurons, *places) in known.items():
        said = "what deep-dream takes" if layer == usual else ""
        table.add_row(layer, str(neurons), "x".join(map(str, places)), said)
    Console().print(table, highlight=False)
    return 0


@app.command
def pull(name: str, /) -> int:
    """Download a model, check it, and keep it as safetensors. Goes on where it was cut off.

    Args:
        name: as `reverie models list` shows it, such as ViT-B/32.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    from reverie.weights import store

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        tasks, said = {}, ""
        for progress in store.pull(name):
            if progress.total is None and not progress.done:  # not a download
                if progress.name != said:
                    said = progress.name
                    bar.console.print(said, highlight=False)
                continue
            if progress.name not in tasks:
                tasks[progress.name] = bar.add_task(progress.name, total=progress.total)
            bar.update(tasks[progress.name], completed=progress.done, total=progress.total)
    print(f"{name}: ready, licence: {store.stored(name).licence}")
    return 0


@app.command(name=["import", "add"])
def import_(path: str, /, *, name: str | None = None, config: str | None = None) -> int:
    """Bring in a checkpoint file or folder of your own. No code in it is run.

    Args:
        path: a CLIP: OpenAI .pt, a state dict, or the transformers or open_clip layout; a VQGAN:
            a .ckpt of taming-transformers, with its .yaml beside it; a BigGAN-deep: its .bin, with
            its config.json beside it; a generator of faces: NVIDIA's
            .pkl of StyleGAN2 or StyleGAN3, rosinality's .pt, or GAN Zoo's .pth; what compares
            faces: torchvision's VGG16, the heads of LPIPS for it, or ArcFace's IR-SE50.
        name: what to call it; its file name if left out.
        config: the yaml or JSON that describes it, where none lies beside it.
    """
    from pathlib import Path

    from reverie.errors import WeightsError
    from reverie.weights import store
    from reverie.weights.clip_layouts import openai_layout
    from reverie.weights.kinds import kind_of, refuse_painted
    from reverie.weights.manifest import entries
    from reverie.weights.models import plain

    found = store.find(path)
    tensors = found.tensors()
    refuse_painted(tensors, path)
    if kind_of(tensors) == "clip":
        openai_layout(tensors, found.config, path)  # refuses what is not CLIP either
    del tensors
    name = name or Path(path).stem
    if any(plain(name) == plain(known) for known in entries()):
        raise WeightsError(f"{name!r} is the name of a published model; choose another with --name")
    checkpoint = store.add(Path(path).expanduser(), name, Path(config) if config else None)
    about = store.stored(name)
    print(f"{checkpoint.name}: {checkpoint.path} ({about.kind})")
    print(f"licence: {about.licence}")
    if about.note:
        print(about.note)
    return 0


@app.command
def verify(*names: str) -> int:
    """Check models against the digests they had when they came.

    Args:
        names: which; all that are here if left out.
    """
    from reverie.errors import WeightsError
    from reverie.weights import store

    chosen = names or tuple(model.name for model in store.installed())
    if not chosen:
        print("no model is here yet; reverie models pull ViT-B/32")
    bad = 0
    for name in chosen:
        try:
            store.verify(name)
            print(f"{name}: whole")
        except WeightsError as error:
            bad += 1
            sys.stderr.write(f"reverie: {error}\n")
    return 2 if bad else 0


@app.command
def remove(name: str, /, *, yes: Annotated[bool, Parameter(negative="")] = False) -> int:
    """Delete a model from this machine.

    Args:
        name: as `reverie models list` shows it.
        yes: do not ask.
    """
    from reverie.weights import store

    if not yes:
        sys.stderr.write(f"delete {name}? [y/N] ")
        sys.stderr.flush()
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            return 0
    store.remove(name)
    print(f"{name}: removed")
    return 0
