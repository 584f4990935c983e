"""Seeds and sizes as people type them."""

import re

from tfglyph.errors import UsageError

LIMIT = 2**31 - 1
MAXIMUM_SEEDS = 100_000


def parse_seeds(text):
    """"3", "0-63", "1,4,10-12" -> list of int.

    Raises:
        UsageError: something else, a range that runs backwards, a seed above 2**31 - 1, or more than 100,000 of them.
    """
    seeds = []
    for part in text.split(","):
        found = re.fullmatch(r"\s*(\d+)(?:-(\d+))?\s*", part, re.ASCII)
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
        if not first <= last <= LIMIT:
            raise UsageError(f"--seeds {text!r}: expected numbers up to {LIMIT} and ranges, for instance 3 or 0-63 or 1,4,10-12")
        if len(seeds) + last - first >= MAXIMUM_SEEDS:
            raise UsageError(f"--seeds {text!r}: more than {MAXIMUM_SEEDS:,} seeds")
        seeds.extend(range(first, last + 1))
    return seeds


def parse_size(text):
    """"8192" -> (8192, 8192); "1920x1080" (width x height) -> (1080, 1920): height and width in pixels.

    Raises:
        UsageError: something else.
    """
    found = re.fullmatch(r"\s*(\d{1,6})(?:[x×](\d{1,6}))?\s*", text, re.ASCII)
    if not found or not int(found[1]) or not int(found[2] or 1):
        raise UsageError(f"--size {text!r}: expected pixels, for instance 8192, or width and height, for instance 1920x1080")
    return int(found[2] or found[1]), int(found[1])
