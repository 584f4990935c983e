"""``tfglyph interpolate``: walks between latents, as rows or as a closed loop that moves."""

import dataclasses
import pathlib
from typing import TYPE_CHECKING, Any

import click

from tfglyph.cli.canvas import parse_size
from tfglyph.cli.model_options import add_model_options, add_sampling_options, options_for
from tfglyph.cli.options import SEED, is_typed
from tfglyph.cli.point_options import add_output_option, add_point_options, destination, points_from_flags
from tfglyph.errors import UsageError

if TYPE_CHECKING:
    from tfglyph.latent.interpolation import Method
    from tfglyph.latent.points import Points
    from tfglyph.models import GlyphModel

MOST_BYTES = 2 * 10**9  # of a loop's frames, which are in memory at once


@click.command("interpolate")
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
@click.option("--noise_seed", type=SEED, default=0, show_default=True, help="Of the cells.")
@click.option("--format", "kind", type=click.Choice(["gif", "mp4"]), default="gif", help="Default: gif.")
@click.option("--size", metavar="PIXELS|WxH", help="CPPN models: render in this size instead of the trained one.")
@add_output_option
@click.pass_context
def command(
    ctx: click.Context,
    references: list[str],
    sampling: dict[str, Any],
    method: "Method",
    steps: int,
    loop: bool,
    frames: int,
    fps: float,
    cells: int,
    noise_seed: int,
    kind: str,
    size: str | None,
    output: str | None,
    **flags: Any,
) -> None:
    """Walk between seeds, or between characters or image files for models that encode.

    Points are taken two at a time: seeds 0,1,2,3 give a row from 0 to 1 and one from 2 to 3; rows between real glyphs
    have them at their ends. With --loop the walk goes round all points and back to the first, as a GIF or MP4.
    """
    height_and_width = parse_size(size) if size is not None else None
    for name in () if loop else ("frames", "fps", "cells", "noise_seed", "kind"):
        if is_typed(ctx, name):
            raise UsageError(f"--{'format' if name == 'kind' else name} belongs to an animation; add --loop")
    if loop and is_typed(ctx, "steps"):
        raise UsageError("--steps belongs to rows; the length of a --loop is its --frames")
    import tfglyph

    model = tfglyph.load(references[0])
    options = options_for(model, sampling)
    if size is not None and not model.architecture.renders_any_size:
        raise UsageError(f"--size: {model.run.title} renders one size only; a cppn renders any")
    walk = Walk(model, points_from_flags(ctx, model, flags), method, height_and_width, options)
    path = walk.save_loop(output, kind, frames, fps, cells, noise_seed) if loop else walk.save_rows(output, steps)
    click.echo(f"{model.run.title}, {walk.ends}: {path}")


@dataclasses.dataclass(frozen=True)
class Walk:
    """What a walk goes through and how its images are made.

    Attributes:
        model: a GlyphModel.
        points: tfglyph.latent.points.Points.
        method: "spherical" or "linear".
        size: (height, width) for a CPPN; None: the trained size.
        options: dict, what ``decode`` takes.
    """

    model: "GlyphModel"
    points: "Points"
    method: "Method"
    size: tuple[int, int] | None
    options: dict[str, Any]

    @property
    def ends(self) -> str:
        """Where it begins and ends, in words."""
        names = self.points.names
        return f"{names[0]} to {names[-1]}" if len(names) > 1 else names[0]

    @property
    def stem(self) -> str:
        """Part of a file's name: seeds0-15, 酪-鉻, or images."""
        if self.points.images is None:
            return f"seeds{self.points.seeds[0]}-{self.points.seeds[-1]}"
        plain = all(len(name) == 1 and name.isalnum() for name in self.points.names)
        return "".join(self.points.names)[:16] if plain else "images"

    def save_rows(self, output: str | None, steps: int) -> pathlib.Path:
        """A row of ``steps`` images from each second point to the one after it."""
        from tfglyph.imaging.grids import grid, save_png
        from tfglyph.latent.interpolation import rows

        count = len(self.points)
        if count % 2:
            raise UsageError(f"rows take points two at a time, found {count}; add one, or --loop goes round them all")
        path = destination(output, self.model, f"interpolate-{self.stem}.png")
        images = rows(self.model, self.points, steps, self.method, self.size, **self.options)
        return save_png(path, grid(images.reshape(-1, *images.shape[2:]), columns=images.shape[1]))

    def save_loop(
        self, output: str | None, kind: str, frames: int, fps: float, cells: int, noise_seed: int
    ) -> pathlib.Path:
        """An animation round all points and back to the first."""
        from tfglyph.imaging.animation import DISPLAY_SIDE, grid_frames, save_animation
        from tfglyph.latent.interpolation import loop

        hwc = self.model.architecture.hwc
        height, width = self.size or hwc[:2]
        needed = cells * frames * height * width * hwc[2]
        if needed > MOST_BYTES:
            raise UsageError(
                f"{cells} cells of {frames} frames in {width}x{height} take {needed / 1e9:.1f} GB of memory, more than "
                f"{MOST_BYTES / 1e9:.0f}; take fewer of something"
            )
        if len(self.points) < 2:
            raise UsageError("a loop goes round at least two points, found one")
        path = destination(output, self.model, f"interpolate-{self.stem}.{kind}", suffixes=(".gif", ".mp4"))
        images = loop(self.model, self.points, frames, cells, noise_seed, self.method, self.size, **self.options)
        return save_animation(path, grid_frames(images, display_side=0 if self.size else DISPLAY_SIDE), fps)
