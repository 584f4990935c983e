"""Characters from descriptions: typed or clicked together, with the tree as one types."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from tfglyph.composition import OPERATORS, resolve
from tfglyph.errors import GlyphError, UsageError
from tfglyph.exemplars.sources import GlyphSource
from tfglyph.files import write_text
from tfglyph.models import GlyphModel
from tfglyph.models.composing import Request, draws_from_exemplars, requests
from tfglyph.models.composing import compose as draw_requests
from tfglyph.outlines import to_svg
from tfglyph.studio.components import gallery_with_view, options_for, run_button, sampling_fields
from tfglyph.studio.handlers import select_handler
from tfglyph.studio.state import LoadedModel, Studio, enlarged
from tfglyph.studio.uploads import SUFFIXES, uploaded_font

TITLE = "Compose"
MOST = 64  # images at once
PARTS = "亻氵木口女扌艹忄土日月火言金糸虫足車門馬魚鳥雨竹心山石田目王酉交各青龍"
EXAMPLE = "⿰酉交"
TREE_DEPTH = 2
SAMPLING = ("steps", "label")


def fits(model: GlyphModel) -> bool:
    return model.architecture.part_tokens is not None or draws_from_exemplars(model)


def build(studio: Studio, models: Sequence[LoadedModel]) -> None:
    import gradio

    typed = _build_input()
    with gradio.Row():
        variants = gradio.Slider(1, 16, 4, step=1, label="Variants", elem_id="compose-variants")
        seed = gradio.Number(0, precision=0, minimum=0, label="Seed", elem_id="compose-seed")
        guidance = gradio.Slider(0, 8, models[0].model.architecture.objective.guidance, step=0.25, label="Guidance")
        sampling = sampling_fields(models, *SAMPLING)
    any_font = any(draws_from_exemplars(loaded.model) for loaded in models)
    font = gradio.File(
        label="Font to draw in: TTF, OTF, TTC, WOFF or WOFF2; none: TW-Kai",
        file_types=SUFFIXES,
        visible=any_font,
        height=100,
        elem_id="compose-font",
    )

    def draw(
        typed: str, variants: float, seed: Any, guidance: float, font: str | None, *sampling: Any
    ) -> tuple[Any, ...]:
        values = dict(zip(SAMPLING, sampling, strict=True))
        galleries, states = [], []
        with exemplars_of(font) as source:
            for loaded in models:
                # A guidance of 0 is a value here, as its slider begins at the model's own.
                options = options_for(loaded.model, values) | {"guidance": guidance}
                own = source if draws_from_exemplars(loaded.model) else None
                to_draw, images = compose(loaded.model, typed, int(variants), int(seed or 0), options, own)
                flat = images.reshape(-1, *images.shape[2:])
                galleries.append([studio.png(enlarged(image, 96)) for image in flat])
                texts = [request.text for request in to_draw for _ in range(int(variants))]
                states.append({"images": flat, "texts": texts})
        return *galleries, *states

    galleries, states, views = [], [], []
    start = gradio.Column()
    with gradio.Row():
        for number, loaded in enumerate(models):
            with gradio.Column():
                columns, downloads = max(2, 8 // len(models)), {"png": "PNG", "svg": "Outlines"}
                gallery, state, view = gallery_with_view("compose", number, loaded, columns, downloads)
                galleries.append(gallery)
                states.append(state)
                views.append(view)
    with start:
        inputs = [typed, variants, seed, guidance, font, *sampling]
        run_button(studio, "Compose", draw, inputs, [*galleries, *states], "compose-run")
    for gallery, state, view in zip(galleries, states, views, strict=True):
        gallery.select(select_handler(studio, large_view(studio)), [state], view, api_visibility="private")


def _build_input() -> Any:
    """The text field of descriptions, buttons that add to it, and the tree beside it; returns the field."""
    import gradio

    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    with gradio.Row():
        with gradio.Column(scale=3):
            typed = gradio.Textbox(
                EXAMPLE,
                label="Descriptions, one per line: ⿰酉交, ⿱艹⿰木木, or a character",
                lines=2,
                max_lines=8,
                elem_id="compose-typed",
            )
            with gradio.Row(elem_id="compose-operators"):
                signs = [
                    (sign, gradio.Button(sign, size="sm", min_width=40, elem_id=f"compose-operator-{number}"))
                    for number, sign in enumerate(OPERATORS)
                ]
            with gradio.Row(elem_id="compose-parts"):
                signs += [(part, gradio.Button(part, size="sm", min_width=40)) for part in PARTS]
            with gradio.Row():
                clear = gradio.Button("Clear", size="sm", elem_id="compose-clear")
                back = gradio.Button("Back", size="sm", elem_id="compose-back")
        with gradio.Column(scale=2):
            tree = gradio.Textbox(
                tree_of(EXAMPLE), label="What it says", lines=8, interactive=False, elem_id="compose-tree"
            )

    def with_tree(text: str) -> tuple[str, str]:
        return text, tree_of(text)

    def adding(sign: str) -> Callable[[str], tuple[str, str]]:
        return lambda text: with_tree(text + sign)

    for sign, button in signs:
        button.click(adding(sign), typed, [typed, tree], **quiet)
    clear.click(lambda: ("", ""), None, [typed, tree], **quiet)
    back.click(lambda text: with_tree(text[:-1]), typed, [typed, tree], **quiet)
    typed.input(tree_of, typed, tree, **quiet)
    return typed


def tree_of(text: str) -> str:
    """The trees of what is typed so far, or what is still missing: one line per level, never an exception."""
    trees = []
    for line in text.splitlines():
        if line.strip():
            try:
                trees.append(resolve(line, TREE_DEPTH).show())
            except GlyphError as error:
                trees.append(str(error))
    return "\n".join(trees)


@contextlib.contextmanager
def exemplars_of(font: str | None) -> Iterator[GlyphSource | None]:
    """The glyphs of an uploaded font, which a child process draws while the context lasts; None without a font.

    Raises:
        GlyphError: as ``uploaded_font``, in this function or within the context.
    """
    if font is None:
        yield None
        return
    with uploaded_font(font) as upload:
        yield upload.source


def compose(
    model: GlyphModel,
    typed: str,
    variants: int,
    seed: int,
    options: Mapping[str, Any],
    font: GlyphSource | None = None,
) -> tuple[list[Request], np.ndarray]:
    """What is asked for, and its images.

    Args:
        model: a GlyphModel that ``fits``.
        typed: str, a description per line.
        variants, seed: int.
        options: dict, what ``sample`` takes.
        font: GlyphSource or None, the font to draw in, for a model that draws from exemplars; None: TW-Kai.

    Returns:
        (list of d Request, uint8 (d, variants, h, w, c)).

    Raises:
        UsageError: nothing is typed, too much, or no description.
    """
    lines = [line.strip() for line in typed.splitlines() if line.strip()]
    if not lines:
        raise UsageError("type a description, such as ⿰酉交")
    if len(lines) * variants > MOST:
        raise UsageError(f"{len(lines)} descriptions with {variants} variants each are more than {MOST} images")
    to_draw = requests(model, lines)
    return to_draw, draw_requests(model, to_draw, variants, seed, font, **options)


def large_view(studio: Studio) -> Callable[..., tuple[Any, ...]]:
    """The function of a click on an image: a large view, its description, and files of it."""

    def view(index: int, state: Mapping[str, Any]) -> tuple[Any, ...]:
        import gradio

        image, text = state["images"][index], state["texts"][index]
        try:
            outlines = studio.file(".svg")
            write_text(outlines, to_svg(image))
            svg = gradio.DownloadButton("Outlines (SVG)", value=str(outlines), visible=True)
        except GlyphError as error:  # the tracer is not installed
            svg = gradio.DownloadButton(str(error), interactive=False, visible=True)
        png = gradio.DownloadButton("Image (PNG)", value=studio.png(image), visible=True)
        return studio.png(enlarged(image, 512)), f"**{text}**", png, svg

    return view
