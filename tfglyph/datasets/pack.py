"""The embedded pack: pictures of the CNS characters in one compressed file inside the package.

Layout, after decompression (xz, which carries its own checksum): the line ``tfglyph pack 1``, one line of JSON with
``count``, ``height``, ``width``, ``levels`` and ``source``, the code points as uint32 little-endian, and then one byte
a pixel holding a grey level from 0 (background) to ``levels - 1`` (ink), image after image, rows from the top.
"""

import json
import lzma
from collections.abc import Sequence
from functools import cache

import numpy as np

from tfglyph.errors import GlyphError
from tfglyph.files import PathLike, package_file

PACK: str = str(package_file("datasets", "data", "cns-32.xz"))

_MAGIC = b"tfglyph pack 1\n"
# One thread, no preset that varies, so that the same pictures give the same bytes.
_FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME}]


def write_pack(path: PathLike, characters: Sequence[str], images: np.ndarray, levels: int, source: str) -> None:
    """Writes pictures with fewer grey levels into a pack.

    Args:
        path: where to.
        characters: str or list of n characters.
        images: uint8 ``[n, h, w]``, ink 255 on 0.
        levels: int in 2…256, how many grey levels to keep.
        source: str, where the pictures come from.
    """
    count, height, width = images.shape
    header = {"count": count, "height": height, "width": width, "levels": levels, "source": source}
    codes = np.array([ord(character) for character in characters], "<u4")
    quantized = np.round(images * ((levels - 1) / 255)).astype(np.uint8)  # (n, h, w)
    content = _MAGIC + json.dumps(header).encode() + b"\n" + codes.tobytes() + quantized.tobytes()
    with open(path, "wb") as file:
        file.write(lzma.compress(content, format=lzma.FORMAT_XZ, check=lzma.CHECK_CRC64, filters=_FILTERS))


def read_pack(path: PathLike) -> tuple[list[str], np.ndarray]:
    """Reads a pack.

    Returns:
        A tuple of the characters (list of n str) and their pictures (uint8 ``[n, h, w]``, ink 255 on 0).

    Raises:
        GlyphError: the file is missing or damaged.
    """
    try:
        with open(path, "rb") as file:
            content = lzma.decompress(file.read(), format=lzma.FORMAT_XZ)
        if not content.startswith(_MAGIC):
            raise ValueError("it is not a pack")
        end = content.index(b"\n", len(_MAGIC)) + 1
        header = json.loads(content[len(_MAGIC) : end])
        shape = (header["count"], header["height"], header["width"])
        codes = np.frombuffer(content, "<u4", shape[0], end)
        pixels = np.frombuffer(content, np.uint8, int(np.prod(shape)), end + codes.nbytes)
        grey = np.round(np.arange(header["levels"]) * (255 / (header["levels"] - 1))).astype(np.uint8)
        return [chr(code) for code in codes], grey[pixels].reshape(shape)  # (n, h, w)
    except (OSError, EOFError, lzma.LZMAError, ValueError, KeyError, IndexError) as error:
        raise GlyphError(f"{path}: damaged glyph pack ({error}); install the package again") from None


@cache
def pack() -> tuple[list[str], np.ndarray]:
    """The embedded CNS characters and their pictures: list of 20,920 str and uint8 ``[20920, 32, 32]``."""
    characters, images = read_pack(PACK)
    images.flags.writeable = False
    return characters, images
