"""Latent traversals: grids whose rows and columns each change one code or one dimension of z."""

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tfglyph.architecture.codes import Codes
from tfglyph.errors import UsageError
from tfglyph.imaging.grids import table_figure
from tfglyph.latent.interpolation import decode_latents
from tfglyph.latent.points import Points

if TYPE_CHECKING:
    from tfglyph.models.base import GlyphModel

REACH = 2.0  # codes and dimensions go from -REACH to REACH; continuous codes were trained within (-1, 1)


@dataclasses.dataclass(frozen=True)
class Grid:
    """Images in rows and columns that each mean something."""

    name: str
    """Part of a file's name."""
    title: str
    images: np.ndarray
    """uint8 (rows, columns, h, w, c)"""
    rows: list[str]
    """What each row is."""
    columns: list[str]
    """What each column is."""

    def figure(self, image_height: int = 48) -> np.ndarray:
        """The labelled table: uint8 (H, W, 3)."""
        table = [(label, [row]) for label, row in zip(self.rows, self.images, strict=True)]
        return table_figure(self.title, [("", self.columns)], table, image_height=image_height)


# === Codes ===


def with_code(
    model: "GlyphModel",
    latents: Any,
    categorical: Mapping[int, Any] | None = None,
    continuous: Mapping[int, Any] | None = None,
) -> np.ndarray:
    """Latents with some codes replaced.

    Args:
        model: a GlyphModel with codes.
        latents: float32 (n, d).
        categorical: dict from a code's index to weights, float (num_categories,) or (n, num_categories).
        continuous: dict from a code's index to values, float or (n,).

    Returns:
        float32 (n, d).

    Raises:
        UsageError: there is no such code.
    """
    codes, z_dim = _codes(model), model.architecture.z_dim
    latents = np.array(latents, np.float32)
    starts = z_dim + np.concatenate([[0], np.cumsum(codes.categorical)]).astype(int) * codes.repeat
    for index, weights in (categorical or {}).items():
        _check_index(index, len(codes.categorical), "categorical")
        num_categories = codes.categorical[index]
        weights = np.broadcast_to(np.asarray(weights, np.float32), (len(latents), num_categories))
        latents[:, starts[index] : starts[index + 1]] = np.tile(weights, codes.repeat)
    for index, values in (continuous or {}).items():
        _check_index(index, codes.continuous, "continuous")
        latents[:, starts[-1] + index] = values
    return latents


def code_grid(
    model: "GlyphModel",
    latent: Any,
    categorical: Sequence[int] = (0,),
    continuous: Collection[int] = (0,),
    columns: int = 10,
    reach: float = REACH,
) -> Grid:
    """Rows are the categories of categorical codes, columns are values of continuous ones.

    Args:
        model: a GlyphModel with codes of both kinds.
        latent: float32 (d,), what stays.
        categorical: indices of the codes that a row sets to its category; all have as many categories as the first.
        continuous: indices of the codes that go from -reach to reach together.
        columns: int.
        reach: float.

    Returns:
        Grid.

    Raises:
        UsageError: there is no such code, or the categorical codes differ in their number of categories.
    """
    codes = _codes(model)
    for index in categorical:
        _check_index(index, len(codes.categorical), "categorical")
    num_categories = codes.categorical[categorical[0]]
    if any(codes.categorical[index] != num_categories for index in categorical):
        raise UsageError("categorical codes that change together must have the same number of categories")
    values = np.linspace(-reach, reach, columns)
    latents = []
    for category in range(num_categories):
        row = np.tile(latent, (columns, 1))
        one_hot = {index: np.eye(num_categories)[category] for index in categorical}
        latents.append(with_code(model, row, one_hot, {index: values for index in continuous}))
    rows = [str(category) for category in range(num_categories)]
    title = f"rows: code {_from_one(categorical)}; columns: continuous {_from_one(continuous)}"
    images = decode_latents(model, np.stack(latents))
    return Grid(f"code-{_from_one(continuous, '-')}", title, images, rows, _ticks(values))


