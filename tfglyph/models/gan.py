"""GAN and DC-GAN: a generator against a discriminator, with the losses and penalties that came after them."""

import numpy as np
import tensorflow as tf

from tfglyph import losses
from tfglyph.errors import UsageError
from tfglyph.models import codes as latent_codes
from tfglyph.models.base import GlyphModel
from tfglyph.networks.layers import float32_layers
from tfglyph.progress import progress


class GAN(GlyphModel):
    """Generator and discriminator. One training step is one round: ``critic_steps`` updates of the discriminator, each
    on a fresh batch, then ``generator_steps`` of the generator.

    A round takes ``critic_steps`` batches from the data whether ``accuracy_exit`` ends its first half early or not, so
    that the data's order depends on the step alone.
    """

    _painter = None

    def build_networks(self):
        objective = self.architecture.objective
        return {
            "generator": self._build_generator(),
            # The penalties differentiate the discriminator twice, which half precision does not bear.
            "discriminator": self._build_discriminator(float32=objective.gradient_penalty > 0 or objective.r1 > 0),
        }

    def _build_generator(self):
        painter = self.architecture.generator.type == "cppn"
        shape = {"image_shape": self.architecture.hwc} if painter else {}  # the others know their size by themselves
        return self.network("generator", z_dim=self.architecture.latent_size, **shape)

    def _build_discriminator(self, float32):
        with float32_layers(float32):
            return self.network("discriminator", image_shape=self.architecture.hwc)

    # === Training ===

    @property
    def batches_per_step(self):
        return self.architecture.objective.critic_steps

    def learn(self, batch, ok):
        objective, shape = self.architecture.objective, self.architecture.hwc
        # Neighbours in the data go to different updates, so that devices, which get slices, share out every update.
        images = tf.reshape(self.from_pixels(batch["images"]), [-1, objective.critic_steps, *shape])  # (n, k, h, w, c)
        ok, critic_logs = self._repeat(objective.critic_steps, lambda turn, ok: self._critic_turn(images, turn, ok), ok)
        count = tf.shape(images)[0]
        ok, generator_logs = self._repeat(
            objective.generator_steps, lambda turn, ok: self._generator_turn(count, turn, ok), ok
        )
        return critic_logs | generator_logs, ok

    def _critic_turn(self, images, turn, ok):
        """One update of the discriminator on batch ``turn``."""
        objective = self.architecture.objective
        generator, discriminator = self.networks["generator"], self.networks["discriminator"]
        real_images = tf.gather(images, turn, axis=1)  # (n, h, w, c)
        count = tf.shape(real_images)[0]
        generated_images = generator(self._latents("critic", count, turn)["latents"], training=True)  # (n, h, w, c)

        def score(x):
            return discriminator(x, training=True)[0]  # (n, 1)

        logs = {}
        with tf.GradientTape() as tape:
            if objective.r1:
                real, norms = losses.scores_and_gradient_norms(score, real_images)  # (n, 1), (n,)
                penalty = objective.r1 * losses.r1_penalty(norms)
                logs |= {"loss/r1": penalty, "critic_gradient_norm": tf.reduce_mean(norms)}
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
            loss = losses.discriminator_loss(objective.loss, real, generated) + penalty + decay(discriminator)
            scaled = self.scaled("discriminator", loss)
        gradients = tape.gradient(scaled, self.trained_variables("discriminator"))
        ok, norm = self.update("discriminator", gradients, loss, ok)
        return ok, logs | {
            "loss/discriminator": loss, "gradient_norm/discriminator": norm,
            "d_accuracy": losses.accuracy(objective.loss, real, generated),
            "wasserstein_estimate": tf.reduce_mean(real) - tf.reduce_mean(generated),
        }

    def _generator_turn(self, count, turn, ok):
        """One update of the generator."""
        objective = self.architecture.objective
        generator, discriminator = self.networks["generator"], self.networks["discriminator"]
        drawn = self._latents("generator", count, turn)
        with tf.GradientTape() as tape:
            images = generator(drawn["latents"], training=True)  # (n, h, w, c)
            generated, features = discriminator(images, training=True)  # (n, 1), (n, d)
            adversarial = losses.generator_loss(objective.loss, generated)
            further, logs = self.further_terms(drawn, features)
            loss = adversarial + further + decay(generator)
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

    # === Rounds ===

    def _repeat(self, count, turn, ok):
        """``turn(index, ok) -> (ok, logs)``, ``count`` times, leaving early as ``accuracy_exit`` says.

        On one device this is a loop in the graph: twenty updates of a network are traced once. Optimizers cannot run
        in such a loop on several devices; there the turns stand one after the other, and those after the exit change
        nothing.

        Returns:
            (ok, logs of the last turn that counted, with ``critic_updates``, the number of turns that did, where
            there is an exit).
        """
        if count == 1:
            return turn(0, ok)
        if self.replicas > 1:
            return self._unrolled(count, turn, ok)
        first_ok, first = turn(0, ok)

        def goes_on(index, ok, logs):
            return index < count if self._exit(logs) is None else (index < count) & ~self._exit(logs)

        def step(index, ok, logs):
            ok, logs = turn(index, ok)
            return index + 1, ok, logs

        used, ok, logs = tf.while_loop(goes_on, step, (tf.constant(1), first_ok, first), parallel_iterations=1)
        return ok, self._with_updates(logs, used)

    def _unrolled(self, count, turn, ok):
        ok, logs = turn(0, ok)
        used = tf.constant(1)
        for index in range(1, count):
            left = self._exit(logs)
            if left is None:
                ok, logs = turn(index, ok)
                used += 1
                continue
            statistics = [
                (variable.value, tf.identity(variable.value))
                for network in self.networks.values() for variable in network.non_trainable_variables
            ]
            turn_ok, turn_logs = turn(index, ok & ~left)
            for variable, before in statistics:
                variable.assign(tf.where(left, before, variable))
            ok = tf.where(left, ok, turn_ok)
            logs = {name: tf.where(left, logs[name], value) for name, value in turn_logs.items()}
            used += tf.cast(~left, tf.int32)
        return ok, self._with_updates(logs, used)

    def _exit(self, logs):
        """bool scalar tensor, whether the discriminator has had enough; None where nothing ends a round early."""
        border = self.architecture.objective.accuracy_exit
        if border is None or "d_accuracy" not in logs:
            return None
        accuracy = logs["d_accuracy"]
        if self.replicas > 1:
            accuracy = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.MEAN, accuracy)
        return accuracy > border

    def _with_updates(self, logs, used):
        return logs | {"critic_updates": tf.cast(used, tf.float32)} if self._exit(logs) is not None else logs

    # === Using a trained model ===

    @property
    def latent_shape(self):
        return (self.architecture.latent_size,)

    def prior(self, pairs):
        architecture = self.architecture
        uniform = architecture.objective.prior == "uniform"
        return tf.map_fn(
            lambda pair: latent_codes.draw(architecture.codes, architecture.z_dim, pair, uniform), pairs,
            fn_output_signature=tf.TensorSpec(self.latent_shape, tf.float32),
        )

    def generate(self, latents, label=None):
        """As ``GlyphModel.generate``; ``label`` says which categories the latents get instead of their own."""
        return super().generate(self.choose(latents, label))

    def choose(self, latents, label):
        """Latents with other categories.

        Args:
            latents: float32 (n, latent_size).
            label: None for no change; a class ("3"), a mixture of two ("3+7" in equal parts, "3:0.7+7:0.3"), or several
                of them with commas between, one for each categorical code; an empty one leaves its code as it is.

        Returns:
            float32 (n, latent_size).

        Raises:
            UsageError: the model has no such class.
        """
        if label is None:
            return latents
        codes = self.architecture.codes
        return latent_codes.with_categories(
            codes, self.architecture.z_dim, latents, latent_codes.parse_choices(codes, label)
        )

    def latents(self, seeds, label=None):
        """The latents that ``sample_seeds`` paints.

        Args:
            seeds: list of int.
            label: as for ``choose``.

        Returns:
            float32 (n, latent_size).
        """
        pairs = np.stack([np.asarray(seeds, np.int64), np.zeros(len(seeds), np.int64)], axis=1)
        return self._in_chunks("latents", lambda rows: self.choose(self.prior(rows), label), pairs, "drawing")

    def painter(self):
        """tfglyph.render.Painter of the model's CPPN.

        Raises:
            UsageError: the generator is no CPPN, so its images have one size.
        """
        architecture = self.architecture
        if architecture.generator.type != "cppn":
            raise UsageError(
                f"{self.name}: its generator is of type {architecture.generator.type}; only a cppn paints any size"
            )
        if self._painter is None:
            from tfglyph.render import Painter

            self._painter = Painter(
                self.inference("generator"), architecture.generator, architecture.hwc, self.to_pixels
            )
        return self._painter

    def _check_latents(self, latents):
        latents = np.asarray(latents, np.float32)
        if latents.ndim != 2 or latents.shape[1:] != self.latent_shape:
            raise UsageError(f"latents have shape {latents.shape}, expected (n, {self.latent_shape[0]})")
        return latents

    def render(self, latents, height, width):
        """Images of any size, painted by a CPPN; ``painter().bands`` gives one a few rows at a time.

        Args:
            latents: float32 (n, latent_size).
            height, width: int, pixels.

        Returns:
            uint8 (n, height, width, c). Image i does not depend on the others, and at the trained size it is
            ``decode``'s, up to rounding.

        Raises:
            UsageError: the generator is no CPPN, or latents of another shape.
        """
        latents = self._check_latents(latents)
        painter = self.painter()
        return np.stack([painter.image(latent, height, width) for latent in progress(latents, "painting", unit="image")])


def decay(network):
    """The network's ``l2-reg`` term: float32 scalar, 0 without one."""
    return tf.add_n(network.losses) if network.losses else tf.constant(0.0)
