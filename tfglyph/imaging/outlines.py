"""Glyph images as outlines: SVG files whose curves follow the edge of the ink."""

from types import ModuleType

import numpy as np

from tfglyph.errors import GlyphError
from tfglyph.imaging.grids import encode_png

TRACED_SIDE = 512  # pixels that the shorter side is enlarged to, at least, before it is traced


def check_tracer() -> ModuleType:
    """The package that traces; for a verb to call before it draws anything.

    Raises:
        GlyphError: the package vtracer is not installed.
    """
    try:
        import vtracer  # optional: the extra svg
    except ImportError:
        raise GlyphError("SVG outlines need the package vtracer: pip install 'tfglyph[svg]'") from None
    return vtracer


def to_svg(image: np.ndarray) -> str:
    """The outlines of a glyph, by vtracer's spline fitting.

    The grey edge of a small image says where the edge of the ink is to a fraction of a pixel: it is enlarged
    smoothly and cut at half ink before it is traced.

    Args:
        image: uint8 (h, w, 1), ink 255 on black.

    Returns:
        str: an SVG document, black on a transparent background, with a viewBox of the image's own size.

    Raises:
        GlyphError: the package vtracer is not installed.
    """
    vtracer = check_tracer()
    from PIL import Image  # slow: a tenth of a second, and most verbs trace nothing

    height, width = image.shape[:2]
    factor = -(-TRACED_SIDE // min(height, width))
    size = (width * factor, height * factor)
    ink = np.asarray(Image.fromarray(image[..., 0]).resize(size, Image.Resampling.BICUBIC)) >= 128
    page = np.where(ink, np.uint8(0), np.uint8(255))[..., None]  # (H, W, 1)
    traced = vtracer.convert_raw_image_to_svg(
        encode_png(page), "png", colormode="binary", mode="spline", filter_speckle=factor // 2, path_precision=2
    )
    return str(traced).replace(
        f'width="{size[0]}" height="{size[1]}"',
        f'viewBox="0 0 {size[0]} {size[1]}" width="{width}" height="{height}"',
    )
