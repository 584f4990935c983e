"""The public benchmark sets: from local files where there are any, else through tensorflow-datasets.

Nothing is downloaded by loading; ``python -m tfglyph data prepare NAME`` does that where there is a network.
"""

import os
from contextlib import contextmanager
from functools import partial

import numpy as np

from tfglyph.datasets.glyphs import split_keys
from tfglyph.datasets.idx import find_pair, read_pair
from tfglyph.datasets.images import fit
from tfglyph.datasets.preparing import Converted, Source, prepare, stack, stamp
from tfglyph.datasets.report import Problem
from tfglyph.errors import GlyphError, UsageError
from tfglyph.files import digest

PARTS = ("train", "test", "all")
_CHUNK = 512

_CLOTHES = [
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
]
_KANA = list("おきすつなはまやれを")
_THINGS = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
_NAMES = {"mnist": list("0123456789"), "fashion_mnist": _CLOTHES, "kmnist": _KANA, "cifar10": _THINGS}


def load(name, size, channels, datadir=None, part="train"):
    """A public set.

    Args:
        name: ``mnist``, ``fashion_mnist``, ``kmnist``, ``emnist/…``, ``cifar10``, ``k49`` or ``tfds:NAME``.
        size: (h, w).
        channels: 1, 3 or None (as the set has).
        datadir: for the MNIST family a directory with its IDX files, for ``k49`` one with its ``.npz`` files,
            else the data directory of tensorflow-datasets.
        part: the official ``train`` or ``test`` part, or ``all``.

    Returns:
        Glyphs with labels.

    Raises:
        GlyphError: the set is neither there as files nor prepared.
    """
    if part not in PARTS:
        raise UsageError(f"part {part!r} is none of {', '.join(PARTS)}")
    parts = ("train", "test") if part == "all" else (part,)
    if name == "k49":
        found = _from_npz(datadir, parts)
    elif datadir is not None and not name.startswith("tfds:") and name != "cifar10":
        found = _from_idx(name, datadir, parts)
    else:
        found = _from_tfds(name, datadir, parts)
    shape = (*size, channels or found.channels)
    return prepare(
        Source(
            name=name,
            place=found.place,
            shape=shape,
            settings={"set": name, "parts": list(parts)},
            stamp=found.stamp,
            items=found,
            convert=partial(convert, shape=shape, mirrored=name.removeprefix("tfds:").startswith("emnist")),
            total=found.total,
            label_names=found.label_names,
            problems=found.problems,
        )
    )


def convert(item, shape, mirrored):
    """One piece of work: (arrays [uint8 ``[h, w]`` or ``[h, w, 1 or 3]``], labels) → Converted."""
    from PIL import Image

    arrays, labels = item
    images, keys = [], []
    for array in arrays:
        array = np.squeeze(array, -1) if array.ndim == 3 and array.shape[-1] == 1 else array
        if mirrored:
            array = np.swapaxes(array, 0, 1)  # EMNIST's files hold every image as its transpose
        images.append(fit(Image.fromarray(np.ascontiguousarray(array)), shape))
        keys.append(np.ascontiguousarray(array).tobytes())
    return Converted(stack(images, shape), None, labels, split_keys(keys).tolist())


class _Found:
    """Where a set is; iterating reads it, when that is asked for, as pieces (images, labels)."""

    def __init__(self, place, stamp, read, total, channels, label_names, problems=()):
        self.place, self.stamp, self.read, self.total = place, stamp, read, total
        self.channels, self.label_names, self.problems = channels, label_names, list(problems)

    def __iter__(self):
        return iter(self.read())


def _pieces(images, labels):
    for start in range(0, len(images), _CHUNK):
        yield list(images[start : start + _CHUNK]), [int(label) for label in labels[start : start + _CHUNK]]


def _from_idx(name, directory, parts):
    family, _, word = name.partition("/")
    pairs = [find_pair(directory, part, word) for part in parts]
    paths = [path for pair in pairs for path in pair]
    problems = []
    read = [read_pair(*pair) for pair in pairs]
    for _, _, remarks in read:
        problems.extend(Problem(*remark) for remark in remarks)
    images = [piece for images, labels, _ in read for piece in _pieces(images, labels)]
    names = _NAMES.get(family) or [str(label) for label in range(1 + max(int(labels.max()) for _, labels, _ in read))]
    highest = max(max(labels) for _, labels in images)
    if highest >= len(names):
        raise GlyphError(f"{paths[1]}: label {highest} where data set {name!r} has {len(names)} classes")
    return _Found(directory, stamp(paths), lambda: images, len(images), 1, names, problems)


