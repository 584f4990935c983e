"""Which checkpoint a person means: a prefix, or a run directory's newest intact one."""

import contextlib
import os
import pathlib
import re
import sys

from tfglyph.errors import UsageError
from tfglyph.training import storage
from tfglyph.training.storage import DamagedCheckpointError, read_manifest, verify_data

NAME = re.compile(r"model\.ckpt-(\d{1,18})")


def warn(message):
    """One line for the person, on standard error."""
    print(f"tfglyph: warning: {message}", file=sys.stderr, flush=True)


def steps_in(directory):
    """Sorted list of int: the steps with a committed checkpoint in ``directory``."""
    try:
        names = os.listdir(directory)
    except OSError:
        return []
    matches = (NAME.fullmatch(name.removesuffix(".json")) for name in names if name.endswith(".json"))
    return sorted(int(match.group(1)) for match in matches if match)


def verify(prefix):
    """Reads a checkpoint and compares every checksum.

    Raises:
        DamagedCheckpointError: names it and says how it was noticed.
    """
    verify_data(prefix, read_manifest(prefix))


def find(reference, fall_back=False):
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
    path = pathlib.Path(reference)
    if path.is_dir():
        steps = steps_in(path)
        if not steps:
            raise UsageError(f"{path}: no checkpoints (model.ckpt-<step>.json) in this directory")
        return _first_intact(path, steps, fall_back)
    prefix = path.with_name(path.name.removesuffix(".json").removesuffix(".safetensors"))
    if not storage.manifest_path(prefix).exists() and not storage.data_path(prefix).exists():
        if not prefix.parent.is_dir():
            raise UsageError(f"{reference}: no such run directory or checkpoint")
        steps = steps_in(prefix.parent)
        there = f"; there are {', '.join(map(str, steps))}" if steps else ""
        raise UsageError(f"{reference}: no such run directory or checkpoint{there}")
    match = NAME.fullmatch(prefix.name)
    earlier = [step for step in steps_in(prefix.parent) if match and step < int(match.group(1))]
    try:
        verify(prefix)
    except DamagedCheckpointError as error:
        raise DamagedCheckpointError(str(error) + _offer(prefix.parent, earlier)) from None
    return prefix


def _first_intact(directory, steps, fall_back):
    for position in range(len(steps) - 1, -1, -1):
        prefix = directory / f"model.ckpt-{steps[position]}"
        try:
            verify(prefix)
            return prefix
        except DamagedCheckpointError as error:
            if not fall_back:
                raise DamagedCheckpointError(str(error) + _offer(directory, steps[:position])) from None
            if position == 0:
                raise DamagedCheckpointError(f"{error}; no intact checkpoint in {directory}") from None
            warn(f"{error}; using the one before it, model.ckpt-{steps[position - 1]}")


def _offer(directory, steps):
    """The end of a message: the newest intact one among ``steps``."""
    for step in reversed(steps):
        with contextlib.suppress(DamagedCheckpointError):
            verify(directory / f"model.ckpt-{step}")
            return f"; the one before it is intact: {directory / f'model.ckpt-{step}'}"
    return f"; there is no earlier intact one in {directory}"
