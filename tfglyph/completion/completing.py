"""Completing a font from plan to files: draw, score, choose, trace, insert, check, report."""

import functools
import hashlib
import json
import pathlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from tfglyph.completion.drawing import Drawer
from tfglyph.completion.planning import WORDS, Plan
from tfglyph.completion.scoring import DOUBTFUL, Judge, Score, ink
from tfglyph.completion.storing import Drawn, Store
from tfglyph.datasets.preparing import parallel_map
from tfglyph.errors import GlyphError, UsageError
from tfglyph.files import write_errors, write_text
from tfglyph.fontfiles import (
    FontFile,
    NewGlyph,
    Verdict,
    check_font,
    insert,
    is_han,
    open_font,
    rename,
    save_font,
    store_provenance,
)
from tfglyph.outlines import (
    FINE_SIDE,
    Calibration,
    Outline,
    Tracing,
    calibrate,
    check_outlines,
    eased,
    render,
    trace,
    without_overlaps,
)
from tfglyph.progress import progress
from tfglyph.version import __version__

OWN_GLYPHS = 24  # of the font that are looked at to learn how it draws
BATCH = 32
MOST_VARIANTS = 64
INK_SIDE = 32  # pixels at which the ink of exemplars is measured
LARGEST = 1024  # pixels along a side to which drawings are enlarged


@dataclass(frozen=True)
class Options:
    """How to complete.

    Attributes:
        spec: str, the font as a person names it.
        output: pathlib.Path, the completed font.
        family: str or None: its family name; None keeps the font's.
        variants: int, drawings of each glyph.
        pick: int or None: which of them is taken, from 1; None: the best by its score.
        seed: int, decides the drawings.
        redo: tuple of str: what is drawn anew with ``seed``, though there are drawings.
        size: int or None, pixels along a side to which drawings are enlarged to follow their contours, from twice the
            drawer's to ``LARGEST``; None: as ``tfglyph.outlines`` does.
    """

    spec: str
    output: pathlib.Path
    family: str | None
    variants: int = 1
    pick: int | None = None
    seed: int = 0
    redo: tuple[str, ...] = ()
    size: int | None = None


@dataclass(frozen=True)
class Completed:
    """One glyph that was added.

    Attributes:
        text: str, the character or description.
        code: int, its code point.
        seed: int.
        variant: int, which drawing was taken, from 1.
        score: Score.
        exemplars: tuple of str, the font's characters that it was drawn after.
        cover: str, how the font shows its parts.
    """

    text: str
    code: int
    seed: int
    variant: int
    score: Score
    exemplars: tuple[str, ...]
    cover: str

    @property
    def doubtful(self) -> bool:
        """Whether a person should look at it first."""
        return self.score.value < DOUBTFUL


@dataclass(frozen=True)
class Report:
    """What came of it.

    Attributes:
        font: pathlib.Path, the completed font.
        family: str, its family name.
        glyphs: list of Completed, in the order of the plan.
        blank: list of str that were drawn without ink, and are left out.
        calibration: Calibration.
        tracing: Tracing of the drawings.
        verdict: Verdict of the sanitizer, HarfBuzz and FreeType.
        notes: list of str.
        drawer: str.
    """

    font: pathlib.Path
    family: str
    glyphs: list[Completed]
    blank: list[str]
    calibration: Calibration
    tracing: Tracing
    verdict: Verdict
    drawer: str
    notes: list[str] = field(default_factory=list)


def work_folder(output: pathlib.Path) -> pathlib.Path:
    """Where drawings are kept while and after a font is completed."""
    return output.with_name(f"{output.stem}.drawings")


def store_of(options: Options, drawer: Drawer) -> Store:
    """The drawings of a font by a drawer."""
    path = options.spec.partition("#")[0] if not pathlib.Path(options.spec).exists() else options.spec
    state = hashlib.blake2b(digest_size=8)
    with open(path, "rb") as file:
        state.update(file.read())
    state.update(f"{options.spec.rpartition('#')[2]}\0{drawer.name}\0{drawer.size}\0{options.variants}".encode())
    return Store(work_folder(options.output), state.hexdigest())


