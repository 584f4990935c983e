"""The file format: one JSON file is one experiment. Typed, validated, without TensorFlow.

``load_architecture`` accepts a path, the bare name of a shipped file ("vaegan"), or an object that is one already.
"""

import functools
import json
import operator
import os
import pathlib
import re
from collections.abc import Mapping
from typing import Annotated, Any

import pydantic

from tfglyph.architecture.core import RENAMED_KEYS, parse_json, read_json, show, validate
from tfglyph.architecture.families import Architecture
from tfglyph.architecture.registry import FAMILIES, import_class
from tfglyph.errors import UsageError, did_you_mean
from tfglyph.files import PathLike, package_file

SHIPPED = package_file("architectures")


def architecture_class(mode: str) -> type[Architecture]:
    """The Architecture class of a ``mode``."""
    return import_class(FAMILIES[mode].architecture)


@functools.cache
def adapter() -> pydantic.TypeAdapter[Any]:
    """pydantic.TypeAdapter of any architecture file; ``mode`` determines the class."""
    union: Any = functools.reduce(operator.or_, map(architecture_class, FAMILIES))
    annotated: Any = Annotated[union, pydantic.Field(discriminator="mode")]
    return pydantic.TypeAdapter(annotated)


def shipped_names() -> list[str]:
    """Bare names of the architecture files that come with the package, sorted."""
    return sorted(path.stem for path in SHIPPED.glob("*.json") if path.stem != "schema")


def find_architecture(reference: str) -> pathlib.Path:
    """The file of a path or name.

    Args:
        reference: str, a path, or the bare name of a shipped file.

    Returns:
        pathlib.Path of an existing file.

    Raises:
        UsageError: there is no such file and no such name.
    """
    path = pathlib.Path(reference)
    if path.is_file():
        return path
    if path.parent == pathlib.Path():
        shipped = SHIPPED / (path.name if path.suffix == ".json" else path.name + ".json")
        if path.name and shipped.is_file():
            return shipped
    names = shipped_names()
    raise UsageError(
        f"{reference}: no such architecture file{did_you_mean(path.stem, names)}; shipped ones: {', '.join(names)}"
    )


def load_architecture(reference: PathLike | dict[str, Any] | Architecture) -> Architecture:
    """Reads and checks an architecture file.

    Args:
        reference: path, bare name of a shipped file, dict of the same shape, or an Architecture (returned as it is).

    Returns:
        An instance of the mode's Architecture class.

    Raises:
        UsageError: one line with file, JSON path, what was found and what would be accepted.
    """
    if isinstance(reference, Architecture):
        return reference
    if isinstance(reference, dict):
        return check(reference, "architecture")
    path = find_architecture(os.fspath(reference))
    architecture = check(read_json(path), str(path))
    return architecture if architecture.name else architecture.model_copy(update={"name": default_name(path)})


def default_name(path: pathlib.Path) -> str:
    """A run name from a file name: its stem, with anything unusual replaced."""
    plain = re.compile(r"[^A-Za-z0-9._-]")
    stem = plain.sub("-", path.stem)
    return stem.lstrip("._-")[:64] or "model"


def check(data: Mapping[str, Any], name: str) -> Architecture:
    """Validates parsed JSON; ``name`` is the file's in error messages. Data without ``mode`` is a VAE-GAN's."""
    data = {"mode": "VAE-GAN", **data}
    if not isinstance(data["mode"], str) or data["mode"] not in FAMILIES:
        raise UsageError(
            f"{name}: mode: found {show(data['mode'])}, expected one of {', '.join(FAMILIES)}"
            f"{did_you_mean(data['mode'], FAMILIES)}"
        )
    return validate(adapter(), data, name)


def dump(architecture: Architecture) -> str:
    """The architecture as JSON text with every key, indented by two spaces; loads back to an equal object."""
    data = architecture.model_dump(mode="json", by_alias=True)
    return _compact(json.dumps(data, indent=2, ensure_ascii=False)) + "\n"


def override(architecture: Architecture, changes: Mapping[str, Any], name: str = "command line") -> Architecture:
    """A copy with single values replaced.

    Args:
        architecture: an Architecture.
        changes: dict from dotted JSON path ("training.batch_size", also with an old key) to value.
        name: str, the source of the values, for errors.

    Raises:
        UsageError: as ``load_architecture``.
    """
    data = architecture.model_dump(mode="json", by_alias=True)
    for path, value in changes.items():
        *parents, last = path.split(".")
        target: Any = data
        for parent in parents:
            if target.get(parent, ...) is None:
                target[parent] = {}
            target = target.get(parent)
            if not isinstance(target, dict):
                raise UsageError(f"{name}: {path}: this architecture has no such key")
        if last not in target:
            target.pop(RENAMED_KEYS.get(last, last), None)  # an error is then about the key that was given
        target[last] = value
    return check(data, name)


def schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of the file format, for editors; a dict."""
    result = adapter().json_schema(by_alias=True, mode="validation")
    result["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    result["title"] = "tfglyph architecture"
    for section in result["$defs"].values():
        properties = section.get("properties", {})
        for old, new in RENAMED_KEYS.items():
            if new in properties:
                properties[old] = properties[new] | {"deprecated": True, "description": f"Old name of {new}."}
    return result


def _compact(text: str) -> str:
    """Puts innermost lists of numbers back on one line: [[5, 5], [5, 5]] reads better than eleven lines."""
    inner = re.compile(r"\[\s+([^\[\]{}]*?)\s+\]")
    return inner.sub(lambda match: "[" + re.sub(r",\s+", ", ", match.group(1)) + "]", text)


__all__ = [
    "SHIPPED",
    "adapter",
    "architecture_class",
    "check",
    "dump",
    "find_architecture",
    "load_architecture",
    "override",
    "parse_json",
    "read_json",
    "schema",
    "shipped_names",
]
