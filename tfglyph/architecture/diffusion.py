"""Mode DDPM: a denoiser, the path from images to noise, and how to sample."""

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Literal, Self

import pydantic

from tfglyph.architecture.condition import Condition
from tfglyph.architecture.core import (
    MAXIMUM_LAYERS,
    Flag,
    Fraction,
    NonNegative,
    Positive,
    Section,
    Size,
    discriminated_by_type,
    invalid,
    not_required,
)
from tfglyph.architecture.families import Architecture
from tfglyph.architecture.networks import Layers
from tfglyph.architecture.sampling import Sampler
from tfglyph.architecture.training import Optimizer

Steps = Annotated[int, pydantic.Field(strict=True, ge=1, le=100_000)]
Heads = Annotated[int, pydantic.Field(strict=True, ge=0, le=64)]
Counts = Annotated[
    list[Annotated[int, pydantic.Field(strict=True, ge=1, le=16)]],
    pydantic.Field(min_length=1, max_length=MAXIMUM_LAYERS),
]
HeadsPerLevel = Annotated[list[Heads], pydantic.Field(max_length=MAXIMUM_LAYERS)]
EvenSize = Annotated[int, pydantic.Field(strict=True, ge=2, le=1 << 14, multiple_of=2)]


class UNet(Section):
    """The U-Net of GANji: max-pooling down, blocks of three convolutions, bilinear upsampling up."""

    type: Literal["unet"]
    output: Layers
    """Channels of the first convolution and of the block after each halving."""
    bottleneck: Layers
    """Channels of the blocks at the lowest resolution."""
    upward: Layers
    """Channels of the block after each upsampling; as many as there are poolings."""
    groups: Size = 4
    """Groups of the group norms."""
    attention: Heads = 0
    """Heads of the self-attention after every block of the down and up paths; 0: none."""
    embedding: EvenSize = 256
    """Size of the sinusoidal timestep embedding."""
    init: Literal["fan-in", "torch"] = "fan-in"
    """Uniform initial kernels up to sqrt(1 / inputs); fan-in: biases of 0; torch: biases in the same range, as in
    PyTorch."""
    remat: Flag = False
    """Whether training forgets what blocks compute, and computes it again for the gradient: less memory, more time."""

    def check(self, hwc: tuple[int, int, int], condition: Condition | None, name: str = "denoiser") -> None:
        """Raises an error where the network does not suit images of shape ``hwc`` or the ``condition``.

        Args:
            hwc: height, width and channels of the images.
            condition: Condition or None.
            name: the section's key, for the error.
        """
        if len(self.upward) != len(self.output) - 1:
            raise invalid(
                f"{name}.upward",
                f"found {len(self.upward)} doublings, but output has {len(self.output) - 1} halvings",
            )
        _divides(hwc, 2 ** len(self.upward), f"{name}.output")
        skips = self.output[-2::-1]
        channels = [*self.output, *self.bottleneck, *self.upward]
        before = [self.bottleneck[-1], *self.upward]
        channels += [skip + below for skip, below in zip(skips, before, strict=False)]
        _grouped(channels, self.groups, name)
        if self.attention:
            for value in (*self.output[1:], *self.upward):
                if value % self.attention or value % 8:
                    raise invalid(
                        f"{name}.attention",
                        f"{value} channels do not divide into {self.attention} heads and 8 groups",
                    )
        for key in ("tokens", "exemplars"):
            if condition is not None and getattr(condition, key) is not None:
                raise invalid(f"condition.{key}", f"a denoiser of type unet takes labels only; patch-unet takes {key}")


