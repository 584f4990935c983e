"""A - B + C by descriptions: the exact answer where the parts cancel, drawn by a model that composes."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from tfglyph.architecture.condition import Tokens
from tfglyph.composition.arithmetic import DescriptionSum, add_descriptions
from tfglyph.composition.tokens import tokenizer
from tfglyph.datasets.images import fit
from tfglyph.errors import UsageError
from tfglyph.latent.tuples import MINUS

if TYPE_CHECKING:
    from tfglyph.models.base import GlyphModel

COMPOSER = "pretrained:compose-cns"
"""The shipped weights that draw the answers."""

Terms = tuple[str, str, str]
"""A, B and C: characters."""


@dataclasses.dataclass(frozen=True)
class DescriptionAnswer:
    """What the descriptions say about one A - B + C.

    Attributes:
        terms: Terms.
        total: DescriptionSum.
        image: uint8 (h, w, c), the description as it is composed; None where there is none, or a part of it is too
            rare to be composed.
    """

    terms: Terms
    total: DescriptionSum
    image: np.ndarray | None = None

    @property
    def title(self) -> str:
        """The description, and the character that it is of, where there is one: ``⿰木句 = 枸``."""
        return self.total.title

    @property
    def line(self) -> str:
        """One line for people: the answer, or what is left over."""
        a, b, c = self.terms
        question = f"{a} {MINUS} {b} + {c}"
        if not self.total.text:
            return f"{question}: descriptions do not cancel; left over: {' '.join(map(str, self.total.left_over))}"
        if self.image is None:
            return f"{question} = {self.title}, which has a part that is too rare to be composed"
        return f"{question} = {self.title}"


def answer_neighbours(
    answer: DescriptionAnswer | None, searchers: Mapping[str, Callable[[np.ndarray], Any]]
) -> dict[str, Any]:
    """What each of ``tfglyph.latent.nearest.searchers`` finds for a composed answer; empty where there is none."""
    if answer is None or answer.image is None:
        return {}
    return {kind: search(answer.image[None]) for kind, search in searchers.items()}


def description_answers(
    triples: Sequence[Terms], shape: tuple[int, int, int], load_composer: "Callable[[], GlyphModel]"
) -> list[DescriptionAnswer | None]:
    """The answers of descriptions to triples of characters.

    Args:
        triples: list of n Terms.
        shape: (h, w, c) of the images to draw.
        load_composer: function without arguments that returns a GlyphModel that composes; only called where there is
            something to draw.

    Returns:
        list of n DescriptionAnswer; None for a triple with a term that the decomposition table does not know.
    """
    answers: list[DescriptionAnswer | None] = []
    for terms in triples:
        try:
            answers.append(DescriptionAnswer(terms, add_descriptions(*terms)))
        except UsageError:  # digits, kana, names of files
            answers.append(None)
    texts = list(dict.fromkeys(answer.total.text for answer in answers if answer is not None and answer.total.text))
    images = _composed(texts, shape, load_composer()) if texts else {}
    return [answer and dataclasses.replace(answer, image=images.get(answer.total.text)) for answer in answers]


def _composed(texts: Sequence[str], shape: tuple[int, int, int], composer: "GlyphModel") -> Mapping[str, np.ndarray]:
    """The images of descriptions, without those that the model cannot compose."""
    section: Tokens = composer.architecture.part_tokens
    known = [text for text in texts if _can_compose(text, section.parts or "")]
    if not known:
        return {}
    images = composer.compose(known)
    return {text: _fitted(image, shape) for text, image in zip(known, images, strict=True)}


def _can_compose(text: str, parts: str) -> bool:
    try:
        tokenizer(parts).encode_text(text)
    except UsageError:
        return False
    return True


def _fitted(image: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """An image in another size, with as many channels."""
    return image if image.shape == shape else fit(Image.fromarray(image.max(axis=-1)), shape)
