"""Figures of A - B + C: the panels of one tuple, contact sheets of many, and the nearest real glyphs beside them."""

import dataclasses
import pathlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tfglyph.datasets.glyphs import Glyphs
from tfglyph.files import PathLike
from tfglyph.imaging.grids import Panel, beside, panel_figure, save_png, table_figure
from tfglyph.imaging.text import GlyphImages
from tfglyph.latent.arithmetic import SCALES, Arithmetic, Reading, Term, compute
from tfglyph.latent.description_answers import DescriptionAnswer
from tfglyph.latent.nearest import Neighbours
from tfglyph.latent.tuples import MINUS, Tuple
from tfglyph.progress import progress

if TYPE_CHECKING:
    from tfglyph.models.base import GlyphModel

SHEET_ROWS = 100  # tuples on one contact sheet


@dataclasses.dataclass(frozen=True)
class ShownModel:
    """A model whose A - B + C is drawn.

    Attributes:
        model: a GlyphModel with ``encode`` and ``decode``.
        title: str, which model this is.
        options: dict of what ``decode`` takes.
    """

    model: "GlyphModel"
    title: str
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def draw(
    models: Sequence[ShownModel],
    glyphs: Glyphs,
    tuples: Sequence[Tuple],
    directory: PathLike,
    answers: Sequence[DescriptionAnswer | None] | None = None,
) -> list[pathlib.Path]:
    """Draws a figure for each tuple, and contact sheets of them all.

    Args:
        models: list of ShownModel, at least one; the panels of several stand side by side.
        glyphs: ``tfglyph.datasets.Glyphs`` that has the tuples' characters, in the size of all models.
        tuples: list of ``Tuple``, at least one.
        directory: path; gets ``test-arith-<nn>.png`` and ``contact-sheet.png`` (and ``contact-sheet-2.png`` and so on
            for more than a hundred tuples).
        answers: list of a DescriptionAnswer or None for each tuple; None: without them.

    Returns:
        list of pathlib.Path, the files in the order in which they were written.

    Raises:
        GlyphError: a file cannot be written.
    """
    directory, rows = pathlib.Path(directory), glyphs.rows_by_character()
    answers = [None] * len(tuples) if answers is None else answers
    paths: list[pathlib.Path] = []
    with progress(total=len(tuples), description="figures", unit="tuple") as bar:
        for start in range(0, len(tuples), SHEET_ROWS):
            part = slice(start, start + SHEET_ROWS)
            images = np.stack([[glyphs.images[rows[letter]] for letter in entry.characters] for entry in tuples[part]])
            of_models = [compute(shown.model, images, **shown.options) for shown in models]
            sheet = []
            for entry, answer, *results in zip(tuples[part], answers[part], *of_models, strict=True):
                glyph_images = _glyph_images(entry, [result.reading for result in results], answer, glyphs, rows)
                cells = SheetRow(entry, results, glyph_images, answer)
                path = directory / f"test-arith-{entry.number:02d}.png"
                paths.append(save_png(path, _figure(cells, [shown.title for shown in models])))
                sheet.append(cells)
                bar.update(1)
            page = start // SHEET_ROWS + 1
            name = "contact-sheet.png" if page == 1 else f"contact-sheet-{page}.png"
            paths.append(save_png(directory / name, contact_sheet(sheet, [shown.title for shown in models])))
    return paths


@dataclasses.dataclass(frozen=True)
class SheetRow:
    """One tuple with the results of one or several models.

    Attributes:
        entry: ``Tuple``.
        results: list of ``Arithmetic``, one for each model.
        glyph_images: the images of the characters, for texts.
        answer: DescriptionAnswer, or None.
    """

    entry: Tuple
    results: Sequence[Arithmetic]
    glyph_images: GlyphImages
    answer: DescriptionAnswer | None = None


