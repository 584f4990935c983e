"""Names on disk, which are bytes, as texts: to print, to write into files, and to give to libraries.

Python keeps the bytes of a name that are no UTF-8 as lone surrogates, which no encoder accepts. ``printable`` is how
they and control characters look; ``print_anything`` makes standard output and error write whatever passes through.
"""

import codecs
import io
import os
import sys

PathLike = str | os.PathLike[str]


def printable(path: PathLike) -> str:
    """A path, or another text of a person's, as it can be printed on one line and written into UTF-8 files.

    Names on disk are bytes. Python keeps those that are no UTF-8 as lone surrogates, which no encoder accepts, and a
    name may hold line ends and control characters; each becomes an escape: ``\\xb0`` for a byte, ``\\n``, ``\\x1b``.

    Args:
        path: str or path.

    Returns:
        str.
    """
    text = os.fspath(path)
    if text.isprintable():
        return text
    return "".join(_escape(letter) for letter in text)


def _escape(letter: str) -> str:
    return letter if letter.isprintable() or letter == "\u3000" else _escape_code(letter)


def _escape_code(letter: str) -> str:
    if "\udc80" <= letter <= "\udcff":
        return f"\\x{ord(letter) - 0xDC00:02x}"
    return letter.encode("unicode_escape").decode("ascii")


def print_anything() -> None:
    """From now on standard output and error print every text; what no encoder accepts, as in ``printable``."""
    codecs.register_error("tfglyph", _escaped)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="tfglyph")


def _escaped(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_escape_code(letter) for letter in error.object[error.start : error.end]), error.end


def native_path(path: PathLike) -> str | bytes:
    """A path for libraries that encode text as UTF-8, whatever it holds: bytes where it is no UTF-8."""
    text = os.fspath(path)
    try:
        text.encode()
    except UnicodeEncodeError:
        return os.fsencode(text)
    return text
