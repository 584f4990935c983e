"""The options of ``GlyphModel.sample``, the same for every command and for the pages of the studio.

Which of them a model takes is its ``sampling_options``.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from tfglyph.diffusion import SAMPLERS, Sampler
from tfglyph.errors import UsageError, did_you_mean

__all__ = ["SAMPLERS", "SAMPLING_OPTIONS", "Sampler", "SamplingOption", "check_sampling_options"]


@dataclasses.dataclass(frozen=True)
class SamplingOption:
    """One option.

    Attributes:
        name: the keyword of ``sample``.
        flag: the option's name on the command line, without dashes.
        help: the text of ``--help``.
        low, high: the range; None for an option that is no number.
        integer: whether only whole numbers are accepted.
        choices: the accepted words; empty for any.
    """

    name: str
    flag: str
    help: str
    low: float | None = None
    high: float | None = None
    integer: bool = False
    choices: tuple[str, ...] = ()

    def check(self, value: Any, shown_as: str = "") -> None:
        """Checks one value.

        Args:
            value: number or str.
            shown_as: the option's name in the error; empty for ``name``.

        Raises:
            UsageError: the value is no number, out of range, or none of the choices.
        """
        name = shown_as or self.name
        if self.choices and value not in self.choices:
            expected = f"one of {', '.join(self.choices)}{did_you_mean(value, self.choices)}"
            raise UsageError(f"{name}: found {value!r}, expected {expected}")
        if self.low is None or self.high is None:
            return
        try:
            in_range = self.low <= value <= self.high
        except TypeError:
            in_range = False
        if not in_range:
            raise UsageError(f"{name}: found {value}, expected a number from {self.low:g} to {self.high:.6g}")
        if self.integer and value != int(value):
            raise UsageError(f"{name}: found {value}, expected a whole number")


SAMPLING_OPTIONS: dict[str, SamplingOption] = {
    option.name: option
    for option in (
        SamplingOption("sampler", "sampler", f"Diffusion: {', '.join(SAMPLERS)}.", choices=SAMPLERS),
        SamplingOption("steps", "sampling_steps", "Diffusion: steps of the sampler.", 1, 100_000, integer=True),
        SamplingOption("guidance", "guidance", "Diffusion: guidance scale; 1 is no guidance.", 0, 1000),
        SamplingOption("temperature", "temperature", "Diffusion: factor on the initial noise.", 0, 10),
        SamplingOption("label", "label", "Models with classes or categorical codes: which; of a GAN, 3+7 mixes two."),
    )
}


def check_sampling_options(options: Mapping[str, Any], accepted: Iterable[str], model: str) -> None:
    """Checks the options of one call of ``sample``.

    Args:
        options: dict from name to value; None counts as not given.
        accepted: the model's ``sampling_options``.
        model: the model's name, for the error.

    Raises:
        UsageError: an option that the model does not take, or a value out of range.
    """
    names = tuple(accepted)
    for name, value in options.items():
        if name not in names:
            expected = f"it takes {', '.join(names) or 'none'}"
            raise UsageError(f"{name}: {model} takes no such option{did_you_mean(name, names)}; {expected}")
        if value is not None:
            SAMPLING_OPTIONS[name].check(value)
