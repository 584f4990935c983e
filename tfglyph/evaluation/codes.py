"""Codes of a GAN: how much of a code can be read off its images, and what the categories mean."""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfglyph.models.gan import GAN
from tfglyph.progress import progress

STEPS = 400
BATCH = 64

CodeGuess = Mapping[str, Any]
"""What a reader makes of images: ``probabilities``, a list of float32 (n, num_categories), one for each categorical
code; ``means`` and ``deviations``, float32 (n, m), of a normal distribution for each of the m continuous codes."""


@dataclasses.dataclass(frozen=True)
class CodedSamples:
    """Images with the codes that they were generated from.

    Attributes:
        images: uint8 (n, h, w, c).
        categories: int64 (n, categorical codes).
        continuous: float32 (n, continuous codes), from -1 to 1.
    """

    images: np.ndarray
    categories: np.ndarray
    continuous: np.ndarray

    def take(self, rows: slice | np.ndarray) -> "CodedSamples":
        """Some of them (slice or int array)."""
        return CodedSamples(self.images[rows], self.categories[rows], self.continuous[rows])


def sample_with_codes(model: GAN, count: int, seed: int = 0) -> CodedSamples:
    """Samples with their codes.

    Args:
        model: InfoGAN, or a GAN whose architecture has codes.
        count: int.
        seed: int; the images are those of ``model.sample(count, seed)``.
    """
    pairs = np.stack([np.full(count, seed), np.arange(count)], axis=1).astype(np.int64)
    latents = tf.function(model.prior, autograph=False)(tf.constant(pairs)).numpy()  # (n, z_dim + codes)
    codes, start = model.architecture.codes, model.architecture.z_dim
    categories = []
    for num_categories in codes.categorical:
        one_hot = latents[:, start : start + num_categories]  # repetitions follow; the first is enough
        categories.append(one_hot.argmax(axis=1))
        start += num_categories * codes.repeat
    stacked = np.stack(categories, axis=1) if categories else np.zeros((count, 0), np.int64)
    return CodedSamples(model.sample(count, seed=seed), stacked, latents[:, start : start + codes.continuous])


# === Information ===


def categorical_information(probabilities: np.ndarray, categories: np.ndarray) -> np.ndarray:
    """A lower bound of I(c; x) from each image (Chen et al. 2016, Eq. 5): log(num_categories) + log q(c | x), in nats.

    Args:
        probabilities: float (n, num_categories), q(. | x).
        categories: int (n,), the codes.

    Returns:
        float64 (n,); the bound is their mean, log(num_categories) at best.
    """
    chosen = np.take_along_axis(np.asarray(probabilities, np.float64), categories[:, None], axis=1)[:, 0]
    return math.log(probabilities.shape[1]) + np.log(np.maximum(chosen, 1e-12))


