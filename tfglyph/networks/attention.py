"""Attention over the pixels of feature maps, in pieces where there are many: memory for one piece, not for
all.

A 64x64 map has 4,096 tokens and 16.8 million pairs of them; at batch 4 with 4 heads their scores alone are 1
GiB a copy, and a plain gradient keeps several. Here long sequences go query by query chunk, and the backward
pass computes a chunk's scores again instead of keeping them (as in Rabe and Staats 2021,
https://arxiv.org/abs/2112.05682).
"""

import math

import keras
import tensorflow as tf

from tfglyph.networks.group_norm import GroupNorm

CHUNK = 512  # queries of one piece; shorter sequences, and what does not divide, go in one


def attend(queries, keys, values, mask=None, chunk=CHUNK):
    """Scaled dot-product attention (Vaswani et al. 2017, eq. 1), softmax in float32.

    Args:
        queries: float tensor (n, heads, q, d).
        keys, values: float tensors (n, heads, k, d).
        mask: None, or bool tensor (n, k), False for keys that nobody may look at; at least one True in each
            row.
        chunk: int; with more queries than this, and a multiple of it, the work goes in pieces.

    Returns:
        float tensor (n, heads, q, d) in the dtype of ``values``.
    """
    length = queries.shape[2]
    if mask is not None or length <= chunk or length % chunk:
        return _scores(queries, keys, mask, values.dtype) @ values
    return _attend_in_chunks(queries, keys, values, chunk)


def _scores(queries, keys, mask, dtype):
    """Softmax of the scaled products: (n, heads, q, k) in ``dtype``."""
    scores = tf.cast(tf.matmul(queries, keys, transpose_b=True), tf.float32) / math.sqrt(queries.shape[-1])
    if mask is not None:
        scores = tf.where(mask[:, None, None], scores, -1e9)
    return tf.cast(tf.nn.softmax(scores), dtype)


def _attend_in_chunks(queries, keys, values, chunk):
    pieces, scale = queries.shape[2] // chunk, 1 / math.sqrt(queries.shape[-1])

    def split(tensor):
        return tf.stack(tf.split(tensor, pieces, axis=2))  # (pieces, n, heads, chunk, d)

    def join(tensor):
        return tf.concat(tf.unstack(tensor, pieces), axis=2)  # (n, heads, q, d)

    @tf.custom_gradient
    def attention(queries, keys, values):
        def forward(piece):
            return _scores(piece, keys, None, values.dtype) @ values

        def backward(asked, upstream):
            """What one chunk of queries gives to the gradients of queries, keys and values."""
            share = _scores(asked, keys, None, tf.float32)  # (n, heads, chunk, k)
            slope = tf.cast(tf.matmul(upstream, values, transpose_b=True), tf.float32)
            slope = share * (slope - tf.reduce_sum(slope * share, -1, keepdims=True)) * scale
            share, slope = tf.cast(share, values.dtype), tf.cast(slope, keys.dtype)
            to_keys = tf.matmul(slope, asked, transpose_a=True)
            to_values = tf.matmul(share, upstream, transpose_a=True)
            return slope @ keys, tf.cast(to_keys, tf.float32), tf.cast(to_values, tf.float32)

        def gradient(upstream):
            asked, upstream = split(queries), split(upstream)

            # A plain loop: the gradient of a mapped function would keep every piece, and so would tf.scan.
            def body(index, written, to_keys, to_values):
                to_queries, more_keys, more_values = backward(asked[index], upstream[index])
                return (
                    index + 1,
                    written.write(index, to_queries),
                    to_keys + more_keys,
                    to_values + more_values,
                )

            state = (
                0,
                tf.TensorArray(queries.dtype, pieces, element_shape=asked.shape[1:]),
                tf.zeros_like(keys, tf.float32),
                tf.zeros_like(values, tf.float32),
            )
            _, written, to_keys, to_values = tf.while_loop(
                lambda index, *_: index < pieces, body, state, parallel_iterations=1
            )
            return join(written.stack()), tf.cast(to_keys, keys.dtype), tf.cast(to_values, values.dtype)

        return join(tf.map_fn(forward, split(queries), parallel_iterations=1)), gradient

    return attention(queries, keys, values)


