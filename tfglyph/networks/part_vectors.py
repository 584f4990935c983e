"""The additive prior of a latent: its mean is the sum of a learned vector for each part at the top of a description."""

import zlib
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfglyph.architecture.part_prior import PARTS, PriorObjective
from tfglyph.composition.descriptions import OPERATORS
from tfglyph.composition.tokens import (
    LENGTH,
    REMAINDER,
    SIGNS,
    Tokenizer,
    children,
    operator_index,
    part_index,
    tokenizer,
)

PLACES = 3  # of the operators that join most parts
RAREST = 2  # occurrences in the training data that a vector is learned from
NO_KEY = np.iinfo(np.int32).max  # fills up the table; keys are in ascending order
PURPOSE = zlib.crc32(b"parts of the prior")  # makes its draws independent of those of the latent's noise


def build_prior(objective: PriorObjective, z_dim: int) -> keras.Model:
    """The network from descriptions to means of the prior.

    Args:
        objective: PriorObjective with the prior "parts".
        z_dim: int.

    Returns:
        keras.Model, int32 tokens (n, LENGTH) -> float32 means (n, z_dim); its layer "parts" is a PartVectors.
    """
    tokens = keras.Input((LENGTH,), dtype="int32", name="tokens")
    layer = PartVectors(objective.prior_vectors, z_dim, tokenizer(PARTS).vocabulary, name="parts", dtype="float32")
    return keras.Model(tokens, layer(tokens), name="prior")


