"""Train a pocket perceptor: `python -m training.clip --model clip --run clip-a --steps 4000`.

Each call is one phase: so many steps at one size, with or without attacks, the learning rate
falling along a cosine. A phase that was stopped goes on where it was; `--from RUN` (or
`--from shipped`) begins with the weights of another. State, log and page lie in
`training/.cache/runs/RUN`.

Source: contrast of pictures and texts as in CLIP (Radford et al. 2021); L2 attacks of one step
during training (Madry et al. 2017; Wong et al. 2020).
Differs: a class head over the concepts beside the contrast, and batches in which all pictures share
their background, so that the thing itself must be known.
"""

import argparse
import json
import math
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from training import captions, loop, pocket, portraits
from training.measure import zero_shot
from training.pocket import TrainingWords, build, load, sizes_of, words_for
from training.scenes import Batch, Composer, Shares
from training.sprites import TEST_STYLE, Sprites, sprites

HIDDEN = 0.06  # share of the words that are only spelt, so that unknown ones can be read too
WARM = 200  # steps in which the learning rate rises


@dataclass(frozen=True)
class Phase:
    """What one call trains."""

    model: str
    steps: int
    size: int
    batch: int
    lr: float
    end: float
    attack: float
    seed: int

    @classmethod
    def of(cls, options: argparse.Namespace) -> "Phase":
        """The phase that the command line asks for."""
        return cls(**{name: getattr(options, name) for name in cls.__dataclass_fields__})


@dataclass(frozen=True)
class Lesson:
    """Pictures, and their captions as the network reads them: `rows` of words and `pieces` of
    hidden ones."""

    batch: Batch
    rows: Tensor
    pieces: Tensor


