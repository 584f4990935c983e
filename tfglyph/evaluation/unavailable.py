"""What an evaluation reports in one line before it goes on with the other metrics."""

from tfglyph.errors import GlyphError


class UnavailableError(GlyphError):
    """Raised when a metric cannot run on this machine or for this model; says why, and what to install."""
