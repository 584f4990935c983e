"""Character arithmetic: a * (A - B + C), in latent space and in pixels."""

import dataclasses
import os

import numpy as np

from tfglyph.errors import GlyphError, UsageError

SCALES = (0.25, 0.5, 1.0, 2.0, 3.0)
"""The coefficients a of the figures, from left to right."""


def analogy(a, b, c, scale=1.0):
    """``scale * (a - b + c)``: what is to c as a is to b.

    Args:
        a, b, c: float latents [..., d] of one shape; NumPy arrays or tensors.
        scale: float, the coefficient, or anything that broadcasts against [..., d].

    Returns:
        Latents [..., d] of the same kind.
    """
    return scale * (a - b + c)


def pixel_analogy(a, b, c):
    """A - B + C in the input domain, clipped to what a byte holds.

    The coefficients add up to one, so the result is the same picture whether bytes, [0, 1] or [-1, 1] are
    added.

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


def parse_terms(words):
    """Triples from what a person types: characters, together or apart, and paths of image files.

    Args:
        words: list of str, such as ["酪鉻鉸"], ["酪", "鉻", "鉸"] or ["a.png", "鉻", "鉸"].

    Returns:
        list of (Term, Term, Term).

    Raises:
        UsageError: the terms do not come in threes, or a path leads nowhere.
    """
    terms = []
    for word in words:
        if os.path.isfile(word):
            terms.append(Term(os.path.basename(word), word))
        elif os.sep in word or (len(word) > 3 and "." in word[1:-1]):
            raise UsageError(f"{word}: no such image file")
        else:
            terms += [Term(letter) for letter in word if not letter.isspace() and letter not in ",，、;；"]
    if not terms or len(terms) % 3:
        found = " ".join(term.name for term in terms[:12]) or "nothing"
        raise UsageError(f"A - B + C takes three terms, found {len(terms)} ({found}), as in 酪鉻鉸")
    return [tuple(terms[start : start + 3]) for start in range(0, len(terms), 3)]


def plain(name):
    """A term's name as part of a file's name: letters and digits of any script, at most 16; others as code points."""
    stem = os.path.splitext(name)[0] if len(name) > 1 else name
    kept = "".join(letter if letter.isalnum() else f"U{ord(letter):04X}" if len(stem) == 1 else "_" for letter in stem)
    return kept[:16]


def term_images(triples, shape, glyphs):
    """The images of triples of terms.

    Args:
        triples: list of (Term, Term, Term).
        shape: (h, w, c), the model's.
        glyphs: tfglyph.datasets.Glyphs, or None where all terms are files.

    Returns:
        uint8 (n, 3, h, w, c).

    Raises:
        UsageError: a file is no image.
        GlyphError: characters that the data lacks; names all of them.
    """
    from tfglyph.latent.points import find_characters, read_image

    letters = list(dict.fromkeys(term.name for triple in triples for term in triple if term.path is None))
    if letters and glyphs is None:
        raise GlyphError("characters need a data set to be found in")
    known = dict(zip(letters, find_characters(glyphs, letters), strict=True)) if letters else {}
    return np.stack(
        [
            [known[term.name] if term.path is None else read_image(term.path, shape) for term in triple]
            for triple in triples
        ]
    )  # (n, 3, h, w, c)


def results(computed):
    """The images that one ``tfglyph.validation.Arithmetic`` arrives at: the scaled sums and the sum in pixels.

    Returns:
        uint8 (len(SCALES) + 1, h, w, c).
    """
    return np.concatenate([computed.generated, computed.pixels])


def figure(triple, computed, neighbours, glyphs):
    """The four panels of ``validate`` with the nearest real glyphs under each result.

    Args:
        triple: (Term, Term, Term).
        computed: tfglyph.validation.Arithmetic.
        neighbours: dict from "pixels" and, for encoders, "latent" to tfglyph.latent.nearest.Neighbours of
            ``results(computed)``; empty for none.
        glyphs: tfglyph.datasets.Glyphs that the neighbours are rows of, or None.

    Returns:
        uint8 (H, W, 3).
    """
    from tfglyph.figures import Panel, panel_figure

    names = [f"{role} = {term.name}" for role, term in zip("ABC", triple, strict=True)]
    faces = {term.name: image for term, image in zip(triple, computed.originals, strict=True) if len(term.name) == 1}
    minus = "\N{MINUS SIGN}"
    labels = [f"a = {scale:g}" for scale in SCALES] + ["in pixels"]
    panels = [
        Panel("Originals", computed.originals, names),
        Panel("Reconstructions", computed.reconstructions, names),
        Panel(f"Generator of a · (A {minus} B + C), and A {minus} B + C in pixels", results(computed), labels),
    ]
    for kind, found in neighbours.items():
        rows = found.rows[:, 0]
        under = [f"{distance:.2f}" for distance in found.distances[:, 0]]
        if glyphs.characters is not None:
            letters = [glyphs.characters[row] for row in rows]
            under = [f"{letter}  {text}" for letter, text in zip(letters, under, strict=True)]
            faces |= {letter: glyphs.images[row] for letter, row in zip(letters, rows, strict=True)}
        panels.append(Panel(f"Nearest real glyph by {kind}", np.stack([glyphs.images[row] for row in rows]), under))
    a, b, c = (term.name for term in triple)
    return panel_figure(f"{a} {minus} {b} + {c}", panels, faces)
