"""Cost: how many images a second a model draws, and what one gets for more of it."""

import dataclasses
import itertools
import platform
import time

import numpy as np

from tfglyph.errors import UsageError, did_you_mean
from tfglyph.progress import hidden

SWEPT = ("sampler", "steps", "guidance", "temperature")
DEFAULT_STEPS = (5, 10, 20, 50)
DEFAULTS = {"guidance": (1.0, 1.5, 2.0, 3.0), "temperature": (0.0, 0.5, 1.0)}


def images_per_second(model, count=64, seed=0, repetitions=3, **options):
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


def warm_up(model, seed=0, **options):
    """Draws one chunk, so that what comes after needs no tracing and compiling."""
    model.sample(model.chunk, seed=seed, **options)


def timed_samples(model, count, seed=0, **options):
    """Samples, and how fast they came.

    Returns:
        (what ``model.sample`` gives, float images per second).
    """
    start = time.perf_counter()
    samples = model.sample(count, seed=seed, **options)
    return samples, count / (time.perf_counter() - start)


def hardware():
    """str: what the figures were taken on."""
    import tensorflow as tf

    devices = tf.config.list_physical_devices("GPU")
    if devices:
        names = [tf.config.experimental.get_device_details(device).get("device_name", "GPU") for device in devices]
        return ", ".join(names)
    return f"{platform.machine()} CPU, {tf.config.threading.get_intra_op_parallelism_threads() or 'all'} threads"


@dataclasses.dataclass(frozen=True)
class Sweep:
    """What to vary: every sampler with every number of steps and every strength of guidance.

    Attributes:
        sampler: tuple of str.
        steps: tuple of int.
        guidance, temperature: tuple of float; empty: the model's own, and no point says so.
    """

    sampler: tuple
    steps: tuple
    guidance: tuple = ()
    temperature: tuple = ()

    def __iter__(self):
        """Options of ``model.sample``, a dict for each point."""
        axes = {name: values for name, values in dataclasses.asdict(self).items() if values}
        return (dict(zip(axes, point, strict=True)) for point in itertools.product(*axes.values()))


def parse_sweep(text):
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
    from tfglyph.diffusion.samplers import SAMPLERS

    found = {}
    for part in text.split(","):
        name, given, values = (piece.strip() for piece in part.partition("="))
        if name not in SWEPT or name in found:
            raise UsageError(
                f"--sweep: found {name!r}{did_you_mean(name, SWEPT)}, expected sampler,steps,guidance,temperature or"
                " such as sampler=ddim/heun,steps=5/10/20"
            )
        values = tuple(value.strip() for value in values.split("/")) if given else ()
        if name == "sampler":
            for value in values:
                if value not in SAMPLERS:
                    known = ", ".join(SAMPLERS)
                    raise UsageError(f"--sweep: no sampler {value!r}{did_you_mean(value, SAMPLERS)}; there are {known}")
            found["sampler"] = values or tuple(SAMPLERS)
        elif name in DEFAULTS:
            found[name] = tuple(_number(name, value) for value in values) or DEFAULTS[name]
        else:
            if not all(value.isascii() and value.isdigit() and 0 < int(value) <= 10000 for value in values):
                raise UsageError(f"--sweep: found steps {'/'.join(values)!r}, expected numbers such as 5/10/20")
            found["steps"] = tuple(map(int, values)) or DEFAULT_STEPS
    return found


def _number(name, text):
    most = {"guidance": 100, "temperature": 10}[name]
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value <= most:
        raise UsageError(f"--sweep: found {name} {text!r}, expected numbers from 0 to {most} such as 1/2/3.5")
    return value


def sweep_of(model, wanted):
    """The Sweep of a model.

    Args:
        model: a GlyphModel.
        wanted: dict from ``parse_sweep``.

    Raises:
        UsageError: not a diffusion model, which alone has samplers and steps; or guidance for one that is told nothing.
    """
    for name in wanted:
        if name not in model.sampling_options:
            if name == "guidance" and "steps" in model.sampling_options:
                raise UsageError(f"--sweep guidance: {model.name} has no condition, so there is nothing to follow")
            mode = model.architecture.mode
            raise UsageError(f"--sweep {name}: a {mode} model draws an image in one pass, so there is nothing to vary")
    objective = model.architecture.objective
    return Sweep(
        wanted.get("sampler", (objective.sampler,)),
        wanted.get("steps", (objective.sampling_steps,)),
        wanted.get("guidance", ()),
        wanted.get("temperature", ()),
    )
