"""What lies on the disk as one checkpoint: a safetensors file and the manifest that commits it.

``<prefix>.safetensors`` holds the tensors under keys ``<group>/<index>/<variable path>``.
``<prefix>.json`` says which groups, paths, shapes and dtypes belong together and carries the data file's
length and SHA-256 and its own checksum. Both are plain data: nothing in them is executed, and no name inside
them is ever opened as a file.
"""

import contextlib
import hashlib
import json
import os
import pathlib
import shutil

import numpy

from tfglyph.architecture.core import parse_json
from tfglyph.errors import GlyphError, UsageError

FORMAT = "tfglyph checkpoint"
VERSION = 1
MAXIMUM_MANIFEST_BYTES = 1 << 26
PARTIAL = ".partial"  # the folder for files that are being written; whatever is in there is worthless


class DamagedCheckpointError(GlyphError):
    """A checkpoint that is torn, truncated or altered; the message names it and says how it was noticed."""


# === Atomic files ===


def write_atomically(path, write):
    """Puts a file in place so that a crash at any byte leaves the old one, or the new one, but no mixture.

    Args:
        path: path of the file.
        write: callable of one temporary path that creates the file there.

    Raises:
        OSError: the disk is full, read-only or gone; the old file is untouched.
    """
    path = pathlib.Path(path)
    partial = path.parent / PARTIAL
    partial.mkdir(exist_ok=True)
    temporary = partial / path.name
    try:
        write(temporary)
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def write_text(path, text):
    """``write_atomically`` for a text (UTF-8)."""
    write_atomically(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def sync_directory(path):
    """Makes renames in a directory survive a power cut; where directories cannot be opened, does nothing."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except PermissionError:
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def clear_partial(directory):
    """Removes what a killed process left half-written. Only for the owner of the directory's lock."""
    partial = pathlib.Path(directory) / PARTIAL
    if partial.is_symlink():
        partial.unlink()
    elif partial.exists():
        shutil.rmtree(partial)


# === Writing ===


def write_checkpoint(prefix, step, tensors, metadata, kind):
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
        key(group, index, path): numpy.ascontiguousarray(value).reshape(numpy.shape(value))
        for group, pairs in tensors.items()
        for index, (path, value) in enumerate(pairs)
    }
    digest = {}

    def write(temporary):
        try:
            save_file(flat, temporary, metadata={"format": FORMAT})
        except SafetensorError as error:
            reason = str(error).removeprefix("Error while serializing: I/O error: ").split(" (os error")[0]
            raise OSError(reason) from None
        digest["bytes"], digest["sha256"] = temporary.stat().st_size, file_digest(temporary)

    write_atomically(data_path(prefix), write)
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "kind": kind,
        "step": int(step),
        "metadata": metadata,
        "data": digest,
        "tensors": {
            group: [[path, list(numpy.shape(value)), str(value.dtype)] for path, value in pairs]
            for group, pairs in tensors.items()
        },
    }
    manifest["checksum"] = checksum(manifest)
    text = json.dumps(manifest, ensure_ascii=False, allow_nan=False, indent=1)
    write_text(manifest_path(prefix), text + "\n")


def key(group, index, path):
    """Name of a tensor in the data file; the index keeps the order and tells equal paths apart."""
    return f"{group}/{index:04d}/{path}"


def data_path(prefix):
    """The tensors of a checkpoint."""
    return pathlib.Path(f"{prefix}.safetensors")


def manifest_path(prefix):
    """The manifest of a checkpoint."""
    return pathlib.Path(f"{prefix}.json")


def file_digest(path):
    """SHA-256 of a file's bytes, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checksum(manifest):
    """SHA-256 of a manifest's content without its key ``checksum``, whatever its layout as text."""
    content = {name: value for name, value in manifest.items() if name != "checksum"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


# === Reading ===


def read_manifest(prefix):
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


def verify_data(prefix, manifest):
    """The bytes of the data file, after comparing length and SHA-256 with the manifest.

    Raises:
        DamagedCheckpointError: missing, truncated or altered.
    """
    path, expected = data_path(prefix), manifest["data"]
    try:
        size = path.stat().st_size
        if size != expected["bytes"]:
            raise DamagedCheckpointError(
                f"{path}: truncated or altered ({size} bytes, its manifest says {expected['bytes']})"
            )
        data = path.read_bytes()
    except FileNotFoundError:
        raise DamagedCheckpointError(f"{prefix}: incomplete, its data file {path.name} is missing") from None
    except OSError as error:
        raise DamagedCheckpointError(f"{path}: cannot be read: {error.strerror}") from None
    if hashlib.sha256(data).hexdigest() != expected["sha256"]:
        raise DamagedCheckpointError(f"{path}: altered (its SHA-256 is not the one in its manifest)")
    return data


def read_checkpoint(prefix):
    """Reads a checkpoint, after checking every checksum.

    Args:
        prefix: path without suffix.

    Returns:
        (tensors, manifest): dict from group to a list of (path, numpy array), and the manifest's dict.

    Raises:
        DamagedCheckpointError: missing, torn, truncated or altered.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    manifest = read_manifest(prefix)
    data = verify_data(prefix, manifest)
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
