"""The encoder of exemplars: the slots of a set become channels beside those of the noisy image.

Exemplars are in their places, so that what belongs at a patch is at that patch of some of them. An encoder of each
exemplar by itself with attention to all of them costs ten times as much and learns more slowly.
"""

from typing import Any

import keras
import tensorflow as tf

from tfglyph.architecture.condition import Exemplars
from tfglyph.exemplars.kinds import BOX, COLUMNS, DEEPEST_LEVEL, LEVEL, LIKENESS, SCALE, Match
from tfglyph.networks.convolutions import Conv2D
from tfglyph.networks.patches import space_to_depth

KIND_WIDTH = 64
LEVELS = DEEPEST_LEVEL + 1  # 0 is the whole
PLANES, STYLE = "planes", "style"


def encoded_inputs(section: Exemplars, image_shape: tuple[int, int, int], patch: int, width: int) -> dict[str, Any]:
    """The encoder's outputs as inputs of a denoiser.

    Args:
        section: Exemplars.
        image_shape: (height, width, channels).
        patch: int, side of a patch in pixels.
        width: int, of the style vector.

    Returns:
        dict of keras.KerasTensor: "exemplars_planes" (n, height / patch, width / patch, channels) and
        "exemplars_style" (n, width).
    """
    dtype = keras.config.dtype_policy().compute_dtype
    shapes = {PLANES: (*(side // patch for side in image_shape[:2]), section.output[-1]), STYLE: (width,)}
    return {input_name(name): keras.Input(shape, name=input_name(name), dtype=dtype) for name, shape in shapes.items()}


def input_name(name: str) -> str:
    """The name of an input of the denoiser that comes from the encoder."""
    return f"exemplars_{name}"


def build_exemplar_encoder(
    section: Exemplars, image_shape: tuple[int, int, int], patch: int, width: int
) -> keras.Model:
    """Exemplars to what the denoiser adds to its own features.

    The pixels of a patch in all slots, and how much of the patch lies in the box of each, are mixed linearly, shifted
    by what the kinds say, and mixed with the neighbouring patches.

    Args:
        section: Exemplars.
        image_shape: (height, width, channels) of an exemplar.
        patch: int, side of a patch in pixels, as in the denoiser.
        width: int, of the style vector.

    Returns:
        keras.Model: {"exemplars": float32 (n, k, h, w, c) in the model's pixel range, "kinds": int32 (n, k, COLUMNS)}
        -> dict of ``encoded_inputs``.
    """
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
    planes = keras.layers.Activation("silu", name="planes")(x)
    pooled = keras.layers.GlobalAveragePooling2D(name="style_pool")(planes)
    joined = keras.layers.Concatenate(name="style_join")([pooled, embedding])
    hidden = keras.layers.Dense(width, activation="silu", name="style_hidden")(joined)
    outputs = {input_name(PLANES): planes, input_name(STYLE): keras.layers.Dense(width, name="style_out")(hidden)}
    return keras.Model({"exemplars": exemplars, "kinds": kinds}, outputs, name="exemplar_encoder")


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


class InkPatches(keras.layers.Layer):
    """The ink of all slots at each patch, with the fraction of the patch that lies in each one's box.

    (n, k, h, w, c) in [-1, 1] and kinds int32 (n, k, COLUMNS) -> (n, h / size, w / size, k (c size size + 1)); empty
    slots are 0 throughout.
    """

    def __init__(self, size: int, **options: Any):
        super().__init__(**options)
        self.size = size

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
        return tf.concat([space_to_depth(ink, self.size), masks], -1)

    def compute_output_shape(self, shape: tuple[Any, ...], *_: Any) -> tuple[Any, ...]:
        n, k, h, w, c = shape
        return n, h // self.size, w // self.size, k * (c * self.size**2 + 1)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"size": self.size}


class AddToAll(keras.layers.Layer):
    """The same vector added at all positions: (n, h, w, c) and (n, c) -> (n, h, w, c)."""

    def call(self, x: tf.Tensor, shift: tf.Tensor) -> tf.Tensor:
        return x + shift[:, None, None, :]

    def compute_output_shape(self, shape: tuple[Any, ...], *_: Any) -> tuple[Any, ...]:
        return shape


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


def _overlap(first: tf.Tensor, last: tf.Tensor, cells: int) -> tf.Tensor:
    """float32 (n, cells): the fraction of each of ``cells`` equal parts of [0, 1] between ``first`` and ``last``."""
    edges = tf.range(cells + 1, dtype=tf.float32) / cells
    low = tf.maximum(edges[:-1], first[:, None])
    return tf.maximum(tf.minimum(edges[1:], last[:, None]) - low, 0.0) * cells
