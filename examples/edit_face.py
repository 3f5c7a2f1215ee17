"""Faces in Python: some that were nobody's, changed by words, little by little.

python examples/edit_face.py "a face with green skin"
"""

import sys
from pathlib import Path

import torch

from reverie import FaceEditor, Pocket, machine
from reverie import image as images
from reverie.faces.latents import faces

STEPS = 5


def edited(words: str, editor: FaceEditor, who: str = "1-4") -> torch.Tensor:
    """A sheet, `[1, 3, h, w]`: a face in each row, from left to right more as the words say."""
    latents = editor.model.points(faces(who))  # rows of w, or points of S from a file
    step = editor.step(words, "a face", top=20)  # in S: 20 channels, the most relevant ones
    alphas = [editor.alpha * i / (STEPS - 1) for i in range(STEPS)]
    columns = [editor.model.draw(editor.edited(latents, step, alpha)) for alpha in alphas]
    return images.sheet(torch.stack(columns, 1).flatten(0, 1), columns=STEPS)


if __name__ == "__main__":
    words = sys.argv[1] if len(sys.argv) > 1 else "a face with blue eyes"
    path = Path("pictures/edit-face.png")
    images.save(edited(words, FaceEditor.of("pocket-stylegan", Pocket(), machine())), path, None)
    print(path)
