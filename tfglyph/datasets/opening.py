"""From what a person names after ``--fonts`` to the tables of one face.

``FILE`` names every face of a font file, ``FILE.ttc#2`` the third of a collection, ``FILE#wght=700,wdth=90`` a place in
the design space of a variable font, ``FILE#Bold`` one of its named instances, ``FILE.ttc#2,wght=700`` both.
"""

import logging
import math
import os
import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from tfglyph.errors import GlyphError, UsageError, did_you_mean
from tfglyph.files import PathLike, printable

if TYPE_CHECKING:
    from fontTools.ttLib import TTFont

# It warns of dates before 1970 and the like in fonts that are fine; what is wrong with a font we say ourselves.
logging.getLogger("fontTools").setLevel(logging.CRITICAL)

OUTLINES = {"glyf": "TrueType", "CFF ": "CFF", "CFF2": "CFF2"}
PICTURES = {
    "CBDT": "colour bitmaps",
    "sbix": "colour bitmaps",
    "SVG ": "colour drawings",
    "COLR": "coloured layers",
    "EBDT": "bitmaps",
    "bdat": "bitmaps",
}
_TAG = re.compile(r"([ -~]{1,4}?)\s*=\s*([-+0-9.eE]+)")


class FaceKey(NamedTuple):
    """What identifies a face: plain data, to travel to other processes and to be compared.

    Attributes:
        path: str.
        number: int, which face of a collection.
        variation: tuple of (axis, value), every axis that was asked for; empty for a font that does not vary, or at
            its default.
    """

    path: str
    number: int = 0
    variation: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Axis:
    """An axis of a variable font: its tag (``wght``), name, and range in design units."""

    tag: str
    name: str
    minimum: float
    default: float
    maximum: float

    def __str__(self) -> str:
        return f"{self.tag} {self.minimum:g} to {self.maximum:g}, by default {self.default:g}"


@dataclass(frozen=True)
class Instance:
    """A named instance of a variable font: its name (``Bold``) and its place, a dict from axis to value."""

    name: str
    place: dict[str, float] = field(hash=False)


@dataclass(frozen=True)
class FontSpec:
    """What a person named: a file and, after ``#``, which of its faces.

    Attributes:
        path: str.
        index: int or None, for every face.
        axes: dict from axis to value.
        instance: str or None, the name of an instance; ``*`` for all of them.
    """

    path: str
    index: int | None = None
    axes: dict[str, float] = field(default_factory=dict, hash=False)
    instance: str | None = None


def parse_spec(text: PathLike) -> FontSpec:
    """What a name such as ``FILE#2,wght=700`` asks for.

    Args:
        text: path of a font file, ``#`` and a selection behind it; a file whose own name holds ``#`` is itself.

    Raises:
        UsageError: the selection cannot be read.
    """
    text = os.fspath(text)
    path, mark, selection = text.rpartition("#")
    if not mark or os.path.exists(text):
        return FontSpec(text)
    index, instance = None, None
    axes: dict[str, float] = {}
    for part in filter(None, map(str.strip, selection.split(","))):
        match = _TAG.fullmatch(part)
        value = _number(match[2]) if match else None
        if part.isascii() and part.isdigit():
            index = int(part)
        elif match and value is not None:
            axes[match[1]] = value
        elif instance is None and "=" not in part:
            instance = part
        else:
            raise UsageError(
                f"{printable(text)}: found {printable(part)!r} after #; expected the number of a face, axes such as"
                " wght=700,wdth=90, or the name of an instance"
            )
    return FontSpec(path, index, axes, instance)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def absolute_spec(text: str) -> str:
    """The same name with an absolute path, where the file exists; any other text stays as it is."""
    text = os.path.expanduser(text)
    path, mark, selection = text.rpartition("#")
    if os.path.exists(text):
        return os.path.abspath(text)
    return os.path.abspath(path) + mark + selection if mark and os.path.exists(path) else text


# === Tables ===


@contextmanager
def opened(path: str, index: int) -> Iterator["TTFont"]:
    """A face's tables, read lazily.

    Yields:
        fontTools.ttLib.TTFont.

    Raises:
        GlyphError: one line that says what is wrong with the file.
    """
    from fontTools.ttLib import TTFont  # slow: naming fonts, which every verb can do, reads none

    try:
        with TTFont(path, fontNumber=index, lazy=True) as font:
            yield font
    except GlyphError:
        raise
    except Exception as error:  # fontTools meets damage with nearly every exception there is
        raise GlyphError(f"{printable(path)}: {why_not(error)}") from None


