"""Tables and training curves of docs/research/results.md, from the measurements and logs beside the shipped weights.

python tools/results.py table vaegan-cns vae-cns
python tools/results.py curve compose-cns docs/images/results-compose-curve.png
python tools/results.py composition compose-cns
python tools/results.py sketches 酩霧國婉這瘋 docs/images/compose-sketches.png
python tools/results.py answers vaegan-cns vae-cns vae-parts --output docs/images/results-answers.png
python tools/results.py answers vaegan-cns vae-cns vae-parts --benchmark --output results-answers-benchmark.png
python tools/results.py arithmetic vaegan-cns vae-cns vae-parts
python tools/results.py growth RUN docs/images/growth-cppn-mnist.png --published MNIST .854 28 .194
"""

import json
import pathlib
from typing import Any

import click
import numpy as np
import tensorflow as tf

import tfglyph
from tfglyph import datasets
from tfglyph.composition import tokenizer
from tfglyph.composition.arithmetic import add_descriptions
from tfglyph.evaluation.arithmetic import PCA_COMPONENTS, measure
from tfglyph.evaluation.arithmetic_metric import COMPOSED
from tfglyph.evaluation.legibility import read
from tfglyph.evaluation.pixels import pixel_vectors
from tfglyph.evaluation.report import markdown
from tfglyph.evaluation.tuples import part_tuples
from tfglyph.imaging.curves import curves
from tfglyph.imaging.grids import enlarge, save_png, table_figure
from tfglyph.latent.arithmetic import SCALES, compute
from tfglyph.latent.description_answers import COMPOSER, description_answers
from tfglyph.latent.tuples import read_tuples
from tfglyph.networks.sketches import Sketches
from tfglyph.pretrained import PREFIX, folder_of
from tfglyph.runs.lookup import steps_in
from tfglyph.runs.rundir import read_stats
from tfglyph.training.diversity import effective_dimension, standard_deviation


@click.group()
def main() -> None:
    """Tables and curves of shipped models."""


def read_result(path: pathlib.Path) -> dict[str, Any]:
    """The one model's result of a file that ``tfglyph evaluate`` wrote."""
    (result,) = json.loads(path.read_text(encoding="utf-8"))["models"]
    return result


@main.command()
@click.argument("names", nargs=-1, required=True)
@click.option("--only", default="", metavar="fid/ocr,legibility", help="Measurements whose names begin so.")
def table(names: tuple[str, ...], only: str) -> None:
    """One Markdown table of the measurements that lie beside the weights."""
    results, prefixes = [], tuple(only.split(","))
    for name in names:
        result = read_result(folder_of(PREFIX + name) / "metrics.json")
        measurements = [each for each in result["figures"] if each["name"].startswith(prefixes)]
        results.append(result | {"model": name, "figures": measurements})
    click.echo("\n".join(markdown(results)))


GROUPS = {
    "held-out": "held out; each part occurs in the same slot of eight or more other characters",
    "depth two": "the same, conditioned on the parts of the parts",
    "enclosures": "held out, with an enclosing part (⿴ ⿵ ⿶ ⿷ ⿸ ⿹ ⿺)",
    "rarer parts": "held out, with rarer parts",
    "trained": "trained on",
}


@main.command()
@click.argument("source")
def composition(source: str) -> None:
    """The composition of shipped weights, or of a metrics.json, a row for each group of characters."""
    path = pathlib.Path(source) if source.endswith(".json") else folder_of(PREFIX + source) / "metrics.json"
    by_name = {each["name"].removeprefix("composition/"): each for each in read_result(path)["figures"]}
    click.echo("| characters | n | top-1 | top-5 | top-1, blurred | top-5, blurred | read right | real |")
    click.echo("|---|" + "---:|" * 7)
    for group, title in GROUPS.items():
        if f"{group}/top-1" in by_name:
            names = [f"{group}/{name}" for name in ("top-1", "top-5", "top-1 blurred", "top-5 blurred", "read right")]
            cells = [_fraction(by_name.get(name, {}).get("value")) for name in names]
            cells.append(_fraction(by_name.get(f"{group}/read right", {}).get("real")))
            click.echo(f"| {title} | {by_name[f'{group}/top-1']['count']} | {' | '.join(cells)} |")


def _fraction(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}".lstrip("0")


METHODS = {
    "pixels": "pixels",
    "pca": "128 principal components",
    "latent": "{}, latents",
    "decoded": "{}, decoded",
    "snapped": "{}, latents snapped to the prior",
    "snapped decoded": "{}, snapped and decoded",
    COMPOSED: "composed of descriptions (upper bound: told the parts)",
}
SCORES = ("top-1", "top-5", "read right")


