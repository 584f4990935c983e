"""What a run was started with, kept in its directory's ``options.json``."""

import dataclasses
import platform
from collections.abc import Mapping
from typing import Any, Literal

from tfglyph.datasets.loading import DatasetSpec
from tfglyph.errors import UsageError
from tfglyph.version import __version__

Jit = Literal["auto", "on", "off"]
Strategy = Literal["one", "mirrored", "multiworker"]
AT_LEAST = {"seed": 0, "keep": 1, "max_bad_steps": 1}


@dataclasses.dataclass
class Options:
    """Everything but the architecture.

    Attributes:
        dataset: DatasetSpec, the data; a dict of its values becomes one.
        seed: int, from which weights, data order and every draw follow.
        precision: str, resolved policy.
        jit: "auto", "on" or "off": XLA.
        strategy: "one", "mirrored" or "multiworker".
        keep: int, how many checkpoints stay.
        checkpoint_every: int steps between checkpoints, or None: once an epoch.
        images_every: int steps between pictures, or None: once an epoch.
        max_bad_steps: int, steps in a row with a NaN or an infinity after which the run stops.
        evaluate_every: int steps between evaluations, or None: none.
        best_metric: str, a key of ``tfglyph.evaluation.online.LOWER_IS_BETTER``, which decides the best checkpoint.
        projector: bool, write the embedding projector's files at the end of the training.
        init_from: str or None, the run, checkpoint or "pretrained:NAME" whose weights a new run begins with.
        augment: dict of arguments of ``datasets.Augmentation``, empty for none.
        fused_batch_norm: bool, batch normalization by the fused operation of TensorFlow. False, which is what an
            options.json of version 0.1.0 means, is Keras's, so that its runs go on with the same bits.
        versions: dict from package to the version that wrote the file; filled by ``to_json``.
    """

    dataset: DatasetSpec = dataclasses.field(default_factory=DatasetSpec)
    seed: int = 0
    precision: str = "float32"
    jit: Jit = "auto"
    strategy: Strategy = "one"
    keep: int = 5
    checkpoint_every: int | None = None
    images_every: int | None = None
    max_bad_steps: int = 10
    evaluate_every: int | None = None
    best_metric: str = "kid"
    projector: bool = False
    init_from: str | None = None
    augment: dict[str, Any] = dataclasses.field(default_factory=dict)
    fused_batch_norm: bool = False
    versions: dict[str, str] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        if isinstance(self.dataset, Mapping):  # as programs written for version 0.1.0 pass it
            self.dataset = DatasetSpec.from_dict(self.dataset)

    def to_dict(self) -> dict[str, Any]:
        """dict of JSON values, with the versions as they stand here."""
        return dataclasses.asdict(self) | {"dataset": self.dataset.to_dict()}

    def to_json(self) -> dict[str, Any]:
        """dict of JSON values for options.json, with the versions that make the run."""
        import keras  # slow: reading options needs no TensorFlow
        import numpy
        import tensorflow

        versions = {
            "tfglyph": __version__,
            "tensorflow": tensorflow.__version__,
            "keras": keras.__version__,
            "numpy": numpy.__version__,
            "python": platform.python_version(),
        }
        return self.to_dict() | {"versions": versions}

    @classmethod
    def from_json(cls, data: Mapping[str, Any], name: str = "options.json") -> "Options":
        """Back from options.json; keys of other versions are left aside.

        Args:
            data: dict, as it was read.
            name: str, the file, for messages.

        Raises:
            UsageError: a value of another type than this program writes, or a data set that does not exist.
        """
        values = {field.name: data[field.name] for field in dataclasses.fields(cls) if field.name in data}
        for key, value in values.items():
            expected = TYPES[key]
            if not isinstance(value, expected) or (isinstance(value, bool) and expected is not bool):
                words = getattr(expected, "__name__", expected)
                raise UsageError(f"{name}: {key}: found {value!r:.80}, expected {words}")
        for key, least in AT_LEAST.items():
            if values.get(key, 1) < least:
                raise UsageError(f"{name}: {key}: found {values[key]}, expected a positive number")
        if "dataset" in values:
            try:
                values["dataset"] = DatasetSpec.from_dict(values["dataset"])
            except UsageError as error:
                raise UsageError(f"{name}: dataset: {error}") from None
        return cls(**values)


# What each key is in JSON; a data set is a dict there.
TYPES: dict[str, Any] = {
    "dataset": dict,
    "seed": int,
    "precision": str,
    "jit": str,
    "strategy": str,
    "keep": int,
    "checkpoint_every": int | None,
    "images_every": int | None,
    "max_bad_steps": int,
    "evaluate_every": int | None,
    "best_metric": str,
    "projector": bool,
    "init_from": str | None,
    "augment": dict,
    "fused_batch_norm": bool,
    "versions": dict,
}
