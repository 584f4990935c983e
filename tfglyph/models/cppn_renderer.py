"""Rendering a CPPN's image at any size, a few rows at a time.

A pixel's value does not depend on how the image is divided: the network computes blocks of a fixed shape at fixed
positions, and the sums of the convolutional tail are sums of integers, whose order does not matter. So an image
rendered in bands equals one rendered at once, bit for bit, and memory does not grow with the image's height.

Enlarging the convolutional tail f times means a kernel grown f times each way (every weight f x f times, divided by
f^2) over coordinates f times as fine. That kernel is never built. Its convolution is a sum over the small kernel's
taps: project the channels with the tap's weights, sum over a box of f x f, shift by f for each tap.
"""

from collections.abc import Callable, Iterator

import keras
import numpy as np
import tensorflow as tf

from tfglyph.architecture.cppn import CPPNGenerator
from tfglyph.errors import UsageError
from tfglyph.files import PathLike
from tfglyph.imaging.png_writer import PngWriter
from tfglyph.networks import cppn
from tfglyph.progress import progress

BLOCK = 16384  # positions that the network computes at once
BAND = 64  # rows that are yielded at once
MAXIMUM_SIDE = 1 << 17
FRACTION_BITS = 24  # of the fixed-point numbers in which the tail adds up


