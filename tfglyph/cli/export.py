"""``tfglyph export``: a SavedModel from a trained model."""

import pathlib
from typing import Any

import click

from tfglyph.cli.model_options import add_model_options, add_sampling_options, options_for


@click.command("export")
@add_model_options()
@click.option(
    "--output",
    type=click.Path(),
    metavar="DIR",
    help="Directory of versions: DIR/1, DIR/2, ... Default: served/<run>.",
)
@add_sampling_options("sampler", helps={"sampler": "Diffusion: the sampler that it contains. Default: the model's."})
def command(references: list[str], output: str | None, sampling: dict[str, Any]) -> None:
    """Write a SavedModel for TensorFlow Serving.

    The next free version of DIR appears at once and complete. docs/how-to/serving.md lists the signatures with
    requests.
    """
    import tfglyph
    from tfglyph.export import export, signatures

    model = tfglyph.load(references[0])
    # Requests choose the number of steps, but no sampler: that becomes the one that the model's file names.
    if options := options_for(model, sampling):
        objective = model.architecture.objective.model_copy(update=options)
        model.architecture = model.architecture.model_copy(update={"objective": objective})
    path = export(model, output or pathlib.Path("served") / model.run.name)
    click.echo(f"{model.run.title}: signatures {', '.join(signatures(model))}")
    click.echo(f"SavedModel in {path}; look: saved_model_cli show --dir {path} --all")