def seed_grid(
    model: "GlyphModel",
    seeds: Sequence[int],
    continuous: Collection[int] = (0,),
    columns: int = 10,
    reach: float = REACH,
) -> Grid:
    """Rows are seeds, columns are values of continuous codes; for models without categorical ones.

    Args:
        seeds: list of int.
        model, continuous, columns, reach: as in ``code_grid``.

    Returns:
        Grid.
    """
    values = np.linspace(-reach, reach, columns)
    rows = [
        with_code(model, np.tile(latent, (columns, 1)), continuous={index: values for index in continuous})
        for latent in model.latents(seeds)
    ]
    title = f"columns: continuous {_from_one(continuous)}"
    images = decode_latents(model, np.stack(rows))
    return Grid(f"code-{_from_one(continuous, '-')}", title, images, _seed_names(seeds), _ticks(values))


def category_grid(model: "GlyphModel", seeds: Sequence[int], **options: Any) -> Grid:
    """Rows are the categories of the first categorical code, or the class labels; columns are seeds.

    Args:
        model: a GlyphModel with a categorical code or class labels.
        seeds: list of int.
        **options: what ``sample`` takes besides the label.

    Returns:
        Grid.
    """
    if model.architecture.class_count:
        num_categories, condition = model.architecture.class_count, model.architecture.conditioning
        names = condition.names or [str(category) for category in range(num_categories)]
        pairs = np.tile([(seed, 0) for seed in seeds], (num_categories, 1))
        labels = np.repeat(np.arange(num_categories), len(seeds)).tolist()
        images = model.sample_pairs(pairs, label=labels, **options)
        images = images.reshape(num_categories, len(seeds), *images.shape[1:])
    else:
        num_categories = _codes(model).categorical[0]
        names = [str(category) for category in range(num_categories)]
        latents = model.latents(seeds)
        rows = [with_code(model, latents, {0: np.eye(num_categories)[category]}) for category in range(num_categories)]
        images = decode_latents(model, np.stack(rows))
    return Grid("categories", "rows: categories", images, names, _seed_names(seeds))


def mixing_grid(
    model: "GlyphModel", first: str | int, second: str | int, seeds: Sequence[int], columns: int = 10
) -> Grid:
    """Columns go from one category to another through mixtures; rows are seeds.

    Args:
        model: a GAN with a categorical code or class labels.
        first, second: str or int, the categories.
        seeds: list of int.
        columns: int.

    Returns:
        Grid.

    Raises:
        UsageError: there is no such category, or the model cannot mix them.
    """
    if not hasattr(model, "label_weights"):
        raise UsageError(f"{model.name}: a {model.architecture.mode} model takes one class at a time and mixes none")
    weights = np.linspace(0, 1, columns)
    labels = [_mixture(first, second, weight) for weight in weights]
    latents = np.repeat(model.latents(seeds), columns, axis=0)
    images = model.decode(latents, label=labels * len(seeds))
    images = images.reshape(len(seeds), columns, *images.shape[1:])
    title = f"from category {first} to category {second}"
    ticks = [f"{weight:.2f}" for weight in weights]
    return Grid(f"mix-{first}-{second}", title, images, _seed_names(seeds), ticks)


def _mixture(first: str | int, second: str | int, second_weight: float) -> str:
    weights = ((first, 1 - second_weight), (second, second_weight))
    return "+".join(f"{name}:{weight:.6f}" for name, weight in weights if weight > 0)


# === Single dimensions ===


def dimension_effects(
    model: "GlyphModel", latents: Any, reach: float = REACH, dimensions: Sequence[int] | None = None
) -> np.ndarray:
    """How much each dimension of a latent changes the image.

    Args:
        model: a GlyphModel.
        latents: float32 (n, d), where it is measured.
        reach: float; the dimension goes from -reach to reach.
        dimensions: list of int, entries of a latent; None: all of z.

    Returns:
        float64 (len(dimensions),): mean absolute difference of the two ends' pixels, in grey levels, averaged over
        latents.
    """
    latents = np.asarray(latents, np.float32)
    dimensions = range(model.architecture.z_dim) if dimensions is None else dimensions
    ends = np.repeat(np.stack([latents] * 2)[None], len(dimensions), axis=0)  # (dimensions, 2, n, d)
    for row, dimension in enumerate(dimensions):
        ends[row, 0, :, dimension], ends[row, 1, :, dimension] = -reach, reach
    images = decode_latents(model, ends).astype(np.int16)  # (dimensions, 2, n, h, w, c)
    return np.abs(images[:, 1] - images[:, 0]).mean(axis=tuple(range(1, images.ndim - 1)))


