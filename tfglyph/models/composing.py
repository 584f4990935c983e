"""From descriptions to images: the one way in for the command line, the studio and Python."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from tfglyph.architecture.condition import Tokens
from tfglyph.composition.descriptions import Description
from tfglyph.composition.text import read
from tfglyph.composition.tokens import tokenizer
from tfglyph.errors import UsageError

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
        tokens: int32 (length,), the conditioning input.
    """

    text: str
    tree: Description
    tokens: np.ndarray


def check_composes(model: ComposingModel) -> Tokens:
    """The model's section of tokens; raises UsageError where it is not conditioned on parts."""
    section = model.architecture.part_tokens
    if section is None:
        raise UsageError(
            f"{model.name}: a {model.architecture.mode} model without condition.tokens.parts is not conditioned on "
            "parts, so it cannot compose; compose-cns can"
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
    parts = tokenizer(check_composes(model).parts)
    if len(texts) > MOST:
        raise UsageError(f"{len(texts):,} descriptions; at most {MOST:,} at a time")
    asked = []
    for text in texts:
        tokens, tree = parts.encode_text(text)
        asked.append(Request("".join(read(text).text.split()), tree, tokens))
    return asked


def sampled_requests(model: ComposingModel, count: int, seed: int = 0) -> list[Request]:
    """Descriptions that the model samples itself: those of ``model.sample(count, seed)``.

    Args:
        model: a GlyphModel with ``condition.tokens.descriptions``.
        count: int.
        seed: int.

    Returns:
        list of count Request.

    Raises:
        UsageError: the model keeps no descriptions.
    """
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
    **options: Any,
) -> np.ndarray:
    """Draws characters from their descriptions.

    Variant v of a description starts from the noise of (seed, v), which is the same for all descriptions.

    Args:
        model: a GlyphModel whose architecture has ``condition.tokens.parts``.
        texts: list of d str, or of Request.
        variants: int v ≥ 1, images of each.
        seed: int.
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
    tokens = np.stack([request.tokens for request in asked]).repeat(variants, axis=0)  # (d v, length)
    pairs = np.array([(seed, variant) for _ in asked for variant in range(variants)])
    images = model.sample_pairs(pairs, tokens=tokens, **options)
    return images.reshape(len(asked), variants, *images.shape[1:])
