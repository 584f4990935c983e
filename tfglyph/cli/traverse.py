"""``tfglyph traverse``: what codes, categories and single latent dimensions change."""

import re
from typing import Any

import click

from tfglyph.cli.model_options import add_model_options, add_sampling_options, options_for
from tfglyph.cli.point_options import add_output_option, add_point_options, destinations, points_from_flags
from tfglyph.errors import UsageError

NUMBERS = re.compile(r"\d+(,\d+)*", re.ASCII)


@click.command("traverse")
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
@add_sampling_options("sampler", "steps", "guidance")
@add_output_option
@click.pass_context
def command(
    ctx: click.Context,
    references: list[str],
    code: str | None,
    slide: tuple[str, ...],
    mix: str | None,
    dimensions: bool,
    rows: int,
    columns: int,
    reach: float,
    sampling: dict[str, Any],
    output: str | None,
    **flags: Any,
) -> None:
    """Turn codes, or single latent dimensions, and see what changes.

    InfoGAN: rows turn a categorical code, columns slide a continuous one from -2 to 2; one grid for each. Categories
    without continuous codes, and class labels: a row each, columns are seeds. Models without codes: the entries of z,
    ordered by how much they change the image. The first seed (or character) is what stays the same in a grid.
    """
    import tfglyph
    from tfglyph.imaging.grids import save_png
    from tfglyph.latent import traverse

    if mix is not None and dimensions:
        raise UsageError("--mix and --dimensions exclude each other")
    mixture = _mixture(mix) if mix is not None else None
    categorical = _indices(code, "code") if code is not None else (0,)
    continuous = [_indices(text, "slide") for text in slide]
    model = tfglyph.load(references[0])
    options = options_for(model, sampling)
    codes = model.architecture.input_codes
    has_categories = bool(model.architecture.class_count or (codes is not None and codes.categorical))
    if (code or slide) and (codes is None or mixture or dimensions):
        raise UsageError(f"--{'code' if code else 'slide'}: only for grids of codes; {model.run.title} draws none here")
    if mixture and not has_categories:
        raise UsageError(f"--mix: {model.run.title} has no categories")
    points = points_from_flags(ctx, model, flags)
    if points.images is not None and (has_categories or codes is not None) and not dimensions:
        raise UsageError("--characters and --images: only for single entries of z; add --dimensions")
    if mixture:
        first, second = mixture
        grids = [traverse.mixing_grid(model, first, second, points.seeds, columns)]
    elif dimensions:
        grids = [traverse.dimension_grid(model, points.latents, rows, columns, reach, points.names[0])]
    else:
        grids = traverse.grids(model, points, categorical, continuous, columns, reach, rows, **options)
    paths = destinations(output, model, "traverse", [grid.name for grid in grids])
    for path, grid in zip(paths, grids, strict=True):
        click.echo(f"{model.run.title}, {grid.title}: {save_png(path, grid.figure())}")


def _indices(text: str, option: str) -> tuple[int, ...]:
    """Indices of codes that a person counts from 1: "1,3" -> (0, 2)."""
    numbers = text.replace(" ", "")
    if not NUMBERS.fullmatch(numbers) or "0" in numbers.split(","):
        raise UsageError(f"--{option}: found {text!r}, expected numbers from 1, as in 1 or 1,3")
    return tuple(int(number) - 1 for number in numbers.split(","))


def _mixture(text: str) -> tuple[str, str]:
    parts = [part.strip() for part in text.split("+")]
    if len(parts) != 2 or not all(parts):
        raise UsageError(f"--mix: found {text!r}, expected two categories, as in 3+7")
    return parts[0], parts[1]
