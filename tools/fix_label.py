"""Folds one label into the weights of a model that is conditioned on labels and descriptions: the result needs no label
and generates what the run's model generates with that one.

    python tools/fix_label.py RUN 0 DIR

A label's vector is added to what modulates every block, as the descriptions' vector is, so that it can become part of
the latter's bias. The tables of sketches and descriptions are filled again with the training data of that label. DIR
is a folder of weights that --init_from takes, and ship.py.
"""

import dataclasses
import json
import pathlib
import shutil

import click
import numpy as np

import tfglyph
from tfglyph.architecture import dump
from tfglyph.composition import tokenizer
from tfglyph.errors import UsageError
from tfglyph.files import write_text
from tfglyph.models import GlyphModel
from tfglyph.runs.checkpoints import save_weights
from tfglyph.runs.data import load_glyphs

TABLE, BIAS = "label/table", "tokens_joined/dense/bias"


def with_fixed_label(model: GlyphModel, label: int | str) -> GlyphModel:
    """A model without labels.

    Args:
        model: Diffusion with classes and tokens in its condition.
        label: int, or str: a name or a number.

    Returns:
        Diffusion: its denoiser is the model's (EMA) one with ``label``; its tables are empty.

    Raises:
        UsageError: the model is not conditioned on both, or has no such label.
    """
    condition = model.architecture.conditioning
    if condition is None or not condition.classes or condition.tokens is None:
        raise UsageError(f"{model.name} is not conditioned on labels and descriptions")
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
def main(run: pathlib.Path, label: str, target: pathlib.Path) -> None:
    """Writes the newest checkpoint of RUN, with LABEL for good, to the folder TARGET."""
    model = tfglyph.load(run)
    result = with_fixed_label(model, label)
    number = model.architecture.condition.number_of(label)
    glyphs = load_glyphs(model.architecture, model.run.options.dataset, "train")
    glyphs = glyphs.take(np.flatnonzero(glyphs.labels == number), f"label {number}")
    tokens = tokenizer(result.architecture.condition.tokens.parts).encode_characters(glyphs.known_characters())
    result.adapt(dataclasses.replace(glyphs, tokens=tokens))
    step = model.run.step or 0
    target.mkdir(parents=True, exist_ok=True)
    groups = {name: group for name, group in result.groups().items() if not name.startswith("optimizer")}
    save_weights(target / f"model.ckpt-{step}", groups, {"step": step}, dtype="float32")
    write_text(target / "architecture.json", dump(result.architecture))
    for name in ("options.json", "stats.jsonl"):
        shutil.copy(model.run.directory / name, target / name)
    name = glyphs.label_names[number] if glyphs.label_names else label
    click.echo(f"{target}: {name} of {run}, step {step:,}")


if __name__ == "__main__":
    main()
