"""Checkpoints that survive a crash at any byte, and the way back from them.

A checkpoint ``model.ckpt-<step>`` holds groups of variables: one per network, ``ema/<network>``,
``optimizer/<network>`` and ``state``. ``Checkpoints`` writes them in the background; ``load`` and ``restore`` read
them. The files themselves are the business of ``tfglyph.runs.storage``.
"""

import json
import os
import pathlib
import threading
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

import numpy as np

from tfglyph.architecture.core import parse_json
from tfglyph.errors import GlyphError, UsageError, warn
from tfglyph.files import PathLike, write_errors, write_text
from tfglyph.runs import storage
from tfglyph.runs.lookup import steps_in
from tfglyph.runs.storage import Tensors, read_checkpoint

BEST = "best.json"


class Variable(Protocol):
    """As much of a Keras or TensorFlow variable as checkpoints need."""

    path: str
    shape: Any

    def numpy(self) -> np.ndarray: ...

    def assign(self, value: Any) -> Any: ...


Group = Sequence[Any]
"""Variables, or (path, variable or array) pairs."""


# === Writing ===


class Checkpoints:
    """The checkpoints of one run directory, written one at a time in the background; newest and best stay.

    Args:
        directory: path of an existing directory, which this process has to itself.
        keep: int, how many of the newest stay; the best one (``note_score``) stays besides.
    """

    def __init__(self, directory: PathLike, keep: int = 5):
        self.directory = pathlib.Path(directory)
        self.keep = keep
        self._thread: threading.Thread | None = None
        self._error: tuple[int, Exception] | None = None

    def prefix(self, step: int) -> pathlib.Path:
        """Path of a step's checkpoint, without suffix."""
        return self.directory / f"model.ckpt-{step}"

    def save(self, step: int, tensors: Mapping[str, Group], metadata: Mapping[str, Any]) -> None:
        """Copies the values now and writes them in the background; an earlier save is waited for.

        Args:
            step: int, the number of finished steps.
            tensors: dict from group to a list of variables or (path, variable or numpy array).
            metadata: dict of JSON values.

        Raises:
            GlyphError: the save before this one failed; the checkpoints from before that are intact.
        """
        self.wait()
        copies = {
            group: [(path, np.array(_value(value))) for path, value in _pairs(items)]
            for group, items in tensors.items()
        }
        self._thread = threading.Thread(
            target=self._write, args=(step, copies, metadata), name=f"checkpoint-{step}", daemon=False
        )
        self._thread.start()

    def _write(self, step: int, copies: Tensors, metadata: Mapping[str, Any]) -> None:
        try:
            storage.write_checkpoint(self.prefix(step), step, copies, metadata, "checkpoint")
            self._prune()
        except Exception as error:  # reported by wait(), in the thread that trains
            self._error = (step, error)

    @property
    def busy(self) -> bool:
        """bool, whether a save is still being written."""
        return self._thread is not None and self._thread.is_alive()

    def poll(self) -> None:
        """Raises the error of a finished save, without waiting for one that is under way."""
        if self._thread is not None and not self._thread.is_alive():
            self.wait()

    def wait(self) -> None:
        """Waits for the save that is under way.

        Raises:
            GlyphError: it failed (disk full, read-only, gone); says which checkpoint is still there.
        """
        if self._thread is None:
            return
        self._thread.join()
        self._thread = None
        if self._error is not None:
            (step, error), self._error = self._error, None
            if not isinstance(error, OSError):
                raise error
            reason = error.strerror or str(error)
            newest = self.newest()
            usable = f"{newest} is intact" if newest else "there is no earlier one"
            where = self.prefix(step)
            raise GlyphError(f"{where}: this checkpoint could not be written: {reason}; {usable}")

    def _prune(self) -> None:
        kept = {*self.steps()[-self.keep :], (self.best() or {}).get("step")}
        for step in self.steps():
            if step not in kept:
                # the manifest first: a crash in between leaves an uncommitted file, not a torn checkpoint
                storage.manifest_path(self.prefix(step)).unlink(missing_ok=True)
        for path in self.directory.glob("model.ckpt-*.safetensors"):
            if not storage.manifest_path(str(path).removesuffix(".safetensors")).exists():
                path.unlink(missing_ok=True)

    def set_aside_after(self, step: int) -> None:
        """Moves checkpoints after ``step`` to ``superseded/``: the run writes them anew.

        Raises:
            GlyphError: they cannot be moved.
        """
        for later in [saved for saved in self.steps() if saved > step]:
            aside = self.directory / "superseded"
            with write_errors(aside):
                aside.mkdir(exist_ok=True)
                for path_of in (storage.manifest_path, storage.data_path):
                    path = path_of(self.prefix(later))
                    if path.exists():
                        os.replace(path, aside / path.name)
            warn(f"checkpoint {later} was moved to {aside}, as the run goes on from step {step}")
        best = self.best()
        if best and best["step"] > step:
            (self.directory / BEST).unlink(missing_ok=True)

    # --- The best ---

    def note_score(self, step: int, metric: str, value: float, lower_is_better: bool = True) -> bool:
        """Marks the checkpoint of ``step`` as the best one, if its score is: it is then never pruned.

        Args:
            step: int, a step that is saved (or being saved).
            metric: str, what was measured; a new name starts a new comparison.
            value: float, the score; NaN is never the best.
            lower_is_better: bool.

        Returns:
            bool, whether it is the best so far.
        """
        best, value = self.best(), float(value)
        if not np.isfinite(value):
            return False
        if best and best["metric"] == metric:
            gain = best["value"] - value if lower_is_better else value - best["value"]
            if gain <= 0:
                return False
        text = json.dumps({"step": int(step), "metric": metric, "value": value}) + "\n"
        with write_errors(self.directory / BEST):
            write_text(self.directory / BEST, text, durable=True, parents=False)
        return True

    def best(self) -> dict[str, Any] | None:
        """dict with ``step``, ``metric`` and ``value`` of the best one; None before the first score."""
        try:
            best = parse_json((self.directory / BEST).read_text(encoding="utf-8"), BEST)
        except (OSError, UnicodeDecodeError, UsageError):
            return None
        fits = type(best.get("step")) is int and isinstance(best.get("metric"), str)
        return best if fits and isinstance(best.get("value"), (int, float)) else None

    # --- What is there ---

    def steps(self) -> list[int]:
        """Sorted list of int: the steps with a committed checkpoint (not yet verified)."""
        return steps_in(self.directory)

    def newest(self) -> pathlib.Path | None:
        """Prefix (path) of the newest committed checkpoint; None where there is none."""
        steps = self.steps()
        return self.prefix(steps[-1]) if steps else None


