"""Sliders and pickers for codes: what each of them changes."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tfglyph.latent.points import seed_points
from tfglyph.latent.traverse import grids, with_code
from tfglyph.models import GlyphModel
from tfglyph.studio.components import picture, pictures, run_button
from tfglyph.studio.handlers import event_handler
from tfglyph.studio.state import LoadedModel, Studio, enlarged

TITLE = "Codes"
MOST = 24  # controls of a kind on the page
GRID_SEEDS = 10


def fits(model: GlyphModel) -> bool:
    return model.architecture.input_codes is not None


def build(studio: Studio, models: Sequence[LoadedModel]) -> None:
    import gradio

    for number, loaded in enumerate(models):
        with gradio.Accordion(loaded.name, open=True):
            _build_controls(studio, loaded, number)
            if number + 1 < len(models):
                gradio.Markdown("---")


def _build_controls(studio: Studio, loaded: LoadedModel, number: int) -> None:
    import gradio

    codes = loaded.model.architecture.input_codes
    if codes is None:
        return
    firsts: list[Any] = []
    seconds: list[Any] = []
    fractions: list[Any] = []
    sliders: list[Any] = []
    with gradio.Row():
        with gradio.Column():
            seed = gradio.Number(
                0, precision=0, minimum=0, label="Seed of everything else", elem_id=f"codes-seed-{number}"
            )
            for code, num_categories in enumerate(codes.categorical[:MOST], start=1):
                choices = [str(category) for category in range(num_categories)]
                with gradio.Row():
                    name = f"codes-picker-{number}-{code}"
                    firsts.append(gradio.Dropdown(choices, value="0", label=f"Code {code}", elem_id=name))
                    seconds.append(gradio.Dropdown(choices, value=choices[-1], label="mixed with"))
                    fractions.append(gradio.Slider(0, 1, 0, step=0.05, label="fraction"))
            for code in range(1, min(codes.continuous, MOST) + 1):
                name = f"codes-slider-{number}-{code}"
                sliders.append(gradio.Slider(-2, 2, 0, step=0.05, label=f"Continuous {code}", elem_id=name))
        with gradio.Column():
            image = picture("The glyph", f"codes-image-{number}")

    def draw(seed: Any, *values: Any) -> str:
        count = len(firsts)
        parts = (values[:count], values[count : 2 * count], values[2 * count : 3 * count], values[3 * count :])
        return studio.png(enlarged(image_of_codes(loaded.model, seed, *parts)))

    def draw_grids(seed: Any) -> list[str]:
        seeds = list(range(int(seed or 0), int(seed or 0) + GRID_SEEDS))
        return [studio.png(grid.figure()) for grid in grids(loaded.model, seed_points(loaded.model, seeds))]

    controls = [seed, *firsts, *seconds, *fractions, *sliders]
    for control in controls:
        event = control.release if isinstance(control, gradio.Slider) else control.change
        handler = event_handler(studio, draw, image)
        event(handler, controls, image, show_progress="hidden", api_visibility="private")
    run_button(studio, "Draw", draw, controls, image, f"codes-run-{number}")
    below = gradio.Column()
    tables = pictures("All categories and values", f"codes-grids-{number}", columns=2, has_text=True)
    with below:
        run_button(studio, "Draw the grids", draw_grids, [seed], tables, f"codes-grid-{number}")


def image_of_codes(
    model: GlyphModel,
    seed: Any,
    firsts: Sequence[str],
    seconds: Sequence[str],
    fractions: Sequence[float],
    continuous: Sequence[float],
) -> np.ndarray:
    """The image of a seed with other codes.

    Args:
        model: a GlyphModel with codes.
        seed: int, or None for 0.
        firsts, seconds: str for each categorical code, the two categories that are mixed.
        fractions: float for each, the second's weight.
        continuous: float for each continuous code.

    Returns:
        uint8 (h, w, c).
    """
    codes = model.architecture.codes
    categorical = {}
    for index, (first, second, fraction) in enumerate(zip(firsts, seconds, fractions, strict=True)):
        one_hot = np.eye(codes.categorical[index])
        categorical[index] = (1 - fraction) * one_hot[int(first)] + fraction * one_hot[int(second)]
    latent = with_code(model, model.latents([int(seed or 0)]), categorical, dict(enumerate(continuous)))
    return model.decode(latent)[0]
