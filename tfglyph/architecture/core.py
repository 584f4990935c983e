"""Reading JSON files that people write: strict sections, and errors of one line.

Nothing in here knows TensorFlow or any family. ``Section`` is the base class of everything that stands in an
architecture file; ``read_json`` turns bytes into plain data or one clear error; ``describe`` turns pydantic's
findings into the line that a person sees: file, JSON path, what was found, what would be accepted.
"""

import functools
import json
import operator
import os
from typing import Annotated, Any

import pydantic
from pydantic_core import PydanticCustomError

from tfglyph.errors import UsageError, did_you_mean

MAXIMUM_BYTES = 1 << 20  # an architecture file is a page of text; a larger one is something else
MAXIMUM_DEPTH = 20
MAXIMUM_LAYERS = 64
UNKNOWN_TAG = ("union_tag_not_found", "union_tag_invalid")
# Keys that files of version 0.1.0 spell otherwise: old name -> new name. Old files load, new ones are written.
RENAMED_KEYS = {"accumulate": "microbatches", "deviation": "std", "time_deviation": "time_std"}

# A dimension, a count or a width. The bound keeps products of a few of them within 64 bits.
Size = Annotated[int, pydantic.Field(strict=True, ge=1, le=1 << 16)]
Count = Annotated[int, pydantic.Field(strict=True, ge=0, le=1 << 40)]
Positive = Annotated[float, pydantic.Field(strict=True, gt=0, le=1e12)]
NonNegative = Annotated[float, pydantic.Field(strict=True, ge=0, le=1e12)]
Fraction = Annotated[float, pydantic.Field(strict=True, ge=0, lt=1)]
Flag = Annotated[bool, pydantic.Field(strict=True)]


class Section(pydantic.BaseModel):
    """A part of an architecture file: unknown keys are errors, values are not coerced, instances do not change."""

    model_config = pydantic.ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, serialize_by_alias=True, use_attribute_docstrings=True
    )

    @pydantic.model_validator(mode="before")
    @classmethod
    def _know_every_key(cls, data):
        if isinstance(data, dict):
            known = [field.alias or name for name, field in cls.model_fields.items()]
            data = _with_new_keys(data, known)
            for key in data:
                if key not in known:
                    near = did_you_mean(key, known)
                    raise invalid(key, f"unknown key{near}; known here: {', '.join(known)}")
        return data


def _with_new_keys(data: dict[str, Any], known: list[str]) -> dict[str, Any]:
    """The section with its old keys under their new names."""
    for old, new in RENAMED_KEYS.items():
        if old in data and old not in known and new in known:
            if new in data:
                raise invalid(old, f"is the old name of {new}, which is there as well; leave one of them out")
            data = {new if key == old else key: value for key, value in data.items()}
    return data


def one_of(default: str | None = None, /, **classes: type["Section"]) -> Any:
    """The type of a section that comes in several kinds, told apart by its key ``type``.

    Args:
        default: str or None, the kind of a section without ``type``; None makes the key required.
        **classes: section classes by the value of their ``type`` (underscores stand for hyphens).
    """
    kinds = {name.replace("_", "-"): section for name, section in classes.items()}

    def kind_of(value):
        kind = value.get("type", default) if isinstance(value, dict) else getattr(value, "type", default)
        return kind if isinstance(kind, str) else None

    tagged = [Annotated[section, pydantic.Tag(name)] for name, section in kinds.items()]
    if len(tagged) == 1:
        return next(iter(kinds.values()))
    return Annotated[functools.reduce(operator.or_, tagged), pydantic.Discriminator(kind_of)]


def invalid(key: str, message: str) -> PydanticCustomError:
    """The error for a validator that finds two keys at odds: ``raise invalid("stride", "3 entries, but ...")``.

    ``key`` is the path from the validated section to the culprit: one key, or several joined by dots.
    """
    return PydanticCustomError("glyph", "{message}", {"message": message, "key": key})


# === Reading ===