class CPPNRenderer:
    """A trained CPPN, ready to render.

    Args:
        generator: keras.Model from ``tfglyph.networks.cppn.build_generator``.
        section: CPPNGenerator, its section of the architecture file.
        image_shape: (height, width, channels) that it was trained at.
        to_pixels: function of a float tensor in the model's pixel range to uint8.
    """

    def __init__(
        self,
        generator: keras.Model,
        section: CPPNGenerator,
        image_shape: tuple[int, int, int],
        to_pixels: Callable[[tf.Tensor], tf.Tensor],
    ):
        self.section: CPPNGenerator = section
        self.image_shape: tuple[int, int, int] = image_shape
        self.latent_layer: keras.layers.Layer = generator.get_layer("latent")
        self.coordinate_layer: keras.layers.Layer = generator.get_layer("coordinates")
        self.hidden_layers: list[tuple[keras.layers.Layer, int]] = [
            (generator.get_layer(f"layer_{number}"), times)
            for number, times in enumerate(section.repeats[1:-1], start=2)
        ]
        self.last_layer: keras.layers.Layer = generator.get_layer("paint")
        self.activation: Callable[[tf.Tensor], tf.Tensor] = cppn.activation(section)
        self.output_activation: Callable[[tf.Tensor], tf.Tensor] = keras.activations.get(
            cppn.output_activation(section)
        )
        self.to_pixels: Callable[[tf.Tensor], tf.Tensor] = to_pixels
        self.grid_shape: tuple[int, int] = cppn.native_grid(section, image_shape)
        self._compiled_block = tf.function(self._block, reduce_retracing=True)

    def bands(self, latent: np.ndarray, height: int, width: int) -> Iterator[np.ndarray]:
        """The image of one latent from top to bottom.

        Args:
            latent: float32 (d,), the generator's input.
            height, width: int, pixels.

        Yields:
            uint8 (rows, width, c), up to 64 rows each.

        Raises:
            UsageError: a size that is not positive or beyond 131,072.
        """
        check_size(height, width)
        latent_part = self.latent_layer(
            tf.constant(np.asarray(latent, np.float32)[None])
        )  # (1, width of the first layer)
        if self.section.tail_kernel is None:
            yield from self._plain_bands(latent_part, height, width)
        else:
            yield from self._tail_bands(latent_part, height, width, self.section.tail_kernel)

    def image(self, latent: np.ndarray, height: int, width: int) -> np.ndarray:
        """All bands as one array: uint8 (height, width, c); see ``bands``."""
        return np.concatenate(list(self.bands(latent, height, width)))

    # === The network on a grid ===

    def _rows_of_blocks(self, latent_part: tf.Tensor, rows: np.ndarray, columns: np.ndarray) -> Iterator[np.ndarray]:
        """The last layer's linear outputs at every crossing, a few rows at a time.

        Args:
            latent_part: float32 (1, d), the first layer's part that comes from z.
            rows: float64 (h,), y in units of scale.
            columns: float64 (w,), x in units of scale.

        Yields:
            float32 (r, w, channels of the last layer's projection).
        """
        width = min(len(columns), 2048)
        height = max(1, min(len(rows), BLOCK // width, BAND))
        # Blocks past the edge are computed in full and cut, so that all have one shape.
        all_rows = np.pad(rows, (0, -len(rows) % height), mode="edge")
        all_columns = np.pad(columns, (0, -len(columns) % width), mode="edge")
        for top in range(0, len(all_rows), height):
            line = []
            for left in range(0, len(all_columns), width):
                block = all_rows[top : top + height], all_columns[left : left + width]
                line.append(
                    self._compiled_block(latent_part, tf.constant(cppn.coordinates(self.section, *block))).numpy()
                )
            yield np.concatenate(line, axis=1)[: len(rows) - top, : len(columns)]

    def _block(self, latent_part: tf.Tensor, grid: tf.Tensor) -> tf.Tensor:
        """The last layer's linear outputs on a grid (h, w, 3) of coordinates."""
        x = self.coordinate_layer(latent_part, grid=grid)  # (1, h, w, width)
        x = self.activation(x)
        for layer, times in self.hidden_layers:
            for _ in range(times):
                x = self.activation(layer(x))
        if self.section.tail_kernel is None:
            return tf.cast(self.last_layer(x)[0], tf.float32)  # (h, w, c)
        size, _, inputs, channels = self.last_layer.kernel.shape
        taps = tf.reshape(tf.transpose(self.last_layer.kernel, [2, 0, 1, 3]), [inputs, size * size * channels])
        return tf.tensordot(tf.cast(x[0], tf.float32), tf.cast(taps, tf.float32), 1)  # (h, w, kernel * kernel * c)

    def _pixels(self, values: np.ndarray) -> np.ndarray:
        return self.to_pixels(self.output_activation(tf.constant(values, tf.float32))).numpy()

    # === Pixel by pixel ===

    def _plain_bands(self, latent_part: tf.Tensor, height: int, width: int) -> Iterator[np.ndarray]:
        native_height, native_width = self.grid_shape
        rows = cppn.positions(height, native_height)
        columns = cppn.positions(width, native_width)
        for values in self._rows_of_blocks(latent_part, rows, columns):
            yield self._pixels(values)

    # === With a convolutional tail ===

    def _tail_bands(self, latent_part: tf.Tensor, height: int, width: int, kernel: int) -> Iterator[np.ndarray]:
        channels = self.image_shape[2]
        grow_y, rows = self._tail_axis(kernel, 0, height)
        grow_x, columns = self._tail_axis(kernel, 1, width)
        bias = self.last_layer.bias.numpy().astype(np.float64)  # (c,)
        unit = 1.0 / (2.0**FRACTION_BITS * grow_y * grow_x)
        # Sums of the rows above, for each vertical tap, and the pixels that still wait for rows below.
        above = np.zeros((kernel, width, channels), np.int64)
        waiting = np.zeros((kernel * grow_y + 1, width, channels), np.int64)
        finished: list[np.ndarray] = []
        line = 0
        for values in self._rows_of_blocks(latent_part, rows, columns):
            for cells in values:  # one row of the grid at a time: float32 (gw, kernel * kernel * c)
                taps = cells.reshape(len(columns), kernel, kernel, channels)
                sums = self._horizontal(taps, grow_x, width)  # (kernel, w, c)
                for _ in range(2):  # every row of the grid is two lines after doubling
                    self._add_line(above, waiting, line, grow_y, height)
                    pixel_row = line - kernel * grow_y
                    if 0 <= pixel_row < height:
                        slot = pixel_row % len(waiting)
                        finished.append(waiting[slot] * unit + bias)
                        waiting[slot] = 0
                    above += sums
                    line += 1
            while len(finished) >= BAND:
                yield self._pixels(np.stack(finished[:BAND]))
                del finished[:BAND]
        # The lines end just below the last window; what is left needs their sum, but no further line.
        while line - kernel * grow_y < height:
            self._add_line(above, waiting, line, grow_y, height)
            pixel_row = line - kernel * grow_y
            if pixel_row >= 0:
                finished.append(waiting[pixel_row % len(waiting)] * unit + bias)
            line += 1
        for start in range(0, len(finished), BAND):
            yield self._pixels(np.stack(finished[start : start + BAND]))

    def _tail_axis(self, kernel: int, axis: int, size: int) -> tuple[int, np.ndarray]:
        """How much the kernel grows along an axis for ``size`` pixels, and the grid's coordinates there.

        The middle of pixel p's window lies where the middle of pixel (p + 1/2) * native / size - 1/2 of the trained
        size has its own.
        """
        native, grid = self.image_shape[axis], self.grid_shape[axis]
        grow = max(1, round(size / native))
        step = native / size
        start = 0.5 * ((1.0 - 0.5 * (kernel * grow - 1)) * step + 0.5 * (kernel - 3))
        count = -(-(size + kernel * grow - 1) // 2)
        return grow, cppn.positions(count, grid, start, step)

    @staticmethod
    def _horizontal(taps: np.ndarray, grow: int, width: int) -> np.ndarray:
        """Box sums along one line, shifted by tap and added over the horizontal taps.

        Args:
            taps: float32 (gw, kernel, kernel, c), a row of the grid, projected for each vertical and horizontal tap.
            grow: int, width of a box.
            width: int, pixels of the line.

        Returns:
            int64 (kernel, width, c), in units of 2^-24.
        """
        kernel = taps.shape[1]
        fixed = np.rint(taps.astype(np.float64) * 2.0**FRACTION_BITS).astype(np.int64)
        doubled = np.repeat(fixed.transpose(1, 2, 0, 3), 2, axis=2)  # (kernel, kernel, 2 gw, c)
        sums = np.zeros((kernel, kernel, doubled.shape[2] + 1, doubled.shape[3]), np.int64)
        np.cumsum(doubled, axis=2, out=sums[:, :, 1:])
        total = np.zeros((kernel, width, taps.shape[3]), np.int64)
        for tap in range(kernel):
            total += sums[:, tap, (tap + 1) * grow : (tap + 1) * grow + width]
            total -= sums[:, tap, tap * grow : tap * grow + width]
        return total

    @staticmethod
    def _add_line(above: np.ndarray, waiting: np.ndarray, line: int, grow: int, height: int) -> None:
        """Adds the sums of all lines above ``line`` to the pixels whose boxes begin or end there.

        The box of vertical tap a of pixel p covers lines p + a * grow to p + (a + 1) * grow, so it is the difference of
        two such sums.
        """
        kernel = len(above)
        for edge in range(kernel + 1):
            pixel = line - edge * grow
            if 0 <= pixel < height:
                slot = waiting[pixel % len(waiting)]
                if edge > 0:
                    slot += above[edge - 1]
                if edge < kernel:
                    slot -= above[edge]


def render_file(path: PathLike, renderer: CPPNRenderer, latent: np.ndarray, height: int, width: int) -> None:
    """Renders an image into a PNG file, band by band.

    Args:
        path: where it goes; appears when it is complete.
        renderer: CPPNRenderer.
        latent: float32 (d,).
        height, width: int, pixels.

    Raises:
        UsageError: an impossible size.
        GlyphError: the file cannot be written.
    """
    check_size(height, width)
    with (
        PngWriter(path, height, width, renderer.image_shape[2]) as file,
        progress(None, "rendering", total=height, unit="row") as bar,
    ):
        for band in renderer.bands(latent, height, width):
            file.write(band)
            bar.update(len(band))


def check_size(height: int, width: int) -> None:
    """Raises UsageError for a size that is not positive or has a side beyond 131,072."""
    for side in (height, width):
        if not 1 <= side <= MAXIMUM_SIDE:
            raise UsageError(f"size {width}x{height}: a side must be from 1 to {MAXIMUM_SIDE} pixels")
