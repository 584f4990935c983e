"""Fonts that somebody drops on the page: only a child process, with limits on time and memory, reads them."""

import contextlib
import functools
import os
import pathlib
from collections.abc import Iterator

from tfglyph.completion.model_drawer import source_of
from tfglyph.errors import GlyphError, UsageError
from tfglyph.exemplars.sources import GlyphSource
from tfglyph.fontfiles import Guard, GuardedFace, GuardedFont, GuardError

SUFFIXES = [".ttf", ".otf", ".ttc", ".otc", ".woff", ".woff2"]
LARGEST = 64 << 20  # bytes of an uploaded font
SECONDS = 20.0  # to open an uploaded font, and for each glyph of it
TOTAL_SECONDS = 300.0  # for all that is read of it


class UploadedFont:
    """A font that a child has opened; of a collection the first.

    Args:
        guard: Guard.
        path: str.

    Attributes:
        guard: Guard, the child, for what else is to be read.
        file: GuardedFont.

    Raises:
        GuardError, GlyphError: as ``GuardedFont``.
    """

    def __init__(self, guard: Guard, path: str):
        self.guard = guard
        self.file = GuardedFont(guard, path)
        self._path = path

    @functools.cached_property
    def source(self) -> GlyphSource:
        """Its glyphs as exemplars: the child draws them."""
        return source_of(self._path, self.file, GuardedFace(self.guard, self._path))


@contextlib.contextmanager
def uploaded_font(path: str) -> Iterator[UploadedFont]:
    """A font that somebody uploaded, while the context lasts.

    Args:
        path: str, where the page has put it.

    Yields:
        UploadedFont.

    Raises:
        UsageError: it is too large.
        GlyphError: not a font that can be used, or one that takes too long or too much memory, in this function or
            within the context. The message names the file as the person does who uploaded it, not where it lies here.
    """
    name = pathlib.Path(path).name
    size = os.path.getsize(path)
    if size > LARGEST:
        raise UsageError(f"{name}: {size >> 20} MiB; at most {LARGEST >> 20} here, larger ones on the command line")
    try:
        with Guard(SECONDS, TOTAL_SECONDS) as guard:
            yield UploadedFont(guard, path)
    except GuardError as error:
        raise GlyphError(f"{name}: {error}") from None
    except GlyphError as error:
        error.args = (str(error).replace(path, name),)
        raise
