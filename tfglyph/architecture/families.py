"""One class per ``mode``: which sections a family has, and what its keys must satisfy together."""

from typing import Annotated, Any, ClassVar, Literal

import pydantic

from tfglyph.architecture.codes import Codes
from tfglyph.architecture.condition import Condition, Tokens
from tfglyph.architecture.core import NonNegative, Section, Size, invalid
from tfglyph.architecture.kinds import Discriminator, Encoder, Generator
from tfglyph.architecture.networks import Shape
from tfglyph.architecture.training import Optimizer, TrainingRecipe


class Architecture(Section):
    """What every architecture file holds. A family adds its network sections and its ``objective``."""

    trained: ClassVar[dict[str, Optimizer]]
    """The trained networks, in order, each with the family's default optimizer."""

    name: Annotated[str, pydantic.Field(strict=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")] | None = None
    """A short name for run directories; the file's own name where there is none."""
    hwc: Shape
    """Height, width and channels of the images."""
    z_dim: Size = 100
    """Size of the latent vector."""
    y_dim: Size | None = None
    """Number of classes for families with a ``condition`` section that gives none itself. The original file has it
    and its VAE-GAN reads it nowhere, so it is accepted in every mode."""
    training: TrainingRecipe = TrainingRecipe()
    """The training recipe."""

    @pydantic.model_validator(mode="after")
    def _optimizers_have_networks(self):
        for name in self.training.optimizers:
            if name not in self.trained:
                known = ", ".join(self.trained)
                raise invalid(f"training.optimizers.{name}", f"no such network; trained here: {known}")
        return self

    def optimizer(self, network: str) -> Optimizer:
        """The ``Optimizer`` section of a network: the file's, or the family's default."""
        return self.training.optimizers.get(network, self.trained[network])

    @property
    def pixel_range(self) -> tuple[float, float]:
        """(low, high) of the pixels inside the model."""
        return (-1.0, 1.0) if getattr(self.generator, "output_activation", "tanh") == "tanh" else (0.0, 1.0)

    # === What a family may have ===

    @property
    def conditioning(self) -> Condition | None:
        """The ``condition`` section: the model's conditioning inputs; None where it has none."""
        return getattr(self, "condition", None)

    @property
    def part_tokens(self) -> Tokens | None:
        """The section of tokens of models that are conditioned on the parts of characters, or None."""
        tokens = self.conditioning.tokens if self.conditioning is not None else None
        return tokens if tokens is not None and tokens.parts is not None else None

    @property
    def class_count(self) -> int:
        """How many class labels the model is conditioned on; 0 for none."""
        return (self.conditioning.classes or 0) if self.conditioning is not None else 0

    @property
    def input_codes(self) -> Codes | None:
        """The codes beside z of an InfoGAN or a GAN that has some, or None."""
        codes = getattr(self, "codes", None)
        return codes if codes is not None and codes.size else None

    @property
    def renders_any_size(self) -> bool:
        """Whether the generator is a CPPN, whose images can have any size."""
        return getattr(getattr(self, "generator", None), "type", None) == "cppn"


def check_generated_size(architecture: Any) -> None:
    """The generator must paint images of ``hwc``; a CPPN's channels alone are its own."""
    generator, wanted = architecture.generator, list(architecture.hwc)
    if generator.type == "cppn":
        if generator.output[-1] != wanted[2]:
            found = f"the last entry is {generator.output[-1]}"
            raise invalid("generator.output", f"{found}, but the images' channels are {wanted[2]}")
        return
    found = [*generator.image_size(), generator.output[-1]]
    if found != wanted:
        raise invalid("generator", f"hwc, strides and last output give {found}, but the images' hwc is {wanted}")


class VAEGANObjective(Section):
    """Losses of Larsen et al. 2016 (https://arxiv.org/abs/1512.09300), algorithm 1."""

    reconst_v_gan: NonNegative = 0.1
    """gamma of Eq. 9: weight of the similarity term against the adversarial one in the generator's loss."""
    generator_updates: Annotated[int, pydantic.Field(strict=True, ge=1, le=16)] = 2
    """Generator updates per step, to one of the discriminator and one of the encoder."""
    kl_weight: NonNegative = 1.0
    """Weight of the Kullback-Leibler term in the encoder's loss."""


class VAEGANArchitecture(Architecture):
    """Mode VAE-GAN: encoder, generator and discriminator."""

    trained: ClassVar[dict[str, Optimizer]] = {
        "encoder": Optimizer(),
        "generator": Optimizer(),
        "discriminator": Optimizer(),
    }

    mode: Literal["VAE-GAN"] = "VAE-GAN"
    encoder: Encoder
    generator: Generator
    discriminator: Discriminator
    objective: VAEGANObjective = VAEGANObjective()

    @pydantic.model_validator(mode="after")
    def _sizes_fit(self):
        check_generated_size(self)
        return self
