"""Feature extractors: what distances between sets of images look at.

extractor = find("glyph")             # or "ocr", "inception", "inception:FILE", "path/of/a/SavedModel"
features = extractor(images)          # uint8 [n, h, w, c] -> float32 (n, d)
"""

import dataclasses
import os
import pathlib
from collections.abc import Callable

import numpy as np

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
        function: uint8 [n, h, w, c] -> float32 (n, d), for a batch of any size; None for one that looks at all images
            at once.
        everything: the same for all images at once; None for one that takes batches.
    """

    name: str
    fingerprint: str
    function: Callable | None = None
    everything: Callable | None = None

    def __call__(self, images):
        """Features of uint8 images [n, h, w, c]: float32 (n, d)."""
        if self.everything is not None:
            return self.everything(images)
        parts = [
            np.asarray(self.function(np.asarray(images[start : start + BATCH])), np.float32)
            for start in progress(range(0, len(images), BATCH), f"features: {self.name}", unit=f"x{BATCH}")
        ]
        return np.concatenate(parts)

    def of_real(self, images):
        """The same, from the cache where these very images were looked at before."""
        parts = [self.fingerprint, repr(np.shape(images)), np.ascontiguousarray(images)]
        return cached_arrays(f"features-{self.name}", parts, lambda: {"features": self(images)})["features"]


def find(name):
    """The extractor that a person names.

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
        return Extractor("ocr", legibility.fingerprint(), everything=lambda images: legibility.read(images).features)
    if name == "inception" or name.startswith("inception:"):
        return _inception(name.partition(":")[2])
    path, _, signature = name.partition("#")
    if os.path.isdir(path):
        return _saved_model(pathlib.Path(path), signature)
    known = ", ".join(NAMES)
    raise UsageError(f"extractor {name!r}{did_you_mean(name, NAMES)}: neither one of {known} nor a SavedModel's folder")


def _glyph():
    import tensorflow as tf

    if not WEIGHTS.is_file():
        raise UnavailableError(f"{WEIGHTS} is missing; tools/train_extractor.py makes it")
    network = load_glyph_network()
    run = tf.function(lambda images: network(images, training=False), autograph=False, reduce_retracing=True)

    def function(images):
        return run(tf.constant(grey_at(images, SIDE)[..., None] / np.float32(255.0)))

    return Extractor("glyph", f"glyph {digest(WEIGHTS.read_bytes())}", function)


def _inception(file):
    """InceptionV3 without its classifier, averaged over positions: 2,048 features (Szegedy et al. 2016)."""
    import keras
    import tensorflow as tf

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
    run = tf.function(lambda images: network(images, training=False), autograph=False, reduce_retracing=True)

    def function(images):
        colours = tf.repeat(images, 3, axis=-1) if images.shape[-1] == 1 else images[..., :3]
        large = tf.image.resize(tf.cast(colours, tf.float32), [INCEPTION_SIDE, INCEPTION_SIDE])  # (n, 299, 299, 3)
        return run(large / 127.5 - 1.0)

    return Extractor("inception", f"inception {digest(path.read_bytes())}", function)


def _saved_model(path, signature):
    """Any SavedModel whose signature takes one tensor of images; bytes as they are, floats from 0 to 1."""
    import tensorflow as tf

    try:
        loaded = tf.saved_model.load(os.fspath(path))
    except (OSError, ValueError, tf.errors.OpError) as error:
        raise UsageError(f"{path}: not a SavedModel: {str(error).splitlines()[0]}") from None
    signatures = dict(loaded.signatures)
    wanted = signature or ("serving_default" if "serving_default" in signatures else next(iter(signatures), ""))
    if wanted not in signatures:
        known = ", ".join(sorted(signatures)) or "none"
        raise UsageError(f"{path}: no signature {wanted!r}{did_you_mean(wanted, signatures)}; there are: {known}")
    call = signatures[wanted]
    inputs = call.structured_input_signature[1]
    spec = next(iter(inputs.values()), None)
    if len(inputs) != 1 or spec.shape.rank != 4:
        raise UsageError(f"{path}: signature {wanted!r} does not take one tensor of images (n, h, w, c)")
    (argument,) = inputs
    height, width, channels = spec.shape[1:]

    def function(images):
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
    return Extractor(path.name, f"{path.name} {wanted} {content}", function)
