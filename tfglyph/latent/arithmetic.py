"""Character arithmetic: a * (A - B + C), in latent space and in pixels."""

import dataclasses
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tfglyph.composition.arithmetic import WHOLE, DescriptionSum
from tfglyph.composition.parsing import resolve
from tfglyph.composition.text import read_noted
from tfglyph.datasets.glyphs import Glyphs
from tfglyph.datasets.polarity import Ink
from tfglyph.errors import GlyphError, UsageError
from tfglyph.files import printable
from tfglyph.latent.points import find_characters, read_image
from tfglyph.latent.tuples import split_characters

if TYPE_CHECKING:
    from tfglyph.models.base import GlyphModel

SCALES = (0.25, 0.5, 1.0, 2.0, 3.0)
"""The coefficients a of the figures, from left to right."""


def analogy(a: Any, b: Any, c: Any, scale: Any = 1.0) -> Any:
    """``scale * (a - b + c)``: what is to c as a is to b.

    Args:
        a, b, c: float latents [..., d] of one shape; NumPy arrays or tensors.
        scale: float, the coefficient, or anything that broadcasts against [..., d].

    Returns:
        Latents [..., d] of the same kind.
    """
    return scale * (a - b + c)


def pixel_analogy(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """A - B + C in the input domain, clipped to what a byte holds.

    The coefficients add up to one, so the result is the same picture whether bytes, [0, 1] or [-1, 1] are added.

    Args:
        a, b, c: uint8 images [..., h, w, c] of one shape.

    Returns:
        uint8 images of that shape.
    """
    a, b, c = (np.asarray(image, np.int16) for image in (a, b, c))
    return np.clip(a - b + c, 0, 255).astype(np.uint8)


@dataclasses.dataclass(frozen=True)
class Term:
    """One of A, B and C: a character of the data, or an image file."""

    name: str
    """The character, or the file's name."""
    path: str | None = None
    """Where the image file is; None for a character."""


def parse_terms(words: Sequence[str]) -> list[tuple[Term, Term, Term]]:
    """Triples of terms from words: characters, together or apart, and paths of image files.

    Args:
        words: list of str as typed, such as ["酪鉻鉸"], ["酪", "鉻", "鉸"] or ["a.png", "鉻", "鉸"].

    Returns:
        list of (Term, Term, Term).

    Raises:
        UsageError: the terms do not come in threes, or a path leads nowhere.
    """
    terms: list[Term] = []
    for word in words:
        if os.path.isfile(word):
            terms.append(Term(printable(os.path.basename(word)), word))
        elif os.sep in word or (len(word) > 3 and "." in word[1:-1]):
            raise UsageError(f"{printable(word)}: no such image file")
        else:
            read_noted(word, "A - B + C")
            terms += [Term(letter) for letter in split_characters(word)]
    if not terms or len(terms) % 3:
        names = " ".join(term.name for term in terms[:12]) or "nothing"
        raise UsageError(f"A - B + C takes three terms, found {len(terms)} ({names}), as in 酪鉻鉸")
    return [(terms[i], terms[i + 1], terms[i + 2]) for i in range(0, len(terms), 3)]


def file_name_part(name: str) -> str:
    """A term's name as part of a file's name: letters and digits of any script, at most 16; others as code points."""
    stem = os.path.splitext(name)[0] if len(name) > 1 else name
    parts = (letter if letter.isalnum() else f"U{ord(letter):04X}" if len(stem) == 1 else "_" for letter in stem)
    return "".join(parts)[:16]


def term_images(
    triples: Sequence[tuple[Term, Term, Term]],
    shape: tuple[int, int, int],
    glyphs: Glyphs | None,
    ink: Ink | None = None,
) -> np.ndarray:
    """The images of triples of terms.

    Args:
        triples: list of (Term, Term, Term).
        shape: (h, w, c), the model's.
        glyphs: tfglyph.datasets.Glyphs, or None where all terms are files.
        ink: of image files; see ``read_image``.

    Returns:
        uint8 (n, 3, h, w, c).

    Raises:
        UsageError: a file is no image.
        GlyphError: characters that the data lacks; names all of them.
    """
    letters = list(dict.fromkeys(term.name for triple in triples for term in triple if term.path is None))
    character_images: dict[str, np.ndarray] = {}
    if letters:
        if glyphs is None:
            raise GlyphError("characters need a data set to be found in")
        character_images = dict(zip(letters, find_characters(glyphs, letters), strict=True))
    return np.stack(
        [
            [character_images[term.name] if term.path is None else read_image(term.path, shape, ink) for term in triple]
            for triple in triples
        ]
    )  # (n, 3, h, w, c)


# === On a trained model ===


@dataclasses.dataclass(frozen=True)
class Reading:
    """What a model whose prior has parts reads a sum of latents as."""

    description: str
    """The most probable description; empty where the model knows no parts."""
    image: np.ndarray
    """uint8 (1, h, w, c), that of the prior's mean for it."""

    @property
    def title(self) -> str:
        """The description, and the character that it is of, where there is one: ``⿰木句 = 枸``."""
        return DescriptionSum(resolve(self.description, WHOLE)).title if self.description else "no parts"


@dataclasses.dataclass(frozen=True)
class Arithmetic:
    """The images of one A - B + C; all uint8."""

    originals: np.ndarray
    """(3, h, w, c)"""
    reconstructions: np.ndarray
    """(3, h, w, c)"""
    generated: np.ndarray
    """(len(SCALES), h, w, c), the scaled sums."""
    pixels: np.ndarray
    """(1, h, w, c), the sum in pixels."""
    reading: Reading | None = None
    """The sum by its most probable parts; None but for models whose prior has parts."""

    @property
    def results(self) -> np.ndarray:
        """uint8 (len(SCALES) + 1, h, w, c): the scaled sums and the sum in pixels."""
        return np.concatenate([self.generated, self.pixels])


def compute(model: "GlyphModel", images: np.ndarray, **options: Any) -> list[Arithmetic]:
    """Reconstructions and sums for triples of images.

    Args:
        model: a GlyphModel with ``encode`` and ``decode``.
        images: uint8 [n, 3, h, w, c], n at least 1.
        **options: what ``decode`` takes.

    Returns:
        list of n ``Arithmetic``.
    """
    count, shape = len(images), images.shape[2:]
    latents = np.reshape(model.encode(images.reshape(-1, *shape)), (count, 3, -1))  # (n, 3, d)
    a, b, c = np.moveaxis(latents, 1, 0)
    sums = [analogy(a, b, c, np.float32(scale)) for scale in SCALES]
    all_latents = np.concatenate([latents, np.stack(sums, axis=1)], axis=1)  # (n, 3 + scales, d)
    decoded = model.decode(all_latents.reshape(-1, all_latents.shape[-1]), **options)
    decoded = np.reshape(decoded, (count, -1, *shape))  # (n, 3 + scales, h, w, c)
    total = analogy(a, b, c)  # (n, d)
    snapped = model.snap(total)
    readings: list[Reading | None] = [None] * count
    if snapped is not total:  # the prior has parts
        texts, drawn = model.describe(total), model.decode(snapped, **options)
        readings = [Reading(text, image[None]) for text, image in zip(texts, drawn, strict=True)]
    return [
        Arithmetic(images[i], decoded[i, :3], decoded[i, 3:], pixel_analogy(*images[i])[None], readings[i])
        for i in range(count)
    ]
