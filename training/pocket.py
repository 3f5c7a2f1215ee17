"""Where the training keeps things, and how its models are built, kept and shipped."""

import json
import os
from pathlib import Path

import torch
from torch import Tensor, nn

from reverie.nets.pocket_clip import PIECES, PocketClip
from reverie.nets.pocket_judge import PocketJudge
from reverie.perceptor.pocket_words import PocketWords, pieces_of

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("REVERIE_DATA", ROOT / "../shared/data")) / "sprites"
RUNS = Path(__file__).parent / ".cache" / "runs"
SHIPPED = ROOT / "src/reverie/weights/pocket"
_NETS: dict[str, type[nn.Module]] = {"clip": PocketClip, "judge": PocketJudge}
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


def sizes_of(model: str, words: int) -> dict:
    """What the network of a model is built with."""
    return {"words": words, "buckets": _BUCKETS[model]}


def build(model: str, sizes: dict) -> nn.Module:
    """The network, not trained."""
    return _NETS[model](**sizes)


def keep(path: Path, state: dict) -> None:
    """Write the state of a run, whole or not at all."""
    torch.save(state, path.with_suffix(".part"))
    path.with_suffix(".part").replace(path)


def load(model: str, run: str, words: PocketWords) -> tuple[dict[str, Tensor], dict[str, Tensor] | None]:
    """The weights of a run, or the shipped ones, and its class heads where it has them. Rows of words
    go to the places where `words` has them; new words begin as rows of others."""
    if run == "shipped":
        from safetensors import safe_open

        with safe_open(SHIPPED / f"{model}.safetensors", "pt") as file:
            known = json.loads(file.metadata()["about"])["words"]
            state = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
        counts = {name: value for name, value in build(model, sizes_of(model, len(known) + 2)).state_dict().items()
                  if name.endswith("num_batches_tracked")}
        state |= counts
        heads = None
    else:
        known = json.loads((RUNS / run / "words.json").read_text())
        kept = torch.load(RUNS / run / "state.pt", weights_only=True, map_location="cpu")
        state, heads = kept["mean"], kept["heads"]
    old = {word: row for row, word in enumerate(known, 2)}
    rows = [0, 1, *(old.get(word, 2 + place % len(known)) for place, word in enumerate(words.vocabulary))]
    state["text.words.weight"] = state["text.words.weight"][rows]
    return state, heads
