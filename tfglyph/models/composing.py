"""From descriptions to images: the one way in for the command line, the studio and Python."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from tfglyph.architecture.condition import Tokens
from tfglyph.composition.descriptions import Description
from tfglyph.composition.parsing import resolve
from tfglyph.composition.text import read
from tfglyph.composition.tokens import tokenizer
from tfglyph.errors import UsageError
from tfglyph.exemplars.inventing import invent
from tfglyph.exemplars.retrieval import Retrieval, Retrieved
from tfglyph.exemplars.sources import GlyphSource, PackSource, open_source
from tfglyph.files import PathLike

MOST = 10_000  # descriptions of one call


class ComposingModel(Protocol):
    """As much of a GlyphModel as composing needs; only models with ``condition.tokens.parts`` compose."""

    name: str
    architecture: Any

    def sample_pairs(self, pairs: Any, **options: Any) -> np.ndarray: ...


@dataclass(frozen=True)
class Request:
    """One thing to draw.

    Attributes:
        text: str, what was asked for.
        tree: Description, named and taken apart.
        tokens: int32 (length,), the conditioning input; None for models that draw from exemplars.
    """

    text: str
    tree: Description
    tokens: np.ndarray | None = None


@dataclass(frozen=True)
class Composed:
    """Characters drawn from exemplars.

    Attributes:
        images: uint8 (d, v, h, w, c), v variants of d descriptions.
        retrieved: list of v Retrieved, the exemplars of each variant of all descriptions.
    """

    images: np.ndarray
    retrieved: list[Retrieved]


def draws_from_exemplars(model: ComposingModel) -> bool:
    """Whether the model draws in the style of any font, from glyphs of it."""
    return model.architecture.exemplars is not None


def retrieval(model: ComposingModel, font: PathLike | GlyphSource | None = None) -> Retrieval:
    """What finds the exemplars of a font for a model.

    Args:
        model: a GlyphModel.
        font: path of a font file, as in ``tfglyph.exemplars.sources.open_source``, or what it returned; None: the
            package's TW-Kai.

    Raises:
        UsageError: the model draws from no exemplars.
        GlyphError: not a font, or one without Chinese characters.
    """
    section = model.architecture.exemplars
    if section is None:
        raise UsageError(
            f"{model.name}: draws in the typefaces that it learned; a font is for models with condition.exemplars, such"
            " as compose-fonts"
        )
    source = open_source(font) if font is None or isinstance(font, str | bytes | os.PathLike) else font
    return Retrieval(source, section, model.architecture.hwc)


def check_composes(model: ComposingModel) -> Tokens:
    """The model's section of tokens; raises UsageError where it is not conditioned on parts."""
    section = model.architecture.part_tokens
    if section is None:
        raise UsageError(
            f"{model.name}: a {model.architecture.mode} model with neither condition.exemplars nor"
            " condition.tokens.parts cannot compose; compose-fonts can"
        )
    return section


def requests(model: ComposingModel, texts: Sequence[str]) -> list[Request]:
    """What to draw.

    Args:
        model: a GlyphModel that ``check_composes``.
        texts: list of str: descriptions and characters.

    Returns:
        list of Request.

    Raises:
        UsageError: one of the texts is no description; says where and what was expected.
    """
    parts = None if draws_from_exemplars(model) else tokenizer(check_composes(model).parts)
    if len(texts) > MOST:
        raise UsageError(f"{len(texts):,} descriptions; at most {MOST:,} at a time")
    asked = []
    for text in texts:
        tokens, tree = (None, resolve(text)) if parts is None else parts.encode_text(text)
        asked.append(Request("".join(read(text).text.split()), tree, tokens))
    return asked