class PatchUNet(Section):
    """A small U-Net on patches of pixels: residual blocks, conditioned on timestep and condition by scale and shift."""

    type: Literal["patch-unet"]
    patch: Annotated[int, pydantic.Field(strict=True, ge=1, le=16)] = 2
    """Side of a patch in pixels; 1 works on the pixels themselves."""
    output: Layers
    """Channels of each level, from the highest resolution down; each is half as large as the one before."""
    blocks: Counts
    """Residual blocks of each level on the down path, and as many on the up path; the last level is the middle."""
    attention: HeadsPerLevel
    """Heads of the self-attention after the first block of each level, on both paths; 0: none."""
    cross_attention: HeadsPerLevel | None = None
    """Heads of the cross-attention to the condition's tokens, after the self-attention; 0 or null: none."""
    groups: Size = 8
    """Groups of the group norms."""
    embedding: EvenSize = 256
    """Size of the embedding of timestep and condition."""
    remat: Flag = False
    """Whether training forgets what blocks compute, and computes it again for the gradient: less memory, more time."""

    def check(self, hwc: tuple[int, int, int], condition: Condition | None, name: str = "denoiser") -> None:
        """Raises an error where the network does not suit images of shape ``hwc`` or the ``condition``.

        Args:
            hwc: height, width and channels of the images.
            condition: Condition or None.
            name: the section's key, for the error.
        """
        for key in ("blocks", "attention", "cross_attention"):
            entries = getattr(self, key)
            if entries is not None and len(entries) != len(self.output):
                raise invalid(f"{name}.{key}", f"{len(entries)} entries, but output has {len(self.output)}")
        _divides(hwc, self.patch * 2 ** (len(self.output) - 1), f"{name}.output")
        _grouped(self.output, self.groups, name)
        for key in ("attention", "cross_attention"):
            for channels, heads in zip(self.output, getattr(self, key) or [], strict=False):
                if heads and channels % heads:
                    raise invalid(f"{name}.{key}", f"{channels} channels do not divide into {heads} heads")
        tokens = condition is not None and condition.tokens is not None
        if any(self.cross_attention or []) and not tokens:
            raise invalid(f"{name}.cross_attention", "there are no tokens to attend to; expected condition.tokens")


def _divides(hwc: tuple[int, int, int], factor: int, key: str) -> None:
    if hwc[0] % factor or hwc[1] % factor:
        raise invalid(key, f"halves images to 1/{factor}, but hwc is {list(hwc)}")


def _grouped(channels: Iterable[int], groups: int, name: str) -> None:
    for value in channels:
        if value % groups:
            raise invalid(f"{name}.groups", f"{value} channels do not divide into {groups} groups")


Denoiser = Annotated[
    Annotated[UNet, pydantic.Tag("unet")] | Annotated[PatchUNet, pydantic.Tag("patch-unet")],
    discriminated_by_type(),
]


class DiffusionObjective(Section):
    """Path, prediction target, loss weights, and the default options of sampling."""

    path: Literal["linear", "cosine", "straight"] = "cosine"
    """Noise schedule. linear: betas from 1e-4 to 0.02 (Ho et al. 2020); cosine (Nichol and Dhariwal 2021); straight:
    flow matching (Lipman et al. 2023)."""
    noise_steps: Annotated[int, pydantic.Field(strict=True, ge=2, le=100_000)] | None = None
    """Number of betas, i.e. of training timesteps (linear and cosine); null: 1000. Samplers can take any number of
    steps."""
    timesteps: Literal["fraction", "index"] | None = None
    """The time that the network is told of table entry i of T, from 1 to T (linear and cosine): fraction, 1000 i / T;
    index, i - 1, the entry's index in code that counts from 0, for weights from there; null: fraction."""
    target: Literal["noise", "x0", "v", "velocity"] = "noise"
    """What the network predicts: the noise, the image x0, v (Salimans and Ho 2022) or the velocity, noise - image."""
    loss_weight: Literal["uniform", "min-snr"] = "uniform"
    """Weight of the loss at each timestep; min-snr: the error of the image counts min(SNR, min_snr_gamma) (Hang et al.
    2023)."""
    min_snr_gamma: Positive | None = None
    """Upper limit of the signal-to-noise ratio in min-snr; null: 5."""
    time_mean: Annotated[float, pydantic.Field(strict=True, ge=-20, le=20)] | None = None
    """Mean of the logit-normal training timesteps of the straight path (Esser et al. 2024); null: 0."""
    time_std: NonNegative | None = None
    """Standard deviation of the logit-normal training timesteps; 0: uniform timesteps; null: 1."""
    pure_noise: Fraction = 0.0
    """Fraction of the training images of the straight path that are nothing but noise, where sampling starts: there the
    model learns to draw from its conditions alone. The others have logit-normal timesteps."""
    zero_noise: Fraction = 0.0
    """Fraction of those training images whose noise is 0, which is where sampling at temperature 0 starts."""
    sampler: Sampler = "ddim"
    """Default sampler."""
    sampling_steps: Steps = 50
    """Default number of sampling steps."""
    eta: Annotated[float, pydantic.Field(strict=True, ge=0, le=1)] = 0.0
    """Noise that ddim adds, from 0 (deterministic) to 1 (as ddpm)."""
    temperature: Annotated[float, pydantic.Field(strict=True, ge=0, le=10)] = 1.0
    """Default factor on the initial noise of sampling; below 1 images are more regular and less diverse."""
    contrast: Annotated[float, pydantic.Field(strict=True, ge=1, le=10)] = 1.0
    """Factor on sampled images, around mid-grey, before they are clipped to the pixel range. Slightly above 1 it makes
    pixels black or white that a sampler of few steps leaves almost so."""
    encoding_steps: Steps = 50
    """Steps of encode (DDIM inversion), and the default number of steps of decode."""
    microbatches: Annotated[int, pydantic.Field(strict=True, ge=1, le=1 << 16)] = 1
    """Number of microbatches of a batch (gradient accumulation), for networks that need much memory; a divisor of
    training.batch_size."""
    guidance: NonNegative = 1.0
    """Default guidance scale, of classifier-free guidance or of autoguidance by ``guide``; 1: no guidance."""

    @pydantic.model_validator(mode="after")
    def _keys_suit_each_other(self) -> Self:
        straight = self.path == "straight"
        if straight and self.noise_steps is not None:
            raise invalid("noise_steps", "the straight path has no table of betas; leave this out")
        if straight and self.timesteps is not None:
            raise invalid("timesteps", "the straight path has no table of betas; leave this out")
        for key in ("time_mean", "time_std"):
            if not straight and getattr(self, key) is not None:
                raise invalid(key, f"the path {self.path} trains on the entries of its table; leave this out")
        if not straight and self.pure_noise:
            raise invalid("pure_noise", f"the path {self.path} trains on the entries of its table; leave this out")
        if self.zero_noise and not self.pure_noise:
            raise invalid("zero_noise", "only images of nothing but noise can be without it; expected pure_noise")
        if self.time_std == 0 and self.time_mean is not None:
            raise invalid("time_mean", "uniform timesteps (time_std 0) have no mean to set; leave this out")
        if self.min_snr_gamma is not None and self.loss_weight != "min-snr":
            raise invalid("min_snr_gamma", "only loss_weight min-snr uses this; leave it out")
        return self


