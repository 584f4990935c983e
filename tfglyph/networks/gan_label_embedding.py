"""The inputs of a GAN's networks for class labels: a vector beside z, and one more channel of the image.

Both take weights of the classes rather than a number, so that classes can be mixed; all weights 0 is "no label".
"""

import keras

WIDTH = 64  # of the vector beside z


def build_label_vector(classes: int) -> keras.Model:
    """Class weights to a vector: keras.Model, float32 (n, classes) -> float32 (n, 64)."""
    weights = keras.Input((classes,), name="classes")
    vector = keras.layers.Dense(WIDTH, use_bias=False, dtype="float32", name="vector")(weights)
    return keras.Model(weights, vector, name="generator_labels")


def build_label_channel(classes: int, image_shape: tuple[int, int, int]) -> keras.Model:
    """Class weights to a channel: keras.Model, float32 (n, classes) -> float32 (n, h, w, 1)."""
    height, width, _ = image_shape
    weights = keras.Input((classes,), name="classes")
    # Wide layers start with small kernels; this channel should have values as large as the image's own.
    kernel = keras.initializers.RandomNormal(stddev=0.5)
    x = keras.layers.Dense(
        height * width,
        use_bias=False,
        kernel_initializer=kernel,
        dtype="float32",
        name="channel",
    )(weights)  # (n, h w)
    channel = keras.layers.Reshape((height, width, 1), name="reshape")(x)  # (n, h, w, 1)
    return keras.Model(weights, channel, name="discriminator_labels")
