"""How a GAN's networks see class labels: as a vector beside z, and as one more channel of the image.

Both take weights of the classes rather than a number, so that classes can be mixed; no weight at all is "no label".
"""

import math

import keras

WIDTH = 64  # of the vector beside z


def build_label_vector(classes):
    """Class weights to a vector: keras.Model, float32 (n, classes) -> float32 (n, 64)."""
    weights = keras.Input((classes,), name="classes")
    vector = keras.layers.Dense(WIDTH, use_bias=False, dtype="float32", name="vector")(weights)
    return keras.Model(weights, vector, name="generator_labels")


def build_label_channel(classes, image_shape):
    """Class weights to a channel: keras.Model, float32 (n, classes) -> float32 (n, h, w, 1)."""
    height, width, _ = image_shape
    weights = keras.Input((classes,), name="classes")
    # Wide layers start with small kernels; this channel should be as loud as the image's own.
    loud = keras.initializers.RandomNormal(stddev=0.5)
    x = keras.layers.Dense(
        math.prod((height, width)),
        use_bias=False,
        kernel_initializer=loud,
        dtype="float32",
        name="channel",
    )(weights)  # (n, h w)
    channel = keras.layers.Reshape((height, width, 1), name="reshape")(x)  # (n, h, w, 1)
    return keras.Model(weights, channel, name="discriminator_labels")
