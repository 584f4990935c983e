"""What shows a collapsed generator early: how different its samples are, and whether the critic is more than linear.

A generator has collapsed where it draws (nearly) the same image from every latent. Losses do not show it. Three numbers
do: the standard deviation of a pixel over samples, the effective dimension of samples, and the mean cosine between the
critic's gradients at different real images, which is 1 for a critic that is a linear function of the image: all images
are then told to change in the same way.
"""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from tfglyph.datasets.glyphs import Glyphs
from tfglyph.errors import warn
from tfglyph.models.base import GlyphModel
from tfglyph.progress import hidden
from tfglyph.runs.rundir import RunDirectory
from tfglyph.training.callbacks import Board, Logs, StepCallback

IMAGES = 64  # samples, and real images for the gradients
EVERY = 100  # steps
FIRST = 300  # steps before which no generator is called collapsed: untrained ones draw nearly the same from all latents
FRACTION = 0.05  # of the real images' standard deviation; below is collapsed
DIMENSION = 1.5  # an effective dimension below is collapsed
PATIENCE = 3  # collapsed measurements in a row before the warning


def standard_deviation(images: np.ndarray) -> float:
    """The standard deviation of a pixel over images, averaged over pixels and channels.

    Args:
        images: uint8 (n, h, w, c).

    Returns:
        float in [0, 0.5], in units of the pixel range.
    """
    return float((_flat(images)).std(axis=0).mean())


def effective_dimension(images: np.ndarray) -> float:
    """The participation ratio (sum of eigenvalues)^2 / sum of squared eigenvalues of the pixels' covariance.

    It is d for images that vary equally in d directions, and at most n - 1 for n of them.

    Args:
        images: uint8 (n, h, w, c).

    Returns:
        float, at least 1; 0 where all images are the same.
    """
    centred = _flat(images) - _flat(images).mean(axis=0)
    gram = centred @ centred.T  # (n, n), with the covariance's eigenvalues that are not 0
    total = float(np.trace(gram))
    return total**2 / float((gram**2).sum()) if total > 1e-9 else 0.0  # below is rounding, not a grey level


def mean_cosine(vectors: np.ndarray) -> float:
    """The mean cosine between two different ones of n vectors (n, d); vectors of length 0 count as orthogonal."""
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    unit = vectors / np.where(lengths > 0, lengths, 1.0)
    count = len(unit)
    return float((np.sum(unit.sum(axis=0) ** 2) - np.sum(unit**2)) / max(count * (count - 1), 1))


def critic_gradients(model: GlyphModel) -> Callable[[np.ndarray], np.ndarray]:
    """A function to the gradient of the critic's score with respect to each image; traced once.

    Args:
        model: GlyphModel with a discriminator.

    Returns:
        function of uint8 (n, h, w, c) to float32 (n, h w c).
    """

    @tf.function(autograph=False)
    def gradients(pixels: tf.Tensor) -> tf.Tensor:
        floats = model.from_pixels(pixels)
        with tf.GradientTape() as tape:
            tape.watch(floats)
            total = tf.reduce_sum(model.critic_score(floats))
        return tape.gradient(total, floats)

    return lambda images: gradients(tf.constant(images)).numpy().reshape(len(images), -1)


class Diversity(StepCallback):
    """Each 100 steps, for models with a discriminator: the three numbers to stats.jsonl and TensorBoard.

    ``diversity/std`` and ``diversity/effective_dimension`` of 64 samples, always from the same latents, and
    ``diversity/critic_gradient_cosine`` at 64 real images, always the same. One line on standard error, once, when the
    generator has collapsed: three times in a row samples vary less than a twentieth as much as real images, or in fewer
    than 1.5 directions. At once when it is dead: all samples are one image, and no gradient comes back through it.

    Args:
        run: RunDirectory.
        board: Board.
        glyphs: Glyphs, the training split.
    """

    def __init__(self, run: RunDirectory, board: Board, glyphs: Glyphs):
        super().__init__()
        self.run, self.board = run, board
        order = np.random.default_rng(0).permutation(len(glyphs))[:IMAGES]
        self.real = np.asarray(glyphs.images[np.sort(order)])  # (n, h, w, c)
        self.real_std = standard_deviation(self.real)
        self._gradients: Callable[[np.ndarray], np.ndarray] | None = None  # of the model, which comes later
        self._collapsed = 0  # measurements in a row
        self._warned = False

    def after_step(self, logs: Logs) -> None:
        if self.step % EVERY:
            return
        if self._gradients is None:
            self._gradients = critic_gradients(self.model)
        with hidden():
            samples = self.model.sample(IMAGES, seed=self.model.seed)
        numbers = {
            "diversity/std": standard_deviation(samples),
            "diversity/effective_dimension": effective_dimension(samples),
            "diversity/critic_gradient_cosine": mean_cosine(self._gradients(self.real)),
        }
        self.run.log(self.step, numbers)
        with self.board.at(self.step):
            for name, value in numbers.items():
                tf.summary.scalar(name, value)
        self._look(numbers["diversity/std"], numbers["diversity/effective_dimension"], logs)

    def _look(self, std: float, dimension: float, logs: Logs) -> None:
        collapsed = std < FRACTION * self.real_std or dimension < DIMENSION
        self._collapsed = self._collapsed + 1 if collapsed and self.step >= FIRST else 0
        if std == 0.0 and logs.get("gradient_norm/generator") == 0.0:
            self._warn(
                "is dead: it draws one image from every latent and gets no gradient, so that it stays so; begin again "
                "with --precision float32, a lower learning rate (--lr) or another --seed"
            )
        elif self._collapsed >= PATIENCE:
            self._warn(
                f"has collapsed: it draws nearly one image from every latent (standard deviation {std:.2g}, of real "
                f"images {self.real_std:.2g}; effective dimension {dimension:.1f})"
            )

    def _warn(self, text: str) -> None:
        """One line, the first time."""
        if not self._warned:
            self._warned = True
            warn(f"step {self.step}: the generator {text}; see docs/how-to/troubleshooting.md")


def _flat(images: np.ndarray) -> np.ndarray:
    """float64 (n, h w c) in [0, 1]."""
    return images.reshape(len(images), -1).astype(np.float64) / 255.0