class PartVectors(keras.layers.Layer):
    """m(description) = sum over its top-level parts of e[operator, place, part]; parts without a vector add nothing.

    Which parts have one is decided once, by ``adapt``. The places of an operator over three parts are three, although
    tokens nest the last two.

    Args:
        count: int, number of vectors.
        z_dim: int.
        vocabulary: int, number of different tokens.
    """

    def __init__(self, count: int, z_dim: int, vocabulary: int, **options: Any):
        super().__init__(**options)
        self.count: int = count
        self.z_dim: int = z_dim
        self.vocabulary: int = vocabulary

    def build(self, input_shape: Any) -> None:
        table = {"shape": (self.count,), "dtype": "int32", "trainable": False, "autocast": False}
        self.keys = self.add_weight(name="keys", initializer=keras.initializers.Constant(NO_KEY), **table)
        self.occurrences = self.add_weight(name="occurrences", initializer="zeros", **table)
        self.vectors = self.add_weight(
            name="vectors", shape=(self.count, self.z_dim), initializer="zeros", dtype="float32", autocast=False
        )

    def call(self, tokens: tf.Tensor) -> tf.Tensor:
        """int32 tokens (n, LENGTH) -> float32 (n, z_dim)."""
        return self.mean_of(self._rows_of(self._keys_of(tokens)))

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        return (input_shape[0], self.z_dim)

    def mean_of(self, rows: tf.Tensor) -> tf.Tensor:
        """The sum of vectors: int32 rows (n, PLACES), negative for none -> float32 (n, z_dim)."""
        # A product instead of a lookup: its gradient is dense, which the guards of an optimizer look at, and the same
        # on every device.
        chosen = tf.reduce_sum(tf.one_hot(rows, self.count), axis=1)  # (n, count)
        return tf.matmul(chosen, tf.convert_to_tensor(self.vectors))

    def recognition_loss(self, z: tf.Tensor, tokens: tf.Tensor) -> tf.Tensor:
        """-log p(part | z, operator, the other parts), summed over the parts of a description that have a vector.

        By Bayes' rule with the prior N(m, 1) and parts as common as in the training data: with m' = m - e[own part],
        p(k | z, ...) is proportional to occurrences[k] exp(-|z - m' - e[k]|^2 / 2), for all k at this place of this
        operator.

        Args:
            z: float (n, z_dim), latents of images.
            tokens: int32 (n, LENGTH), their descriptions.

        Returns:
            float32 scalar, nats: averaged over n.
        """
        # Only z is moved. The many vectors that a batch lacks have gradients that are tiny but of one sign, and Adam
        # would make its full steps of them: their lengths grew without end.
        vectors = tf.stop_gradient(tf.convert_to_tensor(self.vectors))
        rows = self._rows_of(self._keys_of(tokens))  # (n, PLACES)
        heads = tf.convert_to_tensor(self.keys) // self.vocabulary  # (count,), operator and place
        common = tf.math.log(tf.cast(tf.maximum(self.occurrences, 1), tf.float32))
        offset = common - 0.5 * tf.reduce_sum(tf.square(vectors), axis=1)  # (count,)
        residual = tf.cast(z, tf.float32) - tf.stop_gradient(self.mean_of(rows))
        loss = tf.zeros(tf.shape(z)[:1])
        for row in tf.unstack(rows, axis=1):
            own = tf.one_hot(row, self.count)  # (n, count), zero without a vector
            logits = tf.matmul(residual + tf.matmul(own, vectors), vectors, transpose_b=True) + offset
            same = tf.equal(tf.gather(heads, tf.maximum(row, 0))[:, None], heads)
            logits = tf.where(same, logits, logits.dtype.min)
            of_place = tf.nn.softmax_cross_entropy_with_logits(own, logits)
            loss += of_place  # a row of zeros has no loss
        return tf.reduce_mean(loss)

    def _keys_of(self, tokens: tf.Tensor) -> tf.Tensor:
        """One number for operator, place and part: int32 (n, PLACES); -1 where there is no part or no token for it."""
        first, second = children(0)
        middle, last = children(second)
        signs = [1 + SIGNS.index(sign) for sign in REMAINDER.values()]
        operator, below = tokens[:, operator_index(0)], tokens[:, operator_index(second)]
        of_three = tf.reduce_any(tf.equal(below[:, None], tf.constant(signs, tf.int32)), axis=1)[:, None]  # (n, 1)
        two = tf.gather(tokens, [part_index(first), part_index(second), part_index(last)], axis=1)
        two *= tf.constant([1, 1, 0], tf.int32)
        three = tf.gather(tokens, [part_index(first), part_index(middle), part_index(last)], axis=1)
        parts = tf.where(of_three, three, two)  # (n, PLACES)
        keys = (operator[:, None] * PLACES + tf.range(PLACES)) * self.vocabulary + parts
        return tf.where((operator[:, None] > 0) & (parts > 0), keys, -1)

    def _rows_of(self, keys: tf.Tensor) -> tf.Tensor:
        """The rows of the table that hold keys: int32, the same shape; -1 for those that are not in it."""
        table = tf.convert_to_tensor(self.keys)
        rows = tf.minimum(tf.searchsorted(table, tf.reshape(keys, [-1])), self.count - 1)
        rows = tf.reshape(rows, tf.shape(keys))
        return tf.where(tf.equal(tf.gather(table, rows), keys), rows, -1)

    # === From data ===

    def adapt(self, tokens: np.ndarray) -> None:
        """Gives vectors to the most common parts, as many as there are vectors; at most those that occur twice.

        Args:
            tokens: int32 (n, LENGTH), of the training data.
        """
        keys, counts = np.unique(self._keys_of(tf.constant(tokens, tf.int32)).numpy(), return_counts=True)
        known = (keys >= 0) & (counts >= RAREST)
        keys, counts = keys[known], counts[known]
        commonest = np.sort(np.argsort(-counts, kind="stable")[: self.count])
        missing = self.count - len(commonest)
        self.keys.assign(np.pad(keys[commonest], (0, missing), constant_values=NO_KEY))
        self.occurrences.assign(np.pad(counts[commonest], (0, missing)))

    def known(self, encoder: Tokenizer) -> list[tuple[str, int, str]]:
        """(operator, place from 0, part) of each vector, in the order of ``vectors``."""
        keys = self.keys.numpy()
        heads, parts = np.divmod(keys[keys != NO_KEY], self.vocabulary)
        operators, places = np.divmod(heads, PLACES)
        return [
            (encoder.names[operator - 1], int(place), encoder.names[part - 1])
            for operator, place, part in zip(operators, places, parts, strict=True)
        ]

    # === The description of a latent ===

    def most_probable(self, z: tf.Tensor) -> tf.Tensor:
        """The parts that the prior most probably drew latents of: the largest p(operator, parts | z).

        By Bayes' rule: of all operators and all combinations of their known parts, that with the largest
        p(operator) p(parts | operator) exp(-|z - m|^2 / 2), parts as common at their place as in the training data and
        independent of each other.

        Args:
            z: float32 (n, z_dim).

        Returns:
            int32 rows (n, PLACES), for ``mean_of``, in the order of ``known``; -1 where there is no part.
        """
        with tf.init_scope():  # the table is data here, also while a graph is traced
            keys, occurrences = self.keys.numpy(), self.occurrences.numpy()
        known = keys != NO_KEY
        if not known.any():
            return tf.fill([tf.shape(z)[0], PLACES], -1)
        operators, places = np.divmod(keys // self.vocabulary, PLACES)
        vectors, firsts = tf.convert_to_tensor(self.vectors), occurrences[known & (places == 0)].sum()
        tables = []  # for each operator: rows of each place, their vectors, and the part of the score that has no z
        for operator in np.unique(operators[known]):
            rows = [np.flatnonzero(known & (operators == operator) & (places == place)) for place in range(PLACES)]
            rows = [row for row in rows if row.size] if rows[0].size else []
            if not rows:
                continue
            of_places = [tf.gather(vectors, row) for row in rows]  # (rows, z_dim) each
            common = [np.log(occurrences[row] / occurrences[row].sum()) for row in rows]
            score = tf.constant(np.log(occurrences[rows[0]].sum() / firsts), tf.float32)
            for place, (own, logs) in enumerate(zip(of_places, common, strict=True)):
                alone = tf.constant(logs, tf.float32) - 0.5 * tf.reduce_sum(tf.square(own), axis=1)
                score += _along(alone, [place], len(rows))
                for other in range(place):
                    score -= _along(tf.matmul(of_places[other], own, transpose_b=True), [other, place], len(rows))
            tables.append((rows, of_places, score))

        def one(latent: tf.Tensor) -> tf.Tensor:
            scores, choices = [], []
            for rows, of_places, score in tables:
                for place, own in enumerate(of_places):
                    score += _along(tf.linalg.matvec(own, latent), [place], len(rows))
                flat = tf.reshape(score, [-1])
                best = tf.argmax(flat)
                place_rows = tf.unravel_index(best, tf.shape(score, tf.int64))
                chosen = [tf.gather(row, place_rows[place]) for place, row in enumerate(rows)]
                choices.append(tf.cast([*chosen, *[-1] * (PLACES - len(rows))], tf.int32))
                scores.append(flat[best])
            return tf.stack(choices)[tf.argmax(tf.stack(scores))]

        return tf.map_fn(one, z, fn_output_signature=tf.TensorSpec([PLACES], tf.int32), parallel_iterations=1)

    # === Descriptions from the prior ===

    def uniform(self, pairs: tf.Tensor) -> tf.Tensor:
        """The draws for ``sample_means``, each row from its seed pair int64 (n, 2) alone: float32 (n, PLACES)."""

        def one(pair: tf.Tensor) -> tf.Tensor:
            seed = tf.random.experimental.stateless_fold_in(pair, tf.constant(PURPOSE, tf.int64), alg="philox")
            return tf.random.stateless_uniform([PLACES], seed, alg="philox")

        return tf.map_fn(one, pairs, fn_output_signature=tf.TensorSpec([PLACES], tf.float32))

    def sample_means(self, uniform: tf.Tensor) -> tf.Tensor:
        """Means of descriptions that are drawn as the training data has them: operator and first part together, and
        each other part by how common it is at its place of that operator.

        Args:
            uniform: float32 (n, PLACES) in [0, 1).

        Returns:
            float32 (n, z_dim); 0 for a table that was never filled.
        """
        keys, occurrences = tf.convert_to_tensor(self.keys), tf.convert_to_tensor(self.occurrences)
        ends = tf.cumsum(occurrences)  # (count,)
        place_of = tf.math.floormod(keys // self.vocabulary, PLACES)
        firsts = tf.cumsum(tf.where(tf.equal(place_of, 0), occurrences, 0))
        draw = tf.floor(uniform[:, 0] * tf.cast(firsts[-1], tf.float32))
        first = tf.searchsorted(firsts, tf.cast(draw, tf.int32), side="right")  # (n,)
        first = tf.where(first < self.count, first, -1)
        operator = tf.gather(keys, tf.maximum(first, 0)) // (self.vocabulary * PLACES)
        rows = [first]
        for place in range(1, PLACES):
            head = (operator * PLACES + place) * self.vocabulary
            start, end = tf.searchsorted(keys, head), tf.searchsorted(keys, head + self.vocabulary)
            before = tf.where(start > 0, tf.gather(ends, tf.maximum(start - 1, 0)), 0)
            total = tf.where(end > start, tf.gather(ends, tf.maximum(end - 1, 0)) - before, 0)
            draw = before + tf.cast(tf.floor(uniform[:, place] * tf.cast(total, tf.float32)), tf.int32)
            row = tf.searchsorted(ends, draw, side="right")
            rows.append(tf.where((first >= 0) & (total > 0), row, -1))
        return self.mean_of(tf.stack(rows, axis=1))

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"count": self.count, "z_dim": self.z_dim, "vocabulary": self.vocabulary}


def _along(values: tf.Tensor, places: list[int], rank: int) -> tf.Tensor:
    """``values`` with the axes ``places`` of ``rank``, and axes of length 1 for the others."""
    shape = [1] * rank
    for place, length in zip(places, values.shape, strict=True):
        shape[place] = length
    return tf.reshape(values, shape)


# A key has to fit into the table's integers, and stay below what fills it up.
assert (len(OPERATORS) + len(REMAINDER) + 1) * PLACES * (1 << 20) < NO_KEY