@main.command()
@click.argument("sources", nargs=-1, required=True)
def arithmetic(sources: tuple[str, ...]) -> None:
    """The arithmetic of shipped weights, or of files that evaluate wrote: all tuples, and those with a held-out D."""
    click.echo("| A − B + C | all: " + " | ".join((*SCORES, "held-out D: top-1", *SCORES[1:])) + " |")
    click.echo("|---|" + "---:|" * 2 * len(SCORES))
    seen = set()
    real: dict[str, float | None] = {}
    for source in sources:
        path = pathlib.Path(source) if source.endswith(".json") else folder_of(PREFIX + source) / "metrics.json"
        for result in json.loads(path.read_text(encoding="utf-8"))["models"]:
            by_name = {each["name"].removeprefix("arithmetic/"): each for each in result["figures"]}
            for method, title in METHODS.items():
                title = title.format(path.parent.name if path.name == "metrics.json" else result["model"])
                if f"all/{method}/top-1" in by_name and title not in seen:
                    seen.add(title)
                    names = [f"{group}/{method}/{score}" for group in ("all", "held-out D") for score in SCORES]
                    click.echo(f"| {title} | {' | '.join(_fraction(by_name.get(n, {}).get('value')) for n in names)} |")
                    real |= {n.split("/")[0]: by_name[n]["real"] for n in names if by_name.get(n, {}).get("real")}
    cells = ["", "", _fraction(real.get("all")), "", "", _fraction(real.get("held-out D"))]
    click.echo(f"| *real glyphs of D* | {' | '.join(cells)} |")


CASES = 7  # of the benchmark, the best and the worst


@main.command()
@click.argument("references", nargs=-1, required=True)
@click.option("--benchmark", is_flag=True, help="The best and the worst of the test tuples, by the last model.")
@click.option("--output", type=click.Path(), required=True)
def answers(references: tuple[str, ...], benchmark: bool, output: str) -> None:
    """A - B + C by every method side by side: pixels, principal components, models, descriptions; and D."""
    models = [tfglyph.load(name if pathlib.Path(name).exists() else PREFIX + name) for name in references]
    glyphs = datasets.load("cns", size=models[0].architecture.hwc[0])
    real, rows_of = np.asarray(glyphs.images), glyphs.rows_by_character()
    if benchmark:
        entries = part_tuples("test")
        rows = np.array([[rows_of[character] for character in entry.characters] for entry in entries])
        measured = measure(models[-1], real, rows)
        ranks = measured.ranks[measured.best_drawn]
        order = np.argsort(ranks, kind="stable")
        middle = np.random.default_rng(0).permutation(np.flatnonzero(ranks == 0))[:CASES]  # many are the best
        chosen = [*middle, *order[-CASES:]]
        triples = [entries[index].characters[:3] for index in chosen]
        remarks = [f"D is no. {ranks[index] + 1:,}" for index in chosen]
        expected = [entries[index].d for index in chosen]
    else:
        triples = [entry.characters for entry in read_tuples("test.txt")[0]]
        remarks = [""] * len(triples)
        expected = [add_descriptions(*triple).character or "" for triple in triples]
    images = np.stack([[real[rows_of[letter]] for letter in triple] for triple in triples])  # (n, 3, h, w, c)
    by_parts = description_answers(triples, models[0].architecture.hwc, lambda: tfglyph.load(COMPOSER))
    results = [compute(model, images) for model in models]
    projected = _projected(pixel_vectors(real), images)
    empty = np.full_like(real[:1], 255)
    faces: dict[str, np.ndarray] = {}
    lines = []
    for index, triple in enumerate(triples):
        answer, d = by_parts[index], expected[index]
        composed = answer.image[None] if answer is not None and answer.image is not None else empty
        in_models = []
        for result in results:
            in_models.append(result[index].generated[SCALES.index(1.0)][None])
            in_models += [reading.image] if (reading := result[index].reading) is not None else []
        target = real[rows_of[d]][None] if d in rows_of else empty
        groups = [images[index], results[0][index].pixels, projected[index][None], *in_models, composed, target]
        faces |= dict(zip(triple, images[index], strict=True)) | ({d: target[0]} if d in rows_of else {})
        a, b, c = triple
        lines.append((f"{a} − {b} + {c}   {remarks[index]}", groups))
    names = []
    for model in models:
        names.append((model.run.name, [""]))
        names += [("its parts", [""])] if model.architecture.has_part_prior else []
    headers = [("", "ABC"), ("pixels", [""]), ("PCA", [""]), *names, ("descriptions", [""]), ("D", [""])]
    click.echo(save_png(output, table_figure("A − B + C", headers, lines, faces)))


