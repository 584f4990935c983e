"""The metric ``composition`` for models that draw from exemplars: measurements, tables and a picture of fonts."""

import dataclasses
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from scipy.ndimage import maximum_filter

from tfglyph.datasets.pack import pack
from tfglyph.errors import UsageError
from tfglyph.evaluation import legibility, pictures, style_classifier
from tfglyph.evaluation.composition import ENCLOSURES
from tfglyph.evaluation.cost import Sweep, hardware
from tfglyph.evaluation.font_composition import (
    COUNT,
    CURVE_COUNT,
    NOWHERE,
    FontComposition,
    FontGlyphs,
    HeldOut,
    Scores,
    draw,
    held_out_of,
    measure_font,
    read_font,
    score,
)
from tfglyph.evaluation.measurement import Measurement, mean_measurement
from tfglyph.evaluation.report import number
from tfglyph.evaluation.subject import Settings
from tfglyph.evaluation.unavailable import UnavailableError
from tfglyph.exemplars.alignment import enlarge
from tfglyph.files import PathLike, digest
from tfglyph.imaging.grids import table_figure
from tfglyph.models.base import GlyphModel
from tfglyph.models.composing import draws_from_exemplars
from tfglyph.progress import hidden, progress
from tfglyph.version import __version__

LEARNED = 300  # glyphs of each font that the style classifier learns from
SHOWN = 10  # columns of the picture
ALL = "all fonts"
OPERATORS = {"⿰": "⿰⿲", "⿱": "⿱⿳", "enclosures": ENCLOSURES, "⿻": "⿻"}
FIGURES: tuple[str, ...] = ("first", "among five", "l1", "rmse", "ssim", "iou", "edges")
LOWER = {"l1", "rmse"}
SWEPT = ("first", "among five", "l1")
BASELINES = ("drawn with content", "content pasted", "mean of exemplars", "best exemplar")


@dataclasses.dataclass(frozen=True)
class FontSubject:
    """A model that draws from exemplars, and the fonts to draw in.

    Attributes:
        model: GlyphModel, loaded from a run.
        fonts: list of paths of font files.
        settings: Settings; ``count`` is that of the characters of each font.
        options: dict of what ``model.sample_pairs`` takes besides.
        pictures: dict from name to uint8 image [h, w, c], filled by the measurement.
    """

    model: GlyphModel
    fonts: Sequence[PathLike]
    settings: Settings = dataclasses.field(default_factory=Settings)
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    pictures: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)


def evaluate_fonts(subject: FontSubject, curve_count: int = CURVE_COUNT) -> dict[str, Any]:
    """Measures composition in each font.

    Args:
        subject: FontSubject.
        curve_count: int, characters of each font that are drawn from fewer exemplars as well; 0: none.

    Returns:
        dict of JSON values as ``evaluate.evaluate`` gives it.

    Raises:
        UsageError: the model does not draw from exemplars, or held nothing out.
        GlyphError: a file is no font.
    """
    model, settings = subject.model, subject.settings
    holdout, fonts = _holdout(model), _read(subject)  # errors now rather than after minutes
    results = []
    bar = progress(subject.fonts, "fonts", unit="font")
    for font, _ in zip(fonts, bar, strict=True):
        bar.set_postfix_str(font.name)
        results.append(
            measure_font(
                model, font, holdout, settings.count or COUNT, settings.seed, curve_count, **dict(subject.options)
            )
        )
    figures, skipped = measurements(results, settings.seed)
    subject.pictures["composition"] = picture(results)
    return _description(subject, results) | {
        "options": dict(subject.options),
        "figures": [measurement.to_json() for measurement in figures],
        "skipped": skipped,
    }


