"""Cost: how many images a second a model samples, and what a sweep of sampling options varies."""

import dataclasses
import itertools
import platform
import time
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from tfglyph.architecture.sampling import SAMPLERS, SAMPLING_OPTIONS
from tfglyph.errors import UsageError, did_you_mean
from tfglyph.progress import hidden, progress

SWEPT = ("sampler", "steps", "guidance", "temperature")
DEFAULT_STEPS = (5, 10, 20, 50)
DEFAULTS: dict[str, tuple[float, ...]] = {"guidance": (1.0, 1.5, 2.0, 3.0), "temperature": (0.0, 0.5, 1.0)}


class SamplingModel(Protocol):
    """As much of a GlyphModel as measuring its speed needs."""

    chunk: int

    def sample(self, count: int, seed: int = 0, **options: Any) -> np.ndarray: ...


# === Speed ===


def images_per_second(
    model: SamplingModel, count: int = 64, seed: int = 0, repetitions: int = 3, **options: Any
) -> np.ndarray:
    """How fast a model samples, after one run that is not counted (it traces and compiles).

    Args:
        model: a GlyphModel.
        count: int, images in a run.
        seed: int.
        repetitions: int.
        **options: as for ``model.sample``.

    Returns:
        float64 (repetitions,), images per second of each run.
    """
    with hidden():
        warm_up(model, seed, **options)
        return np.array([timed_samples(model, count, seed, **options)[1] for _ in range(repetitions)])


def warm_up(model: SamplingModel, seed: int = 0, **options: Any) -> None:
    """Samples one chunk, so that what comes after needs no tracing and compiling."""
    model.sample(model.chunk, seed=seed, **options)


def timed_samples(model: SamplingModel, count: int, seed: int = 0, **options: Any) -> tuple[np.ndarray, float]:
    """Samples, and how fast they came.

    Returns:
        (what ``model.sample`` gives, float images per second).
    """
    start = time.perf_counter()
    samples = model.sample(count, seed=seed, **options)
    return samples, count / (time.perf_counter() - start)


def hardware() -> str:
    """What the speed was measured on."""
    devices = tf.config.list_physical_devices("GPU")
    if devices:
        names = [tf.config.experimental.get_device_details(device).get("device_name", "GPU") for device in devices]
        return ", ".join(names)
    return f"{platform.machine()} CPU, {tf.config.threading.get_intra_op_parallelism_threads() or 'all'} threads"


# === Sweeps ===


@dataclasses.dataclass(frozen=True)
class Sweep:
    """What to vary: every sampler with every number of steps and every strength of guidance.

    Attributes:
        sampler: tuple of str.
        steps: tuple of int.
        guidance, temperature: tuple of float; empty: the model's own, and no point says so.
    """

    sampler: tuple[str, ...]
    steps: tuple[int, ...]
    guidance: tuple[float, ...] = ()
    temperature: tuple[float, ...] = ()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Options of ``model.sample``, a dict for each point."""
        axes = {name: values for name, values in dataclasses.asdict(self).items() if values}
        return (dict(zip(axes, point, strict=True)) for point in itertools.product(*axes.values()))

    def shown(self) -> Iterator[dict[str, Any]]:
        """The points, one after the other in a progress bar that names them."""
        bar = progress(list(self), "sweep", unit="point")
        for options in bar:
            bar.set_postfix_str(", ".join(f"{name} {value}" for name, value in options.items()))
            yield options


def parse_sweep(text: str) -> dict[str, tuple[Any, ...]]:
    """What ``--sweep`` asks for.

    Args:
        text: str, ``sampler,steps,guidance,temperature``, or with values: ``sampler=ddim/heun,steps=5,guidance=1/2``.
            Of what is left out, a sweep takes the model's own.

    Returns:
        dict with any of ``sampler`` (tuple of str), ``steps`` (tuple of int), ``guidance`` and ``temperature`` (tuples
        of float).

    Raises:
        UsageError: another word, an unknown sampler, or numbers that are out of range.
    """
    axes: dict[str, tuple[Any, ...]] = {}
    for part in text.split(","):
        name, equals, listed = (piece.strip() for piece in part.partition("="))
        if name not in SWEPT or name in axes:
            raise UsageError(
                f"--sweep: found {name!r}{did_you_mean(name, SWEPT)}, expected sampler,steps,guidance,temperature or"
                " such as sampler=ddim/heun,steps=5/10/20"
            )
        values = tuple(value.strip() for value in listed.split("/")) if equals else ()
        if name == "sampler":
            for value in values:
                if value not in SAMPLERS:
                    known = ", ".join(SAMPLERS)
                    raise UsageError(f"--sweep: no sampler {value!r}{did_you_mean(value, SAMPLERS)}; there are {known}")
            axes[name] = values or tuple(SAMPLERS)
        elif name == "steps":
            axes[name] = tuple(_number(name, value) for value in values) or DEFAULT_STEPS
        else:
            axes[name] = tuple(_number(name, value) for value in values) or DEFAULTS[name]
    return axes


def _number(name: str, text: str) -> int | float:
    """One value of an axis, in the range of the sampling option."""
    option = SAMPLING_OPTIONS[name]
    kind, example = ("whole numbers", "5/10/20") if option.integer else ("numbers", "1/2/3.5")
    try:
        value = int(text) if option.integer else float(text)
        option.check(value)
    except (ValueError, UsageError):
        limits = f"from {option.low:g} to {option.high:.6g}"
        raise UsageError(f"--sweep: found {name} {text!r}, expected {kind} {limits} such as {example}") from None
    return value


def sweep_of(model: Any, axes: Mapping[str, tuple[Any, ...]]) -> Sweep:
    """The Sweep of a model.

    Args:
        model: a GlyphModel.
        axes: dict from ``parse_sweep``.

    Raises:
        UsageError: not a diffusion model, which alone has samplers and steps; or guidance for a model without
            conditioning inputs.
    """
    for name in axes:
        if name not in model.sampling_options:
            if name == "guidance" and "steps" in model.sampling_options:
                raise UsageError(f"--sweep guidance: {model.name} has no condition, so there is nothing to follow")
            mode = model.architecture.mode
            raise UsageError(f"--sweep {name}: a {mode} model samples in one pass, so there is nothing to vary")
    objective = model.architecture.objective
    return Sweep(
        axes.get("sampler", (objective.sampler,)),
        axes.get("steps", (objective.sampling_steps,)),
        axes.get("guidance", ()),
        axes.get("temperature", ()),
    )
