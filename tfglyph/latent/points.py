"""Where walks begin: latents of seeds, of characters of a data set, and of image files."""

import dataclasses

import numpy as np

from tfglyph.errors import GlyphError, UsageError


@dataclasses.dataclass(frozen=True)
class Points:
    """Latents with what they came from."""

    latents: np.ndarray
    """float32 (n, d)"""
    names: list
    """str for each: "seed 3", a character, a file's name."""
    images: np.ndarray | None = None
    """uint8 (n, h, w, c), the real images that were encoded; None for seeds."""

    seeds: tuple = ()
    """int for each, where they came from seeds."""

    @property
    def faces(self):
        """dict from character to image, for ``tfglyph.imaging.grids``: the characters among the names."""
        if self.images is None:
            return {}
        return {name: image for name, image in zip(self.names, self.images, strict=True) if len(name) == 1}

    def __len__(self):
        return len(self.latents)


def seed_points(model, seeds):
    """``Points`` of seeds."""
    return Points(model.latents(seeds), [f"seed {seed}" for seed in seeds], seeds=tuple(seeds))


def image_points(model, images, names):
    """``Points`` of real images.

    Args:
        model: a GlyphModel.
        images: uint8 (n, h, w, c).
        names: list of n str.

    Raises:
        UsageError: the model has no encoder.
    """
    check_encodes(model)
    return Points(model.encode(images), list(names), np.asarray(images))


def check_encodes(model):
    """Raises UsageError for a model that cannot take an image apart."""
    if not model.can_encode:
        raise UsageError(
            f"{model.name}: a {model.architecture.mode} model has no encoder, so it cannot take up characters or image "
            "files; give seeds, or a model that encodes, such as a VAE-GAN"
        )


def find_characters(glyphs, characters):
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
        lacking = ", ".join(f"{letter if letter.isprintable() else ''} (U+{ord(letter):04X})" for letter in missing)
        raise GlyphError(f"data set {glyphs.name} lacks {lacking}")
    return np.stack([glyphs.images[rows[letter]] for letter in characters])


def read_image(path, shape):
    """An image file as a model sees one: fitted into its frame, ink white.

    Args:
        path: path of a PNG, JPEG, GIF, BMP, WebP, TIFF or PNM file. Of a grey image whose edge is light, dark is ink.
        shape: (h, w, c).

    Returns:
        uint8 (h, w, c).

    Raises:
        UsageError: no such file, or no image.
    """
    from tfglyph.datasets.images import ImageError, border_is_light, decode, fit, read_bytes

    try:
        image, _ = decode(read_bytes(path))
    except FileNotFoundError:
        raise UsageError(f"{path}: no such image file") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None
    except ImageError as error:
        raise UsageError(f"{path}: {error}") from None
    return fit(image, shape, invert=shape[2] == 1 and border_is_light(image) is True)


def split_codes(model):
    """How many of a latent's entries are z; the rest are codes, which walks treat apart.

    Args:
        model: a GlyphModel.

    Returns:
        int.
    """
    return model.architecture.z_dim


def with_z(latents, z):
    """Latents with another z and the same codes.

    Args:
        latents: float (n, d) or (d,).
        z: float (n, z_dim).

    Returns:
        float32 (n, d).
    """
    z = np.asarray(z, np.float32)
    rest = np.broadcast_to(np.asarray(latents, np.float32), (len(z), np.shape(latents)[-1]))[:, z.shape[1] :]
    return np.concatenate([z, rest], axis=1)