def sweep_fonts(subject: FontSubject, points: Sweep) -> dict[str, Any]:
    """Composition in fonts against time: the same characters with several samplers and numbers of steps.

    Args:
        subject: FontSubject; its ``options`` are not used.
        points: Sweep.

    Returns:
        dict of JSON values as ``sweeping.run_sweep`` gives it; the figures are means over the fonts.

    Raises:
        UsageError, GlyphError: as ``evaluate_fonts``.
    """
    model, settings = subject.model, subject.settings
    holdout, fonts = _holdout(model), _read(subject)
    all_held_out = [held_out_of(model, font, holdout, settings.count or COUNT, settings.seed) for font in fonts]
    found: list[dict[str, Any]] = []
    for options in points.shown():
        seconds, scores = 0.0, []
        for held_out in all_held_out:
            with hidden():
                warm = dataclasses.replace(
                    held_out.retrieved, exemplars=held_out.retrieved.exemplars[:1], kinds=held_out.retrieved.kinds[:1]
                )
                draw(model, warm, settings.seed, **options)
                start = time.perf_counter()
                images = draw(model, held_out.retrieved, settings.seed, **options)
            seconds += time.perf_counter() - start
            scores.append(score(images, held_out.font, held_out.rows))
        figures = {
            f"composition/{name}": float(np.mean([_values(each, name).mean() for each in scores])) for name in SWEPT
        }
        count = sum(len(held_out.characters) for held_out in all_held_out)
        found.append({**options, "images_per_second": count / seconds, "figures": figures})
    subject.pictures["sweep"] = pictures.sweep(found, model.run.title)
    return _description(subject, all_held_out) | {
        "hardware": hardware(),
        "sweep": dataclasses.asdict(points),
        "points": found,
        "skipped": [],
    }


def _holdout(model: GlyphModel) -> float:
    """The fraction that was held out; raises UsageError for a model that does not draw from exemplars, or held nothing
    out."""
    if not draws_from_exemplars(model):
        raise UsageError(f"{model.name} does not draw from exemplars, so it draws in no other font")
    holdout = model.run.options.dataset.holdout
    if not holdout:
        raise UsageError(f"{model.run.title}: no characters were held out of the training (train.py --holdout)")
    return holdout


def _read(subject: FontSubject) -> list[FontGlyphs]:
    return [read_font(path, subject.model.architecture.hwc) for path in subject.fonts]


def _description(subject: FontSubject, results: Sequence[FontComposition | HeldOut]) -> dict[str, Any]:
    """What was measured, as JSON values: the model, the fonts and the characters of each that were drawn."""
    run, model = subject.model.run, subject.model
    fonts = [result.font for result in results]
    count = sum(len(result.characters) for result in results)
    return {
        "tfglyph": __version__,
        "model": run.name,
        "mode": model.architecture.mode,
        "architecture": model.architecture.name,
        "step": run.step,
        "precision": model.precision,
        "checkpoint": run.weights_digest,
        "data": {
            "name": f"{len(fonts)} font{'s' if len(fonts) > 1 else ''}",
            "images": sum(len(font.images) for font in fonts),
            "training_images": 0,
            "held_out_images": count,
            "fingerprint": digest(*(np.ascontiguousarray(font.images) for font in fonts)),
        },
        "fonts": [
            {"name": name, "file": str(path), "glyphs": len(font.images), "characters": "".join(result.characters)}
            for name, path, font, result in zip(names(results), subject.fonts, fonts, results, strict=True)
        ],
        "samples": count,
        "seed": subject.settings.seed,
    }


# === Measurements ===


def names(results: Sequence[FontComposition | HeldOut]) -> list[str]:
    """A name for each font, told apart by a number where two have the same; a slash would split the measurement's."""
    seen: Counter[str] = Counter()
    distinct = []
    for result in results:
        name = result.font.name.replace("/", "∕")
        seen[name] += 1
        distinct.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return distinct


def measurements(results: Sequence[FontComposition], seed: int = 0) -> tuple[list[Measurement], list[dict[str, str]]]:
    """All figures of the fonts.

    Args:
        results: list of FontComposition.
        seed: int, of the bootstrap.

    Returns:
        (list of Measurement, list of {"metric", "reason"}: what could not be measured on this machine).
    """
    figures: list[Measurement] = []
    skipped = []
    for name, result in zip(names(results), results, strict=True):
        figures += _of_scores(f"composition/{name}", result.drawn, seed)
        for baseline in BASELINES:
            _, scores = result.baselines[baseline]
            if len(scores.ranks):
                figures += _of_scores(f"composition/{name}/{baseline}", scores, seed)
    try:
        figures += _readings(results, seed)
    except UnavailableError as error:
        skipped.append({"metric": "composition, read right", "reason": str(error)})
    figures += _styles(results, seed)
    for name, some in [
        *((name, [result]) for name, result in zip(names(results), results, strict=True)),
        (ALL, results),
    ]:
        figures += _breakdown(name, some, seed)
    return figures, skipped


