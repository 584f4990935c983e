"""One measured number with its interval and what real glyphs have."""

import dataclasses
from typing import Any, Literal

import numpy as np

from tfglyph.evaluation.bootstrap import mean_interval

Better = Literal["lower", "higher", ""]


@dataclasses.dataclass(frozen=True)
class Measurement:
    """A number in the result of an evaluation.

    Attributes:
        name: str, ``metric/what/how``.
        value: float.
        count: int, the images (tuples, ...) that it is from.
        better: ``lower``, ``higher`` or an empty str where neither is better as such.
        low, high: float or None, the bootstrap's 95 % interval.
        real: float or None, the same measurement of real glyphs: what a perfect model would have.
        extractor: str or None, the fingerprint of the features.
    """

    name: str
    value: float
    count: int
    better: Better = ""
    low: float | None = None
    high: float | None = None
    real: float | None = None
    extractor: str | None = None

    def to_json(self) -> dict[str, Any]:
        """dict of JSON values; a NaN or an infinity is null."""
        return {
            key: None if isinstance(value, float) and not np.isfinite(value) else value
            for key, value in dataclasses.asdict(self).items()
        }


def mean_measurement(
    name: str,
    values: np.ndarray | list[Any],
    better: Better,
    seed: int,
    real: float | None = None,
    extractor: str | None = None,
) -> Measurement:
    """The Measurement of a mean over images, with its interval.

    Args:
        name: str.
        values: float or bool (n,).
        better: as in Measurement.
        seed: int, of the bootstrap.
        real: float or None.
        extractor: str or None.
    """
    values = np.asarray(values, np.float64)
    low, high = mean_interval(values, seed)
    real = None if real is None else float(real)
    return Measurement(name, float(values.mean()), len(values), better, low, high, real, extractor)
