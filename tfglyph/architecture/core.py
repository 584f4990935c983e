"""Reading JSON files that people write: strict sections, and errors of one line.

Nothing in here depends on TensorFlow or on a model family. ``Section`` is the base class of every object of an
architecture file; ``read_json`` turns bytes into plain data or one clear error; ``describe`` turns pydantic's error
details into the line that a person sees: file, JSON path, what was found, what would be accepted.
"""

import json
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, NoReturn

import pydantic
from pydantic_core import ErrorDetails, PydanticCustomError

from tfglyph.errors import UsageError, did_you_mean
from tfglyph.files import PathLike

MAXIMUM_BYTES = 1 << 20  # an architecture file is a page of text; a larger one is something else
MAXIMUM_DEPTH = 20
MAXIMUM_LAYERS = 64
UNKNOWN_TAG = ("union_tag_not_found", "union_tag_invalid")
# Keys that were renamed after version 0.1.0: old name -> new name. Both are read, the new names are written.
RENAMED_KEYS = {"accumulate": "microbatches", "deviation": "std", "time_deviation": "time_std"}

# A dimension, a count or a width. The bound keeps products of a few of them within 64 bits.
Size = Annotated[int, pydantic.Field(strict=True, ge=1, le=1 << 16)]
Count = Annotated[int, pydantic.Field(strict=True, ge=0, le=1 << 40)]
Positive = Annotated[float, pydantic.Field(strict=True, gt=0, le=1e12)]
NonNegative = Annotated[float, pydantic.Field(strict=True, ge=0, le=1e12)]
Fraction = Annotated[float, pydantic.Field(strict=True, ge=0, lt=1)]
Flag = Annotated[bool, pydantic.Field(strict=True)]


class Section(pydantic.BaseModel):
    """One object of an architecture file: unknown keys are errors, values are not coerced, instances are immutable."""

    model_config = pydantic.ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, serialize_by_alias=True, use_attribute_docstrings=True
    )

    @pydantic.model_validator(mode="before")
    @classmethod
    def _know_every_key(cls, data: Any) -> Any:
        if isinstance(data, dict):
            keys = [field.alias or name for name, field in cls.model_fields.items()]
            data = _with_new_names(data, keys)
            for key in data:
                if key not in keys:
                    raise invalid(key, f"unknown key{did_you_mean(key, keys)}; known here: {', '.join(keys)}")
        return data


def _with_new_names(data: dict[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    """A section's data with old keys under their new names; ``keys`` are those of the section's class."""
    for old, new in RENAMED_KEYS.items():
        if old in data and old not in keys and new in keys:
            if new in data:
                raise invalid(old, f"is the old name of {new}, which is there as well; leave one of them out")
            data = {new if key == old else key: value for key, value in data.items()}
    return data


def discriminated_by_type(default: str | None = None) -> pydantic.Discriminator:
    """For a union of section classes, each with a ``pydantic.Tag``: the key ``type`` tells which class is meant.

    Args:
        default: the tag of a section without ``type``; None makes the key required.
    """

    def tag_of(value: Any) -> str | None:
        tag = value.get("type", default) if isinstance(value, dict) else getattr(value, "type", default)
        return tag if isinstance(tag, str) else None

    return pydantic.Discriminator(tag_of)


def not_required(*keys: str) -> Callable[[dict[str, Any]], None]:
    """``json_schema_extra`` for keys that a validator fills in before the fields are checked.

    They may be left out of a file, which pydantic does not know and a JSON schema has to say.
    """

    def edit(schema: dict[str, Any]) -> None:
        schema["required"] = [key for key in schema["required"] if key not in keys]

    return edit


def invalid(key: str, message: str) -> PydanticCustomError:
    """The error for a validator that finds two keys at odds: ``raise invalid("stride", "3 entries, but ...")``.

    ``key`` is the path from the validated section to the wrong value: one key, or several joined by dots.
    """
    return PydanticCustomError("glyph", "{message}", {"message": message, "key": key})


# === Reading ===


def read_json(path: PathLike) -> dict[str, Any]:
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
        too_deep = _is_deeper(value, MAXIMUM_DEPTH)
    except json.JSONDecodeError as error:
        raise UsageError(
            f"{name}: line {error.lineno}, column {error.colno}: not JSON: {error.msg[:1].lower()}{error.msg[1:]}"
        ) from None
    except RecursionError:
        too_deep = True
    except ValueError as error:
        raise UsageError(f"{name}: {str(error).splitlines()[0]}") from None
    if too_deep:
        raise UsageError(f"{name}: nested more than {MAXIMUM_DEPTH} deep")
    if not isinstance(value, dict):
        raise UsageError(f"{name}: found {show(value)} at the top, expected an object in {{braces}}")
    return value


def _object_without_duplicates(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise ValueError(f"{show(key)}: this key stands twice in one object")
        result[key] = value
    return result


def _no_constants(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number that a file may hold")


def _is_deeper(value: Any, depth: int) -> bool:
    if depth < 0:
        return True
    children: Iterable[Any] = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(_is_deeper(child, depth - 1) for child in children)


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


def validate(adapter: pydantic.TypeAdapter[Any], data: Any, name: str) -> Any:
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
    """One line for a ``pydantic.ValidationError`` about ``data``; errors after the first are counted, not listed."""
    details = error.errors(include_url=False)
    path, value = _locate(details[0], data)
    line = f"{path}: {_message(details[0], value)}"
    others = len({_locate(detail, data)[0] for detail in details} - {path})
    return printable(line) + (f" (and {others} more)" if others else "")


def _locate(detail: ErrorDetails, data: Any) -> tuple[str, Any]:
    """JSON path of an error and the value there; the union tags in pydantic's path are dropped."""
    context: Mapping[str, Any] = detail.get("ctx", {})
    location = list(detail["loc"])
    if detail["type"] == "glyph":
        location.extend(context["key"].split("."))
    if detail["type"] in UNKNOWN_TAG:
        key = context["discriminator"].strip("'")
        location.append("type" if key.endswith("()") else key)  # a callable discriminator looks at the type
    parts: list[int | str] = []
    value = data
    for position, step in enumerate(location):
        last = position == len(location) - 1
        if isinstance(value, dict) and isinstance(step, str):
            # A file with an old key gets an error about that key.
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


def _message(detail: ErrorDetails, value: Any) -> str:
    kind = detail["type"]
    context: Mapping[str, Any] = detail.get("ctx", {})
    if kind == "glyph":
        return str(context["message"])
    if kind == "missing":
        return "missing; this key is required"
    if kind in UNKNOWN_TAG:
        words = [word.strip("' ") for word in context.get("expected_tags", "").split(",")]
        if words == [""]:
            return "missing; this key is required"
        return f"found {show(value)}, expected one of {', '.join(words)}{did_you_mean(value, words)}"
    expected = detail["msg"].removeprefix("Input should be ").removeprefix("a valid ")
    return f"found {show(value)}, expected {expected[:1].lower() + expected[1:]}"
