"""Measures how distances react to corrupted glyphs (the table of docs/how-to/evaluate.md) and draws its pictures.

    python tools/measure_ladder.py --extractor glyph --pictures docs/images
    python tools/measure_ladder.py --extractor ocr --typical

Three disjoint sets of real glyphs: one is the reference, the second is corrupted more and more, and its distances are
printed as a Markdown table. The second also shows as ``real``: nothing is wrong with it.
"""

import pathlib
from collections.abc import Callable

import click
import numpy as np

from tfglyph import datasets
from tfglyph.evaluation import copying, corruptions, distances, extractors
from tfglyph.evaluation.extractors import Extractor
from tfglyph.evaluation.neighbours import prdc
from tfglyph.evaluation.pictures import PAIR_HEIGHT, stacked
from tfglyph.imaging.grids import Panel, panel_figure, save_png

# title -> (function, strengths, the one that --typical and the pictures show)
CORRUPTIONS: dict[str, tuple[Callable[..., np.ndarray], tuple[float, ...], float]] = {
    "blur, σ": (corruptions.blur, (0.4, 0.8, 1.2, 2.4), 1.2),
    "noise, σ": (corruptions.noise, (10, 20, 40, 80), 40),
    "average of two, weight of the other": (corruptions.average, (0.1, 0.2, 0.35, 0.5), 0.5),
    "upside down, fraction": (corruptions.upside_down, (0.25, 0.5, 0.75, 1.0), 1.0),
}
SHOWN = 12
COLLAPSED = 50  # different glyphs in a collapsed set


@click.command()
@click.option("--extractor", "name", default="glyph", show_default=True)
@click.option("--count", default=5000, show_default=True)
@click.option("--typical", is_flag=True, help="One strength of each corruption.")
@click.option("--pictures", type=click.Path(), help="Folder for evaluate-*.png.")
def main(name: str, count: int, typical: bool, pictures: str | None) -> None:
    """Measure distances of corrupted glyphs to real ones."""
    glyphs = datasets.load("cns", size=32)
    order = np.random.default_rng(0).permutation(len(glyphs))
    reference, real, held_out = (
        np.asarray(glyphs.images[np.sort(order[k * count : (k + 1) * count])]) for k in range(3)
    )
    extractor = extractors.find(name)
    features = extractor.of_real(reference)
    print(f"{extractor.fingerprint}, {count:,} images in each set")
    print("| glyphs | FID | KID |\n|---|---:|---:|")
    panels = [measured_panel("real", real, features, extractor)]
    for title, (corrupt, strengths, shown) in CORRUPTIONS.items():
        for strength in (shown,) if typical else strengths:
            panel = measured_panel(f"{title} {strength}", corrupt(real, strength), features, extractor)
            panels += [panel] if strength == shown else []
    if pictures:
        folder = pathlib.Path(pictures)
        save_png(folder / "evaluate-ladder.png", panel_figure("Distances to real glyphs", panels, image_height=64))
        save_png(folder / "evaluate-prdc.png", prdc_figure(real, features, extractor))
        save_png(folder / "evaluate-copies.png", copying_figure(reference, real, held_out))


def measured_panel(title: str, images: np.ndarray, reference: np.ndarray, extractor: Extractor) -> Panel:
    """Prints a row of the table; returns the first images with their FID.

    Args:
        title: str.
        images: uint8 (n, h, w, c).
        reference: float32 (m, d), features of real glyphs.
        extractor: Extractor.
    """
    features = extractor(images)
    fid, kid = distances.frechet_distance(features, reference), distances.kernel_distance(features, reference)
    print(f"| {title} | {fid:.2f} | {kid:.3f} |", flush=True)
    return Panel(f"{title}: FID {fid:.1f}", images[:SHOWN])


def prdc_figure(real: np.ndarray, reference: np.ndarray, extractor: Extractor) -> np.ndarray:
    """The figure of precision, recall, density and coverage of real, collapsed and blurred sets."""
    rng = np.random.default_rng(0)
    repeated = real[rng.integers(0, COLLAPSED, len(real))]
    sets = {
        "real glyphs": real,
        f"collapse: {COLLAPSED} glyphs again and again": corruptions.noise(repeated, 4),
        "variety without quality: blur, σ 1.2": corruptions.blur(real, 1.2),
    }
    panels = []
    for title, images in sets.items():
        values = prdc(reference, extractor(images))
        text = (
            f"precision {values.precision.mean():.2f}, recall {values.recall.mean():.2f}, density"
            f" {values.density.mean():.2f}, coverage {values.coverage.mean():.2f}"
        )
        print(f"{title}: {text}")
        panels += [Panel(title, images[:SHOWN]), Panel(text, images[SHOWN : 2 * SHOWN])]
    return panel_figure("Precision, recall, density and coverage", panels, image_height=64)


def copying_figure(training: np.ndarray, real: np.ndarray, held_out: np.ndarray) -> np.ndarray:
    """The figure of copies: disguised training glyphs beside real glyphs that were not trained on."""
    disguised = corruptions.noise(corruptions.blur(training[::-1], 0.5), 12)
    panels = []
    for title, samples in (("copies in disguise", disguised), ("new glyphs", real)):
        vectors = [copying.rms_vectors(images) for images in (samples, training, held_out)]
        result = copying.measure(vectors[0], vectors[1], vectors[2])
        fraction, median = result.copies.mean(), np.median(result.sample_distances)
        print(f"{title}: copies {fraction:.3f}, median distance {median:.3f}, threshold {result.threshold:.3f}")
        pairs = stacked(samples[:SHOWN], training[result.nearest_rows[:SHOWN]])
        label = f"{title}, above their nearest training glyphs: copies {fraction:.2f}, median distance {median:.3f}"
        panels.append(Panel(label, pairs, [f"{value:.3f}" for value in result.sample_distances[:SHOWN]]))
    return panel_figure("Copying", panels, image_height=PAIR_HEIGHT)


if __name__ == "__main__":
    main()
