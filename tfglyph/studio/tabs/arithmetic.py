"""A - B + C for characters that somebody types."""

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from tfglyph.errors import UsageError
from tfglyph.latent.arithmetic import Term, compute, term_images
from tfglyph.latent.arithmetic_figures import neighbours_figure
from tfglyph.latent.description_answers import COMPOSER, answer_neighbours, description_answers
from tfglyph.latent.tuples import split_characters
from tfglyph.loading import load
from tfglyph.models import GlyphModel
from tfglyph.pretrained import is_shipped
from tfglyph.studio.components import options_for, picture, run_button, sampling_fields
from tfglyph.studio.state import LoadedModel, Studio

TITLE = "Arithmetic"
SAMPLING = ("sampler", "steps")


def fits(model: GlyphModel) -> bool:
    return model.can_encode


def build(studio: Studio, models: Sequence[LoadedModel]) -> None:
    import gradio

    with gradio.Row():
        terms = gradio.Textbox(
            "酪 鉻 鉸", label="A B C: A is to B as the result is to C", max_lines=1, elem_id="arithmetic-terms"
        )
        nearest = gradio.Checkbox(
            True,
            label="Nearest real glyphs (the first time the whole data set is encoded)",
            elem_id="arithmetic-nearest",
        )
        sampling = sampling_fields(models, *SAMPLING)

    def draw(terms: str, nearest: bool, *sampling: Any) -> list[str]:
        values = dict(zip(SAMPLING, sampling, strict=True))
        return [studio.png(figure(loaded, terms, nearest, **options_for(loaded.model, values))) for loaded in models]

    start = gradio.Column()
    images = []
    with gradio.Row():
        for number, loaded in enumerate(models):
            with gradio.Column():
                images.append(picture(loaded.name, f"arithmetic-figure-{number}", has_text=True))
    with start:
        run_button(studio, "Draw", draw, [terms, nearest, *sampling], images, "arithmetic-run")


def figure(loaded: LoadedModel, terms: str, nearest: bool, **options: Any) -> np.ndarray:
    """The page of one model: panels as in ``validate``, the nearest real glyphs, and the answer by descriptions.

    Args:
        loaded: LoadedModel.
        terms: str of three characters, with or without white space or commas.
        nearest: bool, whether to look for real glyphs.
        **options: what the model's ``decode`` takes.

    Returns:
        uint8 (H, W, 3).

    Raises:
        GlyphError: not three characters, or the data lacks one.
    """
    letters = split_characters(terms)
    if len(letters) != 3:
        raise UsageError(f"found {len(letters)} characters ({''.join(letters[:12])}), expected three: A B C")
    a, b, c = (Term(letter) for letter in letters)  # never a file: the page reads none
    images = term_images([(a, b, c)], loaded.model.architecture.hwc, loaded.glyphs)
    (result,) = compute(loaded.model, images, **options)
    searchers = loaded.searchers if nearest else {}
    neighbours = {kind: search(result.results) for kind, search in searchers.items()}
    answer = None
    if is_shipped(COMPOSER):
        (answer,) = description_answers([(a.name, b.name, c.name)], loaded.model.architecture.hwc, composer)
    of_answer = answer_neighbours(answer, searchers)
    return neighbours_figure((a, b, c), result, neighbours, loaded.glyphs, answer, of_answer)


@functools.cache
def composer() -> GlyphModel:
    """The model that draws the answers of descriptions, loaded at the first of them."""
    return load(COMPOSER)
