"""`classify`, `score`, `similarity`, `embed`: what a perceptor makes of pictures and words."""

import csv
import json as json_text
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from reverie.cli.options import Device, Precision
from reverie.errors import PictureError, PromptError, SpecError

if TYPE_CHECKING:
    from torch import Tensor

    from reverie.place import Box

Json = Annotated[bool, Parameter(name="--json", negative="")]
Perceptor = Annotated[
    str, Parameter(help="Model name or checkpoint file. auto: what is installed.")
]


def classify(
    *pictures: str,
    labels: str,
    perceptor: Perceptor = "auto",
    device: Device = "auto",
    precision: Precision = "auto",
    json: Json = False,
) -> int:
    """Say which label fits each picture best.

    Args:
        pictures: picture files or links.
        labels: with commas between: "a cat, a dog, a lighthouse".
        json: print JSON instead of a table.
    """
    from reverie.perceptor import compare

    names = _split(labels, "labels")
    judge = _perceptor(perceptor, device, precision)
    _understood(judge, names)
    table = compare.classify(judge, _some(pictures), names).cpu()
    if json:
        rows = [
            {"picture": p, "labels": dict(zip(names, row, strict=True))}
            for p, row in zip(pictures, _rounded(table), strict=True)
        ]
        print(json_text.dumps(rows, indent=2, ensure_ascii=False))
        return 0
    _print_table(["picture", *names], pictures, table, "{:.1%}")
    return 0


def score(
    prompt: str,
    /,
    *pictures: str,
    perceptor: Perceptor = "auto",
    device: Device = "auto",
    precision: Precision = "auto",
    json: Json = False,
) -> int:
    """Say how well words fit each picture: the cosine, -1 to 1, best first.

    Args:
        prompt: the words, taken as they stand; "a fox @ left" looks at that part alone.
        pictures: picture files or links.
        json: print JSON instead of a table.
    """
    from reverie.perceptor import compare

    text, box = _placed(prompt)
    judge = _perceptor(perceptor, device, precision)
    texts = _split(text, "words", at=None)
    _understood(judge, texts)
    words = judge.encode_text(texts)
    cosines = (compare.embed_pictures(judge, _some(pictures), box) @ words.T).cpu()
    order = cosines[:, 0].argsort(descending=True).tolist()
    names, ranked = [pictures[i] for i in order], cosines[order]
    if json:
        rows = [{"picture": n, "score": s[0]} for n, s in zip(names, _rounded(ranked), strict=True)]
        print(json_text.dumps(rows, indent=2, ensure_ascii=False))
        return 0
    _print_table(["picture", "score"], names, ranked, "{:.4f}")
    return 0


def similarity(
    *pictures: str,
    words: str = "",
    csv: str | None = None,
    png: str | None = None,
    perceptor: Perceptor = "auto",
    device: Device = "auto",
    precision: Precision = "auto",
    json: Json = False,
) -> int:
    """Compare pictures with each other, or with words: a matrix of cosines.

    Args:
        pictures: picture files or links, one row each.
        words: texts with commas between, one column each; the pictures themselves if left out.
        csv: file to write the matrix to.
        png: file to draw the matrix to as a heat map.
        json: print JSON instead of a table.
    """
    from reverie.perceptor import compare

    judge = _perceptor(perceptor, device, precision)
    embedded = compare.embed_pictures(judge, _some(pictures))
    if png and Path(png).suffix.lower() != ".png":
        raise PictureError(f"--png {png}: a heat map is a PNG; name a file that ends in .png")
    names = _split(words, "words") if words else list(pictures)
    _understood(judge, names if words else [])
    columns = judge.encode_text(names) if words else embedded
    matrix = (embedded @ columns.T).cpu()
    if csv:
        _write_csv(Path(csv), names, pictures, matrix)
    if png:
        from reverie.record.heatmap import draw_heatmap

        heads = names if words else _distinct(pictures)
        draw_heatmap(matrix, _distinct(pictures), heads, Path(png))
    if json:
        print(json_text.dumps(
            {"rows": list(pictures), "columns": names, "cosines": _rounded(matrix)},
            indent=2, ensure_ascii=False,
        ))  # fmt: skip
    else:
        rows = pictures if words else [f"{i}  {name}" for i, name in enumerate(pictures, 1)]
        heads = names if words else [str(i) for i in range(1, len(names) + 1)]
        _print_table(["", *heads], rows, matrix, "{:.4f}")
    for file in filter(None, (csv, png)):
        print(file)
    return 0


