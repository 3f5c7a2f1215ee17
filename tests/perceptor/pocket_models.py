"""Which of the models that belong in the package are there."""

import pytest

from reverie.weights import pocket


def shipped(name: str) -> str:
    """The name of a pocket model. The test is skipped where the model is not in the package."""
    if not (pocket.FOLDER / f"{name.removeprefix('pocket-')}.safetensors").is_file():
        pytest.skip(f"{name} is not shipped yet")
    return name
