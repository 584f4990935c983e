"""Keys that were renamed after version 0.1.0: old files mean the same, and the new names are written."""

import copy
import json

import jsonschema
import pytest

from tests.helpers.families import FAMILIES
from tfglyph.architecture import check, dump, load_architecture, override, schema
from tfglyph.architecture.core import RENAMED_KEYS
from tfglyph.errors import UsageError

GAUSSIAN = FAMILIES["vae"] | {"generator": FAMILIES["vae"]["generator"] | {"output_activation": "tanh"}}
# An old key, a family that has it, the objective around it, and a value that is not the default.
CASES = {
    "accumulate": (FAMILIES["ddpm"], {}, 4),
    "time_deviation": (FAMILIES["ddpm"], {"path": "straight"}, 0.5),
    "deviation": (GAUSSIAN, {"likelihood": "gaussian"}, 0.3),
}


def case(old):
    """(file with the old key, the same file with the new key, new key, value)."""
    data, objective, value = copy.deepcopy(CASES[old])
    new = RENAMED_KEYS[old]
    return data | {"objective": objective | {old: value}}, data | {"objective": objective | {new: value}}, new, value


def test_there_is_a_case_for_each_renamed_key():
    assert CASES.keys() == RENAMED_KEYS.keys()


@pytest.mark.parametrize("old", CASES)
def test_an_old_file_loads_to_the_same_object_and_is_written_with_the_new_name(old):
    old_file, new_file, new, value = case(old)
    architecture = check(old_file, "a.json")
    assert architecture == check(new_file, "a.json")
    assert getattr(architecture.objective, new) == value
    objective = json.loads(dump(architecture))["objective"]
    assert objective[new] == value and old not in objective
    assert old in old_file["objective"], "the caller's data is left as it is"


@pytest.mark.parametrize("old", CASES)
def test_an_error_about_an_old_key_names_the_old_key(old):
    old_file, new_file, new, _ = case(old)
    for data, key in ((old_file, old), (new_file, new)):
        data["objective"][key] = "many"
        with pytest.raises(UsageError, match=rf'^a\.json: objective\.{key}: found "many", expected '):
            check(data, "a.json")


@pytest.mark.parametrize(
    ("old", "changes", "message"),
    [
        ("accumulate", {"accumulate": 3}, r"objective\.accumulate: no divisor of the batch size 64"),
        ("time_deviation", {"path": "cosine"}, r"objective\.time_deviation: the path cosine trains on the entries"),
        ("deviation", {"likelihood": "bernoulli"}, r"objective\.deviation: only the gaussian likelihood has one"),
    ],
)
def test_so_does_an_error_about_several_keys(old, changes, message):
    old_file, _, _, _ = case(old)
    old_file["objective"] |= changes
    if changes.get("likelihood") == "bernoulli":
        old_file["generator"]["output_activation"] = "sigmoid"
    with pytest.raises(UsageError, match=message):
        check(old_file, "a.json")


@pytest.mark.parametrize("old", CASES)
def test_both_at_once_is_an_error(old):
    old_file, _, new, value = case(old)
    old_file["objective"][new] = value
    with pytest.raises(UsageError, match=rf"objective\.{old}: is the old name of {new}, which is there as well"):
        check(old_file, "a.json")


@pytest.mark.parametrize("old", CASES)
def test_an_old_key_is_unknown_where_the_new_one_is(old):
    data = copy.deepcopy(FAMILIES["wgan-gp"])
    data["objective"][old] = 1
    with pytest.raises(UsageError, match=rf"objective\.{old}: unknown key"):
        check(data, "a.json")


@pytest.mark.parametrize("old", CASES)
def test_override_takes_both_paths(old):
    _, new_file, new, value = case(old)
    del new_file["objective"][new]
    plain = check(new_file, "a.json")
    for key in (old, new):
        changed = override(plain, {f"objective.{key}": value})
        assert getattr(changed.objective, new) == value
        with pytest.raises(UsageError, match=rf'^--set: objective\.{key}: found "x", expected'):
            override(plain, {f"objective.{key}": "x"}, "--set")


def test_override_does_not_take_an_old_path_where_there_is_no_new_one():
    with pytest.raises(UsageError, match=r"objective\.accumulate: unknown key"):
        override(load_architecture("vae-small"), {"objective.accumulate": 2})


@pytest.mark.parametrize("path", ["z_dim.x", "no_such.key", "denoiser.output", "training.batch_size.x"])
def test_override_of_what_is_not_there_is_one_line(path):
    with pytest.raises(UsageError, match=rf"^command line: {path}: this architecture has no such key"):
        override(load_architecture("vae-small"), {path: 2})


@pytest.mark.parametrize("old", CASES)
def test_the_schema_accepts_both_and_marks_the_old_one_as_deprecated(old):
    old_file, new_file, new, _ = case(old)
    validator = jsonschema.Draft202012Validator(schema())
    validator.validate(old_file)
    validator.validate(new_file)
    old_file["objective"][old] = "many"
    assert not validator.is_valid(old_file)
    sections = [section["properties"] for section in schema()["$defs"].values() if new in section.get("properties", {})]
    assert sections
    for properties in sections:
        assert properties[old]["deprecated"] is True and properties[old]["description"] == f"Old name of {new}."
        assert "deprecated" not in properties[new]
