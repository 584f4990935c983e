"""Composition in fonts, measured: characters drawn from exemplars, as if the font did not have them.

    font = read_font("MyFont.ttf", (96, 96, 1))
    result = measure_font(model, font, holdout=0.05, count=200)
    result.drawn.ranks < 1               # where the nearest glyph of the whole font is the right one

The characters are those that the model's training held out, the same for all fonts. A font shows all of its other
characters; neither the character itself nor another that it draws alike is among the exemplars. All figures are from
64x64 pixels: larger pictures are reduced by area.
"""

import dataclasses
import os
from collections.abc import Sequence
from functools import partial
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from tfglyph.architecture.condition import Exemplars
from tfglyph.composition import describe, table
from tfglyph.composition.descriptions import Description
from tfglyph.datasets.drawing import face
from tfglyph.datasets.glyphs import split_key, split_keys
from tfglyph.datasets.opening import FaceKey
from tfglyph.datasets.pack import pack
from tfglyph.datasets.preparing import chunks, parallel_map
from tfglyph.errors import GlyphError, UsageError
from tfglyph.evaluation import reconstruction
from tfglyph.exemplars.alignment import enlarge
from tfglyph.exemplars.kinds import Match, shows_in_place
from tfglyph.exemplars.retrieval import Retrieval, Retrieved
from tfglyph.exemplars.sources import FontSource, drawn_glyph, open_source
from tfglyph.files import PathLike, cached_arrays

VERSION = 2
SIDE = 64  # pixels, of all comparisons
COUNT = 200  # characters of a font
CURVE_COUNT = 32  # characters of a font that are drawn from fewer exemplars as well
PER_PART = (0, 1, 2, 4)  # exemplars of a part, on the way to as many as the model takes
CHUNK = 512  # glyphs that are drawn or compared at once
EQUAL = 1e-5  # of the squared lengths: distances that differ by less are equal but for rounding


class ExemplarModel(Protocol):
    """As much of a GlyphModel as is needed here; it draws from exemplars."""

    name: str
    architecture: Any

    def sample_pairs(self, pairs: Any, **options: Any) -> np.ndarray: ...


# === Fonts and characters ===


@dataclasses.dataclass(frozen=True)
class FontGlyphs:
    """A font and all of its Chinese characters.

    Attributes:
        source: FontSource.
        shape: (h, w, c) of the model's images.
        images: uint8 (n, h', w'), its glyphs at ``SIDE`` pixels or the model's size, the smaller of the two.
    """

    source: FontSource
    shape: tuple[int, int, int]
    images: np.ndarray

    @property
    def name(self) -> str:
        """str: the font's full name."""
        return self.source.name

    @property
    def characters(self) -> list[str]:
        """list of n str."""
        return self.source.characters

    def rows(self, characters: Sequence[str]) -> np.ndarray:
        """int64 (m,): the rows of some characters."""
        numbers = {character: row for row, character in enumerate(self.characters)}
        return np.array([numbers[character] for character in characters], np.int64)

    def alike(self, rows: np.ndarray) -> str:
        """The other characters that the font draws exactly like one of these: variants with a code point each."""
        wanted = {self.images[row].tobytes() for row in rows}
        others = np.setdiff1d(np.arange(len(self.images)), rows)
        return "".join(self.characters[row] for row in others if self.images[row].tobytes() in wanted)


def read_font(path: PathLike, shape: tuple[int, int, int]) -> FontGlyphs:
    """All Chinese characters of a font; drawn once, on all cores, and kept in the cache.

    Args:
        path: a font file, perhaps with ``#2`` or ``#wght=700``.
        shape: (h, w, c) of the model's images.

    Returns:
        FontGlyphs.

    Raises:
        GlyphError: not a font, or one without Chinese characters.
        UsageError: several faces, or none of the named kind.
    """
    source = open_source(path)
    if not isinstance(source, FontSource):
        raise UsageError("--font: expected a font file")
    key = source.font.key
    status = os.stat(key.path)
    depends_on: list[str | bytes | np.ndarray] = [
        str(VERSION),
        repr([os.path.basename(os.fsencode(key.path)), status.st_size, status.st_mtime_ns, *key[1:], shape, SIDE]),
        "".join(source.characters),
    ]
    stored = cached_arrays(
        "font-glyphs", depends_on, partial(_draw_all, key, source.font.ascender, source.characters, shape)
    )
    return FontGlyphs(source, shape, stored["images"])


