"""``tfglyph sample``: new glyphs from a trained model."""

import re

import click

from tfglyph.cli.model_options import add_model_options, add_precision_option, add_sampling_options, place_of
from tfglyph.errors import UsageError

MAXIMUM = 100_000  # images of one call; more is a slip of the finger


@click.command("sample", context_settings={"help_option_names": ["-h", "--help"]})
@add_model_options(default="pretrained:ddpm-cns")
@add_precision_option
@click.option("--count", type=click.IntRange(1, MAXIMUM), default=64, show_default=True, help="How many images.")
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    default=0,
    show_default=True,
    help="Decides all images; image i is the same whatever the count.",
)
@click.option("--seeds", metavar="0-63,99", help="One image for each of these seeds, instead of --count and --seed.")
@click.option("--individual", is_flag=True, help="Write each image as a file of its own besides the grid.")
@click.option("--columns", type=click.IntRange(1), help="Images in a row of the grid. Default: a square.")
@click.option(
    "--temperature",
    type=click.FloatRange(0, 10),
    help="Factor on z: below 1 plainer glyphs, above 1 wilder ones. Default: 1, or the diffusion model's.",
)
@click.option(
    "--output", type=click.Path(), metavar="DIR|FILE", help="A folder, or the file. Default: logdir/generate/<run>."
)
@add_sampling_options()
@click.pass_context
def command(ctx, references, precision, count, seed, seeds, individual, columns, temperature, output, sampling):
    """Draw new glyphs from a trained model.

    Writes a grid as a PNG file, and with --individual every image. The same seed gives the same bytes on one
    machine, whatever the count.
    """
    numbers = parse_seeds(seeds) if seeds is not None else None
    if numbers is not None:
        for name in ("count", "seed"):
            if ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
                raise UsageError(f"--seeds and --{name} exclude each other: --seeds gives one image per seed")
    import tfglyph
    from tfglyph.cli.point_options import destination, options_for
    from tfglyph.figures import grid, save_png
    from tfglyph.latent.sampling import sample_pairs

    model = tfglyph.load(references[0], precision)
    options = options_for(model, sampling)
    if numbers is None:
        pairs = [(seed, index) for index in range(count)]
        stem, names = f"sample-seed{seed}", [f"{index:05d}" for index in range(count)]
    else:
        pairs = [(number, 0) for number in numbers]
        stem, names = f"sample-seeds{numbers[0]}-{numbers[-1]}", [f"{number:05d}" for number in numbers]
    images = sample_pairs(model, pairs, temperature, **options)
    path = save_png(destination(output, model, f"{stem}.png"), grid(images, columns=columns))
    click.echo(f"{len(images)} image{'s' * (len(images) != 1)} of {place_of(model)}: {path}")
    if individual:
        for name, image in zip(names, images, strict=True):
            save_png(path.parent / path.stem / f"{name}.png", image)
        click.echo(f"each one: {path.parent / path.stem}/")


def parse_seeds(text):
    """Seeds from a list of numbers and ranges.

    Args:
        text: str, such as "0-63,99".

    Returns:
        list of int, in the order given.

    Raises:
        UsageError: not such a list, numbers beyond 2**31 - 1, a range that runs backwards, or too many.
    """
    seeds = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,10})\s*(?:-\s*(\d{1,10})\s*)?", part, re.ASCII)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if first > last or last >= 2**31:
            raise UsageError(
                f"--seeds: found {part!r}, expected numbers and ranges from 0 to {2**31 - 1}, as in 0-63,99"
            )
        if len(seeds) + last - first + 1 > MAXIMUM:
            raise UsageError(f"--seeds: more than {MAXIMUM:,} images")
        seeds.extend(range(first, last + 1))
    return seeds
