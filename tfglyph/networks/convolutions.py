"""Convolutions that are matrix products where the feature maps are tiny and the device is a CPU.

The CPU's convolution kernels lose most of their speed on maps of a few pixels with many channels, where a matrix
product does not. There, and only there, these layers gather the windows of the image as rows of a matrix (im2col) and
multiply. On a GPU, on larger maps and for whatever the reformulation does not cover they run the stock operation.
Variables, configuration and results (up to rounding) are those of ``keras.layers``.
"""

import functools
import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

Convolution = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]

# The largest number of windows of an image for which the products are faster, measured with 64 to 512 channels:
# forward and for both gradients; and, in bfloat16, for the kernel's gradient, where the stock one is slowest.
TINY = 16
SMALL = 64


def pixels_before(size: int, kernel: int, stride: int, alignment: str) -> int:
    """How many pixels of zero padding lie before a line of ``size`` pixels, of those that "same" padding needs.

    Args:
        size, kernel, stride: int.
        alignment: "same", half of them, rounded down (TensorFlow's rule), or "torch", (kernel - 1) // 2, where
            PyTorch's ``padding=(kernel - 1) // 2`` puts them.
    """
    if alignment == "torch":
        return (kernel - 1) // 2
    return max((-(-size // stride) - 1) * stride + kernel - size, 0) // 2


def _own_padding(alignment: str, size: Any, kernel_size: Any, strides: Any) -> list[list[int]] | None:
    """The zero padding of an alignment that windows read, [[before, after], [before, after]]; None where that of "same"
    is no other."""
    if alignment == "same":
        return None
    padding, same = [], True
    for pixels, kernel, stride in zip(size, kernel_size, strides, strict=True):
        before = pixels_before(pixels, kernel, stride, alignment)
        padding.append([before, max((-(-pixels // stride) - 1) * stride + kernel - pixels - before, 0)])
        same = same and before == pixels_before(pixels, kernel, stride, "same")
    return None if same else padding


class AlignedConv2D(keras.layers.Conv2D):
    """``keras.layers.Conv2D`` with ``padding="same"``, whose padding may lie where PyTorch's does.

    Args:
        alignment: "same" or "torch", see ``pixels_before``.
        **options: those of ``keras.layers.Conv2D``.
    """

    def __init__(self, *args: Any, alignment: str = "same", **options: Any):
        super().__init__(*args, **options)
        self.alignment = alignment

    def convolution_op(self, inputs: tf.Tensor, kernel: Any) -> tf.Tensor:
        padding = _own_padding(self.alignment, inputs.shape[1:3], self.kernel_size, self.strides)
        if padding is None:
            return super().convolution_op(inputs, kernel)
        # Padded by itself: with explicit padding the gradient takes up to twenty times as long on CPUs.
        padded = tf.pad(inputs, [[0, 0], *padding, [0, 0]])
        return tf.nn.conv2d(padded, tf.convert_to_tensor(kernel), self.strides, "VALID")

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | ({"alignment": self.alignment} if self.alignment != "same" else {})


@keras.saving.register_keras_serializable("tfglyph")
class Conv2D(AlignedConv2D):
    """``AlignedConv2D``: the same arguments, variables and results.

    float (n, h, w, c) -> (n, h / stride, w / stride, filters), rounded up, with ``padding="same"``.
    """

    def convolution_op(self, inputs: tf.Tensor, kernel: Any) -> tf.Tensor:
        size = tuple(inputs.shape[1:3])
        if self.groups != 1 or not _is_faster(self, size):
            return super().convolution_op(inputs, kernel)
        convolve, _, _ = _operations(size, self.kernel_size, self.strides, self.alignment)
        return convolve(inputs, tf.convert_to_tensor(kernel))


@keras.saving.register_keras_serializable("tfglyph")
class Conv2DTranspose(keras.layers.Conv2DTranspose):
    """``keras.layers.Conv2DTranspose`` with an ``alignment`` as ``AlignedConv2D``, otherwise the same.

    float (n, h, w, c) -> (n, h * stride, w * stride, filters) with ``padding="same"``.
    """

    def __init__(self, *args: Any, alignment: str = "same", **options: Any):
        super().__init__(*args, **options)
        self.alignment = alignment

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        shape = zip(inputs.shape[1:3], self.strides, strict=True)
        size = tuple(pixels and pixels * stride for pixels, stride in shape)
        kernel = tf.convert_to_tensor(self.kernel)
        padding = _own_padding(self.alignment, size, self.kernel_size, self.strides)
        if self.output_padding is None and _is_faster(self, size):
            _, transpose, _ = _operations(size, self.kernel_size, self.strides, self.alignment)
            outputs = transpose(inputs, kernel)  # (n, h s, w s, filters)
        elif padding is not None:
            # The transpose of the convolution that reads an image of the output's size.
            padded = [pixels + sum(ends) for pixels, ends in zip(size, padding, strict=True)]
            outputs = tf.nn.conv2d_transpose(
                inputs, kernel, [tf.shape(inputs)[0], *padded, self.filters], self.strides, "VALID"
            )
            (top, _), (left, _) = padding
            # (The gradient of a Python slice is an operation on one thread, that of this one is padding.)
            outputs = tf.slice(outputs, [0, top, left, 0], [-1, *size, -1])
            outputs = tf.ensure_shape(outputs, [None, *size, self.filters])  # (n, h s, w s, filters)
        else:
            return super().call(inputs)
        if self.use_bias:
            outputs = outputs + tf.convert_to_tensor(self.bias)
        return outputs if self.activation is None else self.activation(outputs)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | ({"alignment": self.alignment} if self.alignment != "same" else {})


def _is_faster(layer: Any, size: tuple[int | None, int | None]) -> bool:
    """Whether ``_operations`` cover the layer, with images of this (height, width), and are faster here."""
    if (
        layer.padding != "same"
        or layer.data_format != "channels_last"
        or layer.dilation_rate != (1, 1)
        or layer.compute_dtype not in ("float32", "bfloat16")
        or None in size
        or tf.config.get_visible_devices("GPU")
    ):
        return False
    windows = math.prod(-(-(pixels or 0) // stride) for pixels, stride in zip(size, layer.strides, strict=True))
    if layer.alignment == "torch":  # the stock operations among ``_operations`` know SAME only
        return windows <= TINY
    return windows <= (SMALL if layer.compute_dtype == "bfloat16" else TINY)


@functools.cache
def _operations(
    size: tuple[int, int], kernel_size: tuple[int, int], strides: tuple[int, int], alignment: str
) -> tuple[Convolution, Convolution, Convolution]:
    """A convolution with SAME padding, its transpose and its correlation: each is a derivative of the others.

    With x the image (n, height, width, c), y the map (n, h', w', d) and k the kernel (kh, kw, c, d), one trilinear
    form <y, convolve(x, k)> = <x, transpose(y, k)> = <k, correlate(x, y)> defines all three, so the derivatives of
    each are the other two, to any order (a gradient penalty needs the second).

    Args:
        size: (height, width) of the image.
        kernel_size: (kh, kw).
        strides: (vertical, horizontal).
        alignment: "same", or "torch" for at most ``TINY`` windows.

    Returns:
        (convolve(x, k) -> y, transpose(y, k) -> x, correlate(x, y) -> k).
    """
    pixels = _window_pixels(size, kernel_size, strides, alignment)  # (h', w', kh, kw)
    grid, taps = pixels.shape[:2], kernel_size[0] * kernel_size[1]
    windows, image = pixels.shape[0] * pixels.shape[1], size[0] * size[1]
    tiny = windows <= TINY

    def gather(x: tf.Tensor) -> tf.Tensor:
        flat = tf.reshape(x, [-1, image, x.shape[-1]])
        padded = tf.pad(flat, [[0, 0], [0, 1], [0, 0]])  # one more pixel, black: the padding
        copies = tf.gather(padded, pixels.reshape(-1), axis=1)
        return tf.reshape(copies, [-1, taps * x.shape[-1]])  # (n h' w', kh kw c)

    def scatter(rows: tf.Tensor, channels: int) -> tf.Tensor:
        # Each pixel is the sum of its copies: a product with ones and zeros, faster than any scattering.
        copies = tf.constant(np.arange(image)[:, None] == pixels.reshape(-1), rows.dtype)
        x = tf.matmul(copies, tf.reshape(rows, [-1, windows * taps, channels]))  # (n, height width, c)
        return tf.reshape(x, [-1, *size, channels])  # (n, height, width, c)

    @tf.custom_gradient
    def convolve(x: tf.Tensor, k: tf.Tensor) -> Any:
        channels, filters = k.shape[2:]
        if tiny:
            y = tf.matmul(gather(x), tf.reshape(k, [taps * channels, filters]))
            y = tf.reshape(y, [-1, *grid, filters])  # (n, h', w', d)
        else:
            y = tf.nn.conv2d(x, k, strides, "SAME")  # (n, h', w', d)
        return y, lambda dy: (transpose(dy, k), correlate(x, dy))

    @tf.custom_gradient
    def transpose(y: tf.Tensor, k: tf.Tensor) -> Any:
        channels, filters = k.shape[2:]
        if tiny:
            rows = tf.matmul(
                tf.reshape(y, [-1, filters]), tf.reshape(k, [taps * channels, filters]), transpose_b=True
            )  # (n h' w', kh kw c)
            x = scatter(rows, channels)
        else:
            x = tf.nn.conv2d_transpose(y, k, [tf.shape(y)[0], *size, channels], strides, "SAME")
            x = tf.ensure_shape(x, [None, *size, channels])  # (n, height, width, c)
        return x, lambda dx: (convolve(dx, k), correlate(dx, y))

    @tf.custom_gradient
    def correlate(x: tf.Tensor, y: tf.Tensor) -> Any:
        channels, filters = x.shape[-1], y.shape[-1]
        shape = [*kernel_size, channels, filters]
        if tiny or (y.dtype == tf.bfloat16 and windows <= SMALL):
            k = tf.matmul(gather(x), tf.reshape(y, [-1, filters]), transpose_a=True)
            k = tf.reshape(k, shape)  # (kh, kw, c, d)
        else:
            k = tf.raw_ops.Conv2DBackpropFilter(
                input=x, filter_sizes=shape, out_backprop=y, strides=[1, *strides, 1], padding="SAME"
            )  # (kh, kw, c, d)
        return k, lambda dk: (transpose(y, dk), convolve(x, dk))

    return convolve, transpose, correlate


def _window_pixels(
    size: tuple[int, int], kernel_size: tuple[int, int], strides: tuple[int, int], alignment: str
) -> np.ndarray:
    """The pixel that each window reads under each entry of the kernel.

    Returns:
        int array (h', w', kh, kw) of positions in the flattened image; height * width stands for padding.
    """
    axes = []
    for pixels, kernel, stride in zip(size, kernel_size, strides, strict=True):
        windows = -(-pixels // stride)
        before = pixels_before(pixels, kernel, stride, alignment)
        read = np.arange(windows)[:, None] * stride - before + np.arange(kernel)
        axes.append(np.where((read >= 0) & (read < pixels), read, -1))
    rows, columns = axes[0][:, None, :, None], axes[1][None, :, None, :]
    inside = (rows >= 0) & (columns >= 0)
    return np.where(inside, rows * size[1] + columns, size[0] * size[1])
