"""Average glyphs of parts from the training data (sketches), an input of the denoiser beside the noisy image.

The mean of the training glyphs that have a part at one position shows that part, more or less sharp, and grey where
the rest of the characters differs. Where no glyph has it there, the glyph of the part alone is scaled to the position.
A network with this input has to fit parts to each other, instead of learning the strokes of every part by heart.
"""

from types import ModuleType
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfglyph.composition import places
from tfglyph.composition.places import Box
from tfglyph.composition.tokens import FIRST_PART, SIGNS, UPPER, children, operator_index, parent, part_index
from tfglyph.networks.frozen_tables import FrozenTables

# The slots that have sketches, and the indices of their parts and of the operators of their parents in the tokens.
HALVES = children(0)
SKETCH_SLOTS = (*HALVES, *(quarter for half in HALVES for quarter in children(half)))
PARTS = [part_index(slot) for slot in SKETCH_SLOTS]
PARENTS = [operator_index(parent(slot)) for slot in SKETCH_SLOTS]
ROOT = operator_index(0)

NO_KEY = np.iinfo(np.int32).max  # in place of the key of a part that is missing, or of a row that is empty
MINIMUM = 2  # glyphs of a mean: of a single one nothing would be left without the glyph that is to be generated
SUPERSAMPLING = 2  # scaled glyphs are computed this many times too large, then averaged

# The boxes of the two parts of an operator: tokens have operators over three parts as two over two.
BOXES: dict[str, tuple[Box, ...]] = {
    **places.BOXES,
    "⿲": ((0, 0, 1, 0.36), (0, 0.3, 1, 1)),
    "⿳": ((0, 0, 0.36, 1), (0.3, 0, 1, 1)),
    "the rest of ⿲": ((0, 0, 1, 0.5), (0, 0.45, 1, 1)),
    "the rest of ⿳": ((0, 0, 0.5, 1), (0.45, 0, 1, 1)),
}


