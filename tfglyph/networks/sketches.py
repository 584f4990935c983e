"""What the training data itself says about how a part looks at its place: average glyphs, seen beside the noise.

The mean of the training glyphs that have a part at one place shows that part, more or less sharp, and grey where the
rest of the characters differs. Where no glyph has it there, the glyph of the part alone is squeezed into the place. A
network that sees both has to fit parts to each other, instead of learning the strokes of every part by heart.
"""

import keras
import numpy as np
import tensorflow as tf

from tfglyph.composition.tokens import FIRST_PART, SIGNS, UPPER, operator_index, parent, part_index
from tfglyph.networks.frozen_tables import FrozenTables

SLOTS = tuple(range(1, 7))  # of the heap of tfglyph.composition.tokens: two halves, four quarters
NOWHERE = np.iinfo(np.int32).max  # the key of a row without a glyph
FEWEST = 2  # glyphs of a mean: of a single one nothing would be left without the glyph that is to be drawn
FINER = 2  # squeezed glyphs are drawn this many times too large, then averaged

# Where the two parts of an operator lie: (top, left, bottom, right) of the whole.
BOXES = {
    "⿰": ((0, 0, 1, 0.5), (0, 0.42, 1, 1)),
    "⿱": ((0, 0, 0.52, 1), (0.42, 0, 1, 1)),
    "⿲": ((0, 0, 1, 0.36), (0, 0.3, 1, 1)),
    "⿳": ((0, 0, 0.36, 1), (0.3, 0, 1, 1)),
    "⿴": ((0, 0, 1, 1), (0.2, 0.2, 0.85, 0.8)),
    "⿵": ((0, 0, 1, 1), (0.28, 0.18, 0.96, 0.82)),
    "⿶": ((0, 0, 1, 1), (0.05, 0.18, 0.75, 0.82)),
    "⿷": ((0, 0, 1, 1), (0.15, 0.2, 0.85, 0.97)),
    "⿸": ((0, 0, 1, 1), (0.28, 0.22, 1, 1)),
    "⿹": ((0, 0, 1, 1), (0.28, 0.02, 0.97, 0.75)),
    "⿺": ((0, 0, 1, 1), (0, 0.26, 0.82, 1)),
    "⿻": ((0, 0, 1, 1), (0, 0, 1, 1)),
    "the rest of ⿲": ((0, 0, 1, 0.5), (0, 0.45, 1, 1)),
    "the rest of ⿳": ((0, 0, 0.5, 1), (0.45, 0, 1, 1)),
}


