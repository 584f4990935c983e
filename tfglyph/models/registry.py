"""From a ``mode`` to the class of its models."""

from tfglyph.architecture.registry import FAMILIES, import_class
from tfglyph.models.base import GlyphModel


def family(mode: str) -> type[GlyphModel]:
    """The GlyphModel class of a ``mode``."""
    return import_class(FAMILIES[mode].model)
