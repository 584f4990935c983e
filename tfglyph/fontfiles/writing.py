"""A completed font to disk: whole or not at all, compressed where its name says so."""

import importlib.util
import os
import pathlib
from typing import Any

from tfglyph.errors import GlyphError, UsageError
from tfglyph.files import PathLike, atomic_path, write_errors

SUFFIXES = (".ttf", ".otf", ".woff", ".woff2")


def natural_suffix(table: str, flavor: str | None) -> str:
    """The suffix of a font with these outlines: ``.ttf``, ``.otf``, or that of its compression."""
    return f".{flavor}" if flavor else ".ttf" if table == "glyf" else ".otf"


def check_output(output: PathLike, source: PathLike, table: str) -> None:
    """That a font can be written there, before hours of drawing.

    Raises:
        UsageError: it is the original itself, or has the suffix of another kind of font.
        GlyphError: the folder cannot be written to, or WOFF2 is asked for without the package brotli.
    """
    path = pathlib.Path(output)
    if path.exists() and os.path.exists(source) and path.samefile(source):
        raise UsageError(f"{path}: --output is the original itself, which is never changed; choose another name")
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise UsageError(f"{path}: --output ends in {suffix or 'nothing'}, expected one of {', '.join(SUFFIXES)}")
    if suffix in (".ttf", ".otf") and suffix != natural_suffix(table, None):
        kind = "TrueType" if table == "glyf" else "PostScript"
        raise UsageError(f"{path}: the font has {kind} outlines; --output should end in {natural_suffix(table, None)}")
    if suffix == ".woff2" and importlib.util.find_spec("brotli") is None:
        raise GlyphError(f"{path}: WOFF2 needs the package brotli: pip install 'tfglyph[fonts]'")
    if path.is_dir():
        raise UsageError(f"{path}: --output is a folder, expected a file")
    folder = path.parent
    while not folder.exists():
        folder = folder.parent
    if not folder.is_dir() or not os.access(folder, os.W_OK) or (path.exists() and not os.access(path, os.W_OK)):
        raise GlyphError(f"{path}: cannot be written: no permission in {folder}")


def save_font(font: Any, output: PathLike) -> pathlib.Path:
    """Writes a TTFont, as WOFF or WOFF2 if the suffix says so.

    Raises:
        GlyphError: it cannot be written.
    """
    path = pathlib.Path(output)
    suffix = path.suffix.lower()
    font.flavor = suffix[1:] if suffix in (".woff", ".woff2") else None
    with write_errors(path), atomic_path(path) as temporary:
        font.save(temporary, reorderTables=False)
    return path
