"""VAE-GAN: Larsen et al. 2016, "Autoencoding beyond pixels using a learned similarity metric" (arXiv 1512.09300)."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from tfglyph.losses import binary_cross_entropy, gaussian_negative_log_density
from tfglyph.models.base import Logs, l2_loss
from tfglyph.models.generator_model import build_generator
from tfglyph.models.microbatches import Computed
from tfglyph.models.variational import VariationalModel
from tfglyph.networks import build_network


class VAEGAN(VariationalModel):
    """Encoder, generator and discriminator; the discriminator's features measure how alike two images are.

    One step makes one update of the encoder, ``generator_updates`` of the generator and one of the discriminator, all
    on one batch (the original took a fresh batch for each). All first gradients belong to the same weights, as in the
    paper's algorithm 1; the discriminator's is applied last, so that its activations of the real images serve every
    generator update of the step.
    """

    @classmethod
    def build_networks(cls, architecture: Any) -> dict[str, keras.Model]:
        shape, z_dim = architecture.hwc, architecture.z_dim
        return {
            "encoder": build_network(architecture, "encoder", image_shape=shape, z_dim=z_dim),
            "generator": build_generator(architecture, z_dim),
            "discriminator": build_network(architecture, "discriminator", image_shape=shape),
            **cls.prior_networks(architecture),
        }

    def update_networks(self, batch: Mapping[str, tf.Tensor], ok: tf.Tensor) -> tuple[Logs, tf.Tensor]:
        images = self.from_pixels(batch["images"])  # (n, h, w, c)
        count = tf.shape(images)[0]
        data = {
            "images": images,
            "noise": self.normal("posterior", [count, self.architecture.z_dim]),
            "prior": self.prior_draws(count),
            **self.prior_inputs(batch),
        }
        variables = {name: self.trained_variables(name) for name in self.architecture.trained}
        logs, gradients, kept = self.accumulated(self._first_gradients, data, variables, ("z", "real_features"))

        norms = {}
        ok, norms["encoder"] = self.update("encoder", gradients["encoder"], logs["loss/encoder"], ok)
        ok, norms["generator"] = self.update("generator", gradients["generator"], logs["loss/generator"], ok)
        for again in range(1, self.architecture.objective.generator_updates):
            data = {**kept, "prior": self.prior_draws(count, index=again)}
            of_update, more, _ = self.accumulated(self._generator_gradients, data, variables["generator"])
            ok, norms["generator"] = self.update("generator", more, of_update["loss"], ok)
        ok, norms["discriminator"] = self.update(
            "discriminator", gradients["discriminator"], logs["loss/discriminator"], ok
        )
        if "prior" in gradients:
            ok, norms["prior"] = self.update("prior", gradients["prior"], logs["loss/prior"], ok)
        losses = {name: logs.pop(name) for name in [f"loss/{network}" for network in gradients]}
        return {**losses, **{f"gradient_norm/{name}": norm for name, norm in norms.items()}, **logs}, ok

    def _first_gradients(self, data: Mapping[str, tf.Tensor]) -> Computed:
        """Losses and gradients of all networks at the weights of the step's beginning; and what later updates of the
        generator need of each image: z (n, z) and the discriminator's features (n, d)."""
        objective, images = self.architecture.objective, data["images"]
        encoder, discriminator = self.networks["encoder"], self.networks["discriminator"]
        with tf.GradientTape(persistent=True) as tape:
            mean, log_variance = encoder(images, training=True)  # (n, z), (n, z)
            z = mean + tf.exp(0.5 * log_variance) * data["noise"]
            real, real_features = discriminator(images, training=True)  # (n, 1), (n, d)
            generated = self._generate(z, data["prior"], real_features)
            divergence, divergence_logs = self.divergence(mean, log_variance, z, data)
            encoder_loss = objective.kl_weight * divergence + generated["similarity"] + l2_loss(encoder)
            generator_loss = self._generator_loss(generated)
            discriminator_loss = binary_cross_entropy(real, 1.0) + 0.5 * (
                binary_cross_entropy(generated["reconstruction"], 0.0) + binary_cross_entropy(generated["sample"], 0.0)
            )
            losses = {
                "encoder": encoder_loss,
                "generator": generator_loss,
                "discriminator": discriminator_loss + l2_loss(discriminator),
            }
            if self.architecture.has_part_prior:
                losses["prior"] = objective.kl_weight * divergence
            scaled = {name: self.scaled(name, loss) for name, loss in losses.items()}
        gradients = {name: tape.gradient(loss, self.trained_variables(name)) for name, loss in scaled.items()}
        del tape
        logs = {f"loss/{name}": loss for name, loss in losses.items()}
        right = tf.concat([real > 0, generated["sample"] < 0], axis=0)  # (2n, 1)
        logs |= divergence_logs | {"loss/similarity": generated["similarity"]}
        logs["d_accuracy"] = tf.reduce_mean(tf.cast(right, tf.float32))
        return logs, gradients, {"z": z, "real_features": real_features}

    def _generator_gradients(self, data: Mapping[str, tf.Tensor]) -> Computed:
        """Loss and gradients of a further update of the generator, of what ``_first_gradients`` kept."""
        with tf.GradientTape() as tape:
            loss = self._generator_loss(self._generate(data["z"], data["prior"], data["real_features"]))
            scaled = self.scaled("generator", loss)
        return {"loss": loss}, tape.gradient(scaled, self.trained_variables("generator")), {}

    def _generate(self, z: tf.Tensor, prior: tf.Tensor, real_features: tf.Tensor) -> Logs:
        """Both kinds of generated images, seen by the discriminator: two logits (n, 1) and the similarity term."""
        generator, discriminator = self.networks["generator"], self.networks["discriminator"]
        reconstruction, features = discriminator(generator(z, training=True), training=True)
        sample, _ = discriminator(generator(prior, training=True), training=True)
        similarity = gaussian_negative_log_density(tf.stop_gradient(real_features), features)
        return {"reconstruction": reconstruction, "sample": sample, "similarity": similarity}

    def _generator_loss(self, generated: Logs) -> tf.Tensor:
        adversarial = 0.5 * (
            binary_cross_entropy(generated["reconstruction"], 1.0) + binary_cross_entropy(generated["sample"], 1.0)
        )
        weight = self.architecture.objective.reconst_v_gan
        return adversarial + weight * generated["similarity"] + l2_loss(self.networks["generator"])
