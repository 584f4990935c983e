"""What lies on the disk as one checkpoint: a safetensors file and the manifest that commits it.

``<prefix>.safetensors`` holds the tensors under keys ``<group>/<index>/<variable path>``.
``<prefix>.json`` says which groups, paths, shapes and dtypes belong together and carries the data file's
length and SHA-256 and its own checksum. Both are plain data: nothing in them is executed, and no name inside
them is ever opened as a file.
"""

import hashlib
import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from tfglyph.architecture.core import parse_json
from tfglyph.errors import GlyphError, UsageError
from tfglyph.files import PathLike, atomic_path, write_text

FORMAT = "tfglyph checkpoint"
VERSION = 1
MAXIMUM_MANIFEST_BYTES = 1 << 26

Kind = Literal["checkpoint", "weights"]
Tensors = dict[str, list[tuple[str, np.ndarray]]]
"""From group to the paths and values of its variables, in order."""


class DamagedCheckpointError(GlyphError):
    """A checkpoint that is torn, truncated or altered; the message names it and says how it was noticed."""


# === Writing ===


def write_checkpoint(
    prefix: PathLike,
    step: int,
    tensors: Mapping[str, Sequence[tuple[str, np.ndarray]]],
    metadata: Mapping[str, Any],
    kind: Kind,
) -> None:
    """Writes data, then the manifest; only with the manifest does the checkpoint exist.

    Args:
        prefix: path without suffix.
        step: int.
        tensors: dict from group to a list of (path, numpy array); nobody may change the arrays meanwhile.
        metadata: dict of JSON values, returned by ``read_checkpoint``.
        kind: "checkpoint" (everything that a run needs to go on) or "weights" (networks only).

    Raises:
        OSError: the disk is full, read-only or gone.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    flat = {
        key(group, index, path): np.ascontiguousarray(value).reshape(np.shape(value))
        for group, pairs in tensors.items()
        for index, (path, value) in enumerate(pairs)
    }
    with atomic_path(data_path(prefix), durable=True, parents=False) as temporary:
        try:
            save_file(flat, temporary, metadata={"format": FORMAT})
        except SafetensorError as error:
            reason = str(error).removeprefix("Error while serializing: I/O error: ").split(" (os error")[0]
            raise OSError(reason) from None
        size, checksum_of_data = temporary.stat().st_size, file_digest(temporary)
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "kind": kind,
        "step": int(step),
        "metadata": metadata,
        "data": {"bytes": size, "sha256": checksum_of_data},
        "tensors": {
            group: [[path, list(np.shape(value)), str(value.dtype)] for path, value in pairs]
            for group, pairs in tensors.items()
        },
    }
    manifest["checksum"] = checksum(manifest)
    text = json.dumps(manifest, ensure_ascii=False, allow_nan=False, indent=1)
    write_text(manifest_path(prefix), text + "\n", durable=True, parents=False)


def key(group: str, index: int, path: str) -> str:
    """Name of a tensor in the data file; the index keeps the order and tells equal paths apart."""
    return f"{group}/{index:04d}/{path}"


def data_path(prefix: PathLike) -> pathlib.Path:
    """The tensors of a checkpoint."""
    return pathlib.Path(f"{prefix}.safetensors")


def manifest_path(prefix: PathLike) -> pathlib.Path:
    """The manifest of a checkpoint."""
    return pathlib.Path(f"{prefix}.json")


def file_digest(path: PathLike) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checksum(manifest: Mapping[str, Any]) -> str:
    """SHA-256 of a manifest's content without its key ``checksum``, whatever its layout as text."""
    content = {name: value for name, value in manifest.items() if name != "checksum"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


# === Reading ===


def read_manifest(prefix: PathLike) -> dict[str, Any]:
    """The manifest of a checkpoint, checked against its own checksum.

    Raises:
        DamagedCheckpointError: it is missing, torn or altered, or of a newer format.
    """
    path = manifest_path(prefix)
    try:
        if path.stat().st_size > MAXIMUM_MANIFEST_BYTES:
            raise DamagedCheckpointError(f"{path}: too large for a manifest")
        manifest = parse_json(path.read_bytes().decode("utf-8"), str(path))
    except FileNotFoundError:
        raise DamagedCheckpointError(f"{prefix}: incomplete, its manifest {path.name} is missing") from None
    except OSError as error:
        raise DamagedCheckpointError(f"{path}: cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, UsageError):
        raise DamagedCheckpointError(f"{path}: torn or altered (no readable JSON)") from None
    if manifest.get("format") != FORMAT:
        raise DamagedCheckpointError(f"{path}: no manifest of a tfglyph checkpoint")
    if manifest.get("version") != VERSION:
        raise DamagedCheckpointError(
            f"{path}: format version {manifest.get('version')}, this program reads version {VERSION}"
        )
    if manifest.get("checksum") != checksum(manifest):
        raise DamagedCheckpointError(f"{path}: altered (its checksum does not match its content)")
    return manifest


def check_data(prefix: PathLike, manifest: Mapping[str, Any]) -> None:
    """Looks whether the data file is there and as long as the manifest says; its bytes are not read.

    Raises:
        DamagedCheckpointError: missing or truncated.
    """
    path, expected = data_path(prefix), manifest["data"]["bytes"]
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        raise DamagedCheckpointError(f"{prefix}: incomplete, its data file {path.name} is missing") from None
    except OSError as error:
        raise DamagedCheckpointError(f"{path}: cannot be read: {error.strerror}") from None
    if size != expected:
        raise DamagedCheckpointError(f"{path}: truncated or altered ({size} bytes, its manifest says {expected})")


def verify_data(prefix: PathLike, manifest: Mapping[str, Any]) -> None:
    """Compares length and SHA-256 of the data file with the manifest, without keeping the bytes.

    Raises:
        DamagedCheckpointError: missing, truncated or altered.
    """
    check_data(prefix, manifest)
    path = data_path(prefix)
    try:
        digest = file_digest(path)
    except OSError as error:
        raise DamagedCheckpointError(f"{path}: cannot be read: {error.strerror}") from None
    _compare(path, digest, manifest)


def _verified_bytes(prefix: PathLike, manifest: Mapping[str, Any]) -> bytes:
    """The bytes of the data file, once they are known to be those of the manifest."""
    check_data(prefix, manifest)
    path = data_path(prefix)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DamagedCheckpointError(f"{path}: cannot be read: {error.strerror}") from None
    _compare(path, hashlib.sha256(data).hexdigest(), manifest)
    return data


def _compare(path: pathlib.Path, digest: str, manifest: Mapping[str, Any]) -> None:
    if digest != manifest["data"]["sha256"]:
        raise DamagedCheckpointError(f"{path}: altered (its SHA-256 is not the one in its manifest)")


def read_checkpoint(prefix: PathLike, manifest: dict[str, Any] | None = None) -> tuple[Tensors, dict[str, Any]]:
    """Reads a checkpoint, after checking every checksum.

    Args:
        prefix: path without suffix.
        manifest: dict from ``read_manifest``, where it has been read already.

    Returns:
        (tensors, manifest): dict from group to a list of (path, numpy array), and the manifest's dict.

    Raises:
        DamagedCheckpointError: missing, torn, truncated or altered.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    manifest = read_manifest(prefix) if manifest is None else manifest
    data = _verified_bytes(prefix, manifest)
    try:
        flat = load(data)
        tensors = {
            group: [(path, flat[key(group, index, path)]) for index, (path, _, _) in enumerate(entries)]
            for group, entries in manifest["tensors"].items()
        }
        for group, entries in manifest["tensors"].items():
            for (path, shape, dtype), (_, value) in zip(entries, tensors[group], strict=True):
                if list(value.shape) != shape or str(value.dtype) != dtype:
                    raise DamagedCheckpointError(f"{prefix}: {group}/{path} is not what the manifest says")
    except (SafetensorError, KeyError, TypeError, ValueError):
        raise DamagedCheckpointError(f"{prefix}: data file and manifest do not belong together") from None
    return tensors, manifest
