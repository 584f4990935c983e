"""What is on the page: architecture, options, training curves."""

import functools
import html
import json
from collections.abc import Sequence

import numpy as np

from tfglyph.architecture import dump
from tfglyph.imaging.curves import curves
from tfglyph.models import GlyphModel
from tfglyph.runs.rundir import read_stats
from tfglyph.studio.components import pictures
from tfglyph.studio.state import LoadedModel, Studio

TITLE = "About"
GROUPS = {"loss": "losses", "mutual_information": "mutual information (nats)", "d_accuracy": "discriminator's accuracy"}


def fits(model: GlyphModel) -> bool:
    return True


def build(studio: Studio, models: Sequence[LoadedModel]) -> None:
    import gradio

    for number, loaded in enumerate(models):
        options = loaded.model.run.options.to_dict()
        with gradio.Accordion(loaded.name, open=True):
            gradio.Markdown(summary(loaded), elem_id=f"about-summary-{number}")
            gallery = pictures(
                "Training", f"about-curves-{number}", columns=2, paths=_curves(studio, loaded), has_text=True
            )
            again = gradio.Button("Read the curves again", size="sm")
            again.click(functools.partial(_curves, studio, loaded), None, gallery, api_visibility="private")
            with gradio.Row():
                gradio.Code(dump(loaded.model.architecture), language="json", label="Architecture", max_lines=24)
                gradio.Code(
                    json.dumps(options, indent=2, ensure_ascii=False), language="json", label="Options", max_lines=24
                )


def _curves(studio: Studio, loaded: LoadedModel) -> list[str]:
    return [studio.png(image) for image in training_curves(loaded)]


def summary(loaded: LoadedModel) -> str:
    """What a model is, as Markdown."""
    model = loaded.model
    architecture = model.architecture
    height, width, channels = architecture.hwc
    counts = ", ".join(
        f"{name} {sum(variable.shape.num_elements() for variable in network.trainable_variables):,}"
        for name, network in model.networks.items()
    )
    lines = [
        f"**{html.escape(loaded.name)}**: {architecture.mode}, images of {width} × {height} × {channels}, "
        f"z of {architecture.z_dim} entries",
        f"trainable parameters: {counts}",
        f"from `{model.run.prefix}`",
    ]
    return "\n\n".join(lines)


def training_curves(loaded: LoadedModel) -> list[np.ndarray]:
    """The numbers of stats.jsonl as pictures: uint8 (H, W, 3) for each group of numbers that the run logged."""
    stats = read_stats(loaded.model.run.directory)
    images = []
    for prefix, title in GROUPS.items():
        series = {}
        for name in dict.fromkeys(name for row in stats for name in row if name.partition("/")[0] == prefix):
            points = [(row["step"], row[name]) for row in stats if row.get(name) is not None]
            if points:
                steps, values = zip(*points, strict=True)
                series[name.partition("/")[2] or title] = (steps, values)
        if series:
            images.append(curves(title, series, "step", title))
    return images