def _of_scores(prefix: str, scores: Scores, seed: int) -> list[Measurement]:
    return [
        mean_measurement(f"{prefix}/{figure}", _values(scores, figure), _better(figure), seed) for figure in FIGURES
    ]


def _values(scores: Scores, figure: str) -> np.ndarray:
    limits = {"first": 1, "among five": 5}
    return scores.ranks < limits[figure] if figure in limits else getattr(scores, figure)


def _better(figure: str) -> Any:
    return "lower" if figure in LOWER else "" if figure == "edges" else "higher"


def _readings(results: Sequence[FontComposition], seed: int) -> Iterator[Measurement]:
    """How many the recognizer reads as the right character, beside the font's own glyphs, and the one by the other."""
    fingerprint = legibility.fingerprint()
    for name, result in zip(names(results), results, strict=True):
        own = result.font.images[result.rows][..., None]
        real = legibility.read_real(own, f"reading {name}").correct(result.characters)
        right = legibility.read(result.images[..., None], f"reading {name}, drawn").correct(result.characters)
        share = real.mean()
        yield mean_measurement(f"composition/{name}/read right", right, "higher", seed, share, fingerprint)
        if share:
            yield Measurement(
                f"composition/{name}/read right by real", float(right.mean() / share), len(right), "higher"
            )


def _styles(results: Sequence[FontComposition], seed: int) -> Iterator[Measurement]:
    """How many a classifier of the fonts takes for the right font, beside the font's own glyphs.

    It learns from characters that were not drawn. Three made-up fonts are among the classes of every call, so that
    there is something to tell apart where one font is named.
    """
    learned = [_learned(result.font, result.rows, seed) for result in results]
    images = [*learned, *_made_up_fonts(*learned[0].shape[1:])]
    labels = np.repeat(np.arange(len(images)), [len(each) for each in images])
    classifier = style_classifier.train(np.concatenate(images), labels)
    for label, (name, result) in enumerate(zip(names(results), results, strict=True)):
        real = classifier(result.font.images[result.rows]) == label
        drawn = classifier(result.images) == label
        yield mean_measurement(f"composition/{name}/style recognized", drawn, "higher", seed, real.mean())


def _learned(font: FontGlyphs, rows: np.ndarray, seed: int) -> np.ndarray:
    """Glyphs of a font for the classifier, none of ``rows`` among them as long as there are others."""
    others = np.setdiff1d(np.arange(len(font.images)), rows)
    others = others if len(others) else np.arange(len(font.images))
    return font.images[np.random.default_rng(seed).permutation(others)[:LEARNED]]


