"""The catalogue of open fonts with Han characters, and the list of those that are on this machine.

A *family* is one design: its weights, its siblings for other scripts or regions, and the fonts that were made from its
outlines. To hold a design out of a training, hold out its family.
"""

import csv
import dataclasses
import functools
import os
from collections.abc import Iterable
from typing import Any

from tfglyph.errors import GlyphError, UsageError, did_you_mean
from tfglyph.files import PathLike, atomic_path, package_file

STYLES = ("sans", "mincho", "kai", "rounded", "handwriting", "brush", "display", "bold", "thin")
KINDS = ("debian", "npm")
LIST_FILE = "fonts.tsv"


@dataclasses.dataclass(frozen=True)
class CatalogueFace:
    """A face that can be fetched.

    Attributes:
        family: str, the design that it belongs to.
        style: str, one of ``STYLES``.
        weight: str, such as ``regular``.
        permissive: bool, whether weights of models trained on it may be passed on under any terms.
        licence: str, an SPDX identifier where there is one.
        kind: ``debian`` or ``npm``.
        package: str, the package's name, for npm with its version.
        file: str, the name of the font file in the package. With ``*`` or ``?`` it names the slices of one font.
        face: int, which face of a collection.
        han: int, how many Han characters it drew when the catalogue was made.
    """

    family: str
    style: str
    weight: str
    permissive: bool
    licence: str
    kind: str
    package: str
    file: str
    face: int
    han: int

    @property
    def sliced(self) -> bool:
        """Whether the font comes in slices, which have to be joined."""
        return "*" in self.file or "?" in self.file


@dataclasses.dataclass(frozen=True)
class ListedFace:
    """A face that is here: a line of ``fonts.tsv``.

    Attributes:
        file: str, ``path#index``; in the file relative to its folder, here as it can be opened.
        family, style, permissive, licence, weight: as in ``CatalogueFace``.
        licence_file: str, the path of the text of its licence.
        package: str, where it is from.
        drawn_han: int, how many Han characters it has a picture of its own for.
        units_per_em: int.
        name: str, the font's full name.
        copyright: str, the copyright line in the font's name table, or else in its licence file.
    """

    file: str
    family: str
    style: str
    permissive: bool
    licence: str
    licence_file: str
    package: str
    drawn_han: int
    units_per_em: int
    weight: str
    name: str
    copyright: str


@functools.cache
def catalogue() -> tuple[CatalogueFace, ...]:
    """All faces that can be fetched, permissive ones first, by family.

    Raises:
        GlyphError: the file that comes with the package is damaged.
    """
    path = str(package_file("datasets", "data", "open_fonts.tsv"))
    return tuple(_read(path, CatalogueFace))


def choose(families: Iterable[str] = (), permissive: bool = False) -> list[CatalogueFace]:
    """Faces of the catalogue.

    Args:
        families: which families; all by default.
        permissive: bool, whether to leave out those whose licence binds what is made from them.

    Raises:
        UsageError: there is no such family, or nothing is left.
    """
    known = {face.family for face in catalogue()}
    wanted = set(families)
    for family in sorted(wanted - known):
        raise UsageError(f"no family {family!r} in the catalogue of fonts{did_you_mean(family, known)}; see --list")
    chosen = [
        face for face in catalogue() if (not wanted or face.family in wanted) and (face.permissive or not permissive)
    ]
    if not chosen:
        raise UsageError(f"none of {', '.join(sorted(wanted))} is permissive")
    return chosen


def read_list(path: PathLike) -> list[ListedFace]:
    """The faces in a ``fonts.tsv`` that ``fetch_fonts`` wrote, or in one of the same columns.

    Args:
        path: the file, or the folder with it.

    Returns:
        list of ListedFace, with paths that can be opened from here.

    Raises:
        GlyphError: the file is missing, or a line of it cannot be used.
    """
    path = os.fspath(path)
    if os.path.isdir(path):
        path = os.path.join(path, LIST_FILE)
    folder = os.path.dirname(path)
    return [
        dataclasses.replace(
            face,
            file=os.path.join(folder, face.file),
            licence_file=os.path.join(folder, face.licence_file) if face.licence_file else "",
        )
        for face in _read(path, ListedFace)
    ]


def write_list(path: PathLike, listed: Iterable[ListedFace]) -> None:
    """Writes ``fonts.tsv``; the paths become relative to its folder."""
    folder = os.path.dirname(os.fspath(path)) or "."
    with atomic_path(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONE, quotechar=None)
        writer.writerow([column.name for column in dataclasses.fields(ListedFace)])
        for face in listed:
            row = dataclasses.asdict(face) | {"permissive": "yes" if face.permissive else "no"}
            for key in ("file", "licence_file"):
                row[key] = os.path.relpath(row[key], folder) if row[key] else ""
            writer.writerow([" ".join(str(value).split()) for value in row.values()])


def _read(path: str, kind: Any) -> list[Any]:
    """The lines of a table as dataclasses, its columns found by their names."""
    columns = {column.name: column.type for column in dataclasses.fields(kind)}
    try:
        with open(path, encoding="utf-8", newline="") as file:
            table = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            lacking = [name for name in columns if name not in (table.fieldnames or ())]
            if lacking:
                raise GlyphError(f"{path}: no column {lacking[0]!r}; it needs {', '.join(columns)}")
            rows = list(table)
    except (OSError, UnicodeDecodeError) as error:
        raise GlyphError(f"{path}: {getattr(error, 'strerror', None) or 'not a text in UTF-8'}") from None
    return [kind(**_row(path, number, row, columns)) for number, row in enumerate(rows, 2)]


def _row(path: str, number: int, row: dict[str, str], columns: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, kind in columns.items():
        text = row[name]
        try:
            if text is None:
                raise ValueError
            values[name] = {"yes": True, "no": False}[text] if kind is bool else kind(text)
        except (ValueError, KeyError):
            found = "nothing" if text is None else repr(text)
            right = {bool: "yes or no", int: "a number"}.get(kind, "a text")
            raise GlyphError(f"{path}, line {number}: {name} is {found}, expected {right}") from None
    if values["style"] not in STYLES:
        raise GlyphError(f"{path}, line {number}: style is {values['style']!r}, expected one of {', '.join(STYLES)}")
    return values
