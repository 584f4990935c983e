"""Turning codes and single latent dimensions: grids whose rows and columns each change one thing."""

import dataclasses

import numpy as np

from tfglyph.errors import UsageError
from tfglyph.latent.interpolation import paint
from tfglyph.latent.points import split_codes

REACH = 2.0  # codes and dimensions go from -REACH to REACH; continuous codes were trained within (-1, 1)


@dataclasses.dataclass(frozen=True)
class Grid:
    """Images in rows and columns that each mean something."""

    name: str
    """Part of a file's name."""
    title: str
    images: np.ndarray
    """uint8 (rows, columns, h, w, c)"""
    rows: list
    """str, what each row is."""
    columns: list
    """str, what each column is."""

    def figure(self, image_height=48):
        """The labelled table: uint8 (H, W, 3)."""
        from tfglyph.imaging.grids import table_figure

        table = [(label, [row]) for label, row in zip(self.rows, self.images, strict=True)]
        return table_figure(self.title, [("", self.columns)], table, image_height=image_height)


# === Codes ===


def with_code(model, latents, categorical=None, continuous=None):
    """Latents with some codes replaced.

    Args:
        model: a GlyphModel with codes.
        latents: float32 (n, d).
        categorical: dict from a code's place (from 0) to weights, float (ways,) or (n, ways).
        continuous: dict from a code's place (from 0) to values, float or (n,).

    Returns:
        float32 (n, d).

    Raises:
        UsageError: there is no such code.
    """
    codes, z_dim = _codes(model), split_codes(model)
    latents = np.array(latents, np.float32)
    starts = z_dim + np.concatenate([[0], np.cumsum(codes.categorical)]).astype(int) * codes.repeat
    for place, weights in (categorical or {}).items():
        _check(place, len(codes.categorical), "categorical")
        ways = codes.categorical[place]
        weights = np.broadcast_to(np.asarray(weights, np.float32), (len(latents), ways))
        latents[:, starts[place] : starts[place + 1]] = np.tile(weights, codes.repeat)
    for place, values in (continuous or {}).items():
        _check(place, codes.continuous, "continuous")
        latents[:, starts[-1] + place] = values
    return latents


def code_grid(model, latent, categorical=(0,), continuous=(0,), columns=10, reach=REACH):
    """Rows turn categorical codes, columns slide continuous ones.

    Args:
        model: a GlyphModel with codes of both kinds.
        latent: float32 (d,), what stays.
        categorical: places (from 0) of the codes that a row sets to its way; all have as many ways as the first.
        continuous: places (from 0) of the codes that go from -reach to reach together.
        columns: int.
        reach: float.

    Returns:
        Grid.

    Raises:
        UsageError: there is no such code, or codes of different ways.
    """
    codes = _codes(model)
    for place in categorical:
        _check(place, len(codes.categorical), "categorical")
    ways = codes.categorical[categorical[0]]
    if any(codes.categorical[place] != ways for place in categorical):
        raise UsageError("codes that are turned together must have the same number of ways")
    values = np.linspace(-reach, reach, columns)
    latents = []
    for way in range(ways):
        row = np.tile(latent, (columns, 1))
        turned = {place: np.eye(ways)[way] for place in categorical}
        latents.append(with_code(model, row, turned, {place: values for place in continuous}))
    rows, turned = [str(way) for way in range(ways)], _counted(categorical)
    title = f"rows: code {turned}; columns: continuous {_counted(continuous)}"
    return Grid(f"code-{_counted(continuous, '-')}", title, paint(model, np.stack(latents)), rows, _ticks(values))


def seed_grid(model, seeds, continuous=(0,), columns=10, reach=REACH):
    """Rows are seeds, columns slide continuous codes; for models without categorical ones. Otherwise as ``code_grid``.

    Args:
        seeds: list of int.
    """
    values = np.linspace(-reach, reach, columns)
    rows = [
        with_code(model, np.tile(latent, (columns, 1)), continuous={place: values for place in continuous})
        for latent in model.latents(seeds)
    ]
    title = f"columns: continuous {_counted(continuous)}"
    return Grid(f"code-{_counted(continuous, '-')}", title, paint(model, np.stack(rows)), _seeds(seeds), _ticks(values))


def category_grid(model, seeds, **options):
    """Rows are the ways of the first categorical code, or the class labels; columns are seeds.

    Args:
        model: a GlyphModel with a categorical code or class labels.
        seeds: list of int.
        **options: what ``sample`` takes besides the label.

    Returns:
        Grid.
    """
    if model.architecture.class_count:
        ways, condition = model.architecture.class_count, model.architecture.condition
        names = condition.names or [str(way) for way in range(ways)]
        pairs = np.tile([(seed, 0) for seed in seeds], (ways, 1))
        labels = np.repeat(np.arange(ways), len(seeds)).tolist()
        images = model.sample_pairs(pairs, label=labels, **options)
        images = images.reshape(ways, len(seeds), *images.shape[1:])
    else:
        ways = _codes(model).categorical[0]
        names = [str(way) for way in range(ways)]
        latents = model.latents(seeds)
        images = paint(model, np.stack([with_code(model, latents, {0: np.eye(ways)[way]}) for way in range(ways)]))
    return Grid("categories", "rows: categories", images, names, _seeds(seeds))


