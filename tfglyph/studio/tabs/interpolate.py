"""Walks between two seeds or two characters: a slider, a row and an animation for each model."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tfglyph.composition.text import read
from tfglyph.errors import UsageError
from tfglyph.imaging.grids import enlarge, grid
from tfglyph.latent import points as latent_points
from tfglyph.latent.interpolation import Method, decode_latents, walk
from tfglyph.latent.points import Points
from tfglyph.models import GlyphModel
from tfglyph.studio.components import options_for, picture, run_button, sampling_fields
from tfglyph.studio.handlers import event_handler
from tfglyph.studio.state import LoadedModel, Studio, enlarged

TITLE = "Interpolate"
SAMPLING = ("sampler", "steps")


class Segment(NamedTuple):
    """What the slider moves along, kept by the browser tab.

    Attributes:
        latents: float32 (2, d), its ends.
        method: "spherical" or "linear".
        options: dict, what ``decode`` takes.
    """

    latents: np.ndarray
    method: Method
    options: dict[str, Any]


def fits(model: GlyphModel) -> bool:
    return True


def build(studio: Studio, models: Sequence[LoadedModel]) -> None:
    import gradio

    characters = any(loaded.model.can_encode for loaded in models)
    with gradio.Row():
        first = gradio.Textbox("0", label="From: a seed" + " or a character" * characters, elem_id="interpolate-first")
        second = gradio.Textbox("1", label="To: a seed" + " or a character" * characters, elem_id="interpolate-second")
        method = gradio.Radio(["spherical", "linear"], value="spherical", label="Method")
        columns = gradio.Slider(2, 48, 12, step=1, label="Images of the row", elem_id="interpolate-columns")
    with gradio.Row():
        sampling = sampling_fields(models, *SAMPLING)
    position = gradio.Slider(0, 1, 0.5, step=0.01, label="Position", elem_id="interpolate-position")

    def draw(first: str, second: str, method: Method, columns: float, position: float, *sampling: Any) -> list[Any]:
        values = dict(zip(SAMPLING, sampling, strict=True))
        results: list[tuple[Any, Any, Any, Segment | None]] = []
        for loaded in models:
            if characters and not loaded.model.can_encode and not are_seeds([first, second]):
                results.append((None, None, None, None))  # a model that cannot, beside one that can
                continue
            options = options_for(loaded.model, values)
            points, images = between(loaded, first, second, method, int(columns), **options)
            path = Segment(points.latents, method, options)
            row, animation = studio.png(row_of(points, images)), studio.animation(animation_of(images))
            results.append((row, animation, still(studio, loaded.model, path, position), path))
        return [value for values_of_models in zip(*results, strict=True) for value in values_of_models]

    def slide(position: float, *paths: Segment | None) -> tuple[str | None, ...]:
        return tuple(still(studio, loaded.model, path, position) for loaded, path in zip(models, paths, strict=True))

    start = gradio.Column()
    rows, animations, stills, paths = [], [], [], []
    with gradio.Row():
        for number, loaded in enumerate(models):
            with gradio.Column():
                rows.append(picture(loaded.name, f"interpolate-row-{number}"))
                with gradio.Row():
                    with gradio.Column(min_width=160):
                        stills.append(picture("At the slider's position", f"interpolate-still-{number}"))
                    with gradio.Column(min_width=160):
                        animations.append(picture("There and back", f"interpolate-moving-{number}", "gif"))
                paths.append(gradio.State())
    with start:
        inputs = [first, second, method, columns, position, *sampling]
        run_button(studio, "Walk", draw, inputs, [*rows, *animations, *stills, *paths], "interpolate-run")
    handler = event_handler(studio, slide, stills)
    position.release(handler, [position, *paths], stills, show_progress="hidden", api_visibility="private")


def between(
    loaded: LoadedModel, first: str, second: str, method: Method, columns: int, **options: Any
) -> tuple[Points, np.ndarray]:
    """The walk between two ends, a seed or a character each.

    Args:
        loaded: LoadedModel.
        first, second: str.
        method: "spherical" or "linear".
        columns: int, images of the walk; ``steps`` are the sampler's.
        **options: what the model's ``decode`` takes.

    Returns:
        (Points of the two ends, uint8 (columns, h, w, c)).

    Raises:
        GlyphError: neither a seed nor a character of the data, or a character for a model that does not encode.
    """
    points = ends_of(loaded, [first, second])
    path = walk(loaded.model, points.latents[:1], points.latents[1:], columns, method)[0]
    return points, decode_latents(loaded.model, path, **options)


def are_seeds(words: Sequence[str]) -> bool:
    """Whether all words are numbers that can be seeds."""
    words = [word.strip() for word in words]
    return all(word.isascii() and word.isdecimal() and len(word) <= 10 and int(word) < 2**31 for word in words)


def ends_of(loaded: LoadedModel, words: Sequence[str]) -> Points:
    """``Points`` of words that are seeds or characters; either all or none have images."""
    words = ["".join(read(word).text.split()) for word in words]
    if are_seeds(words):
        return latent_points.seed_points(loaded.model, [int(word) for word in words])
    for word in words:
        if len(word) != 1:
            raise UsageError(f"found {word[:20]!r}, expected two seeds (0 to {2**31 - 1}) or two characters")
    latent_points.check_can_encode(loaded.model)
    images = latent_points.find_characters(loaded.glyphs, words)
    return latent_points.image_points(loaded.model, images, words)


def row_of(points: Points, images: np.ndarray) -> np.ndarray:
    """A strip of the walk, between the real images where there are some: uint8 (H, W, c)."""
    if points.images is not None:
        images = np.concatenate([points.images[:1], images, points.images[1:]])
    return enlarge(grid(images, columns=min(len(images), 14))[None], max(1, round(64 / images.shape[1])))[0]


def animation_of(images: np.ndarray) -> np.ndarray:
    """There and back, enlarged: uint8 (n, h, w, c)."""
    frames = np.concatenate([images, images[-2:0:-1]])
    return enlarge(frames, max(1, round(320 / frames.shape[1])))


def still(studio: Studio, model: GlyphModel, path: Segment | None, position: float) -> str | None:
    """A file of the image at a position of a path, from 0 to 1; None before the first walk."""
    if path is None:
        return None
    latents = walk(model, path.latents[:1], path.latents[1:], np.array([position]), path.method)
    return studio.png(enlarged(decode_latents(model, latents, **path.options)[0, 0]))