def _from_npz(directory, parts):
    if directory is None or not os.path.isdir(directory):
        raise GlyphError(
            "data set 'k49' needs --datadir DIR with k49-train-imgs.npz and k49-train-labels.npz"
            " (from https://github.com/rois-codh/kmnist)"
        )
    images, labels, paths = [], [], []
    for part in parts:
        pair = []
        for kind in ("imgs", "labels"):
            path = os.path.join(directory, f"k49-{part}-{kind}.npz")
            paths.append(path)
            try:
                with np.load(path, allow_pickle=False) as file:
                    pair.append(file["arr_0"])
            except FileNotFoundError:
                raise GlyphError(f"{path}: no such file") from None
            except Exception as error:  # zip, zlib and numpy each have their own ways to meet damage
                raise GlyphError(f"{path}: not a readable .npz file ({' '.join(str(error).split())})") from None
        if pair[0].ndim != 3 or pair[0].dtype != np.uint8 or pair[1].shape != pair[0].shape[:1]:
            raise GlyphError(f"{paths[-2]}: images {pair[0].dtype} {pair[0].shape}, labels {pair[1].shape}")
        images.append(pair[0])
        labels.append(pair[1].astype(np.int64))
    if min(values.min() for values in labels) < 0 or max(values.max() for values in labels) > 48:
        raise GlyphError(f"{directory}: labels beyond the 49 classes")
    pieces = [piece for pair in zip(images, labels, strict=True) for piece in _pieces(*pair)]
    return _Found(directory, stamp(paths), lambda: pieces, len(pieces), 1, [str(label) for label in range(49)])


def builder_of(name, datadir=None):
    """The tensorflow-datasets builder of a set.

    Raises:
        UsageError: there is no such set.
        GlyphError: tensorflow-datasets is not installed.
    """
    try:
        import tensorflow_datasets as tfds
    except ImportError as error:
        raise GlyphError(f"data set {name!r} needs the package tensorflow-datasets ({error})") from None
    try:
        with _quiet():
            return tfds.builder(name, data_dir=datadir, try_gcs=False)
    except tfds.core.DatasetNotFoundError:
        raise UsageError(f"tensorflow-datasets knows no set {name!r}") from None
    except ValueError as error:
        raise UsageError(f"tensorflow-datasets: {' '.join(str(error).split())[:200]}") from None


@contextmanager
def _quiet():
    """Keeps tensorflow-datasets from warning of what an error here says in one line."""
    from absl import logging

    verbosity = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)


def download(name, datadir=None):
    """Downloads and prepares a set with tensorflow-datasets.

    Raises:
        GlyphError: there is no network, or the set's own site does not answer.
    """
    try:
        builder_of(name.removeprefix("tfds:"), datadir).download_and_prepare()
    except (GlyphError, KeyboardInterrupt):
        raise
    except Exception as error:  # of whatever its many downloaders raise
        raise GlyphError(f"data set {name!r} could not be downloaded: {' '.join(str(error).split())[:300]}") from None


def _from_tfds(name, datadir, parts):
    builder = builder_of(name.removeprefix("tfds:"), datadir)
    with _quiet():
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
    feature = builder.info.features[image_key]
    label_names = _label_names(builder, label_key)
    total = sum(-(-builder.info.splits[part].num_examples // _CHUNK) for part in present)

    def read():
        import tensorflow_datasets as tfds

        for part in present:
            images, labels = [], []
            for example in tfds.as_numpy(builder.as_dataset(split=part, shuffle_files=False)):
                images.append(np.asarray(example[image_key], np.uint8))
                labels.append(int(example[label_key]) if label_key else 0)
                if len(images) == _CHUNK:
                    yield images, labels if label_key else None
                    images, labels = [], []
            if images:
                yield images, labels if label_key else None

    return _Found(
        f"tfds {builder.info.full_name}",
        digest(builder.info.full_name, str(builder.data_dir)),
        read,
        total,
        3 if feature.shape[-1] == 3 else 1,
        label_names,
    )


def _keys(builder):
    """The names of the image and of the label (or ``None``) among a builder's features."""
    import tensorflow_datasets as tfds

    features = builder.info.features
    images = [key for key, feature in features.items() if isinstance(feature, tfds.features.Image)]
    if not images:
        raise UsageError(f"data set {builder.name!r} has no images, but {', '.join(features)}")
    labels = [key for key, feature in features.items() if isinstance(feature, tfds.features.ClassLabel)]
    preferred = [key for key in labels if key == "label"]
    return images[0], next(iter(preferred + labels), None)


def _label_names(builder, label_key):
    if label_key is None:
        return None
    names = _NAMES.get(builder.name)
    return names or list(builder.info.features[label_key].names)
