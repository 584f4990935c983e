"""``tfglyph nearest``: the training images closest to generated ones."""

import click

from tfglyph.cli.data_options import glyphs_from_flags
from tfglyph.cli.model_options import add_model_options, add_sampling_options
from tfglyph.cli.point_options import (
    add_glyph_options,
    add_output_option,
    add_seeds_option,
    destination,
    options_for,
    parse_seeds,
)


@click.command("nearest", context_settings={"help_option_names": ["-h", "--help"]})
@add_model_options(default="pretrained:vaegan-cns")
@add_seeds_option(default="0-9")
@add_sampling_options()
@click.option("--neighbours", type=click.IntRange(1, 50), default=5, show_default=True, help="Real images for each.")
@add_output_option
@add_glyph_options
def command(references, seeds, sampling, neighbours, output, dataset, **flags):
    """Find the training images closest to generated ones, to see copying.

    By pixels, and by latent for models that encode. Two lines say how near the generated images are and how near real
    ones are to the nearest other real one: much nearer than that is a copy.
    """
    import numpy as np

    import tfglyph
    from tfglyph.imaging.grids import save_png
    from tfglyph.latent import nearest

    seeds = parse_seeds(seeds)
    model = tfglyph.load(references[0])
    images = model.sample_seeds(seeds, **options_for(model, sampling))
    glyphs = glyphs_from_flags(model, dataset, flags, split="train")
    real, k = glyphs.images, min(neighbours, len(glyphs))
    found = {kind: search(images) for kind, search in nearest.searchers(model, glyphs, k).items()}
    pixels, groups = found["pixels"], [(f"nearest by {kind}", rows, real) for kind, rows in found.items()]
    title = f"{model.run.title}, beside {len(glyphs):,} training images of {glyphs.name}"
    page = nearest.sheet(title, images, [f"seed {seed}" for seed in seeds], groups)
    path = save_png(destination(output, model, f"nearest-seeds{seeds[0]}-{seeds[-1]}.png"), page)
    for seed, rows, distances in zip(seeds, pixels.rows, pixels.distances, strict=True):
        name = f" ({glyphs.characters[rows[0]]})" if glyphs.characters is not None else ""
        click.echo(f"seed {seed}: training image {rows[0]}{name}, distance {distances[0]:.3f}")
    own = pixels.distances[:, 0]
    click.echo(f"generated to nearest training image: median {np.median(own):.3f}, least {own.min():.3f}")
    if len(glyphs) > 1:
        usual = nearest.usual_distances(real)
        click.echo(f"real to nearest other training image: median {np.median(usual):.3f}, least {usual.min():.3f}")
    click.echo(f"{title}: {path}")
