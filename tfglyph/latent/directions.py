"""Directions without a person: SeFa, in closed form, and GANSpace, by principal components."""

import math

import numpy as np

from tfglyph.errors import UsageError
from tfglyph.latent.points import split_codes
from tfglyph.progress import progress

MOST_RESPONSES = 32768  # of a layer to one latent that enter the principal components


def sefa(kernel, count=None):
    """Directions that change a linear first layer most: Shen and Zhou 2021 (https://arxiv.org/abs/2007.06600), Eq. 6.

    The layer maps z to z W; the unit vectors n that maximize |n W|^2 are the left singular vectors of W.

    Args:
        kernel: float (d, width), W.
        count: int or None, how many of the at most min(d, width).

    Returns:
        (float64 (count, d), orthonormal, the strongest first; float64 (count,), singular values). Of n and -n it is the
        one whose largest entry is positive.
    """
    left, strengths, _ = np.linalg.svd(np.asarray(kernel, np.float64), full_matrices=False)
    return _upright(left.T[:count]), strengths[:count]


def first_kernel(model):
    """The kernel of the generator's first layer, for the entries of z: float32 (z_dim, width).

    Raises:
        UsageError: the model has no generator that begins with a linear layer.
    """
    layer = _first_linear(_generator(model))
    return np.asarray(layer.kernel)[: split_codes(model)]


def ganspace(latents, activations, count):
    """Latent directions of the principal components of what they lead to: Härkönen et al. 2020 (2004.02546), Eq. 2.

    The activations' principal coordinates x are found; then the directions U that best give z = U x + mean, by least
    squares.

    Args:
        latents: float (n, d), normal draws.
        activations: float (n, m), an early layer's response to them.
        count: int, at most min(n - 1, d).

    Returns:
        (float64 (count, d) unit vectors, the strongest component first; float64 (count,), the components' standard
        deviations).
    """
    coordinates, deviations = principal_coordinates(activations, count)
    latents = np.asarray(latents, np.float64)
    solution = np.linalg.lstsq(coordinates, latents - latents.mean(axis=0), rcond=None)[0]  # (count, d)
    return _upright(solution / np.linalg.norm(solution, axis=1, keepdims=True)), deviations


def principal_coordinates(rows, count):
    """Principal component analysis by the matrix of inner products, as there are fewer rows than columns.

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


def principal_directions(latents, count):
    """Principal components of latents themselves, such as the codes of real images.

    Args:
        latents: float (n, d).
        count: int.

    Returns:
        (float64 (count, d), orthonormal, the strongest first; float64 (count,), standard deviations).
    """
    latents = np.asarray(latents, np.float64)
    _, lengths, components = np.linalg.svd(latents - latents.mean(axis=0), full_matrices=False)
    return _upright(components[:count]), lengths[:count] / math.sqrt(max(len(latents) - 1, 1))


def early_activations(model, latents):
    """What the generator's first nonlinear layer makes of latents: float32 (n, m).

    A linear layer would only repeat SeFa: its principal components are its singular vectors. Of more than 32,768
    responses to a latent every k-th is taken.
    """
    import keras

    generator = _generator(model)
    layers = generator.layers[generator.layers.index(_first_linear(generator)) + 1 :]
    kinds = (keras.layers.ReLU, keras.layers.LeakyReLU, keras.layers.Activation)
    layer = next((layer for layer in layers if isinstance(layer, kinds)), layers[-1])
    part = keras.Model(generator.input, layer.output)
    latents = np.asarray(latents, np.float32)
    wanted = generator.input_shape[-1] - latents.shape[1]  # what a condition's labels add; nothing said is zeros
    latents = np.pad(latents, ((0, 0), (0, wanted)))
    responses = []
    for first in progress(range(0, len(latents), 32), "activations", unit="x32"):
        response = np.asarray(part(latents[first : first + 32], training=False), np.float32)
        response = response.reshape(len(response), -1)
        responses.append(response[:, :: -(-response.shape[1] // MOST_RESPONSES)])
    return np.concatenate(responses)


def model_directions(model, method, count, samples=512, images=None):
    """Directions of a model by one of the methods.

    Args:
        model: a GlyphModel.
        method: "sefa", "ganspace" (activations of the first nonlinear layer), or "latents" (codes of real images).
        count: int.
        samples: int, draws for "ganspace".
        images: uint8 (n, h, w, c) for "latents".

    Returns:
        (float64 (count, z_dim) unit vectors, float64 (count,) strengths); fewer where there are no more.

    Raises:
        UsageError: the model has no generator that begins with a linear layer.
    """
    count = min(count, split_codes(model))
    if method == "sefa":
        return sefa(first_kernel(model), count)
    if method == "latents":
        return principal_directions(model.encode(images), count)
    drawn = model.latents(list(range(samples)))
    return ganspace(drawn[:, : split_codes(model)], early_activations(model, drawn), count)


def _generator(model):
    if "generator" not in model.networks:
        raise UsageError(
            f"{model.name}: a {model.architecture.mode} model has no generator whose first layer is linear, so there "
            "are no directions in closed form"
        )
    return model.inference_network("generator")


def _first_linear(generator):
    """The first layer with a kernel of two dimensions."""
    return next(layer for layer in generator.layers if len(getattr(layer, "kernel", np.zeros(())).shape) == 2)


def _upright(vectors):
    """Each vector or its opposite, so that the largest entry is positive."""
    largest = np.take_along_axis(vectors, np.abs(vectors).argmax(axis=1)[:, None], axis=1)
    return vectors * np.where(largest < 0, -1.0, 1.0)