def sampled_requests(
    model: ComposingModel, count: int, seed: int = 0, found_by: Retrieval | None = None
) -> list[Request]:
    """Descriptions that nobody asked for: those of ``model.sample(count, seed)``, or halves of a font's characters.

    Args:
        model: a GlyphModel with ``condition.tokens.descriptions``, or with ``condition.exemplars``.
        count: int.
        seed: int.
        found_by: Retrieval, the font whose characters are taken apart, for models that draw from exemplars; None: the
            package's TW-Kai.

    Returns:
        list of count Request.

    Raises:
        UsageError: the model keeps no descriptions.
    """
    if draws_from_exemplars(model):
        found_by = found_by or retrieval(model)
        return [Request(text, resolve(text)) for text in invent(found_by.index, count, seed)]
    parts = tokenizer(check_composes(model).parts)
    sampler: Callable[[Any], Any] | None = getattr(model, "description_sampler", None)
    if sampler is None:
        raise UsageError(f"{model.name}: keeps no descriptions (condition.tokens.descriptions), so it invents none")
    rows = sampler(np.stack([np.full(count, seed), np.arange(count)], axis=1)).numpy()
    asked = []
    for row in rows:
        text = parts.spelled(row)
        asked.append(Request(text, parts.encode_text(text)[1], row))
    return asked


def compose(
    model: ComposingModel,
    texts: Sequence[str] | Sequence[Request],
    variants: int = 1,
    seed: int = 0,
    font: PathLike | GlyphSource | None = None,
    **options: Any,
) -> np.ndarray:
    """Draws characters from their descriptions.

    Variant v of a description starts from the noise of (seed, v), which is the same for all descriptions; a model that
    draws from exemplars takes other exemplars for it, too, as far as the font has any.

    Args:
        model: a GlyphModel whose architecture has ``condition.exemplars`` or ``condition.tokens.parts``.
        texts: list of d str, or of Request.
        variants: int v ≥ 1, images of each.
        seed: int.
        font: path of a font file to draw in, or GlyphSource, for models that draw from exemplars; None: the package's
            TW-Kai.
        **options: ``steps``, ``sampler``, ``guidance``, ``temperature``, ``label``, as for ``sample``.

    Returns:
        uint8 (d, v, h, w, c).

    Raises:
        UsageError: as ``requests``.
    """
    asked = [text for text in texts if isinstance(text, Request)]
    if len(asked) < len(texts):
        asked = requests(model, [text for text in texts if isinstance(text, str)])
    if not asked:
        raise UsageError("nothing to compose: no description was given")
    if font is not None or draws_from_exemplars(model):
        return compose_from_exemplars(model, asked, retrieval(model, font), variants, seed, **options).images
    given = [request.tokens for request in asked if request.tokens is not None]
    tokens = np.stack(given).repeat(variants, axis=0)  # (d v, length)
    pairs = np.array([(seed, variant) for _ in asked for variant in range(variants)])
    images = model.sample_pairs(pairs, tokens=tokens, **options)
    return images.reshape(len(asked), variants, *images.shape[1:])


def compose_from_exemplars(
    model: ComposingModel,
    asked: Sequence[Request],
    found_by: Retrieval,
    variants: int = 1,
    seed: int = 0,
    per_part: int | None = None,
    **options: Any,
) -> Composed:
    """Draws characters in the style of a font, from its glyphs.

    A character that exists is drawn after its picture in TW-Kai, too, where the package has one: not in the style, but
    the strokes of parts that the font shows nowhere. In TW-Kai itself, from the package, that would be no drawing.

    Args:
        model: a GlyphModel whose architecture has ``condition.exemplars``.
        asked: list of d Request.
        found_by: Retrieval, of the font.
        variants: int v ≥ 1, images of each; variant v of seed s takes set s + v of the exemplars.
        seed: int.
        per_part: int, exemplars of each part; None: as many as the model's slots hold.
        **options: ``steps``, ``sampler``, ``guidance``, ``temperature``, as for ``sample``.

    Returns:
        Composed.
    """
    trees = [request.tree for request in asked]
    content = not isinstance(found_by.source, PackSource)
    retrieved = [found_by.find(trees, per_part, seed + variant, content) for variant in range(variants)]
    exemplars = np.stack([each.exemplars for each in retrieved], 1)  # (d, v, k, h, w, c)
    kinds = np.stack([each.kinds for each in retrieved], 1)
    pairs = np.array([(seed, variant) for _ in asked for variant in range(variants)])
    images = model.sample_pairs(
        pairs,
        exemplars=exemplars.reshape(-1, *exemplars.shape[2:]),
        kinds=kinds.reshape(-1, *kinds.shape[2:]),
        **options,
    )
    return Composed(images.reshape(len(asked), variants, *images.shape[1:]), retrieved)