def why_not(error: Exception) -> str:
    """A few words on why a font cannot be used, from the exception that said so."""
    if isinstance(error, FileNotFoundError):
        return "no such file"
    if isinstance(error, PermissionError):
        return "no permission to read it"
    if isinstance(error, ImportError):
        return "a WOFF2 font is read with the package brotli: pip install brotli"
    if isinstance(error, KeyError):
        return f"not a usable font (it lacks the table {str(error.args[0]).strip()})"
    if isinstance(error, struct.error):
        return "not a usable font (a table is cut off)"
    words = " ".join(str(error).split())
    return f"not a usable font ({type(error).__name__}{': ' if words else ''}{words})"


def table(font: Any, tag: str) -> Any:
    """A table; None where the font has none or it is damaged."""
    try:
        return font.get(tag)
    except Exception:  # as above
        return None


def full_name(font: Any, path: str) -> str:
    """The full name of a face, or its file's where it has none."""
    names = table(font, "name")
    try:
        found = names and (names.getDebugName(4) or names.getDebugName(1))
    except Exception:  # a record in an encoding that it is not in
        found = None
    return " ".join(str(found).split()) if found else printable(os.path.basename(path))


def axes_of(font: Any) -> list[Axis]:
    """The axes of a face; none where it does not vary."""
    variations = table(font, "fvar")
    found = []
    for axis in variations.axes if variations else ():
        name = _name_of(font, axis.axisNameID) or axis.axisTag
        found.append(Axis(axis.axisTag, name, axis.minValue, axis.defaultValue, axis.maxValue))
    return found


def instances_of(font: Any) -> list[Instance]:
    """The named instances of a variable face."""
    variations = table(font, "fvar")
    return [
        Instance(_name_of(font, instance.subfamilyNameID) or f"instance {number}", dict(instance.coordinates))
        for number, instance in enumerate(variations.instances if variations else (), 1)
    ]


def _name_of(font: Any, number: int) -> str | None:
    names = table(font, "name")
    try:
        return names and names.getDebugName(number)
    except Exception:  # as in full_name
        return None


# === Places of variable fonts ===


def places(spec: FontSpec, axes: Sequence[Axis], instances: Sequence[Instance]) -> list[dict[str, float]]:
    """The places in a variable font that a spec asks for: one, or one for each instance with ``*``.

    Args:
        spec: FontSpec.
        axes: list of Axis of the face.
        instances: list of Instance of the face.

    Returns:
        list of dict from axis to value, in the order of ``axes``; empty where nothing was asked for.

    Raises:
        UsageError: the font does not vary, has no such axis or instance, or the value is outside its range.
    """
    where = printable(spec.path)
    if not spec.axes and spec.instance is None:
        return [{}]
    if not axes:
        raise UsageError(f"{where}: it is no variable font, so it has neither axes nor instances")
    chosen: list[Mapping[str, float]] = [{}]
    if spec.instance == "*":
        chosen = [instance.place for instance in instances]
    elif spec.instance is not None:
        named = [instance.place for instance in instances if instance.name.casefold() == spec.instance.casefold()]
        if not named:
            names = ", ".join(instance.name for instance in instances) or "none"
            hint = did_you_mean(spec.instance, [instance.name for instance in instances])
            raise UsageError(f"{where}: no instance {printable(spec.instance)!r}{hint}; it has {names}")
        if any(place != named[0] for place in named):
            listed = " and ".join(spell_variation(list(place.items())) for place in named)
            raise UsageError(f"{where}: several instances are called {spec.instance}: name one by {listed}")
        chosen = [named[0]]
    known = {axis.tag: axis for axis in axes}
    for tag, value in spec.axes.items():
        if tag not in known:
            raise UsageError(f"{where}: no axis {tag!r}{did_you_mean(tag, known)}; it has {', '.join(map(str, axes))}")
        if not known[tag].minimum <= value <= known[tag].maximum:
            raise UsageError(f"{where}: {tag}={value:g} is outside the axis: {known[tag]}")
    merged = [{**place, **spec.axes} for place in chosen]
    # Fonts are about whose own instances lie outside their axes; FreeType draws those at the axis's end.
    return [
        {axis.tag: min(max(place[axis.tag], axis.minimum), axis.maximum) for axis in axes if axis.tag in place}
        for place in merged
    ]


def spell_variation(variation: Sequence[tuple[str, float]]) -> str:
    """``wght=700,wdth=90`` of ((wght, 700), (wdth, 90))."""
    return ",".join(f"{tag}={value:g}" for tag, value in variation)
