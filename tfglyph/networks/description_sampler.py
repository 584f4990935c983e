"""Samples descriptions of characters: combinations of halves of known descriptions."""

import zlib
from typing import Any

import numpy as np
import tensorflow as tf

from tfglyph.composition.tokens import (
    FIRST_PART,
    LENGTH,
    SLOTS,
    UPPER,
    children,
    operator_index,
    parent,
    part_index,
    subtree,
)
from tfglyph.networks.frozen_tables import FrozenTables

ROOT = operator_index(0)
PURPOSE = zlib.crc32(b"imagined description")  # makes its draws independent of those of the image's noise


class DescriptionSampler(FrozenTables):
    """Draws descriptions: operator and first part of one training glyph, second part of another with that operator.

    A model that is conditioned on parts draws unconditional samples in two stages, p(description) p(image |
    description). The first assumes that the parts of an operator are independent, so most of its characters do not
    exist (of CNS's, 72 of 100).

    Args:
        count: int, number of descriptions that are stored.
    """

    table_names = ("descriptions", "starts")

    def __init__(self, count: int, **options: Any):
        super().__init__(**options)
        self.count: int = count
        self.descriptions = self.add_table("descriptions", (count, LENGTH), "uint16")  # by their operators
        self.starts = self.add_table("starts", (FIRST_PART + 1,), "int32")  # first row of each operator

    def adapt(self, tokens: np.ndarray) -> None:
        """Fills the table with the descriptions that have an operator and a token for every part, or, where there are
        more than ``count``, with as many of them, evenly spaced.

        Args:
            tokens: int32 array (n, LENGTH).
        """
        tokens = np.asarray(tokens)
        rows = tokens[(tokens[:, ROOT] > 0) & ~_has_unknown_part(tokens)]
        rows = rows[np.argsort(rows[:, ROOT], kind="stable")]
        if len(rows) > self.count:
            rows = rows[np.linspace(0, len(rows) - 1, self.count).round().astype(int)]
        self.starts.assign(np.searchsorted(rows[:, ROOT], np.arange(FIRST_PART + 1)))
        self.descriptions.assign(np.pad(rows, [(0, self.count - len(rows)), (0, 0)]).astype(np.uint16))

    def call(self, pairs: tf.Tensor) -> tf.Tensor:
        """Descriptions of seed pairs, each depending on its pair alone.

        Args:
            pairs: int64 tensor (n, 2), seed and index.

        Returns:
            int32 tensor (n, LENGTH).
        """

        def one(pair: tf.Tensor) -> tf.Tensor:
            seed = tf.random.experimental.stateless_fold_in(pair, tf.constant(PURPOSE, tf.int64), alg="philox")
            return tf.random.stateless_uniform([2], seed, alg="philox")

        draws = tf.map_fn(one, pairs, fn_output_signature=tf.TensorSpec([2], tf.float32))  # (n, 2)
        table, starts = tf.convert_to_tensor(self.descriptions), tf.convert_to_tensor(self.starts)
        first = tf.cast(tf.gather(table, _pick(draws[:, 0], 0, starts[-1])), tf.int32)  # (n, LENGTH)
        operator = first[:, ROOT]
        rows = _pick(draws[:, 1], tf.gather(starts, operator), tf.gather(starts, operator + 1))
        second = tf.cast(tf.gather(table, rows), tf.int32)  # (n, LENGTH)
        return tf.where(tf.constant(_second_half()), second, first)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"count": self.count}


def _has_unknown_part(tokens: np.ndarray) -> np.ndarray:
    """bool (n,): whether a part of a description has neither a token of its own nor parts."""
    unknown = np.zeros(len(tokens), bool)
    for slot in range(1, SLOTS):
        exists = tokens[:, operator_index(parent(slot))] > 0
        has_token = tokens[:, part_index(slot)] > 0
        has_parts = tokens[:, operator_index(slot)] > 0 if slot < UPPER else False
        unknown |= exists & ~(has_token | has_parts)
    return unknown


def _pick(draws: tf.Tensor, first: tf.Tensor | int, end: tf.Tensor) -> tf.Tensor:
    """int32 in [first, end) for uniform draws in [0, 1); ``first`` where there are none."""
    size = tf.cast(end - first, tf.float32)
    return first + tf.cast(tf.floor(draws * size), tf.int32)


def _second_half() -> np.ndarray:
    """bool (LENGTH,): the tokens of the second half and below."""
    second = np.zeros(LENGTH, bool)
    for slot in subtree(children(0)[1]):
        second[part_index(slot)] = True
        if slot < UPPER:
            second[operator_index(slot)] = True
    return second
