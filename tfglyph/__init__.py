"""tfglyph: generative models of glyphs from JSON architecture files.

The Python interface is three functions and one module::

    import tfglyph
    model = tfglyph.build("vaegan")                   # an untrained model from an architecture file or a shipped name
    model = tfglyph.load("logdir/train/<run>")        # a trained one from a run directory or a checkpoint prefix
    glyphs = tfglyph.datasets.load("cns", size=32)    # images and characters

Importing this package imports neither TensorFlow nor data: both wait until something needs them.
"""

import importlib

from tfglyph.version import __version__

__all__ = ["__version__", "build", "datasets", "load", "load_architecture"]

_HOMES = {
    "build": ("tfglyph.models", "build"),
    "load": ("tfglyph.models", "load"),
    "load_architecture": ("tfglyph.architecture", "load_architecture"),
}


def __getattr__(name):
    if name in _HOMES:
        module, attribute = _HOMES[name]
        return getattr(importlib.import_module(module), attribute)
    if name == "datasets":
        return importlib.import_module("tfglyph.datasets")
    raise AttributeError(f"module 'tfglyph' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
