"""The parts of Keras without a promise that the package builds on, by name: a release that drops one fails here.

setup.cfg allows Keras 3 only; within it these names can still change.
"""

import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import config_pb2, rewriter_config_pb2
from tensorflow.python.eager import context

from tfglyph.models.determinism import SINGLE_THREADED
from tfglyph.models.optimizers import FusedAdam, GuardedOptimizer

OVERRIDDEN = [
    (FusedAdam, keras.optimizers.Adam, "_all_reduce_sum_gradients"),
    (FusedAdam, keras.optimizers.Adam, "update_step"),
    (GuardedOptimizer, keras.optimizers.LossScaleOptimizer, "_stateful_handle_finite_grads"),
    (GuardedOptimizer, keras.optimizers.LossScaleOptimizer, "_stateful_handle_non_finite_grads"),
    (GuardedOptimizer, keras.optimizers.LossScaleOptimizer, "check_finite"),
    (GuardedOptimizer, keras.optimizers.LossScaleOptimizer, "scale_loss"),
]


@pytest.mark.parametrize(("ours", "base", "name"), OVERRIDDEN, ids=[name for _, _, name in OVERRIDDEN])
def test_overridden_methods_exist_with_the_same_parameters(ours, base, name):
    assert name in vars(ours), f"{ours.__name__} does not override {name}"
    assert hasattr(base, name), f"Keras {keras.__version__}: {base.__name__} has no {name} any more"
    parameters = [list(inspect.signature(getattr(each, name)).parameters) for each in (ours, base)]
    assert parameters[0] == parameters[1]


def test_functions_of_tensorflow_take_an_executor_and_a_configuration():
    """What ``tfglyph.models.determinism`` sets, and how TensorFlow reads it."""
    config = context.context().config
    config.graph_options.rewrite_options.memory_optimization = rewriter_config_pb2.RewriterConfig.NO_MEM_OPT
    options = context.FunctionCallOptions(SINGLE_THREADED, config)
    attributes = options.as_attrs()
    assert attributes["executor_type"] == SINGLE_THREADED
    assert config_pb2.ConfigProto.FromString(attributes["config_proto"]) == config
    assert isinstance(vars(context.Context)["function_call_options"], property)


@pytest.mark.parametrize("name", ["_momentums", "_velocities"])
def test_adam_keeps_its_moments_as_lists_of_variables(name):
    variable = keras.Variable(np.zeros(3, "float32"))
    optimizer = keras.optimizers.Adam()
    optimizer.build([variable])
    moments = getattr(optimizer, name)
    assert len(moments) == 1 and moments[0].shape == (3,)
    assert moments[0].value.handle.dtype == tf.resource  # what tf.raw_ops.ResourceApplyAdam takes


def test_get_variable_index_finds_a_variable():
    variables = [keras.Variable(np.zeros(size, "float32")) for size in (2, 3)]
    optimizer = keras.optimizers.Adam()
    optimizer.build(variables)
    assert [optimizer._get_variable_index(variable) for variable in variables] == [0, 1]


def test_the_loss_scale_optimizer_calls_the_overridden_methods():
    variable = keras.Variable(np.ones(2, "float32"))
    calls = []

    class Recorder(keras.optimizers.LossScaleOptimizer):
        def _stateful_handle_finite_grads(self, grads, trainable_variables):
            calls.append("finite")

        def _stateful_handle_non_finite_grads(self):
            calls.append("not finite")

    optimizer = Recorder(keras.optimizers.SGD())
    optimizer.apply([tf.constant([1.0, 2.0])], [variable])
    optimizer.apply([tf.constant([1.0, np.nan])], [variable])
    assert calls == ["finite", "not finite"]
    assert optimizer.inner_optimizer is not None and float(optimizer.dynamic_scale) > 0


def test_the_global_state_lists_variables_of_a_stateless_scope():
    from keras.src.backend.common import global_state

    before = list(global_state.get_global_attribute("uninitialized_variables") or [])
    with keras.StatelessScope(initialize_variables=False):
        layer = keras.layers.Dense(2)
        layer.build((None, 3))
    after = global_state.get_global_attribute("uninitialized_variables")
    assert layer.kernel.shape == (3, 2) and any(variable is layer.kernel for variable in after)
    global_state.set_global_attribute("uninitialized_variables", before)
    assert list(global_state.get_global_attribute("uninitialized_variables")) == before


@pytest.mark.parametrize("name", ["Conv2D", "Conv2DTranspose"])
def test_convolution_layers_have_what_ours_read(name):
    layer = getattr(keras.layers, name)(2, 3, 2, padding="same")
    layer.build((None, 4, 4, 1))
    for attribute in ("padding", "data_format", "dilation_rate", "strides", "kernel_size", "compute_dtype", "use_bias"):
        assert hasattr(layer, attribute), f"Keras {keras.__version__}: {name} has no {attribute} any more"
    if name == "Conv2D":
        assert list(inspect.signature(layer.convolution_op).parameters) == ["inputs", "kernel"] and layer.groups == 1
    else:
        assert layer.output_padding is None
