"""``tfglyph validate`` (also ``python validate.py``): character arithmetic on trained models."""

import pathlib

import click

from tfglyph.cli.data_options import add_dataset_options, glyphs_from_flags
from tfglyph.cli.model_options import add_model_options, add_sampling_options
from tfglyph.errors import GlyphError, UsageError

SHOWN_PROBLEMS = 30  # lines on a file of rubbish; the rest is counted


@click.command("validate", context_settings={"help_option_names": ["-h", "--help"]})
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
def command(references, tuples, output, sampling, dataset, **flags):
    """Draw character arithmetic A - B + C for the tuples of test.txt.

    A figure of four panels for each tuple: the originals, their reconstructions, the generator's images of
    a * (A - B + C) for five coefficients a, and A - B + C in pixels; and a contact sheet of all tuples. Exit
    code 1 if a line, a character or a checkpoint was wrong; everything else is done all the same.
    """
    from tfglyph.latent.tuples import read_tuples

    wanted, problems = read_tuples(tuples)
    _report(problems)
    if not wanted:
        raise GlyphError(f"{tuples}: no line holds a tuple A B C")
    failed, places = bool(problems), {}
    for reference in references:
        try:
            missing = _validate(
                reference, wanted, output, sampling, dataset, flags, places, several=len(references) > 1
            )
        except GlyphError as error:
            missing = [str(error)]
        _report(missing)
        failed |= bool(missing)
    return 1 if failed else 0


def _validate(reference, wanted, output, sampling, dataset, flags, places, several):
    """Draws all figures of one model; returns the messages about what could not be drawn."""
    import tfglyph
    from tfglyph.cli.point_options import options_for
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
    good, problems = known_tuples(wanted, glyphs.rows_by_character(), glyphs.name)
    if not good:
        return [*problems, f"{reference}: no tuple left to draw"]
    directory = pathlib.Path(output) if output else model.run.output_directory
    if several and output:
        directory /= model.run.name
    if directory in places:  # two checkpoints of one run
        directory /= model.run.prefix.name
    places[directory] = model.run.prefix
    paths = draw(model, glyphs, good, directory, model.run.title, **options)
    sheets = ", ".join(str(path) for path in paths if path.name.startswith("contact-sheet"))
    click.echo(f"{len(good)} figures test-arith-*.png are in {directory}; all at a glance: {sheets}")
    return problems


def _report(problems):
    """One line on standard error for each problem, up to a screenful."""
    for line in problems[:SHOWN_PROBLEMS]:
        click.echo(f"tfglyph: error: {line}", err=True)
    if len(problems) > SHOWN_PROBLEMS:
        click.echo(f"tfglyph: error: and {len(problems) - SHOWN_PROBLEMS} more such lines", err=True)
