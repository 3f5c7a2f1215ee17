"""Train a pocket perceptor: `python -m training.clip --model clip --run clip-a --steps 4000`.

Each call is one phase: so many steps at one size, with or without attacks, the learning rate falling
along a cosine. A phase that was stopped goes on where it was; `--from RUN` (or `--from shipped`)
begins with the weights of another. State, log and pages lie in `training/.cache/runs/RUN`.

Source: contrast of pictures and texts as in CLIP (Radford et al. 2021); L2 attacks of one step during
training (Madry et al. 2017; Wong et al. 2020).
Differs: a class head over the concepts beside the contrast, and batches in which all pictures share
their background, so that the thing itself must be known.
"""

import argparse
import json
import math
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from training import captions, page, portraits
from training.measure import zero_shot
from training.pocket import DATA, RUNS, build, keep, load, sizes_of, words_for
from training.scenes import Batch, Composer, Shares
from training.sprites import TEST_STYLE, sprites


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


class Learner:
    """The towers, what is only needed to train them, and their running mean."""

    def __init__(self, phase: Phase, concepts: int, words, device: torch.device):
        torch.manual_seed(phase.seed)
        self.phase, self.words, self.device = phase, words, device
        self.net = build(phase.model, sizes_of(phase.model, len(words))).to(device)
        self.net = self.net.to(memory_format=torch.channels_last)
        dim = self.net.encode_text(*(part.to(device) for part in words.encode(["a"]))).shape[1]
        self.heads = nn.ParameterDict({
            "classes": nn.Parameter(torch.randn(concepts, dim, device=device) * 0.1),
            "scale": nn.Parameter(torch.tensor(math.log(14.0), device=device)),
        })
        self.mean = build(phase.model, sizes_of(phase.model, len(words))).to(device).eval()
        self.mean.load_state_dict(self.net.state_dict())
        named = [*self.net.named_parameters(), *self.heads.named_parameters()]
        whole = [p for name, p in named if p.ndim > 1 and "words" not in name and "pieces" not in name]
        rest = [p for name, p in named if not any(p is other for other in whole)]
        groups = [{"params": whole, "weight_decay": 0.05}, {"params": rest, "weight_decay": 0.0}]
        self.optimizer = torch.optim.AdamW(groups, lr=phase.lr, betas=(0.9, 0.98), fused=True)
        self.step = 0

    def warm(self, state: dict[str, Tensor], heads: dict[str, Tensor] | None) -> None:
        """Begin with those weights."""
        self.net.load_state_dict(state)
        self.mean.load_state_dict(state)
        if heads is not None:
            self.heads.load_state_dict(heads)

    def learn(self, batch: Batch, words: tuple[Tensor, Tensor]) -> dict[str, float]:
        """One step; gives what it measured."""
        phase = self.phase
        rate = phase.end + (phase.lr - phase.end) * 0.5 * (1 + math.cos(math.pi * self.step / phase.steps))
        rate *= min(1.0, (self.step + 1) / 200)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        pictures = batch.pictures.to(memory_format=torch.channels_last)
        draws = torch.Generator(self.device).manual_seed(phase.seed * 7_919 + self.step)
        with self._fast():
            text = self._read(*words)
        if phase.attack:
            pictures = self._attacked(pictures, text.detach(), batch.labels, draws)
        with self._fast():
            seen = self.net.encode_image(pictures).float()
        losses = self._losses(seen, text, batch.labels)
        self.optimizer.zero_grad(set_to_none=True)
        sum(losses.values()).backward()
        nn.utils.clip_grad_norm_([*self.net.parameters(), *self.heads.parameters()], 2.0)
        self.optimizer.step()
        with torch.no_grad():
            self.heads["scale"].clamp_(max=math.log(50.0))
            self._follow()
            right = (seen @ text.T).argmax(1) == torch.arange(len(seen), device=self.device)
        self.step += 1
        told = {name: float(value.detach()) for name, value in losses.items()}
        return {**told, "matched": float(right.float().mean()), "lr": rate}

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
        scale = self.heads["scale"].exp()
        logits = scale * seen @ text.T
        order = torch.arange(len(seen), device=self.device)
        contrast = 0.5 * (F.cross_entropy(logits, order) + F.cross_entropy(logits.T, order))
        classes = F.normalize(self.heads["classes"], dim=-1)
        named = labels >= 0
        smooth = {"label_smoothing": 0.03}
        image = F.cross_entropy(20 * seen[named] @ classes.T, labels[named], **smooth)
        texts = F.cross_entropy(20 * text[named] @ classes.T, labels[named], **smooth)
        return {"contrast": contrast, "image": 0.6 * image, "text": 0.3 * texts}

    def _attacked(self, pictures: Tensor, text: Tensor, labels: Tensor, draws) -> Tensor:
        """Pictures moved by at most `attack` in L2, each by its own share, to where they match worse."""
        shape = (len(pictures), 1, 1, 1)
        reach = self.phase.attack * torch.rand(shape, generator=draws, device=self.device)
        start = torch.randn(pictures.shape, generator=draws, device=self.device)
        start = start / start.flatten(1).norm(dim=1).view(shape) * reach * 0.5
        moved = (pictures + start).clamp(0, 1).requires_grad_()
        with self._fast():
            seen = self.net.encode_image(moved).float()
        losses = self._losses(seen, text, labels)
        (gradient,) = torch.autograd.grad(losses["contrast"] + losses["image"], moved)
        length = gradient.flatten(1).norm(dim=1).view(shape).clamp(min=1e-12)
        step = moved.detach() - pictures + gradient / length * reach
        far = step.flatten(1).norm(dim=1).view(shape).clamp(min=1e-12)
        return (pictures + step * (reach / far).clamp(max=1)).clamp(0, 1)

    def _follow(self) -> None:
        keep = min(0.998, (self.step + 1) / (self.step + 20))
        for mean, now in zip(self.mean.parameters(), self.net.parameters(), strict=True):
            mean.lerp_(now, 1 - keep)
        for mean, now in zip(self.mean.buffers(), self.net.buffers(), strict=True):
            mean.copy_(now)

    def _fast(self):
        return torch.autocast(self.device.type, torch.bfloat16)

    def state(self) -> dict:
        """All that is needed to go on."""
        return {"net": self.net.state_dict(), "mean": self.mean.state_dict(),
                "heads": self.heads.state_dict(), "optimizer": self.optimizer.state_dict(),
                "step": self.step}

    def restore(self, state: dict) -> None:
        """Go on from what `state` gave."""
        self.net.load_state_dict(state["net"])
        self.mean.load_state_dict(state["mean"])
        self.heads.load_state_dict(state["heads"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step = state["step"]


def batches(composer: Composer, words, phase: Phase, start: int, vocabulary: int) -> Iterator:
    """Batches in order, each made while the one before is learnt."""

    def make(step: int):
        batch = composer.batch(phase.batch, seed=phase.seed, step=step)
        rows, pieces = words.encode(batch.captions)
        draws = torch.Generator().manual_seed(phase.seed * 31 + step)
        hidden = (torch.rand(rows.shape, generator=draws) < 0.06) & (rows > 1)
        table = words.spelling()
        pieces = torch.where(hidden[..., None], table[rows], pieces)
        rows = torch.where(hidden, 1, rows)
        return batch, (rows.to(composer.device), pieces.to(composer.device))

    with ThreadPoolExecutor(1, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        coming = pool.submit(make, start)
        for step in range(start, phase.steps):
            ready = coming.result()
            coming = pool.submit(make, step + 1)
            yield ready


def main() -> None:
    """Train one phase."""
    options = _options()
    torch.set_num_threads(options.threads)
    phase = Phase(options.model, options.steps, options.size, options.batch, options.lr, options.end,
                  options.attack, options.seed)
    device = torch.device(options.device or ("cuda" if torch.cuda.is_available() else "cpu"))
    folder = RUNS / options.run
    folder.mkdir(parents=True, exist_ok=True)
    drawn = sprites(options.data).to(device)
    test = sprites(options.data, (TEST_STYLE,)).to(device)
    words = words_for(options.model, captions.vocabulary(drawn.concepts) | portraits.vocabulary())
    composer = Composer(drawn, size=phase.size, shares=Shares(portrait=options.portrait))
    learner = Learner(phase, len(drawn.concepts), words, device)
    if (folder / "state.pt").exists():
        learner.restore(torch.load(folder / "state.pt", weights_only=True, map_location=device))
        print(f"going on at step {learner.step}")
    elif options.start:
        learner.warm(*load(options.model, options.start, words))
    (folder / "words.json").write_text(json.dumps(words.vocabulary))
    (folder / "phase.json").write_text(json.dumps(vars(options), default=str))
    log = (folder / "log.jsonl").open("a")
    began, seen = time.monotonic(), learner.step
    for batch, rows in batches(composer, words, phase, learner.step, len(words)):
        told = learner.learn(batch, rows)
        last = learner.step == phase.steps
        if learner.step % 25 == 0 or last:
            speed = (learner.step - seen) * phase.batch / (time.monotonic() - began)
            told |= {"step": learner.step, "images/s": speed}
            if learner.step % options.every == 0 or last:
                told |= zero_shot(learner.mean, words, test, size=phase.size)
                keep(folder / "state.pt", learner.state())
                page.write(folder, batch.pictures, batch.captions)
            log.write(json.dumps(told) + "\n")
            log.flush()
            print(" ".join(f"{name} {value:.4g}" for name, value in told.items()), flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--model", choices=("clip", "judge"), default="clip")
    parser.add_argument("--run", required=True, help="name of the folder of this phase")
    parser.add_argument("--from", dest="start", help="a run, or `shipped`, to begin with")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--size", type=int, default=64, help="side of the pictures")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--lr", type=float, default=1.5e-3)
    parser.add_argument("--end", type=float, default=2e-5, help="learning rate at the end")
    parser.add_argument("--attack", type=float, default=0.0, help="largest L2 of an attack; 0: none")
    parser.add_argument("--portrait", type=float, default=0.18, help="share of portraits")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--every", type=int, default=250, help="steps between measures")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--device", help="cpu, cuda ...; default: what is there")
    return parser.parse_args()


if __name__ == "__main__":
    main()
