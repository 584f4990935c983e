"""InfoGAN's codes: how much of a code can be read off its images, and what the categories mean."""

import dataclasses
import math

import numpy as np

from tfglyph.progress import progress

STEPS = 400
BATCH = 64


@dataclasses.dataclass(frozen=True)
class Drawn:
    """Images with the codes that they were made from.

    Attributes:
        images: uint8 (n, h, w, c).
        categories: int64 (n, categorical codes).
        continuous: float32 (n, continuous codes), from -1 to 1.
    """

    images: np.ndarray
    categories: np.ndarray
    continuous: np.ndarray

    def part(self, rows):
        """Drawn with some rows only (slice or int array)."""
        return Drawn(self.images[rows], self.categories[rows], self.continuous[rows])


def draw(model, count, seed=0):
    """Samples with their codes.

    Args:
        model: an InfoGAN.
        count: int.
        seed: int; the images are those of ``model.sample(count, seed)``.

    Returns:
        Drawn.
    """
    import tensorflow as tf

    pairs = np.stack([np.full(count, seed), np.arange(count)], axis=1).astype(np.int64)
    latents = tf.function(model.prior, autograph=False)(tf.constant(pairs)).numpy()  # (n, z_dim + codes)
    codes, start = model.architecture.codes, model.architecture.z_dim
    categories = []
    for ways in codes.categorical:
        categories.append(latents[:, start : start + ways].argmax(axis=1))  # repetitions follow; the first is enough
        start += ways * codes.repeat
    categories = np.stack(categories, axis=1) if categories else np.zeros((count, 0), np.int64)
    return Drawn(model.sample(count, seed=seed), categories, latents[:, start : start + codes.continuous])


def categorical_information(probabilities, categories):
    """A lower bound of I(c; x) from each image (Chen et al. 2016, Eq. 5): log(ways) + log q(c | x), in nats.

    Args:
        probabilities: float (n, ways), q(. | x).
        categories: int (n,), the codes.

    Returns:
        float64 (n,); the bound is their mean, log(ways) at best.
    """
    chosen = np.take_along_axis(np.asarray(probabilities, np.float64), categories[:, None], axis=1)[:, 0]
    return math.log(probabilities.shape[1]) + np.log(np.maximum(chosen, 1e-12))


def continuous_information(means, deviations, values):
    """The same for a code that is uniform from -1 to 1: log 2 + log N(c; mean, deviation), in nats.

    Args:
        means, deviations: float (n,), of a normal q(c | x).
        values: float (n,), the codes.

    Returns:
        float64 (n,); their mean has no upper end.
    """
    deviations = np.maximum(np.asarray(deviations, np.float64), 1e-6)
    scaled = (np.asarray(values, np.float64) - means) / deviations
    return math.log(2.0) - 0.5 * scaled**2 - np.log(deviations) - 0.5 * math.log(2.0 * math.pi)


def train_classifier(drawn, ways, seed=0, steps=STEPS):
    """A small network, not part of the model, that learns to read the codes off images.

    Args:
        drawn: Drawn, what it learns from.
        ways: sequence of int, the size of each categorical code.
        seed: int.
        steps: int, batches of 64.

    Returns:
        function: uint8 images -> dict as ``InfoGAN.read_codes`` gives it; all continuous codes have one deviation each,
        the root mean square error on the training images.
    """
    import keras
    import tensorflow as tf

    layers, images, continuous = keras.layers, drawn.images, drawn.continuous
    seeds = iter(range(seed * 100, seed * 100 + 100))
    fresh = lambda: keras.initializers.HeNormal(next(seeds))  # noqa: E731
    inputs = layers.Input(images.shape[1:])
    x = layers.Rescaling(1 / 127.5, -1.0)(inputs)
    for width in (16, 32, 64):
        x = layers.Conv2D(width, 3, strides=2, padding="same", activation="relu", kernel_initializer=fresh())(x)
    x = layers.Dense(64, activation="relu", kernel_initializer=fresh())(layers.Flatten()(x))
    outputs = layers.Dense(sum(ways) + continuous.shape[1], kernel_initializer=fresh())(x)
    network, optimizer = keras.Model(inputs, outputs), keras.optimizers.Adam(2e-3)
    optimizer.build(network.trainable_variables)

    @tf.function(autograph=False)
    def step(batch, chosen, values):
        with tf.GradientTape() as tape:
            guess = network(batch, training=True)
            *logits, means = tf.split(guess, [*ways, values.shape[1]], axis=1)
            loss = tf.reduce_mean(tf.square(means - values)) if values.shape[1] else tf.constant(0.0)
            for place, part in enumerate(logits):
                own = tf.nn.sparse_softmax_cross_entropy_with_logits(chosen[:, place], part)
                loss += tf.reduce_mean(own)
        gradients = tape.gradient(loss, network.trainable_variables)
        optimizer.apply_gradients(zip(gradients, network.trainable_variables, strict=True))

    rng = np.random.default_rng(seed)
    for _ in progress(range(steps), "classifier", unit="step"):
        rows = rng.integers(0, len(images), min(BATCH, len(images)))
        chosen, values = tf.constant(drawn.categories[rows]), tf.constant(continuous[rows], tf.float32)
        step(tf.cast(images[rows], tf.float32), chosen, values)

    def guesses(shown):
        starts = range(0, len(shown), 512)
        parts = [network(tf.cast(shown[k : k + 512], tf.float32), training=False).numpy() for k in starts]
        return np.concatenate(parts)

    errors = guesses(images)[:, sum(ways) :] - continuous
    deviations = np.sqrt((errors**2).mean(axis=0))

    def read(shown):
        found = guesses(shown)
        logits = np.split(found[:, : sum(ways)], np.cumsum(ways)[:-1], axis=1) if ways else []
        means = found[:, sum(ways) :]
        probabilities = [tf.nn.softmax(part).numpy() for part in logits]
        return {"probabilities": probabilities, "means": means, "deviations": np.broadcast_to(deviations, means.shape)}

    return read


def information(guess, drawn):
    """Information of each code, image by image.

    Args:
        guess: dict as ``InfoGAN.read_codes`` gives it.
        drawn: Drawn, for the same images.

    Returns:
        dict from ``categorical_1``, ..., ``continuous_1``, ... to float64 (n,), nats.
    """
    found = {}
    for place, probabilities in enumerate(guess["probabilities"]):
        found[f"categorical_{place + 1}"] = categorical_information(probabilities, drawn.categories[:, place])
    for place in range(drawn.continuous.shape[1]):
        found[f"continuous_{place + 1}"] = continuous_information(
            guess["means"][:, place], guess["deviations"][:, place], drawn.continuous[:, place]
        )
    return found


def purity(categories, labels):
    """The share of images that have the commonest label of their category.

    Args:
        categories, labels: int (n,).

    Returns:
        bool (n,), whether an image has that label; the mean is the purity.
    """
    right = np.zeros(len(labels), bool)
    for category in np.unique(categories):
        own = categories == category
        values, counts = np.unique(labels[own], return_counts=True)
        right[own] = labels[own] == values[counts.argmax()]
    return right
