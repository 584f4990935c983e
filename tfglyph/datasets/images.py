"""One image file, from whatever it is to grey or RGB at the asked size. Nothing here trusts a file."""

import io
import os
import stat
import warnings

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from tfglyph.files import PathLike

_FORMATS = ("PNG", "JPEG", "JPEG2000", "GIF", "BMP", "DIB", "WEBP", "TIFF", "PPM")
_DEPTHS = (8, 10, 12, 14, 16)  # bits that cameras and scanners put into 16
_OPAQUE = 128  # of 255: parts of an image that count as visible
_ONE_TONE = 32  # grey levels around which ink alone stays
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
        content: bytes of a PNG, JPEG, JPEG 2000, GIF, BMP, WebP, TIFF or PNM file.

    Returns:
        A tuple of a Pillow image of mode L or RGB, upright by its EXIF orientation, transparent parts over white (over
        black, where all that is visible is light: it is the ink), and a list of str that say what had to be converted.

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
        values = np.asarray(image).astype(np.uint32)
        bits = next(depth for depth in _DEPTHS if values.max() < 1 << depth)
        notes.append("16 bits: reduced to 8" if bits == 16 else f"16 bits, of which {bits} are used: reduced to 8")
        return Image.fromarray((values * 255 // ((1 << bits) - 1)).astype(np.uint8))
    if image.mode in ("I", "F"):
        raise ImageError(f"pixels of mode {image.mode} (32 bits) have no known range")
    if image.mode == "CMYK":
        notes.append("CMYK: converted to RGB")
    if image.mode == "P":
        notes.append("palette: converted")
    if image.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        paper = "white"
        if _is_light_ink(image):
            paper = "black"
            notes.append("transparent, with light ink: laid over black")
        image = Image.alpha_composite(Image.new("RGBA", image.size, paper), image).convert("RGB")
    image = image.convert("L" if image.mode in ("1", "L") else "RGB")
    return image if has_colour(image) else image.convert("L")


def _is_light_ink(image: Image.Image) -> bool:
    """Whether what is visible of a partly transparent RGBA image is of one light tone, so that it is ink, not paper."""
    visible = np.asarray(image.getchannel("A")) >= _OPAQUE
    if not visible.any() or visible.all():
        return False
    tones = np.asarray(image.convert("RGB").convert("L"))[visible].astype(np.int32)
    middle = int(np.median(tones))
    return middle >= _OPAQUE and float(np.mean(np.abs(tones - middle) <= _ONE_TONE)) > 0.9


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
