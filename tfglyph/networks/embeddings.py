"""Layers that embed timesteps, class labels and token sequences."""

import math
from typing import Any

import keras
import numpy as np
import tensorflow as tf

MAX_PERIOD = 10_000.0  # wavelengths go from 2 pi to this many times 2 pi, as in Vaswani et al. 2017


class TimestepEmbedding(keras.layers.Layer):
    """Sinusoidal embedding of the diffusion time: any time in [0, 1] has one, whatever the number of steps.

    Times are multiplied by 1000 and embedded as positions (Ho et al. 2020, appendix B; Vaswani et al. 2017, section
    3.5): sines, then cosines, of width / 2 geometrically spaced frequencies. float32 throughout, because bfloat16
    cannot distinguish 0.996 from 1.

    Args:
        width: int, even.
    """

    def __init__(self, width: int, **options: Any):
        super().__init__(**(options | {"dtype": "float32"}))
        self.width = width

    def call(self, times: tf.Tensor) -> tf.Tensor:
        """float32 (n,) in [0, 1] -> float32 (n, width) in [-1, 1]."""
        frequencies = np.exp(-math.log(MAX_PERIOD) * np.arange(self.width // 2) / (self.width // 2))
        angles = 1000.0 * times[:, None] * tf.constant(frequencies, tf.float32)  # (n, width / 2)
        return tf.concat([tf.sin(angles), tf.cos(angles)], axis=-1)  # (n, width)

    def compute_output_shape(self, shape: tuple[Any, ...]) -> tuple[Any, ...]:
        return (*shape, self.width)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"width": self.width}


class LabelEmbedding(keras.layers.Layer):
    """A learned vector for each class, and one more for "no label".

    Args:
        classes: int; labels are 0 to classes - 1, anything negative means "no label".
        width: int.
    """

    def __init__(self, classes: int, width: int, **options: Any):
        super().__init__(**options)
        self.classes, self.width = classes, width

    def build(self, shape: tuple[Any, ...]) -> None:
        self.table = self.add_weight(
            name="table",
            shape=(self.classes + 1, self.width),
            initializer=keras.initializers.RandomNormal(stddev=0.5),
        )

    def call(self, labels: tf.Tensor) -> tf.Tensor:
        """int32 (n,) -> float (n, width)."""
        rows = tf.where(labels < 0, self.classes, labels)  # (n,)
        return tf.gather(tf.convert_to_tensor(self.table), rows)  # (n, width)

    def compute_output_shape(self, shape: tuple[Any, ...]) -> tuple[Any, ...]:
        return (*shape, self.width)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"classes": self.classes, "width": self.width}


class TokenEmbedding(keras.layers.Layer):
    """A sequence of tokens as a normalized sequence of vectors, after a first vector that is always there.

    The first vector is learned, so that attention has something to attend to when every token is missing. A token's
    vector is the sum of a token embedding and a position embedding.

    Args:
        vocabulary: int; tokens are 1 to vocabulary - 1, and 0 means "nothing here".
        length: int, tokens of a sequence.
        width: int.
    """

    def __init__(self, vocabulary: int, length: int, width: int, **options: Any):
        super().__init__(**options)
        self.vocabulary, self.length, self.width = vocabulary, length, width

    def build(self, shape: tuple[Any, ...]) -> None:
        normal = keras.initializers.RandomNormal(stddev=0.5)
        self.table = self.add_weight(name="table", shape=(self.vocabulary, self.width), initializer=normal)
        # "places" is the name in checkpoints.
        self.positions = self.add_weight(name="places", shape=(self.length, self.width), initializer=normal)
        self.first = self.add_weight(name="first", shape=(self.width,), initializer=normal)
        self.norm = keras.layers.LayerNormalization(name="norm", dtype="float32")
        self.norm.build((None, self.length + 1, self.width))

    def call(self, tokens: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Vectors, and a mask of those that stand for a token.

        Args:
            tokens: int32 tensor (n, length).

        Returns:
            (float tensor (n, 1 + length, width), bool tensor (n, 1 + length), False where there is no token).
        """
        present = tokens > 0  # (n, length)
        vectors = tf.gather(tf.convert_to_tensor(self.table), tokens) + self.positions  # (n, length, width)
        first = tf.broadcast_to(self.first, [tf.shape(tokens)[0], 1, self.width])
        vectors = self.norm(tf.concat([tf.cast(first, vectors.dtype), vectors], axis=1))  # (n, 1 + length, width)
        mask = tf.concat([tf.ones_like(present[:, :1]), present], axis=1)  # (n, 1 + length)
        return tf.cast(vectors, self.compute_dtype), mask

    def compute_output_shape(self, shape: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        return (shape[0], self.length + 1, self.width), (shape[0], self.length + 1)

    def compute_output_spec(self, tokens: keras.KerasTensor) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        vectors, mask = self.compute_output_shape(tokens.shape)
        return keras.KerasTensor(vectors, self.compute_dtype), keras.KerasTensor(mask, "bool")

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"vocabulary": self.vocabulary, "length": self.length, "width": self.width}


class JoinedTokens(keras.layers.Layer):
    """All vectors of a sequence, concatenated and projected to one vector; masked ones count as 0.

    Each position has weights of its own, so that a part on the left and the same part on the right differ, which the
    mean of the vectors would hardly show.

    Args:
        width: int.
    """

    def __init__(self, width: int, **options: Any):
        super().__init__(**options)
        self.width = width
        self.dense = keras.layers.Dense(width, name="dense", dtype=self.dtype_policy)

    def build(self, vectors_shape: tuple[Any, ...], mask_shape: Any = None) -> None:
        self.dense.build((None, vectors_shape[-2] * vectors_shape[-1]))

    def call(self, vectors: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
        """float (n, tokens, d) and bool (n, tokens) -> float (n, width)."""
        vectors = vectors * tf.cast(mask, vectors.dtype)[..., None]
        return self.dense(tf.reshape(vectors, [-1, vectors.shape[1] * vectors.shape[2]]))  # (n, width)

    def compute_output_shape(self, shape: tuple[Any, ...], *_: Any) -> tuple[Any, ...]:
        return (shape[0], self.width)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"width": self.width}
