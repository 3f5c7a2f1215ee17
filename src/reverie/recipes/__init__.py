"""Every recipe by its name. A recipe is a function whose signature is also its command line.

Recipes import what they name inside their bodies, so that asking for help needs no torch.
"""

from reverie.recipes.big_sleep import big_sleep
from reverie.recipes.clip_sketch import clip_sketch
from reverie.recipes.clip_stylegan import clip_stylegan
from reverie.recipes.clipdraw import clipdraw
from reverie.recipes.deep_daze import deep_daze
from reverie.recipes.deep_dream import deep_dream
from reverie.recipes.draw import draw
from reverie.recipes.fourier import fourier
from reverie.recipes.pixels import pixels
from reverie.recipes.scene import scene
from reverie.recipes.spooky import spooky
from reverie.recipes.styleclip import styleclip
from reverie.recipes.styleclipdraw import styleclipdraw
from reverie.recipes.stylegan3_clip import stylegan3_clip
from reverie.recipes.vqgan_clip import vqgan_clip
from reverie.recipes.vqgan_codes import vqgan_codes
from reverie.recipes.vqgan_mse import vqgan_mse
from reverie.recipes.vqgan_notebook import vqgan_notebook

RECIPES = {
    "fourier": fourier,
    "pixels": pixels,
    "scene": scene,
    "big-sleep": big_sleep,
    "vqgan-clip": vqgan_clip,
    "vqgan-codes": vqgan_codes,
    "vqgan-mse": vqgan_mse,
    "vqgan-notebook": vqgan_notebook,
    "deep-daze": deep_daze,
    "clipdraw": clipdraw,
    "styleclipdraw": styleclipdraw,
    "clip-sketch": clip_sketch,
    "draw": draw,
    "clip-stylegan": clip_stylegan,
    "styleclip": styleclip,
    "stylegan3-clip": stylegan3_clip,
    "spooky": spooky,
    "deep-dream": deep_dream,
}
