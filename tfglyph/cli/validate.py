"""``tfglyph validate`` (also ``python validate.py``): character arithmetic on trained models."""

import dataclasses
import pathlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from tfglyph.cli.data_options import add_dataset_options, glyphs_from_flags
from tfglyph.cli.model_options import add_model_options, add_sampling_options, options_for
from tfglyph.cli.options import is_typed
from tfglyph.errors import GlyphError, UsageError
from tfglyph.pretrained import is_shipped

if TYPE_CHECKING:
    from tfglyph.latent.tuples import Tuple
    from tfglyph.models import GlyphModel

SHOWN_PROBLEMS = 30  # lines on a file of rubbish; the rest is counted

ORIGINAL = "pretrained:vaegan-cns"
"""The architecture of the original document, as the document describes it."""
BEST = "pretrained:vae-parts"
"""The shipped weights that are best at A - B + C, by ``tfglyph evaluate --metrics arithmetic``."""


@click.command("validate")
@add_model_options(multiple=True, default=(ORIGINAL, BEST))
@click.option(
    "--tuples",
    type=click.Path(),
    default="test.txt",
    show_default=True,
    help="File with three characters a line.",
)
@click.option("--output", type=click.Path(), metavar="DIR", help="Where figures go. Default: logdir/generate/<run>.")
@click.option(
    "--descriptions/--no-descriptions",
    default=True,
    show_default=True,
    help="Also answer by the characters' descriptions: the parts that are left, composed.",
)
@add_sampling_options()
@click.option("--dataset", help="Data set to take the characters from. Default: the run's.")
@add_dataset_options
@click.pass_context
def command(
    ctx: click.Context,
    references: list[str],
    tuples: str,
    output: str | None,
    descriptions: bool,
    sampling: dict[str, Any],
    dataset: str | None,
    **flags: Any,
) -> int:
    """Draw character arithmetic A - B + C for the tuples of test.txt.

    A figure for each tuple, and a contact sheet of all tuples. Four panels are the originals, their
    reconstructions, the generator's images of a * (A - B + C) for five coefficients a, and A - B + C in pixels. A
    model whose prior has parts has one more, the sum's most probable parts; the last one is the answer of the
    characters' descriptions, where their parts cancel. Without a model, the original architecture and the best model
    stand side by side. Exit code 1 if a line, a character or a checkpoint was wrong; everything else is done all the
    same.
    """
    from tfglyph.latent.tuples import read_tuples

    entries, problems = read_tuples(tuples)
    _report(problems)
    if not entries:
        raise GlyphError(f"{tuples}: no line holds a tuple A B C")
    chosen = is_typed(ctx, "checkpoint") or is_typed(ctx, "pretrained")
    # One model a group: a group shares its figures.
    groups = [[reference] for reference in references] if chosen else [references]
    folders = Folders(output, several=len(groups) > 1)
    failed = bool(problems)
    for group in groups:
        try:
            problems = _validate(group, entries, folders, descriptions, sampling, dataset, flags)
        except GlyphError as error:
            problems = [str(error)]
        _report(problems)
        failed |= bool(problems)
    return 1 if failed else 0


@dataclasses.dataclass
class Folders:
    """Where figures go, a folder for each model, or for models side by side.

    Attributes:
        output: str or None, what ``--output`` says.
        several: bool, whether there is more than one folder.
        used: the folders so far.
    """

    output: str | None
    several: bool
    used: set[pathlib.Path] = dataclasses.field(default_factory=set)

    def add(self, models: "Sequence[GlyphModel]") -> pathlib.Path:
        """The folder of one more model, or of several side by side."""
        first = models[0].run
        folder = pathlib.Path(self.output) if self.output else first.output_directory
        if not self.output and len(models) > 1:
            folder = folder.with_name("-beside-".join(model.run.name for model in models))
        if self.several and self.output:
            folder /= first.name
        if folder in self.used:  # two checkpoints of one run
            folder /= first.prefix.name
        self.used.add(folder)
        return folder


def _validate(
    references: Sequence[str],
    tuples: "Sequence[Tuple]",
    folders: Folders,
    descriptions: bool,
    sampling: Mapping[str, Any],
    dataset: str | None,
    flags: Mapping[str, Any],
) -> list[str]:
    """Draws all figures of one model, or of several side by side; returns what could not be drawn, as messages."""
    import tfglyph
    from tfglyph.latent.arithmetic_figures import ShownModel, draw
    from tfglyph.latent.description_answers import COMPOSER, description_answers
    from tfglyph.latent.tuples import known_tuples

    models = [tfglyph.load(reference) for reference in references]
    for reference, model in zip(references, models, strict=True):
        if not model.can_encode:
            raise UsageError(
                f"{reference}: a {model.architecture.mode} model has no encoder, so there is no "
                "A - B + C; validate needs a model that has one, such as a VAE-GAN"
            )
    shown = [ShownModel(model, model.run.title, options_for(model, sampling)) for model in models]
    glyphs = glyphs_from_flags(models[0], dataset, flags)
    good, problems = known_tuples(tuples, glyphs.rows_by_character(), glyphs.name)
    if not good:
        return [*problems, f"{references[0]}: no tuple left to draw"]
    answers = None
    if descriptions and is_shipped(COMPOSER):
        triples = [entry.characters for entry in good]
        answers = description_answers(triples, models[0].architecture.hwc, lambda: tfglyph.load(COMPOSER))
        for answer in answers:
            if answer is not None and answer.image is None:
                click.echo(answer.line)
    folder = folders.add(models)
    paths = draw(shown, glyphs, good, folder, answers)
    sheets = ", ".join(str(path) for path in paths if path.name.startswith("contact-sheet"))
    click.echo(f"{len(good)} figures test-arith-*.png are in {folder}; all at a glance: {sheets}")
    return problems


def _report(problems: Sequence[str]) -> None:
    """One line on standard error for each problem, up to a screenful."""
    for line in problems[:SHOWN_PROBLEMS]:
        click.echo(f"tfglyph: error: {line}", err=True)
    if len(problems) > SHOWN_PROBLEMS:
        click.echo(f"tfglyph: error: and {len(problems) - SHOWN_PROBLEMS} more such lines", err=True)
