"""Attention over the pixels of feature maps, computed in chunks of queries where there are many pixels.

A 64x64 map has 4,096 tokens and 16.8 million pairs of them; at batch 4 with 4 heads their scores alone are 1 GiB a
copy, and a plain gradient keeps several. Here long sequences are processed one chunk of queries at a time, which needs
memory for one chunk, and the backward pass recomputes a chunk's scores instead of keeping them (as in Rabe and Staats
2021, https://arxiv.org/abs/2112.05682).
"""

import math
from typing import Any

import keras
import tensorflow as tf

from tfglyph.networks.group_norm import GroupNorm
from tfglyph.networks.layers import uniform_to

CHUNK = 512  # queries of a chunk; shorter sequences, and lengths that are no multiple, are processed at once


def attend(
    queries: tf.Tensor, keys: tf.Tensor, values: tf.Tensor, mask: tf.Tensor | None = None, chunk: int = CHUNK
) -> tf.Tensor:
    """Scaled dot-product attention (Vaswani et al. 2017, eq. 1), softmax in float32.

    Args:
        queries: float tensor (n, heads, q, d).
        keys, values: float tensors (n, heads, k, d).
        mask: None, or bool tensor (n, k), False for keys that get no attention; at least one True in each row.
        chunk: int; with more queries than this, and a multiple of it, they are processed in chunks.

    Returns:
        float tensor (n, heads, q, d) in the dtype of ``values``.
    """
    length = queries.shape[2]
    if mask is not None or length <= chunk or length % chunk:
        scores = tf.cast(tf.matmul(queries, keys, transpose_b=True), tf.float32) / math.sqrt(queries.shape[-1])
        if mask is not None:
            scores = tf.where(mask[:, None, None], scores, -1e9)
        return tf.cast(tf.nn.softmax(scores), values.dtype) @ values
    return _attend_in_chunks(queries, keys, values, chunk)


def _attend_in_chunks(queries: tf.Tensor, keys: tf.Tensor, values: tf.Tensor, chunk: int) -> tf.Tensor:
    """As ``attend``, with few passes over the scores: each costs as much as a product of matrices.

    The scale is a factor of the queries. The softmax's gradient is weights (d_weights - delta), where delta, the mean
    of d_weights under the weights, is the product of the output and its gradient (Dao et al. 2022,
    https://arxiv.org/abs/2205.14135, appendix B.2), and is subtracted by the product of matrices that makes d_weights.
    """
    chunks, scale = queries.shape[2] // chunk, 1 / math.sqrt(queries.shape[-1])

    def split(tensor: tf.Tensor) -> list[tf.Tensor]:
        return tf.split(tensor, chunks, axis=2)  # (n, heads, chunk, d) each

    @tf.custom_gradient
    def attention(scaled: tf.Tensor, keys: tf.Tensor, values: tf.Tensor) -> tuple[tf.Tensor, Any]:
        def weights_of(some: tf.Tensor) -> tf.Tensor:
            # (of bfloat16, too, the kernel computes in float32)
            return tf.nn.softmax(tf.matmul(some, keys, transpose_b=True))  # (n, heads, chunk, k)

        # Chunk after chunk by their order in the graph: a loop's body gets slower kernels (see models.microbatches).
        results: list[tf.Tensor] = []
        for some in split(scaled):
            with tf.control_dependencies(results[-1:]):
                results.append(weights_of(some) @ values)
        outputs = tf.concat(results, axis=2)  # (n, heads, q, d)

        def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
            wide = tf.cast(upstream, tf.float32) * tf.cast(outputs, tf.float32)
            delta = tf.reduce_sum(wide, -1, keepdims=True)  # (n, heads, q, 1)
            coarse = tf.cast(delta, upstream.dtype)
            fine = tf.cast(delta - tf.cast(coarse, tf.float32), upstream.dtype)  # what bfloat16 rounds away
            ones = tf.ones_like(values[..., :1])
            wider_values = tf.concat([values, ones, ones], -1)
            d_keys, d_values = tf.zeros_like(keys, tf.float32), tf.zeros_like(values, tf.float32)
            d_scaled: list[tf.Tensor] = []
            for some, of_some, wider in zip(
                split(scaled), split(upstream), split(tf.concat([upstream, -coarse, -fine], -1)), strict=True
            ):
                with tf.control_dependencies([upstream, d_keys, d_values, *d_scaled[-1:]]):
                    some = tf.identity(some)  # (so that the weights are computed again here, and not kept)
                    weights = weights_of(some)
                    d_scores = weights * tf.matmul(wider, wider_values, transpose_b=True)
                    d_scaled.append(d_scores @ keys)
                    d_keys += tf.cast(tf.matmul(d_scores, some, transpose_a=True), tf.float32)
                    d_values += tf.cast(tf.matmul(weights, of_some, transpose_a=True), tf.float32)
            return tf.concat(d_scaled, axis=2), tf.cast(d_keys, keys.dtype), tf.cast(d_values, values.dtype)

        return outputs, gradient

    return attention(queries * tf.cast(scale, queries.dtype), keys, values)


