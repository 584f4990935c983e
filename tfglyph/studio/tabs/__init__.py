"""The tabs of the page, a module each.

A tab's module has ``TITLE`` (str), ``fits(model)`` (whether a model has anything to show in it) and
``build(studio, models)``, which makes gradio components for the fitting ``LoadedModel`` models.
"""

import importlib
import importlib.util

NAMES = ("generate", "interpolate", "arithmetic", "compose", "explore", "codes", "about")
"""Modules of this package in the order of the tabs; one that is not there is left out."""


def fitting(models):
    """The tabs for which there is a model.

    Args:
        models: list of tfglyph.studio.state.LoadedModel.

    Returns:
        list of (module, list of LoadedModel that fit).
    """
    found = []
    for name in NAMES:
        path = f"{__name__}.{name}"
        if importlib.util.find_spec(path) is None:
            continue
        module = importlib.import_module(path)
        fits = [shown for shown in models if module.fits(shown.model)]
        if fits:
            found.append((module, fits))
    return found
