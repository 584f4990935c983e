"""VAE: Kingma and Welling 2014, "Auto-encoding variational Bayes" (https://arxiv.org/abs/1312.6114)."""

import keras
import tensorflow as tf

from tfglyph.losses import image_binary_cross_entropy, image_gaussian, kl_divergence
from tfglyph.models.base import decay
from tfglyph.models.canvases import Canvases


class VAE(Canvases):
    """Encoder and generator (the decoder), trained together on the evidence lower bound, with one z for each image."""

    averaged = ("encoder", "generator")

    def build_networks(self):
        architecture = self.architecture
        encoder = self.network("encoder", image_shape=architecture.hwc, z_dim=architecture.z_dim)
        generator = self.build_generator(architecture.z_dim)
        # Cross-entropy is exact only on the logits, before the generator's last operation.
        self._logits = keras.Model(generator.input, generator.get_layer("images").input, name="generator_logits")
        return {"encoder": encoder, "generator": generator}

    def learn(self, batch, ok):
        encoder, generator = self.networks["encoder"], self.networks["generator"]
        images = self.from_pixels(batch["images"])  # (n, h, w, c)
        variables = {name: self.trained_variables(name) for name in ("encoder", "generator")}
        with tf.GradientTape() as tape:
            mean, log_variance = encoder(images, training=True)  # (n, z), (n, z)
            z = mean + tf.exp(0.5 * log_variance) * self.normal("posterior", tf.shape(mean))
            reconstruction = self._reconstruction_loss(z, images)
            kl = kl_divergence(mean, log_variance)
            loss = reconstruction + self.kl_weight() * kl + decay(encoder) + decay(generator)
            # One backward pass for both networks, under the smaller of their loss scales: the larger might overflow
            # the other network's gradient for ever.
            scales = {name: self.optimizers[name].scale_loss(1.0) for name in variables}
            scale = tf.minimum(scales["encoder"], scales["generator"])
            scaled = loss * scale / self.replicas
        gradients = tape.gradient(scaled, variables)
        gradients = {
            name: [gradient * (scales[name] / scale) for gradient in values] for name, values in gradients.items()
        }
        logs = {"loss/total": loss, "loss/reconstruction": reconstruction, "loss/kl": kl, "kl_weight": self.kl_weight()}
        for name, values in gradients.items():
            ok, logs[f"gradient_norm/{name}"] = self.update(name, values, loss, ok)
        return logs, ok

    def _reconstruction_loss(self, z, images):
        objective = self.architecture.objective
        if objective.likelihood == "bernoulli":
            return image_binary_cross_entropy(self._logits(z, training=True), images)
        return image_gaussian(self.networks["generator"](z, training=True), images, objective.deviation)

    def kl_weight(self):
        """float32 scalar: the weight of the KL term at the model's step."""
        objective = self.architecture.objective
        if not objective.kl_warmup_steps:
            return tf.constant(objective.kl_weight)
        share = (tf.cast(self.step, tf.float32) + 1.0) / objective.kl_warmup_steps
        return objective.kl_weight * tf.minimum(share, 1.0)
