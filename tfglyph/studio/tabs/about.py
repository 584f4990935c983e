"""What is on the page: architecture, options, training curves."""

import dataclasses
import functools
import html
import json

from tfglyph.studio.handlers import pictures

TITLE = "About"
GROUPS = {"loss": "losses", "mutual_information": "mutual information (nats)", "d_accuracy": "discriminator's accuracy"}


def fits(model):
    return True


def build(studio, models):
    import gradio

    from tfglyph.architecture import dump

    for number, shown in enumerate(models):
        options = dataclasses.asdict(shown.model.run.options)
        with gradio.Accordion(shown.name, open=True):
            gradio.Markdown(summary(shown), elem_id=f"about-summary-{number}")
            curves = pictures("Training", f"about-curves-{number}", 2, _curves(studio, shown), figures=True)
            again = gradio.Button("Read the curves again", size="sm")
            again.click(functools.partial(_curves, studio, shown), None, curves, api_visibility="private")
            with gradio.Row():
                gradio.Code(dump(shown.model.architecture), language="json", label="Architecture", max_lines=24)
                gradio.Code(
                    json.dumps(options, indent=2, ensure_ascii=False), language="json", label="Options", max_lines=24
                )


def _curves(studio, shown):
    return [studio.png(image) for image in training_curves(shown)]


def summary(shown):
    """What a model is, as Markdown."""
    model = shown.model
    architecture = model.architecture
    height, width, channels = architecture.hwc
    counts = ", ".join(
        f"{name} {sum(variable.shape.num_elements() for variable in network.trainable_variables):,}"
        for name, network in model.networks.items()
    )
    lines = [
        f"**{html.escape(shown.name)}**: {architecture.mode}, images of {width} × {height} × {channels}, "
        f"z of {architecture.z_dim} entries",
        f"trainable parameters: {counts}",
        f"from `{model.run.prefix}`",
    ]
    return "\n\n".join(lines)


def training_curves(shown):
    """The numbers of stats.jsonl as pictures.

    Args:
        shown: tfglyph.studio.state.LoadedModel.

    Returns:
        list of uint8 (H, W, 3): one picture for each group of numbers that the run logged.
    """
    from tfglyph.imaging.curves import curves
    from tfglyph.runs.rundir import read_stats

    stats, pictures = read_stats(shown.model.run.directory), []
    for prefix, title in GROUPS.items():
        series = {}
        for name in dict.fromkeys(name for row in stats for name in row if name.partition("/")[0] == prefix):
            rows = [(row["step"], row[name]) for row in stats if row.get(name) is not None]
            if rows:
                series[name.partition("/")[2] or title] = tuple(zip(*rows, strict=True))
        if series:
            pictures.append(curves(title, series, "step", title))
    return pictures