# === Reading ===


def load(prefix: PathLike, manifest: dict[str, Any] | None = None) -> tuple[Tensors, dict[str, Any]]:
    """Reads a checkpoint after verifying it.

    Args:
        prefix: path of a checkpoint, without suffix.
        manifest: dict from ``tfglyph.runs.storage.read_manifest``, where it has been read already.

    Returns:
        (tensors, metadata): dict from group to a list of (path, numpy array); what ``save`` was given, with
        ``step`` and ``kind`` added.

    Raises:
        DamagedCheckpointError: it is missing, torn, truncated or altered.
    """
    tensors, manifest = read_checkpoint(prefix, manifest)
    return tensors, {**manifest["metadata"], "step": manifest["step"], "kind": manifest["kind"]}


def restore(prefix: PathLike, groups: Mapping[str, Group], manifest: dict[str, Any] | None = None) -> dict[str, Any]:
    """Puts a checkpoint's values into variables, once all of them are known to fit.

    Args:
        prefix: path of a checkpoint, without suffix.
        groups: dict from group to a list of variables or (path, variable); groups of the checkpoint that are
            not named here are left alone.
        manifest: as in ``load``.

    Returns:
        dict, the metadata as from ``load``.

    Raises:
        UsageError: a group is missing, or paths or shapes differ; one line names the networks and shapes.
            Nothing is changed then.
        DamagedCheckpointError: it is missing, torn, truncated or altered.
    """
    tensors, metadata = load(prefix, manifest)
    variables = {group: _pairs(items) for group, items in groups.items()}
    if metadata["kind"] == "weights" and any(group.startswith("optimizer/") for group in variables):
        raise UsageError(f"{prefix}: weights without optimizer state; they can be used, but not resumed")
    differences = {group: _difference(tensors.get(group), pairs) for group, pairs in variables.items()}
    differing = {group: text for group, text in differences.items() if text}
    if differing:
        # what differs in a network differs in its optimizer and its average as well; say it once
        networks = [group for group in differing if "/" not in group or group.split("/")[-1] not in differing]
        lines = "; ".join(f"{group}: {differing[group]}" for group in networks)
        raise UsageError(f"{prefix}: this checkpoint belongs to another architecture: {lines}")
    for group, pairs in variables.items():
        for (_, variable), (_, value) in zip(pairs, tensors[group], strict=True):
            variable.assign(value)
    return metadata


def take_over(prefix: PathLike, networks: Mapping[str, Sequence[Sequence[Variable]]]) -> dict[str, tuple[int, int]]:
    """Starts networks from those of another run, as far as their variables have the same paths and shapes.

    A layer that has twice, three times, ... as many channels takes over each of the other's so many times, and divides
    what reads them among the copies (Net2Net, Chen, Goodfellow and Shlens 2016, https://arxiv.org/abs/1511.05641,
    section 2.2), so that the wider network begins as the same function; attention over such channels begins a little
    sharper.

    Args:
        prefix: path of a checkpoint, without suffix; of its EMA weights where it has some.
        networks: dict from network to list of groups of variables, in the same order: its own, its average.

    Returns:
        dict from network to (variables taken over, variables there are).

    Raises:
        UsageError: no variable fits.
        DamagedCheckpointError: it is missing, torn, truncated or altered.
    """
    tensors, _ = load_weights(prefix)
    counts = {}
    for name, groups in networks.items():
        saved = dict(tensors.get(f"ema/{name}") or tensors.get(name) or [])
        for variables in groups:
            taken = 0
            for variable in variables:
                value = _widened(variable.path, saved.get(variable.path), _shape(variable))
                if value is not None:
                    variable.assign(value)
                    taken += 1
        counts[name] = (taken, len(groups[0]))
    if not any(taken for taken, _ in counts.values()):
        raise UsageError(f"{prefix}: --init_from: no network of it has a variable in common with this architecture")
    return counts


