"""Less memory for a longer step: what a block computes is forgotten, and computed again for its gradient.

Chen et al. 2016, "Training deep nets with sublinear memory cost" (https://arxiv.org/abs/1604.06174). Between the
forward and the backward pass only what goes from block to block is kept.
"""

import dataclasses
import graphlib
import re
from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

# The layers of a U-Net's block by their names: down_1_conv_1, bottleneck_2_norm_3; down_1_2_norm_1, middle_attention.
BLOCK = re.compile(r"((?:down|up|bottleneck)_\d+(?:_\d+)?|middle(?:_\d+)?)_[a-z]")


@dataclasses.dataclass(frozen=True)
class Stage:
    """Some layers of a network, as a network of their own that shares their weights.

    Attributes:
        network: keras.Model, from a list of tensors to a list of tensors.
        inputs, outputs: lists of keras.KerasTensor of the whole network.
        recomputed: bool, whether what it computes is forgotten.
    """

    network: keras.Model
    inputs: list[keras.KerasTensor]
    outputs: list[keras.KerasTensor]
    recomputed: bool

    def __call__(self, values: list[tf.Tensor]) -> list[tf.Tensor]:
        if not self.recomputed:
            return tf.nest.flatten(self.network(values, training=True))
        # Only numbers that gradients flow through can be arguments; a mask goes in by another way.
        moving = [number for number, value in enumerate(values) if value.dtype.is_floating]

        def run(*floats: tf.Tensor) -> list[tf.Tensor]:
            every = list(values)
            for number, value in zip(moving, floats, strict=True):
                every[number] = value
            return tf.nest.flatten(self.network(every, training=True))

        return tf.nest.flatten(tf.recompute_grad(run)(*(values[number] for number in moving)))


class Stages:
    """The stages of a network, in an order in which each has its inputs. (A plain object: Keras would take the layers
    of its networks for further layers of the model that keeps it.)"""

    def __init__(self, network: keras.Model):
        groups: dict[str, list[keras.layers.Layer]] = {}
        for layer in network.layers:
            if not isinstance(layer, keras.layers.InputLayer):
                block = BLOCK.match(layer.name)
                groups.setdefault(f"{block[1]} (block)" if block else layer.name, []).append(layer)
        made_by = {id(tensor): name for name, layers in groups.items() for tensor in _outputs(layers)}
        needs = {name: [id(tensor) for tensor in _inputs(layers)] for name, layers in groups.items()}
        order = graphlib.TopologicalSorter(
            {
                name: {made_by[each] for each in needed if made_by.get(each, name) != name}
                for name, needed in needs.items()
            }
        )
        wanted_by = {name: {each for other in needs if other != name for each in needs[other]} for name in groups}
        final = {id(tensor) for tensor in tf.nest.flatten(network.output)}
        self.stages = []
        for name in order.static_order():
            layers = groups[name]
            inside = {id(tensor) for tensor in _outputs(layers)}
            inputs = list({id(tensor): tensor for tensor in _inputs(layers) if id(tensor) not in inside}.values())
            outputs = [tensor for tensor in _outputs(layers) if id(tensor) in wanted_by[name] | final]
            self.stages.append(Stage(keras.Model(inputs, outputs), inputs, outputs, name.endswith(" (block)")))

    def __iter__(self) -> Iterator[Stage]:
        return iter(self.stages)


def _inputs(layers: list[keras.layers.Layer]) -> list[keras.KerasTensor]:
    return [tensor for layer in layers for tensor in tf.nest.flatten(layer.input)]


def _outputs(layers: list[keras.layers.Layer]) -> list[keras.KerasTensor]:
    return [tensor for layer in layers for tensor in tf.nest.flatten(layer.output)]


class Rematerialized(keras.Model):
    """A functional model of a dict of inputs that computes its blocks (``BLOCK``) twice in training.

    The same layers, variables and results as ``keras.Model``.

    Attributes:
        forgets: bool; False computes once, as ``keras.Model``.
    """

    def __init__(self, *arguments: Any, **options: Any):
        super().__init__(*arguments, **options)
        self.forgets: bool = True
        self._stages: Stages | None = None

    def call(self, inputs: dict[str, tf.Tensor], training: bool | None = None, mask: Any = None) -> tf.Tensor:
        if not (training and self.forgets):
            return super().call(inputs, training=training, mask=mask)
        if self._stages is None:
            with tf.init_scope():
                self._stages = Stages(self)
        values = {id(tensor): tf.convert_to_tensor(inputs[name]) for name, tensor in self.input.items()}
        for stage in self._stages:
            results = stage([values[id(tensor)] for tensor in stage.inputs])
            values |= {id(tensor): value for tensor, value in zip(stage.outputs, results, strict=True)}
        return values[id(self.output)]


def model_class(remat: bool) -> type[keras.Model]:
    """The class of a functional model whose blocks are computed twice, or not."""
    return Rematerialized if remat else keras.Model
