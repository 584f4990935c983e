"""The run directory: where one training lives, who may write in it, and its small files.

``<logdir>/train/<date-time>-<name>/`` holds ``architecture.json`` (the resolved file), ``options.json``
(everything else that the run was started with), ``stats.jsonl`` (one line of numbers per logged step),
checkpoints, TensorBoard events and ``images/``. A lock keeps a second process out.
"""

import contextlib
import datetime
import json
import math
import os
import pathlib
import socket
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from tfglyph.architecture import dump, load_architecture
from tfglyph.architecture.core import parse_json, read_json
from tfglyph.architecture.families import Architecture
from tfglyph.errors import GlyphError, UsageError
from tfglyph.files import PARTIAL, PathLike, clear_partial, write_errors, write_text
from tfglyph.runs.options import Options

if TYPE_CHECKING:
    from filelock import BaseFileLock

ARCHITECTURE, OPTIONS, STATS = "architecture.json", "options.json", "stats.jsonl"
LOCK, OWNER = ".lock", ".owner.json"


class RunDirectory:
    """A run directory that this process has to itself until ``close``; also a context manager.

    Use ``create`` or ``create_at`` for a new one and ``resume`` for an existing one.

    Attributes:
        path: pathlib.Path.
    """

    def __init__(self, path: PathLike):
        self.path: pathlib.Path = pathlib.Path(path)
        self._lock: BaseFileLock | None = _lock(self.path)
        with write_errors(self.path):
            clear_partial(self.path)  # what a killed process left

    @classmethod
    def create(cls, logdir: PathLike, name: str, now: datetime.datetime | None = None) -> "RunDirectory":
        """Makes ``<logdir>/train/<date-time>-<name>``, with a number behind it where that exists already.

        Args:
            logdir: path of the folder for all runs; made where it is missing.
            name: str, from the architecture; no path separators.
            now: datetime.datetime or None for the current local time.

        Raises:
            UsageError: ``name`` is no plain file name.
            GlyphError: the folder cannot be written.
        """
        now = now or datetime.datetime.now()
        parent = pathlib.Path(logdir) / "train"
        stem = f"{now:%Y-%m-%d_%H-%M-%S}-{plain_name(name)}"
        with write_errors(parent):
            parent.mkdir(parents=True, exist_ok=True)
            for number in range(1, 1000):  # two runs in one second, or a clock that was set back
                path = parent / (stem if number == 1 else f"{stem}-{number}")
                with contextlib.suppress(FileExistsError):
                    path.mkdir()
                    return cls(path)
        raise GlyphError(f"{parent / stem}: a thousand runs of this name and time exist already")

    @classmethod
    def create_at(cls, path: PathLike) -> "RunDirectory":
        """Makes a run directory of a given path, which must be new or empty.

        Raises:
            UsageError: something is there already; says how to go on with a run.
            GlyphError: another process trains in it, or it cannot be written.
        """
        path = pathlib.Path(path)
        with write_errors(path):
            if path.exists() and not path.is_dir():
                raise UsageError(f"{path}: a file, expected a new or empty directory")
            path.mkdir(parents=True, exist_ok=True)
            if any(name not in (LOCK, OWNER) and PARTIAL not in name for name in os.listdir(path)):
                run = (path / ARCHITECTURE).exists()
                hint = f"go on with it by --restore_from {path}" if run else "choose a new one"
                raise UsageError(f"{path}: this directory is not empty; {hint}")
        return cls(path)

    @classmethod
    def resume(cls, path: PathLike) -> "RunDirectory":
        """Locks an existing run directory.

        Raises:
            UsageError: it is no run directory.
            GlyphError: another process trains in it, or it cannot be written.
        """
        path = pathlib.Path(path)
        if not (path / ARCHITECTURE).is_file():
            raise UsageError(f"{path}: no run directory (there is no {ARCHITECTURE} in it)")
        return cls(path)

    def close(self) -> None:
        """Lets others in."""
        if self._lock is not None:
            with contextlib.suppress(OSError):  # the directory may be gone
                (self.path / OWNER).unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                self._lock.release()
            self._lock = None

    def __enter__(self) -> "RunDirectory":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def file(self, name: str) -> pathlib.Path:
        """The path of ``name`` in here.

        Raises:
            UsageError: ``name`` (perhaps out of somebody else's file) points out of the run directory.
        """
        path = self.path / str(name)
        if "\0" in str(name) or not path.resolve().is_relative_to(self.path.resolve()):
            raise UsageError(f"{name}: points out of the run directory {self.path}")
        return path

    # === architecture.json and options.json ===

    def write(self, architecture: Architecture, options: Mapping[str, Any]) -> None:
        """Writes the resolved architecture and the options.

        Args:
            architecture: Architecture.
            options: dict of JSON values: dataset, seed, precision, package versions, ...
        """
        with write_errors(self.path):
            text = json.dumps(options, indent=2, ensure_ascii=False) + "\n"
            write_text(self.path / OPTIONS, text, durable=True, parents=False)
            write_text(self.path / ARCHITECTURE, dump(architecture), durable=True, parents=False)

    # === stats.jsonl ===

    def log(self, step: int, numbers: Mapping[str, float]) -> None:
        """Appends one line to stats.jsonl: ``{"step": …, …}``; a NaN or an infinity becomes null.

        Args:
            step: int, finished steps.
            numbers: dict from name to float or int.
        """
        line = {"step": int(step)} | {name: _finite(value) for name, value in numbers.items()}
        with write_errors(self.path), open(self.path / STATS, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def rewind(self, step: int) -> None:
        """Drops the lines of stats.jsonl after ``step`` (they will be written again) and a torn last one."""
        path = self.path / STATS
        if not path.exists():
            return
        with write_errors(self.path):
            kept = [line for line, numbers in _lines(path) if numbers["step"] <= step]
            write_text(path, "".join(kept), durable=True, parents=False)


# === Reading ===


def read_run(path: PathLike) -> tuple[Architecture, Options]:
    """What a run was started with.

    Args:
        path: path of a run directory.

    Returns:
        (Architecture, Options).

    Raises:
        UsageError: it is no run directory, or one of the two files is wrong.
    """
    path = pathlib.Path(path)
    if not (path / ARCHITECTURE).is_file():
        raise UsageError(f"{path}: no run directory (there is no {ARCHITECTURE} in it)")
    architecture = load_architecture(path / ARCHITECTURE)
    saved = read_json(path / OPTIONS) if (path / OPTIONS).exists() else {}
    return architecture, Options.from_json(saved, str(path / OPTIONS))


def read_stats(path: PathLike) -> list[dict[str, Any]]:
    """The lines of a run directory's stats.jsonl as a list of dicts; a torn last line is left out."""
    path = pathlib.Path(path) / STATS
    return [numbers for _, numbers in _lines(path)] if path.exists() else []


def _lines(path: pathlib.Path) -> list[tuple[str, dict[str, Any]]]:
    """(text, dict) of each whole line."""
    lines = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True):
        with contextlib.suppress(UsageError):
            numbers = parse_json(line, STATS)
            if line.endswith("\n") and type(numbers.get("step")) is int:
                lines.append((line, numbers))
    return lines


