"""``tfglyph compose``: characters drawn from descriptions of their parts."""

import contextlib
import pathlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from tfglyph.cli.model_options import (
    add_model_options,
    add_precision_option,
    add_sampling_options,
    check_references,
    options_for,
)
from tfglyph.cli.options import SEED
from tfglyph.cli.point_options import add_output_option, destination
from tfglyph.errors import UsageError, warn

if TYPE_CHECKING:
    import numpy as np

    from tfglyph.composition import Description
    from tfglyph.composition.parsing import Line
    from tfglyph.exemplars.retrieval import Retrieved
    from tfglyph.models import GlyphModel
    from tfglyph.models.composing import Request

DEFAULT = "pretrained:compose-fonts"  # benchmarks/compose_models.py compares it with compose-cns

# The same options as elsewhere; what they do to descriptions.
HELPS = {
    "guidance": "How strictly the description is followed. Default: the model's.",
    "temperature": "Factor on the noise: below 1 variants become more alike, and each more typical. Default: the"
    " model's.",
    "label": "Models with fonts or other classes: which, by name or number.",
}


@click.command("compose")
@click.argument("descriptions", nargs=-1)
@click.option("--invent", type=click.IntRange(1, 10_000), metavar="N", help="N sampled descriptions, too.")
@click.option(
    "--font",
    "fonts",
    multiple=True,
    metavar="FILE",
    help="Draw in the style of this font, from its own glyphs; may be repeated, a row for each. FILE.ttc#2 is its third"
    " face, FILE#wght=700 a place in a variable font. Default: TW-Kai, from the package.",
)
@add_model_options(required=False, default=DEFAULT)
@add_precision_option
@click.option("--file", type=click.Path(), metavar="FILE", help="A text file with a description in each line.")
@click.option("--variants", type=click.IntRange(1, 64), default=4, show_default=True, help="Images of each.")
@click.option("--seed", type=SEED, default=0, show_default=True, help="Decides the variants.")
@add_sampling_options("guidance", "temperature", "steps", "sampler", "label", helps=HELPS)
@click.option("--columns", type=click.IntRange(1), help="Descriptions in a row of the grid. Default: 1, 8 from 9 on.")
@click.option("--individual", is_flag=True, help="Write each image as a PNG file of its own, too.")
@click.option("--svg", is_flag=True, help="Write each image as outlines (SVG), too.")
@click.option("--exemplars", is_flag=True, help="Write the glyphs that each was drawn from beside it, too.")
@add_output_option
def command(
    descriptions: tuple[str, ...],
    invent: int | None,
    fonts: tuple[str, ...],
    references: list[str],
    precision: str,
    file: str | None,
    variants: int,
    seed: int,
    sampling: dict[str, Any],
    columns: int | None,
    individual: bool,
    svg: bool,
    exemplars: bool,
    output: str | None,
) -> None:
    """Draw characters from descriptions, whether they exist or not.

    A description puts parts together by Unicode's operators: ⿰酉交 is 酉 left of 交, ⿱艹⿰木木 has ⿰木木 under 艹. A
    character alone stands for its own decomposition, which `tfglyph data decompose` shows.

        tfglyph compose ⿰酉交 ⿱雨交 --variants 8

    With --font it draws in the style of any font, from glyphs of that font with the same parts:

        tfglyph compose ⿰酉交 --font MyFont.ttf --font Another.otf

    --invent 16 makes up sixteen: halves of known characters, put together anew.
    """
    from tfglyph.composition import in_place
    from tfglyph.composition.parsing import Line, read_lines
    from tfglyph.composition.text import read_noted
    from tfglyph.files import printable
    from tfglyph.models.composing import (
        compose,
        compose_from_exemplars,
        draws_from_exemplars,
        retrieval,
        sampled_requests,
    )
    from tfglyph.outlines import check_outlines

    lines = [Line(text, "") for text in descriptions] + (read_lines(file) if file else [])
    if not lines and not invent:
        raise UsageError("which characters? for example: tfglyph compose ⿰酉交")
    # All of this before the model is loaded, which takes longer than noticing a slip of the finger.
    if svg:
        check_outlines()
    read_noted("\n".join(descriptions), "descriptions")
    if file:
        read_noted("\n".join(line.text for line in lines[len(descriptions) :]), printable(file))
    for line in lines:
        tree = _parse(line)
        if in_place(tree) != tree:
            click.echo(f"{tree} is written {in_place(tree)}")
    check_references(references)
    from tfglyph.exemplars.sources import open_ahead, open_source

    sources = [open_source(font) for font in fonts]
    if not fonts and references == [DEFAULT]:
        open_ahead()
    import numpy as np

    import tfglyph
    from tfglyph.imaging.grids import save_png
    from tfglyph.latent.composing_sheet import exemplar_sheet, sheet

    model = tfglyph.load(references[0], precision)
    to_draw = _requests(model, lines)
    from_exemplars = draws_from_exemplars(model)
    finders = [retrieval(model, source) for source in sources or (None,)] if fonts or from_exemplars else []
    if invent:
        to_draw += sampled_requests(model, invent, seed, finders[0] if finders else None)
    for request in to_draw:
        name = request.tree.part
        if name is not None and request.tree.operator is not None:
            click.echo(f"{name} is {request.tree.spelled()}" if name == request.text else f"{request.text} is {name}")
    if exemplars and not from_exemplars:
        raise UsageError(f"--exemplars: {model.run.title} draws without any; compose-fonts draws from exemplars")
    target = pathlib.Path(destination(output, model, "composed.png"))
    rows = []  # one for each font: (what is drawn, images)
    if not finders:
        rows.append((to_draw, compose(model, to_draw, variants, seed, **options_for(model, sampling))))
    for finder in finders:
        composed = compose_from_exemplars(model, to_draw, finder, variants, seed, **options_for(model, sampling))
        _report(to_draw, finder.source.name, composed.retrieved[0])
        rows.append((to_draw, composed.images))
        if exemplars:
            number = f"-{len(rows)}" if len(fonts) > 1 else ""
            place = target.with_name(f"{target.stem}-exemplars{number}.png")
            click.echo(f"exemplars: {save_png(place, exemplar_sheet(to_draw, composed))}")
    if len(rows) > 1 and columns is None:
        columns = len(to_draw)
    to_draw = [request for requests, _ in rows for request in requests]
    images = np.concatenate([row for _, row in rows])  # (fonts d, v, h, w, c)
    path = save_png(target, sheet(to_draw, images, columns))
    count = f"{len(to_draw)} description{'s' * (len(to_draw) != 1)}, {variants} image{'s' * (variants != 1)} each"
    click.echo(f"{count}, by {model.run.title}: {path}")
    for kind in ["png"] * individual + ["svg"] * svg:
        folder = path.parent / path.stem
        _write_each(folder, to_draw, images, kind)
        click.echo(f"each as {kind.upper()}: {folder}/")


