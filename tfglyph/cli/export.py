"""``tfglyph export``: a SavedModel from a trained model."""

import pathlib

import click

from tfglyph.cli.model_options import add_model_options, place_of, run_of


@click.command("export", context_settings={"help_option_names": ["-h", "--help"]})
@add_model_options()
@click.option(
    "--output",
    type=click.Path(),
    metavar="DIR",
    help="Directory of versions: DIR/1, DIR/2, ... Default: served/<run>.",
)
def command(references, output):
    """Write a SavedModel for TensorFlow Serving.

    The next free version of DIR appears at once and complete. docs/serving.md lists the signatures with
    requests.
    """
    import tfglyph
    from tfglyph.export import export, signatures

    model = tfglyph.load(references[0])
    path = export(model, output or pathlib.Path("served") / run_of(model))
    click.echo(f"{place_of(model)}: signatures {', '.join(signatures(model))}")
    click.echo(f"SavedModel in {path}; look: saved_model_cli show --dir {path} --all")
