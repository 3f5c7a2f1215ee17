"""SigLIP, SigLIP 2 (of one resolution) and Chinese-CLIP, run by the optional `transformers`.

Source: Zhai et al., "Sigmoid Loss for Language Image Pre-Training" (2023),
https://arxiv.org/abs/2303.15343; Tschannen et al., "SigLIP 2" (2025),
https://arxiv.org/abs/2502.14786; Yang et al., "Chinese CLIP" (2022),
https://arxiv.org/abs/2211.01335.
Differs: views come in [0, 1] and are normalised here, differentiably; only safetensors are read,
from a local folder, and no code that comes with them is run.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from reverie.errors import WeightsError
from reverie.perceptor.layers import place
from reverie.perceptor.reading import Read, spans
from reverie.protocols import Activations, Embedding, Machine, PerceptorSpec
from reverie.spec import spec

Triple = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class Family:
    """How one family of models differs from the next, outside of its network."""

    model: str  # its class in transformers
    padding: str | bool  # SigLIP reads its last token, so every text has to be as long
    lower: bool  # whether it was trained on lower-case words
    class_token: bool  # whether one stands before the patches
    signs: bool  # whether it reads Chinese signs one by one
    mean: Triple  # where the folder does not say
    std: Triple


FAMILIES = {
    "siglip": Family(
        model="SiglipModel",
        padding="max_length",
        lower=True,
        class_token=False,
        signs=False,
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
    ),
    "chinese_clip": Family(
        model="ChineseCLIPModel",
        padding=True,
        lower=False,
        class_token=True,
        signs=True,
        mean=(0.48145466, 0.4578275, 0.40821073),
        std=(0.26862954, 0.26130258, 0.27577711),
    ),
}


class TransformersPerceptor(nn.Module):
    """A frozen model of `transformers` that has `get_image_features` and `get_text_features`."""

    mean: Tensor
    std: Tensor
    unit = "tokens"
    vocabulary: ClassVar[Mapping[str, str]] = {}  # it reads any word

    def __init__(
        self, model: nn.Module, tokenizer: Any, family: Family, *, mean: Triple, std: Triple
    ) -> None:
        super().__init__()
        self.model: Any = model.eval().requires_grad_(False)
        self.tokenizer, self.family = tokenizer, family
        self.size: int = self.model.config.vision_config.image_size
        self.module_of = _layers(self.model.vision_model.encoder.layers)
        self.layers: list[str] = list(self.module_of)
        self.logit_scale: float = self.model.logit_scale.exp().item()
        self.register_buffer("mean", torch.tensor(mean).view(3, 1, 1))
        self.register_buffer("std", torch.tensor(std).view(3, 1, 1))

    def encode_image(self, views: Float[Tensor, "n 3 s s"]) -> Embedding:
        features = self.model.get_image_features(pixel_values=self._pixels(views))
        return F.normalize(features.pooler_output.float(), dim=1)

    def activations(self, views: Float[Tensor, "n 3 s s"], layer: str) -> Activations:
        place(layer, self.layers)
        hook = self.module_of[layer].register_forward_hook(_stop)
        try:
            self.model.vision_model(pixel_values=self._pixels(views))
        except _Reached as reached:
            patches = reached.tokens[:, int(self.family.class_token) :]
            return patches.mT.float()  # [n, patches, c] -> [n, c, patches]
        finally:
            hook.remove()
        raise AssertionError(f"{layer} is not on the way")

    def _pixels(self, views: Float[Tensor, "n 3 s s"]) -> Float[Tensor, "n 3 s s"]:
        pixels = (views - self.mean) / self.std
        return pixels.to(next(self.model.vision_model.parameters()).dtype)

    def encode_text(self, texts: Sequence[str]) -> Embedding:
        ids = self.tokenizer(
            [text.lower() if self.family.lower else text for text in texts],
            padding=self.family.padding,
            truncation=True,
            max_length=self.model.config.text_config.max_position_embeddings,
            return_tensors="pt",
        ).to(self.mean.device)
        known = {"input_ids": ids["input_ids"]}
        if self.family.padding != "max_length":  # where it is, padding was read in training too
            known["attention_mask"] = ids["attention_mask"]
        features = self.model.get_text_features(**known)
        return F.normalize(features.pooler_output, dim=1)

    def has_room_for(self, text: str) -> bool:
        """Whether a text is read to its end."""
        ids = self.tokenizer(text.lower() if self.family.lower else text)["input_ids"]
        return len(ids) <= self.model.config.text_config.max_position_embeddings

    @property
    def room(self) -> int:
        marks = self.tokenizer.num_special_tokens_to_add()
        return self.model.config.text_config.max_position_embeddings - marks

    def read(self, text: str) -> list[Read]:
        unknown, found = self.tokenizer.unk_token, []
        for start, end in spans(text, self.family.signs):
            word = text[start:end].lower() if self.family.lower else text[start:end]
            told = self.tokenizer.tokenize(word)
            pieces = tuple(piece.removeprefix("##").lstrip("\u2581") or piece for piece in told)
            missed = (word,) if unknown in told else ()
            found.append(Read(start=start, end=end, pieces=pieces, unknown=missed))
        return found


class _Reached(Exception):
    """What a layer gave: nothing after it is wanted."""

    def __init__(self, tokens: Tensor) -> None:
        super().__init__()
        self.tokens = tokens


def _stop(module: nn.Module, given: Any, tokens: Tensor) -> None:
    raise _Reached(tokens)


def _layers(blocks: nn.ModuleList) -> dict[str, nn.Module]:
    """Of a vision transformer, named as `nets/clip.py` names them."""
    found: dict[str, nn.Module] = {}
    for i, block in enumerate(blocks, 1):
        found |= {f"block{i}.mlp": block.get_submodule("mlp.activation_fn"), f"block{i}": block}
    return found


@spec
class Transformers(PerceptorSpec):
    """A perceptor from a local folder as `save_pretrained` of `transformers` writes it: config,
    tokeniser and safetensors. Needs `pip install reverie[transformers]`."""

    folder: str

    def build(self, machine: Machine) -> TransformersPerceptor:
        return _built(self.folder, machine)

    def digests(self) -> dict[str, str]:
        digests = {}
        for file in sorted(Path(self.folder).glob("*.safetensors")):
            with file.open("rb") as data:
                digests[f"{self.folder}/{file.name}"] = hashlib.file_digest(
                    data, "sha256"
                ).hexdigest()
        if not digests:
            raise WeightsError(f"{self.folder}: there is no .safetensors file in this folder")
        return digests


def serves(folder: str) -> bool:
    """Whether this is a folder with a model of one of our families."""
    config = Path(folder) / "config.json"
    return config.is_file() and _json(config).get("model_type") in FAMILIES


@lru_cache(maxsize=4)
def _built(folder: str, machine: Machine) -> TransformersPerceptor:
    try:
        import transformers
    except ImportError as error:
        raise WeightsError(
            f"{folder}: needs the package transformers; `pip install reverie[transformers]`"
        ) from error
    kind = _json(Path(folder) / "config.json").get("model_type")
    if kind not in FAMILIES:
        raise WeightsError(
            f"{folder}: config.json has the model_type {kind!r}; known are "
            f"{', '.join(sorted(FAMILIES))} (and clip, with the perceptor Clip)"
        )
    family = FAMILIES[kind]
    try:
        with quiet(transformers):
            model, told = getattr(transformers, family.model).from_pretrained(
                folder,
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=False,
                output_loading_info=True,
                dtype=torch.float32,
            )
            tokenizer = transformers.AutoTokenizer.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False
            )
    except (OSError, ValueError, ImportError, RuntimeError) as error:
        said = " ".join(str(error).split())
        raise WeightsError(f"{folder}: transformers cannot read it: {said}") from error
    if told["missing_keys"]:
        name = min(told["missing_keys"])
        raise WeightsError(f"{folder}: lacks the tensor {name!r} of a {family.model}")
    mean, std = _normalisation(Path(folder), family)
    perceptor = TransformersPerceptor(model, tokenizer, family, mean=mean, std=std)
    for name, part in model.named_children():
        if name.startswith(("vision", "visual")):
            part.to(machine.precision)
    return perceptor.to(machine.device)


def _normalisation(folder: Path, family: Family) -> tuple[Triple, Triple]:
    """The mean and the std that the folder states, in either of the files that may state it."""
    for name in ("preprocessor_config.json", "processor_config.json"):
        if (folder / name).exists():
            config = _json(folder / name)
            config = config.get("image_processor", config)
            if "image_mean" in config and "image_std" in config:
                return tuple(config["image_mean"]), tuple(config["image_std"])
    return family.mean, family.std


def _json(file: Path) -> dict[str, Any]:
    try:
        data = json.loads(file.read_text())
        if not isinstance(data, dict):
            raise ValueError("it is not an object")
        return data
    except (OSError, ValueError) as error:
        raise WeightsError(
            f"{file}: cannot be read as JSON ({error}); wanted is a folder in the layout of "
            "transformers"
        ) from error


@contextmanager
def quiet(transformers: Any) -> Iterator[None]:
    """No progress bars inside: a library does not write to the terminal."""
    logging = transformers.utils.logging
    before = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if before:
            logging.enable_progress_bar()
