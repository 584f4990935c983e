"""Optimizers with schedules that follow the model's step, and updates that a NaN cannot reach."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from tfglyph.architecture.training import Optimizer


class StepSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate as a function of the model's step, not of the optimizer's own count of updates.

    A step may hold several updates of one network, and skipped updates are not counted by an optimizer; the schedule
    of a file is in steps.

    Args:
        section: tfglyph.architecture.training.Optimizer.
        total_steps: int, where the decay ends.
        step: tf.Variable, int64 scalar.
    """

    def __init__(self, section: Optimizer, total_steps: int, step: tf.Variable):
        self.section: Optimizer = section
        self.total_steps: int = total_steps
        self.step: tf.Variable = step

    def __call__(self, iterations: Any = None) -> tf.Tensor:
        """float32 scalar: the rate at the model's current step (``iterations`` is not used)."""
        return rate_at(self.section, tf.cast(self.step, tf.float32), float(self.total_steps))

    def get_config(self) -> dict[str, Any]:
        return {"section": self.section.model_dump(by_alias=True), "total_steps": self.total_steps}


def rate_at(section: Optimizer, step: tf.Tensor | float, total_steps: float) -> tf.Tensor:
    """Learning rate of step ``step`` (0-based) out of ``total_steps``.

    Args:
        section: tfglyph.architecture.training.Optimizer.
        step: float32 tensor or float.
        total_steps: float.

    Returns:
        float32 scalar tensor.
    """
    peak = section.learning_rate
    if section.schedule == "one-cycle":
        return _one_cycle(section, step, total_steps, [(peak / 25.0, peak), (peak, peak / 25.0 * 1e-4)])
    warmup = float(section.warmup_steps)
    rate = tf.constant(peak, tf.float32)
    step, total_steps = _in_stages(section, step, total_steps)
    if section.schedule == "cosine":
        rate = _half_cosine(peak, 0.0, (step - warmup) / max(total_steps - warmup, 1.0))
    return rate * tf.minimum(1.0, (step + 1.0) / warmup) if warmup else rate + 0.0 * step


def beta1_at(section: Optimizer, step: tf.Tensor | float, total_steps: float) -> tf.Tensor:
    """beta1 at step ``step``, against the rate with ``beta1_cycle``; otherwise as ``rate_at``."""
    if section.beta1_cycle is None:
        return tf.constant(section.beta1, tf.float32)
    highest, lowest = section.beta1_cycle
    return _one_cycle(section, step, total_steps, [(highest, lowest), (lowest, highest)])


def _one_cycle(
    section: Optimizer, step: tf.Tensor | float, total_steps: float, ends: list[tuple[float, float]]
) -> tf.Tensor:
    """A value along half cosines: between the first two ends over 30% of the steps, then between the others."""
    staged = section.schedule_stages is not None
    step, total_steps = _in_stages(section, step, total_steps)
    # PyTorch's schedule of S stages, the last of which is number S - 1, ends there, and has its peak at 0.3 S - 1.
    rise, last = max(0.3 * total_steps - staged, 1.0), total_steps - staged
    up = _half_cosine(*ends[0], step / rise)
    down = _half_cosine(*ends[1], (step - rise) / max(last - rise, 1.0))
    return tf.where(step < rise, up, down)


def _in_stages(section: Optimizer, step: tf.Tensor | float, total_steps: float) -> tuple[tf.Tensor | float, float]:
    """The position in the schedule and its length: in steps, or in whole stages with ``schedule_stages``."""
    if section.schedule_stages is None:
        return step, total_steps
    stages = float(section.schedule_stages)
    # In whole numbers: a float32 quotient could miss the first step of a stage.
    whole = tf.cast(step, tf.int64) * section.schedule_stages // max(int(total_steps), 1)
    return tf.cast(tf.minimum(whole, section.schedule_stages - 1), tf.float32), stages


def _half_cosine(start: float, end: float, fraction: tf.Tensor | float) -> tf.Tensor:
    return end + (start - end) * 0.5 * (1.0 + tf.cos(math.pi * tf.clip_by_value(fraction, 0.0, 1.0)))


