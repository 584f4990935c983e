"""New glyphs: a grid for each model on the same seeds, and a closer look at one of them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tfglyph.errors import UsageError
from tfglyph.latent.interpolation import decode_latents
from tfglyph.latent.sampling import sample_pairs, tempered
from tfglyph.models import GlyphModel
from tfglyph.studio.components import (
    accepted_options,
    gallery_with_view,
    options_for,
    run_button,
    sampling_fields,
)
from tfglyph.studio.handlers import select_handler
from tfglyph.studio.state import LoadedModel, Studio, enlarged

TITLE = "Generate"
MOST = 100  # images at once
LARGEST = 2048  # side of a CPPN's image on the page
SAMPLING = ("sampler", "steps", "label", "guidance")


def fits(model: GlyphModel) -> bool:
    return True


def build(studio: Studio, models: Sequence[LoadedModel]) -> None:
    import gradio

    any_size = any(loaded.model.architecture.renders_any_size for loaded in models)
    with gradio.Row():
        count = gradio.Slider(1, MOST, 16, step=1, label="Images", elem_id="generate-count")
        seed = gradio.Number(0, precision=0, minimum=0, label="First seed", elem_id="generate-seed")
        temperature = gradio.Slider(0, 2, 1, step=0.05, label="Temperature", elem_id="generate-temperature")
        size = gradio.Slider(
            32, LARGEST, 512, step=1, label="Size of the large view (CPPN)", visible=any_size, elem_id="generate-size"
        )
    with gradio.Row(visible=any(accepted_options(loaded.model) for loaded in models)):
        sampling = sampling_fields(models, *SAMPLING)

    def draw(count: float, seed: Any, temperature: float, *sampling: Any) -> tuple[Any, ...]:
        values = dict(zip(SAMPLING, sampling, strict=True))
        seeds = list(range(int(seed or 0), int(seed or 0) + int(count)))
        galleries, states = [], []
        for loaded in models:
            options = options_for(loaded.model, values)
            images, latents = generate(loaded.model, seeds, float(temperature), options)
            galleries.append([studio.png(enlarged(image, 96)) for image in images])
            states.append({"seeds": seeds, "images": images, "latents": latents, "label": options.get("label")})
        return *galleries, *states

    galleries, states, views = [], [], []
    start = gradio.Column()
    with gradio.Row():
        for number, loaded in enumerate(models):
            with gradio.Column():
                columns, downloads = max(2, 8 // len(models)), {"download": "Download"}
                gallery, state, view = gallery_with_view("generate", number, loaded, columns, downloads)
                galleries.append(gallery)
                states.append(state)
                views.append(view)
    with start:
        inputs = [count, seed, temperature, *sampling]
        run_button(studio, "Generate", draw, inputs, [*galleries, *states], "generate-run")
    for loaded, gallery, state, view in zip(models, galleries, states, views, strict=True):
        handler = select_handler(studio, large_view(studio, loaded))
        gallery.select(handler, [state, size], view, api_visibility="private")


def generate(
    model: GlyphModel, seeds: Sequence[int], temperature: float, options: Mapping[str, Any]
) -> tuple[np.ndarray, np.ndarray]:
    """Images of seeds.

    Args:
        model: a GlyphModel.
        seeds: list of int.
        temperature: float; 1 leaves a diffusion model at what its file says.
        options: dict, what ``sample`` takes.

    Returns:
        (uint8 (n, h, w, c), float32 (n, d) latents).

    Raises:
        UsageError: seeds beyond 2**31 - 1, no such class, ...
    """
    if seeds[-1] >= 2**31:
        raise UsageError(f"seeds end at {2**31 - 1}, found {seeds[-1]}")
    pairs = [(seed, 0) for seed in seeds]
    images = sample_pairs(model, pairs, None if temperature == 1.0 else temperature, **options)
    return images, tempered(model, model.latents(seeds), temperature)


def large_view(studio: Studio, loaded: LoadedModel) -> Callable[..., tuple[Any, ...]]:
    """The function of a click on an image: a large view, a description, and a file of it."""

    def view(index: int, state: Mapping[str, Any], size: float) -> tuple[Any, ...]:
        import gradio

        seed, image = state["seeds"][index], state["images"][index]
        if loaded.model.architecture.renders_any_size:
            options = {"label": state["label"]} if state["label"] is not None else {}
            image = decode_latents(loaded.model, state["latents"][index], (int(size), int(size)), **options)
            large = image
        else:
            large = enlarged(image, 512)
        height, width = image.shape[:2]
        text = f"**seed {seed}**\n\n{width} × {height} pixels\n\n{loaded.name}"
        file = studio.png(image)
        return studio.png(large), text, gradio.DownloadButton(f"Download seed {seed}", value=file, visible=True)

    return view