def _widened(path: str, value: np.ndarray | None, shape: tuple[int, ...]) -> np.ndarray | None:
    """A variable's value for a network of this shape, its channels several times if there are so many more of them.

    None where neither fits. Of copies that are read alike one would always stay as the other, so each is read a little
    more or less, by a draw that the path decides.
    """
    if value is None or value.shape == shape:
        return value
    axes = {"kernel": (-2, -1), "bias": (-1,), "gamma": (-1,), "beta": (-1,)}.get(path.rsplit("/", 1)[-1], ())
    if len(value.shape) != len(shape) or len(shape) < len(axes):
        return None
    ratios = [1] * len(shape)
    for axis in axes:
        ratios[axis] = shape[axis] // value.shape[axis]
    if tuple(size * ratio for size, ratio in zip(value.shape, ratios, strict=True)) != shape:
        return None
    for axis in axes:
        value = np.repeat(value, ratios[axis], axis)
    if len(axes) == 2 and ratios[-2] > 1:
        shares = np.random.default_rng(zlib.crc32(path.encode())).normal(
            1.0, 0.1, (shape[-2] // ratios[-2], ratios[-2])
        )
        shares /= shares.sum(1, keepdims=True)
        value = value * shares.reshape(-1, 1).astype(value.dtype)
    return value


def _difference(saved: list[tuple[str, np.ndarray]] | None, pairs: list[tuple[str, Any]]) -> str | None:
    """One phrase on the first difference between a saved group and variables; None where they fit."""
    if saved is None:
        return "not in the checkpoint"
    here = [(path, _shape(variable)) for path, variable in pairs]
    there = [(path, value.shape) for path, value in saved]
    names_here, names_there = [path for path, _ in here], [path for path, _ in there]
    if names_here == names_there:
        odd = [(path, a, b) for (path, a), (_, b) in zip(here, there, strict=True) if a != b]
        if not odd:
            return None
        path, a, b = odd[0]
        more = f" (and {len(odd) - 1} more)" if len(odd) > 1 else ""
        return f"{path} is {_by(b)} in the checkpoint, {_by(a)} here{more}"
    missing = [path for path in names_here if path not in names_there]
    extra = [path for path in names_there if path not in names_here]
    counts = f"{len(names_there)} variables in the checkpoint, {len(names_here)} here"
    if missing:
        return f"{counts}; {missing[0]} is not in it"
    if extra:
        return f"{counts}; its {extra[0]} is unknown here"
    return "the same variables in another order"


def _by(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "a single number"


# === Weights for shipping ===


def save_weights(
    prefix: PathLike,
    groups: Mapping[str, Group],
    metadata: Mapping[str, Any] | None = None,
    dtype: Literal["float16", "float32"] = "float16",
) -> None:
    """Writes networks only, in half the space: no optimizers, no state, so nothing to resume from.

    Args:
        prefix: path without suffix.
        groups: dict from group (a network, or ``ema/<network>``) to a list of variables or (path, variable).
        metadata: dict of JSON values, with ``step`` where known.
        dtype: "float16" or "float32"; a tensor that float16 cannot hold (an overflow) stays as it is.

    Raises:
        GlyphError: the disk is full, read-only or gone.
    """
    extra = dict(metadata or {})
    copies = {
        group: [(path, _shrink(_value(value), dtype)) for path, value in _pairs(items)]
        for group, items in groups.items()
    }
    with write_errors(prefix):
        storage.write_checkpoint(prefix, extra.pop("step", 0), copies, extra, "weights")


def _shrink(value: Any, dtype: str) -> np.ndarray:
    value = np.asarray(value)
    if value.dtype.kind != "f":
        return value
    with np.errstate(over="ignore"):
        small = value.astype(dtype)
    return small if (np.isfinite(small) == np.isfinite(value)).all() else value


def load_weights(prefix: PathLike) -> tuple[Tensors, dict[str, Any]]:
    """``load`` with every floating-point tensor as float32."""
    tensors, metadata = load(prefix)

    def widen(value: np.ndarray) -> np.ndarray:
        return value.astype("float32") if value.dtype.kind == "f" else value

    wide = {group: [(path, widen(value)) for path, value in pairs] for group, pairs in tensors.items()}
    return wide, metadata


# === Variables ===


def _pairs(items: Group) -> list[tuple[str, Any]]:
    """[(path, variable)] from variables or such pairs."""
    return [item if isinstance(item, tuple) else (item.path, item) for item in items]


def _value(value: Any) -> Any:
    return value.numpy() if hasattr(value, "numpy") else value


def _shape(variable: Any) -> tuple[int, ...]:
    return tuple(int(size) for size in variable.shape)
