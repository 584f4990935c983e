"""A font that a person drops, with the characters that it lacks: see them, take the font along."""

import dataclasses
import functools
import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from tfglyph.completion import Options, Report, ask, complete, plan, write_page
from tfglyph.completion.model_drawer import ModelDrawer
from tfglyph.composition import OPERATORS
from tfglyph.errors import GlyphError, UsageError
from tfglyph.fontfiles import natural_suffix, open_font, other_family
from tfglyph.models import GlyphModel
from tfglyph.outlines import render
from tfglyph.studio.components import run_button
from tfglyph.studio.state import LoadedModel, Studio
from tfglyph.studio.uploads import SUFFIXES, UploadedFont, uploaded_font

TITLE = "Complete a font"
MOST = 200  # glyphs at once
WRITING_SECONDS = 120.0  # to write the completed font
SHOWN = 160  # pixels of a glyph on the page


def fits(model: GlyphModel) -> bool:
    return getattr(model, "exemplars", None) is not None


def build(studio: Studio, models: Sequence[LoadedModel]) -> None:
    import gradio

    with gradio.Row():
        with gradio.Column():
            font = gradio.File(
                label="A font: TTF, OTF, TTC, WOFF or WOFF2", file_types=SUFFIXES, elem_id="complete-font"
            )
            typed = gradio.Textbox(
                label="Characters that it lacks, and descriptions of new ones, each on a line of its own",
                lines=3,
                elem_id="complete-typed",
            )
            with gradio.Row():
                variants = gradio.Slider(1, 8, 1, step=1, label="Variants")
                seed = gradio.Number(0, precision=0, minimum=0, label="Seed")
            right = gradio.Checkbox(False, label="I have the right to complete a font whose embedding bits forbid it")
            start = gradio.Column()
        with gradio.Column():
            said = gradio.Textbox(label="What came of it", lines=8, interactive=False, elem_id="complete-said")
            with gradio.Row():
                font_file = gradio.DownloadButton("The completed font", interactive=False, elem_id="complete-download")
                page_file = gradio.DownloadButton("The page about it", interactive=False)
    gallery = gradio.Gallery(label="New glyphs", columns=8, elem_id="complete-gallery", format="png")

    def draw(path: str | None, typed: str, variants: float, seed: Any, right: bool) -> tuple[Any, ...]:
        model = models[0].model
        made = completed(studio, model, path, typed, int(variants), int(seed or 0), bool(right))
        captions = [f"{glyph.text} {glyph.score.value:.2f}" for glyph in made.report.glyphs]
        files = [studio.png(picture[..., None]) for picture in made.pictures]
        return (
            "\n".join(made.lines),
            list(zip(files, captions, strict=True)),
            gradio.DownloadButton("The completed font", value=str(made.report.font), interactive=True),
            gradio.DownloadButton("The page about it", value=str(made.page), interactive=True),
        )

    with start:
        inputs = [font, typed, variants, seed, right]
        run_button(studio, "Complete", draw, inputs, [said, gallery, font_file, page_file], "complete-run")


@dataclasses.dataclass(frozen=True)
class Made:
    """What came of an uploaded font.

    Attributes:
        report: Report.
        lines: list of str: what a person should know.
        pictures: uint8 (n, SHOWN, SHOWN), the new glyphs as they are in the completed font.
        page: pathlib.Path, the page about it.
    """

    report: Report
    lines: list[str]
    pictures: np.ndarray
    page: pathlib.Path


def completed(studio: Studio, model: Any, path: str | None, typed: str, variants: int, seed: int, right: bool) -> Made:
    """Completes an uploaded font, which only a process of its own reads, with limits on time and memory.

    Args:
        studio: Studio, which knows where files go.
        model: a GlyphModel that ``fits``.
        path: str or None, the uploaded font.
        typed: str, characters, and on lines of their own descriptions.
        variants: int.
        seed: int.
        right: bool, whether restricted embedding bits are no obstacle.

    Returns:
        Made.

    Raises:
        UsageError: no font, no characters, or too many.
        GlyphError: a font that cannot be completed, or that takes too long or too much memory.
    """
    if not path:
        raise UsageError("drop a font first: TTF, OTF, TTC, WOFF or WOFF2")
    text, descriptions = wishes(typed)
    with uploaded_font(path) as upload:
        return _completed(upload, studio, model, path, text, descriptions, variants, seed, right)


def _completed(
    upload: UploadedFont,
    studio: Studio,
    model: Any,
    path: str,
    text: str,
    descriptions: list[str],
    variants: int,
    seed: int,
    right: bool,
) -> Made:
    file = upload.file
    if file.restricted and not right:
        raise GlyphError(f"its embedding bits forbid changing it: {file.restricted}")
    planned = plan(file, ask(file, text=text, more=descriptions))
    if len(planned.to_draw) > MOST:
        raise UsageError(f"{len(planned.to_draw):,} glyphs; at most {MOST} at once here, more with tfglyph complete")
    drawer = ModelDrawer(model, upload.source)
    output: pathlib.Path = studio.file(natural_suffix(file.table, file.flavor))
    options = Options(path, output, other_family(file.family), variants, None, seed)
    write = functools.partial(upload.guard.call, seconds=WRITING_SECONDS)
    report = complete(planned, drawer, options, write)
    page = write_page(report, write)
    doubtful = "".join(glyph.text for glyph in report.glyphs if glyph.doubtful)
    lines = [*planned.lines(0.0, variants)[:-1], f"{len(report.glyphs)} glyphs added to {report.family}"]
    lines += [f"doubtful: {doubtful}"] if doubtful else []
    lines += [f"problem: {problem}" for problem in report.verdict.problems]
    pictures = write(pictures_of, str(report.font), [glyph.code for glyph in report.glyphs])
    return Made(report, lines, pictures, page)


def pictures_of(path: str, codes: Sequence[int]) -> np.ndarray:
    """Glyphs of a font as they are in the file: uint8 (n, SHOWN, SHOWN)."""
    file = open_font(path)
    return np.stack([render(file.outline(file.mapped[code])[0], SHOWN, SHOWN) for code in codes])


def wishes(typed: str) -> tuple[str, list[str]]:
    """What is typed, as characters and descriptions: lines with an operator are descriptions.

    Raises:
        UsageError: nothing is typed.
    """
    lines = [line.strip() for line in typed.splitlines() if line.strip()]
    if not lines:
        raise UsageError("type characters that the font lacks, or a description such as ⿰酉交")
    descriptions = [line for line in lines if any(sign in line for sign in OPERATORS)]
    return "".join(line for line in lines if line not in descriptions), descriptions
