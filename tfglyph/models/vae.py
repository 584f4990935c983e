"""VAE: Kingma and Welling 2014, "Auto-encoding variational Bayes" (https://arxiv.org/abs/1312.6114)."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from tfglyph.losses import image_binary_cross_entropy, image_gaussian
from tfglyph.models.base import Logs, l2_loss
from tfglyph.models.generator_model import build_generator
from tfglyph.models.microbatches import Computed
from tfglyph.models.variational import VariationalModel
from tfglyph.networks import build_network


class VAE(VariationalModel):
    """Encoder and generator (the decoder), trained together on the evidence lower bound, with one z for each image."""

    def __init__(self, architecture: Any, seed: int = 0):
        super().__init__(architecture, seed)
        generator = self.networks["generator"]
        # Cross-entropy is exact only on the logits, before the generator's last operation.
        self._logits = keras.Model(generator.input, generator.get_layer("images").input, name="generator_logits")

    @classmethod
    def build_networks(cls, architecture: Any) -> dict[str, keras.Model]:
        return {
            "encoder": build_network(architecture, "encoder", image_shape=architecture.hwc, z_dim=architecture.z_dim),
            "generator": build_generator(architecture, architecture.z_dim),
            **cls.prior_networks(architecture),
        }

    def update_networks(self, batch: Mapping[str, tf.Tensor], ok: tf.Tensor) -> tuple[Logs, tf.Tensor]:
        images = self.from_pixels(batch["images"])  # (n, h, w, c)
        noise = self.normal("posterior", [tf.shape(images)[0], self.architecture.z_dim])
        data = {"images": images, "noise": noise} | self.prior_inputs(batch)
        variables = {name: self.trained_variables(name) for name in self.architecture.trained}
        logs, gradients, _ = self.accumulated(self._losses_and_gradients, data, variables)
        for name, values in gradients.items():
            ok, logs[f"gradient_norm/{name}"] = self.update(name, values, logs["loss/total"], ok)
        return logs, ok

    def _losses_and_gradients(self, data: Mapping[str, tf.Tensor]) -> Computed:
        """Losses, and the gradients of the scaled loss for each network, of images and their draws."""
        encoder, generator = self.networks["encoder"], self.networks["generator"]
        images = data["images"]
        variables = {name: self.trained_variables(name) for name in self.architecture.trained}
        with tf.GradientTape() as tape:
            mean, log_variance = encoder(images, training=True)  # (n, z), (n, z)
            z = mean + tf.exp(0.5 * log_variance) * data["noise"]
            reconstruction = self._reconstruction_loss(z, images)
            divergence, logs = self.divergence(mean, log_variance, z, data)
            loss = reconstruction + self.kl_weight() * divergence + l2_loss(encoder) + l2_loss(generator)
            # One backward pass for all networks, under the smallest of their loss scales: a larger one might overflow
            # another network's gradient for ever.
            scales = {name: self.optimizers[name].scale_loss(1.0) for name in variables}
            scale = tf.reduce_min(tf.stack(list(scales.values())))
            scaled = loss * scale / self.replicas
        gradients = tape.gradient(scaled, variables)
        gradients = {
            name: [gradient * (scales[name] / scale) for gradient in values] for name, values in gradients.items()
        }
        logs = {"loss/total": loss, "loss/reconstruction": reconstruction, **logs, "kl_weight": self.kl_weight()}
        return logs, gradients, {}

    def _reconstruction_loss(self, z: tf.Tensor, images: tf.Tensor) -> tf.Tensor:
        objective = self.architecture.objective
        if objective.likelihood == "bernoulli":
            return image_binary_cross_entropy(self._logits(z, training=True), images)
        return image_gaussian(self.networks["generator"](z, training=True), images, objective.std)

    def kl_weight(self) -> tf.Tensor:
        """float32 scalar: the weight of the KL term at the model's step."""
        objective = self.architecture.objective
        if not objective.kl_warmup_steps:
            return tf.constant(objective.kl_weight)
        fraction = (tf.cast(self.step, tf.float32) + 1.0) / objective.kl_warmup_steps
        return objective.kl_weight * tf.minimum(fraction, 1.0)
