"""A denoiser's conditioning inputs (labels, tokens, sketches), and the vectors made of them."""

from typing import Any

import keras
import tensorflow as tf

from tfglyph.architecture.condition import Condition
from tfglyph.composition.tokens import SLOTS as ALL_SLOTS
from tfglyph.composition.tokens import UPPER
from tfglyph.networks.embeddings import JoinedTokens, LabelEmbedding, TimeEmbedding, TokenEmbedding
from tfglyph.networks.sketches import SLOTS


def denoiser_inputs(image_shape: tuple[int, int, int], condition: Condition | None) -> dict[str, Any]:
    """The inputs of a denoiser, by name.

    Args:
        image_shape: (height, width, channels).
        condition: tfglyph.architecture.condition.Condition or None.

    Returns:
        dict of keras.KerasTensor: "images" float32 (n, h, w, c); "times" float32 (n,); with a condition that
        has them, "labels" int32 (n,), "tokens" int32 (n, length) and "sketches" float32 (n, h, w, slots c) in [0, 1].
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
            shape = (*image_shape[:2], len(SLOTS) * image_shape[2])
            inputs["sketches"] = keras.Input(shape, name="sketches", dtype="float32")
    return inputs


def embed(
    inputs: dict[str, Any], width: int, condition: Condition | None, hidden: bool
) -> tuple[Any, tuple[Any, Any] | None]:
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


def hide_names(tokens: tf.Tensor, draws: tf.Tensor, probability: float) -> tf.Tensor:
    """Drops the names of some parts that are also described by their own parts.

    What is then drawn for ``⿰酉⿱六乂`` is learned from the parts of 交 alone.

    Args:
        tokens: int32 tensor (n, LENGTH).
        draws: float32 tensor (n, UPPER), uniform in [0, 1).
        probability: float, of each such name to be dropped.

    Returns:
        int32 tensor (n, LENGTH).
    """
    described_twice = (tokens[:, :UPPER] > 0) & (draws < probability)  # (n, UPPER)
    dropped = tf.pad(described_twice, [[0, 0], [UPPER, ALL_SLOTS - UPPER]])  # (n, LENGTH)
    return tf.where(dropped, 0, tokens)
