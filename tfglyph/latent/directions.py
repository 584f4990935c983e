"""Interpretable latent directions without supervision: SeFa (closed form) and GANSpace (principal components)."""

import math
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tfglyph.errors import UsageError
from tfglyph.progress import progress

if TYPE_CHECKING:
    import keras

    from tfglyph.models.base import GlyphModel

Method = Literal["sefa", "ganspace", "latents"]
MAX_FEATURES = 32768  # of a layer's activations for one latent that enter the principal components


# === The methods ===


def sefa(kernel: Any, count: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Directions that change a linear first layer most: Shen and Zhou 2021 (https://arxiv.org/abs/2007.06600), Eq. 6.

    The layer maps z to z W; the unit vectors n that maximize |n W|^2 are the left singular vectors of W.

    Args:
        kernel: float (d, width), W.
        count: int or None, how many of the at most min(d, width).

    Returns:
        (float64 (count, d), orthonormal, the strongest first; float64 (count,), singular values). Of n and -n it is the
        one whose largest entry is positive.
    """
    left, singular_values, _ = np.linalg.svd(np.asarray(kernel, np.float64), full_matrices=False)
    return _with_positive_peak(left.T[:count]), singular_values[:count]


def ganspace(latents: Any, activations: Any, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Latent directions of the principal components of activations: Härkönen et al. 2020 (2004.02546), Eq. 2.

    The activations' principal coordinates x are computed, then the directions U that best give z = U x + mean, by least
    squares.

    Args:
        latents: float (n, d), normal draws.
        activations: float (n, m), of an early layer for these latents.
        count: int, at most min(n - 1, d).

    Returns:
        (float64 (count, d) unit vectors, the strongest component first; float64 (count,), the components' standard
        deviations).
    """
    coordinates, stds = principal_coordinates(activations, count)
    latents = np.asarray(latents, np.float64)
    solution = np.linalg.lstsq(coordinates, latents - latents.mean(axis=0), rcond=None)[0]  # (count, d)
    return _with_positive_peak(solution / np.linalg.norm(solution, axis=1, keepdims=True)), stds


def principal_coordinates(rows: Any, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Principal component analysis by the Gram matrix, as there are fewer rows than columns.

    Args:
        rows: float (n, m).
        count: int.

    Returns:
        (float64 (n, count), each component's coordinates; float64 (count,), their standard deviations).
    """
    rows = np.asarray(rows, np.float32)
    rows = rows - rows.mean(axis=0)
    values, vectors = np.linalg.eigh((rows @ rows.T).astype(np.float64))
    strongest = np.argsort(-values)[:count]
    lengths = np.sqrt(np.maximum(values[strongest], 0.0))
    return vectors[:, strongest] * lengths, lengths / math.sqrt(max(len(rows) - 1, 1))


def principal_directions(latents: Any, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Principal components of latents themselves, such as the encodings of real images.

    Args:
        latents: float (n, d).
        count: int.

    Returns:
        (float64 (count, d), orthonormal, the strongest first; float64 (count,), standard deviations).
    """
    latents = np.asarray(latents, np.float64)
    _, lengths, components = np.linalg.svd(latents - latents.mean(axis=0), full_matrices=False)
    return _with_positive_peak(components[:count]), lengths[:count] / math.sqrt(max(len(latents) - 1, 1))


def _with_positive_peak(vectors: np.ndarray) -> np.ndarray:
    """Each vector or its opposite, so that the largest entry is positive."""
    largest = np.take_along_axis(vectors, np.abs(vectors).argmax(axis=1)[:, None], axis=1)
    return vectors * np.where(largest < 0, -1.0, 1.0)


# === Of a model ===


def model_directions(
    model: "GlyphModel", method: Method, count: int, samples: int = 512, images: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Directions of a model by one of the methods.

    Args:
        model: a GlyphModel.
        method: "sefa", "ganspace" (activations of the first nonlinear layer), or "latents" (encodings of real images).
        count: int.
        samples: int, draws for "ganspace".
        images: uint8 (n, h, w, c) for "latents".

    Returns:
        (float64 (count, z_dim) unit vectors, float64 (count,) strengths); fewer where there are no more.

    Raises:
        UsageError: the model has no generator that begins with a linear layer.
    """
    z_dim = model.architecture.z_dim
    count = min(count, z_dim)
    if method == "sefa":
        return sefa(first_kernel(model), count)
    if method == "latents":
        if images is None:
            raise ValueError("the method latents needs images")
        return principal_directions(model.encode(images), count)
    latents = model.latents(list(range(samples)))
    return ganspace(latents[:, :z_dim], early_activations(model, latents), count)


def first_kernel(model: "GlyphModel") -> np.ndarray:
    """The kernel of the generator's first layer, for the entries of z: float32 (z_dim, width).

    Raises:
        UsageError: the model has no generator that begins with a linear layer.
    """
    layer = _first_linear(_generator(model))
    return np.asarray(layer.kernel)[: model.architecture.z_dim]


def early_activations(model: "GlyphModel", latents: Any) -> np.ndarray:
    """The activations of the generator's first nonlinear layer: float32 (n, m).

    A linear layer would only repeat SeFa: its principal components are its singular vectors. Of more than 32,768
    features every k-th is taken.
    """
    import keras  # slow: see tfglyph.latent

    generator = _generator(model)
    layers = generator.layers[generator.layers.index(_first_linear(generator)) + 1 :]
    nonlinear = (keras.layers.ReLU, keras.layers.LeakyReLU, keras.layers.Activation)
    layer = next((layer for layer in layers if isinstance(layer, nonlinear)), layers[-1])
    early_layers = keras.Model(generator.input, layer.output)
    latents = np.asarray(latents, np.float32)
    label_width = generator.input_shape[-1] - latents.shape[1]  # of a conditional generator; zeros are no label
    latents = np.pad(latents, ((0, 0), (0, label_width)))
    activations = []
    for first in progress(range(0, len(latents), 32), "activations", unit="x32"):
        part = np.asarray(early_layers(latents[first : first + 32], training=False), np.float32)
        part = part.reshape(len(part), -1)
        activations.append(part[:, :: -(-part.shape[1] // MAX_FEATURES)])
    return np.concatenate(activations)


def _generator(model: "GlyphModel") -> "keras.Model":
    if "generator" not in model.networks:
        raise UsageError(
            f"{model.name}: a {model.architecture.mode} model has no generator whose first layer is linear, so there "
            "are no directions in closed form"
        )
    return model.inference_network("generator")


def _first_linear(generator: "keras.Model") -> "keras.layers.Layer":
    """The first layer with a kernel of two dimensions."""
    return next(layer for layer in generator.layers if len(getattr(layer, "kernel", np.zeros(())).shape) == 2)
