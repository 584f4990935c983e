"""Makes shipped weights of a run: float16, averaged where the run has averages, with what belongs beside them.

    python -m tfglyph evaluate --checkpoint RUN --output RUN/metrics.json
    python tools/ship.py RUN vaegan-cns --limits "…"

writes tfglyph/pretrained/vaegan-cns/: the weights, architecture.json, options.json, stats.jsonl (thinned),
metrics.json and README.md, the model card.
"""

import json
import math
import pathlib
import shutil

import click

import tfglyph
from tfglyph.architecture import dump
from tfglyph.pretrained import FOLDER
from tfglyph.runs.checkpoints import save_weights
from tfglyph.runs.rundir import read_stats

LINES = 200  # of the training log
CARD = """# {name}

{summary}

| | |
|---|---|
| architecture | `{architecture}` ({mode}), {parameters:,} parameters here, {bytes:.1f} MB in float16 |
| data | {data} |
| split | {split} |
| training | {steps:,} steps of {batch}, {precision}, seed {seed}{begun}{minutes} |
| licence of the weights | MIT, as the package; the glyphs: see NOTICE |

Use:

    {use}

## Figures

{figures}

## Limits

{limits}
"""


def networks(model, without):
    """dict from group to variables: what images are made with, averages in place of what they average."""
    groups = {}
    for name, network in model.networks.items():
        if name in without:
            continue
        average = model.ema_networks.get(name)
        groups[f"ema/{name}" if average is not None else name] = (average or network).variables
    tables = {name: group for name, group in model.groups().items() if name in ("sketches", "imagined")}
    return groups | tables


def thinned(lines):
    """At most LINES of them, the last one kept."""
    step = -(-len(lines) // LINES) or 1
    return lines[::-1][::step][::-1]


def figures_of(path):
    """The lines of a table of evaluate's figures, or a sentence where there are none."""
    if not path.is_file():
        return "Not measured."
    found = json.loads(path.read_text(encoding="utf-8"))["models"][0]["figures"]
    rows = []
    for figure in found:
        interval = f" ({figure['low']:.4g} to {figure['high']:.4g})" if figure.get("low") is not None else ""
        real = f"{figure['real']:.4g}" if figure.get("real") is not None else ""
        rows.append(f"| {figure['name']} | {figure['value']:.4g}{interval} | {real} | {figure['count']:,} |")
    return "\n".join(["| figure | value (95%) | real glyphs | images |", "|---|---|---|---|", *rows])


def _names(value):
    """A value of the data set's options in words: files by their names."""
    if isinstance(value, list):
        return " ".join(pathlib.PurePath(str(each)).name for each in value)
    return value if value is not True else ""


@click.command()
@click.argument("run", type=click.Path(exists=True, path_type=pathlib.Path))
@click.argument("name")
@click.option("--summary", required=True, help="One sentence: what it draws.")
@click.option("--use", required=True, help="A command that shows it.")
@click.option("--limits", required=True, help="What it cannot do.")
@click.option("--minutes", type=int, help="How long the training took, in minutes.")
@click.option("--machine", default="two CPU cores", show_default=True)
@click.option("--begun_from", help="The shipped weights that a run with --init_from began with.")
@click.option("--without", multiple=True, help="A network that images are not made with, such as discriminator.")
def main(run, name, summary, use, limits, minutes, machine, begun_from, without):
    """Ships the newest checkpoint of RUN as NAME."""
    model = tfglyph.load(run)
    directory, architecture = model.run.directory, model.run.architecture
    options = json.loads(model.run.options_file.read_text(encoding="utf-8"))
    if options.get("init_from"):
        if not begun_from:
            raise click.UsageError(f"the run began with {options['init_from']}; which shipped weights are these?")
        options["init_from"] = f"pretrained:{begun_from}"
    step = model.run.step
    target = FOLDER / name
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    groups = networks(model, without)
    save_weights(target / f"model.ckpt-{step}", groups, {"step": step})
    (target / "architecture.json").write_text(dump(architecture), encoding="utf-8")
    (target / "options.json").write_text(json.dumps(options, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    stats = thinned(read_stats(directory))
    (target / "stats.jsonl").write_text("".join(json.dumps(line) + "\n" for line in stats), encoding="utf-8")
    metrics = directory / "metrics.json"
    if metrics.is_file():
        shutil.copy(metrics, target / "metrics.json")
    dataset = options.get("dataset", {})
    holdout = dataset.get("holdout") or 0
    weights = sum(file.stat().st_size for file in target.glob("*.safetensors"))
    card = CARD.format(
        name=name,
        summary=summary,
        architecture=architecture.name,
        mode=architecture.mode,
        parameters=sum(
            math.prod(variable.shape)
            for group in groups.values()
            for variable in group
            if not isinstance(variable, tuple)  # a table's path and variable
        ),
        bytes=weights / 1e6,
        data=", ".join(f"{key} {_names(value)}" for key, value in dataset.items() if value and key != "holdout"),
        split=f"{holdout} of the characters, by their hash, held out" if holdout else "none: trained on all",
        steps=step,
        batch=architecture.training.batch_size,
        precision=options.get("precision", "float32"),
        seed=options.get("seed", 0),
        begun=f", begun from the weights of {begun_from}" if begun_from else "",
        minutes=f"; {minutes} minutes on {machine}" if minutes else "",
        use=use,
        figures=figures_of(metrics),
        limits=limits,
    )
    (target / "README.md").write_text(card, encoding="utf-8")
    shutil.rmtree(target / ".partial", ignore_errors=True)
    for file in target.iterdir():
        file.chmod(0o644)
    click.echo(f"{target}: {weights / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
