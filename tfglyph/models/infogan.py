"""InfoGAN: a GAN whose codes can be read off its images (Chen et al. 2016, https://arxiv.org/abs/1606.03657)."""

import math

import tensorflow as tf

from tfglyph.losses import categorical_information, continuous_information
from tfglyph.models.gan import GAN
from tfglyph.networks import heads


class InfoGAN(GAN):
    """Generator, discriminator and Q, a head on the discriminator's features that guesses the codes.

    Q is trained with the generator, by its optimizer. The trunk that Q shares with the discriminator learns from the
    discriminator's loss only; Q's gradient passes through it to the generator.
    """

    def build_networks(self):
        architecture = self.architecture
        networks = GAN.build_networks(self)
        features = networks["discriminator"].output[1].shape[-1]
        codes = architecture.codes
        q_head = heads.build_q_head(architecture.q_head, features, codes.categorical, codes.continuous)
        return networks | {"q_head": q_head}

    def trained_variables(self, name):
        own = super().trained_variables(name)
        return own + self.networks["q_head"].trainable_variables if name == "generator" else own

    def further_terms(self, drawn, features):
        """-lambda * L_I of Eq. 6, without the codes' constant entropy; logs the bound itself, in nats."""
        objective, codes = self.architecture.objective, self.architecture.codes
        guess = self.networks["q_head"](features, training=True)
        loss, logs, start = tf.constant(0.0), {}, 0
        for place, (code, ways) in enumerate(zip(drawn["categorical"], codes.categorical, strict=True), start=1):
            information = categorical_information(code, guess["logits"][:, start : start + ways])
            loss += objective.categorical_weight * (math.log(ways) - information)
            logs[f"mutual_information/categorical_{place}"] = information
            start += ways
        if codes.continuous:
            information = continuous_information(drawn["continuous"], guess["means"], guess["log_variances"])  # (m,)
            loss += objective.continuous_weight * tf.reduce_sum(math.log(2.0) - information)
            for place in range(codes.continuous):
                logs[f"mutual_information/continuous_{place + 1}"] = information[place]
        return loss, logs | {"loss/codes": loss}

    def read_codes(self, images):
        """What Q believes of the codes of images.

        Args:
            images: uint8 (n, h, w, c).

        Returns:
            dict of float32 arrays: "probabilities", a list of (n, ways), one for each categorical code; "means" and
            "deviations" (n, m) of the continuous codes.

        Raises:
            UsageError: images of another shape or dtype.
        """
        self._check_images(images)
        sizes = self.architecture.codes.categorical
        guess = self._in_chunks("read_codes", self._guess, images, "reading codes")  # (n, sum of ways + 2 m)
        logits, rest = guess[:, : sum(sizes)], guess[:, sum(sizes) :]
        means, log_variances = rest[:, : rest.shape[1] // 2], rest[:, rest.shape[1] // 2 :]
        probabilities = [tf.nn.softmax(part).numpy() for part in tf.split(logits, sizes, axis=1)] if sizes else []
        return {"probabilities": probabilities, "means": means, "deviations": tf.exp(0.5 * log_variances).numpy()}

    def _guess(self, images):
        _, features = self.judge(self.from_pixels(images), self.classes_of(None, tf.shape(images)[0]))
        guess = self.networks["q_head"](features, training=False)
        return tf.concat([guess[name] for name in ("logits", "means", "log_variances") if name in guess], axis=-1)