def own_sample(file: FontFile, count: int) -> tuple[list[str], list[Outline], list[int]]:
    """Some of the font's own ideographs, evenly spread: (characters, outlines in the em square, points)."""
    codes = sorted(code for code in file.drawn if is_han(code))
    characters, outlines, points = [], [], []
    for place in np.linspace(0, len(codes) - 1, min(count, len(codes))).round().astype(int).tolist():
        try:
            outline, stored = file.outline(file.drawn[codes[place]])
        except GlyphError:
            continue  # damaged; the others will do
        if outline.contours:
            characters.append(chr(codes[place]))
            outlines.append(outline)
            points.append(stored)
    if not outlines:
        raise GlyphError(f"{file.path}: {min(count, len(codes))} of its Han characters were looked at, all damaged")
    return characters, outlines, points


def call_here(function: Callable[..., Any], *args: Any) -> Any:
    """Calls a function in this process: what ``complete`` and ``write_page`` do unless told otherwise."""
    return function(*args)


def complete(plan: Plan, drawer: Drawer, options: Options, call: Callable[..., Any] = call_here) -> Report:
    """Draws what a plan asks for and writes the completed font, its page and its record.

    Args:
        plan: Plan.
        drawer: Drawer for the plan's font.
        options: Options.
        call: calls what reads and writes font files: here, or as ``Guard.call`` in a process with limits.

    Returns:
        Report. Interrupted, it keeps the drawings; called again, it goes on with them.

    Raises:
        UsageError: nothing to draw, no such variant, or no usable size.
        GlyphError: the font cannot be written, or its tables do not take new glyphs.
    """
    if not plan.to_draw:
        raise UsageError(f"{plan.file.path}: nothing to draw: it has all that was asked for and can be drawn")
    if options.pick is not None and not 1 <= options.pick <= options.variants:
        raise UsageError(f"--pick {options.pick}: there are variants 1 to {options.variants}")
    if options.size is not None and not 2 * drawer.size <= options.size <= LARGEST:
        raise UsageError(
            f"--size {options.size}: drawings of {drawer.size} pixels are enlarged to {2 * drawer.size} to {LARGEST}"
        )
    check_outlines()  # better known before hours of drawing
    characters, outlines, points = own_sample(plan.file, OWN_GLYPHS)
    calibration = calibrate(outlines, points, drawer.size, options.size or FINE_SIDE)
    own_images = np.stack([render(outline, drawer.size, drawer.size) for outline in outlines])
    store = store_of(options, drawer)
    store.clear_partial()
    drawn = _draw(plan, drawer, options, store)
    judge = Judge(characters, own_images)
    completed, images = _choose(plan, options, drawn, judge)
    some = images[np.linspace(0, len(images) - 1, min(OWN_GLYPHS, len(images))).round().astype(int)]
    tracing = eased(calibration, some)
    traced = _trace(images, tracing)
    kept = [row for row, outline in enumerate(traced) if outline.contours]
    blank = [completed[row].text for row in range(len(completed)) if not traced[row].contours]
    glyphs = [completed[row] for row in kept]
    if not glyphs:
        raise GlyphError(f"{plan.file.path}: all {len(blank):,} drawings are blank, so nothing was written")
    new = [NewGlyph(completed[row].code, traced[row]) for row in kept]
    notes, verdict = call(
        write_completed, options.spec, options.output, options.family, new, record(plan.file, drawer.name, glyphs)
    )
    family = options.family or plan.file.family
    report = Report(
        options.output, family, glyphs, blank, calibration, tracing, verdict, drawer.name, [*judge.notes, *notes]
    )
    write_record(report)
    return report


