"""``tfglyph canvas``: a CPPN's image at any size."""

import click


@click.command("canvas", context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--checkpoint", required=True, metavar="RUN", help="Run directory or checkpoint of a CPPN GAN.")
@click.option("--size", default="2048", show_default=True, metavar="PIXELS", help="Side, or WIDTHxHEIGHT.")
@click.option("--seeds", default="0", show_default=True, help="One image for each: 3, 0-7, or 1,4,9.")
@click.option("--label", help="Class; 3+7 mixes two in equal parts, 3:0.7+7:0.3 in others.")
@click.option(
    "--output", default="canvas", show_default=True, type=click.Path(file_okay=False), help="Folder for the PNG files.",
)
def command(checkpoint, size, seeds, label, output):
    """Paint a CPPN's image at any size, in bands.

    Memory does not grow with the height of the image, and the result does not depend on how it is cut up. A seed gives
    the image that `tfglyph sample --seeds` gives, in other sizes.
    """
    import pathlib

    import tfglyph
    from tfglyph.cli.seeds import parse_seeds, parse_size
    from tfglyph.render import paint_file

    (height, width), seeds = parse_size(size), parse_seeds(seeds)
    model = tfglyph.load(checkpoint)
    painter, latents = model.painter(), model.latents(seeds, label=label)
    for seed, latent in zip(seeds, latents, strict=True):
        path = pathlib.Path(output) / f"canvas-{seed}-{width}x{height}.png"
        paint_file(path, painter, latent, height, width)
        click.echo(path)
