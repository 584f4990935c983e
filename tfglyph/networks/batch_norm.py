"""Batch normalization whose training step is one operation forward and one back.

Keras computes moments, scale and offset as operations of their own, each of which reads and writes all activations.
TensorFlow's fused kernel reads them twice.
"""

from typing import Any

import keras
import tensorflow as tf

FUSED = ("float32", "bfloat16")


@keras.saving.register_keras_serializable("tfglyph")
class BatchNormalization(keras.layers.BatchNormalization):
    """``keras.layers.BatchNormalization``: the same arguments, variables and results, up to rounding.

    float (n, c) or (n, h, w, c) -> the same. The fused operation is used in training, on the last axis, for float32 and
    bfloat16 activations, where no statistics of other devices enter; statistics are float32 always.
    """

    def call(self, inputs: tf.Tensor, training: bool | None = None, mask: Any = None) -> tf.Tensor:
        if not (training and self.trainable) or not self._can_be_fused(inputs, mask):
            return super().call(inputs, training=training, mask=mask)
        channels = inputs.shape[-1]
        x = inputs if inputs.shape.rank == 4 else tf.reshape(inputs, [-1, 1, 1, channels])  # (n, h, w, c)
        y, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=x,
            scale=self.gamma.value,
            offset=self.beta.value,
            mean=[],
            variance=[],
            epsilon=self.epsilon,
            is_training=True,
        )
        # The operation gives the unbiased variance; Keras, and the runs there are, average the biased one.
        variance *= 1.0 - 1.0 / (tf.cast(tf.shape(x)[0], tf.float32) * (x.shape[1] * x.shape[2]))
        # Few operations, because a start of a training traces and optimizes them for every call of every layer.
        for moving, value in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving.value - (moving.value - value) * (1.0 - self.momentum))
        return tf.reshape(y, tf.shape(inputs)) if inputs.shape.rank != 4 else y

    def _can_be_fused(self, inputs: tf.Tensor, mask: Any) -> bool:
        if inputs.shape.rank not in (2, 4) or None in inputs.shape[1:]:
            return False
        last = self.axis in (-1, inputs.shape.rank - 1)
        plain = self.scale and self.center and not self.renorm and mask is None and not self.synchronized
        return plain and last and inputs.dtype.name in FUSED and inputs.dtype.name == self.compute_dtype