def _report(requests: "Sequence[Request]", font: str, retrieved: "Retrieved") -> None:
    """Says after which glyphs of a font each description is drawn, and which parts the font does not show."""
    found = zip(requests, retrieved.characters, retrieved.missing, retrieved.moved, retrieved.with_content, strict=True)
    for request, characters, missing, moved, with_content in found:
        for part in missing:
            warn(f"{request.text}: {font} has {part} nowhere, so this part is a guess")
        own = f", and {request.tree.part} in TW-Kai" if with_content else ""
        other = f"; {' and '.join(moved)} from other places, so less sure" if moved else ""
        click.echo(f"{request.text} in {font}: after {''.join(dict.fromkeys(characters)) or 'nothing'}{own}{other}")


def _parse(line: "Line") -> "Description":
    """The tree of a description; a mistake in a file is named with its line."""
    from tfglyph.composition import parse

    with _located(line):
        return parse(line.text)


def _requests(model: "GlyphModel", lines: "Sequence[Line]") -> "list[Request]":
    from tfglyph.models.composing import requests

    found = []
    for line in lines:
        with _located(line):
            found += requests(model, [line.text])
    return found


@contextlib.contextmanager
def _located(line: "Line") -> Iterator[None]:
    """Within, errors begin with the file and the line."""
    try:
        yield
    except UsageError as error:
        if not line.location:
            raise
        raise UsageError(f"{line.location}: {error}") from None


def _write_each(folder: pathlib.Path, requests: "Sequence[Request]", images: "np.ndarray", kind: str) -> None:
    """Writes uint8 images (d, v, h, w, c) of d requests as files of their own; ``kind`` is "png" or "svg"."""
    from tfglyph.files import write_text
    from tfglyph.imaging.grids import save_png
    from tfglyph.outlines import to_svg
    from tfglyph.progress import progress

    files = [
        (folder / f"{number:03d}-{request.text[:16]}-{variant}.{kind}", image)
        for number, (request, row) in enumerate(zip(requests, images, strict=True), 1)
        for variant, image in enumerate(row)
    ]
    folder.mkdir(parents=True, exist_ok=True)
    for path, image in progress(files, f"writing {kind}", unit="file"):
        if kind == "png":
            save_png(path, image)
        else:
            write_text(path, to_svg(image))
