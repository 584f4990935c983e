"""How a latent is put together: z, then one-hot vectors (each repeated), then continuous codes."""

import tensorflow as tf

from tfglyph.errors import UsageError


def assemble(codes, z, categorical, continuous):
    """One latent out of its parts.

    Args:
        codes: tfglyph.architecture.codes.Codes.
        z: float32 (n, z_dim).
        categorical: list of float32 (n, ways), one for each categorical code: one-hot, or weights that sum to 1.
        continuous: float32 (n, codes.continuous).

    Returns:
        float32 (n, z_dim + codes.size).
    """
    repeated = [tf.tile(code, [1, codes.repeat]) for code in categorical]  # (n, ways * repeat)
    return tf.concat([z, *repeated, continuous], axis=-1)


def draw(codes, z_dim, pair, uniform_prior):
    """A latent from the prior, from one seed pair alone.

    Args:
        codes: tfglyph.architecture.codes.Codes.
        z_dim: int.
        pair: int64 (2,), seed and index of an image.
        uniform_prior: bool, z uniform on (-1, 1) instead of normal.

    Returns:
        float32 (z_dim + codes.size,).
    """
    def other(number):  # seeds of further draws, far from those of other images
        return pair + tf.constant([0, number << 40], tf.int64)

    if uniform_prior:
        z = tf.random.stateless_uniform([1, z_dim], pair, -1.0, 1.0, alg="philox")
    else:
        z = tf.random.stateless_normal([1, z_dim], pair, alg="philox")
    categorical = [
        tf.one_hot(tf.random.stateless_uniform([1], other(1 + place), 0, ways, tf.int32, alg="philox"), ways)
        for place, ways in enumerate(codes.categorical)
    ]
    continuous = tf.random.stateless_uniform([1, codes.continuous], other(1 << 10), -1.0, 1.0, alg="philox")
    return assemble(codes, z, categorical, continuous)[0]


def with_categories(codes, z_dim, latents, choices):
    """The same latents with other categories.

    Args:
        codes: tfglyph.architecture.codes.Codes.
        z_dim: int.
        latents: float32 (n, z_dim + codes.size).
        choices: tuple with, for each categorical code, a tuple of its ways' weights, or None to leave it as it is.

    Returns:
        float32 (n, z_dim + codes.size).
    """
    parts, start = [latents[:, :z_dim]], z_dim
    for ways, weights in zip(codes.categorical, choices, strict=True):
        stop = start + ways * codes.repeat
        part = latents[:, start:stop]
        if weights is not None:
            part = tf.zeros_like(part) + tf.tile(tf.constant([weights], tf.float32), [1, codes.repeat])
        parts.append(part)
        start = stop
    return tf.concat([*parts, latents[:, start:]], axis=-1)


def parse_mixture(text, ways, names=None):
    """The weights of classes from what a person types: "3", "3+7" (half and half), "3:0.7+7:0.3".

    Args:
        text: str or int, classes by number or name, joined by +, each with an optional weight after a colon.
        ways: int, how many classes there are.
        names: list of str or None, their names.

    Returns:
        tuple of ``ways`` floats that sum to 1.

    Raises:
        UsageError: no such class, or weights that are no positive numbers.
    """
    weights = [0.0] * ways
    for part in str(text).split("+"):
        name, colon, weight = part.strip().rpartition(":")
        if not colon or names and part.strip() in names:
            name, weight = part.strip(), "1"
        if names and name in names:
            place = names.index(name)
        elif name.isdecimal() and int(name) < ways:
            place = int(name)
        else:
            known = f"a number from 0 to {ways - 1}" + (f" or one of {', '.join(names[:12])}" if names else "")
            raise UsageError(f"label {name!r}: no such class; expected {known}")
        try:
            amount = float(weight)
        except ValueError:
            amount = 0.0
        if not 0.0 < amount < 1e6:
            raise UsageError(f"label {part.strip()!r}: its weight is no positive number; write for instance 3:0.7+7:0.3")
        weights[place] += amount
    return tuple(weight / sum(weights) for weight in weights)


def parse_choices(codes, label):
    """``choices`` of ``with_categories`` from a label: one mixture for each categorical code, joined by commas.

    Args:
        codes: tfglyph.architecture.codes.Codes.
        label: str or int; fewer mixtures than codes, or an empty one, leave the others random.

    Raises:
        UsageError: more mixtures than codes, or one that ``parse_mixture`` does not accept.
    """
    texts = str(label).split(",")
    if len(texts) > len(codes.categorical):
        raise UsageError(f"label {label!r}: {len(texts)} classes, but the model has {len(codes.categorical)} categorical codes")
    texts += [""] * (len(codes.categorical) - len(texts))
    return tuple(
        parse_mixture(text, ways) if text.strip() else None for text, ways in zip(texts, codes.categorical, strict=True)
    )