def _draw_all(
    key: FaceKey, ascender: float, characters: Sequence[str], shape: tuple[int, int, int]
) -> dict[str, np.ndarray]:
    parts = chunks(list(characters), CHUNK)
    draw = partial(_draw_small, key=key, ascender=ascender, shape=shape)
    drawn = parallel_map(draw, parts, len(parts), "drawing the font")
    return {"images": np.concatenate(list(drawn))}


def _draw_small(characters: Sequence[str], key: FaceKey, ascender: float, shape: tuple[int, int, int]) -> np.ndarray:
    font = face(key).levelled(ascender)
    return reduced(np.stack([drawn_glyph(font, character, shape) for character in characters]))


def reduced(images: np.ndarray, side: int = SIDE) -> np.ndarray:
    """Pictures at ``side`` pixels, by area; smaller ones stay as they are.

    Args:
        images: uint8 (n, h, w, c); the first channel counts.
        side: int.

    Returns:
        uint8 (n, h', w').
    """
    planes = np.asarray(images)[..., 0]
    if max(planes.shape[1:]) <= side:
        return planes
    down, across = (_area_matrix(pixels, min(pixels, side)) for pixels in planes.shape[1:])
    parts = [
        np.round(down @ planes[start : start + CHUNK].astype(np.float32) @ across.T)
        for start in range(0, len(planes), CHUNK)
    ]
    shape = (0, len(down), len(across))
    return np.concatenate([np.zeros(shape), *parts]).clip(0, 255).astype(np.uint8)


def _area_matrix(pixels: int, fewer: int) -> np.ndarray:
    """float32 (fewer, pixels): how much of each pixel lies in each of the larger ones; each row sums to 1."""
    edges, larger = np.arange(pixels + 1) / pixels, np.arange(fewer + 1) / fewer
    overlap = np.minimum(edges[1:], larger[1:, None]) - np.maximum(edges[:-1], larger[:-1, None])
    return (np.maximum(overlap, 0) * fewer).astype(np.float32)


def held_out_characters(holdout: float, seed: int = 0) -> list[str]:
    """The characters that a training with this fraction held out, in a random order.

    Of those that can be taken apart and that the package has pictures of: the 20,902 of Unicode's first block and a
    few. The rarer ones of later blocks, which few fonts have, are not among them.

    Args:
        holdout: float in (0, 1), the run's fraction.
        seed: int, decides the order, which depends on nothing else: fonts are measured on the same characters.

    Returns:
        list of str.
    """
    known = sorted(set(table().spelled).intersection(pack()[0]))
    held_out = split_keys(known) < np.uint64(int(holdout * 2**64))
    chosen = [character for character, out in zip(known, held_out, strict=True) if out]
    return sorted(chosen, key=lambda character: split_key(f"{seed} {character}"))


# === Figures of pictures ===


@dataclasses.dataclass(frozen=True)
class Scores:
    """How near pictures are to the right glyphs of a font.

    Attributes:
        ranks: int64 (n,): how many glyphs of the font are nearer, by pixels, than the right one.
        l1, rmse: float64 (n,) in [0, 1], mean absolute and root mean squared differences.
        ssim: float64 (n,), structural similarity.
        iou: float64 (n,) in [0, 1], intersection over union of the ink.
        edges: float64 (n,), the total variation as a fraction of the right glyph's; under 1 for softer edges.
    """

    ranks: np.ndarray
    l1: np.ndarray
    rmse: np.ndarray
    ssim: np.ndarray
    iou: np.ndarray
    edges: np.ndarray


def score(images: np.ndarray, font: FontGlyphs, rows: np.ndarray) -> Scores:
    """Compares pictures with a font.

    Args:
        images: uint8 (n, h', w').
        font: FontGlyphs of that size.
        rows: int64 (n,), the right glyph of each.

    Returns:
        Scores.
    """
    real = font.images[rows]
    difference = (images.astype(np.float64) - real) / 255
    return Scores(
        ranks(images, font.images, rows),
        np.abs(difference).mean((1, 2)),
        np.sqrt((difference**2).mean((1, 2))),
        reconstruction.ssim(real[..., None], images[..., None]),
        reconstruction.ink_iou(real[..., None], images[..., None]),
        _variation(images) / np.maximum(_variation(real), 1e-9),
    )


