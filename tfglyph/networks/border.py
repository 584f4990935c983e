"""Convolutions that give the border of an image the same weight as its middle.

In a stride-2 convolution with zero padding, border pixels have less influence, because fewer windows contain them.
These masks compensate for that: the input is multiplied by ``pre``, which is larger where few windows overlap, and the
output by ``post``, which is 1 over the convolution of ``pre`` with a kernel of ones.
"""

from typing import Any

import keras
import numpy as np
from keras import ops


def windows_on_line(size: int, kernel: int, stride: int) -> np.ndarray:
    """The number of windows of a "same" convolution that contain each position of a line.

    Args:
        size: int, positions of the line.
        kernel: int, width of a window.
        stride: int.

    Returns:
        float64 (size,).
    """
    outputs = -(-size // stride)
    before = max((outputs - 1) * stride + kernel - size, 0) // 2
    position = np.arange(size)[:, None]
    first = np.arange(outputs)[None, :] * stride - before
    return ((first <= position) & (position < first + kernel)).sum(axis=1).astype(np.float64)  # (size,)


def border_masks(
    height: int, width: int, kernel: tuple[int, int], stride: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """The two masks of a convolution.

    ``pre`` = a * b / (windows that contain the row * windows that contain the column), where a and b are the largest
    such numbers: a * b = 9 for a 5x5 kernel of stride 2. ``post`` = 1 / conv(pre, ones).

    Args:
        height, width: int, of the input.
        kernel: (int, int).
        stride: (int, int).

    Returns:
        pre float64 (height, width) and post float64 (ceil(height / stride), ceil(width / stride)).
    """
    lines, sums = [], []
    for size, length, step in ((height, kernel[0], stride[0]), (width, kernel[1], stride[1])):
        line = -(-length // step) / np.maximum(windows_on_line(size, length, step), 1.0)
        lines.append(line)
        outputs = -(-size // step)
        before = max((outputs - 1) * step + length - size, 0) // 2
        padded = np.pad(line, (before, outputs * step + length))
        # Masks and windows are products of a row's and a column's part, so their convolution is one, too.
        sums.append(np.array([padded[index * step : index * step + length].sum() for index in range(outputs)]))
    return np.outer(*lines), 1.0 / np.outer(*sums)


class BorderConv2D(keras.layers.Conv2D):
    """``keras.layers.Conv2D`` with ``border_masks``; padding is "same". The initial kernel is divided by pre's mean.

    Biases are added after the output mask, so that they are the same everywhere.
    """

    kernel_initializer: Any

    def build(self, input_shape: tuple[Any, ...]) -> None:
        _, height, width, _ = input_shape
        pre, post = border_masks(height, width, self.kernel_size, self.strides)
        self.pre, self.post = pre[None, :, :, None], post[None, :, :, None]  # (1, h, w, 1), (1, h', w', 1)
        initializer = self.kernel_initializer
        self.kernel_initializer = lambda shape, dtype=None: initializer(shape, dtype) / pre.mean()
        super().build(input_shape)
        self.kernel_initializer = initializer

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        pre, post = (ops.convert_to_tensor(mask, inputs.dtype) for mask in (self.pre, self.post))
        return super().convolution_op(inputs * pre, kernel) * post
