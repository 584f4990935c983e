"""Points in latent space: latents of seeds, of characters of a data set, and of image files."""

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tfglyph.composition.text import code_points
from tfglyph.datasets.glyphs import Glyphs
from tfglyph.datasets.images import ImageError, decode, fit, read_bytes
from tfglyph.datasets.polarity import Ink, ink_is_dark, is_blank, must_invert
from tfglyph.errors import GlyphError, UsageError, warn
from tfglyph.files import PathLike, printable

if TYPE_CHECKING:
    from tfglyph.models.base import GlyphModel


@dataclasses.dataclass(frozen=True)
class Points:
    """Latents with what they came from."""

    latents: np.ndarray
    """float32 (n, d)"""
    names: list[str]
    """One for each: "seed 3", a character, a file's name."""
    images: np.ndarray | None = None
    """uint8 (n, h, w, c), the real images that were encoded; None for seeds."""

    seeds: tuple[int, ...] = ()
    """One for each, where they came from seeds."""

    @property
    def glyph_images(self) -> dict[str, np.ndarray]:
        """The images of those names that are characters, for the texts of ``tfglyph.imaging.grids``."""
        if self.images is None:
            return {}
        return {name: image for name, image in zip(self.names, self.images, strict=True) if len(name) == 1}

    def __len__(self) -> int:
        return len(self.latents)


def seed_points(model: "GlyphModel", seeds: Sequence[int]) -> Points:
    """``Points`` of seeds."""
    return Points(model.latents(seeds), [f"seed {seed}" for seed in seeds], seeds=tuple(seeds))


def image_points(model: "GlyphModel", images: np.ndarray, names: Sequence[str]) -> Points:
    """``Points`` of real images.

    Args:
        model: a GlyphModel.
        images: uint8 (n, h, w, c).
        names: list of n str.

    Raises:
        UsageError: the model has no encoder.
    """
    check_can_encode(model)
    return Points(model.encode(images), list(names), np.asarray(images))


def check_can_encode(model: "GlyphModel") -> None:
    """Raises UsageError for a model without an encoder."""
    if not model.can_encode:
        raise UsageError(
            f"{model.name}: a {model.architecture.mode} model has no encoder, so it cannot take characters or image "
            "files; give seeds, or a model that encodes, such as a VAE-GAN"
        )


def find_characters(glyphs: Glyphs, characters: Sequence[str]) -> np.ndarray:
    """The images of characters.

    Args:
        glyphs: tfglyph.datasets.Glyphs.
        characters: str or list of str.

    Returns:
        uint8 (n, h, w, c).

    Raises:
        GlyphError: the set lacks one of them; names all that it lacks.
    """
    rows = glyphs.rows_by_character()
    missing = [letter for letter in dict.fromkeys(characters) if letter not in rows]
    if missing:
        lacking = ", ".join(f"{letter if letter.isprintable() else ''} ({code_points(letter)})" for letter in missing)
        raise GlyphError(f"data set {glyphs.name} lacks {lacking}")
    return np.stack([glyphs.images[rows[letter]] for letter in characters])


def read_image(path: PathLike, shape: tuple[int, int, int], ink: Ink | None = None) -> np.ndarray:
    """An image file as a model takes it: fitted into its frame, white ink on black.

    Args:
        path: path of an image file that ``tfglyph.datasets.images.decode`` reads.
        shape: (h, w, c).
        ink: ``black``, ``white``, or ``auto`` (the same as None): found from a grey image, see
            ``tfglyph.datasets.polarity``.

    Returns:
        uint8 (h, w, c).

    Raises:
        UsageError: no such file, or no image.
    """
    try:
        image, _ = decode(read_bytes(path))
    except FileNotFoundError:
        raise UsageError(f"{printable(path)}: no such image file") from None
    except OSError as error:
        raise UsageError(f"{printable(path)}: cannot be read: {error.strerror}") from None
    except ImageError as error:
        raise UsageError(f"{printable(path)}: {error}") from None
    dark = ink_is_dark(image) if (ink or "auto") == "auto" and shape[2] == 1 else None
    if dark is None and (ink or "auto") == "auto" and shape[2] == 1:
        blank = is_blank(np.asarray(image))
        why = "of one colour: there is nothing in it" if blank else "it does not tell ink from paper: kept as it is"
        warn(f"{printable(path)}: {why}" + ("" if blank else " (light ink); --ink black turns it over"))
    return fit(image, shape, invert=must_invert(ink or "auto", dark is True, shape[2]))


def with_z(latents: Any, z: Any) -> np.ndarray:
    """Latents with another z and the same codes.

    Args:
        latents: float (n, d) or (d,).
        z: float (n, z_dim).

    Returns:
        float32 (n, d).
    """
    z = np.asarray(z, np.float32)
    codes = np.broadcast_to(np.asarray(latents, np.float32), (len(z), np.shape(latents)[-1]))[:, z.shape[1] :]
    return np.concatenate([z, codes], axis=1)
