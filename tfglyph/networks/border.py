"""Convolutions that give the border of an image the same weight as its middle.

In a stride-2 convolution with zero padding, border pixels have less influence, because fewer windows contain them.
These masks compensate for that: the input is multiplied by ``pre``, which is larger where few windows overlap, and the
output by ``post``, which is 1 over the convolution of ``pre`` with a kernel of ones.
"""

from typing import Any

import numpy as np
from keras import ops

from tfglyph.networks.convolutions import AlignedConv2D, pixels_before


def windows_on_line(size: int, kernel: int, stride: int, alignment: str = "same") -> np.ndarray:
    """The number of windows of a "same" convolution that contain each position of a line.

    Args:
        size: int, positions of the line.
        kernel: int, width of a window.
        stride: int.
        alignment: where the padding lies, see ``pixels_before``.

    Returns:
        float64 (size,).
    """
    outputs = -(-size // stride)
    position = np.arange(size)[:, None]
    first = np.arange(outputs)[None, :] * stride - pixels_before(size, kernel, stride, alignment)
    return ((first <= position) & (position < first + kernel)).sum(axis=1).astype(np.float64)  # (size,)


def border_masks(
    height: int, width: int, kernel: tuple[int, int], stride: tuple[int, int], alignment: str = "same"
) -> tuple[np.ndarray, np.ndarray]:
    """The two masks of a convolution.

    ``pre`` = a * b / (windows that contain the row * windows that contain the column), where a and b are the largest
    such numbers: a * b = 9 for a 5x5 kernel of stride 2. ``post`` = 1 / conv(pre, ones).

    Args:
        height, width: int, of the input.
        kernel: (int, int).
        stride: (int, int).
        alignment: where the padding lies, see ``pixels_before``.

    Returns:
        pre float64 (height, width) and post float64 (ceil(height / stride), ceil(width / stride)).
    """
    lines, sums = [], []
    for size, length, step in ((height, kernel[0], stride[0]), (width, kernel[1], stride[1])):
        line = -(-length // step) / np.maximum(windows_on_line(size, length, step, alignment), 1.0)
        lines.append(line)
        padded = np.pad(line, (pixels_before(size, length, step, alignment), -(-size // step) * step + length))
        # Masks and windows are products of a row's and a column's part, so their convolution is one, too.
        sums.append(np.array([padded[start : start + length].sum() for start in range(0, size, step)]))
    return np.outer(*lines), 1.0 / np.outer(*sums)


class BorderConv2D(AlignedConv2D):
    """``AlignedConv2D`` with ``border_masks``; padding is "same". The initial kernel is divided by pre's mean.

    Args:
        mask_biases: bool; True: post * (convolution(pre * x) + bias), as in the original; False: biases are added
            after the output mask. The mask is 1 / (a b)^2 inside the image (1/36 for 5x5 kernels of stride 2), so
            biases outside of it change the output that many times faster than kernels do.
        **options: those of ``AlignedConv2D``.
    """

    kernel_initializer: Any

    def __init__(self, *args: Any, mask_biases: bool = False, **options: Any):
        super().__init__(*args, **options)
        self.mask_biases = mask_biases

    def build(self, input_shape: tuple[Any, ...]) -> None:
        _, height, width, _ = input_shape
        pre, post = border_masks(height, width, self.kernel_size, self.strides, self.alignment)
        self.pre, self.post = pre[None, :, :, None], post[None, :, :, None]  # (1, h, w, 1), (1, h', w', 1)
        initializer = self.kernel_initializer
        self.kernel_initializer = lambda shape, dtype=None: initializer(shape, dtype) / pre.mean()
        super().build(input_shape)
        self.kernel_initializer = initializer

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        pre, post = (ops.convert_to_tensor(mask, inputs.dtype) for mask in (self.pre, self.post))
        outputs = super().convolution_op(inputs * pre, kernel)
        if self.mask_biases and self.use_bias:
            outputs = outputs + ops.cast(self.bias, outputs.dtype)
        return outputs * post

    def call(self, inputs: Any) -> Any:
        """float (n, h, w, c) -> (n, h', w', filters)."""
        return self.convolution_op(inputs, self.kernel) if self.mask_biases else super().call(inputs)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"mask_biases": self.mask_biases}
