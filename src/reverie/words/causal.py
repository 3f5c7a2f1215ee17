"""A causal language model of transformers, in a folder on this machine."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from reverie.errors import WordsError
from reverie.perceptor.siglip import quiet
from reverie.protocols import Machine, digest
from reverie.words.writer import Request, asked, continued

TOKENS = 48  # that a prompt takes, generously
NUCLEUS = 0.95  # share of the likeliest words that are drawn from
LENGTH = 1024  # tokens that a model reads where its configuration does not say


class Causal:
    """Samples from a model. No code that comes with it is run, and nothing is fetched.

    Source: nucleus sampling (Holtzman et al. 2019).

    Args:
        folder: as `save_pretrained` writes it: weights as safetensors, and the tokeniser.

    Raises:
        WordsError: transformers is not installed, or the folder holds no such model.
    """

    def __init__(self, folder: str | Path, on: Machine) -> None:
        self.tokenizer, self.model = _loaded(Path(folder))
        self.device = on.device
        self.model.to(on.device, on.precision)
        config = self.model.config
        self.room = int(getattr(config, "max_position_embeddings", None) or LENGTH)

    def lines(self, request: Request, turn: int) -> Iterator[str]:
        asked = self._asked(request)
        written: list[int] = []
        told, most = 0, min(TOKENS * request.count, self.room - len(asked))
        while len(written) < most:
            new = self._more([*asked, *written], min(TOKENS, most - len(written)), request, turn)
            written += new
            lines = self._text(written).split("\n")
            yield from lines[told:-1]
            told = len(lines) - 1
            if new[-1] in self._ends:
                yield from lines[told:]
                break  # else the last line was cut

    def _more(self, ids: list[int], count: int, request: Request, turn: int) -> list[int]:
        """At most so many tokens that follow."""
        import transformers

        warm = {"temperature": request.temperature, "top_p": NUCLEUS, "top_k": 0}
        how = transformers.GenerationConfig(
            max_new_tokens=count,
            do_sample=request.temperature > 0,
            eos_token_id=sorted(self._ends) or None,
            pad_token_id=min(self._ends, default=0),
            **warm if request.temperature > 0 else {},
        )
        given = torch.tensor([ids], device=self.device)
        cuda = [self.device] if self.device.type == "cuda" else []
        with torch.random.fork_rng(cuda), torch.no_grad():
            torch.manual_seed(digest(request.seed, "writer", turn, len(ids)))
            out = self.model.generate(
                given, attention_mask=torch.ones_like(given), generation_config=how
            )
        return out[0, len(ids) :].tolist()

    @property
    def _ends(self) -> set[int]:
        """The tokens that end an answer."""
        ends = self.model.generation_config.eos_token_id
        known = ends if isinstance(ends, list) else [ends]
        return {end for end in (*known, self.tokenizer.eos_token_id) if end is not None}

    def _text(self, ids: list[int]) -> str:
        return self.tokenizer.decode(ids, skip_special_tokens=True)

    def _asked(self, request: Request) -> list[int]:
        """The tokens to go on from, with the last examples that leave room for an answer."""

        def without(count: int) -> list[int]:
            return self._ids(replace(request, examples=request.examples[count:]))

        every = range(len(request.examples))
        ids = without(bisect_left(every, -self.room + TOKENS, key=lambda n: -len(without(n))))
        if not 0 < len(ids) <= self.room - TOKENS:
            raise WordsError(
                f"the description takes {len(ids)} tokens, and this model reads {self.room}; "
                "shorten it"
            )
        return ids

    def _ids(self, request: Request) -> list[int]:
        if not self.tokenizer.chat_template:
            return self.tokenizer(continued(request))["input_ids"]
        chat = [{"role": "user", "content": asked(request)}]
        try:
            text = self.tokenizer.apply_chat_template(
                chat, tokenize=False, add_generation_prompt=True
            )
        except Exception as error:  # it is a program of the model's
            why = " ".join(str(error).split())[:200]
            raise WordsError(f"its chat template cannot be used ({why})") from error
        return self.tokenizer(text, add_special_tokens=False)["input_ids"]


def _loaded(folder: Path) -> tuple[Any, Any]:
    if not (folder / "config.json").is_file():
        raise WordsError(f"{folder}: holds no model of transformers (no config.json)")
    try:
        import transformers
    except ImportError as error:
        raise WordsError(
            f"{folder}: to write with a model of transformers: pip install 'reverie[transformers]'"
        ) from error
    how = {"local_files_only": True, "trust_remote_code": False}
    try:
        with quiet(transformers):
            tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **how)
            loaded: Any = transformers.AutoModelForCausalLM.from_pretrained(
                folder,
                use_safetensors=True,
                dtype=torch.float32,
                output_loading_info=True,
                **how,
            )
    except Exception as error:  # whatever a broken file makes of it
        why = " ".join(str(error).split())[:200]
        raise WordsError(f"{folder}: cannot be read as a causal language model ({why})") from error
    model, told = loaded
    missing = sorted(told["missing_keys"])
    if missing:
        raise WordsError(f"{folder}: lacks weights of the model, such as {missing[0]}")
    return tokenizer, model.eval().requires_grad_(False)
