"""The options that say which trained model, and how it samples: the same on every verb that uses one."""

import functools
import pathlib
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import click

from tfglyph.architecture.sampling import SAMPLING_OPTIONS, SamplingOption
from tfglyph.cli.options import PRECISION, CommandFunction, F, add_options
from tfglyph.errors import UsageError
from tfglyph.pretrained import is_shipped

if TYPE_CHECKING:
    from tfglyph.models import GlyphModel

# The default of ``add_sampling_options``. Most verbs decode latents, so that a temperature has no noise to scale.
USUAL_SAMPLING_OPTIONS = tuple(name for name in SAMPLING_OPTIONS if name != "temperature")


# === Which model ===


def add_model_options(
    multiple: bool = False,
    default: str | Iterable[str] | Callable[[], Iterable[str]] = (),
    positional: bool = False,
    default_help: str | None = None,
    required: bool = True,
) -> Callable[[CommandFunction], CommandFunction]:
    """Adds ``--checkpoint`` and ``--pretrained``; the command gets ``references``, a list of str.

    Args:
        multiple: bool, whether both may be repeated.
        default: str or several, the references of a command that is called without either; where these weights are not
            shipped, and with none, that is a UsageError. A function is called when the command is.
        positional: bool, whether models may also be named without an option.
        default_help: str, what ``--help`` says of the default; None: its names.
        required: bool, whether the command needs a model in any case; else ``references`` may be empty, and the command
            calls ``check_references`` where it needs one.

    Returns:
        A decorator for click commands.
    """

    def default_references() -> tuple[str, ...]:
        named = default() if callable(default) else default
        return (named,) if isinstance(named, str) else tuple(named)

    words = default_help or ("" if callable(default) else " ".join(default_references()))

    def decorate(command: CommandFunction) -> CommandFunction:
        @functools.wraps(command)
        def with_references(
            checkpoint: tuple[str, ...], pretrained: tuple[str, ...], runs: tuple[str, ...] = (), **others: Any
        ) -> Any:
            references = [*runs, *checkpoint, *(f"pretrained:{name}" for name in pretrained)]
            references = references or [name for name in default_references() if is_shipped(name)]
            if required:
                check_references(references)
            if len(references) > 1 and not multiple:
                raise UsageError(f"one model at a time here, found {len(references)}: {', '.join(references)}")
            return command(references=references, **others)

        checkpoint = click.option(
            "--checkpoint",
            multiple=True,
            metavar="RUN|PREFIX",
            help="A run directory (its newest), one checkpoint (RUN/model.ckpt-31200), or pretrained:NAME."
            + (" May be repeated." if multiple else "")
            + (f" Default: {words}." if words else ""),
        )
        pretrained = click.option(
            "--pretrained",
            multiple=True,
            metavar="NAME",
            help="Shipped weights; short for --checkpoint pretrained:NAME.",
        )
        runs = [click.argument("runs", nargs=-1, metavar="[RUN]...")] if positional else []
        return add_options(with_references, *runs, checkpoint, pretrained)

    return decorate


def check_references(references: list[str]) -> None:
    """Raises UsageError where no model is named."""
    if not references:
        raise UsageError(f"which model? name it with --checkpoint RUN{_suggestion()}")


def _suggestion() -> str:
    """The newest run below ``logdir``, as a hint."""
    runs = sorted(pathlib.Path("logdir/train").glob("*/architecture.json"), key=lambda path: path.stat().st_mtime)
    return f", such as --checkpoint {runs[-1].parent}" if runs else "; there are no runs in logdir/train yet"


def add_precision_option(command: F) -> F:
    """Adds ``--precision``, for verbs that draw much; the command gets ``precision``, for ``tfglyph.load``."""
    return click.option(
        "--precision",
        type=PRECISION,
        default="float32",
        show_default=True,
        help="Number format of the layers; auto chooses the fastest of this machine.",
    )(command)


# === How it samples ===


def add_sampling_options(
    *names: str, helps: Mapping[str, str] | None = None
) -> Callable[[CommandFunction], CommandFunction]:
    """Adds options of ``SAMPLING_OPTIONS``: how a verb's images are made.

    The command gets ``sampling``, a dict from their names to values, None where nothing was given; ``options_for``
    makes it the model's options.

    Args:
        *names: which; none stands for all but the temperature.
        helps: dict from name to what ``--help`` says, where that is something of its own for this verb.

    Returns:
        A decorator for click commands.
    """
    options = [SAMPLING_OPTIONS[name] for name in names or USUAL_SAMPLING_OPTIONS]

    def decorate(command: CommandFunction) -> CommandFunction:
        @functools.wraps(command)
        def with_sampling(*arguments: Any, **values: Any) -> Any:
            sampling = {option.name: values.pop(option.flag) for option in options}
            return command(*arguments, sampling=sampling, **values)

        return add_options(with_sampling, *(_click_option(option, helps or {}) for option in options))

    return decorate


def _click_option(option: SamplingOption, helps: Mapping[str, str]) -> Callable[[F], F]:
    kind: click.ParamType[Any] = click.STRING
    if option.low is not None and option.high is not None:
        low, high = option.low, option.high
        kind = click.IntRange(int(low), int(high)) if option.integer else click.FloatRange(low, high)

    def check(ctx: click.Context, parameter: click.Parameter, value: Any) -> Any:
        if value is not None:  # click's types know neither the choices nor that NaN is in no range
            option.check(value, f"--{option.flag}")
        return value

    return click.option(
        f"--{option.flag}",
        type=kind,
        metavar="NAME" if option.choices else None,
        callback=check,
        help=helps.get(option.name, option.help),
    )


def options_for(model: "GlyphModel", sampling: Mapping[str, Any]) -> dict[str, Any]:
    """Those of a model's sampling options that were given.

    Args:
        model: a GlyphModel.
        sampling: dict from names of ``SAMPLING_OPTIONS`` to values, None where nothing was given.

    Returns:
        dict for ``sample``, ``decode`` and ``generate``.

    Raises:
        UsageError: the model does not take one of them.
    """
    options = {name: value for name, value in sampling.items() if value is not None}
    for name in options:
        if name not in model.sampling_options:
            mode = model.architecture.mode
            article = "an" if mode[0] in "AEIO" else "a"
            flag = SAMPLING_OPTIONS[name].flag
            raise UsageError(f"--{flag}: {model.run.title} is {article} {mode}, which takes no such option")
    return options
