"""Which of several fonts a glyph is in: softmax regression on measurements of its strokes.

    classifier = train(images, labels)
    classifier(images)                   # the likeliest font of each

The measurements know nothing of the character: how much ink there is, how wide strokes are along rows, along columns
and across themselves, which way their edges face (which shows slant, and round or square ends), and the box that the
ink fills.
"""

import dataclasses

import numpy as np
from scipy.ndimage import distance_transform_edt, gaussian_filter, maximum_filter
from scipy.optimize import minimize
from scipy.special import log_softmax

from tfglyph.evaluation.reconstruction import INK

ORIENTATIONS = 24  # bins of the directions that edges face
BLUR = 0.7  # pixels: of the edges, so that their direction does not hang on single pixels
EDGE = 0.1  # of the range from paper to ink in a pixel: a gradient that counts
RUNS = np.array([1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 24])  # pixels: the least length of each bin of runs of ink
WIDTH_QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
PENALTY = 1e-3  # of the squared weights, against fonts of few glyphs


def stroke_features(images: np.ndarray) -> np.ndarray:
    """Measurements of the strokes of glyphs.

    Args:
        images: uint8 (n, h, w), ink 255 on 0.

    Returns:
        float64 (n, d).
    """
    return np.array([_features(image) for image in images]).reshape(len(images), -1)


def _features(image: np.ndarray) -> np.ndarray:
    ink = image >= INK
    height, width = image.shape
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    if not len(rows):
        rows, columns = np.array([height // 2]), np.array([width // 2])
    box = np.array([rows[0] / height, columns[0] / width, (rows[-1] + 1) / height, (columns[-1] + 1) / width])
    depth = distance_transform_edt(np.pad(ink, 1))
    # The middle lines of strokes are where no pixel around is deeper in the ink.
    ridge = depth[(depth > 0) & (depth == maximum_filter(depth, 3))]
    widths = np.quantile(ridge, WIDTH_QUANTILES) if len(ridge) else np.zeros(len(WIDTH_QUANTILES))
    grey = image.astype(np.float64) / 255
    down, right = np.gradient(gaussian_filter(grey, BLUR))
    strength = np.hypot(down, right)
    strength[strength < EDGE] = 0  # a faint shade on the paper is no edge
    turn = np.arctan2(down, right) % (2 * np.pi) * ORIENTATIONS / (2 * np.pi)
    facing = np.bincount(turn.astype(int).reshape(-1) % ORIENTATIONS, strength.reshape(-1), ORIENTATIONS)
    edges = facing / max(facing.sum(), 1e-9)
    return np.concatenate([[ink.mean()], box, widths, edges, _runs(ink), _runs(ink.T)])


def _runs(ink: np.ndarray) -> np.ndarray:
    """float64 (bins,): the fractions of the runs of ink along rows that have each length."""
    steps = np.diff(np.pad(ink, [(0, 0), (1, 1)]).astype(np.int8).reshape(-1))
    lengths = np.flatnonzero(steps == -1) - np.flatnonzero(steps == 1)
    counts = np.bincount(np.searchsorted(RUNS, lengths, "right") - 1, minlength=len(RUNS))
    return counts / max(counts.sum(), 1)


@dataclasses.dataclass(frozen=True)
class StyleClassifier:
    """A trained classifier.

    Attributes:
        mean, scale: float64 (d,), of the features that it learned from.
        weights: float64 (d + 1, fonts), the last row the biases.
    """

    mean: np.ndarray
    scale: np.ndarray
    weights: np.ndarray

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """int64 (n,): the likeliest font of each of n glyphs, uint8 (n, h, w)."""
        standard = (stroke_features(images) - self.mean) / self.scale
        return (standard @ self.weights[:-1] + self.weights[-1]).argmax(1)


def train(images: np.ndarray, labels: np.ndarray) -> StyleClassifier:
    """Softmax regression, by L-BFGS.

    Args:
        images: uint8 (n, h, w), ink 255 on 0.
        labels: int (n,), the font of each, from 0.

    Returns:
        StyleClassifier.
    """
    features = stroke_features(images)
    mean, scale = features.mean(0), np.maximum(features.std(0), 1e-6)
    inputs = np.concatenate([(features - mean) / scale, np.ones((len(features), 1))], 1)
    fonts = int(labels.max()) + 1
    targets = np.eye(fonts)[labels]

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights = flat.reshape(inputs.shape[1], fonts)
        logarithms = log_softmax(inputs @ weights, axis=1)
        gradient = inputs.T @ (np.exp(logarithms) - targets) / len(inputs) + 2 * PENALTY * weights
        return -float((logarithms * targets).sum() / len(inputs)) + PENALTY * float(
            (weights**2).sum()
        ), gradient.ravel()

    found = minimize(loss, np.zeros(inputs.shape[1] * fonts), jac=True, method="L-BFGS-B", options={"maxiter": 300})
    return StyleClassifier(mean, scale, found.x.reshape(inputs.shape[1], fonts))
