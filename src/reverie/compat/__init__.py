"""Other packages' ways of asking, for those who come from there."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs={"imagine": ["Imagine"]})
