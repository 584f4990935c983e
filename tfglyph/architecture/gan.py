"""Modes GAN and DC-GAN: a generator against a discriminator (Goodfellow et al. 2014)."""

from typing import Annotated, ClassVar, Literal

import pydantic

from tfglyph.architecture.codes import Codes
from tfglyph.architecture.condition import Condition
from tfglyph.architecture.core import NonNegative, Section, invalid
from tfglyph.architecture.families import Architecture, check_generated_size
from tfglyph.architecture.kinds import Discriminator, Encoder, Generator
from tfglyph.architecture.training import Optimizer

Updates = Annotated[int, pydantic.Field(strict=True, ge=1, le=256)]


class GANObjective(Section):
    """Losses, penalties, and how often each network is updated. One training step is one round of both."""

    loss: Literal["bce", "hinge", "wasserstein", "least-squares"] = "bce"
    """bce (non-saturating, Goodfellow et al. 2014), hinge (Lim and Ye 2017), wasserstein (Arjovsky et al. 2017) or
    least-squares (Mao et al. 2017)."""
    prior: Literal["normal", "uniform"] = "normal"
    """Distribution of z: N(0, 1) or uniform(-1, 1)."""
    gradient_penalty: NonNegative = 0.0
    """Weight of (|gradient of the critic| - 1)^2 at mixtures of real and generated images, Gulrajani et al. 2017."""
    r1: NonNegative = 0.0
    """Weight gamma of gamma/2 * |gradient of the critic at real images|^2, Mescheder et al. 2018."""
    critic_steps: Updates = 1
    """Discriminator updates of a round, each on a fresh batch; a round takes that many batches from the data."""
    generator_steps: Updates = 1
    """Generator updates of a round, after the discriminator's."""
    accuracy_exit: Annotated[float, pydantic.Field(strict=True, gt=0, le=1)] | None = None
    """Once the discriminator's accuracy on a batch passes this, it rests until the next round; null: never."""


class GANArchitecture(Architecture):
    """Mode GAN: generator and discriminator."""

    trained: ClassVar[dict[str, Optimizer]] = {"generator": Optimizer(), "discriminator": Optimizer()}

    mode: Literal["GAN"]
    generator: Generator
    discriminator: Discriminator
    codes: Codes = Codes()
    condition: Condition | None = None
    """Class labels, seen by both networks; null: none."""
    objective: GANObjective = GANObjective()

    @property
    def latent_size(self):
        """Entries of the generator's input: z and the codes."""
        return self.z_dim + self.codes.size

    @pydantic.model_validator(mode="after")
    def _sizes_fit(self):
        check_generated_size(self)
        if self.condition is not None and self.condition.tokens is not None:
            raise invalid("condition.tokens", f"a {self.mode} sees labels only; DDPM sees tokens")
        if self.discriminator.output_activation == "sigmoid" and self.objective.loss in ("bce", "hinge"):
            raise invalid(
                "discriminator.output_activation",
                f"sigmoid confines the logit, which the loss {self.objective.loss} cannot use; expected linear",
            )
        return self


class DCGANObjective(GANObjective):
    """As of mode GAN, with the original's defaults."""

    prior: Literal["normal", "uniform"] = "uniform"
    """Distribution of z: N(0, 1) or uniform(-1, 1)."""
    generator_steps: Updates = 2
    """Generator updates of a round, after the discriminator's; as many as the original's VAE-GAN makes."""


class DCGANArchitecture(GANArchitecture):
    """Mode DC-GAN: the VAE-GAN's file with only ``mode`` changed (Radford et al. 2015).

    The encoder and what else belongs to the VAE-GAN alone (its optimizer, ``reconst_v_gan``, ``kl_weight``) may stand
    in the file and do nothing; ``generator_updates`` counts as ``generator_steps``.
    """

    mode: Literal["DC-GAN"]
    encoder: Encoder | None = None
    objective: DCGANObjective = DCGANObjective()

    @pydantic.model_validator(mode="before")
    @classmethod
    def _without_what_the_encoder_needs(cls, data):
        if not isinstance(data, dict):
            return data
        data = dict(data)
        if isinstance(data.get("objective"), dict):
            unused = ("reconst_v_gan", "kl_weight")
            objective = {key: value for key, value in data["objective"].items() if key not in unused}
            if "generator_updates" in objective:
                objective["generator_steps"] = objective.pop("generator_updates")
            data["objective"] = objective
        training = data.get("training")
        if isinstance(training, dict) and isinstance(training.get("optimizers"), dict):
            optimizers = {name: section for name, section in training["optimizers"].items() if name != "encoder"}
            data["training"] = training | {"optimizers": optimizers}
        return data
