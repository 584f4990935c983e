"""GAN and DC-GAN: a generator against a discriminator, with the losses and penalties that came after them."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from tfglyph import losses
from tfglyph.errors import UsageError
from tfglyph.models import latent_codes
from tfglyph.models.base import Logs, l2_loss
from tfglyph.models.conditional_gan import ConditionalGAN
from tfglyph.models.generator_model import build_generator
from tfglyph.models.microbatches import Computed
from tfglyph.models.repeated_updates import repeated_updates
from tfglyph.networks import build_network, gan_label_embedding
from tfglyph.networks.layers import float32_layers


class GAN(ConditionalGAN):
    """Generator and discriminator. One training step is one round: ``critic_steps`` updates of the discriminator, each
    on a fresh batch, then ``generator_steps`` of the generator.

    A round takes ``critic_steps`` batches from the data whether ``accuracy_exit`` ends its first half early or not, so
    that the data's order depends on the step alone. With ``reuse_batch`` it takes one, which all its updates see.
    """

    @classmethod
    def build_networks(cls, architecture: Any) -> dict[str, keras.Model]:
        objective, conditional = architecture.objective, architecture.condition is not None
        # The penalties differentiate the discriminator twice, for which float16's range is too small.
        penalized, half = objective.gradient_penalty > 0 or objective.r1 > 0, keras.config.dtype_policy().compute_dtype
        with float32_layers(penalized and half == "float16"):
            height, width, channels = architecture.hwc
            discriminator = build_network(
                architecture, "discriminator", image_shape=(height, width, channels + conditional)
            )
        inputs = architecture.latent_size + (gan_label_embedding.WIDTH if conditional else 0)
        networks = {"generator": build_generator(architecture, inputs), "discriminator": discriminator}
        if conditional:
            classes = architecture.condition.classes
            networks["generator_labels"] = gan_label_embedding.build_label_vector(classes)
            networks["discriminator_labels"] = gan_label_embedding.build_label_channel(classes, architecture.hwc)
        return networks

    @property
    def ema_names(self) -> tuple[str, ...]:  # type: ignore[override]  # depends on the architecture here
        return ("generator", "generator_labels") if self.architecture.condition is not None else ("generator",)

    def trained_variables(self, name: str) -> list[Any]:
        variables = super().trained_variables(name)
        labels = self.networks.get(f"{name}_labels")
        return variables + labels.trainable_variables if labels is not None else variables

    # === Training ===

    @property
    def batches_per_step(self) -> int:
        objective = self.architecture.objective
        return 1 if objective.reuse_batch else objective.critic_steps

    def update_networks(self, batch: Mapping[str, tf.Tensor], ok: tf.Tensor) -> tuple[Logs, tf.Tensor]:
        objective, shape = self.architecture.objective, self.architecture.hwc
        # Neighbours in the data go to different updates, so that devices, which get slices, share out every update.
        images = tf.reshape(self.from_pixels(batch["images"]), [-1, self.batches_per_step, *shape])  # (n, k, h, w, c)
        classes = self._labels_of(batch)  # (n, k, classes) or None
        ok, critic_logs, used = repeated_updates(
            lambda iteration, ok: self._update_critic(images, classes, iteration, ok),
            objective.critic_steps,
            ok,
            self.replicas,
            stop_when=self._critic_is_accurate if objective.accuracy_exit is not None else None,
            statistics=[variable for network in self.networks.values() for variable in network.non_trainable_variables],
        )
        count = tf.shape(images)[0]
        ok, generator_logs, _ = repeated_updates(
            lambda iteration, ok: self._update_generator(count, classes, iteration, ok),
            objective.generator_steps,
            ok,
            self.replicas,
        )
        logs = critic_logs | generator_logs
        return logs | {"critic_updates": used} if objective.accuracy_exit is not None else logs, ok

    def _critic_is_accurate(self, logs: Logs) -> tf.Tensor:
        """bool scalar tensor, the same on all devices."""
        accuracy = logs["d_accuracy"]
        if self.replicas > 1:
            accuracy = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.MEAN, accuracy)
        return accuracy > self.architecture.objective.accuracy_exit

    def _labels_of(self, batch: Mapping[str, tf.Tensor]) -> tf.Tensor | None:
        """One-hot labels of the step's images, some of them dropped; None without a condition."""
        condition = self.architecture.condition
        if condition is None:
            return None
        if "labels" not in batch:
            raise UsageError("condition: the architecture needs class labels, but the data set has none")
        steps = self.batches_per_step
        classes = tf.one_hot(tf.reshape(batch["labels"], [-1, steps]), condition.classes)  # (n, k, classes)
        kept = self.uniform("withheld", [tf.shape(classes)[0], steps, 1]) >= condition.drop
        return classes * tf.cast(kept, tf.float32)

    def _update_critic(
        self, images: tf.Tensor, classes: tf.Tensor | None, iteration: Any, ok: tf.Tensor
    ) -> tuple[tf.Tensor, Logs]:
        """One update of the discriminator on batch ``iteration``, or on the step's only one."""
        batch = iteration % self.batches_per_step
        data = {"images": tf.gather(images, batch, axis=1)}  # (n, h, w, c)
        count = tf.shape(images)[0]
        if classes is not None:
            data["classes"] = tf.gather(classes, batch, axis=1)  # (n, classes)
        data["latents"] = self._latents("critic", count, iteration)["latents"]
        if self.architecture.objective.gradient_penalty:
            data["fraction"] = self.uniform("mixture", [count, 1, 1, 1], index=iteration)
        variables = self.trained_variables("discriminator")
        logs, gradients, _ = self.accumulated(self._critic_gradients, data, variables)
        ok, norm = self.update("discriminator", gradients, logs["loss/discriminator"], ok)
        return ok, logs | {"gradient_norm/discriminator": norm}

    def _critic_gradients(self, data: Mapping[str, tf.Tensor]) -> Computed:
        """Losses and gradients of the discriminator, of real images, latents and draws."""
        objective, real_images, classes = self.architecture.objective, data["images"], data.get("classes")
        generated_images = self.generate_from(data["latents"], classes, training=True)  # (n, h, w, c)

        def score(x: tf.Tensor) -> tf.Tensor:
            return self.discriminate(x, classes, training=True)[0]  # (n, 1)

        logs: Logs = {}
        with tf.GradientTape() as tape:
            if objective.r1:
                real, norms = losses.scores_and_gradient_norms(score, real_images)  # (n, 1), (n,)
                penalty = objective.r1 * losses.r1_penalty(norms)
                norm = tf.reduce_mean(norms)  # under its own name, too: with both penalties the other's norm follows
                logs |= {"loss/r1": penalty, "real_gradient_norm": norm, "critic_gradient_norm": norm}
            else:
                real, penalty = score(real_images), 0.0
            generated = score(generated_images)
            if objective.gradient_penalty:
                _, norms = losses.scores_and_gradient_norms(
                    score, losses.mixtures(real_images, generated_images, data["fraction"])
                )
                weighted = objective.gradient_penalty * losses.gradient_penalty(norms)
                penalty += weighted
                logs |= {"loss/gradient_penalty": weighted, "critic_gradient_norm": tf.reduce_mean(norms)}
            penalty += l2_loss(self.networks["discriminator"])
            loss = losses.discriminator_loss(objective.loss, real, generated) + penalty
            scaled = self.scaled("discriminator", loss)
        logs |= {
            "loss/discriminator": loss,
            "d_accuracy": losses.accuracy(objective.loss, real, generated),
            "wasserstein_estimate": tf.reduce_mean(real) - tf.reduce_mean(generated),
        }
        return logs, tape.gradient(scaled, self.trained_variables("discriminator")), {}

    def _update_generator(
        self, count: Any, classes: tf.Tensor | None, iteration: Any, ok: tf.Tensor
    ) -> tuple[tf.Tensor, Logs]:
        """One update of the generator, for as many images as a batch has and with its labels."""
        data = self._latents("generator", count, iteration)
        if classes is not None:
            data["classes"] = tf.gather(classes, iteration % self.batches_per_step, axis=1)  # (n, classes)
        variables = self.trained_variables("generator")
        logs, gradients, _ = self.accumulated(self._generator_gradients, data, variables)
        ok, norm = self.update("generator", gradients, logs["loss/generator"], ok)
        return ok, logs | {"gradient_norm/generator": norm}

    def _generator_gradients(self, data: Mapping[str, Any]) -> Computed:
        """Losses and gradients of the generator, of latents."""
        classes = data.get("classes")
        with tf.GradientTape() as tape:
            images = self.generate_from(data["latents"], classes, training=True)  # (n, h, w, c)
            generated, features = self.discriminate(images, classes, training=True)  # (n, 1), (n, d)
            adversarial = losses.generator_loss(self.architecture.objective.loss, generated)
            further, logs = self.further_terms(data, features)
            loss = adversarial + further + l2_loss(self.networks["generator"])
            scaled = self.scaled("generator", loss)
        logs |= {"loss/generator": loss, "loss/adversarial": adversarial}
        return logs, tape.gradient(scaled, self.trained_variables("generator")), {}

    def further_terms(self, drawn: Mapping[str, Any], features: tf.Tensor) -> tuple[Any, Logs]:
        """What else enters the generator's loss: (float32 scalar, dict of logs). A plain GAN has nothing."""
        return 0.0, {}

    def _latents(self, purpose: str, count: Any, iteration: Any) -> dict[str, Any]:
        """The generator's input for an update: dict of "latents" (n, latent_size) and its parts."""
        codes = self.architecture.codes
        draw = self.normal if self.architecture.objective.prior == "normal" else self._uniform_around_zero
        z = draw(f"{purpose}/z", [count, self.architecture.z_dim], index=iteration)
        categorical = [
            tf.one_hot(
                self.categorical(f"{purpose}/categorical_{number}", [count, 1], num_categories, index=iteration)[:, 0],
                num_categories,
            )
            for number, num_categories in enumerate(codes.categorical, start=1)
        ]
        continuous = self._uniform_around_zero(f"{purpose}/continuous", [count, codes.continuous], index=iteration)
        latents = latent_codes.assemble(codes, z, categorical, continuous)
        return {"latents": latents, "categorical": categorical, "continuous": continuous}

    def _uniform_around_zero(self, purpose: str, shape: Any, index: Any) -> tf.Tensor:
        return self.uniform(purpose, shape, index, low=-1.0, high=1.0)
