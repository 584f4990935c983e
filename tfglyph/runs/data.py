"""The data of a run, at the size of its model."""

from collections.abc import Mapping
from typing import Any

from tfglyph.architecture.families import Architecture
from tfglyph.datasets.glyphs import Glyphs, Split
from tfglyph.datasets.loading import DatasetSpec


def load_glyphs(architecture: Architecture, spec: DatasetSpec, split: Split = "all") -> Glyphs:
    """A data set in the size and the channels of an architecture.

    Args:
        architecture: Architecture.
        spec: DatasetSpec.
        split: "train", "holdout" or "all".

    Raises:
        UsageError, GlyphError: as ``tfglyph.datasets.load``: the sources are not on this machine, say.
    """
    height, width, channels = architecture.hwc
    return spec.load((height, width), channels, split)


def other_spec(run_spec: DatasetSpec, name: str | None = None, options: Mapping[str, Any] | None = None) -> DatasetSpec:
    """A run's own data set, or another one in its place.

    Args:
        run_spec: DatasetSpec that the run was trained on.
        name: str or None, another data set's name.
        options: dict of ``tfglyph.datasets.load`` options that replace the run's where they are not None.

    Returns:
        DatasetSpec. The fraction that is held out is the run's, of another set as well: a character is on the same side
        in every set.

    Raises:
        UsageError: an unknown data set, or an option that it does not take.
    """
    replaced = {key: value for key, value in (options or {}).items() if value is not None}
    if name in (None, run_spec.name):
        return DatasetSpec.from_dict(run_spec.to_dict() | replaced)
    return DatasetSpec.from_dict({"name": name, "holdout": run_spec.holdout} | replaced)
