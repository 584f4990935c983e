#!/usr/bin/env python
"""Rebuilds tfglyph/datasets/data/cns-32.xz from the font TW-Kai-98.

    python tools/build_cns_pack.py                     # finds the font where ./get_data.sh or Debian puts it
    python tools/build_cns_pack.py --font FILE --output FILE

The same font and the same FreeType give the same bytes. The Debian package is fonts-cns11643-kai.
"""

import argparse
import os

import numpy as np

from tfglyph.datasets.cns import COUNT, FIRST, LAST, find_font
from tfglyph.datasets.fontface import FontFace
from tfglyph.datasets.pack import PACK, write_pack
from tfglyph.progress import progress

SIZE = 32  # pixels
LEVELS = 32  # of grey


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--font", help="TW-Kai-98_1.ttf (default: the installed one)")
    parser.add_argument("--output", default=PACK, help="the pack to write (default: %(default)s)")
    options = parser.parse_args()
    face = FontFace(options.font or find_font())
    characters = face.drawable([chr(code) for code in range(FIRST, LAST + 1)])
    if len(characters) != COUNT:
        raise SystemExit(f"{face.path}: {len(characters)} characters where the pack has {COUNT:,}")
    images = np.stack([face.render(character, SIZE) for character in progress(characters, "rendering")])  # (n, 32, 32)
    write_pack(options.output, characters, images, LEVELS, f"{face.name}, CNS11643, OGDL-Taiwan-1.0")
    print(f"{options.output}: {len(characters):,} characters, {os.path.getsize(options.output):,} bytes")


if __name__ == "__main__":
    main()
