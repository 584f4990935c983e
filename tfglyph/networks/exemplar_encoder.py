"""The encoder of exemplars, and the denoiser's attention to them.

Each exemplar becomes feature maps at the resolutions of the denoiser's levels. At the upper levels a position of the
image attends to the same position of all exemplars, which is where the part is that belongs there; at the last level
it attends to all positions. Any number of exemplars works, also where all slots are empty: a learned vector is always
there to attend to.
"""

import math
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfglyph.architecture.condition import Exemplars
from tfglyph.exemplars.kinds import BOX, COLUMNS, DEEPEST_LEVEL, LEVEL, LIKENESS, SCALE, Match
from tfglyph.networks.attention import PixelAttention, attend, join_heads, split_heads
from tfglyph.networks.convolutions import Conv2D
from tfglyph.networks.group_norm import GroupNorm
from tfglyph.networks.patches import SpaceToDepth

KIND_WIDTH = 64
LEVELS = DEEPEST_LEVEL + 1  # 0 is the whole
STYLE = "style"
PRESENT = "present"
PLANES = "planes"
KEYS_AND_VALUES = ("keys", "values")


def attention_sites(section: Exemplars) -> list[tuple[str, int]]:
    """Where the denoiser attends to exemplars: list of (name of the level's blocks, level)."""
    last = len(section.output) - 1
    down = [(f"down_{level + 1}", level) for level in range(last)]
    up = [(f"up_{level + 1}", level) for level in range(last - 1, -1, -1)]
    return [*down, ("middle", last), *up]