def read_json(path: str | os.PathLike) -> dict[str, Any]:
    """Reads one JSON object from a file.

    Args:
        path: str or path of a UTF-8 text of at most 1 MiB (a byte-order mark is skipped).

    Returns:
        dict, the object.

    Raises:
        UsageError: the file cannot be read, is too large, is not UTF-8 or not JSON, holds a key twice, NaN or
            Infinity, is nested more than 20 deep, or is not an object.
    """
    path = os.fspath(path)
    try:
        with open(path, "rb") as file:
            data = file.read(MAXIMUM_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None
    if len(data) > MAXIMUM_BYTES:
        raise UsageError(f"{path}: larger than 1 MiB, so it is no architecture file")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8 text (byte {error.start}); save it as UTF-8") from None
    return parse_json(text, path)


def parse_json(text: str, name: str) -> dict[str, Any]:
    """Parses one JSON object; errors name ``name``. See ``read_json``."""
    try:
        value = json.loads(text, object_pairs_hook=_object_without_duplicates, parse_constant=_no_constants)
        depth_ok = _depth_within(value, MAXIMUM_DEPTH)
    except json.JSONDecodeError as error:
        raise UsageError(
            f"{name}: line {error.lineno}, column {error.colno}: not JSON: {error.msg[:1].lower()}{error.msg[1:]}"
        ) from None
    except RecursionError:
        depth_ok = False
    except ValueError as error:
        raise UsageError(f"{name}: {str(error).splitlines()[0]}") from None
    if not depth_ok:
        raise UsageError(f"{name}: nested more than {MAXIMUM_DEPTH} deep")
    if not isinstance(value, dict):
        raise UsageError(f"{name}: found {show(value)} at the top, expected an object in {{braces}}")
    return value


def _object_without_duplicates(pairs):
    result = {}
    for key, value in pairs:
        if key in result:
            raise ValueError(f"{show(key)}: this key stands twice in one object")
        result[key] = value
    return result


def _no_constants(name):
    raise ValueError(f"{name} is not a number that a file may hold")


def _depth_within(value, depth):
    if depth < 0:
        return False
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return all(_depth_within(child, depth - 1) for child in children)


def show(value: Any) -> str:
    """``value`` as JSON on one line, cut to 60 characters."""
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except (ValueError, RecursionError):
        text = type(value).__name__
    text = printable(text)
    return text if len(text) <= 60 else text[:57] + "..."


def printable(text: str) -> str:
    """``text`` with escapes for what would break a line or cannot be printed (controls, lone surrogates)."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


# === Reporting ===


def validate(adapter: pydantic.TypeAdapter, data: Any, name: str) -> Any:
    """``adapter.validate_python(data)``, with a failure as one line.

    Args:
        adapter: pydantic.TypeAdapter.
        data: what was read.
        name: str, the file, for the message.

    Raises:
        UsageError: naming file, JSON path, what was found and what would be accepted.
    """
    try:
        return adapter.validate_python(data)
    except pydantic.ValidationError as error:
        raise UsageError(f"{name}: {describe(error, data)}") from None


def describe(error: pydantic.ValidationError, data: Any) -> str:
    """One line for a ``pydantic.ValidationError`` about ``data``; further findings are counted, not listed."""
    findings = error.errors(include_url=False)
    first = findings[0]
    path, value = _locate(first, data)
    line = f"{path}: {_message(first, value)}"
    others = len({_locate(finding, data)[0] for finding in findings} - {path})
    return printable(line) + (f" (and {others} more)" if others else "")


def _locate(finding, data):
    """JSON path of a finding and the value there; the union tags in pydantic's path are dropped."""
    location = list(finding["loc"])
    if finding["type"] == "glyph":
        location.extend(finding["ctx"]["key"].split("."))
    if finding["type"] in UNKNOWN_TAG:
        key = finding["ctx"]["discriminator"].strip("'")
        location.append("type" if key.endswith("()") else key)  # a callable discriminator looks at the type
    parts, value = [], data
    for position, step in enumerate(location):
        last = position == len(location) - 1
        if isinstance(value, dict) and isinstance(step, str):
            step = next((old for old, new in RENAMED_KEYS.items() if new == step and old in value), step)
            if step in value:
                value = value[step]
            elif not last:
                continue  # the tag of a tagged union
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        elif not (last and isinstance(value, dict)):
            continue
        parts.append(step)
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts).lstrip(".")
    return path[:200] or "the top", value


def _message(finding, value):
    kind, context = finding["type"], finding.get("ctx", {})
    if kind == "glyph":
        return context["message"]
    if kind == "missing":
        return "missing; this key is required"
    if kind in UNKNOWN_TAG:
        words = [word.strip("' ") for word in context.get("expected_tags", "").split(",")]
        if words == [""]:
            return "missing; this key is required"
        return f"found {show(value)}, expected one of {', '.join(words)}{did_you_mean(value, words)}"
    expected = finding["msg"].removeprefix("Input should be ").removeprefix("a valid ")
    return f"found {show(value)}, expected {expected[:1].lower() + expected[1:]}"
