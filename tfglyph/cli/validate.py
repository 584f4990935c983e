"""``tfglyph validate`` (also ``python validate.py``): character arithmetic on trained models."""

import dataclasses
import pathlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from tfglyph.cli.data_options import add_dataset_options, glyphs_from_flags
from tfglyph.cli.model_options import add_model_options, add_sampling_options, options_for
from tfglyph.errors import GlyphError, UsageError

if TYPE_CHECKING:
    from tfglyph.latent.tuples import Tuple
    from tfglyph.models import GlyphModel

SHOWN_PROBLEMS = 30  # lines on a file of rubbish; the rest is counted


@click.command("validate")
@add_model_options(multiple=True, default="pretrained:vaegan-cns")
@click.option(
    "--tuples",
    type=click.Path(),
    default="test.txt",
    show_default=True,
    help="File with three characters a line.",
)
@click.option("--output", type=click.Path(), metavar="DIR", help="Where figures go. Default: logdir/generate/<run>.")
@add_sampling_options()
@click.option("--dataset", help="Data set to take the characters from. Default: the run's.")
@add_dataset_options
def command(
    references: list[str],
    tuples: str,
    output: str | None,
    sampling: dict[str, Any],
    dataset: str | None,
    **flags: Any,
) -> int:
    """Draw character arithmetic A - B + C for the tuples of test.txt.

    A figure of four panels for each tuple: the originals, their reconstructions, the generator's images of
    a * (A - B + C) for five coefficients a, and A - B + C in pixels; and a contact sheet of all tuples. Exit
    code 1 if a line, a character or a checkpoint was wrong; everything else is done all the same.
    """
    from tfglyph.latent.tuples import read_tuples

    entries, problems = read_tuples(tuples)
    _report(problems)
    if not entries:
        raise GlyphError(f"{tuples}: no line holds a tuple A B C")
    folders = Folders(output, several=len(references) > 1)
    failed = bool(problems)
    for reference in references:
        try:
            problems = _validate(reference, entries, folders, sampling, dataset, flags)
        except GlyphError as error:
            problems = [str(error)]
        _report(problems)
        failed |= bool(problems)
    return 1 if failed else 0


@dataclasses.dataclass
class Folders:
    """Where figures go, a folder for each model.

    Attributes:
        output: str or None, what ``--output`` says.
        several: bool, whether there is more than one model.
        used: the folders of models so far.
    """

    output: str | None
    several: bool
    used: set[pathlib.Path] = dataclasses.field(default_factory=set)

    def add(self, model: "GlyphModel") -> pathlib.Path:
        """The folder of one more model."""
        folder = pathlib.Path(self.output) if self.output else model.run.output_directory
        if self.several and self.output:
            folder /= model.run.name
        if folder in self.used:  # two checkpoints of one run
            folder /= model.run.prefix.name
        self.used.add(folder)
        return folder


def _validate(
    reference: str,
    tuples: "Sequence[Tuple]",
    folders: Folders,
    sampling: Mapping[str, Any],
    dataset: str | None,
    flags: Mapping[str, Any],
) -> list[str]:
    """Draws all figures of one model; returns the messages about what could not be drawn."""
    import tfglyph
    from tfglyph.latent.arithmetic_figures import draw
    from tfglyph.latent.tuples import known_tuples

    model = tfglyph.load(reference)
    if not model.can_encode:
        raise UsageError(
            f"{reference}: a {model.architecture.mode} model has no encoder, so there is no "
            "A - B + C; validate needs a model that has one, such as a VAE-GAN"
        )
    options = options_for(model, sampling)
    glyphs = glyphs_from_flags(model, dataset, flags)
    good, problems = known_tuples(tuples, glyphs.rows_by_character(), glyphs.name)
    if not good:
        return [*problems, f"{reference}: no tuple left to draw"]
    folder = folders.add(model)
    paths = draw(model, glyphs, good, folder, model.run.title, **options)
    sheets = ", ".join(str(path) for path in paths if path.name.startswith("contact-sheet"))
    click.echo(f"{len(good)} figures test-arith-*.png are in {folder}; all at a glance: {sheets}")
    return problems


def _report(problems: Sequence[str]) -> None:
    """One line on standard error for each problem, up to a screenful."""
    for line in problems[:SHOWN_PROBLEMS]:
        click.echo(f"tfglyph: error: {line}", err=True)
    if len(problems) > SHOWN_PROBLEMS:
        click.echo(f"tfglyph: error: and {len(problems) - SHOWN_PROBLEMS} more such lines", err=True)
