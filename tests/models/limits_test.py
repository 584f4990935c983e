"""Too large a file is refused by arithmetic, in little memory and with nothing left behind."""

import math
import resource

import keras
import pytest

from tfglyph.architecture import dump, load_architecture
from tfglyph.architecture.core import Section
from tfglyph.errors import UsageError
from tfglyph.loading import load
from tfglyph.models import build, limits
from tfglyph.models.limits import Limits, check_limits


def small(**changes):
    """A VAE-GAN of a few hundred parameters; ``changes`` by dotted path."""
    data = {
        "name": "small",
        "mode": "VAE-GAN",
        "hwc": [4, 4, 1],
        "z_dim": 3,
        "encoder": {"kernel": [[3, 3]], "stride": [[2, 2]], "output": [2]},
        "generator": {"hwc": [2, 2, 2], "kernel": [[3, 3]], "stride": [[2, 2]], "output": [1]},
        "discriminator": {"kernel": [[3, 3]], "stride": [[2, 2]], "output": [2]},
        "training": {"batch_size": 8},
    }
    for path, value in changes.items():
        *parents, last = path.split("__")
        target = data
        for parent in parents:
            target = target[parent]
        target[last] = value
    return load_architecture(data)


def test_parameters_are_counted_as_they_will_be():
    architecture = small()
    parameters, _ = check_limits(architecture)
    model = build(architecture)
    networks = model.networks.values()
    assert parameters == sum(keras.ops.size(v) for network in networks for v in network.trainable_variables)
    assert parameters == check_limits(architecture, Limits(max_parameters=parameters))[0]
    with pytest.raises(UsageError) as error:
        check_limits(architecture, Limits(max_parameters=parameters - 1))
    expected = f"small: {parameters} parameters are more than --max_parameters {parameters - 1}"
    assert str(error.value) == expected


def test_what_was_counted_is_not_counted_again(monkeypatch, tmp_path):
    monkeypatch.setenv("TFGLYPH_CACHE", str(tmp_path))
    limits._counts.clear()
    first = check_limits(small())

    def again(*_):
        raise RuntimeError("counted again")

    monkeypatch.setattr(limits, "_count", again)
    limits._counts.clear()
    assert check_limits(small()) == first
    with pytest.raises(UsageError, match=r"parameters are more than --max_parameters 7$"):
        check_limits(small(), Limits(max_parameters=7))
    monkeypatch.setattr(limits, "_code", lambda: "other code")
    limits._counts.clear()
    with pytest.raises(RuntimeError, match="counted again"):
        check_limits(small())


def test_activations_grow_with_the_batch_and_hold_every_layer():
    _, eight = check_limits(small())
    _, sixteen = check_limits(small(training__batch_size=16))
    assert sixteen == 2 * eight
    layers = sum(
        math.prod(layer.output.shape[1:])
        for network in build(small()).networks.values()
        for layer in network.layers
        if not isinstance(layer, (keras.layers.InputLayer, keras.layers.Reshape))
    )
    # Value and gradient, 4 bytes, 8 images; convolutions on tiny maps also keep the windows that they multiply.
    assert layers <= eight / (2 * 4 * 8) <= 3 * layers
    with pytest.raises(UsageError, match=r"small: .* with batch_size 8 take .* --max_activation_gb"):
        check_limits(small(), Limits(max_activation_gb=eight / 1e9 * 0.99))


@pytest.mark.parametrize(
    "changes",
    [
        {"encoder__output": [65536], "discriminator__output": [65536], "encoder__kernel": [[64, 64]]},
        {"generator__hwc": [2, 2, 65536], "z_dim": 65536},
        {"training__batch_size": 65536, "encoder__output": [65536]},
        {"hwc": [65536, 65536, 1], "generator__hwc": [32768, 32768, 2]},
    ],
)
def test_a_file_that_asks_for_terabytes_costs_nothing(changes):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UsageError, match=r"^small: .*(--max_parameters|--max_activation_gb)"):
        check_limits(small(**changes))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # KiB


def test_nothing_is_left_that_a_later_scope_would_give_values_to():
    check_limits(small())
    layer = keras.layers.Dense(2)
    with keras.StatelessScope():
        layer.build((None, 3))
    from keras.src.backend.common import global_state

    assert not global_state.get_global_attribute("uninitialized_variables")
    assert layer.kernel.shape == (3, 2) and layer.kernel.numpy().shape == (3, 2)


def test_layers_that_do_not_fit_together_are_one_line():
    class Broken(Section):
        """A section with more rows than pixels."""

    architecture = small()
    with pytest.raises(UsageError, match=r"^small: its networks cannot be built: \S"):
        check_limits(architecture.model_copy(update={"encoder": Broken()}))


HOSTILE = {"encoder__output": [65536], "discriminator__output": [65536], "encoder__kernel": [[64, 64]]}


def test_building_refuses_what_is_too_large_and_can_be_told_other_bounds():
    with pytest.raises(UsageError, match=r"^small: .*--max_parameters"):
        build(small(**HOSTILE))
    with pytest.raises(UsageError, match=r"^file: 1,126 parameters are more than --max_parameters 1,000"):
        build(small(z_dim=40), limits=Limits("file", max_parameters=1000))


@pytest.fixture
def run(tmp_path):
    """A run directory with a checkpoint of a small model."""
    from tfglyph.runs.checkpoints import Checkpoints

    model = build(small())
    saver = Checkpoints(tmp_path)
    saver.save(0, model.groups(), {})
    saver.wait()
    (tmp_path / "architecture.json").write_text(dump(model.architecture))
    return tmp_path


def test_a_run_directory_with_a_hostile_architecture_is_refused_before_anything_is_built(run):
    load(run)
    (run / "architecture.json").write_text(dump(small(**HOSTILE)))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UsageError, match=r"/architecture\.json: .* parameters are more than --max_parameters"):
        load(run)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # KiB


@pytest.mark.parametrize(
    "options, words",
    [
        ('{"seed": "x"}', "options.json: seed: found 'x', expected int"),
        ('{"seed": -1}', "options.json: seed: found -1, expected a positive number"),
        ('{"dataset": [1]}', r"options.json: dataset: found \[1\], expected dict"),
        ('{"keep": true}', "options.json: keep: found True, expected int"),
        ('{"checkpoint_every": 1.5}', r"options.json: checkpoint_every: found 1.5, expected int \| None"),
    ],
)
def test_options_of_other_types_are_one_line(run, options, words):
    (run / "options.json").write_text(options)
    with pytest.raises(UsageError, match=words) as error:
        load(run)
    assert "\n" not in str(error.value)
