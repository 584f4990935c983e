"""The gradio components that several tabs share."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from tfglyph.architecture.sampling import SAMPLING_OPTIONS, SamplingOption
from tfglyph.models import GlyphModel
from tfglyph.studio.handlers import event_handler, stop_handler
from tfglyph.studio.state import LoadedModel, Studio

if TYPE_CHECKING:
    import gradio


# === Pictures ===


def picture(title: str, element_id: str, kind: Literal["png", "gif"] = "png", has_text: bool = False) -> "gradio.Image":
    """A title, and below it an image file.

    Args:
        title: str.
        element_id: str, the image's.
        kind: "png" or "gif".
        has_text: bool, whether there is text in it; otherwise its pixels are glyphs' and stay sharp.

    Returns:
        gradio.Image, whose value is a path.
    """
    import gradio

    gradio.Markdown(title)
    return gradio.Image(
        show_label=False,
        label=title,
        format=kind,
        type="filepath",
        interactive=False,
        buttons=["download", "fullscreen"],
        elem_id=element_id,
        elem_classes="figures" if has_text else "glyphs",
    )


def pictures(
    title: str, element_id: str, columns: int, paths: list[str] | None = None, has_text: bool = False
) -> "gradio.Gallery":
    """A title, and below it several image files: gradio.Gallery, whose value is a list of paths. Else as ``picture``.

    Args:
        columns: int, images in a row.
        paths: list of str, what it shows at first, or None.
    """
    import gradio

    gradio.Markdown(title)
    return gradio.Gallery(
        paths,
        show_label=False,
        label=title,
        columns=columns,
        format="png",
        height=None,
        object_fit="contain",
        allow_preview=has_text,
        interactive=False,
        buttons=["download"],
        elem_id=element_id,
        elem_classes="figures" if has_text else "glyphs",
    )


def gallery_with_view(
    tab: str, number: int, loaded: LoadedModel, columns: int, downloads: Mapping[str, str]
) -> tuple["gradio.Gallery", "gradio.State", list[Any]]:
    """A model's images, and under them a large view of one with a description and files of it.

    Args:
        tab: str, the tab's name; element ids begin with it.
        number: int, of the model on the page.
        loaded: LoadedModel.
        columns: int, images in a row.
        downloads: dict from the last word of a button's element id to its label.

    Returns:
        (gradio.Gallery, gradio.State, [large view, text, a gradio.DownloadButton for each of ``downloads``]).
    """
    import gradio

    gallery = pictures(loaded.name, f"{tab}-gallery-{number}", columns)
    state = gradio.State()
    with gradio.Row():
        with gradio.Column(scale=2, min_width=200):
            view = picture("Click an image for a large view", f"{tab}-large-{number}")
        with gradio.Column(scale=1, min_width=120):
            about = gradio.Markdown(elem_id=f"{tab}-about-{number}")
            buttons = [
                gradio.DownloadButton(label, visible=False, elem_id=f"{tab}-{key}-{number}")
                for key, label in downloads.items()
            ]
    return gallery, state, [view, about, *buttons]


# === Buttons ===


def run_button(
    studio: Studio,
    label: str,
    function: Callable[..., Any],
    inputs: list[Any],
    outputs: Any,
    element_id: str,
) -> Any:
    """A button that starts work, and one that stops it.

    Args:
        studio: Studio.
        label: str, on the first button.
        function: see ``event_handler``.
        inputs: list of gradio components.
        outputs: list of gradio components, or one of them.
        element_id: str, the first button's; the second's has ``-stop`` behind it.

    Returns:
        The event, for what else should happen.
    """
    import gradio

    with gradio.Row():
        start = gradio.Button(label, variant="primary", elem_id=element_id, scale=3)
        stop = gradio.Button("Stop", elem_id=f"{element_id}-stop", scale=1)
    event = start.click(event_handler(studio, function, outputs), inputs, outputs, api_visibility="private")
    stop.click(stop_handler(studio), cancels=[event], show_progress="hidden", api_visibility="private")
    return event


# === Sampling options ===


def sampling_fields(models: Sequence[LoadedModel], *names: str) -> list[Any]:
    """Fields for sampling options, visible where one of the models takes them.

    Args:
        models: list of LoadedModel.
        *names: of ``tfglyph.architecture.sampling.SAMPLING_OPTIONS``.

    Returns:
        A gradio component for each name; ``options_for`` makes options of their values.
    """
    accepted = {name for loaded in models for name in accepted_options(loaded.model)}
    return [_field(SAMPLING_OPTIONS[name], name in accepted) for name in names]


def accepted_options(model: GlyphModel) -> list[str]:
    """Names of the sampling options that change something: a model conditioned on no classes has no use for a label."""
    has_labels = model.architecture.conditioning is None or model.architecture.class_count > 0
    return [name for name in model.sampling_options if has_labels or name != "label"]


def _field(option: SamplingOption, visible: bool) -> Any:
    import gradio

    label = option.flag.replace("_", " ").capitalize()
    if option.choices:
        choices = [("the model's own", ""), *((choice, choice) for choice in option.choices)]
        return gradio.Dropdown(choices, value="", label=label, visible=visible)
    if option.low is not None:
        return gradio.Number(
            0,
            precision=0 if option.integer else None,
            minimum=0,
            maximum=option.high,
            label=f"{label} (0: the model's own)",
            visible=visible,
        )
    return gradio.Textbox("", label=f"{label} (empty: any)", info=option.help, max_lines=1, visible=visible)


def options_for(model: GlyphModel, values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of a model's sampling options that somebody filled in.

    Args:
        model: a GlyphModel.
        values: dict from an option's name to a field's value; None, an empty text and 0 leave it to the model.

    Returns:
        dict for ``sample`` and ``decode``; options that the model does not take are left out.
    """
    options = {name: values.get(name) for name in model.sampling_options}
    options = {name: value.strip() if isinstance(value, str) else value for name, value in options.items()}
    return {name: value for name, value in options.items() if value not in (None, "", 0)}
