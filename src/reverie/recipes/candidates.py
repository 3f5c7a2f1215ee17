"""What a BigGAN may begin to dream of: of many drawings, those that suit the words best.

Source: FuseDream (Liu et al. 2021), https://arxiv.org/abs/2112.01573: the best 5 of 10,000.
Differs: far fewer are enough to begin with, and all are seen in the very same views; where the
classes have names, those nearest to the words are drawn. What was chosen is written into the
recipe, so that it is not chosen again.
"""

import dataclasses
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from reverie.augment.cutouts import Cutouts
from reverie.canvas.biggan import BigGAN, BigGANCanvas
from reverie.canvas.biggan_start import MixedClasses, RandomClasses
from reverie.device import machine
from reverie.loss.prompts import PromptLoss, Prompts
from reverie.protocols import Draws, Image, Machine, Moment, parts

SEEN = 4  # views that it is enough to choose by
AT_ONCE = 8  # drawn and seen together
SMALL = (128, 128)  # at which those of the pocket generator are seen
NAMED = 1.0  # how much the name of a class counts beside its drawing
TURNS = 6  # candidates for each of a few classes
MOST = 100_000  # candidates to look at: FuseDream's ten thousand take hours on a CPU


def mixed(canvas: BigGAN, words: Prompts, among: int, kept: int, lead: float = 0.0) -> MixedClasses:
    """A mixture of the `kept` candidates, among so many, that suit the words best.

    Of several kinds of drawings the one in front is chosen first, then what is behind it.
    """
    on = machine()
    if canvas.gan(on).names:
        canvas = dataclasses.replace(canvas, size=SMALL)
    if isinstance(words.augment, Cutouts) and words.augment.count > SEEN:
        words = dataclasses.replace(words, augment=dataclasses.replace(words.augment, count=SEEN))
    choice = Choice(canvas, words, on)
    for kind in reversed(choice.gan.kinds):
        choice.choose(kind, among, kept)
    return MixedClasses(picks=choice.picks, among=among, lead=lead)


def anew(canvas: BigGAN, words: Prompts) -> BigGAN:
    """A canvas for other words, or of another network: itself, unless its start was chosen."""
    begun = canvas.start
    if not isinstance(begun, MixedClasses):
        return canvas
    canvas = dataclasses.replace(canvas, start=RandomClasses())  # while there is no other choice
    kept = max(map(len, begun.picks.values()))
    return dataclasses.replace(canvas, start=mixed(canvas, words, begun.among, kept, begun.lead))


class Choice:
    """Candidates, and how far each is from the words. `picks` begins with the first of each."""

    def __init__(self, canvas: BigGAN, words: Prompts, on: Machine) -> None:
        self.canvas, self.gan = canvas, canvas.gan(on)
        built = canvas.build(on, [0])
        assert isinstance(built, BigGANCanvas)
        self.loss: PromptLoss = words.build(built, on)
        self.picks: dict[str, tuple[int, ...]] = dict.fromkeys(self.gan.kinds, (0,))

    @torch.no_grad()
    def choose(self, kind: str, among: int, kept: int) -> None:
        """Puts the best of `among` candidates of a kind into `picks`, the best first."""
        near = self.named(kind)
        numbers, suits = self.candidates(kind, among, near), list[float]()
        for first in range(0, len(numbers), AT_ONCE):
            some = numbers[first : first + AT_ONCE]
            moment = Moment(0, 0.0, Draws([0] * len(some), 0, "choice"))
            far = torch.stack([*parts(self.loss(self.drawn(kind, some), moment))]).sum(0)
            suits += (-far / self.loss.weight(0.0)).tolist()
        if near is not None:
            for i, number in enumerate(numbers):
                suits[i] += NAMED * float(near[self.gan.number(kind, number)])
        order = sorted(range(len(numbers)), key=suits.__getitem__, reverse=True)
        self.picks[kind] = tuple(numbers[i] for i in order[:kept])

    def candidates(self, kind: str, among: int, near: Tensor | None) -> list[int]:
        """The numbers of those to look at: where classes have names, of those nearest to the
        words, and of each several where there are few."""
        if near is None:
            return list(range(among))
        turns = TURNS if len(near) < among else 1
        nearest = near.topk(min(max(among // turns, 1), len(near))).indices.tolist()
        return [at + turn * len(near) for turn in range(turns) for at in nearest]

    def named(self, kind: str) -> Tensor | None:
        """How near the names of the classes of a kind are to the words that attract, as the
        perceptors read them: of what is behind, together with what is in front of it. None where
        they have no names, or nothing attracts."""
        gan, near = self.gan, list[Tensor]()
        *_, front = gan.kinds
        said = [f"a {name}" for name in gan.names.get(kind, ())]
        if said and kind != front:
            best = gan.names[front][gan.number(front, self.picks[front][0])]
            said = [f"a {best} in {name}" for name in gan.names[kind]]
        if said:
            for i, perceptor in enumerate(self.loss.perceptors):
                read = perceptor.encode_text(said)
                near += [
                    target.weight(0.0) * (read @ target.embeddings[i].T).mean(1)
                    for target in self.loss.scenes[0]
                    if target.weight(0.0) > 0
                ]
        return torch.stack(near).sum(0) if near else None

    def drawn(self, kind: str, numbers: Sequence[int]) -> Image:
        """Pictures of candidates of a kind, with the best so far of the other kinds."""
        rows, latents, classes = self.gan.network.rows, [], []
        device = self.gan.network.embeddings.weight.device
        for other, at in self.gan.kinds.items():
            own = numbers if other == kind else self.picks[other][:1] * len(numbers)
            one = torch.tensor([self.gan.number(other, number) for number in own])
            hot = F.one_hot(one, at.stop - at.start).float()
            noise = self.gan.noise(other, own)
            latents.append(noise[:, None].expand(-1, rows, -1).to(device))
            classes.append(hot[:, None].expand(-1, rows, -1).to(device))
        return self.gan.picture(self.gan.drawn(latents, classes), self.canvas.size)
