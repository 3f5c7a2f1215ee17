"""Small random mappers of StyleCLIP, by the names that its files have."""

from torch import Tensor

from nets.small_stylegans import WIDTH, drawn

GROUPS = ("course_mapping", "medium_mapping", "fine_mapping")


def mapping(name: str, width: int = WIDTH, seed: int = 0) -> dict[str, Tensor]:
    """One network, of numbers that come out large enough to see."""
    made: dict[str, Tensor] = {}
    for i in range(1, 5):
        made[f"mapper.{name}.mapping.{i}.weight"] = 100 * drawn(width, width, seed=seed + i)
        made[f"mapper.{name}.mapping.{i}.bias"] = 10 * drawn(width, seed=seed + 10 + i)
    return made


def levels(width: int = WIDTH) -> dict[str, Tensor]:
    """A network for coarse, medium and fine rows."""
    made: dict[str, Tensor] = {}
    for i, name in enumerate(GROUPS):
        made |= mapping(name, width, 100 * i)
    return made
