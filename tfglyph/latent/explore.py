"""Interactive search for interpretable latent directions.

Each round shows four directions, from the same 9 or 16 starting points, each traversed from edge to edge of a sphere. A
person keeps some. Each rejected direction d squeezes the distribution that directions are sampled from by
I + (c - 1) d d^T, so that its variance along d becomes c^2 of what it was.
"""

import dataclasses
import json
import math
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tfglyph.architecture.core import read_json
from tfglyph.errors import UsageError
from tfglyph.files import PathLike, write_errors, write_text
from tfglyph.imaging.grids import enlarge, grid
from tfglyph.imaging.text import draw_text, text_size
from tfglyph.latent.interpolation import decode_latents
from tfglyph.latent.points import with_z
from tfglyph.latent.tuples import split_characters

if TYPE_CHECKING:
    from tfglyph.models.base import GlyphModel

DIRECTIONS = 4
RADIUS = 1.5  # of the sphere, in units of sqrt(dimensions): normal latents have a length near 1 of them
FORMAT = "tfglyph exploration"
SMALLEST = DIRECTIONS + 3  # dimensions: the directions, and room for the starting points beside them


# === The state ===


@dataclasses.dataclass(frozen=True)
class State:
    """A search between two rounds: plain numbers, so that it can be saved and continued anywhere.

    The sampling distribution is S_n ... S_1 e with e ~ N(0, I) and S_i = I + (c_i - 1) d_i d_i^T, one for each
    rejected direction.
    """

    dimensions: int
    seed: int
    round: int = 0
    """Finished rounds."""
    rejected: tuple[tuple[float, tuple[float, ...]], ...] = ()
    """(factor c, unit direction) in the order of rejection."""
    kept: tuple[tuple[int, int, tuple[float, ...]], ...] = ()
    """(round, number within the round, unit direction)."""

    def squeeze(self, vectors: Any) -> np.ndarray:
        """Applies S_n ... S_1 to the rows of float64 (n, dimensions)."""
        vectors = np.array(vectors, np.float64)
        for factor, row in self.rejected:
            direction = np.asarray(row)
            vectors += (factor - 1.0) * np.outer(vectors @ direction, direction)
        return vectors

    def covariance(self) -> np.ndarray:
        """Of the sampling distribution: float64 (dimensions, dimensions)."""
        columns = self.squeeze(np.eye(self.dimensions))  # row i is S e_i
        return columns.T @ columns

    def draw(self) -> tuple[np.ndarray, np.ndarray]:
        """The round's directions and the vectors that span its starting points.

        Returns:
            (float64 (4, dimensions), orthonormal; float64 (3, dimensions), orthonormal and orthogonal to them).
        """
        random = np.random.default_rng([self.seed, self.round])
        vectors = self.squeeze(random.standard_normal((SMALLEST, self.dimensions)))
        basis = orthonormal(vectors)
        return basis[:DIRECTIONS], basis[DIRECTIONS:]

    def after_round(self, keep: Collection[int], factor: float, directions: np.ndarray) -> "State":
        """The state after a round.

        Args:
            keep: collection of int, numbers of the directions that are kept; the others are rejected.
            factor: float in (0, 1], the c by which the rejected ones are squeezed.
            directions: float64 (4, dimensions), unit vectors, as ``draw`` gave them.
        """
        numbered = [(number, tuple(map(float, direction))) for number, direction in enumerate(directions)]
        return dataclasses.replace(
            self,
            round=self.round + 1,
            rejected=(*self.rejected, *((float(factor), row) for number, row in numbered if number not in keep)),
            kept=(*self.kept, *((self.round, number, row) for number, row in numbered if number in keep)),
        )


def start(model: "GlyphModel", seed: int) -> State:
    """The state before the first round.

    Raises:
        UsageError: the model has fewer than 7 latent dimensions.
    """
    dimensions = model.architecture.z_dim
    if dimensions < SMALLEST:
        raise UsageError(f"{model.name}: z has {dimensions} entries; a search needs at least {SMALLEST}")
    return State(dimensions, int(seed))


def save_state(path: PathLike, state: State, about: str = "") -> None:
    """Writes a state as JSON, atomically.

    Args:
        path: where it goes; missing folders are made.
        state: State.
        about: str, which model this is, for readers of the file.

    Raises:
        GlyphError: it cannot be written.
    """
    data = {"format": FORMAT, "version": 1, "model": about} | dataclasses.asdict(state)
    with write_errors(path):
        write_text(path, json.dumps(data, ensure_ascii=False) + "\n")


def load_state(path: PathLike) -> State:
    """The State of a file that ``save_state`` wrote.

    Raises:
        UsageError: no such file, or something else in it.
    """
    data = read_json(path)
    try:
        if data["format"] != FORMAT:
            raise ValueError
        rejected = tuple((float(factor), _unit(row, data["dimensions"])) for factor, row in data["rejected"])
        kept = tuple(
            (int(number_of_round), int(number), _unit(row, data["dimensions"]))
            for number_of_round, number, row in data["kept"]
        )
        return State(int(data["dimensions"]), int(data["seed"]), int(data["round"]), rejected, kept)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise UsageError(f"{path}: not the saved state of a search (tfglyph explore writes it)") from None


def _unit(row: Sequence[float], dimensions: int) -> tuple[float, ...]:
    direction = tuple(map(float, row))
    if len(direction) != dimensions or not math.isclose(sum(x * x for x in direction), 1.0, rel_tol=1e-6):
        raise ValueError
    return direction


# === Geometry ===


