"""``tfglyph interpolate``: walks between latents, as rows or as a closed loop that moves."""

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

MOST_BYTES = 2 * 10**9  # of a loop's frames, which are in memory at once


@click.command("interpolate", context_settings={"help_option_names": ["-h", "--help"]})
@add_model_options(default="pretrained:vaegan-cns")
@add_point_options(default="0-15")
@add_sampling_options()
@click.option(
    "--method", type=click.Choice(["spherical", "linear"]), default="spherical", show_default=True, help="Of z."
)
@click.option("--steps", type=click.IntRange(2, 1000), default=10, show_default=True, help="Images of a row.")
@click.option("--loop", is_flag=True, help="An animation round all points and back to the first, instead of rows.")
@click.option("--frames", type=click.IntRange(2, 10_000), default=96, show_default=True, help="Of a loop.")
@click.option("--fps", type=click.FloatRange(0, 100, min_open=True), default=24.0, show_default=True, help="Of a loop.")
@click.option(
    "--cells",
    type=click.IntRange(1, 100),
    default=1,
    show_default=True,
    help="Cells of a loop; with several, each shows (z(t) + its own fixed noise) / 2.",
)
@click.option("--noise_seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True, help="Of the cells.")
@click.option("--format", "kind", type=click.Choice(["gif", "mp4"]), default="gif", help="Default: gif.")
@click.option("--size", metavar="PIXELS|WxH", help="CPPN models: paint in this size instead of the trained one.")
@add_output_option
@click.pass_context
def command(
    ctx, references, sampling, method, steps, loop, frames, fps, cells, noise_seed, kind, size, output, **flags
):
    """Walk between seeds, or between characters or image files for models that encode.

    Points are taken two at a time: seeds 0,1,2,3 give a row from 0 to 1 and one from 2 to 3; rows between real glyphs
    have them at their ends. With --loop the walk goes round all points and back to the first, as a GIF or MP4.
    """
    from tfglyph.cli.canvas import parse_size

    size = parse_size(size) if size is not None else None
    for name in () if loop else ("frames", "fps", "cells", "noise_seed", "kind"):
        if ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            raise UsageError(f"--{'format' if name == 'kind' else name} belongs to an animation; add --loop")
    if loop and ctx.get_parameter_source("steps") is click.core.ParameterSource.COMMANDLINE:
        raise UsageError("--steps belongs to rows; the length of a --loop is its --frames")
    import tfglyph

    model = tfglyph.load(references[0])
    options = options_for(model, sampling)
    if size is not None:
        model_paints_any(model)
    points = points_from_flags(ctx, model, flags)
    if loop:
        path = _loop(model, points, method, frames, fps, cells, noise_seed, size, options, (output, kind))
    else:
        path = _rows(model, points, method, steps, size, options, output)
    click.echo(f"{model.run.title}, {_names(points)}: {path}")


def model_paints_any(model):
    """Raises UsageError for a model that is no CPPN, before anything takes time."""
    if getattr(model.architecture, "generator", None) is None or model.architecture.generator.type != "cppn":
        raise UsageError(f"--size: {model.run.title} paints one size only; a cppn paints any")


def _names(points):
    return f"{points.names[0]} to {points.names[-1]}" if len(points) > 1 else points.names[0]


def _stem(points):
    """Part of a file's name: seeds0-15, 酪-鉻, or images."""
    if points.images is None:
        return f"seeds{points.seeds[0]}-{points.seeds[-1]}"
    plain = all(len(name) == 1 and name.isalnum() for name in points.names)
    return "".join(points.names)[:16] if plain else "images"


def _rows(model, points, method, steps, size, options, output):
    from tfglyph.imaging.grids import grid, save_png
    from tfglyph.latent.interpolation import rows

    if len(points) % 2:
        raise UsageError(f"rows take points two at a time, found {len(points)}; add one, or --loop goes round them all")
    path = destination(output, model, f"interpolate-{_stem(points)}.png")
    images = rows(model, points, steps, method, size, **options)  # (rows, columns, h, w, c)
    return save_png(path, grid(images.reshape(-1, *images.shape[2:]), columns=images.shape[1]))


def _loop(model, points, method, frames, fps, cells, noise_seed, size, options, where):
    from tfglyph.imaging.animation import SHOWN, grid_frames, save_animation
    from tfglyph.latent.interpolation import loop

    output, kind = where
    height, width = size or model.architecture.hwc[:2]
    needed = cells * frames * height * width * model.architecture.hwc[2]
    if needed > MOST_BYTES:
        raise UsageError(
            f"{cells} cells of {frames} frames in {width}x{height} take {needed / 1e9:.1f} GB of memory, more than "
            f"{MOST_BYTES / 1e9:.0f}; take fewer of something"
        )
    if len(points) < 2:
        raise UsageError("a loop goes round at least two points, found one")
    path = destination(output, model, f"interpolate-{_stem(points)}.{kind}", kinds=(".gif", ".mp4"))
    images = loop(model, points, frames, cells, noise_seed, method, size, **options)  # (cells, frames, h, w, c)
    return save_animation(path, grid_frames(images, shown=0 if size else SHOWN), fps)
