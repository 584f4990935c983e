"""``tfglyph data``: list, describe, prepare, check and picture data sets."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from tfglyph.cli.data_options import add_dataset_options, spec_from_flags
from tfglyph.cli.options import F
from tfglyph.errors import GlyphError, UsageError

if TYPE_CHECKING:
    from tfglyph.datasets import Glyphs
    from tfglyph.datasets.fontface import Box
    from tfglyph.datasets.glyphs import Split


@click.group("data")
def command() -> None:
    """List, describe, prepare, check and picture data sets."""


def _add_source_options(function: F) -> F:
    """Adds what decides the images: ``--size`` and where the data set's files are."""
    size = click.option("--size", type=click.IntRange(1), help="Side of the images in pixels.")
    return add_dataset_options(size(function))


@command.command("list")
def list_sets() -> None:
    """All data sets: name, native size, what it is, and what has to be on the machine."""
    from tfglyph.datasets import DATASETS
    from tfglyph.datasets.charsets import CHARSETS

    for entry in DATASETS.values():
        name = entry.name + {"/": "letters, …", ":": "NAME"}.get(entry.name[-1], "")
        click.echo(f"{name:20} {entry.size}x{entry.size}  {entry.summary}")
        click.echo(f"{'':20} needs: {entry.needs}")
    click.echo("\ncharsets (--charset):")
    for name, (meaning, _) in CHARSETS.items():
        click.echo(f"{name:20} {meaning}")


@command.command("describe")
@click.argument("name")
@_add_source_options
def describe(name: str, size: int | None, **flags: Any) -> None:
    """What NAME is, which options it takes, and, where its sources are here, what is in it."""
    from tfglyph.datasets.registry import find
    from tfglyph.files import cache_directory

    entry = find(name)
    click.echo(f"{name}: {entry.summary}")
    click.echo(f"needs: {entry.needs}")
    click.echo(f"native size: {entry.size}x{entry.size}")
    click.echo(f"options: {', '.join('--' + option for option in entry.options)}")
    click.echo(f"cache: {cache_directory()}")
    try:
        glyphs = spec_from_flags(flags, name).load(size, split="all")
    except UsageError:
        raise
    except GlyphError as error:
        click.echo(f"here: not available: {error}")
        return
    for line in summary(glyphs):
        click.echo(line)


def summary(glyphs: "Glyphs") -> Iterator[str]:
    """Lines that say what is in a data set."""
    count, height, width, channels = glyphs.images.shape
    yield f"images: {count:,} of {height}x{width}x{channels}"
    if glyphs.characters is not None:
        different = sorted(set(glyphs.characters))
        yield f"characters: {len(different):,} different, from {different[0]} to {different[-1]}"
    if glyphs.labels is not None:
        names = glyphs.label_names or []
        yield f"labels: {len(names):,}: {', '.join(names[:12])}" + ", …" * (len(names) > 12)
    yield f"fingerprint: {glyphs.fingerprint}"


@command.command("prepare")
@click.argument("name")
@_add_source_options
def prepare(name: str, size: int | None, **flags: Any) -> None:
    """Decode and resize NAME now, into the cache; public sets are downloaded where there is a network."""
    from tfglyph.datasets.registry import find

    spec = spec_from_flags(flags, name)
    find(name).download(name, spec.datadir)
    for line in summary(spec.load(size, split="all")):
        click.echo(line)


@command.command("show")
@click.argument("name")
@click.option("--count", type=click.IntRange(1), default=64, show_default=True, help="How many images.")
@click.option("--output", default="grid.png", show_default=True, help="The PNG file to write.")
@click.option("--columns", type=click.IntRange(1), help="Images in a row. Default: a square.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Which images are drawn.")
@click.option(
    "--split",
    type=click.Choice(["all", "train", "holdout"]),
    default="all",
    show_default=True,
    help="Part of the set.",
)
@click.option(
    "--holdout",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.05,
    show_default=True,
    help="Fraction of the characters in `--split holdout`.",
)
@_add_source_options
def show(
    name: str,
    count: int,
    output: str,
    columns: int | None,
    seed: int,
    split: "Split",
    size: int | None,
    **flags: Any,
) -> None:
    """Write a picture of images of NAME, drawn at random."""
    import numpy as np

    from tfglyph.imaging.grids import grid, save_png

    glyphs = spec_from_flags(flags, name).load(size, split=split)
    rows = np.random.default_rng(seed).permutation(len(glyphs))[:count]
    path = save_png(output, grid(glyphs.images[rows], columns))
    if glyphs.characters is not None:
        click.echo("".join(glyphs.characters[row] for row in rows))
    if count > len(rows):
        click.echo(f"data set {name!r} has only {len(rows):,} images")
    click.echo(f"{len(rows):,} of {len(glyphs):,} images: {path}")