class DDPMArchitecture(Architecture):
    """Mode DDPM: a diffusion model (Ho et al. 2020) or a flow-matching model (Lipman et al. 2023)."""

    model_config = pydantic.ConfigDict(json_schema_extra=not_required("z_dim"))

    trained: ClassVar[dict[str, Optimizer]] = {"denoiser": Optimizer(learning_rate=2e-4, beta1=0.9)}
    microbatches_key: ClassVar[str] = "objective.microbatches"

    mode: Literal["DDPM"]
    z_dim: Annotated[int, pydantic.Field(strict=True, ge=1)]
    """Size of the latent, which is the initial noise: height x width x channels, also the default."""
    denoiser: Denoiser
    """The denoising network."""
    guide: Denoiser | None = None
    """A smaller denoiser that is trained on the same images. With an ``objective.guidance`` other than 1, samples are
    guided away from its predictions (autoguidance, Karras et al. 2024). Null: none."""
    objective: DiffusionObjective = DiffusionObjective()
    condition: Condition | None = None
    """The model's conditioning inputs; null: unconditional."""

    @property
    def microbatches(self) -> int:
        """As of other families."""
        return self.objective.microbatches

    @property
    def pixel_range(self) -> tuple[float, float]:
        """(low, high) of the pixels inside the model."""
        return -1.0, 1.0

    @pydantic.model_validator(mode="before")
    @classmethod
    def _latents_are_noise(cls, data: Any) -> Any:
        if isinstance(data, dict) and "z_dim" not in data:
            hwc = data.get("hwc")
            if isinstance(hwc, list | tuple) and len(hwc) == 3 and all(isinstance(side, int) for side in hwc):
                data = data | {"z_dim": max(hwc[0] * hwc[1] * hwc[2], 1)}
        return data

    @pydantic.model_validator(mode="before")
    @classmethod
    def _classes_are_y_dim(cls, data: Any) -> Any:
        """``y_dim`` gives the number of classes to a condition that has neither classes nor tokens."""
        if isinstance(data, dict) and isinstance(data.get("condition"), dict) and data.get("y_dim") is not None:
            condition = data["condition"]
            if condition.get("classes") is None and condition.get("tokens") is None:
                data = data | {"condition": condition | {"classes": data["y_dim"]}}
        return data

    @pydantic.model_validator(mode="after")
    def _sizes_fit(self) -> Self:
        height, width, channels = self.hwc
        if self.z_dim != height * width * channels:
            raise invalid("z_dim", f"found {self.z_dim}, expected {height * width * channels}, the size of an image")
        self.denoiser.check(self.hwc, self.condition)
        if self.guide is not None:
            if self.condition is not None:
                raise invalid("guide", "models with a condition are guided by that; leave one of the two out")
            self.guide.check(self.hwc, None, "guide")
        if self.condition is None and self.guide is None and self.objective.guidance != 1:
            raise invalid("objective.guidance", "there is neither a condition nor a guide for guidance; expected 1")
        return self
