"""``python train.py``: the same as ``python -m tfglyph train``."""

from tfglyph.cli import entry

if __name__ == "__main__":
    entry("train")
