"""``python -m tfglyph``: the same as the console script ``tfglyph``."""

from tfglyph.cli import entry

if __name__ == "__main__":
    entry()
