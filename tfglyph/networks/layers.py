"""Small pieces that several builders share."""

import contextlib
from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from tfglyph.architecture.networks import ConvStack, NetworkSection
from tfglyph.networks.batch_norm import BatchNormalization

_synchronized = False
_fused = True


@contextlib.contextmanager
def synchronized_batch_norm(active: bool) -> Iterator[None]:
    """Within this context ``batch_norm`` makes layers whose statistics cover the global batch of several devices."""
    global _synchronized
    before, _synchronized = _synchronized, active
    try:
        yield
    finally:
        _synchronized = before


@contextlib.contextmanager
def keras_batch_norm(active: bool = True) -> Iterator[None]:
    """Within this context ``batch_norm`` makes Keras's own layers: slower, and rounded as in version 0.1.0."""
    global _fused
    before, _fused = _fused, not active
    try:
        yield
    finally:
        _fused = before


@contextlib.contextmanager
def float32_layers(active: bool = True) -> Iterator[None]:
    """Within this context layers are made in float32, whatever the precision policy."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32" if active else before)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def initial_kernel(section: NetworkSection, transposed: bool = False) -> keras.initializers.Initializer:
    """Initial kernels: N(0, section.init_std^2), or uniform as ``section.init`` says where the file gives no std."""
    if section.init_std is not None:
        return keras.initializers.RandomNormal(stddev=section.init_std)
    if section.init in ("fan-in", "torch") or (section.init == "torch-glorot" and transposed):
        return keras.initializers.VarianceScaling(scale=1 / 3, mode="fan_in", distribution="uniform")
    return keras.initializers.GlorotUniform()


def initial_values(section: NetworkSection, fan_in: int, transposed: bool = False) -> dict[str, Any]:
    """The initializers of a layer's kernel and bias, as ``section.init`` says.

    Args:
        section: NetworkSection.
        fan_in: int, the inputs of one output as PyTorch counts them: channels times the kernel's pixels, of a
            transposed convolution its *output* channels times the kernel's pixels.
        transposed: bool, whether the layer is a transposed convolution.

    Returns:
        dict with "kernel_initializer" and "bias_initializer", for Dense, Conv2D and Conv2DTranspose.
    """
    kernel = initial_kernel(section, transposed)
    if section.init not in ("torch", "torch-glorot"):
        return {"kernel_initializer": kernel, "bias_initializer": "zeros"}
    return {"kernel_initializer": kernel, "bias_initializer": uniform_to(fan_in**-0.5)}


def uniform_to(bound: float) -> keras.initializers.Initializer:
    """Uniform initial values from -bound to bound."""
    return keras.initializers.RandomUniform(-bound, bound)


@keras.saving.register_keras_serializable("tfglyph")
class WeightDecay(keras.regularizers.L2):
    """``keras.regularizers.L2`` by one operation, whose gradient makes no copy of the kernel."""

    def __call__(self, kernel: tf.Tensor) -> tf.Tensor:
        return 2.0 * self.l2 * tf.nn.l2_loss(kernel)


def weight_decay(section: NetworkSection) -> keras.regularizers.Regularizer | None:
    """The kernel regularizer of ``l2-reg``: scale * 1/2 * sum(w^2); None where it is 0."""
    return WeightDecay(section.l2_reg / 2) if section.l2_reg else None


def has_bias(section: ConvStack, norm: bool) -> bool:
    """Whether a convolution has a bias: as ``bias`` says, else where no norm follows (which has an offset itself)."""
    return not norm if section.bias is None else section.bias


def batch_norm(
    section: NetworkSection, name: str, momentum: float = 0.9, epsilon: float = 1e-5
) -> keras.layers.BatchNormalization:
    """Batch normalization (Ioffe and Szegedy, 2015) with scale and offset.

    Args:
        section: NetworkSection; its ``init_std`` also draws the scales, from N(1, init_std^2).
        name: str, the layer's name.
        momentum: float, the fraction of the old moving statistics that each step keeps.
        epsilon: float, added to the variance.
    """
    gamma = "ones" if section.init_std is None else keras.initializers.RandomNormal(1.0, section.init_std)
    layer = BatchNormalization if _fused else keras.layers.BatchNormalization
    return layer(momentum=momentum, epsilon=epsilon, gamma_initializer=gamma, synchronized=_synchronized, name=name)


def to_float32(tensor: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """Casts a network's output to float32, whatever the precision policy."""
    return keras.layers.Activation("linear", dtype="float32", name=name)(tensor)
