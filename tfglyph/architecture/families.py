"""The base class of all architectures, and the class of mode VAE-GAN.

Each ``mode`` has a class: which sections a file of that family has, and what its keys must satisfy together.
"""

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

import pydantic

from tfglyph.architecture.codes import Codes
from tfglyph.architecture.condition import Condition, Exemplars, Tokens
from tfglyph.architecture.core import NonNegative, Section, Size, invalid
from tfglyph.architecture.kinds import Discriminator, Encoder, Generator
from tfglyph.architecture.networks import Shape
from tfglyph.architecture.part_prior import PARTS, PRIOR_OPTIMIZER, PriorObjective
from tfglyph.architecture.training import Optimizer, TrainingRecipe


class Architecture(Section):
    """What every architecture file holds. A family adds ``mode``, its network sections and its ``objective``."""

    trained: ClassVar[dict[str, Optimizer]]
    """The trained networks, in order, each with the family's default optimizer."""
    microbatches_key: ClassVar[str] = "training.microbatches"
    """Where a file of the family has its number of microbatches."""

    if TYPE_CHECKING:
        # Sections of the families, for code that handles architectures of any family; none has all of them.
        objective: Any
        encoder: Any
        generator: Any
        discriminator: Any
        q_head: Any
        denoiser: Any
        guide: Any
        codes: Any
        condition: Any

    name: Annotated[str, pydantic.Field(strict=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")] | None = None
    """A short name, used for run directories; the default is the file's name."""
    hwc: Shape
    """Height, width and channels of the images."""
    z_dim: Size = 100
    """Size of the latent vector."""
    y_dim: Size | None = None
    """Number of classes, for a ``condition`` section that gives none itself. Accepted in every mode, because the
    original VAE-GAN's file has it, too, where it has no effect."""
    ink: Literal["high", "low"] = "high"
    """Whether the networks see and make ink as the high end of their pixel range (white on black) or as the low end
    (black on white). Images outside of the model are white on black either way."""
    training: TrainingRecipe = TrainingRecipe()
    """The training recipe."""
    mode: str
    """The family of the model."""

    @pydantic.model_validator(mode="after")
    def _optimizers_have_networks(self) -> Self:
        for name in self.training.optimizers:
            if name not in self.trained:
                names = ", ".join(self.trained)
                raise invalid(f"training.optimizers.{name}", f"no such network; trained here: {names}")
        return self

    @pydantic.model_validator(mode="after")
    def _batches_have_microbatches(self) -> Self:
        if self.training.microbatches > 1 and self.microbatches_key != "training.microbatches":
            raise invalid("training.microbatches", f"{self.microbatches_key} says this here; leave this out")
        if self.training.batch_size % self.microbatches:
            raise invalid(self.microbatches_key, f"no divisor of the batch size {self.training.batch_size}")
        return self

    @property
    def microbatches(self) -> int:
        """Into how many parts, computed one after another, each device divides its part of a batch."""
        return self.training.microbatches

    def optimizer(self, network: str) -> Optimizer:
        """The ``Optimizer`` section of a network: the file's, or the family's default."""
        return self.training.optimizers.get(network, self.trained[network])

    @property
    def pixel_range(self) -> tuple[float, float]:
        """(low, high) of the pixels inside the model."""
        return (-1.0, 1.0) if getattr(self.generator, "output_activation", "tanh") == "tanh" else (0.0, 1.0)

    # === Capabilities, which a family may have or not ===

    @property
    def conditioning(self) -> Condition | None:
        """The ``condition`` section: the model's conditioning inputs; None where it has none."""
        return getattr(self, "condition", None)

    @property
    def part_tokens(self) -> Tokens | None:
        """The ``condition.tokens`` section of models that are conditioned on the parts of characters, or None."""
        tokens = self.conditioning.tokens if self.conditioning is not None else None
        return tokens if tokens is not None and tokens.parts is not None else None

    @property
    def exemplars(self) -> Exemplars | None:
        """The ``condition.exemplars`` section of models that draw in the style of any font, or None."""
        return self.conditioning.exemplars if self.conditioning is not None else None

    @property
    def has_part_prior(self) -> bool:
        """Whether the means of the latent's prior are sums of vectors of a character's parts."""
        return getattr(getattr(self, "objective", None), "prior", None) == "parts"

    @property
    def part_list(self) -> str | None:
        """Name of the list of parts whose tokens the training data needs for each image; None: it needs none."""
        if self.has_part_prior:
            return PARTS
        return self.part_tokens.parts if self.part_tokens is not None else None

    def with_prior(self, optimizers: dict[str, Optimizer]) -> dict[str, Optimizer]:
        """The default optimizers of a family, with that of the network "prior" where there is one."""
        return optimizers | {"prior": PRIOR_OPTIMIZER} if self.has_part_prior else optimizers

    @property
    def class_count(self) -> int:
        """Number of class labels that the model is conditioned on; 0 for none."""
        return (self.conditioning.classes or 0) if self.conditioning is not None else 0

    @property
    def input_codes(self) -> Codes | None:
        """The latent codes that follow z in the generator's input, of an InfoGAN or a GAN that has some; or None."""
        codes = getattr(self, "codes", None)
        return codes if codes is not None and codes.size else None

    @property
    def renders_any_size(self) -> bool:
        """Whether the generator is a CPPN, whose images can have any size."""
        return getattr(getattr(self, "generator", None), "type", None) == "cppn"


def check_generated_size(architecture: Architecture) -> None:
    """Raises an error where the generator's images are not of shape ``hwc``; of a CPPN only the channels can differ."""
    generator, hwc = architecture.generator, list(architecture.hwc)
    if generator.type == "cppn":
        if generator.output[-1] != hwc[2]:
            raise invalid(
                "generator.output", f"the last entry is {generator.output[-1]}, but the images' channels are {hwc[2]}"
            )
        return
    generated = [*generator.image_size(), generator.output[-1]]
    if generated != hwc:
        raise invalid("generator", f"hwc, strides and last output give {generated}, but the images' hwc is {hwc}")


class VAEGANObjective(PriorObjective):
    """Losses of Larsen et al. 2016 (https://arxiv.org/abs/1512.09300), algorithm 1."""

    reconst_v_gan: NonNegative = 0.1
    """Weight of the reconstruction (similarity) term against the adversarial one in the generator's loss: gamma of
    Eq. 9."""
    generator_updates: Annotated[int, pydantic.Field(strict=True, ge=1, le=16)] = 2
    """Generator updates per step, to one of the discriminator and one of the encoder."""
    kl_weight: NonNegative = 1.0
    """Weight of the Kullback-Leibler term in the encoder's loss."""


class VAEGANArchitecture(Architecture):
    """Mode VAE-GAN: encoder, generator and discriminator."""

    mode: Literal["VAE-GAN"] = "VAE-GAN"
    encoder: Encoder
    generator: Generator
    discriminator: Discriminator
    objective: VAEGANObjective = VAEGANObjective()

    @property
    def trained(self) -> dict[str, Optimizer]:  # type: ignore[override]  # depends on the prior here
        return self.with_prior({"encoder": Optimizer(), "generator": Optimizer(), "discriminator": Optimizer()})

    @pydantic.model_validator(mode="after")
    def _sizes_fit(self) -> Self:
        check_generated_size(self)
        return self
