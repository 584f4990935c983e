"""Fuzzed architecture files: whatever a file contains, it loads or is refused in one line."""

import copy
import json
import resource

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tfglyph.architecture import SHIPPED, load_architecture, shipped_names
from tfglyph.architecture.core import MAXIMUM_BYTES
from tfglyph.errors import UsageError
from tfglyph.models.limits import Limits, check_limits

FILES = {name: json.loads((SHIPPED / f"{name}.json").read_text()) for name in shipped_names()}
SETTINGS = {
    "deadline": None,
    "derandomize": True,
    "database": None,
    "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
}

NUMBERS = st.one_of(
    st.integers(-3, 70),
    st.sampled_from([2**15, 2**16, 2**31, 2**63, 2**64, -1, 10**30, -(10**400), 10**400]),
    st.floats(),
    st.sampled_from([1e308, -1e308, 5e-324, 0.999999, 1.0]),
)
SCALARS = st.one_of(NUMBERS, st.booleans(), st.none(), st.text(max_size=20), st.sampled_from(["conv", "GAN", "tanh"]))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def paths(value, here=()):
    """Every path in a JSON value."""
    yield here
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in items:
        yield from paths(child, (*here, key))


@st.composite
def mutants(draw, values=VALUES, most=3):
    """A shipped file with up to ``most`` values replaced, removed, repeated, renamed or nested."""
    data = copy.deepcopy(FILES[draw(st.sampled_from(sorted(FILES)))])
    for _ in range(draw(st.integers(1, most))):
        path = draw(st.sampled_from(sorted(paths(data), key=str)))
        if not path:
            continue
        parent = data
        for step in path[:-1]:
            parent = parent[step]
        change = draw(st.sampled_from(["replace", "replace", "remove", "repeat", "rename", "nest"]))
        if change == "replace":
            parent[path[-1]] = draw(values)
        elif change == "remove":
            del parent[path[-1]]
        elif change == "repeat" and isinstance(parent, list):
            parent.extend(parent * draw(st.integers(1, 3)))
        elif change == "rename" and isinstance(parent, dict):
            parent[draw(st.text(max_size=12))] = parent.pop(path[-1])
        elif change == "nest":
            parent[path[-1]] = [parent[path[-1]]]
    return data


def refused_or_loaded(path):
    """The architecture of a file, or None where it is refused; anything but one line about the file fails."""
    try:
        return load_architecture(str(path))
    except UsageError as error:
        message = str(error)
        assert message.startswith(str(path)), message
        assert len(message.splitlines()) == 1 and message.isprintable() and len(message) < 1000
        return None


@settings(max_examples=150, **SETTINGS)
@given(data=mutants())
def test_mutated_files_load_or_are_refused_in_one_line(tmp_path, data):
    path = tmp_path / "mutant.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    refused_or_loaded(path)


@settings(max_examples=100, **SETTINGS)
@given(data=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_refused_in_one_line(tmp_path, data):
    path = tmp_path / "bytes.json"
    path.write_bytes(data)
    assert refused_or_loaded(path) is None


@settings(max_examples=100, **SETTINGS)
@given(draw=st.data())
def test_partly_overwritten_files_load_or_are_refused_in_one_line(tmp_path, draw):
    data = bytearray((SHIPPED / "vaegan.json").read_bytes())
    position = draw.draw(st.integers(0, len(data) - 1))
    data[position : position + draw.draw(st.integers(0, 8))] = draw.draw(st.binary(max_size=8))
    path = tmp_path / "overwritten.json"
    path.write_bytes(data)
    refused_or_loaded(path)


TEXT = (SHIPPED / "vaegan.json").read_text()


@pytest.mark.parametrize(
    "data, words",
    [
        (b"\xef\xbb\xbf" + TEXT.encode(), None),  # a byte-order mark is skipped
        (TEXT.encode("utf-16"), "not UTF-8 text"),
        (TEXT.encode("utf-16-le"), "mutant.json"),
        (TEXT.replace('"z_dim": 100', '"z_dim": 100, "z_dim": 50').encode(), '"z_dim": this key stands twice'),
        (TEXT.replace('"z_dim": 100', '"z_dim": NaN').encode(), "NaN is not a number"),
        (TEXT.replace('"z_dim": 100', '"z_dim": -Infinity').encode(), "-Infinity is not a number"),
        (TEXT.replace('"z_dim": 100', '"z_dim": 1' + "0" * 5000).encode(), "z_dim|digits"),
        (TEXT.replace('"z_dim": 100', '"z_dim": 1e999').encode(), "z_dim"),
        (b"[" * 100_000, "nested more than 20 deep"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "nested more than 20 deep"),
        (b"", "not JSON"),
        (b"\0" * 100, "not JSON"),
        (b"null", "expected an object"),
    ],
)
def test_odd_files(tmp_path, data, words):
    path = tmp_path / "mutant.json"
    path.write_bytes(data)
    if words is None:
        assert load_architecture(str(path)).z_dim == 100
    else:
        with pytest.raises(UsageError, match=words) as error:
            load_architecture(str(path))
        assert str(error.value).startswith(str(path)) and "\n" not in str(error.value)


def test_a_hundred_megabytes_are_not_even_read(tmp_path):
    path = tmp_path / "large.json"
    with open(path, "wb") as file:
        file.write(TEXT.encode())
        file.truncate(100 * MAXIMUM_BYTES)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UsageError, match="larger than 1 MiB"):
        load_architecture(str(path))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # KiB


# Numbers that a valid file might hold, and far too large ones among them.
SIZES = st.integers(1, 9) | st.sampled_from([64, 1000, 4096, 2**16])


@pytest.mark.slow
@settings(max_examples=60, **SETTINGS)
@given(data=mutants(values=SIZES, most=2))
def test_what_loads_is_laid_out_or_refused_within_bounds(tmp_path, data):
    path = tmp_path / "mutant.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    architecture = refused_or_loaded(path)
    if architecture is None:
        return
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        parameters, activations = check_limits(architecture, Limits(name=str(path)))
        assert 0 < parameters <= 2e8 and 0 < activations <= 64e9
    except UsageError as error:
        assert str(error).startswith(f"{path}: ") and "\n" not in str(error)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1_000_000  # KiB