class Learner:
    """The towers, what is only needed to train them, and their running mean.

    test: sprites of an art style that is not trained on.
    """

    def __init__(
        self, phase: Phase, concepts: int, words: TrainingWords, test: Sprites, device: torch.device
    ):
        torch.manual_seed(phase.seed)
        self.phase, self.words, self.test, self.device = phase, words, test, device
        self.net = build(phase.model, sizes_of(phase.model, len(words))).to(device)
        self.net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        dim = self.net.encode_text(*(part.to(device) for part in words.encode(["a"]))).shape[1]
        self.classes = nn.Parameter(torch.randn(concepts, dim, device=device) * 0.1)
        self.scale = nn.Parameter(torch.tensor(math.log(14.0), device=device))
        self.heads = nn.ParameterDict({"classes": self.classes, "scale": self.scale})
        self.mean = build(phase.model, sizes_of(phase.model, len(words))).to(device).eval()
        self.mean.load_state_dict(self.net.state_dict())
        self.optimizer = _optimizer(self.net, self.heads, phase.lr)
        self.rate = loop.Rate(phase.lr, phase.end, WARM, phase.steps)
        self.step = 0

    def warm(self, state: dict[str, Tensor], heads: dict[str, Tensor] | None) -> None:
        """Begin with those weights."""
        self.net.load_state_dict(state)
        self.mean.load_state_dict(state)
        if heads is not None:
            self.heads.load_state_dict(heads)

    def learn(self, given: Lesson) -> dict[str, float]:
        """One step; gives what it measured."""
        rate, labels = self.rate(self.step), given.batch.labels
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        pictures = given.batch.pictures.to(memory_format=torch.channels_last)
        with self._fast():
            text = self._read(given.rows, given.pieces)
        if self.phase.attack:
            pictures = self._attacked(pictures, text.detach(), labels)
        seen = self._seen(pictures)
        losses = self._losses(seen, text, labels)
        self.optimizer.zero_grad(set_to_none=True)
        (losses["contrast"] + losses["image"] + losses["text"]).backward()
        nn.utils.clip_grad_norm_([*self.net.parameters(), *self.heads.parameters()], 2.0)
        self.optimizer.step()
        with torch.no_grad():
            self.scale.clamp_(max=math.log(50.0))
            right = (seen @ text.T).argmax(1) == torch.arange(len(seen), device=self.device)
        loop.follow(self.mean, self.net, self.step)
        self.step += 1
        told = {name: float(value.detach()) for name, value in losses.items()}
        return {**told, "matched": float(right.float().mean()), "lr": rate, "step": self.step}

    def measure(self) -> dict[str, float]:
        """How often the mean network names what it never saw."""
        return zero_shot(self.mean, self.words, self.test, size=self.phase.size)

    def shown(self, given: Lesson) -> tuple[Tensor, list[str]]:
        """What was last learnt from."""
        return given.batch.pictures, given.batch.captions

    def _seen(self, pictures: Tensor) -> Tensor:
        with self._fast():
            return self.net.encode_image(pictures).float()

    def _read(self, rows: Tensor, pieces: Tensor) -> Tensor:
        """Text vectors; short texts apart from long ones, so that few places are padding."""
        length = (rows > 0).sum(1)
        order = length.argsort()
        parts = []
        for part in order.chunk(3):
            most = int(length[part[-1]])
            with sdpa_kernel(SDPBackend.MATH):  # on a CPU its backward is twice as fast
                parts.append(self.net.encode_text(rows[part, :most], pieces[part, :most]).float())
        return torch.cat(parts)[order.argsort()]

    def _losses(self, seen: Tensor, text: Tensor, labels: Tensor) -> dict[str, Tensor]:
        logits = self.scale.exp() * seen @ text.T
        order = torch.arange(len(seen), device=self.device)
        contrast = 0.5 * (F.cross_entropy(logits, order) + F.cross_entropy(logits.T, order))
        classes = F.normalize(self.classes, dim=-1)
        image, texts = _named(seen, classes, labels), _named(text, classes, labels)
        return {"contrast": contrast, "image": 0.6 * image, "text": 0.3 * texts}

    def _attacked(self, pictures: Tensor, text: Tensor, labels: Tensor) -> Tensor:
        """Pictures moved by at most `attack` in L2, each by its own share, to where they match
        worse."""
        draws = Generator(self.device).manual_seed(self.phase.seed * 7_919 + self.step)
        shape = (len(pictures), 1, 1, 1)
        reach = self.phase.attack * torch.rand(shape, generator=draws, device=self.device)
        start = torch.randn(pictures.shape, generator=draws, device=self.device)
        start = start / start.flatten(1).norm(dim=1).view(shape) * reach * 0.5
        moved = (pictures + start).clamp(0, 1).requires_grad_()
        losses = self._losses(self._seen(moved), text, labels)
        (gradient,) = torch.autograd.grad(losses["contrast"] + losses["image"], moved)
        length = gradient.flatten(1).norm(dim=1).view(shape).clamp(min=1e-12)
        step = moved.detach() - pictures + gradient / length * reach
        far = step.flatten(1).norm(dim=1).view(shape).clamp(min=1e-12)
        return (pictures + step * (reach / far).clamp(max=1)).clamp(0, 1)

    def _fast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16)

    def state(self) -> dict[str, Any]:
        """All that is needed to go on."""
        return {
            "net": self.net.state_dict(),
            "mean": self.mean.state_dict(),
            "heads": self.heads.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        self.net.load_state_dict(state["net"])
        self.mean.load_state_dict(state["mean"])
        self.heads.load_state_dict(state["heads"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step = state["step"]


def lesson(composer: Composer, words: TrainingWords, phase: Phase, step: int) -> Lesson:
    """What is learnt at a step."""
    batch = composer.batch(phase.batch, seed=phase.seed, step=step)
    draws = Generator().manual_seed(phase.seed * 31 + step)
    rows, pieces = hide(words, *words.encode(batch.captions), draws)
    return Lesson(batch, rows.to(composer.device), pieces.to(composer.device))


def hide(
    words: TrainingWords, rows: Tensor, pieces: Tensor, draws: Generator
) -> tuple[Tensor, Tensor]:
    """Texts some of whose known words are only spelt, as unknown ones are."""
    hidden = (torch.rand(rows.shape, generator=draws) < HIDDEN) & (rows > 1)
    pieces = torch.where(hidden[..., None], words.spelling()[rows], pieces)
    return torch.where(hidden, 1, rows), pieces


def _named(vectors: Tensor, classes: Tensor, labels: Tensor) -> Tensor:
    """How badly vectors of one thing are told from those of other classes."""
    named = labels >= 0
    logits = 20 * vectors[named] @ classes.T
    return F.cross_entropy(logits, labels[named], label_smoothing=0.03)


def _optimizer(net: nn.Module, heads: nn.Module, rate: float) -> torch.optim.Optimizer:
    """Matrices decay; biases, gains and the rows of words, seldom seen, do not."""
    named = [*net.named_parameters(), *heads.named_parameters()]
    rows = ("words", "pieces")
    whole = [p for name, p in named if p.ndim > 1 and not any(row in name for row in rows)]
    rest = [p for _, p in named if not any(p is other for other in whole)]
    groups = [{"params": whole, "weight_decay": 0.05}, {"params": rest, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98), fused=True)


def main() -> None:
    """Train one phase."""
    options = _options()
    folder = pocket.RUNS / options.run
    device = loop.begin(options, folder)
    phase = Phase.of(options)
    drawn = sprites(options.data).to(device)
    test = sprites(options.data, (TEST_STYLE,)).to(device)
    words = words_for(phase.model, captions.vocabulary(drawn.concepts) | portraits.vocabulary())
    composer = Composer(drawn, size=phase.size, shares=Shares(portrait=options.portrait))
    learner = Learner(phase, len(drawn.concepts), words, test, device)
    if not loop.resume(learner, folder, device) and options.start:
        learner.warm(*load(phase.model, options.start, words))
    (folder / "words.json").write_text(json.dumps(words.vocabulary))

    def make(step: int) -> Lesson:
        return lesson(composer, words, phase, step)

    every = loop.Every(told=25, kept=options.every)
    loop.train(learner, make, folder, steps=phase.steps, batch=phase.batch, every=every)


def _options() -> argparse.Namespace:
    parser = loop.parser(__doc__, steps=4000, batch=256, lr=1.5e-3, end=2e-5, seed=1)
    parser.add_argument("--model", choices=("clip", "judge"), default="clip")
    parser.add_argument("--size", type=int, default=64, help="side of the pictures")
    parser.add_argument("--attack", type=float, default=0.0, help="largest L2 of one; 0: none")
    parser.add_argument("--portrait", type=float, default=0.18, help="share of portraits")
    return parser.parse_args()


if __name__ == "__main__":
    main()