def _glyph_images(
    entry: Tuple,
    readings: Sequence[Reading | None],
    answer: DescriptionAnswer | None,
    glyphs: Glyphs,
    rows: Mapping[str, int],
) -> GlyphImages:
    """The images of the characters of a tuple and of the titles of its answers, as far as the data has them."""
    titles = [reading.title for reading in readings if reading is not None]
    letters = [*entry.characters, *"".join(titles), *(answer.title if answer is not None else "")]
    return {letter: glyphs.images[rows[letter]] for letter in letters if letter in rows}


def _figure(row: SheetRow, titles: Sequence[str]) -> np.ndarray:
    """The figure of one tuple: the panels of each model side by side, that of the descriptions below the last one's."""
    if len(titles) == 1:
        return tuple_figure(row.entry, row.results[0], row.glyph_images, row.answer)
    pages = []
    for number, (title, result) in enumerate(zip(titles, row.results, strict=True), start=1):
        answer = row.answer if number == len(titles) else None
        pages.append(tuple_figure(row.entry, result, row.glyph_images, answer, title))
    return beside(pages)


def tuple_figure(
    entry: Tuple,
    result: Arithmetic,
    glyph_images: GlyphImages,
    answer: DescriptionAnswer | None = None,
    model: str | None = None,
) -> np.ndarray:
    """The four panels of one tuple; one more where the model's prior has parts, and one where descriptions answer.

    Args:
        entry: ``Tuple``.
        result: ``Arithmetic``.
        glyph_images: the images of the characters, for texts.
        answer: DescriptionAnswer, or None.
        model: str, which model this is, for the heading; None: not said.

    Returns:
        uint8 [H, W, 3].
    """
    panels = [
        *_inputs(result, entry.characters),
        Panel(f"Generator of a · (A {MINUS} B + C)", result.generated, [f"a = {scale:g}" for scale in SCALES]),
        Panel(f"A {MINUS} B + C in pixels", result.pixels),
        *_reading(result),
    ]
    if answer is not None and answer.image is not None:
        panels.append(Panel(f"By descriptions: {answer.title}", answer.image[None]))
    return panel_figure(entry.title + (f"   {model}" if model else ""), panels, glyph_images)


def contact_sheet(rows: Sequence[SheetRow], titles: Sequence[str]) -> np.ndarray:
    """One row per tuple, with the same images as its figure.

    Args:
        rows: list of SheetRow.
        titles: list of str, which models these are.

    Returns:
        uint8 [H, W, 3].
    """
    of_model = [("Reconstructions", "ABC"), (f"a · (A {MINUS} B + C) for a =", [f"{scale:g}" for scale in SCALES])]
    headers: list[tuple[str, Sequence[str]]] = [("Originals", "ABC")]
    have_readings = [all(row.results[number].reading for row in rows) for number in range(len(titles))]
    for title, has_readings in zip(titles, have_readings, strict=True):
        headers += of_model if len(titles) == 1 else [(f"{title}: reconstructions", "ABC"), of_model[1]]
        headers += [("most probable parts", [""])] if has_readings else []
    headers.append(("in pixels", [f"A{MINUS}B+C"]))
    has_answers = any(row.answer is not None and row.answer.image is not None for row in rows)
    if has_answers:
        headers.append(("by descriptions", [""]))
    glyph_images: dict[str, np.ndarray] = {}
    lines = []
    for row in rows:
        glyph_images.update(row.glyph_images)
        first, answer = row.results[0], row.answer
        groups = [first.originals]
        for result in row.results:
            groups += [result.reconstructions, result.generated]
            groups += [result.reading.image] if result.reading is not None else []
        groups.append(first.pixels)
        if has_answers:
            image = answer.image if answer is not None else None
            groups.append(np.full_like(first.pixels, 255) if image is None else image[None])
        equals = f" = {answer.total.text}" if answer is not None and answer.total.text else ""
        lines.append((f"{row.entry.number:02d}  {row.entry.title}{equals}", groups))
    return table_figure(" and ".join(titles), headers, lines, glyph_images)


