"""Every component of a package that shows itself by a `tiny()`."""

import importlib
import pkgutil
from typing import Any


def tiny_specs(package: str) -> dict[str, Any]:
    """Module name -> the small spec that its `tiny()` gives."""
    found = {}
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
        tiny = getattr(importlib.import_module(f"{package}.{module.name}"), "tiny", None)
        if tiny:
            found[module.name] = tiny()
    return found
