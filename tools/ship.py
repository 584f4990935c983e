"""Makes shipped weights of a run: float16, EMA weights where there are some, with what belongs beside them.

    python -m tfglyph evaluate --checkpoint RUN --output RUN/metrics.json
    python tools/ship.py RUN vaegan-cns --limits "…"

writes tfglyph/pretrained/vaegan-cns/: the weights, architecture.json, options.json, stats.jsonl (thinned),
metrics.json and README.md, the model card.
"""

import json
import math
import pathlib
import shutil
from collections.abc import Mapping
from typing import Any

import click

import tfglyph
from tfglyph.architecture import dump
from tfglyph.files import clear_partial, write_text
from tfglyph.models import GlyphModel
from tfglyph.pretrained import FOLDER
from tfglyph.runs.checkpoints import save_weights
from tfglyph.runs.rundir import read_stats

MAX_LINES = 200  # of the training log
CARD = """# {name}

{summary}

| | |
|---|---|
| architecture | `{architecture}` ({mode}), {parameters:,} parameters here, {megabytes:.1f} MB in float16 |
| data | {data} |
| split | {split} |
| training | {steps:,} steps of {batch}, {precision}, seed {seed}{begun}{minutes} |
| licence of the weights | MIT, as the package; the glyphs: see NOTICE |

Use:

    {use}

## Measurements

{measurements}

## Limits

{limits}
"""


def shipped_groups(model: GlyphModel, without: tuple[str, ...]) -> dict[str, list[Any]]:
    """dict from group to variables: what images are made with, EMA networks in place of their originals."""
    groups = {}
    for name, network in model.networks.items():
        if name in without:
            continue
        ema = model.ema_networks.get(name)
        groups[f"ema/{name}" if ema is not None else name] = (ema if ema is not None else network).variables
    tables = {name: group for name, group in model.groups().items() if name in ("sketches", "imagined")}
    return groups | tables


def thinned(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """At most MAX_LINES of them, the last one kept."""
    step = -(-len(lines) // MAX_LINES) or 1
    return lines[::-1][::step][::-1]


def measurement_table(path: pathlib.Path) -> str:
    """The lines of a table of what evaluate measured, or a sentence where there is no such file."""
    if not path.is_file():
        return "Not measured."
    rows = ["| metric | value (95%) | real glyphs | images |", "|---|---|---|---|"]
    for measurement in json.loads(path.read_text(encoding="utf-8"))["models"][0]["figures"]:
        value, low, high, real = (measurement.get(key) for key in ("value", "low", "high", "real"))
        interval = f" ({low:.4g} to {high:.4g})" if low is not None else ""
        of_real = f"{real:.4g}" if real is not None else ""
        rows.append(f"| {measurement['name']} | {value:.4g}{interval} | {of_real} | {measurement['count']:,} |")
    return "\n".join(rows)


def in_words(options: Mapping[str, Any]) -> str:
    """The data set's options for the card: files by their names."""

    def value_of(value: Any) -> str:
        if isinstance(value, list):
            return " ".join(pathlib.PurePath(str(each)).name for each in value)
        return str(value) if value is not True else ""

    return ", ".join(f"{key} {value_of(value)}" for key, value in options.items() if value and key != "holdout")


@click.command()
@click.argument("run", type=click.Path(exists=True, path_type=pathlib.Path))
@click.argument("name")
@click.option("--summary", required=True, help="One sentence: what it generates.")
@click.option("--use", required=True, help="A command that shows it.")
@click.option("--limits", required=True, help="What it cannot do.")
@click.option("--minutes", type=int, help="How long the training took, in minutes.")
@click.option("--machine", default="two CPU cores", show_default=True)
@click.option("--begun_from", help="The shipped weights that a run with --init_from began with.")
@click.option("--without", multiple=True, help="A network that images are not made with, such as discriminator.")
def main(
    run: pathlib.Path,
    name: str,
    summary: str,
    use: str,
    limits: str,
    minutes: int | None,
    machine: str,
    begun_from: str | None,
    without: tuple[str, ...],
) -> None:
    """Ships the newest checkpoint of RUN as NAME."""
    model = tfglyph.load(run)
    directory, architecture, step = model.run.directory, model.run.architecture, model.run.step
    options = json.loads(model.run.options_file.read_text(encoding="utf-8"))
    if options.get("init_from"):
        if not begun_from:
            raise click.UsageError(f"the run began with {options['init_from']}; which shipped weights are these?")
        options["init_from"] = f"pretrained:{begun_from}"
    target = FOLDER / name
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)

    groups = shipped_groups(model, without)
    save_weights(target / f"model.ckpt-{step}", groups, {"step": step})
    write_text(target / "architecture.json", dump(architecture))
    write_text(target / "options.json", json.dumps(options, indent=2, ensure_ascii=False) + "\n")
    write_text(target / "stats.jsonl", "".join(json.dumps(line) + "\n" for line in thinned(read_stats(directory))))
    metrics = directory / "metrics.json"
    if metrics.is_file():
        shutil.copy(metrics, target / "metrics.json")

    dataset = options.get("dataset", {})
    holdout = dataset.get("holdout") or 0
    megabytes = sum(file.stat().st_size for file in target.glob("*.safetensors")) / 1e6
    # Integers and the groups of tables, which are (path, variable) pairs, are no parameters.
    listed = [each for group in groups.values() for each in group if not isinstance(each, tuple)]
    variables = [each for each in listed if "int" not in str(each.dtype)]
    card = CARD.format(
        name=name,
        summary=summary,
        architecture=architecture.name,
        mode=architecture.mode,
        parameters=sum(math.prod(variable.shape) for variable in variables),
        megabytes=megabytes,
        data=in_words(dataset),
        split=f"{holdout} of the characters, by their hash, held out" if holdout else "none: trained on all",
        steps=step,
        batch=architecture.training.batch_size,
        precision=options.get("precision", "float32"),
        seed=options.get("seed", 0),
        begun=f", begun from the weights of {begun_from}" if begun_from else "",
        minutes=f"; {minutes} minutes on {machine}" if minutes else "",
        use=use,
        measurements=measurement_table(metrics),
        limits=limits,
    )
    write_text(target / "README.md", card)
    clear_partial(target)
    for file in target.iterdir():
        file.chmod(0o644)
    click.echo(f"{target}: {megabytes:.1f} MB")


if __name__ == "__main__":
    main()
