"""Architecture files: what loads, what is refused and with which words, and that nothing is lost on the way."""

import copy
import json

import jsonschema
import pytest

from tests.helpers.original import ORIGINAL
from tfglyph import architecture as architectures
from tfglyph.architecture.registry import FAMILIES
from tfglyph.errors import UsageError
from tfglyph.training.options import with_overrides

MODES = ", ".join(FAMILIES)


def changed(path, value):
    """ORIGINAL with the value at a dotted path replaced; ``...`` removes the key."""
    data = copy.deepcopy(ORIGINAL)
    *parents, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    target = data
    for parent in parents:
        target = target[parent]
    if value is ...:
        del target[last]
    else:
        target[last] = value
    return data


def complaint(data):
    with pytest.raises(UsageError) as caught:
        architectures.check(data, "a.json")
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_the_original_file_loads_unchanged_and_has_no_tanh_on_z():
    architecture = architectures.check(ORIGINAL, "a.json")
    assert architecture.mode == "VAE-GAN" and architecture.y_dim == 10
    assert architecture.generator.z_activation == "linear"
    assert architectures.load_architecture("vaegan").generator.z_activation == "tanh"


def test_defaults_are_the_original_recipe():
    architecture = architectures.check(ORIGINAL, "a.json")
    assert (architecture.training.batch_size, architecture.training.epochs) == (64, 100)
    assert architecture.objective.reconst_v_gan == 0.1 and architecture.objective.generator_updates == 2
    for name in ("encoder", "generator", "discriminator"):
        optimizer = architecture.optimizer(name)
        assert (optimizer.learning_rate, optimizer.beta1, optimizer.schedule) == (2e-4, 0.5, "constant")


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("encoder.stride", [[2, 2]] * 3, "a.json: encoder.stride: 3 entries, but kernel has 4; one per layer"),
        ("encoder.kernal", [[5, 5]], "a.json: encoder.kernal: unknown key (did you mean kernel?)"),
        ("encoder.kernel.1", [5, "five"], 'a.json: encoder.kernel[1][1]: found "five", expected integer'),
        ("encoder.output.0", 0, "a.json: encoder.output[0]: found 0, expected greater than or equal to 1"),
        ("encoder.output.0", True, "a.json: encoder.output[0]: found true, expected integer"),
        (
            "mode",
            "VAEGAN",
            f'a.json: mode: found "VAEGAN", expected one of {MODES} (did you mean VAE-GAN?)',
        ),
        ("mode", 7, f"a.json: mode: found 7, expected one of {MODES}"),
        ("z_dim", 1.5, "a.json: z_dim: found 1.5, expected integer"),
        ("hwc", ..., "a.json: hwc: missing; this key is required"),
        ("generator.hwc", [3, 3, 512], "a.json: generator: hwc, strides and last output give [48, 48, 1], but"),
        ("discriminator.feature_layer", 5, "a.json: discriminator.feature_layer: found 5, but there are 4 layers"),
        ("training", {"optimizers": {"critic": {}}}, "a.json: training.optimizers.critic: no such network"),
        ("training", {"batch_size": -1}, "a.json: training.batch_size: found -1, expected greater than"),
        ("encoder.type", "transformer", 'a.json: encoder.type: found "transformer", expected'),
        ("encoder", [], "a.json: encoder: found []"),
    ],
)
def test_a_mistake_is_one_line_with_path_value_and_remedy(path, value, words):
    assert complaint(changed(path, value)).startswith(words)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"hwc": [1, 2', "line 1, column"),
        (b'{"hwc": 1, "hwc": 2}', '"hwc": this key stands twice'),
        (b'{"z_dim": NaN}', "NaN is not a number that a file may hold"),
        (b"[1, 2]", "found [1, 2] at the top, expected an object"),
        ("{}".encode("utf-16"), "not UTF-8 text"),
        (b"[" * 100_000, "nested more than 20 deep"),
        (b'{"a": ' * 30 + b"1" + b"}" * 30, "nested more than 20 deep"),
        (b'{"a": "' + b"x" * (1 << 20) + b'"}', "larger than 1 MiB"),
        (b'{"z_dim": 1' + b"0" * 5000 + b"}", ""),
    ],
)
def test_a_file_that_is_no_json_is_one_line(tmp_path, content, words):
    path = tmp_path / "broken.json"
    path.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        architectures.load_architecture(path)
    assert str(caught.value).startswith(str(path)) and words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_byte_order_mark_is_no_obstacle(tmp_path):
    path = tmp_path / "marked.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(ORIGINAL).encode())
    assert architectures.load_architecture(path).name == "marked"


@pytest.mark.parametrize("name", architectures.shipped_names())
def test_shipped_files_round_trip_and_satisfy_the_schema(name):
    architecture = architectures.load_architecture(name)
    text = architectures.dump(architecture)
    assert architectures.check(architectures.parse_json(text, "dump"), "dump") == architecture
    validator = jsonschema.Draft202012Validator(architectures.schema())
    validator.validate(json.loads((architectures.SHIPPED / f"{name}.json").read_text()))


def test_the_schema_file_is_up_to_date():
    shipped = json.loads((architectures.SHIPPED / "schema.json").read_text())
    assert shipped == architectures.schema(), "run: python tools/write_schema.py"


def test_overrides_reach_every_optimizer_and_unknown_ones_are_refused():
    overridden = with_overrides(architectures.check(ORIGINAL, "a.json"), {"lr": 1e-3, "batch_size": 8, "steps": None})
    assert {optimizer.learning_rate for optimizer in overridden.training.optimizers.values()} == {1e-3}
    assert overridden.training.batch_size == 8 and overridden.training.steps is None
    with pytest.raises(UsageError, match=r"--batch_size: found 0"):
        with_overrides(overridden, {"batch_size": 0})


def test_a_name_that_is_not_shipped_lists_those_that_are():
    with pytest.raises(UsageError, match=r"vaegn: no such architecture file \(did you mean vaegan\?\)"):
        architectures.load_architecture("vaegn")