def _draw(plan: Plan, drawer: Drawer, options: Options, store: Store) -> dict[str, Drawn]:
    """Draws what is not there yet."""
    drawn = store.read()
    redo = set(options.redo)
    todo = [
        wanted.text
        for wanted in plan.to_draw
        if wanted.text not in drawn or (wanted.text in redo and drawn[wanted.text].seed != options.seed)
    ]
    seeds = [options.seed * MOST_VARIANTS + variant for variant in range(options.variants)]
    each = max(1, BATCH // options.variants)
    with progress(None, "drawing", len(plan.to_draw), "glyph", initial=len(plan.to_draw) - len(todo)) as bar:
        for first in range(0, len(todo), each):
            texts = todo[first : first + each]
            made = drawer.draw([text for text in texts for _ in seeds], [seed for _ in texts for seed in seeds])
            images = made.images.reshape(len(texts), options.variants, drawer.size, drawer.size)
            batch = [
                Drawn(text, options.seed, images[row], made.exemplars[row * options.variants])
                for row, text in enumerate(texts)
            ]
            store.add(batch)
            drawn.update({each_drawn.text: each_drawn for each_drawn in batch})
            bar.update(len(texts))
    return drawn


def _choose(plan: Plan, options: Options, drawn: dict[str, Drawn], judge: Judge) -> tuple[list[Completed], np.ndarray]:
    """Scores the variants of each glyph and takes one: (list of n Completed, uint8 (n, size, size))."""
    covers = dict(zip((w.text for w in plan.asked.wanted), plan.covers, strict=True))
    inks = _ExemplarInk(plan.file)
    texts = [wanted.text for wanted in plan.to_draw]
    stack = np.stack([drawn[text].images for text in texts])  # (n, v, size, size)
    scores = judge.score(texts, stack, [inks.mean(drawn[text].exemplars) for text in texts])
    completed = []
    images = np.empty((len(texts), *stack.shape[2:]), np.uint8)
    for row, wanted in enumerate(plan.to_draw):
        values = [score.value for score in scores[row]]
        variant = int(np.argmax(values)) if options.pick is None else options.pick - 1
        entry = drawn[wanted.text]
        completed.append(
            Completed(
                wanted.text,
                wanted.code,
                entry.seed,
                variant + 1,
                scores[row][variant],
                entry.exemplars,
                WORDS[covers[wanted.text]],
            )
        )
        images[row] = stack[row, variant]
    return completed, images


class _ExemplarInk:
    """How much ink characters of a font have."""

    def __init__(self, file: FontFile):
        self._file = file
        self._known: dict[str, float] = {}

    def mean(self, characters: Sequence[str]) -> float | None:
        """The mean over some characters, as a share of the em square; None of none."""
        values = [value for value in map(self._of, characters) if value]
        return sum(values) / len(values) if values else None

    def _of(self, character: str) -> float:
        if character not in self._known:
            name = self._file.drawn.get(ord(character)) if len(character) == 1 else None
            try:
                outline = self._file.outline(name)[0] if name else Outline(())
            except GlyphError:
                outline = Outline(())
            self._known[character] = ink(render(outline, INK_SIDE, INK_SIDE))
        return self._known[character]


def _trace(images: np.ndarray, tracing: Tracing) -> list[Outline]:
    """Outlines in the em square of uint8 (n, size, size), on all cores."""
    chunks = [images[first : first + BATCH] for first in range(0, len(images), BATCH)]
    work: Callable[[np.ndarray], list[Outline]] = functools.partial(trace_all, tracing=tracing)
    return [outline for part in parallel_map(work, chunks, len(chunks), "tracing outlines") for outline in part]


def trace_all(images: np.ndarray, tracing: Tracing) -> list[Outline]:
    """Outlines without overlaps in the em square, both coordinates from 0 to 1, of uint8 (n, size, size)."""
    size = images.shape[1]
    outlines = (without_overlaps(trace(image, tracing), tracing.specks) for image in images)
    return [Outline(tuple(tuple(s / size for s in contour) for contour in outline.contours)) for outline in outlines]


def write_completed(
    spec: str, output: pathlib.Path, family: str | None, glyphs: Sequence[NewGlyph], provenance: dict[str, Any]
) -> tuple[list[str], Verdict]:
    """Inserts glyphs into a font, opened anew, writes it, and has it checked.

    Args:
        spec: str, the font as a person names it.
        output: pathlib.Path, the completed font.
        family: str or None: its family name; None keeps the font's.
        glyphs: list of NewGlyph.
        provenance: dict, see ``record``.

    Returns:
        Tuple of list of str, what had to be left out, and Verdict.

    Raises:
        GlyphError: the font cannot be written, or its tables do not take new glyphs.
    """
    file = open_font(spec)
    try:
        notes = insert(file, glyphs)
        rename(file.font, family, len(glyphs))
        store_provenance(file.font, provenance)
        save_font(file.font, output)
    except GlyphError:
        raise
    except Exception as error:  # a damaged table that nothing had to read before
        raise GlyphError(
            f"{file.path}: its tables do not take new glyphs ({type(error).__name__}: {error}); drawings are kept"
        ) from None
    return notes, check_font(output, file, [glyph.code for glyph in glyphs])


def record(file: FontFile, drawer: str, glyphs: Sequence[Completed]) -> dict[str, Any]:
    """How a font came to be, for its private table and the file beside it."""
    return {
        "by": f"tfglyph {__version__}",
        "model": drawer,
        "original": {"family": file.family, "file": pathlib.Path(file.path).name, "member": file.member},
        "glyphs": {
            f"U+{glyph.code:04X}": {
                "text": glyph.text,
                "exemplars": list(glyph.exemplars),
                "seed": glyph.seed,
                "variant": glyph.variant,
                "score": round(glyph.score.value, 3),
            }
            for glyph in glyphs
        },
    }


def write_record(report: Report) -> pathlib.Path:
    """Writes everything that is known of the new glyphs beside the font, as JSON."""
    path = report.font.with_suffix(".json")
    content = {
        "font": report.font.name,
        "family": report.family,
        "by": f"tfglyph {__version__}",
        "model": report.drawer,
        "outlines": {
            "own_glyphs_traced_again": {
                "iou": round(report.calibration.iou, 4),
                "points": round(report.calibration.points, 1),
                "own_points": round(report.calibration.own_points, 1),
            },
            "tracing": asdict(report.tracing),
        },
        "checked_by": list(report.verdict.judges),
        "problems": list(report.verdict.problems),
        "notes": report.notes,
        "blank": report.blank,
        "glyphs": [
            {**asdict(glyph), "score": round(glyph.score.value, 3), "scores": asdict(glyph.score)}
            for glyph in report.glyphs
        ],
    }
    with write_errors(path):
        write_text(path, json.dumps(content, ensure_ascii=False, indent=1) + "\n")
    return path


def previous_codes(output: pathlib.Path) -> dict[str, int]:
    """Texts and code points of the glyphs that were added before, in their order; nothing where there is no record."""
    try:
        content = json.loads(output.with_suffix(".json").read_text(encoding="utf-8"))
        return {str(glyph["text"]): int(glyph["code"]) for glyph in content["glyphs"]}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def iterate_redo(lines: Sequence[str]) -> Iterator[str]:
    """The texts of a list of glyphs to redo: in each line a character or description, remarks after a blank."""
    for line in lines:
        word = line.strip()
        if word and not word.startswith("#"):
            yield word.split()[0]


def read_redo(path: str) -> list[str]:
    """What a file asks to draw anew: a character or description at the beginning of each line.

    Raises:
        UsageError: it cannot be read, or asks for nothing.
    """
    try:
        text = pathlib.Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a text file in UTF-8"
        raise UsageError(f"--redo {path}: {reason}") from None
    found = list(dict.fromkeys(iterate_redo(text.splitlines())))
    if not found:
        raise UsageError(f"--redo {path}: it names nothing; expected a character or description in each line")
    return found
