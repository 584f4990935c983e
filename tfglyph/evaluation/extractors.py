"""Feature extractors: what distances between sets of images look at.

extractor = find("glyph")             # or "ocr", "inception", "inception:FILE", "path/of/a/SavedModel"
features = extractor(images)          # uint8 [n, h, w, c] -> float32 (n, d)
"""

import dataclasses
import os
import pathlib
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfglyph.errors import UsageError, did_you_mean
from tfglyph.evaluation import legibility
from tfglyph.evaluation.glyph_network import SIDE, WEIGHTS, load_glyph_network
from tfglyph.evaluation.pixels import grey, grey_at
from tfglyph.evaluation.unavailable import UnavailableError
from tfglyph.files import cached_arrays, digest
from tfglyph.progress import progress

NAMES = ("glyph", "ocr", "inception")
INCEPTION_FILE = "inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5"
INCEPTION_SIDE = 299
BATCH = 64


@dataclasses.dataclass(frozen=True)
class Extractor:
    """A way to turn images into vectors.

    Attributes:
        name: str, for tables.
        fingerprint: str, changes with the weights; distances compare where it is the same.
        function: uint8 [n, h, w, c] -> float (n, d).
        in_batches: bool, whether ``function`` gets a batch at a time, or all images at once.
    """

    name: str
    fingerprint: str
    function: Callable[[np.ndarray], Any]
    in_batches: bool = True

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Features of uint8 images [n, h, w, c]: float32 (n, d)."""
        if not self.in_batches:
            return self.function(images)
        parts = [
            np.asarray(self.function(np.asarray(images[start : start + BATCH])), np.float32)
            for start in progress(range(0, len(images), BATCH), f"features: {self.name}", unit=f"x{BATCH}")
        ]
        return np.concatenate(parts)

    def of_real(self, images: np.ndarray) -> np.ndarray:
        """The same, from the cache where these very images were looked at before."""
        depends_on: list[str | bytes | np.ndarray] = [
            self.fingerprint,
            repr(np.shape(images)),
            np.ascontiguousarray(images),
        ]
        return cached_arrays(f"features-{self.name}", depends_on, lambda: {"features": self(images)})["features"]


def find(name: str) -> Extractor:
    """The extractor of a name.

    Args:
        name: ``glyph``, ``ocr``, ``inception``, ``inception:FILE``, or the path of a SavedModel, which may end in
            ``#SIGNATURE``.

    Raises:
        UsageError: no such extractor, or a SavedModel that does not turn images into vectors.
        UnavailableError: its weights are not on this machine.
    """
    if name == "glyph":
        return _glyph()
    if name == "ocr":
        return Extractor("ocr", legibility.fingerprint(), lambda images: legibility.read(images).features, False)
    if name == "inception" or name.startswith("inception:"):
        return _inception(name.partition(":")[2])
    path, _, signature = name.partition("#")
    if os.path.isdir(path):
        return _saved_model(pathlib.Path(path), signature)
    known = ", ".join(NAMES)
    raise UsageError(f"extractor {name!r}{did_you_mean(name, NAMES)}: neither one of {known} nor a SavedModel's folder")


def _compiled(network: keras.Model) -> Callable[[Any], tf.Tensor]:
    """A network's inference as one graph, for batches of any size."""
    return tf.function(lambda images: network(images, training=False), autograph=False, reduce_retracing=True)


def _glyph() -> Extractor:
    if not WEIGHTS.is_file():
        raise UnavailableError(f"{WEIGHTS} is missing; tools/train_extractor.py makes it")
    run = _compiled(load_glyph_network())

    def function(images: np.ndarray) -> tf.Tensor:
        return run(tf.constant(grey_at(images, SIDE)[..., None] / np.float32(255.0)))

    return Extractor("glyph", f"glyph {digest(WEIGHTS.read_bytes())}", function)


def _inception(file: str) -> Extractor:
    """InceptionV3 without its classifier, averaged over positions: 2,048 features (Szegedy et al. 2016)."""
    home = pathlib.Path(os.environ.get("KERAS_HOME") or pathlib.Path.home() / ".keras")
    path = pathlib.Path(file) if file else home / "models" / INCEPTION_FILE
    if not path.is_file():
        if file:
            raise UsageError(f"inception:{file}: no such file of weights")
        raise UnavailableError(
            f"Inception's weights are not in {path.parent}: put {INCEPTION_FILE} of keras-applications there, or name a"
            " copy by --extractor inception:FILE"
        )
    network = keras.applications.InceptionV3(include_top=False, weights=None, pooling="avg")
    try:
        network.load_weights(path)
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(f"{path}: not the weights of InceptionV3 without top: {str(error).splitlines()[0]}") from None
    run = _compiled(network)

    def function(images: np.ndarray) -> tf.Tensor:
        colours = tf.repeat(images, 3, axis=-1) if images.shape[-1] == 1 else images[..., :3]
        large = tf.image.resize(tf.cast(colours, tf.float32), [INCEPTION_SIDE, INCEPTION_SIDE])  # (n, 299, 299, 3)
        return run(large / 127.5 - 1.0)

    return Extractor("inception", f"inception {digest(path.read_bytes())}", function)


def _saved_model(path: pathlib.Path, signature: str) -> Extractor:
    """Any SavedModel whose signature takes one tensor of images; bytes as they are, floats from 0 to 1."""
    try:
        loaded = tf.saved_model.load(os.fspath(path))
    except (OSError, ValueError, tf.errors.OpError) as error:
        raise UsageError(f"{path}: not a SavedModel: {str(error).splitlines()[0]}") from None
    signatures = dict(loaded.signatures)
    name = signature or ("serving_default" if "serving_default" in signatures else next(iter(signatures), ""))
    if name not in signatures:
        known = ", ".join(sorted(signatures)) or "none"
        raise UsageError(f"{path}: no signature {name!r}{did_you_mean(name, signatures)}; there are: {known}")
    call = signatures[name]
    inputs = call.structured_input_signature[1]
    argument, spec = next(iter(inputs.items()), ("", tf.TensorSpec(None)))
    if len(inputs) != 1 or spec.shape.rank != 4:
        raise UsageError(f"{path}: signature {name!r} does not take one tensor of images (n, h, w, c)")
    height, width, channels = spec.shape[1:]

    def function(images: np.ndarray) -> tf.Tensor:
        if channels is not None and images.shape[-1] != channels:
            images = np.repeat(grey(images)[..., None], channels, axis=-1)
        values = tf.cast(images, tf.float32)
        if None not in (height, width) and images.shape[1:3] != (height, width):
            values = tf.clip_by_value(tf.image.resize(values, [height, width], antialias=True), 0.0, 255.0)
        values = tf.cast(tf.round(values), tf.uint8) if spec.dtype == tf.uint8 else tf.cast(values / 255.0, spec.dtype)
        output = next(iter(call(**{argument: values}).values()))
        return tf.reshape(tf.cast(output, tf.float32), [len(images), -1])  # (n, d)

    files = sorted([path / "saved_model.pb", *(path / "variables").glob("*")])
    content = digest(*(file.read_bytes() for file in files if file.is_file()))
    return Extractor(path.name, f"{path.name} {name} {content}", function)
