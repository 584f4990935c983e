"""``tfglyph export``: a SavedModel from a trained model."""

import pathlib

import click

from tfglyph.cli.model_options import add_model_options
from tfglyph.errors import UsageError, did_you_mean


@click.command("export", context_settings={"help_option_names": ["-h", "--help"]})
@add_model_options()
@click.option(
    "--output",
    type=click.Path(),
    metavar="DIR",
    help="Directory of versions: DIR/1, DIR/2, ... Default: served/<run>.",
)
@click.option("--sampler", metavar="NAME", help="Diffusion: the sampler that it contains. Default: the model's.")
def command(references, output, sampler):
    """Write a SavedModel for TensorFlow Serving.

    The next free version of DIR appears at once and complete. docs/serving.md lists the signatures with
    requests.
    """
    import tfglyph
    from tfglyph.export import export, signatures

    model = tfglyph.load(references[0])
    if sampler is not None:
        _choose_sampler(model, sampler)
    path = export(model, output or pathlib.Path("served") / model.run.name)
    click.echo(f"{model.run.title}: signatures {', '.join(signatures(model))}")
    click.echo(f"SavedModel in {path}; look: saved_model_cli show --dir {path} --all")


def _choose_sampler(model, name):
    """Makes a sampler the one that the model's file names; requests say the number of steps, but no sampler."""
    from tfglyph.cli.point_options import options_for
    from tfglyph.diffusion.samplers import SAMPLERS

    options_for(model, {"sampler": name})
    if name not in SAMPLERS:
        near = did_you_mean(name, SAMPLERS)
        raise UsageError(f"--sampler: found {name!r}, expected one of {', '.join(SAMPLERS)}{near}")
    objective = model.architecture.objective.model_copy(update={"sampler": name})
    model.architecture = model.architecture.model_copy(update={"objective": objective})
