from .augment.cutouts import Cutouts
from .augment.tiles import Tiles
from .augment.whole import WholeView
from .canvas.averaged import Averaged
from .canvas.biggan import BigGAN
from .canvas.biggan_start import MixedClasses, RandomClasses
from .canvas.dream import Dream
from .canvas.fourier import Fourier
from .canvas.outlined import Outlined
from .canvas.pixels import Pixels
from .canvas.portrait import Portrait
from .canvas.progan import ProGAN
from .canvas.scene import Arrangement, Scene, Thing
from .canvas.siren import Siren
from .canvas.strokes import Strokes
from .canvas.stylegan import StyleGAN
from .canvas.stylegan_chosen import ChosenCentres, ChosenSeeds
from .canvas.stylegan_start import (
    LatentFile,
    MeanLatent,
    MixedLatent,
    RandomLatent,
    SeedLatent,
)
from .canvas.vectors import Vectors
from .canvas.vqgan import VQGAN
from .canvas.vqgan_codes import VQGANCodes
from .curve import Constant, Cosine, Linear, Ramp, Steps
from .device import machine
from .errors import (
    CapacityError,
    DivergedError,
    PictureError,
    PromptError,
    ReverieError,
    RunError,
    SpecError,
    WeightsError,
    WordsError,
)
from .faces.editor import FaceEditor
from .faces.model import FaceModel
from .loss.activation import Activation
from .loss.biggan import FewClasses, NormalNoise
from .loss.colour import Range, Saturation
from .loss.features import FeaturePull
from .loss.identity import IdentityPull
from .loss.latent import LatentPull, LatentVariation, StylePull
from .loss.lpips import LPIPSPull
from .loss.pixel import PixelPull
from .loss.prompts import Prompts
from .loss.smooth import TotalVariation
from .optimizer import (
    Adagrad,
    Adam,
    Adamax,
    AdamP,
    AdamW,
    DiffGrad,
    NormalizedDescent,
    RAdam,
    RMSprop,
)
from .perceptor.clip import Clip
from .perceptor.compare import classify
from .perceptor.pocket import Pocket
from .perceptor.siglip import Transformers
from .prompt import Prompt
from .protocols import Canvas, CanvasSpec, Draws, Frame, LossSpec, Machine, Moment
from .recipe import Recipe, Stage, Until
from .recipes.paint import paint
from .run import Run
from .spec import from_json, to_json
from .version import __version__
from .words.explain import explain
from .words.library import Modifier, modifiers
from .words.templates import expand

__all__ = [
    "Activation",
    "Adagrad",
    "Adam",
    "AdamP",
    "AdamW",
    "Adamax",
    "Arrangement",
    "Averaged",
    "BigGAN",
    "Canvas",
    "CanvasSpec",
    "CapacityError",
    "ChosenCentres",
    "ChosenSeeds",
    "Clip",
    "Constant",
    "Cosine",
    "Cutouts",
    "DiffGrad",
    "DivergedError",
    "Draws",
    "Dream",
    "FaceEditor",
    "FaceModel",
    "FeaturePull",
    "FewClasses",
    "Fourier",
    "Frame",
    "IdentityPull",
    "LPIPSPull",
    "LatentFile",
    "LatentPull",
    "LatentVariation",
    "Linear",
    "LossSpec",
    "Machine",
    "MeanLatent",
    "MixedClasses",
    "MixedLatent",
    "Modifier",
    "Moment",
    "NormalNoise",
    "NormalizedDescent",
    "Outlined",
    "PictureError",
    "PixelPull",
    "Pixels",
    "Pocket",
    "Portrait",
    "ProGAN",
    "Prompt",
    "PromptError",
    "Prompts",
    "RAdam",
    "RMSprop",
    "Ramp",
    "RandomClasses",
    "RandomLatent",
    "Range",
    "Recipe",
    "ReverieError",
    "Run",
    "RunError",
    "Saturation",
    "Scene",
    "SeedLatent",
    "Siren",
    "SpecError",
    "Stage",
    "Steps",
    "Strokes",
    "StyleGAN",
    "StylePull",
    "Thing",
    "Tiles",
    "TotalVariation",
    "Transformers",
    "Until",
    "VQGAN",
    "VQGANCodes",
    "Vectors",
    "WeightsError",
    "WholeView",
    "WordsError",
    "__version__",
    "classify",
    "expand",
    "explain",
    "from_json",
    "machine",
    "modifiers",
    "paint",
    "to_json",
]
