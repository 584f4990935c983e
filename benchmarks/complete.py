"""How well fonts get back characters that they have lost; and how near traced outlines come to true ones.

    python benchmarks/complete.py outlines FONT...                  # own glyphs, rendered at 64, 96, 128 and traced
    python benchmarks/complete.py lose 300 FONT --checkpoint RUN    # complete gives back 300 characters, measured
    python benchmarks/complete.py lose 300 FONT                     # the same, drawn by the font itself: the ceiling

``lose`` takes characters out of the character map of a copy, completes the copy, and compares: overlap (IoU) with the
true outline at 256 pixels, points beside the font's own, whether the true glyph is the nearest of the font's own
glyphs, and what the recognizer reads. Prints JSON, one line for each font.
"""

import argparse
import json
import pathlib
import sys
import tempfile
import time
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tfglyph.completion import Drawings, Options, ask, complete, plan  # noqa: E402
from tfglyph.completion.completing import own_sample  # noqa: E402
from tfglyph.composition.text import read  # noqa: E402
from tfglyph.errors import GlyphError  # noqa: E402
from tfglyph.fontfiles import FontFile, is_han, open_font  # noqa: E402
from tfglyph.outlines import Outline, calibrate, overlap, render  # noqa: E402

SIDE = 256


class TheFontItself:
    """Draws the true glyphs, so that what is measured is tracing and writing alone."""

    def __init__(self, file: FontFile, size: int):
        self.name, self.size, self._file = "the font itself", size, file

    def draw(self, texts: Sequence[str], seeds: Sequence[int]) -> Drawings:
        images = [picture(self._file, text, self.size) for text in texts]
        return Drawings(np.stack(images), [()] * len(texts))


def picture(file: FontFile, character: str, size: int) -> np.ndarray:
    """A glyph of a font: uint8 (size, size)."""
    outline = file.outline(file.drawn[ord(character)])[0]
    return render(Outline(tuple(tuple(s * size for s in contour) for contour in outline.contours)), size)


def measure_outlines(paths: Sequence[str], glyphs: int) -> None:
    for path in paths:
        file = open_font(path)
        _, outlines, points = own_sample(file, glyphs)
        for size in (64, 96, 128):
            start = time.process_time()
            found = calibrate(outlines, points, size)
            result = {
                "font": file.family,
                "pixels": size,
                "iou": round(found.iou, 4),
                "points": round(found.points),
                "own_points": round(found.own_points),
                "straight": round(found.straight, 2),
                "sharpness": found.tracing.sharpness,
                "tolerance": round(found.tracing.tolerance, 3),
                "glyphs": found.glyphs,
                "seconds": round(time.process_time() - start, 1),
            }
            print(json.dumps(result, ensure_ascii=False), flush=True)


def without(file: FontFile, path: pathlib.Path, codes: set[int]) -> None:
    """Writes a copy of a font whose character map lacks some code points."""
    for subtable in file.font["cmap"].tables:
        if hasattr(subtable, "cmap") and subtable.cmap:
            subtable.cmap = {code: name for code, name in subtable.cmap.items() if code not in codes}
    file.font.save(path, reorderTables=False)


def measure_lost(path: str, count: int, checkpoint: str | None, size: int) -> dict[str, Any]:
    file = open_font(path)
    # (Compatibility ideographs are read as the characters that they stand for, so nobody can ask for them.)
    han = [code for code in sorted(file.drawn) if is_han(code) and read(chr(code)).text == chr(code)]
    chosen = np.random.default_rng(zlib.crc32(b"lost")).choice(len(han), min(count, len(han) // 2), replace=False)
    lost = {han[row] for row in chosen}
    with tempfile.TemporaryDirectory() as folder:
        suffix = ".ttf" if file.table == "glyf" else ".otf"
        copy, output = pathlib.Path(folder, f"copy{suffix}"), pathlib.Path(folder, f"completed{suffix}")
        without(open_font(path), copy, lost)
        smaller = open_font(copy)
        planned = plan(smaller, ask(smaller, text="".join(map(chr, sorted(lost)))))
        drawer: Any = TheFontItself(file, size)
        if checkpoint:
            import tfglyph
            from tfglyph.completion.model_drawer import ModelDrawer, source_of

            drawer = ModelDrawer(tfglyph.load(checkpoint), source_of(str(copy), smaller))
        start, cpu = time.perf_counter(), time.process_time()
        report = complete(planned, drawer, Options(str(copy), output, "Completed"))
        seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu
        made = open_font(output)
        characters = [chr(glyph.code) for glyph in report.glyphs]
        new = np.stack([picture(made, c, SIDE) for c in characters])
        true = np.stack([picture(file, c, SIDE) for c in characters])
        points = [made.outline(made.drawn[ord(c)])[1] for c in characters]
        own = [file.outline(file.drawn[ord(c)])[1] for c in characters]
    return {
        "font": file.family,
        "table": file.table,
        "drawn_by": drawer.name,
        "pixels": drawer.size,
        "glyphs": len(characters),
        "left_out": len(lost) - len(characters),
        "iou": round(float(np.mean([overlap(a, b) for a, b in zip(new, true, strict=True)])), 4),
        "nearest": round(nearest(file, characters, new), 3),
        "read": reading(new, true, characters),
        "points": round(float(np.mean(points))),
        "own_points": round(float(np.mean(own))),
        "problems": len(report.verdict.problems),
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu_seconds, 1),
    }


def nearest(file: FontFile, characters: Sequence[str], images: np.ndarray) -> float:
    """The share of new glyphs that are nearer, at 64 pixels, to their true glyph than to any other of the font."""
    every = [chr(code) for code in sorted(file.drawn) if is_han(code)]
    own = []
    for character in every:
        try:
            own.append(picture(file, character, 64).reshape(-1))
        except GlyphError:
            own.append(np.zeros(64 * 64, np.uint8))
    table = np.stack(own).astype(np.float32)
    squares = np.einsum("nd,nd->n", table, table)
    small = images.reshape(len(images), 64, 4, 64, 4).mean((2, 4)).reshape(len(images), -1).astype(np.float32)
    best = np.argmin(squares[None] - 2 * small @ table.T, axis=1)
    return float(np.mean([every[row] == character for row, character in zip(best, characters, strict=True)]))


def reading(new: np.ndarray, true: np.ndarray, characters: Sequence[str]) -> dict[str, float] | None:
    """The share that the recognizer reads right, of new and of true glyphs; None where it is not installed."""
    from tfglyph.evaluation import legibility
    from tfglyph.evaluation.unavailable import UnavailableError

    try:
        shares = [float(legibility.read(images[..., None]).correct(characters).mean()) for images in (new, true)]
    except UnavailableError:
        return None
    return {"new": round(shares[0], 3), "true": round(shares[1], 3)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    outlines = verbs.add_parser("outlines", help="own glyphs, rendered and traced")
    outlines.add_argument("fonts", nargs="+")
    outlines.add_argument("--glyphs", type=int, default=24)
    lose = verbs.add_parser("lose", help="take characters out of fonts, and complete them")
    lose.add_argument("count", type=int)
    lose.add_argument("fonts", nargs="+")
    lose.add_argument("--checkpoint", help="a model that draws from exemplars; default: the font itself")
    lose.add_argument("--size", type=int, default=96, help="pixels of the font's own drawings")
    options = parser.parse_args()
    if options.verb == "outlines":
        measure_outlines(options.fonts, options.glyphs)
        return 0
    for path in options.fonts:
        print(
            json.dumps(measure_lost(path, options.count, options.checkpoint, options.size), ensure_ascii=False),
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
