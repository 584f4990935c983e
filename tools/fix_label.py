"""Makes a model of one label of a run that was told of labels and descriptions: it draws what the run's model draws
with that label, without being told.

    python tools/fix_label.py RUN 0 DIR

A label's vector is added to what modulates every block, as the descriptions' vector is, so that it can become part of
the latter's bias. FrozenTables of glyphs and descriptions are filled again with the training data of that label. DIR is a
folder of weights that --init_from takes, and ship.py.
"""

import dataclasses
import json
import pathlib
import shutil

import click
import numpy as np

import tfglyph
from tfglyph.architecture import dump
from tfglyph.errors import UsageError
from tfglyph.runs.checkpoints import save_weights
from tfglyph.runs.data import load_glyphs

TABLE, BIAS = "label/table", "tokens_joined/dense/bias"


def fixed(model, label):
    """A model without labels.

    Args:
        model: Diffusion with classes and tokens in its condition.
        label: int, or str: a name or a number.

    Returns:
        Diffusion: its denoiser is the model's (averaged) one with ``label``; its tables are empty.
    """
    condition = model.architecture.condition
    if condition is None or not condition.classes or condition.tokens is None:
        raise UsageError(f"{model.name} is not told of labels and descriptions")
    label = condition.number_of(label)
    data = json.loads(dump(model.architecture))
    data["condition"] |= {"classes": None, "names": None}
    result = tfglyph.build(data)
    values = {variable.path: variable.numpy() for variable in model.inference_network("denoiser").variables}
    values[BIAS] = values[BIAS] + values.pop(TABLE)[label]
    for variable in result.networks["denoiser"].variables:
        variable.assign(values.pop(variable.path))
    assert not values, f"left over: {', '.join(values)}"
    result.inference_network("denoiser").set_weights(result.networks["denoiser"].get_weights())
    return result


@click.command()
@click.argument("run", type=click.Path(exists=True, path_type=pathlib.Path))
@click.argument("label")
@click.argument("target", type=click.Path(path_type=pathlib.Path))
def main(run, label, target):
    """Writes the newest checkpoint of RUN, with LABEL for good, to the folder TARGET."""
    from tfglyph.composition import tokenizer

    model = tfglyph.load(run)
    result = fixed(model, label)
    label = model.architecture.condition.number_of(label)
    glyphs = load_glyphs(model.architecture, model.run.options.dataset, "train")
    glyphs = glyphs.take(np.flatnonzero(glyphs.labels == label), f"label {label}")
    tokens = tokenizer(result.architecture.condition.tokens.parts).encode_characters(glyphs.characters)
    result.adapt(dataclasses.replace(glyphs, tokens=tokens))
    step = int(model.run.prefix.name.rpartition("-")[2])
    target.mkdir(parents=True, exist_ok=True)
    groups = {name: group for name, group in result.groups().items() if not name.startswith("optimizer")}
    save_weights(target / f"model.ckpt-{step}", groups, {"step": step}, dtype="float32")
    (target / "architecture.json").write_text(dump(result.architecture), encoding="utf-8")
    for name in ("options.json", "stats.jsonl"):
        shutil.copy(model.run.directory / name, target / name)
    click.echo(f"{target}: {glyphs.label_names[label]} of {run}, step {step:,}")


if __name__ == "__main__":
    main()