def mixing_grid(model, first, second, seeds, columns=10):
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
    shares = np.linspace(0, 1, columns)
    labels = [_mixture(first, second, share) for share in shares]
    latents = np.repeat(model.latents(seeds), columns, axis=0)
    images = model.decode(latents, label=labels * len(seeds))
    images = images.reshape(len(seeds), columns, *images.shape[1:])
    title = f"from category {first} to category {second}"
    return Grid(f"mix-{first}-{second}", title, images, _seeds(seeds), [f"{share:.2f}" for share in shares])


def _mixture(first, second, share):
    parts = [f"{name}:{weight:.6f}" for name, weight in ((first, 1 - share), (second, share)) if weight > 0]
    return "+".join(parts)


# === Single dimensions ===


def dimension_effects(model, latents, reach=REACH, places=None):
    """How much each dimension of z (or each of some places) changes the image.

    Args:
        model: a GlyphModel.
        latents: float32 (n, d), where it is measured.
        reach: float; the dimension goes from -reach to reach.
        places: list of int, entries of a latent; None: all of z.

    Returns:
        float64 (len(places),): mean absolute difference of the two ends' pixels, in grey levels, averaged over latents.
    """
    latents = np.asarray(latents, np.float32)
    places = range(split_codes(model)) if places is None else places
    ends = np.repeat(np.stack([latents] * 2)[None], len(places), axis=0)  # (places, 2, n, d)
    for row, place in enumerate(places):
        ends[row, 0, :, place], ends[row, 1, :, place] = -reach, reach
    images = paint(model, ends).astype(np.int16)  # (places, 2, n, h, w, c)
    return np.abs(images[:, 1] - images[:, 0]).mean(axis=tuple(range(1, images.ndim - 1)))


def dimension_grid(model, latents, rows=10, columns=10, reach=REACH, name="the first"):
    """Each row slides one entry of z; those that change the image most come first.

    Args:
        model: a GlyphModel.
        latents: float32 (n, d); effects are averaged over all of them, the first is drawn.
        rows: int, at most how many entries.
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
    places = np.argsort(-effects, kind="stable")[:rows]
    values = np.linspace(-reach, reach, columns)
    slid = np.tile(np.asarray(latents[0], np.float32), (len(places), columns, 1))  # (rows, columns, d)
    for row, place in enumerate(places):
        slid[row, :, place] = values
    labels = [f"z[{place}]  {effects[place]:.1f}" for place in places]
    title = f"entries of z with the mean change of a pixel, of 255; {name}"
    return Grid("dimensions", title, paint(model, slid), labels, _ticks(values))


def _ticks(values):
    return [f"{value:.1f}" for value in values]


def _seeds(seeds):
    return [f"seed {seed}" for seed in seeds]


def _counted(places, separator=", "):
    """Places from 0 as people count them."""
    return separator.join(str(place + 1) for place in places)


# === All of a model ===


def grids(model, points, turned=(0,), slid=(), columns=10, reach=REACH, rows=10, **options):
    """What there is to traverse in a model: its codes, its categories, or else the entries of z.

    Args:
        model: a GlyphModel.
        points: tfglyph.latent.points.Points of seeds; of images where the model has no codes.
        turned: places (from 0) of the categorical codes that rows turn together.
        slid: list of tuples of places of the continuous codes that slide together, one grid each; none: each alone.
        columns, rows: int.
        reach: float.
        **options: what ``sample`` takes besides the label, of diffusion models.

    Returns:
        list of Grid.

    Raises:
        UsageError: what is asked for does not exist.
    """
    codes, seeds = model.architecture.input_codes, points.seeds
    if slid and (codes is None or not codes.continuous):
        raise UsageError(f"{model.name}: there are no continuous codes to slide")
    if codes is not None and codes.continuous:
        together = slid or [(place,) for place in range(codes.continuous)]
        if codes.categorical:
            return [code_grid(model, points.latents[0], turned, places, columns, reach) for places in together]
        return [seed_grid(model, seeds, places, columns, reach) for places in together]
    if model.architecture.class_count or codes is not None:
        return [category_grid(model, seeds, **options)]
    return [dimension_grid(model, points.latents, rows, columns, reach, points.names[0])]


def _codes(model):
    codes = model.architecture.input_codes
    if codes is None:
        raise UsageError(f"{model.name}: this {model.architecture.mode} model has no codes beside z")
    return codes


def _check(place, count, kind):
    if not 0 <= place < count:
        there = f"there are {count}, from 1" if count else "there are none"
        raise UsageError(f"no {kind} code {place + 1}; {there}")
