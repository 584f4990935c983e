"""``tfglyph sample``: new glyphs from a trained model."""

from typing import Any

import click

from tfglyph.architecture.sampling import SAMPLING_OPTIONS
from tfglyph.cli.model_options import (
    add_model_options,
    add_precision_option,
    add_sampling_options,
    check_references,
    options_for,
)
from tfglyph.cli.options import SEED, is_typed
from tfglyph.cli.point_options import MAXIMUM, add_output_option, destination, parse_seeds
from tfglyph.errors import UsageError
from tfglyph.pretrained import is_shipped

TEMPERATURE = "Factor on z: below 1 plainer glyphs, above 1 wilder ones. Default: 1, or the diffusion model's."


@click.command("sample")
@add_model_options(required=False, default_help="pretrained:compose-fonts with --font, pretrained:ddpm-cns without")
@add_precision_option
@click.option("--count", type=click.IntRange(1, MAXIMUM), default=64, show_default=True, help="How many images.")
@click.option(
    "--seed",
    type=SEED,
    default=0,
    show_default=True,
    help="Decides all images; image i is the same whatever the count.",
)
@click.option("--seeds", metavar="0-63,99", help="One image for each of these seeds, instead of --count and --seed.")
@click.option(
    "--font",
    metavar="FILE",
    help="Models that draw from exemplars: characters that do not exist, in the style of this font.",
)
@click.option("--individual", is_flag=True, help="Write each image as a file of its own besides the grid.")
@click.option("--columns", type=click.IntRange(1), help="Images in a row of the grid. Default: a square.")
@add_output_option
@add_sampling_options(*SAMPLING_OPTIONS, helps={"temperature": TEMPERATURE})
@click.pass_context
def command(
    ctx: click.Context,
    references: list[str],
    precision: str,
    count: int,
    seed: int,
    seeds: str | None,
    font: str | None,
    individual: bool,
    columns: int | None,
    output: str | None,
    sampling: dict[str, Any],
) -> None:
    """Draw new glyphs from a trained model.

    Writes a grid as a PNG file, and with --individual every image. The same seed gives the same bytes on one
    machine, whatever the count.

    With --font it draws characters that do not exist, in the style of any font:

        tfglyph sample --font MyFont.ttf --count 32
    """
    numbers = parse_seeds(seeds) if seeds is not None else None
    if numbers is not None:
        for name in ("count", "seed"):
            if is_typed(ctx, name):
                raise UsageError(f"--seeds and --{name} exclude each other: --seeds gives one image per seed")
    default = "pretrained:compose-fonts" if font else "pretrained:ddpm-cns"
    references = references or [name for name in (default,) if is_shipped(name)]
    check_references(references)
    from tfglyph.exemplars.sources import open_source

    source = open_source(font) if font is not None else None  # before the model, which takes longer
    import tfglyph
    from tfglyph.imaging.grids import grid, save_png
    from tfglyph.latent.sampling import sample_pairs
    from tfglyph.models.composing import compose_from_exemplars, draws_from_exemplars, retrieval, sampled_requests

    model = tfglyph.load(references[0], precision)
    temperature = sampling.pop("temperature")  # which models without such an option take as well
    options = options_for(model, sampling)
    if numbers is None:
        pairs = [(seed, index) for index in range(count)]
        stem, names = f"sample-seed{seed}", [f"{index:05d}" for index in range(count)]
    else:
        pairs = [(number, 0) for number in numbers]
        stem, names = f"sample-seeds{numbers[0]}-{numbers[-1]}", [f"{number:05d}" for number in numbers]
    if font is not None or draws_from_exemplars(model):
        if numbers is not None:
            raise UsageError("--seeds: in a font, images are made by --count and --seed")
        finder = retrieval(model, source)
        invented = sampled_requests(model, count, seed, finder)
        options |= {} if temperature is None else {"temperature": temperature}
        images = compose_from_exemplars(model, invented, finder, seed=seed, **options).images[:, 0]
        click.echo(f"in {finder.source.name}: {' '.join(request.text for request in invented[:16])}")
    else:
        images = sample_pairs(model, pairs, temperature, **options)
    path = save_png(destination(output, model, f"{stem}.png"), grid(images, columns=columns))
    click.echo(f"{len(images)} image{'s' * (len(images) != 1)} of {model.run.title}: {path}")
    if individual:
        for name, image in zip(names, images, strict=True):
            save_png(path.parent / path.stem / f"{name}.png", image)
        click.echo(f"each one: {path.parent / path.stem}/")
