"""What is costly and depends on real images only is computed once and kept in the data sets' cache."""

import os
import tempfile
import zipfile

import numpy as np

from tfglyph.datasets.cache import cache_directory
from tfglyph.datasets.glyphs import digest

VERSION = 1


def stored(name, parts, make):
    """Arrays from the cache, or made now and put there.

    Args:
        name: str, begins the file's name.
        parts: everything that the arrays depend on: list of str, bytes and arrays.
        make: function without arguments that returns a dict of numpy arrays.

    Returns:
        dict of numpy arrays. A cache that cannot be written is done without.
    """
    path = os.path.join(cache_directory(), "evaluation", f"{name}-{digest(str(VERSION), *parts)}.npz")
    try:
        with np.load(path) as file:
            return dict(file)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        pass  # not there, or cut off
    arrays = make()
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=os.path.dirname(path), delete=False) as file:
            np.savez(file, **arrays)
        os.replace(file.name, path)
    except OSError:
        return arrays
    return arrays
