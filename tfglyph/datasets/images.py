"""One image file, from whatever it is to grey or RGB at the asked size. Nothing here trusts a file."""

import io
import os
import stat
import warnings

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from tfglyph.files import PathLike

EXTENSIONS = (".png", ".jpg", ".jpeg", ".jpe", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm")
_FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM")
_PIXELS = 1 << 26  # 8192×8192: more is no glyph but an accident or an attack
_BYTES = 1 << 28  # of one file


class ImageError(ValueError):
    """A file that gives no image; the message says why."""


def read_bytes(path: PathLike) -> bytes:
    """The content of a regular file of sensible size.

    Raises:
        ImageError: it is empty, far too large, or no regular file (a pipe would block for ever).
        OSError: it cannot be read.
    """
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):
        raise ImageError("not a regular file")
    if status.st_size == 0:
        raise ImageError("empty file (0 bytes)")
    if status.st_size > _BYTES:
        raise ImageError(f"{status.st_size:,} bytes are more than the limit of {_BYTES:,}")
    with open(path, "rb") as file:
        return file.read()


def decode(content: bytes) -> tuple[Image.Image, list[str]]:
    """Decodes an image file.

    Args:
        content: bytes of a PNG, JPEG, GIF, BMP, WebP, TIFF or PNM file.

    Returns:
        A tuple of a Pillow image of mode L or RGB, upright by its EXIF orientation, transparent parts over white, and a
        list of str that say what had to be converted.

    Raises:
        ImageError: it cannot be decoded, or only in part.
    """
    notes: list[str] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Pillow about damage: what is damaged raises further down
            image: Image.Image = Image.open(io.BytesIO(content), formats=_FORMATS)
            width, height = image.size
            if width * height > _PIXELS:
                raise ImageError(f"{width}x{height} pixels are more than the limit of {_PIXELS:,}")
            if image.format != "MPO" and getattr(image, "is_animated", False):
                notes.append("animated or of several pages: only the first is used")
                image.seek(0)
            image.load()
            if image.format == "PNG" and b"IEND" not in content:
                raise ImageError("damaged (cut off before its end)")
            image = _to_eight_bits(ImageOps.exif_transpose(image), notes)
    except ImageError:
        raise
    except UnidentifiedImageError:
        raise ImageError(f"not an image (it begins with {content[:16]!r})") from None
    except Image.DecompressionBombError:
        raise ImageError(f"more pixels than the limit of {_PIXELS:,}") from None
    except MemoryError:
        raise ImageError("it does not fit into memory") from None
    except Exception as error:  # decoders meet damage with nearly every exception there is
        raise ImageError(f"damaged ({' '.join(str(error).split()) or type(error).__name__})") from None
    return image, notes


def _to_eight_bits(image: Image.Image, notes: list[str]) -> Image.Image:
    """The image in mode L or RGB; what had to be converted is added to ``notes``."""
    if image.mode.startswith("I;16"):
        notes.append("16 bits: reduced to 8")
        return Image.fromarray((np.asarray(image).astype(np.uint32) * 255 // 65535).astype(np.uint8))
    if image.mode in ("I", "F"):
        raise ImageError(f"pixels of mode {image.mode} (32 bits) have no known range")
    if image.mode == "CMYK":
        notes.append("CMYK: converted to RGB")
    if image.mode == "P":
        notes.append("palette: converted")
    if image.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image).convert("RGB")
    image = image.convert("L" if image.mode in ("1", "L") else "RGB")
    return image if has_colour(image) else image.convert("L")


def has_colour(image: Image.Image) -> bool:
    """Whether an image (Pillow, mode L or RGB) has a pixel that is not grey."""
    if image.mode == "L":
        return False
    pixels = np.asarray(image)
    return bool((pixels[..., :1] != pixels).any())


def fit(image: Image.Image, shape: tuple[int, int, int], invert: bool = False, margin: float = 0.0) -> np.ndarray:
    """Scales an image into a frame: aspect kept, centred, by area where it shrinks.

    Args:
        image: Pillow image of mode L or RGB.
        shape: (h, w, c) with c 1 or 3.
        invert: bool, whether dark becomes light (before the frame's background, 0, is added).
        margin: float, the fraction of the frame's side to leave free on each side.

    Returns:
        uint8 ``[h, w, c]``.
    """
    height, width, channels = shape
    image = image.convert("L" if channels == 1 else "RGB")
    if invert:
        image = ImageOps.invert(image)
    if image.size != (width, height) or margin:
        room = (width * (1 - 2 * margin), height * (1 - 2 * margin))
        scale = min(room[0] / image.width, room[1] / image.height)
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        if scale < 1:
            image = image.resize(size, Image.Resampling.BOX)
        elif size != image.size:
            image = image.resize(size, Image.Resampling.BICUBIC)
        frame = Image.new(image.mode, (width, height), 0)
        frame.paste(image, ((width - size[0]) // 2, (height - size[1]) // 2))
        image = frame
    return np.asarray(image).reshape(height, width, channels)  # (h, w, c)


def border_is_light(image: Image.Image) -> bool | None:
    """True or False: the edge of a Pillow image (L or RGB) is mostly white or mostly black; None: neither."""
    pixels = np.asarray(image.convert("L"))
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    if np.mean(edge > 223) > 0.6:
        return True
    return False if np.mean(edge < 32) > 0.6 else None
