"""The options that say which trained model: the same on every verb that uses one."""

import functools
import pathlib

import click

from tfglyph.errors import UsageError
from tfglyph.pretrained import is_shipped


def add_model_options(multiple=False, default=None, positional=False):
    """Adds ``--checkpoint`` and ``--pretrained``; the command gets ``references``, a list of str.

    Args:
        multiple: bool, whether both may be repeated.
        default: str, tuple of str or None, the references of a command that is called without either; where these
            weights are not shipped, and with None, that is a UsageError.
        positional: bool, whether models may also be named without an option.

    Returns:
        A decorator for click commands.
    """

    defaults = (default,) if isinstance(default, str) else default or ()

    def decorate(command):
        @functools.wraps(command)
        def with_references(checkpoint, pretrained, runs=(), **others):
            given = [*runs, *checkpoint, *(f"pretrained:{name}" for name in pretrained)]
            given = given or [reference for reference in defaults if is_shipped(reference)]
            if not given:
                raise UsageError(f"which model? name it with --checkpoint RUN{_suggestion()}")
            if len(given) > 1 and not multiple:
                raise UsageError(f"one model at a time here, found {len(given)}: {', '.join(given)}")
            return command(references=given, **others)

        checkpoint = click.option(
            "--checkpoint",
            multiple=True,
            metavar="RUN|PREFIX",
            help="A run directory (its newest), one checkpoint (RUN/model.ckpt-31200), or pretrained:NAME."
            + (" May be repeated." if multiple else "")
            + (f" Default: {' '.join(defaults)}." if defaults else ""),
        )
        pretrained = click.option(
            "--pretrained",
            multiple=True,
            metavar="NAME",
            help="Shipped weights; short for --checkpoint pretrained:NAME.",
        )
        decorated = checkpoint(pretrained(with_references))
        return click.argument("runs", nargs=-1, metavar="[RUN]...")(decorated) if positional else decorated

    return decorate


def add_precision_option(command):
    """Adds ``--precision``, for verbs that draw much; the command gets ``precision``, for ``tfglyph.load``."""
    return click.option(
        "--precision",
        type=click.Choice(["float32", "mixed_bfloat16", "mixed_float16", "auto"]),
        default="float32",
        show_default=True,
        help="Number format of the layers; auto chooses the fastest of this machine.",
    )(command)


def add_sampling_options(label=True):
    """Adds ``--sampler --sampling_steps --guidance`` and ``--label``: how a verb's images are made.

    The command gets ``sampling``, a dict from the names of ``sampling_options`` to values, None where nothing was given;
    ``tfglyph.cli.point_options.options_for`` makes it the model's options.

    Args:
        label: bool, whether ``--label`` is among them.

    Returns:
        A decorator for click commands.
    """

    def decorate(command):
        @functools.wraps(command)
        def with_sampling(*arguments, sampler, sampling_steps, guidance, label=None, **others):
            sampling = {"sampler": sampler, "steps": sampling_steps, "guidance": guidance, "label": label}
            return command(*arguments, sampling=sampling, **others)

        options = [
            click.option("--sampler", metavar="NAME", help="Diffusion: ddpm, ddim, dpm++ or heun."),
            click.option("--sampling_steps", type=click.IntRange(1), help="Diffusion: steps of the sampler."),
            click.option("--guidance", type=float, help="Diffusion with a condition or a guide: its strength."),
        ]
        if label:
            options.append(
                click.option(
                    "--label", help="Models with classes or categorical codes: which; of a GAN, 3+7 mixes two."
                )
            )
        for option in reversed(options):
            with_sampling = option(with_sampling)
        return with_sampling

    return decorate


def _suggestion():
    """The newest run below ``logdir``, as a hint."""
    runs = sorted(pathlib.Path("logdir/train").glob("*/architecture.json"), key=lambda path: path.stat().st_mtime)
    return f", such as --checkpoint {runs[-1].parent}" if runs else "; there are no runs in logdir/train yet"
