"""InfoGAN: a GAN whose codes can be read off its images (Chen et al. 2016, https://arxiv.org/abs/1606.03657)."""

import math
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfglyph.losses import categorical_information, continuous_information
from tfglyph.models.base import Logs
from tfglyph.models.gan import GAN
from tfglyph.networks import heads


class InfoGAN(GAN):
    """Generator, discriminator and Q, a head on the discriminator's features that guesses the codes.

    Q is trained with the generator, by its optimizer. The trunk that Q shares with the discriminator learns from the
    discriminator's loss only; Q's gradient passes through it to the generator.
    """

    @classmethod
    def build_networks(cls, architecture: Any) -> dict[str, keras.Model]:
        networks = super().build_networks(architecture)
        features = networks["discriminator"].output[1].shape[-1]
        codes = architecture.codes
        q_head = heads.build_q_head(architecture.q_head, features, codes.categorical, codes.continuous)
        return networks | {"q_head": q_head}

    def trained_variables(self, name: str) -> list[Any]:
        variables = super().trained_variables(name)
        return variables + self.networks["q_head"].trainable_variables if name == "generator" else variables

    def further_terms(self, drawn: Mapping[str, Any], features: tf.Tensor) -> tuple[Any, Logs]:
        """-lambda * L_I of Eq. 6, without the codes' constant entropy; logs the bound itself, in nats."""
        objective, codes = self.architecture.objective, self.architecture.codes
        guess = self.networks["q_head"](features, training=True)
        loss, start = tf.constant(0.0), 0
        logs: Logs = {}
        for number, (code, num_categories) in enumerate(
            zip(drawn["categorical"], codes.categorical, strict=True), start=1
        ):
            information = categorical_information(code, guess["logits"][:, start : start + num_categories])
            loss += objective.categorical_weight * (math.log(num_categories) - information)
            logs[f"mutual_information/categorical_{number}"] = information
            start += num_categories
        if codes.continuous:
            information = continuous_information(drawn["continuous"], guess["means"], guess["log_variances"])  # (m,)
            loss += objective.continuous_weight * tf.reduce_sum(math.log(2.0) - information)
            for index in range(codes.continuous):
                logs[f"mutual_information/continuous_{index + 1}"] = information[index]
        return loss, logs | {"loss/codes": loss}

    def read_codes(self, images: np.ndarray) -> dict[str, Any]:
        """Q's estimate of the codes of images.

        Args:
            images: uint8 (n, h, w, c).

        Returns:
            dict of float32 arrays: "probabilities", a list of (n, num_categories), one for each categorical code;
            "means" and "deviations", means and standard deviations (n, m) of the continuous codes.

        Raises:
            UsageError: images of another shape or dtype.
        """
        self._check_images(images)
        sizes = self.architecture.codes.categorical
        guess = self._in_chunks("read_codes", self._guess, images, "reading codes")  # (n, sum of num_categories + 2 m)
        logits, rest = guess[:, : sum(sizes)], guess[:, sum(sizes) :]
        means, log_variances = rest[:, : rest.shape[1] // 2], rest[:, rest.shape[1] // 2 :]
        probabilities = [tf.nn.softmax(part).numpy() for part in tf.split(logits, sizes, axis=1)] if sizes else []
        return {"probabilities": probabilities, "means": means, "deviations": tf.exp(0.5 * log_variances).numpy()}

    def _guess(self, images: tf.Tensor) -> tf.Tensor:
        _, features = self.discriminate(self.from_pixels(images), self.classes_of(None, tf.shape(images)[0]))
        guess = self.networks["q_head"](features, training=False)
        return tf.concat([guess[name] for name in ("logits", "means", "log_variances") if name in guess], axis=-1)
