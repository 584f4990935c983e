"""A denoiser's conditioning inputs (labels, tokens, sketches), and the vectors made of them."""

from typing import Any

import keras
import tensorflow as tf

from tfglyph.architecture.condition import Condition
from tfglyph.composition.tokens import SLOTS, UPPER
from tfglyph.networks.embeddings import JoinedTokens, LabelEmbedding, TimestepEmbedding, TokenEmbedding
from tfglyph.networks.sketches import SKETCH_SLOTS


def denoiser_inputs(image_shape: tuple[int, int, int], condition: Condition | None) -> dict[str, Any]:
    """The inputs of a denoiser, by name.

    Args:
        image_shape: (height, width, channels).
        condition: Condition or None.

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
            shape = (*image_shape[:2], len(SKETCH_SLOTS) * image_shape[2])
            inputs["sketches"] = keras.Input(shape, name="sketches", dtype="float32")
    return inputs


def embed(
    inputs: dict[str, Any], width: int, condition: Condition | None, hidden: bool
) -> tuple[Any, tuple[Any, Any] | None]:
    """The embedding of timestep and condition for every block, and the token vectors for cross-attention.

    Args:
        inputs: dict of ``denoiser_inputs``.
        width: int, of the timestep embedding and of the result.
        condition: Condition or None.
        hidden: bool, whether the timestep embedding goes through a linear layer and a SiLU before others are added.

    Returns:
        (embedding (n, width), None or (token vectors (n, 1 + length, d), mask (n, 1 + length))).
    """
    timestep = TimestepEmbedding(width, name="time")(inputs["times"])  # (n, width)
    if hidden:
        timestep = keras.layers.Dense(width, activation="silu", name="time_hidden")(timestep)
    embeddings, context = [timestep], None
    if condition is not None and condition.classes is not None:
        embeddings.append(LabelEmbedding(condition.classes, width, name="label")(inputs["labels"]))
    if condition is not None and condition.tokens is not None:
        section = condition.tokens
        embed_tokens = TokenEmbedding(section.vocabulary, section.length, section.width, name="tokens_embedding")
        context = embed_tokens(inputs["tokens"])
        embeddings.append(JoinedTokens(width, name="tokens_joined")(*context))
    if condition is not None and condition.exemplars is not None:
        embeddings.append(inputs["exemplars_style"])
    return (keras.layers.Add(name="embedding")(embeddings) if len(embeddings) > 1 else timestep), context


def hide_names(tokens: tf.Tensor, draws: tf.Tensor, probability: float) -> tf.Tensor:
    """Drops the tokens of some parts that are also described by their own parts.

    The model then also learns to draw ``⿰酉⿱六乂`` from the parts of 交 alone.

    Args:
        tokens: int32 tensor (n, LENGTH).
        draws: float32 tensor (n, UPPER), uniform in [0, 1).
        probability: float, of dropping each such token.

    Returns:
        int32 tensor (n, LENGTH).
    """
    has_parts = tokens[:, :UPPER] > 0  # (n, UPPER): the operators, which come first, then the parts
    dropped = tf.pad(has_parts & (draws < probability), [[0, 0], [UPPER, SLOTS - UPPER]])  # (n, LENGTH)
    return tf.where(dropped, 0, tokens)
