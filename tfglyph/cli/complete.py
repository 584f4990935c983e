"""``tfglyph complete``: the characters that a font lacks, drawn in its style and written into it."""

import os
import pathlib

import click

from tfglyph.cli.model_options import add_model_options, add_precision_option, check_references
from tfglyph.cli.options import SEED
from tfglyph.errors import GlyphError, UsageError


@click.command("complete")
@click.argument("font", type=click.Path())
@click.option("--charset", metavar="NAME|FILE", help="Characters that it should have, as for data sets.")
@click.option("--text", default="", metavar="TEXT", help="Characters that it should have.")
@click.option("--missing", is_flag=True, help="Characters that its character map names but that it does not draw.")
@click.option("--descriptions", type=click.Path(), metavar="FILE", help="New characters: a description in each line.")
@add_model_options(default="pretrained:compose-fonts", required=False)
@add_precision_option
@click.option(
    "--size",
    type=click.IntRange(1),
    metavar="PIXELS",
    help="Pixels along a side to which drawings are enlarged before their contours are followed. Default: 256.",
)
@click.option("--variants", type=click.IntRange(1, 64), default=1, show_default=True, help="Drawings of each.")
@click.option("--pick", default="best", show_default=True, metavar="best|N", help="Which of the variants is taken.")
@click.option("--redo", type=click.Path(), metavar="LIST", help="Draw those in this file again, with another --seed.")
@click.option("--seed", type=SEED, default=0, show_default=True, help="Decides the drawings.")
@click.option("--name", metavar="FAMILY", help="Family name of the completed font. Default: made of the initials.")
@click.option("--keep-name", is_flag=True, help="Keep the font's name: only if its owner lets you.")
@click.option("--i-have-the-right", is_flag=True, help="Complete a font whose embedding bits forbid it.")
@click.option("--dry-run", is_flag=True, help="Show the plan and stop.")
@click.option("--output", type=click.Path(), metavar="FONT", help="Default: FONT-completed, beside the original.")
def command(
    font: str,
    charset: str | None,
    text: str,
    missing: bool,
    descriptions: str | None,
    references: list[str],
    precision: str,
    size: int | None,
    variants: int,
    pick: str,
    redo: str | None,
    seed: int,
    name: str | None,
    keep_name: bool,
    i_have_the_right: bool,
    dry_run: bool,
    output: str | None,
) -> None:
    """Draw the characters that a font lacks, in its style, and write a font that has them.

        tfglyph complete MyFont.ttf --charset big5-common

    FONT is a TTF, OTF, TTC, WOFF or WOFF2; FONT.ttc#2 is the third font of a collection, FONT#wght=700 a place in a
    variable font. It is never changed. Interrupted, the same command goes on. Beside MyFont-completed.ttf are a page
    that shows every new glyph, MyFont-completed.html, and a record, MyFont-completed.json.
    """
    from tfglyph.completion import Options, ask, complete, plan, previous_codes, read_redo, work_folder, write_page
    from tfglyph.completion.planning import SECONDS_PER_GLYPH
    from tfglyph.fontfiles import check_name, check_output, check_safely, natural_suffix, open_font, other_family

    chosen = _pick(pick)
    if keep_name and name:
        raise UsageError("--keep-name and --name: one of them")
    redone = read_redo(redo) if redo else []
    check_safely(font)
    file = open_font(font)
    target = pathlib.Path(output) if output else _beside(font, natural_suffix(file.table, file.flavor))
    check_output(target, file.path, file.table)
    if file.restricted and not i_have_the_right:
        raise GlyphError(
            f"{file.path}: its embedding bits forbid changing it: {file.restricted}; if you own it or its owner lets "
            "you, say --i-have-the-right"
        )
    family = None if keep_name else name or other_family(file.family)
    if family is not None:
        check_name(file.font, family, file.path)
    before = previous_codes(target)
    again = list(before) if redo and not (charset or text or missing or descriptions) else []
    planned = plan(file, ask(file, charset, text, missing, descriptions, [*again, *redone], before))
    for line in planned.lines(SECONDS_PER_GLYPH, variants):
        click.echo(line)
    if not planned.to_draw:
        nothing = "it has all that was asked for" if not planned.asked.wanted and not planned.asked.unknown else ""
        raise UsageError(f"{file.path}: nothing to draw: {nothing or 'nothing of what it lacks can be drawn'}")
    if dry_run:
        return
    check_references(references)
    import tfglyph
    from tfglyph.completion.model_drawer import ModelDrawer, source_of

    source = source_of(font, file)  # what FreeType says of a font is known before a model is loaded
    drawer = ModelDrawer(tfglyph.load(references[0], precision), source)
    options = Options(font, target, family, variants, chosen, seed, tuple(redone), size)
    try:
        report = complete(planned, drawer, options)
    except KeyboardInterrupt:
        click.echo(f"\ndrawings are kept in {work_folder(target)}; the same command goes on", err=True)
        raise
    page = write_page(report)
    for note in report.notes:
        click.echo(f"note: {note}")
    if report.blank:
        click.echo(f"left out, as they were drawn without ink: {' '.join(report.blank)}")
    for problem in report.verdict.problems:
        click.echo(f"problem: {problem}")
    for judge in report.verdict.absent:
        click.echo(f"not checked by {judge}, which is not installed: pip install 'tfglyph[fonts]'")
    doubtful = sum(glyph.doubtful for glyph in report.glyphs)
    click.echo(
        f"{len(report.glyphs):,} glyphs added, {doubtful:,} of them doubtful; checked by "
        f"{', '.join(report.verdict.judges)}: {len(report.verdict.problems) or 'no'} problems"
    )
    click.echo(f"{report.family}: {report.font}; look at {page}")


def _pick(pick: str) -> int | None:
    """Which variant: None for the best."""
    if pick == "best":
        return None
    if pick.isascii() and pick.isdigit() and int(pick):
        return int(pick)
    raise UsageError(f"--pick {pick}: expected best, or a number from 1")


def _beside(font: str, suffix: str) -> pathlib.Path:
    """``MyFont-completed.ttf`` for ``MyFont.ttf``, ``MyFont-2-completed.ttf`` for ``MyFont.ttc#2``."""
    path, mark, place = font.rpartition("#")
    if not mark or os.path.exists(font):
        path, place = font, ""
    words = "".join(c if c.isalnum() else "-" for c in place)
    stem = pathlib.Path(path)
    return stem.with_name(f"{stem.stem}{'-' if words else ''}{words}-completed{suffix}")