def _made_up_fonts(height: int, width: int) -> list[np.ndarray]:
    """The package's own pictures of TW-Kai, thicker, slanted, and low: uint8 (n, h, w) each."""
    _, own = pack()
    own = own[:: len(own) // LEARNED][:LEARNED]
    planes = enlarge(tf.constant(own[..., None]), (height, width)).numpy()[..., 0]
    slanted = np.stack([np.roll(planes[:, row], round((height / 2 - row) / 4), 1) for row in range(height)], 1)
    low = planes[:, (np.arange(height) * 2 - height // 2).clip(0, height - 1)]
    return [maximum_filter(planes, (1, 3, 3)), slanted, low]


def _breakdown(name: str, results: Sequence[FontComposition], seed: int) -> Iterator[Measurement]:
    """First in by operator, by depth, by how many exemplars have each part in its place (of the part with the fewest),
    and by how many are given; of several fonts together."""
    ranks = np.concatenate([result.drawn.ranks for result in results])
    trees = [tree for result in results for tree in result.trees]
    groups: list[tuple[str, Callable[[Any], bool]]] = [
        (f"by operator/{operator}", lambda tree, members=members: tree.operator in members)  # type: ignore[misc]
        for operator, members in OPERATORS.items()
    ]
    groups += [
        (f"by depth/{depth}", lambda tree, depth=depth: tree.depth() == depth)  # type: ignore[misc]
        for depth in sorted({tree.depth() for tree in trees})
    ]
    for group, belongs in groups:
        values = ranks[[belongs(tree) for tree in trees]] < 1
        if len(values):
            yield mean_measurement(f"composition/{name}/{group}", values, "higher", seed)
    in_place = np.concatenate([result.in_place for result in results])
    for group, chosen in (("none", in_place == 0), ("one", in_place == 1), ("two or more", in_place >= 2)):
        if chosen.any():
            yield mean_measurement(
                f"composition/{name}/by exemplars in place/{group}", ranks[chosen] < 1, "higher", seed
            )
    for amount in results[0].curve:
        values = np.concatenate([result.curve[amount].ranks for result in results]) < 1
        text = "as many as the model takes" if amount == -1 else amount
        group = "nowhere else" if amount == NOWHERE else f"by exemplars/{text}"
        yield mean_measurement(f"composition/{name}/{group}", values, "higher", seed)


# === For people ===


def font_tables(result: Mapping[str, Any], as_markdown: bool = True) -> Iterator[str]:
    """Lines of three tables: the fonts, the baselines, and the breakdown by operator, depth and exemplars.

    Args:
        result: dict as ``evaluate_fonts`` gives it.
        as_markdown: bool; False: columns of one width.
    """
    values = {figure["name"]: figure for figure in result["figures"]}
    fonts = [font["name"] for font in result["fonts"]]

    def cell(name: str, key: str = "value", digits: int = 3) -> str:
        value = values.get(f"composition/{name}", {}).get(key)
        return "–" if value is None else f"{value:.{digits}f}"

    rows = [["font", "characters", *FIGURES, "read right, of real", "style recognized", "style, real"]]
    for font in fonts:
        count = values[f"composition/{font}/first"]["count"]
        cells = [cell(f"{font}/{figure}") for figure in FIGURES]
        style = f"{font}/style recognized"
        rows.append([font, f"{count:,}", *cells, cell(f"{font}/read right by real"), cell(style), cell(style, "real")])
    yield from _table(rows, as_markdown)
    yield ""
    rows = [["first / among five / l1", "drawn", *BASELINES]]
    for font in fonts:
        prefixes = [font, *(f"{font}/{baseline}" for baseline in BASELINES)]
        rows.append(
            [
                font,
                *(
                    " / ".join(cell(f"{each}/{figure}") for figure in ("first", "among five", "l1"))
                    for each in prefixes
                ),
            ]
        )
    yield from _table(rows, as_markdown)
    yield ""
    groups = list(dict.fromkeys(_group(name) for name in values if _group(name)))
    rows = [["first, by", *groups]]
    for font in [*fonts, ALL]:
        rows.append([font, *(_with_count(values.get(f"composition/{font}/{group}")) for group in groups)])
    yield from _table([[row[column] for row in rows] for column in range(len(rows[0]))], as_markdown)


def _group(name: str) -> str:
    """What a breakdown's measurement is called after the font; empty for others."""
    rest = name.partition("/")[2].partition("/")[2]
    return rest if rest.startswith("by ") or rest == "nowhere else" else ""


def _with_count(figure: Mapping[str, Any] | None) -> str:
    return "–" if figure is None else f"{figure['value']:.2f} ({number(figure['count']).split('.')[0]})"


def _table(rows: Sequence[Sequence[str]], as_markdown: bool) -> Iterable[str]:
    if not as_markdown:
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        return ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return [lines[0], "|---|" + "---:|" * (len(rows[0]) - 1), *lines[1:]]


def picture(results: Sequence[FontComposition]) -> np.ndarray:
    """For each font some characters whose nearest glyph is the right one, and some with another: real above drawn.

    Args:
        results: list of FontComposition.

    Returns:
        uint8 [H, W, 3].
    """
    lines: list[tuple[str, list[np.ndarray]]] = []
    for name, result in zip(names(results), results, strict=True):
        right = result.drawn.ranks < 1
        for title, rows in (("right", np.flatnonzero(right)), ("wrong", np.flatnonzero(~right))):
            rows = rows[:: max(1, len(rows) // SHOWN)][:SHOWN]
            if len(rows):
                real = result.font.images[result.rows[rows]][..., None]
                lines += [(f"{name}, {title}: real", [real]), ("drawn", [result.images[rows][..., None]])]
    return table_figure("Characters that the font is taken not to have", [("", [""] * SHOWN)], lines)
