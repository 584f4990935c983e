"""tfglyph: generative models of glyphs from JSON architecture files.

The Python interface is three functions and one module::

    import tfglyph
    model = tfglyph.build("vaegan")                   # an untrained model from an architecture file or a shipped name
    model = tfglyph.load("logdir/train/<run>")        # a trained one from a run directory or a checkpoint prefix
    glyphs = tfglyph.datasets.load("cns", size=32)    # images and characters

Importing this package imports neither TensorFlow nor data: both wait until something needs them.
"""

import importlib
from typing import TYPE_CHECKING, Any

from tfglyph.version import __version__

__all__ = ["__version__", "build", "datasets", "load", "load_architecture"]

if TYPE_CHECKING:
    from tfglyph import datasets
    from tfglyph.architecture import load_architecture
    from tfglyph.loading import load
    from tfglyph.models import build

_HOMES = {
    "build": ("tfglyph.models", "build"),
    "load": ("tfglyph.loading", "load"),
    "load_architecture": ("tfglyph.architecture", "load_architecture"),
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        module, attribute = _HOMES[name]
        return getattr(importlib.import_module(module), attribute)
    if name == "datasets":
        return importlib.import_module("tfglyph.datasets")
    raise AttributeError(f"module 'tfglyph' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
