"""What the command line changes in an architecture, and how many steps a training has."""

from collections.abc import Mapping
from typing import Any

from tfglyph import architecture as architectures
from tfglyph.architecture.families import Architecture
from tfglyph.errors import UsageError

# flag -> JSON path in the architecture file; --lr and --beta1 go to every trained network's optimizer, --accumulate
# to where the family has its microbatches
OVERRIDES: dict[str, str] = {
    "epochs": "training.epochs",
    "steps": "training.steps",
    "batch_size": "training.batch_size",
    "reconst_v_gan": "objective.reconst_v_gan",
    "precision": "training.precision",
}


def with_overrides(architecture: Architecture, flags: Mapping[str, Any]) -> Architecture:
    """The architecture with the command line's values in it.

    Args:
        architecture: Architecture.
        flags: dict from flag name (keys of ``OVERRIDES``, "lr", "beta1", "accumulate", "remat", or a dotted JSON path)
            to value; None where it was not given.

    Raises:
        UsageError: the architecture has no such key, or the value is impossible.
    """
    values_given = {flag: value for flag, value in flags.items() if value is not None}
    paths = OVERRIDES | {"accumulate": architecture.microbatches_key}
    changes: dict[str, Any] = {}
    for name, optimizer in architecture.trained.items():
        section = architecture.training.optimizers.get(name, optimizer)
        values = section.model_dump(mode="json", by_alias=True)
        for flag, key in (("lr", "learning_rate"), ("beta1", "beta1")):
            if flag in values_given:
                values[key] = values_given[flag]
        changes[f"training.optimizers.{name}"] = values
    if values_given.pop("remat", False):
        networks = [name for name in ("denoiser", "guide") if getattr(architecture, name, None) is not None]
        if not networks:
            raise UsageError(f"--remat: a {architecture.mode} has no U-Net, whose blocks could be computed twice")
        changes |= {f"{name}.remat": True for name in networks}
    if "epochs" in values_given and "steps" not in values_given:
        changes["training.steps"] = None  # the file's steps would outrank the epochs that were asked for
    for flag, value in values_given.items():
        if flag not in ("lr", "beta1"):
            changes[paths.get(flag, flag)] = value
    try:
        return architectures.override(architecture, changes)
    except UsageError as error:
        flag_of = {path: f"--{flag}" for flag, path in paths.items() if flag in values_given}
        message = str(error)
        for path, flag in flag_of.items():
            message = message.replace(f"command line: {path}", flag)
        raise UsageError(message) from None


def total_steps(architecture: Architecture, images: int, batches_per_step: int) -> tuple[int, int]:
    """(steps in all, steps per epoch): the file's ``steps``, or its epochs over ``images`` images.

    Raises:
        UsageError: fewer images than one step takes.
    """
    needed = architecture.training.batch_size * batches_per_step
    per_epoch = images // architecture.training.batch_size // batches_per_step
    if not per_epoch:
        raise UsageError(
            f"{images} images are too few for a step, which takes {needed} "
            f"({batches_per_step} x {architecture.training.batch_size}): use a smaller --batch_size"
        )
    return architecture.training.steps or architecture.training.epochs * per_epoch, per_epoch