class Sketches(FrozenTables):
    """The means and the glyphs of parts, filled by ``adapt`` and looked up by tokens. Nothing in it is trained.

    Args:
        count: int, how many means; the commonest parts have one.
        vocabulary: int, of the tokens.
        image_shape: (height, width, channels).
        classes: int: fonts or whatever else labels tell apart; each has sketches of its own.
    """

    table_names = ("keys", "sizes", "means", "alone")

    def __init__(self, count, vocabulary, image_shape, classes=1, **options):
        super().__init__(**options)
        self.count, self.vocabulary, self.image_shape = count, vocabulary, tuple(image_shape)
        self.classes = classes
        self.keys = self.add_table("keys", (count,), "int32", keras.initializers.Constant(NOWHERE))  # ascending
        self.sizes = self.add_table("sizes", (count,), "int32")  # glyphs behind each mean
        self.means = self.add_table("means", (count, *self.image_shape), "uint8")
        self.alone = self.add_table("alone", (classes * vocabulary, *self.image_shape), "uint8")  # black: no glyph

    def adapt(self, images: np.ndarray, tokens: np.ndarray, own: np.ndarray, labels: np.ndarray | None = None) -> None:
        """Fills the tables.

        Args:
            images: uint8 array (n, h, w, c), the glyphs of the training.
            tokens: int32 array (n, LENGTH), their descriptions.
            own: int32 array (n,): the token that the glyph itself has as a part of others, 0 where it has none.
            labels: int array (n,), from 0 to classes - 1; None: all 0.
        """
        images = np.asarray(images)
        labels = np.zeros(len(images), np.int32) if labels is None else np.asarray(labels, np.int32)
        keys = self._keys(np.asarray(tokens), labels, np)  # (n, slots)
        found, sizes = np.unique(keys[keys != NOWHERE], return_counts=True)
        common = np.argsort(-sizes, kind="stable")[: self.count]
        common = np.sort(common[sizes[common] >= FEWEST])  # of ``found``, which ascends
        found, sizes = found[common], sizes[common]
        means = np.zeros((self.count, *self.image_shape), np.uint8)
        for column in keys.T:  # a slot at a time: memory for the images once
            order = np.argsort(column, kind="stable")
            order = order[np.isin(column[order], found)]
            here, starts = np.unique(column[order], return_index=True)
            if len(here):
                rows = np.searchsorted(found, here)
                sums = np.add.reduceat(images[order], starts, dtype=np.uint32)
                means[rows] = np.round(sums / sizes[rows].reshape(-1, 1, 1, 1))
        missing = self.count - len(found)
        self.keys.assign(np.pad(found, (0, missing), constant_values=NOWHERE))
        self.sizes.assign(np.pad(sizes, (0, missing)))
        self.means.assign(means)
        alone = np.zeros(self.alone.shape, np.uint8)
        rows = labels * self.vocabulary + np.asarray(own)
        alone[rows] = images
        alone[:: self.vocabulary] = 0
        self.alone.assign(alone)

    def call(self, tokens, labels=None, drawn=None):
        """How the parts of descriptions look at their places.

        Args:
            tokens: int32 tensor (n, LENGTH).
            labels: None, or int32 tensor (n,); nothing is known of negative ones.
            drawn: None, or uint8 tensor (n, h, w, c): the glyphs of these descriptions, where the means were taken of
                them, too. They are taken out again: in training, a mean must not tell what is to be drawn.

        Returns:
            float32 tensor (n, h, w, 6 c) of ink in [0, 1], one slot after another; 0 where nothing is known.
        """
        height, width, channels = self.image_shape
        labels = tf.zeros_like(tokens[:, 0]) if labels is None else labels
        tokens = tf.where(labels[:, None] < 0, 0, tokens)
        means, known = self._means(tokens, labels, drawn)
        sketches = tf.where(known, means, self._squeezed(tokens, labels)) / 255.0  # (n, slots, h, w, c)
        sketches = tf.transpose(sketches, [0, 2, 3, 1, 4])
        return tf.reshape(sketches, [-1, height, width, len(SLOTS) * channels])  # (n, h, w, slots c)

    def _means(self, tokens, labels, drawn):
        """float32 (n, slots, h, w, c) in [0, 255], and bool (n, slots, 1, 1, 1): which of them there are."""
        keys = self._keys(tokens, labels, tf)  # (n, slots)
        table = tf.convert_to_tensor(self.keys)
        rows = tf.minimum(tf.searchsorted(table, tf.reshape(keys, [-1])), self.count - 1)
        rows = tf.reshape(rows, tf.shape(keys))  # (n, slots)
        known = (tf.gather(table, rows) == keys) & (keys != NOWHERE)
        means = tf.cast(tf.gather(tf.convert_to_tensor(self.means), rows), tf.float32)  # (n, slots, h, w, c)
        if drawn is not None:
            sizes = tf.gather(tf.convert_to_tensor(self.sizes), rows)
            sizes = tf.cast(tf.maximum(sizes, FEWEST), tf.float32)[..., None, None, None]
            own = tf.cast(drawn, tf.float32)[:, None]
            means = tf.clip_by_value((sizes * means - own) / (sizes - 1), 0.0, 255.0)
        return means, known[..., None, None, None]

    def _squeezed(self, tokens, labels):
        """The glyphs of the parts alone, each in its box: float32 (n, slots, h, w, c) in [0, 255]."""
        height, width, channels = self.image_shape
        slots = np.array(SLOTS, np.int32)
        parts = tf.gather(tokens, UPPER + slots, axis=1)  # (n, slots)
        rows = tf.reshape(tf.maximum(labels, 0)[:, None] * self.vocabulary + parts, [-1])  # (n slots,)
        above = tf.gather(tokens, (slots - 1) // 2, axis=1)  # (n, slots)
        places = tf.stack([tf.broadcast_to(tokens[:, :1], tf.shape(above)), above], axis=-1)
        places = tf.concat([places, tf.broadcast_to(slots[:, None], tf.shape(above[..., None]))], axis=-1)
        boxes = tf.reshape(tf.gather_nd(tf.constant(_boxes()), places), [-1, 4])  # (n slots, 4)
        glyphs = tf.cast(tf.gather(tf.convert_to_tensor(self.alone), rows), tf.float32)
        finer = tf.image.crop_and_resize(
            glyphs, boxes, tf.range(tf.shape(rows)[0]), [FINER * height, FINER * width]
        )  # black beyond the glyph
        squeezed = tf.nn.avg_pool2d(finer, FINER, FINER, "VALID")  # (n slots, h, w, c)
        return tf.reshape(squeezed, [-1, len(SLOTS), height, width, channels])

    def get_config(self):
        return super().get_config() | {
            "count": self.count,
            "vocabulary": self.vocabulary,
            "image_shape": self.image_shape,
            "classes": self.classes,
        }

    def _keys(self, tokens, labels, library):
        """A number for each part at its slot under its operators in its font; ``library`` is numpy or tensorflow.

        Args:
            tokens: int32 (n, LENGTH).
            labels: int32 (n,).

        Returns:
            int32 (n, slots); NOWHERE where no part sits.
        """
        columns = []
        for slot in SLOTS:
            part, root = tokens[:, part_index(slot)], tokens[:, operator_index(0)]
            above = tokens[:, operator_index(parent(slot))]
            position = ((labels * FIRST_PART + root) * FIRST_PART + above) * UPPER + slot
            columns.append(library.where((part > 0) & (above > 0), position * self.vocabulary + part, NOWHERE))
        return library.stack(columns, 1)


def _boxes():
    """float32 (operators, operators, slots, 4): what part of a glyph to look at so that it fills the slot's box.

    The boxes of quarters lie in those of halves. To put a glyph into the box from a to b of the whole is to look at it
    from -a / (b - a) to (1 - a) / (b - a).
    """
    signs = dict(enumerate(SIGNS, 1))
    found = np.zeros((FIRST_PART, FIRST_PART, 1 + SLOTS[-1], 4), np.float32)
    found[..., 2:] = 1.0
    for slot in SLOTS:
        half = slot if slot < 3 else (slot - 1) // 2
        for root, sign in signs.items():
            a = np.array(BOXES[sign][half - 1])
            for above, below in signs.items():
                box = a
                if slot != half:
                    size, inner = np.tile(a[2:] - a[:2], 2), np.array(BOXES[below][(slot - 1) % 2])
                    box = np.tile(a[:2], 2) + inner * size
                size = np.tile(box[2:] - box[:2], 2)
                found[root, above, slot] = (np.array([0, 0, 1, 1]) - np.tile(box[:2], 2)) / size
    return found
