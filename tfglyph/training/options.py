"""What a training was asked for: resolved once, printed, and kept in the run directory's ``options.json``."""

import dataclasses
import platform

from tfglyph import architecture as architectures
from tfglyph.errors import UsageError
from tfglyph.version import __version__

# flag -> JSON path in the architecture file; --lr and --beta1 go to every trained network's optimizer
OVERRIDES = {
    "epochs": "training.epochs",
    "steps": "training.steps",
    "batch_size": "training.batch_size",
    "reconst_v_gan": "objective.reconst_v_gan",
    "precision": "training.precision",
}


@dataclasses.dataclass
class Options:
    """Everything but the architecture.

    Attributes:
        dataset: dict of keyword arguments of ``tfglyph.datasets.load``: "name", "datadir", "holdout", ...
        seed: int, from which weights, data order and every draw follow.
        precision: str, resolved policy.
        jit: "auto", "on" or "off": XLA.
        strategy: "one", "mirrored" or "multiworker".
        keep: int, how many checkpoints stay.
        checkpoint_every: int steps between checkpoints, or None: once an epoch.
        images_every: int steps between pictures, or None: once an epoch.
        max_bad_steps: int, steps in a row with a NaN or an infinity after which the run stops.
        evaluate_every: int steps between evaluations, or None: none.
        best_metric: str, a key of ``tfglyph.evaluation.cheap.LOWER_IS_BETTER``, which decides the best checkpoint.
        projector: bool, write the embedding projector's files at the end of the training.
        init_from: str or None, the run, checkpoint or "pretrained:NAME" whose weights a new run begins with.
        augment: dict of arguments of ``datasets.Augmentation``, empty for none.
    """

    dataset: dict = dataclasses.field(default_factory=lambda: {"name": "cns"})
    seed: int = 0
    precision: str = "float32"
    jit: str = "auto"
    strategy: str = "one"
    keep: int = 5
    checkpoint_every: int | None = None
    images_every: int | None = None
    max_bad_steps: int = 10
    evaluate_every: int | None = None
    best_metric: str = "kid"
    projector: bool = False
    init_from: str | None = None
    augment: dict = dataclasses.field(default_factory=dict)

    def to_json(self):
        """dict of JSON values for options.json, with the versions that made the run."""
        import keras
        import numpy
        import tensorflow

        versions = {
            "tfglyph": __version__,
            "tensorflow": tensorflow.__version__,
            "keras": keras.__version__,
            "numpy": numpy.__version__,
            "python": platform.python_version(),
        }
        return dataclasses.asdict(self) | {"versions": versions}

    @classmethod
    def from_json(cls, data, name="options.json"):
        """Back from options.json; keys of other versions are left aside.

        Args:
            data: dict, as it was read.
            name: str, the file, for messages.

        Raises:
            UsageError: a value of another type than this program writes.
        """
        types = {field.name: field.type for field in dataclasses.fields(cls)}
        found = {key: value for key, value in data.items() if key in types}
        for key, value in found.items():
            if not isinstance(value, types[key]) or (isinstance(value, bool) and types[key] is not bool):
                wanted = getattr(types[key], "__name__", types[key])
                raise UsageError(f"{name}: {key}: found {value!r:.80}, expected {wanted}")
        for key in ("seed", "keep", "max_bad_steps"):
            if found.get(key, 1) < (0 if key == "seed" else 1):
                raise UsageError(f"{name}: {key}: found {found[key]}, expected a positive number")
        return cls(**found)


def with_overrides(architecture, flags):
    """The architecture with the command line's values in it.

    Args:
        architecture: Architecture.
        flags: dict from flag name (keys of ``OVERRIDES``, "lr", "beta1", or a dotted JSON path) to value; None where
            it was not given.

    Raises:
        UsageError: the architecture has no such key, or the value is impossible.
    """
    given = {flag: value for flag, value in flags.items() if value is not None}
    changes = {}
    for name, optimizer in architecture.trained.items():
        section = architecture.training.optimizers.get(name, optimizer)
        values = section.model_dump(mode="json", by_alias=True)
        for flag, key in (("lr", "learning_rate"), ("beta1", "beta1")):
            if flag in given:
                values[key] = given[flag]
        changes[f"training.optimizers.{name}"] = values
    if "epochs" in given and "steps" not in given:
        changes["training.steps"] = None  # the file's steps would outrank the epochs that were asked for
    for flag, value in given.items():
        if flag not in ("lr", "beta1"):
            changes[OVERRIDES.get(flag, flag)] = value
    try:
        return architectures.override(architecture, changes)
    except UsageError as error:
        flag_of = {path: f"--{flag}" for flag, path in OVERRIDES.items() if flag in given}
        message = str(error)
        for path, flag in flag_of.items():
            message = message.replace(f"command line: {path}", flag)
        raise UsageError(message) from None


def total_steps(architecture, images, batches_per_step):
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
