"""What a person can say about sampling: the options of ``GlyphModel.sample``, the same on every verb and page.

Which of them a model takes is its ``sampling_options``.
"""

import dataclasses
from collections.abc import Container, Iterable, Mapping
from typing import Any

from tfglyph.diffusion import SAMPLERS, Sampler
from tfglyph.errors import UsageError, did_you_mean

__all__ = ["SAMPLERS", "SAMPLING_OPTIONS", "Sampler", "SamplingOption", "check_sampling_options"]


@dataclasses.dataclass(frozen=True)
class SamplingOption:
    """One option.

    Attributes:
        name: str, the keyword of ``sample``.
        flag: str, the option's name on the command line, without dashes.
        help: str, what ``--help`` says.
        low, high: numbers, the range; None for an option that is no number.
        integer: bool, whether only whole numbers count.
        choices: tuple of str, the accepted words; empty for any.
    """

    name: str
    flag: str
    help: str
    low: float | None = None
    high: float | None = None
    integer: bool = False
    choices: tuple[str, ...] = ()

    def check(self, value: Any) -> None:
        """Raises UsageError where ``value`` is out of range or no such choice exists."""
        if self.choices and value not in self.choices:
            expected = f"one of {', '.join(self.choices)}{did_you_mean(value, self.choices)}"
            raise UsageError(f"{self.name}: found {value!r}, expected {expected}")
        if self.low is not None and self.high is not None and not self.low <= value <= self.high:
            raise UsageError(f"{self.name}: found {value}, expected a number from {self.low:g} to {self.high:.6g}")


SAMPLING_OPTIONS: dict[str, SamplingOption] = {
    option.name: option
    for option in (
        SamplingOption("sampler", "sampler", f"Diffusion: {', '.join(SAMPLERS)}.", choices=SAMPLERS),
        SamplingOption("steps", "sampling_steps", "Diffusion: steps of the sampler.", 1, 100_000, integer=True),
        SamplingOption("guidance", "guidance", "Diffusion with a condition or a guide: its strength.", 0, 1000),
        SamplingOption("temperature", "temperature", "Diffusion: factor on the noise.", 0, 10),
        SamplingOption("label", "label", "Models with classes or categorical codes: which; of a GAN, 3+7 mixes two."),
    )
}


def check_sampling_options(options: Mapping[str, Any], accepted: Iterable[str], model: str) -> None:
    """Looks at the options of one call of ``sample``.

    Args:
        options: dict from name to value; None counts as not given.
        accepted: the model's ``sampling_options``.
        model: str, its name, for messages.

    Raises:
        UsageError: an option that the model does not take, or a value out of range.
    """
    accepted = tuple(accepted)
    known: Container[str] = accepted
    for name, value in options.items():
        if name not in known:
            raise UsageError(
                f"{name}: {model} takes no such option{did_you_mean(name, accepted)}; it takes {', '.join(accepted)}"
            )
        if value is not None:
            SAMPLING_OPTIONS[name].check(value)
