"""``complete --dry-run`` with damaged fonts: one line or a plan, never a traceback, a hang or all memory.

The number of fonts is ``TFGLYPH_FUZZ``, by default a few; marked slow, some hundred.
"""

import os
import pathlib
import random
import time

import pytest

from tests.helpers import fonts
from tfglyph.cli import main
from tfglyph.errors import GlyphError

FEW, HUNDREDS = 4, 100
LONGEST = 90.0  # seconds for one font


def originals(folder: pathlib.Path) -> list[bytes]:
    """One font of each kind."""
    paths = [
        fonts.write(folder / "a.ttf"),
        fonts.write(folder / "a.otf", "CFF "),
        fonts.write(folder / "b.otf", "CID"),
        fonts.write(folder / "c.otf", "CFF2"),
        fonts.write(folder / "a.woff2"),
        fonts.write_collection(folder / "a.ttc", fonts.font(), fonts.font(characters="木林")),
    ]
    return [path.read_bytes() for path in paths]


def damaged(data: bytes, draw: random.Random) -> bytes:
    """A font with some bytes changed, cut off, moved, or with a number in it made extreme."""
    content = bytearray(data)
    for _ in range(draw.choice([1, 1, 2, 8, 40])):
        place = draw.randrange(len(content))
        match draw.randrange(6):
            case 0:
                content[place] = draw.randrange(256)
            case 1:
                content[place : place + 2] = draw.choice([b"\xff\xff", b"\0\0", b"\x7f\xff", b"\x80\0"])
            case 2:
                content[place : place + 4] = draw.choice([b"\xff\xff\xff\xff", b"\0\0\0\0", b"\0\x10\xff\xff"])
            case 3:
                content = content[: max(place, 16)]
            case 4:
                other = draw.randrange(len(content))
                content[place : place + 16] = content[other : other + 16]
            case 5:  # where the tables are
                place = draw.randrange(min(len(content), 300))
                content[place] ^= 1 << draw.randrange(8)
    return bytes(content)


def survive(folder: pathlib.Path, count: int) -> dict[str, int]:
    """Runs so many damaged fonts through the command; how often it refused, and how often it planned."""
    sources = originals(folder)
    results = {"planned": 0, "refused": 0}
    path = folder / "damaged.ttf"
    for number in range(count):
        draw = random.Random(number)
        path.write_bytes(damaged(draw.choice(sources), draw))
        start = time.monotonic()
        try:
            main.main(["complete", str(path), "--text", "晶品", "--dry-run"], standalone_mode=False)
            results["planned"] += 1
        except GlyphError as error:
            assert "\n" not in str(error) and "Traceback" not in str(error), (number, str(error))
            results["refused"] += 1
        assert time.monotonic() - start < LONGEST, number
    return results


def test_a_few_damaged_fonts(tmp_path):
    assert sum(survive(tmp_path, FEW).values()) == FEW


@pytest.mark.slow
def test_hundreds_of_damaged_fonts(tmp_path):
    results = survive(tmp_path, int(os.environ.get("TFGLYPH_FUZZ", HUNDREDS)))
    print(results)
    assert results["refused"] and results["planned"]