def embed(
    *pictures: str,
    output: Annotated[str, Parameter(alias="-o")],
    words: str = "",
    perceptor: Perceptor = "auto",
    device: Device = "auto",
    precision: Precision = "auto",
) -> int:
    """Save embeddings of pictures and words: unit rows in a .npz file.

    Args:
        pictures: picture files or links.
        output: the .npz file; arrays `pictures`, `picture_names`, `words`, `word_names`.
        words: texts with commas between.
    """
    import numpy as np

    from reverie.perceptor import compare

    if not pictures and not words:
        raise PictureError("name some pictures, or give --words")
    judge = _perceptor(perceptor, device, precision)
    arrays: dict[str, Any] = {}
    if pictures:
        arrays["pictures"] = compare.embed_pictures(judge, pictures).cpu().numpy()
        arrays["picture_names"] = np.array(pictures)
    if words:
        names = _split(words, "words")
        _understood(judge, names)
        arrays["words"] = judge.encode_text(names).cpu().numpy()
        arrays["word_names"] = np.array(names)
    path = Path(output).with_suffix(".npz")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp.npz")
    np.savez(temporary, **arrays)
    temporary.replace(path)
    print(path)
    return 0


def _perceptor(name: str, device: str, precision: str) -> Any:
    from reverie.device import machine
    from reverie.recipes.words import perceptors

    return perceptors(name)[0].build(machine(device, precision))


def _understood(judge: Any, texts: Sequence[str]) -> None:
    """Tells of words that a pocket perceptor does not read as they stand."""
    from reverie.perceptor.pocket import PocketPerceptor, told

    said = told(judge.words.read(" ".join(texts))) if isinstance(judge, PocketPerceptor) else ""
    if said:
        sys.stderr.write(f"reverie: {said}\n")


def _some(pictures: Sequence[str]) -> Sequence[str]:
    if not pictures:
        raise PictureError("name at least one picture")
    return pictures


def _split(text: str, what: str, at: str | None = ",") -> list[str]:
    parts = [part.strip() for part in (text.split(at) if at else [text])]
    if not all(parts):
        raise PromptError(f"one of the {what} is empty", text, 1)
    if any(_placed(part)[1] for part in parts if at):
        raise PromptError(
            f"{what} have no places here; ask reverie score for each", text, text.index("@") + 1
        )
    return [part.replace(r" \@ ", " @ ") for part in parts]


def _placed(text: str) -> "tuple[str, Box | None]":
    """Words and their place, if they have one."""
    from reverie import place

    try:
        return place.split(text.strip())
    except SpecError as error:
        raise PromptError(str(error), text, text.rindex("@") + 1) from None


def _distinct(paths: Sequence[str]) -> list[str]:
    """The ends of paths, as long as it takes to tell them apart."""
    shown = [Path(path).name for path in paths]
    for length in range(2, 1 + max(len(Path(path).parts) for path in paths)):
        shown = [
            str(Path(*Path(path).parts[-length:])) if shown.count(name) > 1 else name
            for path, name in zip(paths, shown, strict=True)
        ]
    return shown


def _rounded(table: "Tensor") -> list[list[float]]:
    return [[round(value, 6) for value in row] for row in table.tolist()]


def _print_table(head: Sequence[str], names: Sequence[str], table: "Tensor", form: str) -> None:
    from rich.console import Console
    from rich.table import Table

    shown = Table(box=None, pad_edge=False, header_style="bold")
    shown.add_column(head[0], overflow="fold")
    for name in head[1:]:
        shown.add_column(name, justify="right", no_wrap=True, min_width=7)
    for name, row in zip(names, table.tolist(), strict=True):
        best = max(row)
        cells = [form.format(v) for v in row]
        marked = [
            f"[bold]{c}[/bold]" if v == best and len(row) > 1 else c
            for c, v in zip(cells, row, strict=True)
        ]
        shown.add_row(name, *marked)
    Console(width=None if sys.stdout.isatty() else 200).print(shown, highlight=False)


def _write_csv(path: Path, columns: Sequence[str], rows: Sequence[str], matrix: "Tensor") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    with temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["picture", *columns])
        for name, values in zip(rows, _rounded(matrix), strict=True):
            writer.writerow([name, *values])
    temporary.replace(path)
