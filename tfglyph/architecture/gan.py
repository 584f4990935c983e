"""Modes GAN and DC-GAN: a generator against a discriminator (Goodfellow et al. 2014)."""

from typing import Annotated, Any, ClassVar, Literal, Self

import pydantic

from tfglyph.architecture.codes import Codes
from tfglyph.architecture.condition import Condition
from tfglyph.architecture.core import Flag, NonNegative, Section, invalid
from tfglyph.architecture.families import Architecture, check_generated_size
from tfglyph.architecture.kinds import Discriminator, Encoder, Generator
from tfglyph.architecture.training import Optimizer

Updates = Annotated[int, pydantic.Field(strict=True, ge=1, le=256)]


class GANObjective(Section):
    """Losses, penalties, and the number of updates of each network in a training step."""

    loss: Literal["bce", "hinge", "wasserstein", "least-squares"] = "bce"
    """Adversarial loss: bce (non-saturating, Goodfellow et al. 2014), hinge (Lim and Ye 2017), wasserstein (Arjovsky et
    al. 2017) or least-squares (Mao et al. 2017)."""
    prior: Literal["normal", "uniform"] = "normal"
    """Distribution of z: N(0, 1) or uniform(-1, 1)."""
    gradient_penalty: NonNegative = 0.0
    """Weight of the gradient penalty: (|gradient of the critic| - 1)^2 at random interpolations of real and generated
    images (WGAN-GP, Gulrajani et al. 2017)."""
    r1: NonNegative = 0.0
    """Weight gamma of the R1 penalty: gamma/2 * |gradient of the critic at real images|^2 (Mescheder et al. 2018)."""
    critic_steps: Updates = 1
    """Discriminator updates of a training step, each on a new batch: a step takes that many batches from the data."""
    reuse_batch: Flag = False
    """Whether all discriminator updates of a training step use the same batch of images (with new latents each): a
    step then takes one batch from the data."""
    generator_steps: Updates = 1
    """Generator updates of a training step, after the discriminator's."""
    accuracy_exit: Annotated[float, pydantic.Field(strict=True, gt=0, le=1)] | None = None
    """Once the discriminator's accuracy on a batch exceeds this, the rest of its updates in the step are left out;
    null: never."""


class AdversarialArchitecture(Architecture):
    """What the modes GAN, DC-GAN and InfoGAN have in common: generator and discriminator, latent codes, labels."""

    trained: ClassVar[dict[str, Optimizer]] = {"generator": Optimizer(), "discriminator": Optimizer()}

    generator: Generator
    discriminator: Discriminator
    codes: Codes = Codes()
    condition: Condition | None = None
    """Class labels as an input of both networks; null: unconditional."""
    objective: GANObjective = GANObjective()

    @property
    def latent_size(self) -> int:
        """Entries of a latent: z and the codes."""
        return self.z_dim + self.codes.size

    @pydantic.model_validator(mode="after")
    def _sizes_fit(self) -> Self:
        check_generated_size(self)
        if self.condition is not None and self.condition.tokens is not None:
            raise invalid("condition.tokens", f"a {self.mode} takes labels only; DDPM takes tokens")
        if self.discriminator.output_activation == "sigmoid" and self.objective.loss in ("bce", "hinge"):
            raise invalid(
                "discriminator.output_activation",
                f"sigmoid confines the logit, which the loss {self.objective.loss} cannot use; expected linear",
            )
        return self


class GANArchitecture(AdversarialArchitecture):
    """Mode GAN: generator and discriminator."""

    mode: Literal["GAN"]


class DCGANObjective(GANObjective):
    """The objective of mode GAN with the original's defaults."""

    prior: Literal["normal", "uniform"] = "uniform"
    """Distribution of z: N(0, 1) or uniform(-1, 1)."""
    generator_steps: Updates = 2
    """Generator updates of a training step, after the discriminator's; as many as the original VAE-GAN makes."""


class DCGANArchitecture(AdversarialArchitecture):
    """Mode DC-GAN: the VAE-GAN's file with only ``mode`` changed (Radford et al. 2015).

    The encoder and what else belongs to the VAE-GAN alone (its optimizer, ``reconst_v_gan``, ``kl_weight``) is
    accepted and ignored; ``generator_updates`` counts as ``generator_steps``.
    """

    mode: Literal["DC-GAN"]
    encoder: Encoder | None = None
    objective: DCGANObjective = DCGANObjective()

    @pydantic.model_validator(mode="before")
    @classmethod
    def _without_vaegan_keys(cls, data: Any) -> Any:
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
