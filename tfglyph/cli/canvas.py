"""``tfglyph canvas``: a CPPN's image at any size."""

import pathlib
import re
from typing import Any

import click

from tfglyph.cli.model_options import add_model_options, add_sampling_options, options_for
from tfglyph.cli.point_options import add_output_option, add_point_options, destinations, points_from_flags
from tfglyph.errors import UsageError


@click.command("canvas")
@add_model_options(default="pretrained:cppn-fonts")
@click.option("--size", default="2048", show_default=True, metavar="PIXELS", help="Side, or WIDTHxHEIGHT.")
@add_point_options(default="0")
@add_sampling_options("label")
@add_output_option
@click.pass_context
def command(
    ctx: click.Context,
    references: list[str],
    size: str,
    sampling: dict[str, Any],
    output: str | None,
    **flags: Any,
) -> None:
    """Render a CPPN's images at any size, in bands: one for each seed, or each character for models that encode.

    Memory does not grow with the height of the image, and the result does not depend on how it is cut up. A seed gives
    the image that `tfglyph sample --seeds` gives, in another size.
    """
    height, width = parse_size(size)
    import tfglyph
    from tfglyph.models.cppn_renderer import render_file
    from tfglyph.models.generator_model import GeneratorModel

    model = tfglyph.load(references[0])
    if not isinstance(model, GeneratorModel):
        raise UsageError(f"{model.run.title}: a {model.architecture.mode} renders one size only; a cppn renders any")
    renderer = model.renderer()
    options = options_for(model, sampling)
    points = points_from_flags(ctx, model, flags)
    inputs = model.renderer_inputs(points.latents, **options)
    names = [f"{pathlib.Path(name).stem.replace(' ', '')}-{width}x{height}" for name in points.names]
    for path, row in zip(destinations(output, model, "canvas", names), inputs, strict=True):
        render_file(path, renderer, row, height, width)
        click.echo(f"{width} x {height} pixels: {path}")


def parse_size(text: str) -> tuple[int, int]:
    """Height and width from a side or from width and height.

    Args:
        text: str, such as "8192" or "1920x1080" (width x height).

    Returns:
        (int, int): height and width, in pixels.

    Raises:
        UsageError: not such a size.
    """
    match = re.fullmatch(r"\s*(\d{1,6})\s*(?:[x×]\s*(\d{1,6})\s*)?", text, re.ASCII)
    if not match or not int(match[1]) or not int(match[2] or 1):
        raise UsageError(f"--size: found {text!r}, expected pixels, as in 8192, or width and height, as in 1920x1080")
    return int(match[2] or match[1]), int(match[1])
