"""What VAE and VAE-GAN share: the prior of the latent and the divergence from it."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfglyph.architecture.families import Architecture
from tfglyph.architecture.part_prior import PARTS
from tfglyph.composition.tokens import tokenizer
from tfglyph.datasets.glyphs import Glyphs
from tfglyph.errors import UsageError
from tfglyph.losses import half_squared_distance, kl_divergence
from tfglyph.models.base import Logs
from tfglyph.models.generator_model import GeneratorModel
from tfglyph.networks.part_vectors import PLACES, PartVectors, build_prior


class VariationalModel(GeneratorModel):
    """A model with an encoder, whose prior is N(0, 1), or N(m, 1) with means m that are sums over a character's parts.

    With the second one, ``networks`` has "prior", from tokens to means. It is needed in training and for samples; an
    image alone is encoded without it.
    """

    @property
    def ema_names(self) -> tuple[str, ...]:  # type: ignore[override]  # depends on the architecture here
        return ("encoder", "generator", "prior") if self.architecture.has_part_prior else ("encoder", "generator")

    @staticmethod
    def prior_networks(architecture: Architecture) -> dict[str, keras.Model]:
        """The network of the prior by its name; empty where the prior has none."""
        if not architecture.has_part_prior:
            return {}
        return {"prior": build_prior(architecture.objective, architecture.z_dim)}

    def part_vectors(self, inference: bool = False) -> PartVectors:
        """The layer of the vectors that the prior adds up; with ``inference`` their average where there is one."""
        network = self.inference_network("prior") if inference else self.networks["prior"]
        return network.get_layer("parts")

    def adapt(self, glyphs: Glyphs) -> None:
        if not self.architecture.has_part_prior:
            return
        self.part_vectors().adapt(self._with_tokens(glyphs.tokens))
        if "prior" in self.ema_networks:
            self.ema_networks["prior"].set_weights(self.networks["prior"].get_weights())

    @staticmethod
    def _with_tokens(tokens: Any) -> Any:
        """``tokens``; raises UsageError where there are none."""
        if tokens is None:
            raise UsageError("objective.prior: the prior needs descriptions of the characters, but the data has none")
        return tokens

    def prior_inputs(self, batch: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """What ``divergence`` needs of a batch: its tokens, where the prior has parts and the data tokens."""
        needed = self.architecture.has_part_prior and "tokens" in batch
        return {"tokens": batch["tokens"]} if needed else {}

    def divergence(
        self, mean: tf.Tensor, log_variance: tf.Tensor, z: tf.Tensor, batch: Mapping[str, tf.Tensor]
    ) -> tuple[tf.Tensor, Logs]:
        """The loss of a posterior that is far from the prior, before ``kl_weight``.

        Args:
            mean, log_variance: float32 (n, z_dim), the encoder's.
            z: float32 (n, z_dim), drawn from these.
            batch: dict of tensors, with "tokens" where the prior needs them.

        Returns:
            (float32 scalar, dict of scalars to log): the divergence, with its residual weighted, and the weighted loss
            of recognition.
        """
        if not self.architecture.has_part_prior:
            kl = kl_divergence(mean, log_variance)
            return kl, {"loss/kl": kl}
        objective, tokens = self.architecture.objective, self._with_tokens(batch.get("tokens"))
        prior_mean = self.networks["prior"](tokens, training=True)  # (n, z)
        kl = kl_divergence(mean, log_variance, prior_mean)
        residual = half_squared_distance(mean, prior_mean)
        weighted = kl + (objective.residual_weight - 1.0) * residual
        logs = {"loss/kl": kl, "loss/residual": residual}
        if objective.recognition_weight:
            logs["loss/recognition"] = self.part_vectors().recognition_loss(z, tokens)
            weighted += objective.recognition_weight * logs["loss/recognition"]
        return weighted, logs

    def snap(self, latents: np.ndarray) -> np.ndarray:
        if not self.architecture.has_part_prior:
            return latents
        return self.part_vectors(inference=True).mean_of(tf.constant(self._most_probable(latents))).numpy()

    def describe(self, latents: np.ndarray) -> list[str]:
        """The most probable description of each latent by its parts, for a prior with parts.

        Args:
            latents: float32 (n, z_dim), of images or sums of such.

        Returns:
            list of n str such as ``⿰酉交``; empty where no part has a vector.

        Raises:
            UsageError: the prior is N(0, 1).
        """
        if not self.architecture.has_part_prior:
            raise UsageError(f"{self.name}: its prior has no parts, so it cannot describe a latent")
        names = self.part_vectors(inference=True).known(tokenizer(PARTS))
        chosen = [[names[row] for row in rows if row >= 0] for rows in self._most_probable(latents)]
        return ["".join([found[0][0], *(part for _, _, part in found)]) if found else "" for found in chosen]

    def _most_probable(self, latents: np.ndarray) -> np.ndarray:
        """int32 (n, PLACES), the rows of ``PartVectors.most_probable``."""
        function = self.part_vectors(inference=True).most_probable
        return self._in_chunks("most probable", function, self.checked_latents(latents), "reading parts")

    def prior_draws(self, count: tf.Tensor, index: int = 0) -> tf.Tensor:
        """Latents from the prior for a training step: float32 (count, z_dim)."""
        noise = self.normal("prior", [count, self.architecture.z_dim], index=index)
        if not self.architecture.has_part_prior:
            return noise
        return noise + self.part_vectors().sample_means(self.uniform("parts of the prior", [count, PLACES], index))

    def prior(self, pairs: tf.Tensor) -> tf.Tensor:
        latents = super().prior(pairs)
        if not self.architecture.has_part_prior:
            return latents
        vectors = self.part_vectors(inference=True)
        return latents + vectors.sample_means(vectors.uniform(pairs))