def _projected(vectors: np.ndarray, images: np.ndarray) -> np.ndarray:
    """A - B + C in principal components, as images: uint8 (n, h, w, c) of terms (n, 3, h, w, c)."""
    mean = vectors.mean(axis=0)
    _, directions = np.linalg.eigh((vectors - mean).T @ (vectors - mean))
    directions = directions[:, ::-1][:, :PCA_COMPONENTS]
    a, b, c = (pixel_vectors(images[:, term]) - mean for term in range(3))
    sums = (a - b + c) @ directions @ directions.T + mean
    return np.clip(np.round(sums * 255.0), 0, 255).astype(np.uint8).reshape(-1, *images.shape[2:])


@main.command()
@click.argument("name")
@click.argument("path", type=click.Path())
@click.option("--prefix", default="loss/", show_default=True, help="Which numbers of the log.")
@click.option("--log", "logarithmic", is_flag=True, help="Their logarithm, base 10.")
def curve(name: str, path: str, prefix: str, logarithmic: bool) -> None:
    """A picture of a training log."""
    stats = read_stats(folder_of(PREFIX + name))
    series = {}
    for key in dict.fromkeys(key for row in stats for key in row if key.startswith(prefix)):
        rows = [(row["step"], row[key]) for row in stats if row.get(key) is not None]
        steps, values = map(np.array, zip(*rows, strict=True))
        series[key.removeprefix(prefix)] = (steps, np.log10(values) if logarithmic else values)
    label = prefix.rstrip("/") + (", log10" if logarithmic else "")
    click.echo(save_png(path, curves(name, series, "step", label)))


@main.command()
@click.argument("characters")
@click.argument("path", type=click.Path())
def sketches(characters: str, path: str) -> None:
    """The sketches that a composing model gets as input for training characters: a row each, the real glyph first."""
    glyphs, encoder = datasets.load("cns", size=32, split="train", holdout=0.07), tokenizer()
    known = glyphs.known_characters()
    layer = Sketches(4096, encoder.vocabulary, (32, 32, 1))
    layer.adapt(np.asarray(glyphs.images), encoder.encode_characters(known), encoder.encode_as_parts(known))
    rows_of = glyphs.rows_by_character()
    images = glyphs.images[[rows_of[character] for character in characters]]
    tokens = encoder.encode_characters(characters)
    ink = np.round(255 * layer(tf.constant(tokens), drawn=tf.constant(images)).numpy()).astype(np.uint8)
    cells = 255 - np.concatenate([images, ink], axis=-1)  # (n, h, w, 7), ink is black on paper
    cells = np.pad(cells, [(0, 0), (2, 2), (2, 2), (0, 0)], constant_values=230)
    rows, height, width, columns = cells.shape
    page = cells.transpose(0, 1, 3, 2).reshape(rows * height, columns * width)
    click.echo(save_png(path, enlarge(page[None, ..., None], 3)[0]))


GROWTH = ("confidence", "effective dimension of 512", "standard deviation")


@main.command()
@click.argument("directories", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False))
@click.argument("path", type=click.Path())
@click.option("--published", nargs=4, multiple=True, type=(str, float, float, float), metavar="NAME C D S")
def growth(directories: tuple[str, ...], path: str, published: tuple[tuple[str, float, float, float], ...]) -> None:
    """1,000 samples of each checkpoint of a run: a Markdown table, and curves beside published figures.

    Of several runs each one began with the weights of the one before (--init_from), and its steps count on.
    """
    rows, before = [], 0
    for directory in directories:
        steps = [step for step in steps_in(directory) if step or not before]
        for step in steps:
            model = tfglyph.load(pathlib.Path(directory) / f"model.ckpt-{step}")
            images = model.sample(1000, seed=0)
            updates = (before + step) * model.architecture.objective.generator_steps
            confidence = float(read(images).confidences.mean())
            rows.append((updates, confidence, effective_dimension(images[:512]), standard_deviation(images)))
        before += steps[-1]
    click.echo(f"| updates | {' | '.join(GROWTH)} |\n|---:|---:|---:|---:|")
    for count, confidence, dimension, deviation in rows:
        click.echo(f"| {count:,} | {confidence:.3f} | {dimension:.0f} | {deviation:.3f} |")
    counts = [row[0] for row in rows]
    panels = []
    for column, title in enumerate(GROWTH, start=1):
        series = {"here": (counts, [row[column] for row in rows])}
        series |= {f"published: {figures[0]}": (counts, [figures[column]] * len(counts)) for figures in published}
        panels.append(curves(title, series, "updates of the generator", "", size=(420, 320)))
    click.echo(save_png(path, np.concatenate(panels, axis=1)))


if __name__ == "__main__":
    main()