def neighbours_figure(
    triple: tuple[Term, Term, Term],
    result: Arithmetic,
    neighbours: Mapping[str, Neighbours],
    glyphs: Glyphs | None,
    answer: DescriptionAnswer | None = None,
    answer_neighbours: Mapping[str, Neighbours] | None = None,
) -> np.ndarray:
    """The panels of ``tuple_figure``, with the nearest real glyphs below each result, or beside the answer.

    Args:
        triple: (Term, Term, Term).
        result: Arithmetic.
        neighbours: dict from "pixels" and, for encoders, "latent" to tfglyph.latent.nearest.Neighbours of
            ``result.results``; empty for none.
        glyphs: tfglyph.datasets.Glyphs that the neighbours are rows of, or None.
        answer: DescriptionAnswer, or None.
        answer_neighbours: the same dict as ``neighbours``, of ``answer.image`` alone; None for none.

    Returns:
        uint8 (H, W, 3).
    """
    names = [term.name for term in triple]
    glyph_images = {name: image for name, image in zip(names, result.originals, strict=True) if len(name) == 1}
    title = f"Generator of a · (A {MINUS} B + C), and A {MINUS} B + C in pixels"
    labels = [f"a = {scale:g}" for scale in SCALES] + ["in pixels"]
    panels = [*_inputs(result, names), Panel(title, result.results, labels)]
    for kind, nearest in neighbours.items():
        images, texts, letters = _nearest(nearest, glyphs)
        glyph_images |= letters
        panels.append(Panel(f"Nearest real glyph by {kind}", images, texts))
    panels += _reading(result)
    if answer is not None and answer.image is not None:
        strip, labels = [answer.image[None]], ["composed"]
        for nearest in (answer_neighbours or {}).values():
            images, texts, letters = _nearest(nearest, glyphs)
            glyph_images |= letters
            strip.append(images)
            labels += texts
        kinds = " and ".join(f"by {kind}" for kind in answer_neighbours or {})
        title = f"By descriptions: {answer.title}" + (f", and the nearest real glyphs {kinds}" if kinds else "")
        panels.append(Panel(title, np.concatenate(strip), labels))
        if glyphs is not None and glyphs.characters is not None:
            rows_of = glyphs.rows_by_character()
            glyph_images |= {letter: glyphs.images[rows_of[letter]] for letter in answer.title if letter in rows_of}
    a, b, c = names
    return panel_figure(f"{a} {MINUS} {b} + {c}", panels, glyph_images)


def _nearest(nearest: Neighbours, glyphs: Glyphs | None) -> tuple[np.ndarray, list[str], dict[str, np.ndarray]]:
    """The nearest real glyph of each query: images uint8 (n, h, w, c), texts, and images of characters in these."""
    if glyphs is None:
        raise ValueError("neighbours are rows of a data set, which is missing")
    rows = nearest.rows[:, 0]
    texts = [f"{distance:.2f}" for distance in nearest.distances[:, 0]]
    letters: dict[str, np.ndarray] = {}
    if glyphs.characters is not None:
        names = [glyphs.characters[row] for row in rows]
        texts = [f"{name}  {text}" for name, text in zip(names, texts, strict=True)]
        letters = {name: glyphs.images[row] for name, row in zip(names, rows, strict=True)}
    return np.stack([glyphs.images[row] for row in rows]), texts, letters


def _reading(result: Arithmetic) -> list[Panel]:
    """The panel of what a model whose prior has parts reads the sum as; none for others."""
    reading = result.reading
    return [] if reading is None else [Panel(f"Most probable parts: {reading.title}", reading.image)]


def _inputs(result: Arithmetic, names: Sequence[str]) -> list[Panel]:
    """The panels of the three images and of their reconstructions."""
    labels = [f"{role} = {name}" for role, name in zip("ABC", names, strict=True)]
    return [
        Panel("Originals", result.originals, labels),
        Panel("Reconstructions", result.reconstructions, labels),
    ]