def dimension_grid(
    model: "GlyphModel",
    latents: Any,
    rows: int = 10,
    columns: int = 10,
    reach: float = REACH,
    name: str = "the first",
) -> Grid:
    """Each row traverses one dimension of z; those that change the image most come first.

    Args:
        model: a GlyphModel.
        latents: float32 (n, d); effects are averaged over all of them, the first is drawn.
        rows: int, at most how many dimensions.
        columns: int.
        reach: float.
        name: str, what the first latent is, for the title.

    Returns:
        Grid.

    Raises:
        UsageError: the model's latents are images of noise.
    """
    if model.latents_are_noise:
        raise UsageError(f"{model.name}: no codes, and the entries of its latent are single pixels of noise")
    effects = dimension_effects(model, latents, reach)
    dimensions = np.argsort(-effects, kind="stable")[:rows]
    values = np.linspace(-reach, reach, columns)
    traversals = np.tile(np.asarray(latents[0], np.float32), (len(dimensions), columns, 1))  # (rows, columns, d)
    for row, dimension in enumerate(dimensions):
        traversals[row, :, dimension] = values
    labels = [f"z[{dimension}]  {effects[dimension]:.1f}" for dimension in dimensions]
    title = f"entries of z with the mean change of a pixel, of 255; {name}"
    return Grid("dimensions", title, decode_latents(model, traversals), labels, _ticks(values))


def _ticks(values: Iterable[float]) -> list[str]:
    return [f"{value:.1f}" for value in values]


def _seed_names(seeds: Iterable[int]) -> list[str]:
    return [f"seed {seed}" for seed in seeds]


def _from_one(indices: Iterable[int], separator: str = ", ") -> str:
    """Indices as people count, from 1."""
    return separator.join(str(index + 1) for index in indices)


# === All of a model ===


def grids(
    model: "GlyphModel",
    points: Points,
    categorical: Sequence[int] = (0,),
    continuous: Sequence[Collection[int]] = (),
    columns: int = 10,
    reach: float = REACH,
    rows: int = 10,
    **options: Any,
) -> list[Grid]:
    """The traversals that a model offers: of its codes, its categories, or else the dimensions of z.

    Args:
        model: a GlyphModel.
        points: tfglyph.latent.points.Points of seeds; of images where the model has no codes.
        categorical: indices of the categorical codes that rows change together.
        continuous: list of tuples of indices of the continuous codes that change together, one grid each; none: each
            alone.
        columns, rows: int.
        reach: float.
        **options: what ``sample`` takes besides the label, of diffusion models.

    Returns:
        list of Grid.

    Raises:
        UsageError: the model has no such codes.
    """
    codes, seeds = model.architecture.input_codes, points.seeds
    if continuous and (codes is None or not codes.continuous):
        raise UsageError(f"{model.name}: there are no continuous codes to slide")
    if codes is not None and codes.continuous:
        groups = continuous or [(index,) for index in range(codes.continuous)]
        if codes.categorical:
            return [code_grid(model, points.latents[0], categorical, group, columns, reach) for group in groups]
        return [seed_grid(model, seeds, group, columns, reach) for group in groups]
    if model.architecture.class_count or codes is not None:
        return [category_grid(model, seeds, **options)]
    return [dimension_grid(model, points.latents, rows, columns, reach, points.names[0])]


def _codes(model: "GlyphModel") -> Codes:
    codes = model.architecture.input_codes
    if codes is None:
        raise UsageError(f"{model.name}: this {model.architecture.mode} model has no codes beside z")
    return codes


def _check_index(index: int, count: int, kind: str) -> None:
    if not 0 <= index < count:
        there = f"there are {count}, from 1" if count else "there are none"
        raise UsageError(f"no {kind} code {index + 1}; {there}")
