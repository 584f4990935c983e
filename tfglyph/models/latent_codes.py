"""How a latent is put together: z, then one-hot vectors (each repeated), then continuous codes."""

from collections.abc import Callable, Sequence

import tensorflow as tf

from tfglyph.architecture.codes import Codes
from tfglyph.errors import UsageError


def assemble(codes: Codes, z: tf.Tensor, categorical: Sequence[tf.Tensor], continuous: tf.Tensor) -> tf.Tensor:
    """One latent out of its parts.

    Args:
        codes: tfglyph.architecture.codes.Codes.
        z: float32 (n, z_dim).
        categorical: list of float32 (n, num_categories), one for each categorical code: one-hot, or weights that sum
            to 1.
        continuous: float32 (n, codes.continuous).

    Returns:
        float32 (n, z_dim + codes.size).
    """
    repeated = [tf.tile(code, [1, codes.repeat]) for code in categorical]  # (n, num_categories * repeat)
    return tf.concat([z, *repeated, continuous], axis=-1)


def draw(codes: Codes, z_dim: int, pair: tf.Tensor, uniform_prior: bool) -> tf.Tensor:
    """A latent from the prior, from one seed pair alone.

    Args:
        codes: tfglyph.architecture.codes.Codes.
        z_dim: int.
        pair: int64 (2,), seed and index of an image.
        uniform_prior: bool, z uniform on (-1, 1) instead of normal.

    Returns:
        float32 (z_dim + codes.size,).
    """

    def other(number: int) -> tf.Tensor:  # seeds of further draws, far from those of other images
        return pair + tf.constant([0, number << 40], tf.int64)

    if uniform_prior:
        z = tf.random.stateless_uniform([1, z_dim], pair, -1.0, 1.0, alg="philox")
    else:
        z = tf.random.stateless_normal([1, z_dim], pair, alg="philox")
    categorical = [
        tf.one_hot(
            tf.random.stateless_uniform([1], other(1 + index), 0, num_categories, tf.int32, alg="philox"),
            num_categories,
        )
        for index, num_categories in enumerate(codes.categorical)
    ]
    continuous = tf.random.stateless_uniform([1, codes.continuous], other(1 << 10), -1.0, 1.0, alg="philox")
    return assemble(codes, z, categorical, continuous)[0]


def with_categories(codes: Codes, z_dim: int, latents: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
    """The same latents with other categories.

    Args:
        codes: tfglyph.architecture.codes.Codes.
        z_dim: int.
        latents: float32 (n, z_dim + codes.size).
        weights: float32 (n, sum of codes.categorical): each code's weights of its categories; negative ones
            leave the code.

    Returns:
        float32 (n, z_dim + codes.size).
    """
    parts, start = [latents[:, :z_dim]], z_dim
    for chosen in tf.split(weights, codes.categorical, axis=1) if codes.categorical else []:
        chosen = tf.tile(chosen, [1, codes.repeat])  # (n, num_categories * repeat)
        stop = start + chosen.shape[1]
        parts.append(tf.where(chosen < 0, latents[:, start:stop], chosen))
        start = stop
    return tf.concat([*parts, latents[:, start:]], axis=-1)


def parse_mixture(text: str | int, num_classes: int, number_of: Callable[[str], int]) -> list[float]:
    """The weights of classes from what a person types: "3", "3+7" (half and half), "3:0.7+7:0.3".

    Args:
        text: str or int, classes joined by +, each with an optional weight after a colon.
        num_classes: int, how many classes there are.
        number_of: function of a class as typed to its number; raises UsageError where there is none.

    Returns:
        list of ``num_classes`` floats that sum to 1.

    Raises:
        UsageError: no such class, or weights that are no positive numbers.
    """
    weights = [0.0] * num_classes
    for part in str(text).split("+"):
        name, _, weight = part.partition(":")
        try:
            amount = float(weight or 1)
        except ValueError:
            amount = 0.0
        if not 0.0 < amount < 1e6:
            raise UsageError(f"label: found {part.strip()!r}, expected a positive weight, as in 3:0.7+7:0.3")
        weights[number_of(name.strip())] += amount
    return [weight / sum(weights) for weight in weights]


def parse_categories(codes: Codes, label: str | int) -> list[float]:
    """Weights for ``with_categories`` from a label: one mixture for each categorical code, joined by commas.

    Args:
        codes: tfglyph.architecture.codes.Codes.
        label: str or int; codes without a mixture, or with an empty one, are left as they are.

    Returns:
        list of float, as many as the codes have categories; -1 where a code is left.

    Raises:
        UsageError: more mixtures than codes, or one that ``parse_mixture`` does not accept.
    """
    texts = str(label).split(",")
    if len(texts) > len(codes.categorical):
        count = len(codes.categorical)
        raise UsageError(f"label: found {label!r}, {len(texts)} classes, but there are {count} categorical codes")
    texts += [""] * (len(codes.categorical) - len(texts))
    weights: list[float] = []
    for text, num_categories in zip(texts, codes.categorical, strict=True):

        def number_of(name: str, num_categories: int = num_categories) -> int:
            if name.isdecimal() and int(name) < num_categories:
                return int(name)
            raise UsageError(f"label: found {name!r}, expected a number from 0 to {num_categories - 1}")

        weights += parse_mixture(text, num_categories, number_of) if text.strip() else [-1.0] * num_categories
    return weights
