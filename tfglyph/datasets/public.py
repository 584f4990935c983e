"""The public benchmark sets: from local files where there are any, else through tensorflow-datasets.

Nothing is downloaded by loading; ``python -m tfglyph data prepare NAME`` does that where there is a network.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, get_args

import numpy as np
from PIL import Image

from tfglyph.datasets.glyphs import Glyphs, split_keys
from tfglyph.datasets.idx import find_pair, read_pair
from tfglyph.datasets.images import fit
from tfglyph.datasets.preparing import Converted, LazyItems, Source, prepare, stack, stamp
from tfglyph.datasets.report import Problem
from tfglyph.errors import GlyphError, UsageError
from tfglyph.files import digest, printable

Part = Literal["train", "test", "all"]
PARTS: tuple[str, ...] = get_args(Part)
_CHUNK = 512  # images in one item of work

# fmt: off
_CLOTHES = [
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
]
# fmt: on
_KANA = list("おきすつなはまやれを")
_THINGS = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
_LETTERS = list("abcdefghijklmnopqrstuvwxyz")  # EMNIST letters: large and small ones are one class
_FIRST_LABEL = {"emnist/letters": 1}  # the others begin with 0
_NAMES = {
    "emnist/letters": _LETTERS,
    "mnist": list("0123456789"),
    "fashion_mnist": _CLOTHES,
    "kmnist": _KANA,
    "cifar10": _THINGS,
}

Item = tuple[list[np.ndarray], list[int] | None]
"""An item of work: images, uint8 ``[h, w]`` or ``[h, w, 1 or 3]`` each, and their labels."""


@dataclass
class _Files:
    """Where a set is, and how to read it.

    Attributes:
        origin: str, what is read, for messages.
        stamp: str, changes when the files do.
        read: function without arguments that gives the items of work.
        total: int, the number of items.
        channels: int, of the set's own images.
        label_names: list of str or None.
        problems: list of Problem.
    """

    origin: str
    stamp: str
    read: Callable[[], Iterable[Item]]
    total: int
    channels: int
    label_names: list[str] | None
    problems: list[Problem] = field(default_factory=list)


def load(
    name: str, size: tuple[int, int], channels: int | None, datadir: str | None = None, part: Part = "train"
) -> Glyphs:
    """A public set.

    Args:
        name: ``mnist``, ``fashion_mnist``, ``kmnist``, ``emnist/…``, ``cifar10``, ``k49`` or ``tfds:NAME``.
        size: (h, w).
        channels: 1, 3 or None (as the set has).
        datadir: for the MNIST family a directory with its IDX files, for ``k49`` one with its ``.npz`` files, else the
            data directory of tensorflow-datasets.
        part: the official ``train`` or ``test`` part, or ``all``.

    Returns:
        Glyphs with labels.

    Raises:
        UsageError: another part, or a set that tensorflow-datasets does not have.
        GlyphError: the set is neither there as files nor prepared.
    """
    if part not in PARTS:
        raise UsageError(f"part {part!r} is none of {', '.join(PARTS)}")
    parts = ("train", "test") if part == "all" else (part,)
    if name == "k49":
        files = _from_npz(datadir, parts)
    elif datadir is not None and not name.startswith("tfds:") and name != "cifar10":
        files = _from_idx(name, datadir, parts)
    else:
        files = _from_tfds(name, datadir, parts)
    shape = (*size, channels or files.channels)
    return prepare(
        Source(
            name=name,
            origin=files.origin,
            shape=shape,
            settings={"set": name, "parts": list(parts)}
            | ({"first label": _FIRST_LABEL[name]} if name in _FIRST_LABEL else {}),
            stamp=files.stamp,
            items=LazyItems(files.read),
            convert=partial(convert, shape=shape, transposed=name.removeprefix("tfds:").startswith("emnist")),
            total=files.total,
            label_names=files.label_names,
            problems=files.problems,
        )
    )


def convert(item: Item, shape: tuple[int, int, int], transposed: bool) -> Converted:
    """One item of work → Converted."""
    arrays, labels = item
    images, keys = [], []
    for array in arrays:
        array = np.squeeze(array, -1) if array.ndim == 3 and array.shape[-1] == 1 else array
        if transposed:
            array = np.swapaxes(array, 0, 1)  # EMNIST's files hold every image as its transpose
        images.append(fit(Image.fromarray(np.ascontiguousarray(array)), shape))
        keys.append(np.ascontiguousarray(array).tobytes())
    return Converted(stack(images, shape), None, labels, split_keys(keys).tolist())


# === Local files ===


def _items(images: np.ndarray, labels: np.ndarray) -> Iterator[Item]:
    for start in range(0, len(images), _CHUNK):
        yield list(images[start : start + _CHUNK]), [int(label) for label in labels[start : start + _CHUNK]]


def _from_idx(name: str, directory: str, parts: Sequence[str]) -> _Files:
    family, _, word = name.partition("/")
    pairs = [find_pair(directory, part, family, word) for part in parts]
    paths = [path for pair in pairs for path in pair]
    contents = [read_pair(*pair) for pair in pairs]
    problems = [Problem(*remark) for _, _, remarks in contents for remark in remarks]
    lowest = min(int(labels.min()) for _, labels, _ in contents)
    first = min(_FIRST_LABEL.get(name, 0), lowest)  # copies that begin with 0 are about, too
    items = [item for images, labels, _ in contents for item in _items(images, labels - first)]
    highest = max(int(labels.max()) for _, labels, _ in contents) - first
    label_names = _NAMES.get(name) or _NAMES.get(family) or [str(label) for label in range(1 + highest)]
    if highest >= len(label_names):
        raise GlyphError(
            f"{printable(paths[1])}: label {highest + first} where data set {name!r} has {len(label_names)} classes"
        )
    return _Files(printable(directory), stamp(paths), lambda: items, len(items), 1, label_names, problems)


def _from_npz(directory: str | None, parts: Sequence[str]) -> _Files:
    if directory is None or not os.path.isdir(directory):
        raise GlyphError(
            "data set 'k49' needs --datadir DIR with k49-train-imgs.npz and k49-train-labels.npz"
            " (from https://github.com/rois-codh/kmnist)"
        )
    items: list[Item] = []
    paths = []
    for part in parts:
        images_path, labels_path = (os.path.join(directory, f"k49-{part}-{kind}.npz") for kind in ("imgs", "labels"))
        paths += [images_path, labels_path]
        images, labels = _read_npz(images_path), _read_npz(labels_path)
        if images.ndim != 3 or images.dtype != np.uint8 or labels.shape != images.shape[:1]:
            raise GlyphError(f"{printable(images_path)}: images {images.dtype} {images.shape}, labels {labels.shape}")
        labels = labels.astype(np.int64)
        if labels.min() < 0 or labels.max() > 48:
            raise GlyphError(f"{printable(directory)}: labels beyond the 49 classes")
        items.extend(_items(images, labels))
    return _Files(printable(directory), stamp(paths), lambda: items, len(items), 1, [str(label) for label in range(49)])


def _read_npz(path: str) -> np.ndarray:
    try:
        with np.load(path, allow_pickle=False) as file:
            return file["arr_0"]
    except FileNotFoundError:
        raise GlyphError(f"{printable(path)}: no such file") from None
    except Exception as error:  # zip, zlib and numpy each have their own ways to meet damage
        raise GlyphError(f"{printable(path)}: not a readable .npz file ({' '.join(str(error).split())})") from None


# === tensorflow-datasets ===


def builder_of(name: str, datadir: str | None = None) -> Any:
    """The tensorflow-datasets builder of a set.

    Raises:
        UsageError: there is no such set.
        GlyphError: tensorflow-datasets is not installed.
    """
    try:
        import tensorflow_datasets as tfds  # slow: only these sets need it
    except ImportError as error:
        raise GlyphError(f"data set {name!r} needs the package tensorflow-datasets ({error})") from None
    try:
        with _only_errors():
            return tfds.builder(name, data_dir=datadir, try_gcs=False)
    except tfds.core.DatasetNotFoundError:
        raise UsageError(f"tensorflow-datasets knows no set {name!r}") from None
    except ValueError as error:
        raise UsageError(f"tensorflow-datasets: {' '.join(str(error).split())[:200]}") from None


@contextmanager
def _only_errors() -> Iterator[None]:
    """Keeps tensorflow-datasets from warning of what an error here says in one line."""
    from absl import logging  # slow: comes with tensorflow-datasets

    verbosity = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)


def download(name: str, datadir: str | None = None) -> None:
    """Downloads and prepares a set with tensorflow-datasets, unless it is one of local files.

    Raises:
        GlyphError: there is no network, or the set's own site does not answer.
    """
    if datadir is not None or name == "k49":
        return
    try:
        builder_of(name.removeprefix("tfds:")).download_and_prepare()
    except (GlyphError, KeyboardInterrupt):
        raise
    except Exception as error:  # of whatever its many downloaders raise
        raise GlyphError(f"data set {name!r} could not be downloaded: {' '.join(str(error).split())[:300]}") from None


def _from_tfds(name: str, datadir: str | None, parts: Sequence[str]) -> _Files:
    builder = builder_of(name.removeprefix("tfds:"), datadir)
    with _only_errors():
        prepared = builder.is_prepared()
    if not prepared:
        raise GlyphError(
            f"data set {name!r} is not on this machine: run `python -m tfglyph data prepare {name}` where"
            " there is a network" + (", or give its IDX files with --datadir DIR" if "mnist" in name else "")
        )
    image_key, label_key = _keys(builder)
    present = [part for part in parts if part in builder.info.splits]
    if not present:
        raise UsageError(f"data set {name!r} has the parts {', '.join(builder.info.splits)}, not {', '.join(parts)}")
    return _Files(
        f"tfds {builder.info.full_name}",
        digest(builder.info.full_name, str(builder.data_dir)),
        partial(_read_tfds, builder, present, image_key, label_key),
        sum(-(-builder.info.splits[part].num_examples // _CHUNK) for part in present),
        3 if builder.info.features[image_key].shape[-1] == 3 else 1,
        _label_names(builder, label_key),
    )


def _read_tfds(builder: Any, parts: Sequence[str], image_key: str, label_key: str | None) -> Iterator[Item]:
    import tensorflow_datasets as tfds  # slow: only these sets need it

    first = _FIRST_LABEL.get(_set_name(builder), 0)
    for part in parts:
        images: list[np.ndarray] = []
        labels: list[int] = []
        for example in tfds.as_numpy(builder.as_dataset(split=part, shuffle_files=False)):
            images.append(np.asarray(example[image_key], np.uint8))
            labels.append(int(example[label_key]) - first if label_key else 0)
            if len(images) == _CHUNK:
                yield images, labels if label_key else None
                images, labels = [], []
        if images:
            yield images, labels if label_key else None


def _keys(builder: Any) -> tuple[str, str | None]:
    """The names of the image and of the label (or ``None``) among a builder's features."""
    import tensorflow_datasets as tfds  # slow: only these sets need it

    features = builder.info.features
    images = [key for key, feature in features.items() if isinstance(feature, tfds.features.Image)]
    if not images:
        raise UsageError(f"data set {builder.name!r} has no images, but {', '.join(features)}")
    labels = [key for key, feature in features.items() if isinstance(feature, tfds.features.ClassLabel)]
    preferred = [key for key in labels if key == "label"]
    return images[0], next(iter(preferred + labels), None)


def _label_names(builder: Any, label_key: str | None) -> list[str] | None:
    if label_key is None:
        return None
    return _NAMES.get(_set_name(builder)) or _NAMES.get(builder.name) or list(builder.info.features[label_key].names)


def _set_name(builder: Any) -> str:
    """A set's name with its part of a family, without its version: ``emnist/letters``."""
    return str(builder.info.full_name).rpartition("/")[0]
