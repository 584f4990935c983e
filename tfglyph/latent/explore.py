"""The search for directions that mean something: somebody looks, keeps some, and the others become less likely.

A round shows four directions from the same 9 or 16 starting points. Each direction is walked from edge to edge of a
sphere. A direction d that nobody keeps squeezes the distribution from which directions are drawn by I + (c - 1) d d^T,
so that its variance along d becomes c^2 of what it was.
"""

import dataclasses
import json
import math

import numpy as np

from tfglyph.errors import UsageError
from tfglyph.files import write_errors, write_text
from tfglyph.latent.interpolation import paint
from tfglyph.latent.points import split_codes, with_z

DIRECTIONS = 4
RADIUS = 1.5  # of the sphere, in units of sqrt(dimensions): normal latents have a length near 1 of them
FORMAT = "tfglyph exploration"
SMALLEST = DIRECTIONS + 3  # dimensions: the directions, and room for the starting points beside them


# === The state ===


@dataclasses.dataclass(frozen=True)
class State:
    """All that a search has learnt: plain numbers, so it can be saved and continued anywhere.

    The sampling distribution is S_n ... S_1 e with e ~ N(0, I) and S_i = I + (c_i - 1) d_i d_i^T, one for each
    rejected direction.
    """

    dimensions: int
    seed: int
    round: int = 0
    """Finished rounds."""
    rejected: tuple = ()
    """(factor c, unit direction as a tuple of floats) in the order of rejection."""
    kept: tuple = ()
    """(round, number within the round, unit direction as a tuple of floats)."""

    def squeeze(self, vectors):
        """Applies S_n ... S_1 to the rows of float64 (n, dimensions)."""
        vectors = np.array(vectors, np.float64)
        for factor, direction in self.rejected:
            direction = np.asarray(direction)
            vectors += (factor - 1.0) * np.outer(vectors @ direction, direction)
        return vectors

    def covariance(self):
        """Of the sampling distribution: float64 (dimensions, dimensions)."""
        columns = self.squeeze(np.eye(self.dimensions))  # row i is S e_i
        return columns.T @ columns

    def draw(self):
        """The round's directions and the vectors that its starting points lie on.

        Returns:
            (float64 (4, dimensions), orthonormal; float64 (3, dimensions), orthonormal and orthogonal to them).
        """
        random = np.random.default_rng([self.seed, self.round])
        vectors = self.squeeze(random.standard_normal((SMALLEST, self.dimensions)))
        basis = orthonormal(vectors)
        return basis[:DIRECTIONS], basis[DIRECTIONS:]

    def judged(self, keep, factor, directions):
        """The state after a round.

        Args:
            keep: collection of int, numbers of the directions that somebody keeps.
            factor: float in (0, 1], the c by which the others are squeezed.
            directions: float64 (4, dimensions), unit vectors.
        """
        numbered = [(number, tuple(map(float, direction))) for number, direction in enumerate(directions)]
        return dataclasses.replace(
            self,
            round=self.round + 1,
            rejected=(*self.rejected, *((float(factor), row) for number, row in numbered if number not in keep)),
            kept=(*self.kept, *((self.round, number, row) for number, row in numbered if number in keep)),
        )


def start(model, seed):
    """The state before the first round.

    Raises:
        UsageError: the model has fewer than 7 latent dimensions.
    """
    dimensions = split_codes(model)
    if dimensions < SMALLEST:
        raise UsageError(f"{model.name}: z has {dimensions} entries; a search needs at least {SMALLEST}")
    return State(dimensions, int(seed))


def save_state(path, state, about=""):
    """Writes a state as JSON, at once and complete.

    Args:
        path: where it goes; missing folders are made.
        state: State.
        about: str, which model this is, for people.

    Raises:
        GlyphError: it cannot be written.
    """
    data = {"format": FORMAT, "version": 1, "model": about} | dataclasses.asdict(state)
    with write_errors(path):
        write_text(path, json.dumps(data, ensure_ascii=False) + "\n")


