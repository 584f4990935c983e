"""``tfglyph arithmetic``: A - B + C for tuples typed on the command line."""

from typing import Any

import click

from tfglyph.cli.data_options import glyphs_from_flags
from tfglyph.cli.model_options import add_model_options, add_sampling_options, options_for
from tfglyph.cli.point_options import add_glyph_options, add_output_option, destinations
from tfglyph.pretrained import is_shipped


@click.command("arithmetic")
@add_model_options(default="pretrained:vaegan-cns")
@click.argument("terms", nargs=-1, required=True, metavar="A B C…")
@click.option("--nearest/--no-nearest", default=True, show_default=True, help="Find real glyphs near each result.")
@click.option(
    "--descriptions/--no-descriptions",
    default=True,
    show_default=True,
    help="Also answer by the characters' descriptions: the parts that are left, composed.",
)
@add_sampling_options()
@add_output_option
@add_glyph_options
def command(
    references: list[str],
    terms: tuple[str, ...],
    nearest: bool,
    descriptions: bool,
    sampling: dict[str, Any],
    output: str | None,
    dataset: str | None,
    **flags: Any,
) -> None:
    """Draw A - B + C for characters or image files, with the nearest real glyphs.

    `tfglyph arithmetic 酪鉻鉸`, `… 酪 鉻 鉸` and `… a.png 鉻 鉸` all work; three more terms are another figure. The
    panels are those of validate; under each result stand the real glyphs nearest by pixels and by latent. Where the
    parts of three characters cancel, the last panel is the description that is left, composed.
    """
    import tfglyph
    from tfglyph.imaging.grids import save_png
    from tfglyph.latent import arithmetic
    from tfglyph.latent.arithmetic_figures import neighbours_figure
    from tfglyph.latent.description_answers import (
        COMPOSER,
        DescriptionAnswer,
        answer_neighbours,
        description_answers,
    )
    from tfglyph.latent.nearest import searchers
    from tfglyph.latent.points import check_can_encode

    triples = arithmetic.parse_terms(terms)
    model = tfglyph.load(references[0])
    check_can_encode(model)
    options = options_for(model, sampling)
    from_data = any(term.path is None for triple in triples for term in triple)
    glyphs = glyphs_from_flags(model, dataset, flags) if nearest or from_data else None
    images = arithmetic.term_images(triples, model.architecture.hwc, glyphs, flags.get("ink"))
    searches = searchers(model, glyphs) if nearest and glyphs is not None else {}
    paths = destinations(
        output,
        model,
        "arithmetic",
        ["-".join(arithmetic.file_name_part(term.name) for term in triple) for triple in triples],
    )
    answers: list[DescriptionAnswer | None] = [None] * len(triples)
    if descriptions and is_shipped(COMPOSER):
        names = [(a.name, b.name, c.name) for a, b, c in triples]
        answers = description_answers(names, model.architecture.hwc, lambda: tfglyph.load(COMPOSER))
    results = arithmetic.compute(model, images, **options)
    for triple, path, result, answer in zip(triples, paths, results, answers, strict=True):
        neighbours = {kind: search(result.results) for kind, search in searches.items()}
        of_answer = answer_neighbours(answer, searches)
        save_png(path, neighbours_figure(triple, result, neighbours, glyphs, answer, of_answer))
        click.echo(f"{model.run.title}, {' '.join(term.name for term in triple)}: {path}")
        if result.reading is not None:
            click.echo(f"most probable parts: {result.reading.title}")
        if answer is not None:
            click.echo(answer.line)