def plain_name(name: str) -> str:
    """``name``, if it can be part of a file name everywhere.

    Raises:
        UsageError: it is empty, starts with a dot, or holds more than letters, digits, ``.``, ``_``, ``-``.
    """
    allowed = all(letter.isascii() and (letter.isalnum() or letter in "._-") for letter in name)
    if not name or not allowed or name[0] in ".-" or len(name) > 64:
        raise UsageError(f"name: found {name!r}, expected up to 64 letters, digits, '.', '_' and '-'")
    return name


def _finite(value: float) -> float | None:
    value = float(value) if not isinstance(value, int) else value
    return value if math.isfinite(value) else None


# === Who may write ===


def _lock(path: pathlib.Path) -> "BaseFileLock":
    from filelock import FileLock, Timeout  # slow: hardly a verb needs it

    lock = FileLock(path / LOCK, thread_local=False)
    with write_errors(path):
        try:
            lock.acquire(blocking=False)
        except Timeout:
            raise GlyphError(f"{path}: {_owner(path)} trains in this run directory") from None
        except NotImplementedError:
            raise GlyphError(f"{path}: this file system has no locks; choose another --logdir") from None
        owner = {"pid": os.getpid(), "host": socket.gethostname()}
        write_text(path / OWNER, json.dumps(owner) + "\n", durable=True, parents=False)
    return lock


def _owner(path: pathlib.Path) -> str:
    try:
        owner = parse_json((path / OWNER).read_text(encoding="utf-8"), OWNER)
        return f"process {int(owner['pid'])} on {owner['host']}"
    except (OSError, ValueError, KeyError, TypeError, GlyphError):
        return "another process"
