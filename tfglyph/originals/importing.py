"""From the originals' weight files to a model, and to a run directory that every verb accepts."""

import dataclasses
import pathlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from tfglyph.architecture import load_architecture
from tfglyph.architecture.families import Architecture
from tfglyph.errors import GlyphError, UsageError, did_you_mean, in_short
from tfglyph.files import PathLike
from tfglyph.models import GlyphModel, build
from tfglyph.originals.files import Arrays, read_weights, step_of, tensorflow_prefix
from tfglyph.originals.layouts import ORIGINALS, Part, parts_of
from tfglyph.runs.checkpoints import save_weights
from tfglyph.runs.options import Options
from tfglyph.runs.run import Run
from tfglyph.runs.rundir import ARCHITECTURE, RunDirectory, read_run
from tfglyph.runs.storage import file_digest


@dataclasses.dataclass(frozen=True)
class Imported:
    """A model with an original's weights.

    Attributes:
        model: GlyphModel.
        networks: dict from the networks of ours that the files filled to the number of tensors.
        missing: tuple of str, networks that no file has anything for; they keep their untrained weights.
        left_out: tuple of str, what else the files hold.
    """

    model: GlyphModel
    networks: Mapping[str, int]
    missing: tuple[str, ...]
    left_out: tuple[str, ...]


def import_weights(files: Sequence[PathLike], architecture: PathLike | Architecture) -> Imported:
    """A model whose networks have the weights of an original.

    Args:
        files: one or several files of the same original: a generator's and a critic's, say.
        architecture: the architecture file, one of ``ORIGINALS`` by its name, or a VAE-GAN's.

    Raises:
        UsageError: no such file or architecture, or an architecture that is no original.
        GlyphError: tensors are missing, unknown or of another shape; one line with names and shapes.
    """
    resolved = load_architecture(architecture)
    if resolved.mode != "VAE-GAN" and resolved.name not in ORIGINALS:
        known = ", ".join(["vaegan", *ORIGINALS])
        raise UsageError(
            f"--architecture {resolved.name}: no weights of an original have its layout"
            f"{did_you_mean(str(resolved.name), ORIGINALS)}; there are {known}"
        )
    model = build(resolved, precision="float32")
    parts = parts_of(model.architecture, model.networks)
    filled: list[Part] = []
    left_out: list[str] = []
    for file in files:
        weights = read_weights(file)
        filled += _fill(parts, weights.arrays, str(file), resolved)
        left_out += weights.left_out
    incomplete = {part.network for part in parts if part not in filled}
    counts = {network: 0 for network in model.networks if network not in incomplete}
    for part in filled:
        if part.network in counts:
            counts[part.network] += len(part.sources)
    if not counts:
        lacking = next(part for part in parts if part not in filled and part.network == filled[0].network)
        raise GlyphError(f"{files[0]}: only a part of the {filled[0].network}; {_listed(lacking.sources)} is missing")
    missing = tuple(network for network in model.networks if network not in counts)
    return Imported(model, counts, missing, tuple(left_out))


def import_run(
    files: Sequence[PathLike],
    architecture: PathLike | Architecture,
    output: PathLike,
    options: Options | None = None,
    step: int | None = None,
) -> tuple[Imported, pathlib.Path]:
    """Writes a run directory with an original's weights.

    Args:
        files, architecture: see ``import_weights``.
        output: path of the run directory, new or empty.
        options: Options of the run, of which the data set matters; None: the usual ones.
        step: int, the step of the checkpoint; None: the one in the first file's name, or 0.

    Returns:
        (Imported, prefix of the checkpoint).

    Raises:
        UsageError, GlyphError: as ``import_weights``; or ``output`` is in use, or cannot be written.
    """
    imported = import_weights(files, architecture)
    step = step_of(files[0]) if step is None else step
    with RunDirectory.create_at(output) as run:
        run.write(imported.model.architecture, (options or Options()).to_json())
        prefix = run.path / f"model.ckpt-{step}"
        names = [pathlib.Path(file).name for file in files]
        save_weights(prefix, _groups(imported), {"step": step, "imported_from": names}, dtype="float32")
    return imported, prefix


