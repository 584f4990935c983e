"""GAN and DC-GAN: a generator against a discriminator, with the losses and penalties that came after them."""

import tensorflow as tf

from tfglyph import losses
from tfglyph.errors import UsageError
from tfglyph.models import codes as latent_codes
from tfglyph.models.base import decay
from tfglyph.models.painting import Painting
from tfglyph.models.rounds import repeat
from tfglyph.networks import labels
from tfglyph.networks.layers import float32_layers


class GAN(Painting):
    """Generator and discriminator. One training step is one round: ``critic_steps`` updates of the discriminator, each
    on a fresh batch, then ``generator_steps`` of the generator.

    A round takes ``critic_steps`` batches from the data whether ``accuracy_exit`` ends its first half early or not, so
    that the data's order depends on the step alone.
    """

    def build_networks(self):
        architecture, objective = self.architecture, self.architecture.objective
        # The penalties differentiate the discriminator twice, which half precision does not bear.
        with float32_layers(objective.gradient_penalty > 0 or objective.r1 > 0):
            height, width, channels = architecture.hwc
            seen = (height, width, channels + (architecture.condition is not None))
            discriminator = self.network("discriminator", image_shape=seen)
        inputs = architecture.latent_size + (labels.WIDTH if architecture.condition is not None else 0)
        networks = {"generator": self.build_generator(inputs), "discriminator": discriminator}
        if architecture.condition is not None:
            classes = architecture.condition.classes
            networks["generator_labels"] = labels.build_label_vector(classes)
            networks["discriminator_labels"] = labels.build_label_channel(classes, architecture.hwc)
        return networks

    @property
    def averaged(self):
        return ("generator", "generator_labels") if self.architecture.condition is not None else ("generator",)

    def trained_variables(self, name):
        own = super().trained_variables(name)
        beside = self.networks.get(f"{name}_labels")
        return own + beside.trainable_variables if beside is not None else own

    # === Training ===

    @property
    def batches_per_step(self):
        return self.architecture.objective.critic_steps

    def learn(self, batch, ok):
        objective, shape = self.architecture.objective, self.architecture.hwc
        # Neighbours in the data go to different updates, so that devices, which get slices, share out every update.
        images = tf.reshape(self.from_pixels(batch["images"]), [-1, objective.critic_steps, *shape])  # (n, k, h, w, c)
        classes = self._labels_of(batch)  # (n, k, classes) or None
        ok, critic_logs, used = repeat(
            lambda turn, ok: self._critic_turn(images, classes, turn, ok),
            objective.critic_steps,
            ok,
            self.replicas,
            leave=self._critic_has_had_enough if objective.accuracy_exit is not None else None,
            statistics=[variable for network in self.networks.values() for variable in network.non_trainable_variables],
        )
        count = tf.shape(images)[0]
        ok, generator_logs, _ = repeat(
            lambda turn, ok: self._generator_turn(count, classes, turn, ok),
            objective.generator_steps,
            ok,
            self.replicas,
        )
        logs = critic_logs | generator_logs
        return logs | {"critic_updates": used} if objective.accuracy_exit is not None else logs, ok

    def _critic_has_had_enough(self, logs):
        """bool scalar tensor, the same on all devices."""
        accuracy = logs["d_accuracy"]
        if self.replicas > 1:
            accuracy = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.MEAN, accuracy)
        return accuracy > self.architecture.objective.accuracy_exit

    def _labels_of(self, batch):
        """One-hot labels of the step's images, some of them withheld; None without a condition."""
        condition = self.architecture.condition
        if condition is None:
            return None
        if "labels" not in batch:
            raise UsageError("condition: the architecture needs class labels, but the data set has none")
        steps = self.architecture.objective.critic_steps
        classes = tf.one_hot(tf.reshape(batch["labels"], [-1, steps]), condition.classes)  # (n, k, classes)
        kept = self.uniform("withheld", [tf.shape(classes)[0], steps, 1]) >= condition.drop
        return classes * tf.cast(kept, tf.float32)

    def _critic_turn(self, images, classes, turn, ok):
        """One update of the discriminator on batch ``turn``."""
        objective = self.architecture.objective
        real_images = tf.gather(images, turn, axis=1)  # (n, h, w, c)
        count = tf.shape(real_images)[0]
        classes = None if classes is None else tf.gather(classes, turn, axis=1)  # (n, classes)
        latents = self._latents("critic", count, turn)["latents"]
        generated_images = self.paint(latents, classes, training=True)  # (n, h, w, c)

        def score(x):
            return self.judge(x, classes, training=True)[0]  # (n, 1)

        logs = {}
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
                share = self.uniform("mixture", [count, 1, 1, 1], index=turn)
                _, norms = losses.scores_and_gradient_norms(
                    score, losses.mixtures(real_images, generated_images, share)
                )
                weighted = objective.gradient_penalty * losses.gradient_penalty(norms)
                penalty += weighted
                logs |= {"loss/gradient_penalty": weighted, "critic_gradient_norm": tf.reduce_mean(norms)}
            penalty += decay(self.networks["discriminator"])
            loss = losses.discriminator_loss(objective.loss, real, generated) + penalty
            scaled = self.scaled("discriminator", loss)
        gradients = tape.gradient(scaled, self.trained_variables("discriminator"))
        ok, norm = self.update("discriminator", gradients, loss, ok)
        return ok, logs | {
            "loss/discriminator": loss,
            "gradient_norm/discriminator": norm,
            "d_accuracy": losses.accuracy(objective.loss, real, generated),
            "wasserstein_estimate": tf.reduce_mean(real) - tf.reduce_mean(generated),
        }

    def _generator_turn(self, count, classes, turn, ok):
        """One update of the generator, for as many images as a batch has and with its labels."""
        objective = self.architecture.objective
        drawn = self._latents("generator", count, turn)
        classes = None if classes is None else tf.gather(classes, turn % objective.critic_steps, axis=1)  # (n, classes)
        with tf.GradientTape() as tape:
            images = self.paint(drawn["latents"], classes, training=True)  # (n, h, w, c)
            generated, features = self.judge(images, classes, training=True)  # (n, 1), (n, d)
            adversarial = losses.generator_loss(objective.loss, generated)
            further, logs = self.further_terms(drawn, features)
            loss = adversarial + further + decay(self.networks["generator"])
            scaled = self.scaled("generator", loss)
        gradients = tape.gradient(scaled, self.trained_variables("generator"))
        ok, norm = self.update("generator", gradients, loss, ok)
        return ok, logs | {"loss/generator": loss, "loss/adversarial": adversarial, "gradient_norm/generator": norm}

    def further_terms(self, drawn, features):
        """What else enters the generator's loss: (float32 scalar, dict of logs). A plain GAN has nothing."""
        return 0.0, {}

    def _latents(self, purpose, count, turn):
        """The generator's input for an update: dict of "latents" (n, latent_size) and its parts."""
        codes = self.architecture.codes
        draw = self.normal if self.architecture.objective.prior == "normal" else self._uniform_around_zero
        z = draw(f"{purpose}/z", [count, self.architecture.z_dim], index=turn)
        categorical = [
            tf.one_hot(self.categorical(f"{purpose}/categorical_{place}", [count, 1], ways, index=turn)[:, 0], ways)
            for place, ways in enumerate(codes.categorical, start=1)
        ]
        continuous = self._uniform_around_zero(f"{purpose}/continuous", [count, codes.continuous], index=turn)
        latents = latent_codes.assemble(codes, z, categorical, continuous)
        return {"latents": latents, "categorical": categorical, "continuous": continuous}

    def _uniform_around_zero(self, purpose, shape, index):
        return self.uniform(purpose, shape, index, low=-1.0, high=1.0)
