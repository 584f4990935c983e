"""Which checkpoint a person means: a prefix, or a run directory's newest intact one."""

import contextlib
import dataclasses
import os
import pathlib
import re
from collections.abc import Iterator, Sequence
from typing import Any

from tfglyph.errors import UsageError, warn
from tfglyph.files import PathLike
from tfglyph.runs import storage
from tfglyph.runs.storage import DamagedCheckpointError, check_data, read_manifest, verify_data

NAME = re.compile(r"model\.ckpt-(\d{1,18})")


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """A checkpoint on disk.

    Attributes:
        prefix: pathlib.Path without suffix.
        manifest: dict, as ``tfglyph.runs.storage.read_manifest`` gives it.
    """

    prefix: pathlib.Path
    manifest: dict[str, Any]


def steps_in(directory: PathLike) -> list[int]:
    """The steps with a committed checkpoint in ``directory``, sorted."""
    try:
        names = os.listdir(directory)
    except OSError:
        return []
    matches = (NAME.fullmatch(name.removesuffix(".json")) for name in names if name.endswith(".json"))
    return sorted(int(match.group(1)) for match in matches if match)


def verify(prefix: PathLike) -> dict[str, Any]:
    """Reads a checkpoint and compares every checksum; returns the manifest.

    Raises:
        DamagedCheckpointError: names it and says how it was noticed.
    """
    manifest = read_manifest(prefix)
    verify_data(prefix, manifest)
    return manifest


def find(reference: PathLike, fall_back: bool = False) -> pathlib.Path:
    """The checkpoint that a person means, verified.

    Args:
        reference: path of a checkpoint prefix (``…/model.ckpt-31200``; a suffix is dropped) or of a run
            directory, which means its newest one.
        fall_back: bool, whether a damaged newest checkpoint of a run directory is skipped with a warning.

    Returns:
        pathlib.Path, the prefix.

    Raises:
        UsageError: there is no such checkpoint.
        DamagedCheckpointError: it is torn, truncated or altered; the message offers the one before it.
    """
    prefixes = _candidates(reference)
    for index, prefix in enumerate(prefixes):
        try:
            verify(prefix)
            return prefix
        except DamagedCheckpointError as error:
            earlier = prefixes[index + 1 :]
            if not (fall_back and pathlib.Path(reference).is_dir()):
                raise DamagedCheckpointError(str(error) + _offer(prefix.parent, earlier)) from None
            if not earlier:
                raise DamagedCheckpointError(f"{error}; no intact checkpoint in {prefix.parent}") from None
            warn(f"{error}; using the one before it, {earlier[0].name}")
    raise AssertionError("there is at least one candidate")


def open_checkpoint(reference: PathLike) -> Checkpoint:
    """The checkpoint that a person means, with its manifest verified and its data file of the right length.

    The data's bytes are not read yet: whoever reads them compares their checksum, within ``offering_earlier``.

    Args:
        reference: as in ``find``.

    Raises:
        UsageError: there is no such checkpoint.
        DamagedCheckpointError: it is torn or truncated; the message offers the one before it.
    """
    prefix = _candidates(reference)[0]
    with offering_earlier(prefix):
        manifest = read_manifest(prefix)
        check_data(prefix, manifest)
    return Checkpoint(prefix, manifest)


@contextlib.contextmanager
def offering_earlier(prefix: pathlib.Path) -> Iterator[None]:
    """Within, a DamagedCheckpointError about ``prefix`` also names the intact checkpoint before it."""
    try:
        yield
    except DamagedCheckpointError as error:
        raise DamagedCheckpointError(str(error) + _offer(prefix.parent, _candidates(prefix)[1:])) from None


def _candidates(reference: PathLike) -> list[pathlib.Path]:
    """The prefix that is meant, and those of earlier steps in the same directory, the newest first."""
    path = pathlib.Path(reference)
    if path.is_dir():
        steps = steps_in(path)
        if not steps:
            raise UsageError(f"{path}: no checkpoints (model.ckpt-<step>.json) in this directory")
        return [path / f"model.ckpt-{step}" for step in reversed(steps)]
    prefix = path.with_name(path.name.removesuffix(".json").removesuffix(".safetensors"))
    if not storage.manifest_path(prefix).exists() and not storage.data_path(prefix).exists():
        if not prefix.parent.is_dir():
            raise UsageError(f"{reference}: no such run directory or checkpoint")
        steps = steps_in(prefix.parent)
        there = f"; there are {', '.join(map(str, steps))}" if steps else ""
        raise UsageError(f"{reference}: no such run directory or checkpoint{there}")
    match = NAME.fullmatch(prefix.name)
    earlier = [step for step in steps_in(prefix.parent) if match and step < int(match.group(1))]
    return [prefix, *(prefix.parent / f"model.ckpt-{step}" for step in reversed(earlier))]


def _offer(directory: pathlib.Path, prefixes: Sequence[pathlib.Path]) -> str:
    """The end of a message: the first intact one of ``prefixes``."""
    for prefix in prefixes:
        with contextlib.suppress(DamagedCheckpointError):
            verify(prefix)
            return f"; the one before it is intact: {prefix}"
    return f"; there is no earlier intact one in {directory}"
