"""``load``: from a data set's name to its record; ``DatasetSpec``: the same request as plain data."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tfglyph.datasets.glyphs import DEFAULT_HOLDOUT, Glyphs, Split
from tfglyph.datasets.opening import absolute_spec
from tfglyph.datasets.registry import find
from tfglyph.errors import UsageError
from tfglyph.files import PathLike

_LARGEST_SIDE = 2048
_PATHS = ("fonts", "font", "charset")  # options that may name files


def load(
    name: str,
    size: int | Iterable[int] | None = None,
    channels: int | None = None,
    split: Split = "all",
    holdout: float = DEFAULT_HOLDOUT,
    datadir: PathLike | None = None,
    **options: Any,
) -> Glyphs:
    """Loads a data set; what takes long is done once and cached.

    Args:
        name: str, a name of the registry (``python -m tfglyph data list``).
        size: int or (h, w), pixels; ``None`` for the set's own.
        channels: 1 (grey), 3 (RGB) or None for the set's own.
        split: ``all``, ``train`` or ``holdout``; see ``Glyphs.split``.
        holdout: float in [0, 1), the fraction that ``holdout`` gets and ``train`` lacks.
        datadir: path of the sources, for the sets that read any.
        **options: the parameters of the set's own ``load``: ``charset``, ``fonts``, ``font``, ``box``, ``samples``,
            ``sample_seed``, ``ink``, ``part``. An option that is ``None`` counts as not given.

    Returns:
        Glyphs.

    Raises:
        UsageError: an unknown set or option, or an impossible value.
        GlyphError: the sources are missing or have nothing usable.
    """
    entry = find(name)
    options = _checked(name, options)
    height, width = _sides(entry.size if size is None else size)
    if channels not in (None, 1, 3):
        raise UsageError(f"{channels} channels: images have 1 (grey) or 3 (RGB)")
    directory = None if datadir is None else os.path.expanduser(os.fspath(datadir))
    glyphs = entry.load(name, (height, width), channels, directory, options)
    return glyphs.split(split, holdout)


def _checked(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Those of ``options`` that are not None; all of them must be the set's."""
    entry = find(name)
    options = {option: value for option, value in options.items() if value is not None}
    for option in options:
        if option not in entry.options:
            raise UsageError(f"data set {name!r} takes no option {option!r}, only {', '.join(entry.options)}")
    return options


def _sides(size: int | Iterable[int]) -> tuple[int, int]:
    try:
        height, width = (size, size) if isinstance(size, int) else (int(side) for side in size)
    except (TypeError, ValueError):
        raise UsageError(f"size {size!r} is neither a number of pixels nor (height, width)") from None
    if not (1 <= height <= _LARGEST_SIDE and 1 <= width <= _LARGEST_SIDE):
        raise UsageError(f"size {height}x{width} is not between 1 and {_LARGEST_SIDE}")
    return height, width


@dataclass(frozen=True)
class DatasetSpec:
    """Everything but the image size that decides which images a run sees: plain data for options.json.

    Attributes:
        name: str.
        datadir: str or None, absolute.
        holdout: float in [0, 1), the fraction held out of training.
        options: dict of the set's own options; paths are absolute.
    """

    name: str = "cns"
    datadir: str | None = None
    holdout: float = 0.0
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 <= self.holdout < 1:
            raise UsageError(f"holdout {self.holdout} is not in [0, 1)")
        options = _checked(self.name, self.options)
        for option in set(options).intersection(_PATHS):
            value = options[option]
            options[option] = (
                absolute_spec(value) if isinstance(value, str) else [absolute_spec(path) for path in value]
            )
        object.__setattr__(self, "options", options)
        if self.datadir is not None:
            object.__setattr__(self, "datadir", os.path.abspath(os.path.expanduser(self.datadir)))

    def load(
        self, size: int | Iterable[int] | None = None, channels: int | None = None, split: Split = "train"
    ) -> Glyphs:
        """The part ``split`` of the set: Glyphs, as the function ``load`` gives them."""
        return load(**self.to_dict(), size=size, channels=channels, split=split)

    def to_dict(self) -> dict[str, Any]:
        """The keyword arguments of ``load`` (all but size, channels and split), as plain JSON."""
        return {"name": self.name, "datadir": self.datadir, "holdout": self.holdout, **self.options}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "DatasetSpec":
        """The spec of what ``to_dict`` wrote.

        Raises:
            UsageError: an unknown data set, or an option that the set does not take.
        """
        fields = {key: value for key, value in values.items() if key in ("name", "datadir", "holdout")}
        return cls(**fields, options={key: value for key, value in values.items() if key not in fields})
