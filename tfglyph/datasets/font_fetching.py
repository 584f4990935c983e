"""Fetching the fonts of the catalogue: packages are downloaded, slices joined, and what is here is listed.

    OUTPUT/packages/NAME/       the font files and the licence out of a package
    OUTPUT/joined/              fonts that came in slices
    OUTPUT/fonts.tsv            every face with its family, style, licence and number of characters

Whatever is there already is kept, so an interrupted run goes on where it stopped. A package that cannot be had costs
one line; the others are fetched all the same.
"""

import contextlib
import dataclasses
import fnmatch
import logging
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tfglyph.datasets.drawn_ideographs import drawn_ideographs
from tfglyph.datasets.font_joining import join_slices
from tfglyph.datasets.font_packages import unpack
from tfglyph.datasets.open_fonts import LIST_FILE, CatalogueFace, ListedFace, catalogue, read_list, write_list
from tfglyph.datasets.opening import full_name, opened
from tfglyph.errors import GlyphError
from tfglyph.files import write_errors
from tfglyph.progress import progress

_LICENCE_FILES = ("copyright", "LICENSE_FONT", "LICENSE")  # Debian's; a font's beside a packager's own; a font's


@dataclass(frozen=True)
class Fetched:
    """What ``fetch_fonts`` brought.

    Attributes:
        list_file: str, the path of the list.
        faces: the faces in it.
        failures: one line for each package or font that could not be had.
    """

    list_file: str
    faces: list[ListedFace]
    failures: list[str]


def fetch_fonts(faces: Sequence[CatalogueFace], output: str) -> Fetched:
    """Downloads what is not here yet, joins slices, and writes the list.

    Args:
        faces: of ``open_fonts.choose``.
        output: the folder for all of it.

    Returns:
        Fetched.

    Raises:
        GlyphError: ``output`` cannot be written to.
    """
    failures: list[str] = []
    packages: dict[str, list[CatalogueFace]] = {}
    for face in faces:
        packages.setdefault(face.package, []).append(face)
    with write_errors(output), _quiet():
        os.makedirs(output, exist_ok=True)
        path = os.path.join(output, LIST_FILE)
        listed = {face.file: face for face in _listed_before(path)}
        for package, members in progress(packages.items(), "fetching fonts", len(packages), unit="package"):
            try:
                _fetch_package(package, members, output)
            except GlyphError as error:
                failures.append(str(error))
                continue
            for face in members:
                try:
                    file = _font_file(face, output)
                    listed[f"{file}#{face.face}"] = _list(face, file, package_folder(output, package), listed)
                except GlyphError as error:
                    failures.append(f"{package}: {error}")
            write_list(path, _in_order(listed.values()))  # so that an interrupted run has not counted for nothing
        write_list(path, _in_order(listed.values()))
    return Fetched(path, _in_order(listed.values()), failures)


def _in_order(faces: Iterable[ListedFace]) -> list[ListedFace]:
    return sorted(faces, key=lambda face: (not face.permissive, face.family, face.file))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Within, fontTools keeps to itself what is odd about tables that nothing here reads, such as dates before 1970."""
    logger = logging.getLogger("fontTools")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _listed_before(path: str) -> list[ListedFace]:
    """The faces in an older list whose files are still here."""
    if not os.path.exists(path):
        return []
    return [face for face in read_list(path) if os.path.exists(face.file.rpartition("#")[0])]


def package_folder(output: str, package: str) -> str:
    """Where the files of a package are: npm's names have slashes, so its folders have dashes."""
    return os.path.join(output, "packages", package.lstrip("@").replace("/", "-"))


def _fetch_package(package: str, faces: Sequence[CatalogueFace], output: str) -> None:
    """Unpacks the fonts of a package, unless they are here.

    All that the catalogue names of it, whichever families were asked for, so that no package is downloaded twice.
    """
    folder = package_folder(output, package)
    patterns = sorted({face.file for face in (*catalogue(), *faces) if face.package == package})
    here = os.listdir(folder) if os.path.isdir(folder) else []
    if not all(fnmatch.filter(here, pattern) for pattern in patterns):
        unpack(faces[0].kind, package, patterns, folder, optional=[*_LICENCE_FILES, *here])


def _font_file(face: CatalogueFace, output: str) -> str:
    """The path of a whole font, joined now if it came in slices."""
    folder = package_folder(output, face.package)
    if not face.sliced:
        return os.path.join(folder, face.file)
    stem = re.sub(r"[^A-Za-z0-9]+", "-", os.path.splitext(face.file)[0].replace("*", "")).strip("-")
    path = os.path.join(output, "joined", f"{stem}.ttf")
    if not os.path.exists(path):
        slices = [os.path.join(folder, name) for name in fnmatch.filter(os.listdir(folder), face.file)]
        # Type 1 slices are named one by one, so the whole is named after its design.
        join_slices(slices, path, face.family if face.file.endswith(".pfb") else "")
    return path


def _list(face: CatalogueFace, path: str, folder: str, listed: Mapping[str, ListedFace]) -> ListedFace:
    """The line of the list for a face: measured now, or before."""
    file = f"{path}#{face.face}"
    licence = next((name for name in _LICENCE_FILES if os.path.exists(os.path.join(folder, name))), "")
    licence_file = os.path.join(folder, licence) if licence else ""
    about: dict[str, Any] = {
        "file": file,
        "family": face.family,
        "style": face.style,
        "permissive": face.permissive,
        "licence": face.licence,
        "licence_file": licence_file,
        "package": face.package,
        "weight": face.weight,
    }
    if file in listed:
        return dataclasses.replace(listed[file], **about)
    with opened(path, face.face) as font:
        return ListedFace(
            **about,
            drawn_han=len(drawn_ideographs(font)),
            units_per_em=font["head"].unitsPerEm,
            name=full_name(font, path),
            copyright=_one_line(font["name"].getDebugName(0)) or _copyright_in(licence_file),
        )


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())


def _copyright_in(path: str) -> str:
    """The first copyright line in a licence file, or an empty string."""
    if not path:
        return ""
    with open(path, encoding="utf-8", errors="replace") as file:
        lines: Iterable[str] = (_one_line(line) for line in file)
        return next((line for line in lines if re.match(r"(?i)(copyright|©|\(c\))", line)), "")


def notice(faces: Iterable[ListedFace]) -> str:
    """The text that passes the fonts' copyright lines and licences on.

    Args:
        faces: of ``fetch_fonts`` or ``read_list``.

    Returns:
        str: for each family its fonts, and for each copyright line and licence where they are from.
    """
    families: dict[str, dict[tuple[str, str, str], list[str]]] = {}
    for face in faces:
        sources = families.setdefault(face.family, {})
        sources.setdefault((face.copyright, face.licence, face.package), []).append(face.name)
    lines = []
    for family, sources in sorted(families.items()):
        lines.append(family)
        for (copyright_line, licence, package), names in sources.items():
            lines.append(f"    {', '.join(dict.fromkeys(names))}")
            lines.append(f"    {copyright_line or 'no copyright line'}")
            lines.append(f"    Licence: {licence} (package {package})")
        lines.append("")
    return "\n".join(lines)