def load_tensorflow(prefix: pathlib.Path) -> GlyphModel:
    """The VAE-GAN of a TensorFlow checkpoint, with the original's ``architecture.json`` beside it.

    Args:
        prefix: path of the checkpoint, without suffix.

    Returns:
        GlyphModel, whose ``run`` is the directory of the checkpoint.

    Raises:
        UsageError: there is no architecture.json beside it.
        GlyphError: as ``import_weights``.
    """
    directory = prefix.parent
    if not (directory / ARCHITECTURE).is_file():
        raise UsageError(f"{prefix}: a TensorFlow checkpoint, but its {ARCHITECTURE} is not beside it; copy it there")
    architecture, options = read_run(directory)
    imported = import_weights([prefix], architecture)
    data = next(iter(sorted(directory.glob(f"{prefix.name}.data-*"))), prefix)
    digest = file_digest(data)
    manifest = {
        "kind": "weights",
        "step": step_of(prefix),
        "metadata": {},
        "data": {"bytes": data.stat().st_size, "sha256": digest},
        "tensors": {name: [] for name in imported.networks},
        "checksum": digest,
    }
    imported.model.attach_run(Run(prefix, architecture, options, manifest))
    return imported.model


def _groups(imported: Imported) -> dict[str, list[Any]]:
    """What a checkpoint holds of an imported model: the networks that the files filled."""
    return {name: imported.model.networks[name].variables for name in imported.networks}


# === Matching ===


def _fill(parts: Sequence[Part], arrays: Arrays, file: str, architecture: Architecture) -> list[Part]:
    """Puts one file's arrays into the networks; returns the parts that it has.

    Nothing is assigned before every array of the file has its place.
    """
    if not arrays:
        raise GlyphError(f"{file}: no tensors in it")
    places = [(part, prefix) for part in parts if (prefix := _prefix_of(part, arrays)) is not None]
    if not places:
        raise GlyphError(f"{file}: not the weights of {architecture.name}: {_nearest_difference(parts, arrays)}")
    used = {prefix + name for part, prefix in places for name in part.sources}
    if unknown := _unknown(arrays, used):
        raise GlyphError(f"{file}: unknown to {architecture.name}: {_listed(unknown)}")
    if broken := {name: arrays[name].shape for name in sorted(used) if not np.isfinite(arrays[name]).all()}:
        raise GlyphError(f"{file}: expected finite weights, found NaN or infinity in {_listed(broken)}")
    for part, prefix in places:
        values = {name: arrays[prefix + name] for name in part.sources}
        for tensor in part.tensors:
            tensor.variable.assign(tensor.value(values))
    return [part for part, _ in places]


def _prefix_of(part: Part, arrays: Arrays) -> str | None:
    """What precedes a part's names in a file that has all of them in the right shapes; None where it has not."""
    for prefix in ("", *part.containers):
        if all(
            prefix + name in arrays and arrays[prefix + name].shape == shape for name, shape in part.sources.items()
        ):
            return prefix
    return None


def _unknown(arrays: Arrays, known: Collection[str]) -> dict[str, tuple[int, ...]]:
    """The shapes of arrays that are none of the known ones.

    A module that is registered under two names saves its tensors twice, so a copy of a known one is known.
    """
    there = [arrays[name] for name in known if name in arrays]
    return {
        name: array.shape
        for name, array in arrays.items()
        if name not in known and not any(np.array_equal(array, other) for other in there)
    }


def _nearest_difference(parts: Sequence[Part], arrays: Arrays) -> str:
    """In words: what is wrong with the part that the file resembles most."""

    def common(place: tuple[Part, str]) -> int:
        part, prefix = place
        return sum(prefix + name in arrays for name in part.sources)

    part, prefix = max(((part, prefix) for part in parts for prefix in ("", *part.containers)), key=common)
    expected = {prefix + name: shape for name, shape in part.sources.items()}
    missing = {name: shape for name, shape in expected.items() if name not in arrays}
    unknown = _unknown(arrays, expected)
    other = [
        f"{name} is {_by(arrays[name].shape)}, expected {_by(shape)}"
        for name, shape in expected.items()
        if name in arrays and arrays[name].shape != shape
    ]
    phrases = [*other[:2], *([f"and {len(other) - 2} more of another shape"] if len(other) > 2 else [])]
    if missing:
        phrases.append(f"missing: {_listed(missing)}")
    if unknown:
        phrases.append(f"unknown: {_listed(unknown)}")
    return f"beside its {part.network}: " + "; ".join(phrases)


def _listed(shapes: Mapping[str, tuple[int, ...]]) -> str:
    """At most three names with their shapes, and how many more there are."""
    return in_short(f"{name} ({_by(shape)})" for name, shape in shapes.items())


def _by(shape: Iterable[int]) -> str:
    return "x".join(map(str, shape)) or "a single number"


__all__ = ["Imported", "import_run", "import_weights", "load_tensorflow", "tensorflow_prefix"]
