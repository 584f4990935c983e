"""The error of what this machine lacks: an evaluation reports it in one line and goes on with the rest."""

from tfglyph.errors import GlyphError


class UnavailableError(GlyphError):
    """A metric that cannot be had here or for this model; the message says why, and what to install."""
