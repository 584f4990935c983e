"""``tfglyph enhance``: samples improved by gradient ascent on the discriminator's score."""

from typing import Any

import click

from tfglyph.cli.model_options import add_model_options, add_sampling_options, options_for
from tfglyph.cli.options import SEED
from tfglyph.cli.point_options import add_output_option, add_point_options, destination, points_from_flags
from tfglyph.pretrained import PREFIX, with_critic


def _shipped_with_critic() -> list[str]:
    """The shipped weights that can be enhanced, the preferred ones alone."""
    return [PREFIX + name for name in with_critic()[:1]]


@click.command("enhance")
@add_model_options(default=_shipped_with_critic, default_help="shipped weights that come with a critic")
@add_point_options(default="0-15")
@add_sampling_options("label")
@click.option("--steps", type=click.IntRange(1, 100_000), default=300, show_default=True, help="Of the ascent.")
@click.option(
    "--rate",
    type=click.FloatRange(0, 1000, min_open=True),
    default=0.01,
    show_default=True,
    help="Initial step size; each image adapts its own.",
)
@click.option(
    "--subspace",
    type=click.IntRange(1),
    default=8,
    show_default=True,
    help="Dimensions of the random subspace that an image moves in.",
)
@click.option(
    "--radius",
    type=click.FloatRange(0, 1000, min_open=True),
    default=2.0,
    show_default=True,
    help="Trust region: how far z may go. Latents of seeds are about as long as the root of z's dimensions.",
)
@click.option("--subspace_seed", type=SEED, default=0, show_default=True, help="Decides the subspaces.")
@add_output_option
@click.pass_context
def command(
    ctx: click.Context,
    references: list[str],
    sampling: dict[str, Any],
    steps: int,
    rate: float,
    subspace: int,
    radius: float,
    subspace_seed: int,
    output: str | None,
    **flags: Any,
) -> None:
    """Improve a sample by gradient ascent on the discriminator's score.

    Each image moves within a random subspace of the latent space and within a trust region, and never to a lower
    score. Writes a sheet of before and after, and the score's curve.
    """
    import numpy as np

    import tfglyph
    from tfglyph.imaging.grids import save_png
    from tfglyph.latent import enhance, sheets

    model = tfglyph.load(references[0])
    enhance.check_critic(model)
    options = options_for(model, sampling)
    points = points_from_flags(ctx, model, flags)
    result = enhance.enhance(model, points.latents, steps, rate, subspace, radius, subspace_seed, **options)
    before, after = model.decode(points.latents, **options), model.decode(result.latents, **options)
    path = destination(output, model, "enhance.png")
    save_png(path, sheets.before_and_after(model.run.title, points, before, after, result))
    curve = save_png(path.with_name(f"{path.stem}-curve.png"), sheets.score_curve(model.run.title, points, result))
    first, last = result.scores[0], result.scores[-1]
    distances = np.linalg.norm(result.latents - points.latents, axis=1)
    for name, start, end, distance in zip(points.names, first, last, distances, strict=True):
        click.echo(f"{name}: score {start:.3f} -> {end:.3f}, moved by {distance:.2f}")
    click.echo(f"{model.run.title}, {len(points)} images, mean score {first.mean():.3f} -> {last.mean():.3f}: {path}")
    click.echo(f"score curve: {curve}")