class FusedAdam(keras.optimizers.Adam):
    """Adam (Kingma and Ba 2015, https://arxiv.org/abs/1412.6980) that reads and writes each variable once.

    The same variables and formula as Keras's, which passes over the memory a dozen times and is some 2.5 times
    slower on a CPU. ``weight_decay`` makes it AdamW. Its gradients come summed over all devices
    (``GlyphModel.update``); Keras would clip each device's part and sum afterwards.

    Args:
        beta1_schedule: function without arguments to a float32 scalar tensor, the beta1 of this step; None: beta_1.
        **options: those of ``keras.optimizers.Adam``.
    """

    def __init__(self, beta1_schedule: Callable[[], tf.Tensor] | None = None, **options: Any):
        super().__init__(**options)
        self.beta1_schedule = beta1_schedule

    def _all_reduce_sum_gradients(self, grads_and_vars: Any) -> Any:
        return grads_and_vars

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        if isinstance(gradient, tf.IndexedSlices) and self.beta1_schedule is None:
            super().update_step(gradient, variable, learning_rate)
            return
        gradient = tf.convert_to_tensor(gradient)
        index = self._get_variable_index(variable)
        step = tf.cast(self.iterations + 1, variable.dtype)
        beta_1 = self.beta_1 if self.beta1_schedule is None else tf.cast(self.beta1_schedule(), variable.dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=tf.pow(beta_1, step),
            beta2_power=tf.pow(self.beta_2, step),
            grad=gradient,
            beta1=beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            lr=tf.cast(learning_rate, variable.dtype),
        )


class GuardedOptimizer(keras.optimizers.LossScaleOptimizer):
    """An optimizer that leaves everything as it was where the first gradient is not finite.

    ``GlyphModel.update`` marks a step that must not be applied by a NaN in the first gradient, on every replica, so
    one look at that gradient is enough here. With ``scaled`` it is also the dynamic loss scale of mixed_float16
    (Micikevicius et al. 2018, https://arxiv.org/abs/1710.03740); otherwise the scale is 1 and stays 1.

    Args:
        inner: keras.optimizers.Optimizer.
        scaled: bool, whether to scale the loss.
    """

    def __init__(self, inner: keras.optimizers.Optimizer, scaled: bool):
        # A name of its own: Keras would number them through the process, and checkpoints know variables by path.
        super().__init__(inner, initial_scale=2.0**15 if scaled else 1.0, name=f"guarded_{inner.name}")
        self.scaled: bool = scaled

    def check_finite(self, grads: Sequence[tf.Tensor]) -> tf.Tensor:
        return tf.reduce_all(tf.math.is_finite(grads[0]))

    def scale_loss(self, loss: Any) -> Any:
        return super().scale_loss(loss) if self.scaled else loss

    def _stateful_handle_finite_grads(self, grads: Any, trainable_variables: Any) -> None:
        if self.scaled:
            super()._stateful_handle_finite_grads(grads, trainable_variables)
        else:
            self.inner_optimizer.apply(grads, trainable_variables=trainable_variables)

    def _stateful_handle_non_finite_grads(self) -> None:
        if self.scaled:
            super()._stateful_handle_non_finite_grads()


def make_optimizer(
    section: Optimizer, total_steps: int, step: tf.Variable, scaled: bool, name: str
) -> GuardedOptimizer:
    """The optimizer that a section describes.

    Args:
        section: tfglyph.architecture.training.Optimizer.
        total_steps: int, for the schedule.
        step: tf.Variable, int64 scalar, the model's step.
        scaled: bool, dynamic loss scaling.
        name: str.
    """
    beta1_schedule = None
    if section.beta1_cycle is not None:
        beta1_schedule = lambda: beta1_at(section, tf.cast(step, tf.float32), float(total_steps))  # noqa: E731
    inner = FusedAdam(
        beta1_schedule,
        learning_rate=StepSchedule(section, total_steps, step),
        beta_1=section.beta1,
        beta_2=section.beta2,
        epsilon=section.epsilon,
        global_clipnorm=section.clip_norm,
        weight_decay=section.weight_decay or None,
        name=name,
    )
    return GuardedOptimizer(inner, scaled)
