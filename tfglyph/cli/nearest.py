"""``tfglyph nearest``: the training images closest to generated ones."""

from typing import Any

import click

from tfglyph.cli.data_options import glyphs_from_flags
from tfglyph.cli.model_options import add_model_options, add_sampling_options, options_for
from tfglyph.cli.point_options import (
    add_glyph_options,
    add_output_option,
    add_seeds_option,
    destination,
    parse_seeds,
)


@click.command("nearest")
@add_model_options(default="pretrained:vaegan-cns")
@add_seeds_option(default="0-9")
@add_sampling_options()
@click.option("--neighbours", type=click.IntRange(1, 50), default=5, show_default=True, help="Real images for each.")
@add_output_option
@add_glyph_options
def command(
    references: list[str],
    seeds: str,
    sampling: dict[str, Any],
    neighbours: int,
    output: str | None,
    dataset: str | None,
    **flags: Any,
) -> None:
    """Find the training images closest to generated ones, to see copying.

    By pixels, and by latent for models that encode. Two lines say how near the generated images are and how near real
    ones are to the nearest other real one: much nearer than that is a copy.
    """
    import numpy as np

    import tfglyph
    from tfglyph.imaging.grids import save_png
    from tfglyph.latent import nearest

    numbers = parse_seeds(seeds)
    model = tfglyph.load(references[0])
    images = model.sample_seeds(numbers, **options_for(model, sampling))
    glyphs = glyphs_from_flags(model, dataset, flags, split="train")
    count = min(neighbours, len(glyphs))
    by_kind = {kind: search(images) for kind, search in nearest.searchers(model, glyphs, count).items()}
    groups = [(f"nearest by {kind}", near, glyphs.images) for kind, near in by_kind.items()]
    title = f"{model.run.title}, beside {len(glyphs):,} training images of {glyphs.name}"
    page = nearest.sheet(title, images, [f"seed {seed}" for seed in numbers], groups)
    path = save_png(destination(output, model, f"nearest-seeds{numbers[0]}-{numbers[-1]}.png"), page)
    by_pixels = by_kind["pixels"]
    for seed, rows, distances in zip(numbers, by_pixels.rows, by_pixels.distances, strict=True):
        name = f" ({glyphs.characters[rows[0]]})" if glyphs.characters is not None else ""
        click.echo(f"seed {seed}: training image {rows[0]}{name}, distance {distances[0]:.3f}")
    generated = by_pixels.distances[:, 0]
    click.echo(f"generated to nearest training image: median {np.median(generated):.3f}, least {generated.min():.3f}")
    if len(glyphs) > 1:
        real = nearest.leave_one_out_distances(glyphs.images)
        click.echo(f"real to nearest other training image: median {np.median(real):.3f}, least {real.min():.3f}")
    click.echo(f"{title}: {path}")
