"""The ``training`` section of an architecture file: batch size, duration, optimizers, averaging, precision."""

from typing import Annotated, Literal, Self

import pydantic

from tfglyph.architecture.core import Count, Flag, Fraction, NonNegative, Positive, Section, Size, invalid

Precision = Literal["float32", "mixed_bfloat16", "mixed_float16", "auto"]


class Optimizer(Section):
    """Adam (Kingma and Ba, 2015) or AdamW (Loshchilov and Hutter, 2019) with a learning-rate schedule."""

    learning_rate: Positive = 2e-4
    """The rate after warm-up, before decay; for one-cycle the highest one."""
    beta1: Fraction = 0.5
    """Decay of the first moment."""
    beta2: Fraction = 0.999
    """Decay of the second moment."""
    epsilon: Positive = 1e-8
    """Added to the root of the second moment."""
    weight_decay: NonNegative = 0.0
    """Decoupled weight decay (AdamW); 0 is plain Adam."""
    clip_norm: Positive | None = None
    """Maximum norm of the gradient of the whole network (gradient clipping); null: not clipped."""
    schedule: Literal["constant", "cosine", "one-cycle"] = "constant"
    """Learning-rate schedule over all steps: constant; half a cosine to 0; one-cycle: up from 1/25 over 30% of the
    steps, then down to 1e-4 of that along half cosines (Smith and Topin, 2018)."""
    schedule_stages: Annotated[int, pydantic.Field(strict=True, ge=2, le=1_000_000)] | None = None
    """In how many equal stages the rate follows the schedule, as where a schedule is stepped once an epoch (then the
    number of epochs); null: at every step."""
    beta1_cycle: tuple[Fraction, Fraction] | None = None
    """With one-cycle: beta1 falls from the first number to the second while the rate rises, and goes back while it
    falls (PyTorch's one-cycle schedule does so from 0.95 to 0.85); null: beta1 stays as it is."""
    warmup_steps: Count = 0
    """Steps of linear warm-up from 0 (schedules constant and cosine)."""

    @pydantic.model_validator(mode="after")
    def _one_cycle_warms_up_itself(self) -> Self:
        if self.schedule == "one-cycle" and self.warmup_steps:
            raise invalid("warmup_steps", "one-cycle has its own warm-up; leave this out")
        if self.beta1_cycle is not None and self.schedule != "one-cycle":
            raise invalid("beta1_cycle", f"goes with the schedule one-cycle, but this is {self.schedule}; leave it out")
        if self.schedule_stages is not None and (self.schedule == "constant" or self.warmup_steps):
            raise invalid(
                "schedule_stages", "goes with a schedule that has no warm-up of its own; leave one of them out"
            )
        return self


class Ema(Section):
    """Exponential moving average of the weights, used for inference: ema <- decay * ema + (1 - decay) * weights."""

    decay: Fraction = 0.999
    """Final decay; step t uses min(decay, (1 + t) / (10 + t)), so that the average forgets the initial weights."""


class TrainingRecipe(Section):
    """How the networks are trained; the command line can override single values."""

    batch_size: Size = 64
    """Images per update, over all devices."""
    microbatches: Size = 1
    """Number of microbatches of a batch (gradient accumulation), which are computed one after another, for networks
    that need much memory; a divisor of batch_size. Batch normalization then takes its statistics from a microbatch.
    Diffusion models have objective.microbatches instead."""
    epochs: Annotated[int, pydantic.Field(strict=True, ge=1, le=1_000_000)] = 100
    """Passes over the data: the total, also after resuming."""
    steps: Annotated[int, pydantic.Field(strict=True, ge=1, le=1 << 40)] | None = None
    """Total training steps; takes precedence over epochs where given; null: as many as the epochs have."""
    optimizers: dict[str, Optimizer] = pydantic.Field(default_factory=dict)
    """One optimizer per trained network, by the network's name; a network without one gets the family's default."""
    ema: Ema | None = None
    """Averaged copies (EMA) of the networks that generate images; null: none."""
    precision: Precision = "float32"
    """Number format of layers: float32, mixed_bfloat16, mixed_float16, or auto (by the hardware)."""
    synchronized_batch_norm: Flag = False
    """With several devices: batch-norm statistics over the global batch instead of each device's part."""