def continuous_information(means: np.ndarray, std: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The same for a code that is uniform from -1 to 1: log 2 + log N(c; mean, std), in nats.

    Args:
        means, std: float (n,), of a normal q(c | x).
        values: float (n,), the codes.

    Returns:
        float64 (n,); their mean has no upper end.
    """
    std = np.maximum(np.asarray(std, np.float64), 1e-6)
    scaled = (np.asarray(values, np.float64) - means) / std
    return math.log(2.0) - 0.5 * scaled**2 - np.log(std) - 0.5 * math.log(2.0 * math.pi)


def information(guess: CodeGuess, samples: CodedSamples) -> dict[str, np.ndarray]:
    """Information of each code, image by image.

    Args:
        guess: CodeGuess of the samples' images.
        samples: CodedSamples.

    Returns:
        dict from ``categorical_1``, ..., ``continuous_1``, ... to float64 (n,), nats.
    """
    by_code = {}
    for index, probabilities in enumerate(guess["probabilities"]):
        by_code[f"categorical_{index + 1}"] = categorical_information(probabilities, samples.categories[:, index])
    for index in range(samples.continuous.shape[1]):
        by_code[f"continuous_{index + 1}"] = continuous_information(
            guess["means"][:, index], guess["deviations"][:, index], samples.continuous[:, index]
        )
    return by_code


def purity(categories: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Which images have the commonest label of their category.

    Args:
        categories: int (n,).
        labels: int or str (n,).

    Returns:
        bool (n,); the mean is the purity.
    """
    pure = np.zeros(len(labels), bool)
    for category in np.unique(categories):
        members = categories == category
        values, counts = np.unique(labels[members], return_counts=True)
        pure[members] = labels[members] == values[counts.argmax()]
    return pure


# === A separate classifier ===


def train_classifier(
    samples: CodedSamples, num_categories: Sequence[int], seed: int = 0, steps: int = STEPS
) -> Callable[[np.ndarray], CodeGuess]:
    """A small network, not part of the model, that learns to read the codes off images.

    Args:
        samples: CodedSamples, what it learns from.
        num_categories: sequence of int, the size of each categorical code.
        seed: int.
        steps: int, batches of 64.

    Returns:
        function: uint8 images -> CodeGuess; all images have one standard deviation of each continuous code, the root
        mean square error on the last fifth of the samples, which the network does not learn from: on the others it
        would be too sure of itself.
    """
    count = len(samples.images) * 4 // 5
    learned, others = samples.take(slice(0, count)), samples.take(slice(count, None))
    images, categories, continuous = learned.images, learned.categories, learned.continuous
    network = _classifier_network(images.shape[1:], sum(num_categories) + continuous.shape[1], seed)
    optimizer = keras.optimizers.Adam(2e-3)
    optimizer.build(network.trainable_variables)

    @tf.function(autograph=False)
    def step(batch: tf.Tensor, labels: tf.Tensor, values: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            guess = network(batch, training=True)
            *logits, means = tf.split(guess, [*num_categories, values.shape[1]], axis=1)
            loss = tf.reduce_mean(tf.square(means - values)) if values.shape[1] else tf.constant(0.0)
            for index, part in enumerate(logits):
                loss += tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels[:, index], part))
        gradients = tape.gradient(loss, network.trainable_variables)
        optimizer.apply_gradients(zip(gradients, network.trainable_variables, strict=True))

    rng = np.random.default_rng(seed)
    for _ in progress(range(steps), "classifier", unit="step"):
        rows = rng.integers(0, len(images), min(BATCH, len(images)))
        labels, values = tf.constant(categories[rows]), tf.constant(continuous[rows], tf.float32)
        step(tf.cast(images[rows], tf.float32), labels, values)

    def outputs(batch: np.ndarray) -> np.ndarray:
        starts = range(0, len(batch), 512)
        parts = [network(tf.cast(batch[k : k + 512], tf.float32), training=False).numpy() for k in starts]
        return np.concatenate(parts)

    errors = outputs(others.images)[:, sum(num_categories) :] - others.continuous
    std = np.sqrt((errors**2).mean(axis=0))

    def read(batch: np.ndarray) -> CodeGuess:
        guess = outputs(batch)
        ends = np.cumsum(num_categories)[:-1]
        logits = np.split(guess[:, : sum(num_categories)], ends, axis=1) if num_categories else []
        means = guess[:, sum(num_categories) :]
        probabilities = [tf.nn.softmax(part).numpy() for part in logits]
        return {"probabilities": probabilities, "means": means, "deviations": np.broadcast_to(std, means.shape)}

    return read


def _classifier_network(image_shape: tuple[int, ...], outputs: int, seed: int) -> keras.Model:
    """uint8 range (n, h, w, c) -> (n, outputs): three strided convolutions and a hidden layer."""
    layers = keras.layers
    seeds = iter(range(seed * 100, seed * 100 + 100))

    def initializer() -> keras.initializers.Initializer:
        return keras.initializers.HeNormal(next(seeds))

    inputs = layers.Input(image_shape)
    x = layers.Rescaling(1 / 127.5, -1.0)(inputs)
    for width in (16, 32, 64):
        x = layers.Conv2D(width, 3, 2, padding="same", activation="relu", kernel_initializer=initializer())(x)
    x = layers.Dense(64, activation="relu", kernel_initializer=initializer())(layers.Flatten()(x))
    return keras.Model(inputs, layers.Dense(outputs, kernel_initializer=initializer())(x))
