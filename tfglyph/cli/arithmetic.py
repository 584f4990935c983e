"""``tfglyph arithmetic``: A - B + C for tuples typed on the command line."""

import click

from tfglyph.cli.data_options import glyphs_from_flags
from tfglyph.cli.model_options import add_model_options, add_sampling_options
from tfglyph.cli.point_options import add_glyph_options, add_output_option, destination, options_for


@click.command("arithmetic", context_settings={"help_option_names": ["-h", "--help"]})
@add_model_options(default="pretrained:vaegan-cns")
@click.argument("terms", nargs=-1, required=True, metavar="A B C…")
@click.option("--nearest/--no-nearest", default=True, show_default=True, help="Find real glyphs near each result.")
@add_sampling_options()
@add_output_option
@add_glyph_options
def command(references, terms, nearest, sampling, output, dataset, **flags):
    """Draw A - B + C for characters or image files, with the nearest real glyphs.

    `tfglyph arithmetic 酪鉻鉸`, `… 酪 鉻 鉸` and `… a.png 鉻 鉸` all work; three more terms are another figure. The
    panels are those of validate; under each result stand the real glyphs nearest by pixels and by latent.
    """
    import tfglyph
    from tfglyph.imaging.grids import save_png
    from tfglyph.latent import arithmetic
    from tfglyph.latent import nearest as nearest_glyphs
    from tfglyph.latent.arithmetic import compute
    from tfglyph.latent.arithmetic_figures import neighbours_figure
    from tfglyph.latent.points import check_encodes

    triples = arithmetic.parse_terms(terms)
    model = tfglyph.load(references[0])
    check_encodes(model)
    options = options_for(model, sampling)
    wanted = nearest or any(term.path is None for triple in triples for term in triple)
    glyphs = glyphs_from_flags(model, dataset, flags) if wanted else None
    images = arithmetic.term_images(triples, model.architecture.hwc, glyphs)
    searchers = nearest_glyphs.searchers(model, glyphs) if nearest else {}
    for triple, computed in zip(triples, compute(model, images, **options), strict=True):
        found = {kind: search(computed.results) for kind, search in searchers.items()}
        name = "-".join(arithmetic.plain(term.name) for term in triple)
        path = destination(output, model, f"arithmetic-{name}.png")
        if len(triples) > 1 and path.name != f"arithmetic-{name}.png":  # one name for several files
            path = path.with_name(f"{path.stem}-{name}{path.suffix}")
        save_png(path, neighbours_figure(triple, computed, found, glyphs))
        click.echo(f"{model.run.title}, {' '.join(term.name for term in triple)}: {path}")
