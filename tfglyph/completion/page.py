"""The page about a completed font: one static file that shows every new glyph, the doubtful first.

A part of the completed font, with the new glyphs and those that they were drawn after, is inside the page, so that it
shows what a browser will show. What a person ticks becomes a list for ``complete --redo``.
"""

import base64
import html
import importlib.util
import io
import pathlib
from collections.abc import Callable, Sequence
from typing import Any

from fontTools import subset
from fontTools.ttLib import TTFont

from tfglyph.completion.completing import Completed, Report, call_here
from tfglyph.files import package_file, write_errors, write_text

NEIGHBOURS = 4  # exemplars that stand in running text beside a new glyph


def write_page(report: Report, call: Callable[..., Any] = call_here) -> pathlib.Path:
    """Writes the page beside the font.

    Args:
        report: Report.
        call: see ``complete``.

    Returns:
        pathlib.Path: ``MyFont-completed.html``.
    """
    path = report.font.with_suffix(".html")
    with write_errors(path):
        write_text(path, page(report, call(embedded, report)))
    return path


def embedded(report: Report) -> str:
    """The part of the completed font that the page shows, as a data URL."""
    shown = {glyph.code for glyph in report.glyphs}
    shown |= {ord(c) for glyph in report.glyphs for c in glyph.exemplars if len(c) == 1}
    options = subset.Options(layout_features=[], hinting=False, name_IDs=[], notdef_outline=True, glyph_names=False)
    options.drop_tables += ["TFgl"]
    options.ignore_missing_unicodes = True
    with TTFont(report.font, recalcTimestamp=False) as font:
        font.flavor = None
        subsetter = subset.Subsetter(options)
        subsetter.populate(unicodes=shown)
        subsetter.subset(font)
        font.flavor = "woff2" if importlib.util.find_spec("brotli") else "woff"
        stream = io.BytesIO()
        font.save(stream)
        kind = font.flavor
    return f"data:font/{kind};base64,{base64.b64encode(stream.getvalue()).decode()}"


def page(report: Report, font_url: str) -> str:
    """The page as HTML.

    Args:
        report: Report.
        font_url: str, where the browser finds the font.
    """
    ordered = sorted(report.glyphs, key=lambda glyph: glyph.score.value)
    doubtful = sum(glyph.doubtful for glyph in ordered)
    template = package_file("completion", "data", "page.html").read_text(encoding="utf-8")
    calibration = report.calibration
    facts = [
        f"{len(ordered):,} glyphs added, {doubtful:,} of them doubtful (score below 0.6)",
        f"drawn by {report.drawer}",
        f"own glyphs of the font, traced from pixels again: overlap {calibration.iou:.3f} with the true outlines, "
        f"{calibration.points:.0f} points each, where the font has {calibration.own_points:.0f}",
        f"checked by {', '.join(report.verdict.judges)}: "
        + (f"{len(report.verdict.problems)} problems" if report.verdict.problems else "no problem"),
        *(f"{judge} is not installed, so it was not asked" for judge in report.verdict.absent),
        *report.verdict.problems[:20],
        *report.notes,
        *([f"drawn without ink, and left out: {' '.join(report.blank)}"] if report.blank else []),
    ]
    values = {
        "title": html.escape(report.family),
        "file": html.escape(report.font.name),
        "font": font_url,
        "facts": "".join(f"<li>{html.escape(fact)}</li>" for fact in facts),
        "glyphs": "\n".join(_card(glyph) for glyph in ordered),
    }
    for name, value in values.items():
        template = template.replace("{{" + name + "}}", value)
    return template


def _card(glyph: Completed) -> str:
    character = html.escape(chr(glyph.code))
    near = [html.escape(c) for c in glyph.exemplars if len(c) == 1][:NEIGHBOURS]
    running = f"{character}".join(["", *near, ""]) if near else character * 3
    words = [f"{name} {value:.2f}" for name, value in _parts(glyph)]
    if glyph.score.read_as is not None and glyph.score.read_as != glyph.text:
        words.append(f"read as {html.escape(glyph.score.read_as) or 'nothing'}")
    label = html.escape(glyph.text)
    spelled = "" if len(glyph.text) == 1 else f" {label}"
    after = html.escape("".join(glyph.exemplars[:12]))
    return (
        f"<article{' class=doubtful' if glyph.doubtful else ''}>"
        f'<label><input type=checkbox value="{label}"> redo</label>'
        f"<p class=large>{character}</p><p class=running>{running}</p>"
        f"<p><b>{glyph.score.value:.2f}</b> <code>U+{glyph.code:04X}</code>{spelled}</p>"
        f"<p class=small>{', '.join(words)}; {html.escape(glyph.cover)}</p>"
        f"<p class=small>after <span class=font>{after}</span>; seed {glyph.seed}, variant {glyph.variant}</p>"
        "</article>"
    )


def _parts(glyph: Completed) -> Sequence[tuple[str, float]]:
    names = ("agreement", "reading", "weight", "edges")
    values = ((name, getattr(glyph.score, name)) for name in names)
    return [(name, value) for name, value in values if value is not None]
