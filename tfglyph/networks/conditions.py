"""How a denoiser takes in what it is told: inputs for labels and tokens, and the vectors made of them."""

import keras

from tfglyph.networks.embeddings import JoinedTokens, LabelEmbedding, TimeEmbedding, TokenEmbedding
from tfglyph.networks.sketches import SEATS


def denoiser_inputs(image_shape, condition):
    """The inputs of a denoiser, by name.

    Args:
        image_shape: (height, width, channels).
        condition: tfglyph.architecture.condition.Condition or None.

    Returns:
        dict of keras.KerasTensor: "images" float32 (n, h, w, c); "times" float32 (n,); with a condition that
        has them, "labels" int32 (n,), "tokens" int32 (n, length) and "sketches" float32 (n, h, w, seats c) in [0, 1].
    """
    inputs = {
        "images": keras.Input(image_shape, name="images", dtype="float32"),
        "times": keras.Input((), name="times", dtype="float32"),
    }
    if condition is not None and condition.classes is not None:
        inputs["labels"] = keras.Input((), name="labels", dtype="int32")
    if condition is not None and condition.tokens is not None:
        inputs["tokens"] = keras.Input((condition.tokens.length,), name="tokens", dtype="int32")
        if condition.tokens.sketches:
            shape = (*image_shape[:2], len(SEATS) * image_shape[2])
            inputs["sketches"] = keras.Input(shape, name="sketches", dtype="float32")
    return inputs


def embed(inputs, width, condition, hidden):
    """What modulates every block, and what attention may look at.

    Args:
        inputs: dict of ``denoiser_inputs``.
        width: int, of the time's sinusoids and of the result.
        condition: Condition or None.
        hidden: bool, whether the time goes through a linear layer and a SiLU before conditions are added.

    Returns:
        (vector (n, width), None or (token vectors (n, 1 + length, d), mask (n, 1 + length))).
    """
    vector = TimeEmbedding(width, name="time")(inputs["times"])  # (n, width)
    if hidden:
        vector = keras.layers.Dense(width, activation="silu", name="time_hidden")(vector)
    parts, context = [vector], None
    if "labels" in inputs:
        parts.append(LabelEmbedding(condition.classes, width, name="label")(inputs["labels"]))
    if "tokens" in inputs:
        section = condition.tokens
        context = TokenEmbedding(section.vocabulary, section.length, section.width, name="tokens_embedding")(
            inputs["tokens"]
        )
        parts.append(JoinedTokens(width, name="tokens_joined")(*context))
    return (keras.layers.Add(name="embedding")(parts) if len(parts) > 1 else vector), context
