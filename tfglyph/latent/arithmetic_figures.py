"""Figures of A - B + C: the panels of one tuple, contact sheets of many, and the nearest real glyphs beside them."""

import pathlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tfglyph.datasets.glyphs import Glyphs
from tfglyph.files import PathLike
from tfglyph.imaging.grids import Panel, panel_figure, save_png, table_figure
from tfglyph.imaging.text import GlyphImages
from tfglyph.latent.arithmetic import SCALES, Arithmetic, Term, compute
from tfglyph.latent.nearest import Neighbours
from tfglyph.latent.tuples import MINUS, Tuple
from tfglyph.progress import progress

if TYPE_CHECKING:
    from tfglyph.models.base import GlyphModel

SHEET_ROWS = 100  # tuples on one contact sheet


def draw(
    model: "GlyphModel",
    glyphs: Glyphs,
    tuples: Sequence[Tuple],
    directory: PathLike,
    title: str,
    **options: Any,
) -> list[pathlib.Path]:
    """Draws a figure for each tuple, and contact sheets of them all.

    Args:
        model: a GlyphModel with ``encode`` and ``decode``.
        glyphs: ``tfglyph.datasets.Glyphs`` that has the tuples' characters.
        tuples: list of ``Tuple``, at least one.
        directory: path; gets ``test-arith-<nn>.png`` and ``contact-sheet.png`` (and ``contact-sheet-2.png`` and so on
            for more than a hundred tuples).
        title: str, of the contact sheets: which model this is.
        **options: what ``decode`` takes.

    Returns:
        list of pathlib.Path, the files in the order in which they were written.

    Raises:
        GlyphError: a file cannot be written.
    """
    directory, rows = pathlib.Path(directory), glyphs.rows_by_character()
    paths: list[pathlib.Path] = []
    with progress(total=len(tuples), description="figures", unit="tuple") as bar:
        for start in range(0, len(tuples), SHEET_ROWS):
            part = tuples[start : start + SHEET_ROWS]
            images = np.stack([[glyphs.images[rows[letter]] for letter in entry.characters] for entry in part])
            sheet: list[tuple[Tuple, Arithmetic, GlyphImages]] = []
            for entry, result in zip(part, compute(model, images, **options), strict=True):
                glyph_images = dict(zip(entry.characters, result.originals, strict=True))
                path = directory / f"test-arith-{entry.number:02d}.png"
                paths.append(save_png(path, tuple_figure(entry, result, glyph_images)))
                sheet.append((entry, result, glyph_images))
                bar.update(1)
            page = start // SHEET_ROWS + 1
            name = "contact-sheet.png" if page == 1 else f"contact-sheet-{page}.png"
            paths.append(save_png(directory / name, contact_sheet(sheet, title)))
    return paths


def tuple_figure(entry: Tuple, result: Arithmetic, glyph_images: GlyphImages) -> np.ndarray:
    """The four panels of one tuple.

    Args:
        entry: ``Tuple``.
        result: ``Arithmetic``.
        glyph_images: the images of the characters, for texts.

    Returns:
        uint8 [H, W, 3].
    """
    panels = [
        *_inputs(result, entry.characters),
        Panel(f"Generator of a · (A {MINUS} B + C)", result.generated, [f"a = {scale:g}" for scale in SCALES]),
        Panel(f"A {MINUS} B + C in pixels", result.pixels),
    ]
    return panel_figure(entry.title, panels, glyph_images)


def contact_sheet(entries: Sequence[tuple[Tuple, Arithmetic, GlyphImages]], title: str) -> np.ndarray:
    """One row per tuple, with the same images as its figure.

    Args:
        entries: list of (``Tuple``, ``Arithmetic``, glyph images), as for ``tuple_figure``.
        title: str.

    Returns:
        uint8 [H, W, 3].
    """
    headers = [
        ("Originals", "ABC"),
        ("Reconstructions", "ABC"),
        (f"a · (A {MINUS} B + C) for a =", [f"{scale:g}" for scale in SCALES]),
        ("in pixels", [f"A{MINUS}B+C"]),
    ]
    glyph_images: dict[str, np.ndarray] = {}
    rows = []
    for entry, result, tuple_images in entries:
        glyph_images.update(tuple_images)
        groups = [result.originals, result.reconstructions, result.generated, result.pixels]
        rows.append((f"{entry.number:02d}  {entry.title}", groups))
    return table_figure(title, headers, rows, glyph_images)


def neighbours_figure(
    triple: tuple[Term, Term, Term],
    result: Arithmetic,
    neighbours: Mapping[str, Neighbours],
    glyphs: Glyphs | None,
) -> np.ndarray:
    """The panels of ``tuple_figure``, with the nearest real glyphs below each result.

    Args:
        triple: (Term, Term, Term).
        result: Arithmetic.
        neighbours: dict from "pixels" and, for encoders, "latent" to tfglyph.latent.nearest.Neighbours of
            ``result.results``; empty for none.
        glyphs: tfglyph.datasets.Glyphs that the neighbours are rows of, or None.

    Returns:
        uint8 (H, W, 3).
    """
    names = [term.name for term in triple]
    glyph_images = {name: image for name, image in zip(names, result.originals, strict=True) if len(name) == 1}
    title = f"Generator of a · (A {MINUS} B + C), and A {MINUS} B + C in pixels"
    labels = [f"a = {scale:g}" for scale in SCALES] + ["in pixels"]
    panels = [*_inputs(result, names), Panel(title, result.results, labels)]
    for kind, nearest in neighbours.items():
        if glyphs is None:
            raise ValueError("neighbours are rows of a data set, which is missing")
        rows = nearest.rows[:, 0]
        texts = [f"{distance:.2f}" for distance in nearest.distances[:, 0]]
        if glyphs.characters is not None:
            letters = [glyphs.characters[row] for row in rows]
            texts = [f"{letter}  {text}" for letter, text in zip(letters, texts, strict=True)]
            glyph_images |= {letter: glyphs.images[row] for letter, row in zip(letters, rows, strict=True)}
        panels.append(Panel(f"Nearest real glyph by {kind}", np.stack([glyphs.images[row] for row in rows]), texts))
    a, b, c = names
    return panel_figure(f"{a} {MINUS} {b} + {c}", panels, glyph_images)


def _inputs(result: Arithmetic, names: Sequence[str]) -> list[Panel]:
    """The panels of the three images and of their reconstructions."""
    labels = [f"{role} = {name}" for role, name in zip("ABC", names, strict=True)]
    return [
        Panel("Originals", result.originals, labels),
        Panel("Reconstructions", result.reconstructions, labels),
    ]
