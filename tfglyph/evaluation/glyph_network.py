"""The network behind the extractor ``glyph``: it was trained to name characters in many fonts.

Four blocks of convolution, batch normalization and ReLU, each of which halves the sides, by its stride in the first
block and by pooling in the others; then a linear layer to ``FEATURES`` numbers: these are the features.
``tools/train_extractor.py`` puts a classifier on top, trains both and keeps the network only.
"""

import keras
from keras import layers
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from tfglyph.errors import GlyphError
from tfglyph.files import PathLike, atomic_path, package_file

SIDE = 32  # pixels
FEATURES = 128
WIDTHS = (32, 64, 128, 192)
WEIGHTS = package_file("evaluation", "data", "glyph-extractor.safetensors")


def build_glyph_network() -> keras.Model:
    """The network with initial weights.

    Returns:
        keras.Model, float32 (n, 32, 32, 1) in [0, 1], ink 1 on 0, -> float32 (n, 128).
    """
    images = layers.Input((SIDE, SIDE, 1), name="images")
    x = images
    for number, width in enumerate(WIDTHS, start=1):
        first = number == 1
        kernel, stride = (5, 2) if first else (3, 1)
        x = layers.Conv2D(width, kernel, stride, padding="same", use_bias=False, name=f"conv_{number}")(x)
        x = layers.BatchNormalization(name=f"norm_{number}")(x)
        x = layers.ReLU(name=f"relu_{number}")(x)
        if not first:
            x = layers.MaxPooling2D(2, name=f"pool_{number}")(x)  # (n, 32 / 2^number, 32 / 2^number, width)
    x = layers.Flatten(name="flatten")(x)  # (n, 2 * 2 * 192)
    x = layers.Dense(FEATURES, use_bias=False, name="embedding")(x)  # (n, 128)
    x = layers.BatchNormalization(dtype="float32", name="features")(x)
    return keras.Model(images, x, name="glyph_extractor")


def load_glyph_network(path: PathLike = WEIGHTS) -> keras.Model:
    """The trained network, in float32.

    Args:
        path: safetensors file with one tensor for each variable, named by its path in the network.

    Returns:
        keras.Model as ``build_glyph_network`` gives it.

    Raises:
        GlyphError: the file is missing or does not fit.
    """
    network = build_glyph_network()
    try:
        tensors = load_file(path)
        for variable in network.variables:
            variable.assign(tensors[variable.path].astype("float32"))
    except (OSError, KeyError, ValueError, SafetensorError) as error:
        raise GlyphError(f"{path}: not the weights of the glyph extractor: {error}") from None
    return network


def save_glyph_network(network: keras.Model, path: PathLike) -> None:
    """Writes the weights as float16."""
    tensors = {variable.path: variable.numpy().astype("float16") for variable in network.variables}
    with atomic_path(path) as temporary:
        save_file(tensors, temporary)
