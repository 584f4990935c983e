"""What a trained GAN can do: generate images of latents with labels and codes, and discriminate images."""

from typing import Any

import numpy as np
import tensorflow as tf

from tfglyph.architecture.sampling import check_sampling_options
from tfglyph.errors import UsageError
from tfglyph.models import latent_codes
from tfglyph.models.generator_model import GeneratorModel


class ConditionalGAN(GeneratorModel):
    """The part of a GAN that does not train.

    A ``label`` is a class ("3") or a mixture of classes ("3+7" in equal parts, "3:0.7+7:0.3"); a list of them has one
    for each image. With a ``condition`` section it is the conditioning input of both networks, and None leaves it out.
    Without one it chooses the categorical codes, one mixture for each with commas between; an empty one, or None,
    leaves a code as it was drawn.
    """

    # === Networks ===

    def generate_from(
        self, latents: tf.Tensor, classes: tf.Tensor | None, training: bool = False, inference: bool = False
    ) -> tf.Tensor:
        """The generator on latents (n, d) and class weights (n, classes) or None: float32 (n, h, w, c)."""
        network = self.inference_network if inference else self.networks.__getitem__
        if classes is not None:
            latents = tf.concat([latents, network("generator_labels")(classes)], axis=-1)
        return network("generator")(latents, training=training)

    def discriminate(self, images: tf.Tensor, classes: tf.Tensor | None, training: bool = False) -> list[tf.Tensor]:
        """The discriminator on images (n, h, w, c) and class weights: [score (n, 1), features (n, d)]."""
        if classes is not None:
            images = tf.concat([images, self.networks["discriminator_labels"](classes)], axis=-1)  # (n, h, w, c + 1)
        return self.networks["discriminator"](images, training=training)

    # === Latents and labels ===

    @property
    def latent_shape(self) -> tuple[int, ...]:
        return (self.architecture.latent_size,)

    def prior(self, pairs: tf.Tensor) -> tf.Tensor:
        architecture = self.architecture
        uniform = architecture.objective.prior == "uniform"
        return tf.map_fn(
            lambda pair: latent_codes.draw(architecture.codes, architecture.z_dim, pair, uniform),
            pairs,
            fn_output_signature=tf.TensorSpec(self.latent_shape, tf.float32),
        )

    @property
    def sampling_options(self) -> tuple[str, ...]:  # type: ignore[override]  # depends on the architecture here
        return ("label",) if self.architecture.condition is not None or self.architecture.codes.categorical else ()

    def sampling_signature(self) -> dict[str, tf.TensorSpec]:
        return {"label": tf.TensorSpec(None, tf.int32, name="label")} if self.architecture.condition is not None else {}

    def label_weights(self, label: Any, count: int) -> np.ndarray:
        """What labels mean in numbers.

        Args:
            label: None, str or int, or a list of ``count`` of them.
            count: int.

        Returns:
            float32 (count, num_categories): weights of the condition's classes, or of the categories of all codes; -1
            where a label says nothing.

        Raises:
            UsageError: there is no such class, or not one label for each image.
        """
        condition, codes = self.architecture.condition, self.architecture.codes
        num_categories = sum(codes.categorical) if condition is None else condition.classes
        several = not isinstance(label, str) and np.ndim(label) == 1
        if several and len(label) != count:
            raise UsageError(f"label: {len(label)} labels for {count} images")
        if label is not None and not num_categories:
            raise UsageError(f"label: {self.name} has neither class labels in a condition nor categorical codes")

        def weights(label: Any) -> list[float]:
            if label is None:
                return [-1.0] * num_categories
            if condition is None:
                return latent_codes.parse_categories(codes, label)
            return latent_codes.parse_mixture(label, num_categories, condition.number_of)

        rows = [weights(each) for each in label] if several else [weights(label)]
        return np.broadcast_to(np.array(rows, np.float32).reshape(len(rows), num_categories), (count, num_categories))

    def conditioning(self, latents: tf.Tensor, weights: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor | None]:
        """Latents and class weights (None without a condition) for the rows of ``label_weights``, as tensors."""
        if self.architecture.condition is not None:
            return latents, tf.maximum(weights, 0.0)
        return latent_codes.with_categories(self.architecture.codes, self.architecture.z_dim, latents, weights), None

    def _weights_of(self, label: Any, count: Any) -> tf.Tensor:
        """float32 (count, num_categories) for one label, or for a tensor of class numbers: one, or one per image."""
        if not tf.is_tensor(label):
            return tf.tile(tf.constant(self.label_weights(label, 1)), [count, 1])
        classes = self.architecture.condition.classes
        fits = tf.debugging.assert_less(label, classes, f"sample: label must be below {classes}")
        with tf.control_dependencies([fits]):
            rows = tf.one_hot(tf.reshape(label, [-1]), classes)  # a negative number is no label
        return tf.broadcast_to(rows, [count, classes])

    # === Generating ===

    def generate(self, latents: tf.Tensor, label: Any = None, **options: Any) -> tf.Tensor:
        """As ``GlyphModel.generate``, for one label."""
        weights = self._weights_of(label, tf.shape(latents)[0])
        return self.generate_from(*self.conditioning(latents, weights), inference=True)

    def sample_pairs(self, pairs: Any, label: Any = None, **options: Any) -> np.ndarray:
        check_sampling_options(options, self.sampling_options, self.name)
        pairs = np.asarray(pairs, np.int64).reshape(-1, 2)
        rows = {"pairs": pairs, "weights": self.label_weights(label, len(pairs))}
        return self._in_chunks("draw", self._draw_rows, rows, "sampling")

    def _draw_rows(self, rows: dict[str, tf.Tensor]) -> tf.Tensor:
        latents = self.prior(rows["pairs"])
        return self.to_pixels(self.generate_from(*self.conditioning(latents, rows["weights"]), inference=True))

    def decode(self, latents: np.ndarray, label: Any = None, **options: Any) -> np.ndarray:
        check_sampling_options(options, self.sampling_options, self.name)
        latents = self.checked_latents(latents)
        rows = {"latents": latents, "weights": self.label_weights(label, len(latents))}
        return self._in_chunks("decode", self._decode_rows, rows, "decoding")

    def _decode_rows(self, rows: dict[str, tf.Tensor]) -> tf.Tensor:
        conditioning = self.conditioning(rows["latents"], rows["weights"])
        return self.to_pixels(self.generate_from(*conditioning, inference=True))

    def critic_score(self, images: tf.Tensor, label: Any = None, **options: Any) -> tf.Tensor:
        """As ``GlyphModel.critic_score``; with a condition, of images of a class."""
        return self.discriminate(images, self.classes_of(label, tf.shape(images)[0]))[0][:, 0]

    def classes_of(self, label: Any, count: Any) -> tf.Tensor | None:
        """The discriminator's conditioning input for ``count`` images of a label: float32 (count, classes) or None."""
        return None if self.architecture.condition is None else tf.maximum(self._weights_of(label, count), 0.0)

    # === Any size ===

    def renderer_inputs(self, latents: np.ndarray, label: Any = None) -> np.ndarray:
        """float32 (n, d): the generator's whole input for latents (n, latent_size) and a label."""
        latents = self.checked_latents(latents)
        inputs, classes = self.conditioning(tf.constant(latents), tf.constant(self.label_weights(label, len(latents))))
        if classes is not None:
            inputs = tf.concat([inputs, self.inference_network("generator_labels")(classes)], axis=-1)
        return inputs.numpy()
