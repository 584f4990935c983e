"""The run that a loaded model comes from: read once, with the names and places that follow from it."""

import dataclasses
import pathlib
from typing import Any

from tfglyph.architecture.families import Architecture
from tfglyph.files import PathLike
from tfglyph.runs.lookup import open_checkpoint
from tfglyph.runs.options import Options
from tfglyph.runs.rundir import ARCHITECTURE, OPTIONS, read_run


@dataclasses.dataclass(frozen=True)
class Run:
    """One checkpoint of a run directory, with what the run was started with.

    Attributes:
        prefix: pathlib.Path of the checkpoint, without suffix.
        architecture: Architecture, the run's file.
        options: Options.
        manifest: dict, the checkpoint's manifest, verified.
    """

    prefix: pathlib.Path
    architecture: Architecture
    options: Options
    manifest: dict[str, Any]

    @property
    def directory(self) -> pathlib.Path:
        """The run directory."""
        return self.prefix.parent

    @property
    def name(self) -> str:
        """The run directory's own name."""
        return self.prefix.resolve().parent.name

    @property
    def step(self) -> int | None:
        """The step of the checkpoint; None where its name does not say."""
        step = self.prefix.name.rpartition("-")[2]
        return int(step) if step.isdigit() else None

    @property
    def title(self) -> str:
        """Which model this is, in words: ``<run>, step <n>``."""
        return self.name if self.step is None else f"{self.name}, step {self.step:,}"

    @property
    def output_directory(self) -> pathlib.Path:
        """Where the model's pictures go by default: ``logdir/generate/<run>`` beside ``logdir/train/<run>``."""
        parent = self.directory.parent
        root = parent.parent if parent.name == "train" else pathlib.Path("logdir")
        return root / "generate" / self.name

    @property
    def weights_digest(self) -> str:
        """Hexadecimal digest of the weights, as the manifest holds it."""
        return self.manifest["data"]["sha256"][:24]

    @property
    def architecture_file(self) -> pathlib.Path:
        """Where the architecture was read, for messages."""
        return self.directory / ARCHITECTURE

    @property
    def options_file(self) -> pathlib.Path:
        """Where the options were read, for messages."""
        return self.directory / OPTIONS


def read_checkpointed_run(reference: PathLike) -> Run:
    """The run and the checkpoint that a person means.

    Args:
        reference: path of a run directory (its newest checkpoint) or of a checkpoint prefix.

    Raises:
        UsageError: nothing is there, or one of its files is wrong.
        DamagedCheckpointError: the checkpoint is torn or truncated.
    """
    checkpoint = open_checkpoint(reference)
    architecture, options = read_run(checkpoint.prefix.parent)
    return Run(checkpoint.prefix, architecture, options, checkpoint.manifest)
