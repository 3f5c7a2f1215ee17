"""Which of many faces to start from: the loss that will pull at them says which suits the words.

Source: the best of 32 seeds of nshepperd's StyleGAN3+CLIP notebook (2021), and the best of the
centres of clusters of w of l4rz/stylegan2-clip-approach (2021).
Differs: all candidates are seen in the very same views; the best few are kept, for more pictures.
"""

import dataclasses
from collections.abc import Sequence

import torch

from reverie.augment.cutouts import Cutouts
from reverie.canvas.portrait import Portrait
from reverie.canvas.stylegan import StyleGAN
from reverie.canvas.stylegan_chosen import ChosenCentres, ChosenSeeds
from reverie.device import machine
from reverie.loss.prompts import Prompts
from reverie.protocols import Draws, Moment, parts

SEEN = 4  # views that it is enough to choose by
KEPT = 4  # so many pictures have a start of their own
AT_ONCE = 8  # drawn and seen together
Chosen = ChosenSeeds | ChosenCentres


def chosen(canvas: StyleGAN, words: Prompts, start: Chosen) -> Chosen:
    """The best of the candidates that a start is among.

    Args:
        start: with any of the candidates.
    """
    on, everyone = machine(), range(start.among)
    canvas = dataclasses.replace(canvas, start=naming(start, everyone))
    if isinstance(words.augment, Cutouts) and words.augment.count > SEEN:
        words = dataclasses.replace(words, augment=dataclasses.replace(words.augment, count=SEEN))
    loss, far = None, list[float]()
    with torch.no_grad():
        for first in range(0, start.among, AT_ONCE):
            some = everyone[first : first + AT_ONCE]
            built = canvas.build(on, some)
            loss = loss or words.build(built, on)
            moment = Moment(0, 0.0, Draws([0] * len(some), 0, "choice"))
            far += torch.stack([*parts(loss(built(), moment))]).sum(0).tolist()
    return naming(start, sorted(everyone, key=far.__getitem__)[:KEPT])


def anew(canvas: StyleGAN, words: Prompts) -> StyleGAN:
    """A canvas for other words, or of another network: itself, unless its start was chosen."""
    from reverie.recipes.portraits import described

    if isinstance(canvas.start, Portrait) and canvas.start.guessed:
        return dataclasses.replace(canvas, start=described(canvas, words))
    if not isinstance(canvas.start, Chosen):
        return canvas
    return dataclasses.replace(canvas, start=chosen(canvas, words, canvas.start))


def naming(start: Chosen, numbers: Sequence[int]) -> Chosen:
    """The same start with other candidates."""
    if isinstance(start, ChosenSeeds):
        return dataclasses.replace(start, seeds=tuple(numbers))
    return dataclasses.replace(start, centres=tuple(numbers))
