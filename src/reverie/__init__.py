"""Reverie turns words into pictures: a canvas draws, CLIP judges, the gradient improves.

    import reverie
    run = reverie.paint("a lighthouse in fog", perceptor="ViT-B/32")
    run.pictures  # where they are

The public names stand in `__init__.pyi`; each is imported when it is first used, so that importing
the package is quick. A name that is also a module (`reverie.optimize`) is imported from there.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
