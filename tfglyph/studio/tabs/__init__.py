"""The tabs of the page, a module each, which ``Tab`` describes."""

from collections.abc import Sequence
from typing import Protocol

from tfglyph.models import GlyphModel
from tfglyph.studio.state import LoadedModel, Studio
from tfglyph.studio.tabs import about, arithmetic, codes, complete, compose, explore, generate, interpolate


class Tab(Protocol):
    """What a tab's module offers."""

    TITLE: str

    def fits(self, model: GlyphModel) -> bool:
        """Whether a model has anything to show in it."""

    def build(self, studio: Studio, models: Sequence[LoadedModel]) -> None:
        """Makes its gradio components for the models that fit."""


# By the names that element ids begin with, from left to right.
TABS: dict[str, Tab] = {
    "generate": generate,
    "interpolate": interpolate,
    "arithmetic": arithmetic,
    "compose": compose,
    "complete": complete,
    "explore": explore,
    "codes": codes,
    "about": about,
}


def fitting(models: Sequence[LoadedModel]) -> list[tuple[str, Tab, list[LoadedModel]]]:
    """The tabs for which there is a model, by name, each with the models that fit."""
    tabs = [(name, tab, [loaded for loaded in models if tab.fits(loaded.model)]) for name, tab in TABS.items()]
    return [(name, tab, fits) for name, tab, fits in tabs if fits]