class Sketches(FrozenTables):
    """The means and the glyphs of parts, filled by ``adapt`` and looked up by tokens. Nothing in it is trained.

    Args:
        count: int, number of means; the most common parts have one.
        vocabulary: int, of the tokens.
        image_shape: (height, width, channels).
        classes: int, number of fonts or of whatever else the labels are; each has sketches of its own.
    """

    table_names = ("keys", "sizes", "means", "alone")

    def __init__(
        self, count: int, vocabulary: int, image_shape: tuple[int, int, int], classes: int = 1, **options: Any
    ):
        super().__init__(**options)
        self.count, self.vocabulary, self.image_shape = count, vocabulary, tuple(image_shape)
        self.classes = classes
        self.keys = self.add_table("keys", (count,), "int32", keras.initializers.Constant(NO_KEY))  # ascending
        self.sizes = self.add_table("sizes", (count,), "int32")  # number of glyphs of each mean
        self.means = self.add_table("means", (count, *self.image_shape), "uint8")
        self.alone = self.add_table("alone", (classes * vocabulary, *self.image_shape), "uint8")  # black: no glyph

    def adapt(
        self, images: np.ndarray, tokens: np.ndarray, part_tokens: np.ndarray, labels: np.ndarray | None = None
    ) -> None:
        """Fills the tables.

        Args:
            images: uint8 array (n, h, w, c), the glyphs of the training data.
            tokens: int32 array (n, LENGTH), their descriptions.
            part_tokens: int32 array (n,): the token of each character as a part of others, 0 where it has none.
            labels: int array (n,), from 0 to classes - 1; None: all 0.
        """
        images = np.asarray(images)
        labels = np.zeros(len(images), np.int32) if labels is None else np.asarray(labels, np.int32)
        glyph_keys = self._keys(np.asarray(tokens), labels, np)  # (n, slots)
        keys, sizes = np.unique(glyph_keys[glyph_keys != NO_KEY], return_counts=True)
        common = np.argsort(-sizes, kind="stable")[: self.count]
        common = np.sort(common[sizes[common] >= MINIMUM])  # rows of ``keys``, which ascend
        keys, sizes = keys[common], sizes[common]
        means = np.zeros((self.count, *self.image_shape), np.uint8)
        for column in glyph_keys.T:  # a slot at a time: memory for the images once
            order = np.argsort(column, kind="stable")
            order = order[np.isin(column[order], keys)]
            column_keys, starts = np.unique(column[order], return_index=True)
            if len(column_keys):
                rows = np.searchsorted(keys, column_keys)
                sums = np.add.reduceat(images[order], starts, dtype=np.uint32)
                means[rows] = np.round(sums / sizes[rows].reshape(-1, 1, 1, 1))
        empty = self.count - len(keys)
        self.keys.assign(np.pad(keys, (0, empty), constant_values=NO_KEY))
        self.sizes.assign(np.pad(sizes, (0, empty)))
        self.means.assign(means)
        alone = np.zeros(self.alone.shape, np.uint8)
        alone[labels * self.vocabulary + np.asarray(part_tokens)] = images
        alone[:: self.vocabulary] = 0
        self.alone.assign(alone)

    def call(self, tokens: tf.Tensor, labels: tf.Tensor | None = None, drawn: tf.Tensor | None = None) -> tf.Tensor:
        """The sketches of the parts of descriptions.

        Args:
            tokens: int32 tensor (n, LENGTH).
            labels: None, or int32 tensor (n,); negative ones have no sketches.
            drawn: None, or uint8 tensor (n, h, w, c): the glyphs of these descriptions, where they are among those of
                which the means were computed. They are subtracted: in training, the input must not contain the target.

        Returns:
            float32 tensor (n, h, w, 6 c) of ink in [0, 1], one slot after another; 0 where there is no sketch.
        """
        height, width, channels = self.image_shape
        labels = tf.zeros_like(tokens[:, 0]) if labels is None else labels
        tokens = tf.where(labels[:, None] < 0, 0, tokens)
        means, available = self._means(tokens, labels, drawn)
        sketches = tf.where(available, means, self._scaled_parts(tokens, labels)) / 255.0  # (n, slots, h, w, c)
        sketches = tf.transpose(sketches, [0, 2, 3, 1, 4])  # (n, h, w, slots, c)
        return tf.reshape(sketches, [-1, height, width, len(SKETCH_SLOTS) * channels])  # (n, h, w, slots c)

    def _means(self, tokens: tf.Tensor, labels: tf.Tensor, drawn: tf.Tensor | None) -> tuple[tf.Tensor, tf.Tensor]:
        """float32 (n, slots, h, w, c) in [0, 255], and bool (n, slots, 1, 1, 1): which of them there are."""
        keys = self._keys(tokens, labels, tf)  # (n, slots)
        table = tf.convert_to_tensor(self.keys)
        rows = tf.minimum(tf.searchsorted(table, tf.reshape(keys, [-1])), self.count - 1)
        rows = tf.reshape(rows, tf.shape(keys))  # (n, slots)
        available = (tf.gather(table, rows) == keys) & (keys != NO_KEY)
        means = tf.cast(tf.gather(tf.convert_to_tensor(self.means), rows), tf.float32)  # (n, slots, h, w, c)
        if drawn is not None:
            sizes = tf.gather(tf.convert_to_tensor(self.sizes), rows)
            sizes = tf.cast(tf.maximum(sizes, MINIMUM), tf.float32)[..., None, None, None]
            targets = tf.cast(drawn, tf.float32)[:, None]
            means = tf.clip_by_value((sizes * means - targets) / (sizes - 1), 0.0, 255.0)
        return means, available[..., None, None, None]

    def _scaled_parts(self, tokens: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """The glyphs of the parts alone, each in its box: float32 (n, slots, h, w, c) in [0, 255]."""
        height, width, channels = self.image_shape
        parts = tf.gather(tokens, PARTS, axis=1)  # (n, slots)
        rows = tf.reshape(tf.maximum(labels, 0)[:, None] * self.vocabulary + parts, [-1])  # (n slots,)
        operators = tf.gather(tokens, PARENTS, axis=1)  # (n, slots)
        roots = tf.broadcast_to(tokens[:, ROOT, None], tf.shape(operators))
        slots = tf.broadcast_to(tf.constant(SKETCH_SLOTS, tf.int32), tf.shape(operators))
        crops = tf.gather_nd(tf.constant(_crops()), tf.stack([roots, operators, slots], axis=-1))  # (n, slots, 4)
        glyphs = tf.cast(tf.gather(tf.convert_to_tensor(self.alone), rows), tf.float32)
        finer = tf.image.crop_and_resize(
            glyphs,
            tf.reshape(crops, [-1, 4]),
            tf.range(tf.shape(rows)[0]),
            [SUPERSAMPLING * height, SUPERSAMPLING * width],
        )  # black beyond the glyph
        scaled = tf.nn.avg_pool2d(finer, SUPERSAMPLING, SUPERSAMPLING, "VALID")  # (n slots, h, w, c)
        return tf.reshape(scaled, [-1, len(SKETCH_SLOTS), height, width, channels])

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "count": self.count,
            "vocabulary": self.vocabulary,
            "image_shape": self.image_shape,
            "classes": self.classes,
        }

    def _keys(self, tokens: Any, labels: Any, library: ModuleType) -> Any:
        """A number for each part at its slot under its operators in its font.

        Args:
            tokens: int32 array or tensor (n, LENGTH).
            labels: int32 array or tensor (n,).
            library: numpy for arrays, tensorflow for tensors.

        Returns:
            int32 (n, slots); NO_KEY where there is no part.
        """
        columns = []
        for slot, part_column, parent_column in zip(SKETCH_SLOTS, PARTS, PARENTS, strict=True):
            root, part, operator = tokens[:, ROOT], tokens[:, part_column], tokens[:, parent_column]
            position = ((labels * FIRST_PART + root) * FIRST_PART + operator) * UPPER + slot
            columns.append(library.where((part > 0) & (operator > 0), position * self.vocabulary + part, NO_KEY))
        return library.stack(columns, 1)


def _crops() -> np.ndarray:
    """float32 (operators, operators, slots, 4): the crop of a part's glyph that fills the slot's box with it.

    The first operator is that of the whole, the second that of the slot's parent. The boxes of quarters lie in those
    of halves. To put a glyph into the box from a to b of the whole is to crop it from -a / (b - a) to
    (1 - a) / (b - a), and to resize that to the whole.
    """
    signs = dict(enumerate(SIGNS, 1))
    crops = np.zeros((FIRST_PART, FIRST_PART, 1 + max(SKETCH_SLOTS), 4), np.float32)
    crops[..., 2:] = 1.0
    for slot in SKETCH_SLOTS:
        half = slot if slot in HALVES else parent(slot)
        for root, root_sign in signs.items():
            half_box = np.array(BOXES[root_sign][HALVES.index(half)])
            for operator, sign in signs.items():
                box = half_box if slot == half else _within(BOXES[sign][children(half).index(slot)], half_box)
                size = np.tile(box[2:] - box[:2], 2)
                crops[root, operator, slot] = (np.array([0, 0, 1, 1]) - np.tile(box[:2], 2)) / size
    return crops


def _within(box: tuple[float, float, float, float], outer: np.ndarray) -> np.ndarray:
    """A box of an outer box as a box of the whole: float64 (4,)."""
    return np.tile(outer[:2], 2) + np.array(box) * np.tile(outer[2:] - outer[:2], 2)
