"""``tfglyph import``: the weights of an original project as a run directory."""

from typing import Any

import click

from tfglyph.cli.data_options import add_dataset_options, spec_from_flags


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(), metavar="FILE...")
@click.option(
    "--architecture", required=True, metavar="NAME", help="The original's architecture file, by name or path."
)
@click.option("--output", required=True, type=click.Path(), metavar="RUN", help="The run directory; new or empty.")
@click.option(
    "--step", type=click.IntRange(0, 1 << 40), help="Of the checkpoint. Default: the number in FILE's name, or 0."
)
@click.option("--dataset", default="cns", show_default=True, help="The data set that verbs compare with.")
@add_dataset_options
def command(files: tuple[str, ...], architecture: str, output: str, step: int | None, **flags: Any) -> None:
    """Read the weights of an original project into a run directory.

    FILE is a .pth state dict (or a checkpoint of several) of one of the PyTorch originals, a .safetensors file of
    one, or the TensorFlow checkpoint of the VAE-GAN (model.ckpt-31200). A generator's file and its critic's may be
    given together. PyTorch's files need PyTorch: pip install 'tfglyph[import]'.
    """
    from tfglyph.originals.importing import import_run
    from tfglyph.runs.options import Options

    imported, prefix = import_run(files, architecture, output, Options(dataset=spec_from_flags(flags)), step)
    for network, count in imported.networks.items():
        click.echo(f"{network}: {count} tensors")
    if imported.missing:
        click.echo(f"not in the files, and left out: {', '.join(imported.missing)}")
    if imported.left_out:
        click.echo(f"of no use to a network, and left out: {', '.join(imported.left_out)}")
    click.echo(f"imported into {prefix}")
