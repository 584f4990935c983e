"""What the options of several verbs have in common: kinds of values, and how click decorators are put together."""

from collections.abc import Callable
from typing import Any, TypeVar, get_args

import click

from tfglyph.architecture.training import Precision

CommandFunction = Callable[..., Any]
"""A command's function, whose parameters click fills in."""
F = TypeVar("F", bound=CommandFunction)

SEED = click.IntRange(0, 2**31 - 1)
PRECISION = click.Choice(get_args(Precision))


def add_options(function: F, *options: Callable[[Any], Any]) -> F:
    """Decorates a command's function with click options, which ``--help`` lists in this order."""
    for option in reversed(options):
        function = option(function)
    return function


def is_typed(ctx: click.Context, name: str) -> bool:
    """Whether the person typed the option whose parameter is ``name``; False for its default."""
    return ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
