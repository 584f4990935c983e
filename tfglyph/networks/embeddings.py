"""Times, labels and token sequences as vectors: the layers through which networks see them."""

import math

import keras
import numpy as np
import tensorflow as tf

LONGEST = 10_000.0  # wavelengths of the sinusoids go from 2 pi to this many times that, as in Vaswani et al. 2017


class TimeEmbedding(keras.layers.Layer):
    """Sinusoids of the diffusion time: computed, so any time in [0, 1] has one, whatever the number of steps.

    Times are multiplied by 1000 and embedded as positions (Ho et al. 2020, appendix B; Vaswani et al. 2017,
    section 3.5): sines, then cosines, of width / 2 geometrically spaced frequencies. float32 throughout,
    because bfloat16 cannot tell 0.996 from 1.

    Args:
        width: int, even.
    """

    def __init__(self, width, **options):
        super().__init__(**(options | {"dtype": "float32"}))
        self.width = width

    def call(self, times):
        """float32 (n,) in [0, 1] -> float32 (n, width) in [-1, 1]."""
        frequencies = np.exp(-math.log(LONGEST) * np.arange(self.width // 2) / (self.width // 2))
        angles = 1000.0 * times[:, None] * tf.constant(frequencies, tf.float32)  # (n, width / 2)
        return tf.concat([tf.sin(angles), tf.cos(angles)], axis=-1)  # (n, width)

    def compute_output_shape(self, shape):
        return (*shape, self.width)

    def get_config(self):
        return super().get_config() | {"width": self.width}


class LabelEmbedding(keras.layers.Layer):
    """A learned vector per class, and one more that means "no label".

    Args:
        classes: int; labels are 0 to classes - 1, anything negative means "no label".
        width: int.
    """

    def __init__(self, classes, width, **options):
        super().__init__(**options)
        self.classes, self.width = classes, width

    def build(self, shape):
        self.table = self.add_weight(
            name="table",
            shape=(self.classes + 1, self.width),
            initializer=keras.initializers.RandomNormal(stddev=0.5),
        )

    def call(self, labels):
        """int32 (n,) -> float (n, width)."""
        return tf.gather(tf.convert_to_tensor(self.table), tf.where(labels < 0, self.classes, labels))

    def compute_output_shape(self, shape):
        return (*shape, self.width)

    def get_config(self):
        return super().get_config() | {"classes": self.classes, "width": self.width}


class TokenEmbedding(keras.layers.Layer):
    """A sequence of tokens as a normalized sequence of vectors, behind a first one that is always there.

    The first vector is learned and gives attention something to look at when every token is missing. A
    token's vector is the sum of one for what it is and one for where it stands.

    Args:
        vocabulary: int; tokens are 1 to vocabulary - 1, and 0 means "nothing here".
        length: int, tokens of a sequence.
        width: int.
    """

    def __init__(self, vocabulary, length, width, **options):
        super().__init__(**options)
        self.vocabulary, self.length, self.width = vocabulary, length, width

    def build(self, shape):
        normal = keras.initializers.RandomNormal(stddev=0.5)
        self.table = self.add_weight(name="table", shape=(self.vocabulary, self.width), initializer=normal)
        self.places = self.add_weight(name="places", shape=(self.length, self.width), initializer=normal)
        self.first = self.add_weight(name="first", shape=(self.width,), initializer=normal)
        self.norm = keras.layers.LayerNormalization(name="norm", dtype="float32")
        self.norm.build((None, self.length + 1, self.width))

    def call(self, tokens):
        """Vectors and which of them count.

        Args:
            tokens: int32 tensor (n, length).

        Returns:
            (float tensor (n, 1 + length, width), bool tensor (n, 1 + length), False where there is no token).
        """
        seen = tokens > 0
        vectors = tf.gather(tf.convert_to_tensor(self.table), tokens) + self.places  # (n, length, width)
        first = tf.broadcast_to(self.first, [tf.shape(tokens)[0], 1, self.width])
        vectors = self.norm(tf.concat([tf.cast(first, vectors.dtype), vectors], axis=1))  # (n, 1 + length, width)
        mask = tf.concat([tf.ones_like(seen[:, :1]), seen], axis=1)
        return tf.cast(vectors, self.compute_dtype), mask

    def compute_output_shape(self, shape):
        return (shape[0], self.length + 1, self.width), (shape[0], self.length + 1)

    def compute_output_spec(self, tokens):
        vectors, mask = self.compute_output_shape(tokens.shape)
        return keras.KerasTensor(vectors, self.compute_dtype), keras.KerasTensor(mask, "bool")

    def get_config(self):
        return super().get_config() | {
            "vocabulary": self.vocabulary,
            "length": self.length,
            "width": self.width,
        }


class JoinedTokens(keras.layers.Layer):
    """All vectors of a sequence, one after another, as one vector of any width; those that do not count are 0.

    Each place has weights of its own, so that a part at the left and the same part at the right differ, which
    the mean of the vectors would hardly show.

    Args:
        width: int.
    """

    def __init__(self, width, **options):
        super().__init__(**options)
        self.width = width
        self.dense = keras.layers.Dense(width, name="dense", dtype=self.dtype_policy)

    def build(self, vectors_shape, mask_shape=None):
        self.dense.build((None, vectors_shape[-2] * vectors_shape[-1]))

    def call(self, vectors, mask):
        """float (n, tokens, d) and bool (n, tokens) -> float (n, width)."""
        vectors = vectors * tf.cast(mask, vectors.dtype)[..., None]
        return self.dense(tf.reshape(vectors, [-1, vectors.shape[1] * vectors.shape[2]]))  # (n, width)

    def compute_output_shape(self, shape, *_):
        return (shape[0], self.width)

    def get_config(self):
        return super().get_config() | {"width": self.width}