def load_state(path):
    """The State of a file that ``save_state`` wrote.

    Raises:
        UsageError: no such file, or something else in it.
    """
    from tfglyph.architecture.core import read_json

    data = read_json(path)
    try:
        if data["format"] != FORMAT:
            raise ValueError
        rejected = tuple((float(factor), _unit(row, data["dimensions"])) for factor, row in data["rejected"])
        kept = tuple((int(turn), int(number), _unit(row, data["dimensions"])) for turn, number, row in data["kept"])
        return State(int(data["dimensions"]), int(data["seed"]), int(data["round"]), rejected, kept)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise UsageError(f"{path}: not the saved state of a search (tfglyph explore writes it)") from None


def _unit(row, dimensions):
    direction = tuple(map(float, row))
    if len(direction) != dimensions or not math.isclose(sum(x * x for x in direction), 1.0, rel_tol=1e-6):
        raise ValueError
    return direction


# === Geometry ===


def orthonormal(vectors):
    """Gram-Schmidt: orthonormal rows that span the same spaces, the first along the first vector.

    Args:
        vectors: float (k, d), k at most d.

    Returns:
        float64 (k, d).
    """
    basis, triangle = np.linalg.qr(np.asarray(vectors, np.float64).T)
    return (basis * np.where(np.diag(triangle) < 0, -1.0, 1.0)).T


def lattice(directions, frame, count=9):
    """Starting points on a square lattice, all with the same projection on every direction (none at all).

    The point at row i and column j lies along c + x_j e_1 + y_i e_2, with x and y from -1 to 1, and is as long as
    normal latents are, sqrt(d). The directions' span is taken out of c, e_1 and e_2 first.

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


def edge_to_edge(points, direction, steps, radius=None):
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
    room = along**2 + radius**2 - np.sum(points**2, axis=1)
    if (room <= 0).any():
        raise ValueError("a point lies outside of the sphere")
    first, last = -along - np.sqrt(room), -along + np.sqrt(room)
    share = np.linspace(0.0, 1.0, steps)
    places = first[:, None] * (1 - share) + last[:, None] * share  # (n, steps)
    return points[:, None] + places[..., None] * direction


# === Pictures ===


def animate(model, directions, frame, seed, count=9, frames=16, **options):
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
    images = paint(model, flat.reshape(*paths.shape[:3], -1), **options)  # (k, count, frames, h, w, c)
    return np.concatenate([images, images[:, :, -2:0:-1]], axis=2)


def sheet(cells, names):
    """Directions side by side as one animation, with a name above each.

    Args:
        cells: uint8 (k, count, n, h, w, c).
        names: list of k str.

    Returns:
        uint8 (n, H, W, c).
    """
    from PIL import Image

    from tfglyph.imaging.grids import enlarge, grid
    from tfglyph.imaging.text import draw_text, text_size

    factor = max(1, round(240 / (cells.shape[3] * math.isqrt(cells.shape[1]))))
    blocks = [np.stack([enlarge(grid(turn)[None], factor)[0] for turn in each.swapaxes(0, 1)]) for each in cells]
    height, width, channels = blocks[0].shape[1:]
    gap, head = 12, 28
    page = Image.new("RGB", (len(blocks) * (width + gap) + gap, height + head + gap), (255, 255, 255))
    for number, name in enumerate(names):
        middle = gap + number * (width + gap) + (width - text_size(name, 18)) / 2
        draw_text(page, (middle, 4), name, 18)
    page = np.asarray(page)[..., :channels]
    frames = np.repeat(page[None], len(blocks[0]), axis=0)  # (n, H, W, c)
    for number, block in enumerate(blocks):
        left = gap + number * (width + gap)
        frames[:, head : head + height, left : left + width] = block
    return frames


def parse_choice(text):
    """The directions that a person keeps.

    Args:
        text: str of digits 0 to 3, with or without white space or commas between; empty for none.

    Returns:
        set of int.

    Raises:
        UsageError: something else.
    """
    letters = [letter for letter in text if not letter.isspace() and letter not in ",;"]
    if any(letter not in "0123" for letter in letters):
        raise UsageError(f"found {text.strip()[:40]!r}, expected some of 0 1 2 3, as in 02, or nothing for none")
    return {int(letter) for letter in letters}