def split_heads(x: tf.Tensor, heads: int) -> tf.Tensor:
    """float (n, tokens, c) -> (n, heads, tokens, c / heads)."""
    x = tf.reshape(x, [-1, x.shape[1], heads, x.shape[2] // heads])  # (n, tokens, heads, d)
    return tf.transpose(x, [0, 2, 1, 3])  # (n, heads, tokens, d)


def join_heads(x: tf.Tensor) -> tf.Tensor:
    """float (n, heads, tokens, d) -> (n, tokens, heads d)."""
    return tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [-1, x.shape[2], x.shape[1] * x.shape[3]])


class PixelAttention(keras.layers.Layer):
    """x + attention(norm(x)) over the pixels of a feature map: what its kinds have in common.

    The names of the linear layers ("inward", "outward", ...) are part of checkpoints.

    Args:
        heads: int, a divisor of the number of channels.
        groups: int, groups of the norm.
    """

    def __init__(self, heads: int, groups: int = 8, **options: Any):
        super().__init__(**options)
        self.heads, self.groups = heads, groups
        self.norm = GroupNorm(groups, name="norm", dtype=self.dtype_policy)

    def dense(self, name: str, inputs: int, units: int, zero: bool = False) -> keras.layers.Dense:
        """A built linear layer; with ``zero`` a residual branch starts as the identity (a kernel of zeros)."""
        kernel = "zeros" if zero else "glorot_uniform"
        layer = keras.layers.Dense(units, kernel_initializer=kernel, name=name, dtype=self.dtype_policy)
        layer.build((None, None, inputs))
        return layer

    def tokens(self, x: tf.Tensor) -> tf.Tensor:
        """The normalized pixels as a sequence: (n, h, w, c) -> (n, h w, c)."""
        return tf.reshape(self.norm(x), [-1, x.shape[1] * x.shape[2], x.shape[3]])

    def add(self, x: tf.Tensor, change: tf.Tensor) -> tf.Tensor:
        """x + change, where change is (n, h w, c)."""
        return x + tf.reshape(change, [-1, *x.shape[1:]])

    def compute_output_shape(self, shape: tuple[Any, ...], *_: Any) -> tuple[Any, ...]:
        return shape

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"heads": self.heads, "groups": self.groups}


class SelfAttention(PixelAttention):
    """Self-attention between the pixels; the last projection starts at zero."""

    def build(self, shape: tuple[Any, ...]) -> None:
        channels = shape[-1]
        self.norm.build(shape)
        self.query_key_value = self.dense("inward", channels, 3 * channels)
        self.projection = self.dense("outward", channels, channels, zero=True)

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """float (n, h, w, c) -> the same."""
        parts = tf.split(self.query_key_value(self.tokens(x)), 3, axis=-1)  # (n, h w, c) each
        attended = attend(*(split_heads(part, self.heads) for part in parts))  # (n, heads, h w, d)
        return self.add(x, self.projection(join_heads(attended)))


class ProjectedSelfAttention(PixelAttention):
    """GANji's attention, with its projections twice: 1x1 convolutions around a complete layer.

    Args:
        heads, groups: as in ``PixelAttention``.
        init: "glorot", all kernels glorot and biases 0; or "torch", as PyTorch's layers begin: uniform up to
            1 / sqrt(inputs), but its attention layer with glorot query, key and value (one kernel) and biases of 0.
    """

    def __init__(self, heads: int, groups: int = 8, init: str = "glorot", **options: Any):
        super().__init__(heads, groups, **options)
        self.init = init

    def dense(self, name: str, inputs: int, units: int, zero: bool = False) -> keras.layers.Dense:
        if self.init == "glorot":
            return super().dense(name, inputs, units, zero)
        thirds = name in ("query", "key", "value")
        outside = name in ("inward", "outward")
        bound = math.sqrt(6 / (inputs + 3 * units)) if thirds else inputs**-0.5
        layer = keras.layers.Dense(
            units,
            kernel_initializer=uniform_to(bound),
            bias_initializer=uniform_to(bound) if outside else "zeros",
            name=name,
            dtype=self.dtype_policy,
        )
        layer.build((None, None, inputs))
        return layer

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"init": self.init}

    def build(self, shape: tuple[Any, ...]) -> None:
        channels = shape[-1]
        self.norm.build(shape)
        self.query_key_value = self.dense("inward", channels, 3 * channels)
        self.projections = [self.dense(name, channels, channels) for name in ("query", "key", "value")]
        self.joined = self.dense("joined", channels, channels)
        self.projection = self.dense("outward", channels, channels)

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """float (n, h, w, c) -> the same."""
        parts = tf.split(self.query_key_value(self.tokens(x)), 3, axis=-1)  # (n, h w, c) each
        parts = [project(part) for project, part in zip(self.projections, parts, strict=True)]
        attended = attend(*(split_heads(part, self.heads) for part in parts))  # (n, heads, h w, d)
        return self.add(x, self.projection(self.joined(join_heads(attended))))


class CrossAttention(PixelAttention):
    """Cross-attention from the pixels to a sequence of condition vectors.

    Learned position embeddings are added to the queries, so that a position of the image can attend to what belongs
    there; the last projection starts at zero.
    """

    def build(self, x_shape: tuple[Any, ...], context_shape: tuple[Any, ...], mask_shape: Any = None) -> None:
        channels = x_shape[-1]
        self.norm.build(x_shape)
        self.positions = self.add_weight(
            name="positions",
            shape=(x_shape[1] * x_shape[2], channels),
            initializer=keras.initializers.RandomNormal(stddev=0.02),
        )
        self.query = self.dense("asking", channels, channels)
        self.key_value = self.dense("answering", context_shape[-1], 2 * channels)
        self.projection = self.dense("outward", channels, channels, zero=True)

    def call(self, x: tf.Tensor, context: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
        """Adds what the pixels attend to.

        Args:
            x: float tensor (n, h, w, c).
            context: float tensor (n, tokens, d).
            mask: bool tensor (n, tokens), False for missing tokens; at least one True in each row.

        Returns:
            float tensor (n, h, w, c).
        """
        queries = split_heads(self.query(self.tokens(x) + self.positions), self.heads)  # (n, heads, h w, d)
        keys, values = (split_heads(part, self.heads) for part in tf.split(self.key_value(context), 2, axis=-1))
        return self.add(x, self.projection(join_heads(attend(queries, keys, values, mask))))