def encoded_inputs(section: Exemplars, image_shape: tuple[int, int, int], patch: int, width: int) -> dict[str, Any]:
    """The encoder's outputs as inputs of a denoiser.

    Args:
        section: Exemplars.
        image_shape: (height, width, channels).
        patch: int, side of a patch in pixels.
        width: int, of the style vector.

    Returns:
        dict of keras.KerasTensor: for each of ``attention_sites`` "exemplars_<name>_keys" and "…_values" of k
        exemplars, (n, k, h, w, c); "exemplars_style" (n, width); "exemplars_present" float (n, k), 1 for those that
        there are. With the fusion "channels" "exemplars_planes" (n, h, w, c) and "exemplars_style".
    """
    dtype = keras.config.dtype_policy().compute_dtype
    inputs = {}
    if section.fusion == "channels":
        sides = [side // patch for side in image_shape[:2]]
        key = input_name(PLANES)
        inputs[key] = keras.Input((*sides, section.output[-1]), name=key, dtype=dtype)
        inputs[input_name(STYLE)] = keras.Input((width,), name=input_name(STYLE), dtype=dtype)
        return inputs
    for name, level in attention_sites(section):
        sides = [side // (patch * 2**level) for side in image_shape[:2]]
        for kind in KEYS_AND_VALUES:
            key = input_name(name, kind)
            inputs[key] = keras.Input((None, *sides, section.output[level]), name=key, dtype=dtype)
    inputs[input_name(STYLE)] = keras.Input((width,), name=input_name(STYLE), dtype=dtype)
    inputs[input_name(PRESENT)] = keras.Input((None,), name=input_name(PRESENT), dtype="float32")
    return inputs


def input_name(*names: str) -> str:
    """The name of an input of the denoiser that comes from the encoder."""
    return "_".join(("exemplars", *names))


def build_exemplar_encoder(
    section: Exemplars, image_shape: tuple[int, int, int], patch: int, width: int, groups: int
) -> keras.Model:
    """Exemplars to what the denoiser attends to.

    Args:
        section: Exemplars.
        image_shape: (height, width, channels) of an exemplar.
        patch: int, side of a patch in pixels, as in the denoiser.
        width: int, of the style vector.
        groups: int, groups of the norms.

    Returns:
        keras.Model: {"exemplars": float32 (n, k, h, w, c) in the model's pixel range, "kinds": int32 (n, k, COLUMNS)}
        -> dict of ``encoded_inputs``.
    """
    if section.fusion == "channels":
        return _build_mixer(section, image_shape, patch, width)
    exemplars = keras.Input((None, *image_shape), name="exemplars", dtype="float32")
    kinds = keras.Input((None, COLUMNS), name="kinds", dtype="int32")
    embedding = KindEmbedding(KIND_WIDTH, name="kind")(Fold(name="fold_kinds")(kinds))  # (n k, width)
    x = SpaceToDepth(patch, name="patches")(Fold(name="fold")(exemplars))  # (n k, h, w, c)
    x = BoxMask(name="box")(x, Fold(name="fold_boxes")(kinds))  # (n k, h, w, c + 1)
    outputs = {}
    for level, channels in enumerate(section.output):
        strides = 1 if level == 0 else 2
        x = Conv2D(channels, 3, strides=strides, padding="same", name=f"enter_{level + 1}")(x)
        x = _residual(x, embedding, channels, groups, f"block_{level + 1}")
        for name, site_level in attention_sites(section):
            if site_level == level:
                normalized = GroupNorm(groups, name=f"{name}_norm")(x)
                for kind in KEYS_AND_VALUES:
                    projected = keras.layers.Dense(channels, name=f"{name}_{kind}")(normalized)
                    outputs[input_name(name, kind)] = Unfold(name=f"{name}_unfold_{kind}")(projected, kinds)
    style = keras.layers.Dense(width, activation="silu", name="style_hidden")(
        keras.layers.GlobalAveragePooling2D(name="style_pool")(GroupNorm(groups, "silu", name="style_norm")(x))
    )
    present = Present(name="which_are_there")(kinds)
    style = MeanOfPresent(name="style_mean")(Unfold(name="style_unfold")(style, kinds), present)
    outputs[input_name(STYLE)] = keras.layers.Dense(width, name="style_out")(style)
    outputs[input_name(PRESENT)] = present
    return keras.Model({"exemplars": exemplars, "kinds": kinds}, outputs, name="exemplar_encoder")


def _build_mixer(section: Exemplars, image_shape: tuple[int, int, int], patch: int, width: int) -> keras.Model:
    """The encoder of the fusion "channels": the slots of each patch, mixed."""
    exemplars = keras.Input((None, *image_shape), name="exemplars", dtype="float32")
    kinds = keras.Input((None, COLUMNS), name="kinds", dtype="int32")
    slots, slot_kinds = FixedSlots(section.slots, name="slots")(exemplars, kinds)
    x = InkPatches(patch, name="patches")(slots, slot_kinds)  # (n, h / p, w / p, k (c p p + 1))
    embedding = KindEmbedding(KIND_WIDTH, name="kind")(Fold(name="fold_kinds")(slot_kinds))  # (n k, width)
    embedding = Unfold(name="unfold_kinds")(embedding, slot_kinds)
    embedding = keras.layers.Reshape((section.slots * KIND_WIDTH,), name="joined_kinds")(embedding)
    shift = keras.layers.Dense(section.output[0], name="shift")(embedding)  # (n, channels)
    x = keras.layers.Dense(section.output[0], use_bias=False, name="mix")(x)
    x = AddToAll(name="mix_shift")(x, shift)
    for number, channels in enumerate(section.output[1:], 2):
        x = keras.layers.Activation("silu", name=f"silu_{number}")(x)
        x = Conv2D(channels, 3, padding="same", name=f"mix_{number}")(x)
    outputs = {input_name(PLANES): keras.layers.Activation("silu", name="planes")(x)}
    pooled = keras.layers.GlobalAveragePooling2D(name="style_pool")(outputs[input_name(PLANES)])
    joined = keras.layers.Concatenate(name="style_join")([pooled, embedding])
    hidden = keras.layers.Dense(width, activation="silu", name="style_hidden")(joined)
    outputs[input_name(STYLE)] = keras.layers.Dense(width, name="style_out")(hidden)
    return keras.Model({"exemplars": exemplars, "kinds": kinds}, outputs, name="exemplar_encoder")


def _residual(
    x: keras.KerasTensor, embedding: keras.KerasTensor, channels: int, groups: int, name: str
) -> keras.KerasTensor:
    """x plus two (group norm, SiLU, 3x3 convolution), the second norm modulated by the kind."""
    y = GroupNorm(groups, "silu", name=f"{name}_norm_1")(x)
    y = Conv2D(channels, 3, padding="same", name=f"{name}_conv_1")(y)
    modulation = keras.layers.Dense(2 * channels, name=f"{name}_modulation")(embedding)
    y = GroupNorm(groups, "silu", name=f"{name}_norm_2")(y, modulation)
    y = Conv2D(channels, 3, padding="same", kernel_initializer="zeros", name=f"{name}_conv_2")(y)
    return keras.layers.Add(name=f"{name}_sum")([x, y])


class Fold(keras.layers.Layer):
    """Sets as one batch: (n, k, ...) -> (n k, ...)."""

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return tf.reshape(x, [-1, *x.shape[2:]])

    def compute_output_shape(self, shape: tuple[Any, ...]) -> tuple[Any, ...]:
        return None, *shape[2:]


class Unfold(keras.layers.Layer):
    """The inverse of ``Fold``: (n k, ...) and any tensor (n, k, ...) -> (n, k, ...)."""

    def call(self, x: tf.Tensor, like: tf.Tensor) -> tf.Tensor:
        return tf.reshape(x, [-1, tf.shape(like)[1], *x.shape[1:]])

    def compute_output_shape(self, x_shape: tuple[Any, ...], like_shape: tuple[Any, ...]) -> tuple[Any, ...]:
        return None, like_shape[1], *x_shape[1:]


class FixedSlots(keras.layers.Layer):
    """Sets of any size as ``slots`` slots: empty ones are appended, those that are too many left out. What the kinds of
    an empty slot say beside that is 0.

    (n, k, h, w, c) and kinds int32 (n, k, COLUMNS) -> the same with ``slots`` in place of k.
    """

    def __init__(self, slots: int, dtype: Any = "float32", **options: Any):
        super().__init__(dtype=dtype, **options)
        self.slots = slots

    def call(self, exemplars: tf.Tensor, kinds: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        missing = tf.maximum(self.slots - tf.shape(kinds)[1], 0)
        kinds = tf.where(tf.equal(kinds[..., :1], Match.NONE), 0, kinds)
        fixed = []
        for x in (exemplars, kinds):
            x = tf.pad(x[:, : self.slots], [[0, 0], [0, missing], *[[0, 0]] * (x.shape.rank - 2)])
            fixed.append(tf.ensure_shape(x, [None, self.slots, *x.shape[2:]]))
        return fixed[0], fixed[1]

    def compute_output_shape(self, exemplars_shape: tuple[Any, ...], kinds_shape: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple((shape[0], self.slots, *shape[2:]) for shape in (exemplars_shape, kinds_shape))

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"slots": self.slots}


class InkPatches(SpaceToDepth):
    """The ink of all slots at each patch, with the fraction of the patch that lies in each one's box.

    (n, k, h, w, c) in [-1, 1] and kinds int32 (n, k, COLUMNS) -> (n, h / size, w / size, k (c size size + 1)); empty
    slots are 0 throughout.
    """

    def call(self, x: tf.Tensor, kinds: tf.Tensor) -> tf.Tensor:
        present = tf.cast(tf.not_equal(kinds[..., 0], Match.NONE), x.dtype)  # (n, k)
        slots, height, width, channels = x.shape[1:]
        ink = (x + 1) / 2 * present[..., None, None, None]
        ink = tf.reshape(tf.transpose(ink, [0, 2, 3, 1, 4]), [-1, height, width, slots * channels])
        boxes = tf.reshape(tf.cast(kinds[..., BOX], tf.float32) / SCALE, [-1, 4])
        vertical = _overlap(boxes[:, 0], boxes[:, 2], height // self.size)  # (n k, h)
        horizontal = _overlap(boxes[:, 1], boxes[:, 3], width // self.size)  # (n k, w)
        masks = vertical[:, :, None] * horizontal[:, None, :]
        masks = tf.reshape(masks, [-1, slots, height // self.size, width // self.size])
        masks = tf.transpose(tf.cast(masks, x.dtype) * present[..., None, None], [0, 2, 3, 1])
        return tf.concat([super().call(ink), masks], -1)

    def compute_output_shape(self, shape: tuple[Any, ...], *_: Any) -> tuple[Any, ...]:
        n, k, h, w, c = shape
        return n, h // self.size, w // self.size, k * (c * self.size**2 + 1)


class AddToAll(keras.layers.Layer):
    """The same vector added at all positions: (n, h, w, c) and (n, c) -> (n, h, w, c)."""

    def call(self, x: tf.Tensor, shift: tf.Tensor) -> tf.Tensor:
        return x + shift[:, None, None, :]

    def compute_output_shape(self, shape: tuple[Any, ...], *_: Any) -> tuple[Any, ...]:
        return shape


class Present(keras.layers.Layer):
    """Which slots hold an exemplar: kinds int32 (n, k, COLUMNS) -> float32 (n, k), 1 or 0."""

    def __init__(self, dtype: Any = "float32", **options: Any):
        super().__init__(dtype=dtype, **options)

    def call(self, kinds: tf.Tensor) -> tf.Tensor:
        return tf.cast(tf.not_equal(kinds[..., 0], Match.NONE), tf.float32)

    def compute_output_shape(self, shape: tuple[Any, ...]) -> tuple[Any, ...]:
        return shape[:2]


class MeanOfPresent(keras.layers.Layer):
    """The mean of the vectors of a set: (n, k, c) and (n, k) of ones and zeros -> (n, c); zeros for an empty set."""

    def call(self, x: tf.Tensor, present: tf.Tensor) -> tf.Tensor:
        weights = tf.cast(present, tf.float32)
        total = tf.reduce_sum(tf.cast(x, tf.float32) * weights[..., None], 1)
        return tf.cast(total / tf.maximum(tf.reduce_sum(weights, 1, keepdims=True), 1.0), x.dtype)

    def compute_output_shape(self, shape: tuple[Any, ...], *_: Any) -> tuple[Any, ...]:
        return shape[0], shape[2]


class KindEmbedding(keras.layers.Layer):
    """Kinds as vectors: embeddings of match and level, and a linear map of likeness and box.

    int32 (n, COLUMNS) -> float (n, width).
    """

    def __init__(self, width: int, **options: Any):
        super().__init__(**options)
        self.width = width

    def build(self, shape: tuple[Any, ...]) -> None:
        normal = keras.initializers.RandomNormal(stddev=0.5)
        self.matches = self.add_weight(name="matches", shape=(len(Match), self.width), initializer=normal)
        self.levels = self.add_weight(name="levels", shape=(LEVELS, self.width), initializer=normal)
        self.numbers = self.add_weight(name="numbers", shape=(COLUMNS - 2, self.width), initializer=normal)

    def call(self, kinds: tf.Tensor) -> tf.Tensor:
        matches = tf.gather(tf.convert_to_tensor(self.matches), kinds[:, 0])
        levels = tf.gather(tf.convert_to_tensor(self.levels), kinds[:, LEVEL])
        numbers = tf.cast(kinds[:, LIKENESS:], matches.dtype) / SCALE  # (n, 5)
        return matches + levels + tf.matmul(numbers, tf.convert_to_tensor(self.numbers))

    def compute_output_shape(self, shape: tuple[Any, ...]) -> tuple[Any, ...]:
        return shape[0], self.width

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"width": self.width}


class BoxMask(keras.layers.Layer):
    """Appends a channel with the fraction of each position that lies in the exemplar's box.

    (n, h, w, c) and kinds int32 (n, COLUMNS) -> (n, h, w, c + 1).
    """

    def call(self, x: tf.Tensor, kinds: tf.Tensor) -> tf.Tensor:
        height, width = x.shape[1:3]
        boxes = tf.cast(kinds[:, BOX], tf.float32) / SCALE  # (n, 4)
        vertical = _overlap(boxes[:, 0], boxes[:, 2], height)  # (n, h)
        horizontal = _overlap(boxes[:, 1], boxes[:, 3], width)  # (n, w)
        mask = vertical[:, :, None, None] * horizontal[:, None, :, None]
        return tf.concat([x, tf.cast(mask, x.dtype)], -1)

    def compute_output_shape(self, shape: tuple[Any, ...], *_: Any) -> tuple[Any, ...]:
        return *shape[:-1], shape[-1] + 1


def _overlap(first: tf.Tensor, last: tf.Tensor, cells: int) -> tf.Tensor:
    """float32 (n, cells): the fraction of each of ``cells`` equal parts of [0, 1] between ``first`` and ``last``."""
    edges = tf.range(cells + 1, dtype=tf.float32) / cells
    low = tf.maximum(edges[:-1], first[:, None])
    return tf.maximum(tf.minimum(edges[1:], last[:, None]) - low, 0.0) * cells


class ExemplarAttention(PixelAttention):
    """x + attention of each position to exemplars; what their kinds have in common.

    A learned key and value are attended to as well, so that there is always something. The last projection starts at
    zero.
    """

    def build(self, shape: tuple[Any, ...], *_: Any) -> None:
        channels = shape[-1]
        self.norm.build(shape)
        self.query = self.dense("asking", channels, channels)
        self.projection = self.dense("outward", channels, channels, zero=True)
        self.nothing = self.add_weight(
            name="nothing", shape=(2, channels), initializer=keras.initializers.RandomNormal(stddev=0.02)
        )

    def _nothing(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The key and the value that are always there: (c,) each."""
        key, value = tf.unstack(tf.cast(tf.convert_to_tensor(self.nothing), x.dtype))
        return key, value


class PositionwiseExemplarAttention(ExemplarAttention):
    """Each position attends to the same position of all exemplars."""

    def call(self, x: tf.Tensor, keys: tf.Tensor, values: tf.Tensor, present: tf.Tensor) -> tf.Tensor:
        """Adds what the positions attend to.

        Args:
            x: float tensor (n, h, w, c).
            keys, values: float tensors (n, k, h, w, c).
            present: float32 tensor (n, k), 1 for exemplars that there are.

        Returns:
            float tensor (n, h, w, c).
        """
        pixels, channels = x.shape[1] * x.shape[2], x.shape[3]
        size = channels // self.heads
        # Sums over the channels of a head, and their inverse, as products with ones and zeros: a CPU is slow at sums of
        # many small pieces.
        heads = tf.constant(np.repeat(np.eye(self.heads), size, axis=0), x.dtype)  # (c, heads)
        exemplars = tf.shape(keys)[1]
        query = tf.reshape(self.query(self.tokens(x)), [-1, 1, pixels * channels])
        nothing_key, nothing_value = self._nothing(x)  # (c,)
        products = tf.reshape(query * tf.reshape(keys, [-1, exemplars, pixels * channels]), [-1, channels])
        scores = tf.reshape(tf.matmul(products, heads), [-1, exemplars, pixels * self.heads])
        least = tf.reshape(tf.reshape(query, [-1, channels]) * nothing_key, [-1, channels])
        least = tf.reshape(tf.matmul(least, heads), [-1, 1, pixels * self.heads])
        scores = tf.cast(tf.concat([scores, least], 1), tf.float32) / math.sqrt(size)  # (n, k + 1, p heads)
        mask = tf.pad(tf.cast(present, tf.float32), [[0, 0], [0, 1]], constant_values=1.0)[:, :, None]
        weights = _softmax(scores - 1e9 * (1.0 - mask))
        weights = tf.reshape(tf.cast(weights, x.dtype), [-1, self.heads])
        weights = tf.matmul(weights, heads, transpose_b=True)  # (n (k + 1) p, c)
        weights = tf.reshape(weights, [-1, exemplars + 1, pixels * channels])
        attended = tf.reduce_sum(weights[:, :-1] * tf.reshape(values, [-1, exemplars, pixels * channels]), 1)
        attended = tf.reshape(attended, [-1, pixels, channels])
        attended += tf.reshape(weights[:, -1], [-1, pixels, channels]) * nothing_value
        return self.add(x, self.projection(attended))


def _softmax(scores: tf.Tensor) -> tf.Tensor:
    """Softmax over the middle axis of (n, k, m), without the transposition that ``tf.nn.softmax`` makes for it."""
    exponentials = tf.exp(scores - tf.stop_gradient(tf.reduce_max(scores, 1, keepdims=True)))
    return exponentials / tf.reduce_sum(exponentials, 1, keepdims=True)


class FullExemplarAttention(ExemplarAttention):
    """Each position attends to all positions of all exemplars."""

    def call(self, x: tf.Tensor, keys: tf.Tensor, values: tf.Tensor, present: tf.Tensor) -> tf.Tensor:
        """As ``PositionwiseExemplarAttention.call``."""
        pixels, channels = x.shape[1] * x.shape[2], x.shape[3]
        queries = split_heads(self.query(self.tokens(x)), self.heads)  # (n, heads, p, d)
        length = tf.shape(keys)[1] * pixels + 1

        def with_nothing(tokens: tf.Tensor, nothing: tf.Tensor) -> tf.Tensor:
            flat = tf.reshape(tokens, [-1, length - 1, channels])
            last = tf.broadcast_to(nothing, [tf.shape(x)[0], 1, channels])
            joined = tf.reshape(tf.concat([flat, last], 1), [-1, length, self.heads, channels // self.heads])
            return tf.transpose(joined, [0, 2, 1, 3])  # (n, heads, k p + 1, d)

        mask = tf.pad(tf.repeat(present, pixels, axis=1), [[0, 0], [0, 1]], constant_values=1.0) > 0
        nothing_key, nothing_value = self._nothing(x)
        attended = attend(queries, with_nothing(keys, nothing_key), with_nothing(values, nothing_value), mask)
        return self.add(x, self.projection(join_heads(attended)))
