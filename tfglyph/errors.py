"""Errors that are meant for the person at the keyboard.

Everything that a user can get wrong raises one of these with a message of one line that says what was wrong,
where, and what would be right. The command line prints the message and exits with ``exit_code``; it never shows a
traceback for them. Any other exception is a bug of this package.
"""

import difflib
import sys
from collections.abc import Iterable


class GlyphError(Exception):
    """A run that cannot go on, through its input or its surroundings (exit code 1)."""

    exit_code: int = 1


class UsageError(GlyphError):
    """A request that makes no sense as typed: unknown names, impossible values, missing files (exit code 2)."""

    exit_code = 2


def did_you_mean(word: object, choices: Iterable[object]) -> str:
    """`` (did you mean x?)`` for the choice nearest to ``word``, or an empty string where none is near."""
    near = difflib.get_close_matches(str(word), [str(choice) for choice in choices], n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def in_short(words: Iterable[str], most: int = 3) -> str:
    """``a, b, c and 4 more``: at most ``most`` of some words, and how many there are besides."""
    listed = list(words)
    return ", ".join(listed[:most]) + (f" and {len(listed) - most:,} more" if len(listed) > most else "")


def warn(message: str) -> None:
    """One line for the person at the keyboard, on standard error."""
    print(f"tfglyph: warning: {message}", file=sys.stderr, flush=True)
