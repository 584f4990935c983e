"""The files under a directory: which are read, and what becomes of every other one.

Loaders and ``data check`` list files by ``list_files`` alone, so that a check sees what a load would use. Nothing is
passed over without being counted: hidden files, files of other kinds, links that lead nowhere or round in a circle.
"""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tfglyph.datasets.report import Problem
from tfglyph.errors import GlyphError
from tfglyph.files import printable

IMAGES = (
    *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".jp2", ".j2k", ".gif", ".bmp", ".dib", ".webp"),
    *(".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".pnm"),
)
FONTS = (".ttf", ".otf", ".ttc", ".otc", ".woff", ".woff2", ".otb")
HANDWRITING = (".gnt", ".zip")
# Kinds of files that people have and that are not read, by what to do about them.
NOT_READ = {
    (".pot", ".mpf", ".ptts"): "CASIA's files of pen strokes or features; the images are in the .gnt files",
    (".pfb", ".pfa", ".dfont", ".bdf", ".pcf", ".fon", ".fnt", ".eot", ".ttx", ".sfd"): "a font in a format that is not"
    " read; convert it to .ttf or .otf",
    (
        ".heic",
        ".heif",
        ".avif",
        ".svg",
        ".pdf",
        ".eps",
        ".psd",
        ".xcf",
        ".ico",
        ".tga",
        ".exr",
        ".djvu",
        ".raw",
        ".dng",
    ): ("an image in a format that is not read; convert it to .png"),
    (".rar", ".7z", ".tar", ".tgz", ".xz", ".bz2"): "an archive; unpack it",
}
_SHOWN = 6  # endings in a line


@dataclass
class Listing:
    """What ``list_files`` found.

    Attributes:
        paths: list of str, the files to read, sorted.
        problems: list of Problem: links and directories that cannot be read.
        others: Counter of the files that are not read, by their ending in lower case.
        hidden: int, files and directories whose names begin with a dot, and those of archives of macOS.
    """

    paths: list[str]
    problems: list[Problem] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    hidden: int = 0

    def passed_over(self, directory: str) -> list[Problem]:
        """What is not read, as lines: one for each kind that people expect to be read, and one for the rest."""
        problems = []
        rest = Counter(self.others)
        for endings, reason in NOT_READ.items():
            found = {ending: rest.pop(ending) for ending in endings if ending in rest}
            if found:
                problems.append(Problem(directory, f"not read: {_counted(found)}: {reason}", used=True))
        words = [_counted(rest)] * bool(rest) + [f"{self.hidden:,} hidden"] * bool(self.hidden)
        if words:
            problems.append(Problem(directory, f"passed over: {', '.join(words)}", used=True))
        return problems


def _counted(endings: dict[str, int]) -> str:
    """``3 .txt, 1 .csv``; many kinds are summed up."""
    pairs = sorted(endings.items(), key=lambda pair: (-pair[1], pair[0]))
    words = [f"{number:,} {printable(ending) or 'without an ending'}" for ending, number in pairs[:_SHOWN]]
    rest = sum(number for _, number in pairs[_SHOWN:])
    return ", ".join(words) + (f" and {rest:,} of other kinds" if rest else "")


def list_files(directory: str, endings: Sequence[str]) -> Listing:
    """All files with one of the endings under a directory.

    Symbolic links are followed, but never round in a circle. Hidden files and directories are passed over.

    Args:
        directory: str.
        endings: sequence of str in lower case, such as ``.png``; ``("",)`` for every file.

    Returns:
        Listing.

    Raises:
        GlyphError: no such directory.
    """
    if not os.path.isdir(directory):
        reason = "not a directory" if os.path.exists(directory) else "no such directory"
        raise GlyphError(f"{printable(directory)}: {reason}")
    listing = Listing([])
    visited = set()

    def unreadable(error: OSError) -> None:
        listing.problems.append(Problem(str(error.filename), error.strerror or str(error)))

    for folder, folders, files in os.walk(directory, followlinks=True, onerror=unreadable):
        try:
            status = os.stat(folder)
        except OSError as error:
            unreadable(error)
            continue
        if (status.st_dev, status.st_ino) in visited:
            listing.problems.append(Problem(folder, "symbolic link to a directory that is read already"))
            folders.clear()
            continue
        visited.add((status.st_dev, status.st_ino))
        listing.hidden += sum(map(_is_hidden, (*folders, *files)))
        folders[:] = sorted(name for name in folders if not _is_hidden(name))
        for name in sorted(files):
            if not _is_hidden(name):
                _add(listing, os.path.join(folder, name), tuple(endings))
    listing.paths.sort()
    return listing


def _add(listing: Listing, path: str, endings: tuple[str, ...]) -> None:
    if not path.lower().endswith(endings):
        listing.others[os.path.splitext(path)[1].lower()] += 1
    elif os.path.exists(path) and not os.path.isfile(path):
        listing.problems.append(Problem(path, "not a regular file"))  # reading a pipe would wait for ever
    else:
        listing.paths.append(path)


def _is_hidden(name: str) -> bool:
    return name.startswith((".", "__MACOSX"))
