"""The command line: ``tfglyph VERB`` (also ``python -m tfglyph VERB``, ``python train.py``, ``python validate.py``).

Each verb is a module of this package with a click command named ``command``, imported only when it is asked for, so
that ``--help`` answers at once.
"""

import importlib
import os
import sys

import click

from tfglyph.cli import tensorflow_import
from tfglyph.errors import GlyphError, did_you_mean
from tfglyph.paths import print_anything, printable
from tfglyph.version import __version__

# verb -> what `tfglyph --help` says of it
VERBS: dict[str, str] = {
    "train": "Train a model from an architecture file.",
    "validate": "Draw character arithmetic A - B + C for the tuples of test.txt.",
    "sample": "Draw new glyphs from a trained model.",
    "interpolate": "Walk between seeds, characters or images: rows, or a loop that moves.",
    "traverse": "Turn codes, or single latent dimensions, and see what changes.",
    "explore": "Find interpretable latent directions (interactive, SeFa, GANSpace).",
    "enhance": "Improve a sample by gradient ascent on the discriminator's score.",
    "arithmetic": "Draw A - B + C for characters or image files, with the nearest real glyphs.",
    "nearest": "Find the training images closest to generated ones.",
    "studio": "Open all of this as a page in the browser.",
    "compose": "Draw characters from descriptions of their parts, such as ⿰酉交.",
    "complete": "Draw the characters that a font lacks, in its style, and write the font.",
    "evaluate": "Measure how good the glyphs of trained models are.",
    "export": "Write a SavedModel for TensorFlow Serving.",
    "import": "Read the weights of an original project into a run directory.",
    "data": "List, describe, prepare, check and picture data sets.",
    "canvas": "Render a CPPN's image at any size, in bands.",
}


MODULES = {"import": "import_original"}  # of verbs that Python does not accept as the name of a module


class LazyGroup(click.Group):
    """A group that imports a verb's module when the verb is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        return importlib.import_module(f"tfglyph.cli.{MODULES.get(cmd_name, cmd_name)}").command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            known = ", ".join(VERBS)
            ctx.fail(f"no such verb: {args[0]}{did_you_mean(args[0], VERBS)}; there are {known}")
        return super().resolve_command(ctx, args)


# All verbs inherit the names of the help option from this group's context.
@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="tfglyph")
def main() -> None:
    """Generative models of glyphs from JSON architecture files: train, look, measure, serve."""


def entry(verb: str | None = None) -> None:
    """Runs the command line and exits: 0 done, 1 failed run, 2 wrong usage, 130 interrupted.

    Args:
        verb: str or None, the verb where the script's name already says it (``train.py``).
    """
    arguments = ([verb] if verb else []) + sys.argv[1:]
    name = os.path.basename(sys.argv[0]) if verb else "tfglyph"
    tensorflow_import.install()
    print_anything()
    code: object
    try:
        code = main.main(arguments, prog_name=name if not verb else f"{name}:", standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("interrupted", err=True)
        code = 130
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except KeyboardInterrupt:
        click.echo("\ninterrupted", err=True)
        code = 130
    except GlyphError as error:
        click.echo(f"tfglyph: error: {error}", err=True)
        code = error.exit_code
    except UnicodeEncodeError as error:
        if not any("\udc80" <= letter <= "\udcff" for letter in str(error.object)):
            raise
        name = printable(str(error.object))
        click.echo(f"tfglyph: error: {name}: a library takes no name that is not UTF-8; rename it", err=True)
        code = 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # `| head` has what it wanted
        code = 0
    sys.exit(code if isinstance(code, int) else 0)
