"""Measures the sanity ladder of docs/evaluate.md and draws its pictures.

    python tools/measure_ladder.py --extractor glyph --pictures docs/images
    python tools/measure_ladder.py --extractor ocr --typical

Three disjoint sets of real glyphs: one is the reference, the second is spoilt in growing measure, and what a distance
says of it is printed as a Markdown table. The second also shows as ``real``: nothing is wrong with it.
"""

import pathlib

import click
import numpy as np

from tfglyph import datasets
from tfglyph.cli import silence_tensorflow
from tfglyph.evaluation import corruptions, distances, extractors
from tfglyph.evaluation.copying import measure as measure_copying
from tfglyph.evaluation.neighbours import neighbourhood
from tfglyph.evaluation.pictures import PAIR_HEIGHT, stacked
from tfglyph.imaging.grids import Panel, panel_figure, save_png

RUNGS = {
    "blur, σ": (corruptions.blur, (0.4, 0.8, 1.2, 2.4), 1.2),
    "noise, σ": (corruptions.noise, (10, 20, 40, 80), 40),
    "average of two, weight of the other": (corruptions.average, (0.1, 0.2, 0.35, 0.5), 0.5),
    "upside down, share": (corruptions.upside_down, (0.25, 0.5, 0.75, 1.0), 1.0),
}
SHOWN = 12
COLLAPSED = 50  # different glyphs in a collapsed set


@click.command()
@click.option("--extractor", "name", default="glyph", show_default=True)
@click.option("--count", default=5000, show_default=True)
@click.option("--typical", is_flag=True, help="One strength of each corruption.")
@click.option("--pictures", type=click.Path(), help="Folder for evaluate-*.png.")
def main(name, count, typical, pictures):
    """Measure what distances say of spoilt glyphs."""
    silence_tensorflow.install()
    glyphs = datasets.load("cns", size=32)
    order = np.random.default_rng(0).permutation(len(glyphs))
    reference, real, held = (np.asarray(glyphs.images[np.sort(order[k * count : (k + 1) * count])]) for k in range(3))
    extractor = extractors.find(name)
    base = extractor.of_real(reference)
    print(f"{extractor.fingerprint}, {count:,} images in each set")
    print("| glyphs | FID | KID |\n|---|---:|---:|")
    shown = [show("real", real, base, extractor)]
    for title, (spoil, strengths, usual) in RUNGS.items():
        for strength in (usual,) if typical else strengths:
            line = show(f"{title} {strength}", spoil(real, strength), base, extractor)
            shown += [line] if strength == usual else []
    if pictures:
        folder = pathlib.Path(pictures)
        panels = [Panel(f"{title}: FID {fid:.1f}", images[:SHOWN]) for title, images, fid in shown]
        save_png(folder / "evaluate-ladder.png", panel_figure("What a distance says", panels, image_height=64))
        save_png(folder / "evaluate-prdc.png", neighbourhoods(real, base, extractor))
        save_png(folder / "evaluate-copies.png", copies(reference, real, held))


def show(title, images, base, extractor):
    """Prints a row of the table; returns (title, images, FID)."""
    features = extractor(images)
    fid, kid = distances.frechet_distance(features, base), distances.kernel_distance(features, base)
    print(f"| {title} | {fid:.2f} | {kid:.3f} |", flush=True)
    return title, images, fid


def neighbourhoods(real, base, extractor):
    """The figure of precision, recall, density and coverage of real, collapsed and noisy sets."""
    rng = np.random.default_rng(0)
    sets = {
        "real glyphs": real,
        f"collapse: {COLLAPSED} glyphs again and again": corruptions.noise(
            real[rng.integers(0, COLLAPSED, len(real))], 4
        ),
        "variety without quality: blur, σ 1.2": corruptions.blur(real, 1.2),
    }
    panels = []
    for title, images in sets.items():
        found = neighbourhood(base, extractor(images))
        values = (
            f"precision {found.precise.mean():.2f}, recall {found.recalled.mean():.2f}, density"
            f" {found.dense.mean():.2f}, coverage {found.covered.mean():.2f}"
        )
        print(f"{title}: {values}")
        panels += [Panel(title, images[:SHOWN]), Panel(values, images[SHOWN : 2 * SHOWN])]
    return panel_figure("Precision, recall, density and coverage", panels, image_height=64)


def copies(training, real, held):
    """The figure of copies: disguised training glyphs beside real glyphs that were not trained on."""
    disguised = corruptions.noise(corruptions.blur(training[::-1], 0.5), 12)
    panels = []
    for title, samples in (("copies in disguise", disguised), ("new glyphs", real)):
        flat = [images.reshape(len(images), -1) / (255 * 32.0) for images in (samples, training, held)]
        found = measure_copying(*flat)
        share, median = found.copies.mean(), np.median(found.samples)
        print(f"{title}: share of copies {share:.3f}, median distance {median:.3f}, threshold {found.threshold:.3f}")
        pairs = stacked(samples[:SHOWN], training[found.rows[:SHOWN]])
        label = f"{title}, above their nearest training glyphs: copies {share:.2f}, median distance {median:.3f}"
        panels.append(Panel(label, pairs, [f"{value:.3f}" for value in found.samples[:SHOWN]]))
    return panel_figure("Copying", panels, image_height=PAIR_HEIGHT)


if __name__ == "__main__":
    main()
