"""The registry: every data set by name, what it is, and which options it takes."""

import importlib
from dataclasses import dataclass

from tfglyph.errors import UsageError, did_you_mean


@dataclass(frozen=True)
class DataSet:
    """An entry of the registry.

    Attributes:
        name: str.
        module: str, the module in ``tfglyph.datasets`` whose ``load`` makes it.
        size: int, the side of its images where nobody asks for another.
        options: tuple of str, the options that its ``load`` takes beside size, channels and directory.
        summary: str, one line.
        needs: str, what has to be on the machine.
    """

    name: str
    module: str
    size: int
    options: tuple
    summary: str
    needs: str

    def load(self, name, size, channels, datadir, options):
        """Calls the set's ``load``; returns Glyphs."""
        module = importlib.import_module(f"tfglyph.datasets.{self.module}")
        return module.load(name, size, channels, datadir=datadir, **options)


_IDX = "its IDX files (--datadir), or `data prepare` with a network"

_ALL = (
    DataSet(
        "cns",
        "cns",
        32,
        ("charset", "ink"),
        "20,920 Chinese characters in TW-Kai, the typeface of Taiwan's CNS11643 project",
        "nothing at 32x32; the font for other sizes (./get_data.sh); or --datadir with U<decimal>.jpg|png",
    ),
    DataSet(
        "cns-ext",
        "cns_ext",
        32,
        ("charset",),
        "74,506 characters: CNS's and the rare ones of Unicode's extensions A to D, in TW-Kai and TW-Kai-Ext-B",
        "both fonts (./get_data.sh)",
    ),
    DataSet(
        "fonts",
        "fonts",
        64,
        ("fonts", "charset", "box", "samples", "sample_seed"),
        "any fonts x any characters: one image each, or shifted and squeezed samples",
        "font files (--fonts)",
    ),
    DataSet(
        "kanji",
        "kanji",
        48,
        ("font", "charset", "ink"),
        "kanji: loose images as in kanjieast-asian-characters, or JIS X 0208 from a font",
        "images (--datadir), or an installed IPA font (Debian: fonts-ipafont-mincho)",
    ),
    DataSet(
        "casia",
        "casia",
        64,
        ("charset", "ink"),
        "handwritten Chinese characters: CASIA-HWDB .gnt files, zip archives, directories",
        "the files (--datadir)",
    ),
    DataSet("mnist", "public", 28, ("part",), "handwritten digits", _IDX),
    DataSet("fashion_mnist", "public", 28, ("part",), "pictures of clothes", _IDX),
    DataSet("kmnist", "public", 28, ("part",), "cursive hiragana, 10 classes", _IDX),
    DataSet("k49", "public", 28, ("part",), "cursive hiragana, 49 classes", "its .npz files (--datadir)"),
    DataSet("emnist/", "public", 28, ("part",), "letters and digits: emnist/letters, …", _IDX),
    DataSet("cifar10", "public", 32, ("part",), "small photographs, RGB", "`data prepare` with a network"),
    DataSet("tfds:", "public", 64, ("part",), "any image set of tensorflow-datasets", "`data prepare`"),
    DataSet("folder", "folder", 64, ("ink",), "any directory tree of images", "the images (--datadir)"),
)

DATASETS = {entry.name: entry for entry in _ALL}


def find(name):
    """The entry for a name; ``emnist/letters`` and ``tfds:NAME`` belong to the entries with their beginning.

    Raises:
        UsageError: no such data set.
    """
    if name in DATASETS and not name.endswith(("/", ":")):
        return DATASETS[name]
    for prefix in ("emnist/", "tfds:"):
        if name.startswith(prefix) and len(name) > len(prefix):
            return DATASETS[prefix]
    known = ", ".join(entry + "…" * entry.endswith(("/", ":")) for entry in DATASETS)
    raise UsageError(f"no data set {name!r}{did_you_mean(name, DATASETS)}; there are {known}")
