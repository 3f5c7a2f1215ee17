"""Where the training keeps things, and how its models are built, kept and shipped."""

import json
import os
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from safetensors import safe_open
from torch import Tensor, nn

from reverie.nets.pocket_clip import PIECES, PocketClip
from reverie.nets.pocket_judge import PocketJudge
from reverie.perceptor.pocket_words import PocketWords, pieces_of

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("REVERIE_DATA", ROOT / "../shared/data")) / "sprites"
RUNS = Path(__file__).parent / ".cache" / "runs"
SHIPPED = ROOT / "src/reverie/weights/pocket"
Net = PocketClip | PocketJudge
_NETS: dict[str, type[PocketClip] | type[PocketJudge]] = {"clip": PocketClip, "judge": PocketJudge}
_BUCKETS = {"clip": 3072, "judge": 2048}
_LENGTH = {"clip": 32, "judge": 32}


class TrainingWords(PocketWords):
    """The tokenizer with the spelling of its own words, to hide some of them in training."""

    def spelling(self) -> Tensor:
        """Letter groups of each known word, `[rows, PIECES]`."""
        if not hasattr(self, "_spelling"):
            table = torch.zeros(len(self), PIECES, dtype=torch.long)
            for row, word in enumerate(self.vocabulary, 2):
                pieces = pieces_of(word, self.buckets)
                table[row, : len(pieces)] = torch.tensor(pieces)
            self._spelling = table
        return self._spelling


def words_for(model: str, vocabulary: frozenset[str] | list[str]) -> TrainingWords:
    """The tokenizer of a model, without near words: in training all is read as it is written."""
    known = sorted(vocabulary)
    return TrainingWords(known, {}, buckets=_BUCKETS[model], length=_LENGTH[model])


def sizes_of(model: str, words: int) -> dict[str, int]:
    """What the network of a model is built with."""
    return {"words": words, "buckets": _BUCKETS[model]}


def build(model: str, sizes: dict[str, int]) -> Net:
    """The network, not trained."""
    return _NETS[model](sizes["words"], buckets=sizes["buckets"])


class AtItsSide(nn.Module):
    """A perceptor that is shown pictures of any side, scaled to the one it was trained at."""

    def __init__(self, net: nn.Module, side: int) -> None:
        super().__init__()
        self.net, self.side = net, side

    def encode_image(self, pictures: Tensor) -> Tensor:
        """As the network's own."""
        if pictures.shape[-1] != self.side:
            pictures = F.interpolate(
                pictures, (self.side, self.side), mode="bilinear", antialias=True
            )
        return self.net.encode_image(pictures)  # type: ignore[operator]

    def encode_text(self, words: Tensor, pieces: Tensor) -> Tensor:
        """As the network's own."""
        return self.net.encode_text(words, pieces)  # type: ignore[operator]


def side_of(model: str, run: str) -> int:
    """The side of the pictures a run, or the `shipped` model, was trained at."""
    if run != "shipped":
        return json.loads((RUNS / run / "phase.json").read_text())["size"]
    with safe_open(SHIPPED / f"{model}.safetensors", "pt") as file:
        return json.loads(file.metadata()["about"])["size"]


def keep(path: Path, state: dict[str, Any]) -> None:
    """Write the state of a run, whole or not at all."""
    torch.save(state, path.with_suffix(".part"))
    path.with_suffix(".part").replace(path)


def load(
    model: str, run: str, words: PocketWords
) -> tuple[dict[str, Tensor], dict[str, Tensor] | None]:
    """The weights of a run, or the shipped ones, and its class heads where it has them. Rows of
    words go to the places where `words` has them; new words begin as rows of others."""
    known, state, heads = _shipped(model) if run == "shipped" else _kept(run)
    old = {word: row for row, word in enumerate(known, 2)}
    others = enumerate(words.vocabulary)
    rows = [0, 1, *(old.get(word, 2 + place % len(known)) for place, word in others)]
    state["text.words.weight"] = state["text.words.weight"][rows]
    return state, heads


def _shipped(model: str) -> tuple[list[str], dict[str, Tensor], None]:
    with safe_open(SHIPPED / f"{model}.safetensors", "pt") as file:
        known = json.loads(file.metadata()["about"])["words"]
        state = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
    fresh = build(model, sizes_of(model, len(known) + 2)).state_dict()
    counts = {name: fresh[name] for name in fresh.keys() - state.keys()}  # num_batches_tracked
    return known, state | counts, None


def _kept(run: str) -> tuple[list[str], dict[str, Tensor], dict[str, Tensor]]:
    known = json.loads((RUNS / run / "words.json").read_text())
    kept = torch.load(RUNS / run / "state.pt", weights_only=True, map_location="cpu")
    return known, kept["mean"], kept["heads"]
