"""Layers whose kernel has spectral norm 1 (Miyato et al. 2018, https://arxiv.org/abs/1802.05957).

Unlike a wrapper that overwrites the kernel, the trained kernel stays as it is and is divided by its norm in the forward
pass, so that the gradient passes through the norm, as in the paper's Eq. 12.
"""

import functools
from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from tfglyph.architecture.networks import ConvStack
from tfglyph.networks.border import BorderConv2D
from tfglyph.networks.convolutions import AlignedConv2D, Conv2D


class SpectralKernel(keras.layers.Layer):
    """Mixin for layers with a ``kernel`` whose last axis is the output."""

    def build(self, input_shape: tuple[Any, ...]) -> None:
        super().build(input_shape)
        self.singular_vector = self.add_weight(
            name="singular_vector",
            shape=(self.kernel.shape[-1],),
            initializer=keras.initializers.RandomNormal(),
            trainable=False,
            dtype="float32",
            autocast=False,
            aggregation="mean",
        )

    def normalized_kernel(self, training: bool) -> Any:
        """The kernel over its largest singular value, by one power iteration (whose result is stored in training)."""
        kernel = ops.cast(self.kernel, "float32")
        matrix = ops.reshape(kernel, (-1, kernel.shape[-1]))  # (inputs, outputs)
        fixed = ops.stop_gradient(matrix)
        left = _unit(ops.matmul(fixed, ops.convert_to_tensor(self.singular_vector)))  # (inputs,)
        right = _unit(ops.matmul(ops.transpose(fixed), left))  # (outputs,)
        if training:
            self.singular_vector.assign(right)
        norm = ops.sum(left * ops.matmul(matrix, right))
        return ops.cast(kernel / norm, self.compute_dtype)


class SpectralConv2D(SpectralKernel, AlignedConv2D):
    """``AlignedConv2D`` with a kernel of spectral norm 1."""

    adds_bias = True
    """Whether ``call`` adds the bias, and not ``convolution_op``."""

    def call(self, inputs: Any, training: bool = False) -> Any:
        outputs = self.convolution_op(inputs, self.normalized_kernel(training))
        adds_bias = self.use_bias and self.adds_bias
        return outputs + ops.cast(self.bias, self.compute_dtype) if adds_bias else outputs


class SpectralBorderConv2D(SpectralConv2D, BorderConv2D):
    """Both: masks around a convolution whose kernel has spectral norm 1."""

    @property
    def adds_bias(self) -> bool:  # type: ignore[override]  # depends on the layer here
        return not self.mask_biases


class SpectralDense(SpectralKernel, keras.layers.Dense):
    """``keras.layers.Dense`` with a kernel of spectral norm 1."""

    def call(self, inputs: Any, training: bool = False) -> Any:
        outputs = ops.matmul(inputs, self.normalized_kernel(training))
        return outputs + ops.cast(self.bias, self.compute_dtype) if self.use_bias else outputs


def convolution_class(section: ConvStack) -> Callable[..., keras.layers.Conv2D]:
    """What makes a Conv2D layer for a section's keys ``padding``, ``spectral_norm`` and ``compensate_border``."""
    spectral, border = getattr(section, "spectral_norm", False), getattr(section, "compensate_border", False)
    layer: type[AlignedConv2D] = {
        (False, False): Conv2D,
        (True, False): SpectralConv2D,
        (False, True): BorderConv2D,
        (True, True): SpectralBorderConv2D,
    }[spectral, border]
    options: dict[str, Any] = {"alignment": section.padding}
    if border:
        options["mask_biases"] = getattr(section, "mask_biases", False)
    return functools.partial(layer, **options)


def dense_class(section: ConvStack) -> type[keras.layers.Dense]:
    """The Dense class for a section's key ``spectral_norm``."""
    return SpectralDense if getattr(section, "spectral_norm", False) else keras.layers.Dense


def _unit(vector: Any) -> Any:
    return vector / ops.maximum(ops.norm(vector), 1e-12)
