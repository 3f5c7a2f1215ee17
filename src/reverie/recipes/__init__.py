"""Every recipe by its name. A recipe is a function whose signature is also its command line.

Recipes import what they name inside their bodies, so that asking for help needs no torch.
"""

from reverie.recipes.fourier import fourier
from reverie.recipes.pixels import pixels
from reverie.recipes.scene import scene

RECIPES = {"fourier": fourier, "pixels": pixels, "scene": scene}