def split_heads(x, heads):
    """float (n, tokens, c) -> (n, heads, tokens, c / heads)."""
    x = tf.reshape(x, [-1, x.shape[1], heads, x.shape[2] // heads])
    return tf.transpose(x, [0, 2, 1, 3])


def join_heads(x):
    """float (n, heads, tokens, d) -> (n, tokens, heads d)."""
    return tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [-1, x.shape[2], x.shape[1] * x.shape[3]])


class PixelAttention(keras.layers.Layer):
    """x + attention(norm(x)) over the pixels of a feature map: what its kinds share.

    Args:
        heads: int, a divisor of the number of channels.
        groups: int, groups of the norm.
    """

    def __init__(self, heads, groups=8, **options):
        super().__init__(**options)
        self.heads, self.groups = heads, groups
        self.norm = GroupNorm(groups, name="norm", dtype=self.dtype_policy)

    def dense(self, name, inputs, units, zero=False):
        """A built linear layer; ``zero`` starts a residual branch as nothing."""
        kernel = "zeros" if zero else "glorot_uniform"
        layer = keras.layers.Dense(units, kernel_initializer=kernel, name=name, dtype=self.dtype_policy)
        layer.build((None, None, inputs))
        return layer

    def tokens(self, x):
        """The normalized pixels as a sequence: (n, h, w, c) -> (n, h w, c)."""
        return tf.reshape(self.norm(x), [-1, x.shape[1] * x.shape[2], x.shape[3]])

    def add(self, x, change):
        """x + change, where change is (n, h w, c)."""
        return x + tf.reshape(change, [-1, *x.shape[1:]])

    def compute_output_shape(self, shape, *_):
        return shape

    def get_config(self):
        return super().get_config() | {"heads": self.heads, "groups": self.groups}


class SelfAttention(PixelAttention):
    """Every pixel looks at every pixel; the last projection starts at zero."""

    def build(self, shape):
        channels = shape[-1]
        self.norm.build(shape)
        self.inward = self.dense("inward", channels, 3 * channels)
        self.outward = self.dense("outward", channels, channels, zero=True)

    def call(self, x):
        """float (n, h, w, c) -> the same."""
        parts = tf.split(self.inward(self.tokens(x)), 3, axis=-1)  # (n, h w, c) each
        seen = attend(*(split_heads(part, self.heads) for part in parts))  # (n, heads, h w, d)
        return self.add(x, self.outward(join_heads(seen)))


class ProjectedSelfAttention(PixelAttention):
    """GANji's attention, with its projections twice: 1x1 convolutions around a complete layer."""

    def build(self, shape):
        channels = shape[-1]
        self.norm.build(shape)
        self.inward = self.dense("inward", channels, 3 * channels)
        self.projections = [self.dense(name, channels, channels) for name in ("query", "key", "value")]
        self.joined = self.dense("joined", channels, channels)
        self.outward = self.dense("outward", channels, channels)

    def call(self, x):
        """float (n, h, w, c) -> the same."""
        parts = tf.split(self.inward(self.tokens(x)), 3, axis=-1)  # (n, h w, c) each
        parts = [project(part) for project, part in zip(self.projections, parts, strict=True)]
        seen = attend(*(split_heads(part, self.heads) for part in parts))  # (n, heads, h w, d)
        return self.add(x, self.outward(self.joined(join_heads(seen))))


class CrossAttention(PixelAttention):
    """Every pixel looks at a sequence of condition vectors.

    Learned positions are added to the queries, so a place in the image can ask for what belongs there; the
    last projection starts at zero.
    """

    def build(self, x_shape, context_shape, mask_shape=None):
        channels = x_shape[-1]
        self.norm.build(x_shape)
        self.positions = self.add_weight(
            name="positions",
            shape=(x_shape[1] * x_shape[2], channels),
            initializer=keras.initializers.RandomNormal(stddev=0.02),
        )
        self.asking = self.dense("asking", channels, channels)
        self.answering = self.dense("answering", context_shape[-1], 2 * channels)
        self.outward = self.dense("outward", channels, channels, zero=True)

    def call(self, x, context, mask):
        """Images that have seen the condition.

        Args:
            x: float tensor (n, h, w, c).
            context: float tensor (n, tokens, d).
            mask: bool tensor (n, tokens), False for what is not there; at least one True in each row.

        Returns:
            float tensor (n, h, w, c).
        """
        queries = split_heads(self.asking(self.tokens(x) + self.positions), self.heads)
        keys, values = (split_heads(part, self.heads) for part in tf.split(self.answering(context), 2, axis=-1))
        return self.add(x, self.outward(join_heads(attend(queries, keys, values, mask))))
