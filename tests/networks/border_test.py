"""Border-compensating convolutions: masks worked by hand, and what they are for."""

import numpy as np
import pytest
import tensorflow as tf

from tfglyph.networks.border import BorderConv2D, border_masks, windows_on_line
from tfglyph.networks.spectral import SpectralBorderConv2D


def test_windows_on_a_line_of_six():
    # 5 wide, stride 2, padded by (5 - 2) // 2 = 1 in front: windows at -1, 1 and 3 cover [0, 3], [1, 5], [3, 5].
    np.testing.assert_array_equal(windows_on_line(6, 5, 2), [1, 2, 2, 3, 2, 2])


def test_windows_of_odd_lines_and_of_kernels_smaller_than_the_stride():
    # 7 positions, padded by 2 in front: windows at -2, 0, 2, 4 cover [0, 2], [0, 4], [2, 6], [4, 6].
    np.testing.assert_array_equal(windows_on_line(7, 5, 2), [2, 2, 3, 2, 3, 2, 2])
    np.testing.assert_array_equal(windows_on_line(4, 1, 2), [1, 0, 1, 0])


def test_pre_is_nine_over_the_windows_of_row_and_column():
    pre, _ = border_masks(6, 7, (5, 5), (2, 2))
    rows, columns = [1, 2, 2, 3, 2, 2], [2, 2, 3, 2, 3, 2, 2]
    np.testing.assert_allclose(pre, [[9 / (row * column) for column in columns] for row in rows])


def test_post_is_one_over_the_convolution_of_pre_with_ones():
    pre, post = border_masks(8, 6, (5, 5), (2, 2))
    sums = tf.nn.conv2d(pre[None, :, :, None], tf.ones([5, 5, 1, 1], tf.float64), 2, "SAME")
    np.testing.assert_allclose(post, 1 / sums[0, :, :, 0], rtol=1e-12)


def test_a_kernel_of_ones_keeps_a_constant_image_constant_up_to_the_border():
    layer = BorderConv2D(1, 5, 2, padding="same", use_bias=False)
    layer.build((None, 9, 8, 1))
    layer.kernel.assign(tf.ones_like(layer.kernel))
    np.testing.assert_allclose(layer(tf.ones([1, 9, 8, 1])), np.ones([1, 5, 4, 1]), rtol=1e-6)


def test_every_pixel_has_the_same_weight():
    # The weights of an input pixel, summed over its windows, before the output mask: 9 for a kernel of ones.
    pre, _ = border_masks(12, 12, (5, 5), (2, 2))
    x = tf.ones([1, 12, 12, 1], tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(x)
        total = tf.reduce_sum(tf.nn.conv2d(x * pre[None, :, :, None], tf.ones([5, 5, 1, 1], tf.float64), 2, "SAME"))
    np.testing.assert_allclose(tape.gradient(total, x), np.full([1, 12, 12, 1], 9.0))


def test_the_initial_kernel_is_divided_by_the_mean_of_pre():
    layer = BorderConv2D(3, 5, 2, padding="same", kernel_initializer="ones")
    layer.build((None, 16, 16, 2))
    pre, _ = border_masks(16, 16, (5, 5), (2, 2))
    np.testing.assert_allclose(layer.kernel, np.full((5, 5, 2, 3), 1 / pre.mean()), rtol=1e-6)


def test_biases_are_the_same_everywhere():
    layer = BorderConv2D(1, 5, 2, padding="same", bias_initializer="ones")
    np.testing.assert_array_equal(layer(tf.zeros([1, 8, 8, 1])), np.ones([1, 4, 4, 1]))


def test_masked_biases_are_multiplied_by_the_output_mask_as_in_the_original():
    options = {"padding": "same", "bias_initializer": "ones"}
    outside, inside = BorderConv2D(1, 5, 2, **options), BorderConv2D(1, 5, 2, mask_biases=True, **options)
    x = tf.random.stateless_normal([1, 8, 8, 1], [1, 2])
    outside(x), inside(x)
    inside.kernel.assign(outside.kernel)
    _, post = border_masks(8, 8, (5, 5), (2, 2))
    np.testing.assert_allclose(inside(x)[0, :, :, 0], outside(x)[0, :, :, 0] - 1 + post, atol=1e-6)
    assert border_masks(32, 32, (5, 5), (2, 2))[1][8, 8] == pytest.approx(1 / 36)
    assert BorderConv2D.from_config(inside.get_config()).mask_biases


def test_masked_biases_with_spectral_norm_count_once():
    options = {"padding": "same", "bias_initializer": "ones", "mask_biases": True}
    plain, spectral = BorderConv2D(1, 5, 2, **options), SpectralBorderConv2D(1, 5, 2, **options)
    zeros = tf.zeros([1, 8, 8, 1])
    np.testing.assert_allclose(spectral(zeros), plain(zeros))
