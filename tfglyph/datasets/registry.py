"""The registry: every data set by name.

A data set is one module here and one entry below. The module has a function
``load(name, size, channels, datadir, …) -> Glyphs`` with ``size`` as (h, w), ``channels`` as 1, 3 or ``None``,
``datadir`` as a path or ``None``; whatever parameters follow are the set's own options. A module whose sets can be
downloaded also has ``download(name, datadir)``.
"""

import importlib
import inspect
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from tfglyph.datasets.glyphs import Glyphs
from tfglyph.errors import UsageError, did_you_mean

_COMMON = ("name", "size", "channels", "datadir")  # what every set's ``load`` takes; the rest are its options


@dataclass(frozen=True)
class DataSet:
    """An entry of the registry.

    Attributes:
        name: str; one that ends in ``/`` or ``:`` stands for all names that begin with it.
        module: str, the module in ``tfglyph.datasets`` whose ``load`` makes it.
        size: int, the side of its images, in pixels, by default.
        summary: str, one line.
        needs: str, what has to be on the machine.
    """

    name: str
    module: str
    size: int
    summary: str
    needs: str

    @property
    def is_prefix(self) -> bool:
        """Whether the entry stands for all names that begin with its own."""
        return self.name.endswith(("/", ":"))

    @property
    def options(self) -> tuple[str, ...]:
        """tuple of str: the options that its ``load`` takes beside name, size, channels and directory."""
        return tuple(option for option in inspect.signature(self._module().load).parameters if option not in _COMMON)

    def load(
        self, name: str, size: tuple[int, int], channels: int | None, datadir: str | None, options: dict[str, Any]
    ) -> Glyphs:
        """Calls the set's ``load``; returns Glyphs."""
        return self._module().load(name, size, channels, datadir=datadir, **options)

    def download(self, name: str, datadir: str | None = None) -> None:
        """Downloads what the set's ``load`` will read, where its module can; does nothing for the other sets.

        Raises:
            GlyphError: there is no network, or the set's own site does not answer.
        """
        download = getattr(self._module(), "download", None)
        if download is not None:
            download(name, datadir)

    def _module(self) -> ModuleType:
        return importlib.import_module(f"tfglyph.datasets.{self.module}")


_IDX = "its IDX files (--datadir), or `data prepare` with a network"

_ALL = (
    DataSet(
        "cns",
        "cns",
        32,
        "20,920 Chinese characters in TW-Kai, the typeface of Taiwan's CNS11643 project",
        "nothing at 32x32; the font for other sizes (./get_data.sh); or --datadir with U<decimal>.jpg|png",
    ),
    DataSet(
        "cns-ext",
        "cns_ext",
        32,
        "74,506 characters: CNS's and the rare ones of Unicode's extensions A to D, in TW-Kai and TW-Kai-Ext-B",
        "both fonts (./get_data.sh)",
    ),
    DataSet(
        "fonts",
        "fonts",
        64,
        "any fonts x any characters: one image each, or shifted and squeezed samples",
        "font files (--fonts)",
    ),
    DataSet(
        "kanji",
        "kanji",
        48,
        "kanji: loose images as in kanjieast-asian-characters, or JIS X 0208 from a font",
        "images (--datadir), or an installed IPA font (Debian: fonts-ipafont-mincho)",
    ),
    DataSet(
        "casia",
        "casia",
        64,
        "handwritten Chinese characters: CASIA-HWDB .gnt files, zip archives, directories",
        "the files (--datadir)",
    ),
    DataSet("mnist", "public", 28, "handwritten digits", _IDX),
    DataSet("fashion_mnist", "public", 28, "pictures of clothes", _IDX),
    DataSet("kmnist", "public", 28, "cursive hiragana, 10 classes", _IDX),
    DataSet("k49", "public", 28, "cursive hiragana, 49 classes", "its .npz files (--datadir)"),
    DataSet("emnist/", "public", 28, "letters and digits: emnist/letters, …", _IDX),
    DataSet("cifar10", "public", 32, "small photographs, RGB", "`data prepare` with a network"),
    DataSet("tfds:", "public", 64, "any image set of tensorflow-datasets", "`data prepare`"),
    DataSet("folder", "folder", 64, "any directory tree of images", "the images (--datadir)"),
)

DATASETS: dict[str, DataSet] = {entry.name: entry for entry in _ALL}


def find(name: str) -> DataSet:
    """The entry for a name; ``emnist/letters`` and ``tfds:NAME`` belong to the entries with their beginning.

    Raises:
        UsageError: no such data set.
    """
    for entry in DATASETS.values():
        if name == entry.name and not entry.is_prefix:
            return entry
        if entry.is_prefix and name.startswith(entry.name) and name != entry.name:
            return entry
    names = ", ".join(entry.name + "…" * entry.is_prefix for entry in DATASETS.values())
    raise UsageError(f"no data set {name!r}{did_you_mean(name, DATASETS)}; there are {names}")