@command.command("decompose")
@click.argument("characters", nargs=-1, required=True)
@click.option("--depth", type=click.IntRange(0, 20), default=3, show_default=True, help="Levels to take apart.")
def decompose(characters: tuple[str, ...], depth: int) -> None:
    """What CHARACTERS, or descriptions such as ⿰酉交, are made of, as trees."""
    from tfglyph.composition import resolve
    from tfglyph.composition.descriptions import ARITY, UNSUPPORTED
    from tfglyph.composition.text import read_noted

    for text in characters:
        reading = read_noted(text, "decompose")
        is_description = any(letter in ARITY or letter in UNSUPPORTED or letter == "{" for letter in reading.text)
        for description in [reading.text] if is_description else reading.characters:
            click.echo(resolve(description, depth).show())


@command.command("check")
@click.argument("directory", metavar="DIR")
def check(directory: str) -> None:
    """Read every image, .gnt, .zip, IDX and font file in DIR; exit code 1 if anything is wrong."""
    from tfglyph.datasets.checking import check as check_files
    from tfglyph.datasets.report import count

    good, problems = check_files(directory)
    for item in problems:
        click.echo(str(item))
    counts = ", ".join(f"{number:,} {kind}" for kind, number in sorted(good.items())) or "nothing"
    click.echo(f"{directory}: good: {counts}" + (f"; {count(problems)}" if problems else "; nothing is wrong"))
    if any(not item.used for item in problems):
        raise click.exceptions.Exit(1)


@command.command("fonts")
@click.argument("paths", nargs=-1, required=True, metavar="FONT|DIR...")
@click.option("--charset", default="gb2312-1", show_default=True, metavar="NAME|FILE", help="Against which characters.")
@click.option(
    "--box", type=click.Choice(["advance", "ink", "fit"]), default="advance", show_default=True, help="Whose frame."
)
@click.option("--missing", is_flag=True, help="Also list the characters that each font lacks.")
def fonts(paths: tuple[str, ...], charset: str, box: "Box", missing: bool) -> None:
    """How many characters of a charset each font really draws, its axes, and the ink that the frame cuts off."""
    from tfglyph.datasets.charsets import charset as find_charset
    from tfglyph.datasets.fonts import draw_tests, drawing_problems, open_faces, unique_names
    from tfglyph.datasets.report import report
    from tfglyph.files import printable

    characters = find_charset(charset).characters
    faces, problems = open_faces(list(paths))
    report(problems, ", ".join(map(printable, paths)))
    for name, font, drawn in zip(unique_names(faces), faces, draw_tests(faces, characters, box), strict=True):
        number = len(drawn.characters)
        fraction = number / len(characters)
        click.echo(f"{fraction:7.2%}  {number:6,} of {len(characters):,}  {name}  {printable(font.spec)}")
        if font.axes:
            click.echo(f"         axes: {'; '.join(map(str, font.axes))}")
            click.echo(f"         instances: {', '.join(instance.name for instance in font.instances) or 'none'}")
        if font.pictures:
            click.echo(f"         pictures that are not read: tables {', '.join(font.pictures)}")
        for item in drawing_problems(font, drawn, box):
            click.echo(f"         {item.reason}")
        if missing and number < len(characters):
            click.echo("         lacks: " + "".join(sorted(set(characters).difference(drawn.characters))))


@command.command("fetch-fonts")
@click.option("--output", metavar="DIR", help="Where the fonts go. Default: open-fonts in the cache directory.")
@click.option("--family", "families", multiple=True, metavar="NAME", help="Only this design; repeatable.")
@click.option("--permissive", is_flag=True, help="Only fonts whose licence leaves models trained on them free.")
@click.option("--list", "only_list", is_flag=True, help="List the catalogue with licences, and fetch nothing.")
@click.option("--notice", metavar="FILE", help="Also write the fonts' copyright lines and licences to FILE.")
def fetch_fonts(
    output: str | None, families: tuple[str, ...], permissive: bool, only_list: bool, notice: str | None
) -> None:
    """Open fonts with Han characters from packages of Debian and npm, with their licences in fonts.tsv.

    What is there already is kept. Exit code 1 if a package cannot be had; the others are fetched all the same.
    """
    from tfglyph.datasets.open_fonts import choose
    from tfglyph.errors import warn
    from tfglyph.files import cache_directory, write_errors, write_text

    faces = choose(families, permissive)
    if only_list:
        for face in faces:
            terms = "permissive" if face.permissive else "not permissive"
            click.echo(
                f"{face.family:22} {face.style:11} {face.weight:10} {face.han:6,} Han  {face.licence}, {terms}"
                f"  {face.kind} {face.package}"
            )
        click.echo(f"faces: {len(faces)}, designs: {len({face.family for face in faces})}")
        return
    from tfglyph.datasets.font_fetching import fetch_fonts as fetch
    from tfglyph.datasets.font_fetching import notice as notice_of

    fetched = fetch(faces, output or os.path.join(cache_directory(), "open-fonts"))
    wanted = {face.family for face in faces}
    brought = [face for face in fetched.faces if face.family in wanted and (face.permissive or not permissive)]
    for failure in fetched.failures:
        warn(failure)
    if notice:
        with write_errors(notice):
            write_text(notice, notice_of(brought))
    glyphs = sum(face.drawn_han for face in brought)
    designs = len({face.family for face in brought})
    click.echo(f"{fetched.list_file}: faces: {len(brought)}, designs: {designs}, Han glyphs: {glyphs:,}")
    if fetched.failures:
        raise click.exceptions.Exit(1)
