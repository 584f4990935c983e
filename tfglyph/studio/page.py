"""The page itself: a tab for everything that fits the models."""

import html
import os
from typing import TYPE_CHECKING

from tfglyph.files import PathLike
from tfglyph.studio.state import Studio
from tfglyph.studio.tabs import fitting

if TYPE_CHECKING:
    import gradio

# Whole pixels instead of blur, and nothing that asks another machine for a font.
CSS = """
.glyphs img { image-rendering: pixelated; }
.figures .thumbnail-item { aspect-ratio: auto !important; }
.gradio-container { max-width: 1500px !important; }
footer { display: none !important; }
.grid-wrap { max-height: none !important; overflow: visible !important; }
"""
FONTS = ("system-ui", "sans-serif")
MONOSPACE = ("ui-monospace", "monospace")


def prepare_environment(outputs: PathLike) -> None:
    """Sets the variables by which gradio, at its first import, asks no other machine and keeps its files in our folder.

    Args:
        outputs: path of an own folder.
    """
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["GRADIO_TEMP_DIR"] = os.fspath(outputs)
    os.environ.pop("GRADIO_ALLOWED_PATHS", None)
    for name in ("NO_PROXY", "no_proxy"):  # gradio looks whether its own page answers
        os.environ[name] = ",".join(filter(None, [os.environ.get(name), "127.0.0.1,localhost"]))


def build(studio: Studio) -> "gradio.Blocks":
    """The gradio page.

    Args:
        studio: Studio with at least one model.

    Returns:
        gradio.Blocks.
    """
    import gradio

    with gradio.Blocks(title="tfglyph studio", analytics_enabled=False, delete_cache=(3600, 86400)) as page:
        names = " · ".join(html.escape(loaded.name) for loaded in studio.models)
        gradio.Markdown(f"## tfglyph studio\n{names}")
        for problem in studio.problems:
            gradio.Markdown(f"**not shown:** {html.escape(problem)}", elem_classes="problem")
        for name, tab, models in fitting(studio.models):
            with gradio.Tab(tab.TITLE, id=name, elem_id=f"tab-{name}"):
                tab.build(studio, models)

        def stop_work(request: gradio.Request) -> None:
            studio.jobs.stop(str(request.session_hash))

        page.unload(stop_work)
    return page


def theme() -> "gradio.themes.Default":
    """A theme with the fonts of the machine that looks."""
    import gradio

    return gradio.themes.Default(font=FONTS, font_mono=MONOSPACE)
