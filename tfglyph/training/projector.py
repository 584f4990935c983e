"""The embedding projector of TensorBoard: encoded glyphs with their images and characters."""

import pathlib

import numpy as np

from tfglyph.datasets.glyphs import Glyphs
from tfglyph.files import PathLike, printable, write_errors
from tfglyph.imaging.grids import grid, save_png
from tfglyph.models.base import GlyphModel

GLYPHS = 10_000
LARGEST_SPRITE = 8192  # pixels a side, what browsers take as a texture


def write_projector(model: GlyphModel, glyphs: Glyphs, directory: PathLike, seed: int = 0) -> pathlib.Path:
    """Writes what the projector reads: latents, sprite, characters and ``projector_config.pbtxt``.

    TensorBoard looks for the configuration only in folders that hold event files, and in the root of its log
    directory; so ``directory`` should be a run directory.

    Args:
        model: a GlyphModel with ``encode``.
        glyphs: ``tfglyph.datasets.Glyphs``.
        directory: path of an existing folder.
        seed: int, decides which images, where there are more than ``GLYPHS``.

    Returns:
        pathlib.Path of the configuration.

    Raises:
        GlyphError: a file cannot be written.
    """
    directory = pathlib.Path(directory)
    rows = np.sort(np.random.default_rng(seed).permutation(len(glyphs))[:GLYPHS])
    images = np.asarray(glyphs.images[rows])  # (n, h, w, c)
    latents = model.encode(images)  # (n, d)
    thumbnails, columns = _thumbnails(images)
    names = _names(glyphs, rows)
    config = [
        'tensor_name: "latents"',
        f"tensor_shape: {latents.shape[0]}",
        f"tensor_shape: {latents.shape[1]}",
        'tensor_path: "projector-latents.bytes"',
        'sprite { image_path: "projector-sprite.png" '
        f"single_image_dim: {thumbnails.shape[2]} single_image_dim: {thumbnails.shape[1]} }}",
    ]
    save_png(directory / "projector-sprite.png", grid(thumbnails, columns=columns, padding=0))
    path = directory / "projector_config.pbtxt"
    with write_errors(directory):
        (directory / "projector-latents.bytes").write_bytes(latents.astype("<f4").tobytes())
        if names:
            (directory / "projector-names.tsv").write_text("\n".join(map(printable, names)) + "\n", encoding="utf-8")
            config.insert(1, 'metadata_path: "projector-names.tsv"')
        path.write_text("embeddings {\n  " + "\n  ".join(config) + "\n}\n", encoding="utf-8")
    return path


def _names(glyphs: Glyphs, rows: np.ndarray) -> list[str]:
    """What each image shows: its character, else its label's name, else nothing."""
    if glyphs.characters is not None:
        return [glyphs.characters[row] for row in rows]
    if glyphs.labels is not None and glyphs.label_names:
        return [glyphs.label_names[glyphs.labels[row]] for row in rows]
    return []


def _thumbnails(images: np.ndarray) -> tuple[np.ndarray, int]:
    """Images for the sprite, and its columns: a square of them that a browser can hold.

    The projector expects a square number of places, so the last row may be padded.
    """
    from PIL import Image

    columns = int(np.ceil(np.sqrt(len(images))))
    _, height, width, channels = images.shape
    shrink = min(1.0, LARGEST_SPRITE / (columns * max(height, width)))
    if shrink == 1.0:
        return images, columns
    size = max(1, int(width * shrink)), max(1, int(height * shrink))
    small = [
        np.asarray(Image.fromarray(image[..., 0] if channels == 1 else image).resize(size, Image.Resampling.BOX))
        for image in images
    ]
    return np.reshape(small, (len(images), size[1], size[0], channels)), columns
