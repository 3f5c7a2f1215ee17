"""The public names are there, in order, and importing the package does nothing."""

import subprocess
import sys

import reverie


def test_every_public_name_is_there_and_the_list_is_sorted():
    names = [name for name in reverie.__all__ if name != "__version__"]
    assert names == sorted(names)
    assert all(getattr(reverie, name) is not None for name in reverie.__all__)


def after_importing(module, *, expression):
    code = f"import sys, {module}; print({expression})"
    return subprocess.check_output([sys.executable, "-c", code], text=True).strip()


def test_importing_the_package_imports_no_torch():
    assert after_importing("reverie", expression="'torch' in sys.modules") == "False"


def test_the_command_line_knows_every_recipe_without_torch():
    heavy = "[m for m in ('torch', 'numpy', 'PIL') if m in sys.modules]"
    assert after_importing("reverie.cli", expression=heavy) == "[]"


def test_the_core_needs_no_optional_package():
    heavy = "[m for m in ('transformers', 'kornia', 'torchvision') if m in sys.modules]"
    assert after_importing("reverie.recipe, reverie.run", expression=heavy) == "[]"
