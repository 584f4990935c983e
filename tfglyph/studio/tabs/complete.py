"""A font that a person drops, with the characters that it lacks: see them, take the font along."""

import os
import pathlib
from collections.abc import Sequence
from typing import Any

from tfglyph.completion import Options, Report, ask, complete, plan, write_page
from tfglyph.completion.model_drawer import ModelDrawer, source_of
from tfglyph.composition import OPERATORS
from tfglyph.errors import GlyphError, UsageError
from tfglyph.fontfiles import check_safely, natural_suffix, open_font, other_family
from tfglyph.models import GlyphModel
from tfglyph.outlines import Outline, render
from tfglyph.studio.components import run_button
from tfglyph.studio.state import LoadedModel, Studio

TITLE = "Complete a font"
MOST = 200  # glyphs at once
LARGEST = 64 << 20  # bytes of an uploaded font
SECONDS = 20.0  # for a first look at it
SHOWN = 160  # pixels of a glyph on the page
SUFFIXES = [".ttf", ".otf", ".ttc", ".otc", ".woff", ".woff2"]


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
        report, lines = completed(studio, model, path, typed, int(variants), int(seed or 0), bool(right))
        made = open_font(report.font)
        images = []
        for glyph in report.glyphs:
            outline = made.outline(made.drawn[glyph.code])[0]
            picture = render(Outline(tuple(tuple(s * SHOWN for s in c) for c in outline.contours)), SHOWN)
            images.append((studio.png(picture[..., None]), f"{glyph.text} {glyph.score.value:.2f}"))
        return (
            "\n".join(lines),
            images,
            gradio.DownloadButton("The completed font", value=str(report.font), interactive=True),
            gradio.DownloadButton("The page about it", value=str(write_page(report)), interactive=True),
        )

    with start:
        inputs = [font, typed, variants, seed, right]
        run_button(studio, "Complete", draw, inputs, [said, gallery, font_file, page_file], "complete-run")


def completed(
    studio: Studio, model: Any, path: str | None, typed: str, variants: int, seed: int, right: bool
) -> tuple[Report, list[str]]:
    """Completes an uploaded font.

    Args:
        studio: Studio, which knows where files go.
        model: a GlyphModel that ``fits``.
        path: str or None, the uploaded font.
        typed: str, characters, and on lines of their own descriptions.
        variants: int.
        seed: int.
        right: bool, whether restricted embedding bits are no obstacle.

    Returns:
        (Report, list of str: what a person should know).

    Raises:
        UsageError: no font, no characters, or too many.
        GlyphError: a font that cannot be completed.
    """
    if not path:
        raise UsageError("drop a font first: TTF, OTF, TTC, WOFF or WOFF2")
    if os.path.getsize(path) > LARGEST:
        raise UsageError(f"the font has {os.path.getsize(path) >> 20} MiB; at most {LARGEST >> 20} here")
    text, descriptions = wishes(typed)
    check_safely(path, SECONDS)
    file = open_font(path)
    if file.restricted and not right:
        raise GlyphError(f"its embedding bits forbid changing it: {file.restricted}")
    planned = plan(file, ask(file, text=text, more=descriptions))
    if len(planned.to_draw) > MOST:
        raise UsageError(f"{len(planned.to_draw):,} glyphs; at most {MOST} at once here, more with tfglyph complete")
    output: pathlib.Path = studio.file(natural_suffix(file.table, file.font.flavor))
    options = Options(path, output, other_family(file.family), variants, None, seed)
    report = complete(planned, ModelDrawer(model, source_of(path, file)), options)
    doubtful = "".join(glyph.text for glyph in report.glyphs if glyph.doubtful)
    lines = [*planned.lines(0.0, variants)[:-1], f"{len(report.glyphs)} glyphs added to {report.family}"]
    lines += [f"doubtful: {doubtful}"] if doubtful else []
    lines += [f"problem: {problem}" for problem in report.verdict.problems]
    return report, lines


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