def ranks(images: np.ndarray, real: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """How many glyphs are nearer to pictures than the right one, by pixels.

    Args:
        images: uint8 (n, h, w), the pictures.
        real: uint8 (m, h, w), the glyphs; compared in blocks, as fonts have many.
        rows: int64 (n,), which of them is right.

    Returns:
        int64 (n,).
    """
    queries = images.reshape(len(images), -1).astype(np.float32) / 255
    right = real[rows].reshape(len(rows), -1).astype(np.float32) / 255
    squares = (queries**2).sum(1)
    limits = ((queries - right) ** 2).sum(1) - EQUAL * (squares + (right**2).sum(1) + 1)
    nearer = np.zeros(len(images), np.int64)
    for start in range(0, len(real), CHUNK):
        block = real[start : start + CHUNK].reshape(-1, queries.shape[1]).astype(np.float32) / 255
        distances = squares[:, None] + (block**2).sum(1) - 2 * (queries @ block.T)
        nearer += (distances < limits[:, None]).sum(1)
    return nearer


def _variation(images: np.ndarray) -> np.ndarray:
    """float64 (n,): the sum of the differences of neighbouring pixels."""
    values = images.astype(np.float64)
    return np.abs(np.diff(values, axis=1)).sum((1, 2)) + np.abs(np.diff(values, axis=2)).sum((1, 2))


# === One font ===


@dataclasses.dataclass(frozen=True)
class FontComposition:
    """What a model drew in one font.

    Attributes:
        font: FontGlyphs.
        characters: list of n str.
        trees: list of n Description.
        rows: int64 (n,), the right glyphs.
        images: uint8 (n, h', w'), what was drawn.
        in_place: int64 (n,): how many exemplars have the part in its place, of the part with the fewest; -1 for a
            character that is not taken apart.
        drawn: Scores of that.
        baselines: dict to (int64 (m,): which of the n, Scores of these) from "drawn with content", as ``compose`` does
            where TW-Kai has the character (``drawn`` is from exemplars alone), and from what needs no model: "content
            pasted", "mean of exemplars" and "best exemplar".
        curve: dict from the number of exemplars of a part to the Scores of the first characters, -1 for the model's
            own number; and from ``NOWHERE`` to those of characters that TW-Kai does not have either.
    """

    font: FontGlyphs
    characters: list[str]
    trees: list[Description]
    rows: np.ndarray
    images: np.ndarray
    in_place: np.ndarray
    drawn: Scores
    baselines: dict[str, tuple[np.ndarray, Scores]]
    curve: dict[int | str, Scores]


NOWHERE = "nowhere"


@dataclasses.dataclass(frozen=True)
class HeldOut:
    """The held-out characters of a font, and what they are drawn from.

    Attributes:
        font: FontGlyphs.
        characters: list of n str.
        trees: list of n Description.
        rows: int64 (n,), the right glyphs.
        retrieval: Retrieval, which finds none of them.
        retrieved: Retrieved, as many exemplars as the model takes.
    """

    font: FontGlyphs
    characters: list[str]
    trees: list[Description]
    rows: np.ndarray
    retrieval: Retrieval
    retrieved: Retrieved


def held_out_of(model: ExemplarModel, font: FontGlyphs, holdout: float, count: int = COUNT, seed: int = 0) -> HeldOut:
    """The characters that ``measure_font`` draws, with their exemplars; arguments and errors are the same."""
    drawable = set(font.characters)
    characters = [each for each in held_out_characters(holdout, seed) if each in drawable][:count]
    if not characters:
        raise GlyphError(f"{font.name}: has none of the characters that the training held out")
    trees, rows = [describe(character) for character in characters], font.rows(characters)
    retrieval = Retrieval(font.source, model.architecture.exemplars, font.shape, without=font.alike(rows))
    return HeldOut(font, characters, trees, rows, retrieval, retrieval.find(trees))


def draw(model: ExemplarModel, retrieved: Retrieved, seed: int = 0, **options: Any) -> np.ndarray:
    """What a model draws from exemplars, reduced: uint8 (n, h', w')."""
    pairs = np.stack([np.full(len(retrieved.kinds), seed), np.arange(len(retrieved.kinds))], 1)
    return reduced(model.sample_pairs(pairs, exemplars=retrieved.exemplars, kinds=retrieved.kinds, **options))


def measure_font(
    model: ExemplarModel,
    font: FontGlyphs,
    holdout: float,
    count: int = COUNT,
    seed: int = 0,
    curve_count: int = CURVE_COUNT,
    **options: Any,
) -> FontComposition:
    """Draws held-out characters of a font and compares them with the font's own glyphs.

    Args:
        model: a GlyphModel with ``condition.exemplars``.
        font: FontGlyphs at the model's size.
        holdout: float, the fraction of characters that the training held out.
        count: int, at most so many characters.
        seed: int.
        curve_count: int, characters that are drawn from fewer exemplars as well; 0: none.
        **options: of ``sample``: steps, sampler, guidance, temperature.

    Returns:
        FontComposition.

    Raises:
        GlyphError: the font has none of the held-out characters.
    """
    held_out = held_out_of(model, font, holdout, count, seed)
    characters, trees, rows = held_out.characters, held_out.trees, held_out.rows
    section: Exemplars = model.architecture.exemplars
    retrieval, retrieved = held_out.retrieval, held_out.retrieved

    def drawn(some: Retrieved) -> np.ndarray:
        return draw(model, some, seed, **options)

    images = drawn(retrieved)
    curve: dict[int | str, Scores] = {}
    few = rows[:curve_count]
    if len(few):
        curve = {number: score(drawn(retrieval.find(trees[: len(few)], number)), font, few) for number in PER_PART}
        curve[-1] = score(images[: len(few)], font, few)
        # Without a name nothing is known of the looks, and then nothing keeps the character itself out.
        nameless = [dataclasses.replace(tree, part=None) for tree in trees[: len(few)]]
        others = Retrieval(font.source, section, font.shape, without=font.alike(rows) + "".join(characters))
        curve[NOWHERE] = score(drawn(others.find(nameless)), font, few)
    with_content = retrieval.add_content(retrieved, trees)
    known = np.flatnonzero(with_content.with_content)
    drawn_with_content = score(drawn(with_content)[known], font, rows[known])
    baselines = {"drawn with content": (known, drawn_with_content), **_baselines(retrieved, characters, font, rows)}
    in_place = np.array([_in_place(kinds, tree, section) for kinds, tree in zip(retrieved.kinds, trees, strict=True)])
    return FontComposition(font, characters, trees, rows, images, in_place, score(images, font, rows), baselines, curve)


def _in_place(kinds: np.ndarray, tree: Description, section: Exemplars) -> int:
    """Exemplars that have a part of the top level in its place, of the part with the fewest; -1 where there is none."""
    is_whole_part = shows_in_place(kinds[: section.slots, 0], kinds[: section.slots, 1])
    ends = np.cumsum(section.sizes[: len(tree.parts)])
    counts = [int(part.sum()) for part in np.split(is_whole_part, ends)[: len(ends)]]
    return min(counts, default=-1)


def _baselines(
    retrieved: Retrieved, characters: Sequence[str], font: FontGlyphs, rows: np.ndarray
) -> dict[str, tuple[np.ndarray, Scores]]:
    """What needs no model: the character in another font, the mean of the exemplars, the best of them."""
    real, all_rows = font.images[rows], np.arange(len(rows))
    mean, best = np.zeros_like(real), np.zeros_like(real)
    for number, (exemplars, kinds) in enumerate(zip(retrieved.exemplars, retrieved.kinds, strict=True)):
        used = kinds[:, 0] != Match.NONE
        if not used.any():
            continue
        of_parts = used & (kinds[:, 0] != Match.STYLE)
        small = reduced(exemplars)
        mean[number] = np.round(small[of_parts if of_parts.any() else used].mean(0))
        errors = ((small[used].astype(np.float32) - real[number]) ** 2).sum((1, 2))
        best[number] = small[used][errors.argmin()]
    known, pictures = pack()
    pack_rows = {character: row for row, character in enumerate(known)}
    known_characters = {row: character for row, character in enumerate(characters) if character in pack_rows}
    with_content = np.array(list(known_characters), np.int64)
    content = pictures[[pack_rows[character] for character in known_characters.values()]]  # (m, 32, 32)
    pasted = reduced(enlarge(tf.constant(content[..., None]), font.shape[:2]).numpy())
    return {
        "content pasted": (with_content, score(pasted, font, rows[with_content])),
        "mean of exemplars": (all_rows, score(mean, font, rows)),
        "best exemplar": (all_rows, score(best, font, rows)),
    }