def orthonormal(vectors: Any) -> np.ndarray:
    """Gram-Schmidt: orthonormal rows that span the same spaces, the first along the first vector.

    Args:
        vectors: float (k, d), k at most d.

    Returns:
        float64 (k, d).
    """
    basis, triangle = np.linalg.qr(np.asarray(vectors, np.float64).T)
    return (basis * np.where(np.diag(triangle) < 0, -1.0, 1.0)).T


def lattice(directions: np.ndarray, frame: Any, count: int = 9) -> np.ndarray:
    """Starting points on a square lattice, all with the same projection on every direction (zero).

    The point at row i and column j lies along c + x_j e_1 + y_i e_2, with x and y from -1 to 1, and is as long as
    normal latents are, sqrt(d). The directions' span is projected out of c, e_1 and e_2 first.

    Args:
        directions: float (k, d), linearly independent.
        frame: float (3, d): c, e_1 and e_2.
        count: int, 9 or 16 or another square.

    Returns:
        float64 (count, d).
    """
    span = orthonormal(directions)
    frame = np.asarray(frame, np.float64)
    frame = orthonormal(frame - frame @ span.T @ span)
    frame = orthonormal(frame - frame @ span.T @ span)  # twice is enough: rounding is gone
    side = math.isqrt(count)
    ticks = np.linspace(-1.0, 1.0, side)
    y, x = np.meshgrid(ticks, ticks, indexing="ij")
    points = frame[0] + x.reshape(-1, 1) * frame[1] + y.reshape(-1, 1) * frame[2]  # (count, d)
    return points * (math.sqrt(frame.shape[1]) / np.linalg.norm(points, axis=1, keepdims=True))


def edge_to_edge(points: Any, direction: Any, steps: int, radius: float | None = None) -> np.ndarray:
    """Straight paths along a direction, from the sphere to the sphere.

    Args:
        points: float (n, d) within the sphere.
        direction: float (d,), a unit vector.
        steps: int, at least 2.
        radius: float; None: 1.5 sqrt(d).

    Returns:
        float64 (n, steps, d): point + s * direction with |.| = radius at the first and the last.

    Raises:
        ValueError: a point lies outside of the sphere.
    """
    points, direction = np.asarray(points, np.float64), np.asarray(direction, np.float64)
    radius = RADIUS * math.sqrt(points.shape[1]) if radius is None else radius
    along = points @ direction  # (n,)
    discriminant = along**2 + radius**2 - np.sum(points**2, axis=1)
    if (discriminant <= 0).any():
        raise ValueError("a point lies outside of the sphere")
    first, last = -along - np.sqrt(discriminant), -along + np.sqrt(discriminant)
    fraction = np.linspace(0.0, 1.0, steps)
    distances = first[:, None] * (1 - fraction) + last[:, None] * fraction  # (n, steps)
    return points[:, None] + distances[..., None] * direction


# === Pictures ===


def animate(
    model: "GlyphModel",
    directions: np.ndarray,
    frame: np.ndarray,
    seed: int,
    count: int = 9,
    frames: int = 16,
    **options: Any,
) -> np.ndarray:
    """Each direction from the same starting points, from edge to edge and back.

    Args:
        model: a GlyphModel.
        directions: float (k, z_dim), unit vectors.
        frame: float (3, z_dim), see ``lattice``.
        seed: int, decides the codes, which stay, of models that have any.
        count: int, starting points.
        frames: int, from one edge to the other.
        **options: what ``decode`` takes.

    Returns:
        uint8 (k, count, 2 frames - 2, h, w, c).
    """
    points = lattice(directions, frame, count)
    paths = np.stack([edge_to_edge(points, direction, frames) for direction in directions])  # (k, count, frames, z)
    flat = with_z(model.latents([seed])[0], paths.reshape(-1, paths.shape[-1]))
    images = decode_latents(model, flat.reshape(*paths.shape[:3], -1), **options)  # (k, count, frames, h, w, c)
    return np.concatenate([images, images[:, :, -2:0:-1]], axis=2)


def sheet(cells: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Directions side by side as one animation, with a name above each.

    Args:
        cells: uint8 (k, count, n, h, w, c).
        names: list of k str.

    Returns:
        uint8 (n, H, W, c).
    """
    from PIL import Image  # slow: only where an animation is drawn

    factor = max(1, round(240 / (cells.shape[3] * math.isqrt(cells.shape[1]))))
    blocks = [
        np.stack([enlarge(grid(images)[None], factor)[0] for images in direction_cells.swapaxes(0, 1)])
        for direction_cells in cells
    ]  # each (n, block height, block width, c)
    height, width, channels = blocks[0].shape[1:]
    gap, head = 12, 28
    page = Image.new("RGB", (len(blocks) * (width + gap) + gap, height + head + gap), (255, 255, 255))
    for number, name in enumerate(names):
        middle = gap + number * (width + gap) + (width - text_size(name, 18)) / 2
        draw_text(page, (middle, 4), name, 18)
    frames = np.repeat(np.asarray(page)[None, ..., :channels], len(blocks[0]), axis=0)  # (n, H, W, c)
    for number, block in enumerate(blocks):
        left = gap + number * (width + gap)
        frames[:, head : head + height, left : left + width] = block
    return frames


def parse_choice(text: str) -> set[int]:
    """The directions that a person keeps.

    Args:
        text: str of digits 0 to 3, with or without white space or commas between; empty for none.

    Returns:
        set of int.

    Raises:
        UsageError: something else.
    """
    letters = split_characters(text)
    if any(letter not in "0123" for letter in letters):
        raise UsageError(f"found {text.strip()[:40]!r}, expected some of 0 1 2 3, as in 02, or nothing for none")
    return {int(letter) for letter in letters}
