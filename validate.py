"""``python validate.py``: the same as ``python -m tfglyph validate``."""

from tfglyph.cli import entry

if __name__ == "__main__":
    entry("validate")
