"""What a trained GAN can do: paint latents with labels and codes, and judge images."""

import numpy as np
import tensorflow as tf

from tfglyph.errors import UsageError
from tfglyph.models import codes as latent_codes
from tfglyph.models.canvases import Canvases


class Painting(Canvases):
    """The part of a GAN that does not train.

    A ``label`` is a class ("3") or a mixture of classes ("3+7" in equal parts, "3:0.7+7:0.3"); a list of them has one
    for each image. With a ``condition`` section it is what both networks are told, and None tells them nothing. Without
    one it chooses the categorical codes, one mixture for each with commas between; an empty one, or None, leaves a code
    as it was drawn.
    """

    # === Networks ===

    def paint(self, latents, classes, training=False, inference=False):
        """The generator on latents (n, d) and class weights (n, classes) or None: float32 (n, h, w, c)."""
        network = self.inference if inference else self.networks.__getitem__
        if classes is not None:
            latents = tf.concat([latents, network("generator_labels")(classes)], axis=-1)
        return network("generator")(latents, training=training)

    def judge(self, images, classes, training=False):
        """The discriminator on images (n, h, w, c) and class weights: [score (n, 1), features (n, d)]."""
        if classes is not None:
            images = tf.concat([images, self.networks["discriminator_labels"](classes)], axis=-1)  # (n, h, w, c + 1)
        return self.networks["discriminator"](images, training=training)

    # === Latents and labels ===

    @property
    def latent_shape(self):
        return (self.architecture.latent_size,)

    def prior(self, pairs):
        architecture = self.architecture
        uniform = architecture.objective.prior == "uniform"
        return tf.map_fn(
            lambda pair: latent_codes.draw(architecture.codes, architecture.z_dim, pair, uniform),
            pairs,
            fn_output_signature=tf.TensorSpec(self.latent_shape, tf.float32),
        )

    @property
    def draw_options(self):
        return ("label",) if self.architecture.condition is not None or self.architecture.codes.categorical else ()

    def sample_inputs(self):
        return {"label": tf.TensorSpec(None, tf.int32, name="label")} if self.architecture.condition is not None else {}

    def label_weights(self, label, count):
        """What labels mean in numbers.

        Args:
            label: None, str or int, or a list of ``count`` of them.
            count: int.

        Returns:
            float32 (count, ways): weights of the condition's classes, or of all categorical codes' ways; -1 where a
            label says nothing.

        Raises:
            UsageError: there is no such class, or not one label for each image.
        """
        condition, codes = self.architecture.condition, self.architecture.codes
        ways = sum(codes.categorical) if condition is None else condition.classes
        several = not isinstance(label, str) and np.ndim(label) == 1
        if several and len(label) != count:
            raise UsageError(f"label: {len(label)} labels for {count} images")
        if label is not None and not ways:
            raise UsageError(f"label: {self.name} has neither class labels in a condition nor categorical codes")

        def weights(label):
            if label is None:
                return [-1.0] * ways
            if condition is None:
                return latent_codes.parse_categories(codes, label)
            return latent_codes.parse_mixture(label, ways, condition.number_of)

        rows = [weights(each) for each in label] if several else [weights(label)]
        return np.broadcast_to(np.array(rows, np.float32).reshape(len(rows), ways), (count, ways))

    def told(self, latents, weights):
        """Latents and class weights (None without a condition) for the rows of ``label_weights``, as tensors."""
        if self.architecture.condition is not None:
            return latents, tf.maximum(weights, 0.0)
        return latent_codes.with_categories(self.architecture.codes, self.architecture.z_dim, latents, weights), None

    def _weights_of(self, label, count):
        """float32 tensor (count, ways) for one label, or for a tensor of class numbers: one, or one for each image."""
        if not tf.is_tensor(label):
            return tf.tile(tf.constant(self.label_weights(label, 1)), [count, 1])
        classes = self.architecture.condition.classes
        fits = tf.debugging.assert_less(label, classes, f"sample: label must be below {classes}")
        with tf.control_dependencies([fits]):
            rows = tf.one_hot(tf.reshape(label, [-1]), classes)  # a negative number is no label
        return tf.broadcast_to(rows, [count, classes])

    # === Painting ===

    def generate(self, latents, label=None):
        """As ``GlyphModel.generate``, for one label."""
        return self.paint(*self.told(latents, self._weights_of(label, tf.shape(latents)[0])), inference=True)

    def sample_pairs(self, pairs, label=None):
        pairs = np.asarray(pairs, np.int64).reshape(-1, 2)
        rows = np.concatenate([pairs, self.label_weights(label, len(pairs))], axis=1)  # float64 holds seeds exactly
        return self._in_chunks("draw", self._draw_rows, rows, "sampling")

    def _draw_rows(self, rows):
        latents = self.prior(tf.cast(rows[:, :2], tf.int64))
        return self.to_pixels(self.paint(*self.told(latents, tf.cast(rows[:, 2:], tf.float32)), inference=True))

    def decode(self, latents, label=None):
        latents = self.checked_latents(latents)
        rows = np.concatenate([latents, self.label_weights(label, len(latents))], axis=1)
        return self._in_chunks("decode", self._decode_rows, rows, "decoding")

    def _decode_rows(self, rows):
        size = self.architecture.latent_size
        return self.to_pixels(self.paint(*self.told(rows[:, :size], rows[:, size:]), inference=True))

    def score(self, images, label=None):
        """As ``GlyphModel.score``; with a condition, of images of a class."""
        return self.judge(images, self.classes_of(label, tf.shape(images)[0]))[0][:, 0]

    def classes_of(self, label, count):
        """What the discriminator is told of ``count`` images of one label: float32 (count, classes) or None."""
        return None if self.architecture.condition is None else tf.maximum(self._weights_of(label, count), 0.0)

    # === Canvases ===

    def painter_inputs(self, latents, label=None):
        """float32 (n, d): the generator's whole input for latents (n, latent_size) and a label."""
        latents = self.checked_latents(latents)
        latents, classes = self.told(tf.constant(latents), tf.constant(self.label_weights(label, len(latents))))
        if classes is not None:
            latents = tf.concat([latents, self.inference("generator_labels")(classes)], axis=-1)
        return latents.numpy()
