"""``tfglyph traverse``: what codes, categories and single latent dimensions change."""

import re

import click

from tfglyph.cli.model_options import add_model_options, add_sampling_options
from tfglyph.cli.point_options import (
    add_output_option,
    add_point_options,
    destination,
    options_for,
    points_from_flags,
)
from tfglyph.errors import UsageError

SEVERAL = re.compile(r"\d+(,\d+)*", re.ASCII)


@click.command("traverse", context_settings={"help_option_names": ["-h", "--help"]})
@add_model_options(default="pretrained:infogan-fonts")
@add_point_options(default="0-9")
@click.option("--code", metavar="1|1,2", help="Categorical codes that rows turn, together. Default: 1.")
@click.option(
    "--slide",
    multiple=True,
    metavar="1|1,2",
    help="Continuous codes that columns slide, together; may be repeated: one grid each. Default: each alone.",
)
@click.option("--mix", metavar="A+B", help="From category A to category B through mixtures, instead.")
@click.option("--dimensions", is_flag=True, help="Single entries of z, instead; those that change most come first.")
@click.option("--rows", type=click.IntRange(1, 1000), default=10, show_default=True, help="How many entries of z.")
@click.option("--columns", type=click.IntRange(2, 100), default=10, show_default=True, help="Images in a row.")
@click.option(
    "--reach",
    type=click.FloatRange(0, 100, min_open=True),
    default=2.0,
    show_default=True,
    help="Columns go from -REACH to REACH.",
)
@add_sampling_options(label=False)
@add_output_option
@click.pass_context
def command(ctx, references, code, slide, mix, dimensions, rows, columns, reach, sampling, output, **flags):
    """Turn codes, or single latent dimensions, and see what changes.

    InfoGAN: rows turn a categorical code, columns slide a continuous one from -2 to 2; one grid for each. Categories
    without continuous codes, and class labels: a row each, columns are seeds. Models without codes: the entries of z,
    ordered by how much they change the image. The first seed (or character) is what stays the same in a grid.
    """
    import tfglyph
    from tfglyph.imaging.grids import save_png
    from tfglyph.latent import traverse as latent

    if mix is not None and dimensions:
        raise UsageError("--mix and --dimensions exclude each other")
    mixed = _mixed(mix) if mix is not None else None
    turned = _numbers(code, "code") if code is not None else (0,)
    slid = [_numbers(text, "slide") for text in slide]
    model = tfglyph.load(references[0])
    options = options_for(model, sampling)
    codes = model.architecture.input_codes
    categories = bool(model.architecture.class_count or (codes is not None and codes.categorical))
    if (code or slide) and (codes is None or mixed or dimensions):
        raise UsageError(f"--{'code' if code else 'slide'}: only for grids of codes; {model.run.title} draws none here")
    if mixed and not categories:
        raise UsageError(f"--mix: {model.run.title} has no categories")
    points = points_from_flags(ctx, model, flags)
    if points.images is not None and (categories or codes is not None) and not dimensions:
        raise UsageError("--characters and --images: only for single entries of z; add --dimensions")
    if mixed:
        grids = [latent.mixing_grid(model, *mixed, points.seeds, columns)]
    elif dimensions:
        grids = [latent.dimension_grid(model, points.latents, rows, columns, reach, points.names[0])]
    else:
        grids = latent.grids(model, points, turned, slid, columns, reach, rows, **options)
    for grid in grids:
        path = destination(output, model, f"traverse-{grid.name}.png")
        if len(grids) > 1 and path.name != f"traverse-{grid.name}.png":  # one name for several files
            path = path.with_name(f"{path.stem}-{grid.name}{path.suffix}")
        click.echo(f"{model.run.title}, {grid.title}: {save_png(path, grid.figure())}")


def _numbers(text, option):
    """Places from 0 of codes that a person counts from 1: "1,3" -> (0, 2)."""
    if not SEVERAL.fullmatch(text.replace(" ", "")) or "0" in text.replace(" ", "").split(","):
        raise UsageError(f"--{option}: found {text!r}, expected numbers from 1, as in 1 or 1,3")
    return tuple(int(number) - 1 for number in text.split(","))


def _mixed(text):
    parts = [part.strip() for part in text.split("+")]
    if len(parts) != 2 or not all(parts):
        raise UsageError(f"--mix: found {text!r}, expected two categories, as in 3+7")
    return parts
