"""The search for interpretable latent directions, with buttons."""

import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

from tfglyph.errors import UsageError
from tfglyph.imaging.animation import grid_frames
from tfglyph.latent import explore
from tfglyph.latent.explore import DIRECTIONS, SMALLEST
from tfglyph.models import GlyphModel
from tfglyph.studio.components import picture, run_button
from tfglyph.studio.state import LoadedModel, Studio

TITLE = "Explore"
NEW = "a new search"
STATE = "state.json"
FRAMES = 12  # from edge to edge


def fits(model: GlyphModel) -> bool:
    return model.architecture.z_dim >= SMALLEST and not model.latents_are_noise


def build(studio: Studio, models: Sequence[LoadedModel]) -> None:
    import gradio

    by_name = {loaded.name: loaded for loaded in models}
    with gradio.Row():
        model = gradio.Dropdown(list(by_name), value=models[0].name, label="Model", visible=len(models) > 1)
        saved = gradio.Dropdown(
            [NEW, *saved_searches(models[0].model)],
            value=NEW,
            label="Begin with",
            elem_id="explore-saved",
            allow_custom_value=False,
        )
        seed = gradio.Number(0, precision=0, minimum=0, label="Seed of a new search", elem_id="explore-seed")
        points = gradio.Radio(["9", "16"], value="9", label="Starting points")
        squeeze = gradio.Slider(0.1, 1, 0.7, step=0.05, label="Squeeze rejected directions by")
    model.change(
        lambda name: gradio.Dropdown([NEW, *saved_searches(by_name[name].model)], value=NEW),
        model,
        saved,
        api_visibility="private",
    )

    def begin(name: str, saved: str, seed: Any, points: str) -> tuple[Any, ...]:
        loaded = by_name[name]
        state, path = begin_search(loaded, saved, int(seed or 0))
        choices = gradio.Dropdown([NEW, *saved_searches(loaded.model)])
        return *_show_round(studio, loaded, state, path, int(points)), choices

    def next_round(search: Mapping[str, Any] | None, points: str, squeeze: float, *verdicts: str) -> tuple[Any, ...]:
        if search is None:
            raise UsageError("begin a search first")
        loaded, state, path = by_name[search["model"]], search["state"], pathlib.Path(search["path"])
        keep = {number for number, verdict in enumerate(verdicts) if verdict == "accept"}
        state = state.after_round(keep, float(squeeze), state.draw()[0])
        explore.save_state(path, state, loaded.name)
        return _show_round(studio, loaded, state, path, int(points))

    begin_row = gradio.Column()
    animations, verdicts = [], []
    with gradio.Row():
        for number in range(DIRECTIONS):
            with gradio.Column(min_width=200):
                animations.append(picture(f"Direction {number}", f"explore-direction-{number}", "gif"))
                verdicts.append(
                    gradio.Radio(
                        ["accept", "reject"],
                        value="reject",
                        label="Does it change one property?",
                        container=False,
                        elem_id=f"explore-verdict-{number}",
                    )
                )
    status = gradio.Markdown(elem_id="explore-status")
    search = gradio.State()
    outputs = [*animations, *verdicts, status, search]
    with begin_row:
        run_button(studio, "Begin", begin, [model, saved, seed, points], [*outputs, saved], "explore-begin")
    run_button(studio, "Next round", next_round, [search, points, squeeze, *verdicts], outputs, "explore-next")


def _show_round(
    studio: Studio, loaded: LoadedModel, state: explore.State, path: pathlib.Path, points: int
) -> tuple[Any, ...]:
    """The pictures of the next round, the verdicts set back, the status, and the state of the browser tab."""
    directions, frame = state.draw()
    cells = explore.animate(loaded.model, directions, frame, state.seed, points, FRAMES)
    animations = [studio.animation(grid_frames(each)) for each in cells]
    saved = f"; saved in `{path}`, which `tfglyph explore --state` continues" if path.exists() else ""
    counts = f"{len(state.kept)} accepted, {len(state.rejected)} rejected so far"
    status = f"**Round {state.round + 1}** of {loaded.name}: {counts}{saved}"
    search = {"model": loaded.name, "state": state, "path": str(path)}
    return *animations, *(["reject"] * len(animations)), status, search


def begin_search(loaded: LoadedModel, saved: str, seed: int) -> tuple[explore.State, pathlib.Path]:
    """A search to go on with, and the file that it is saved in.

    Args:
        loaded: LoadedModel.
        saved: ``NEW`` or one of ``saved_searches``.
        seed: int, of a new one.

    Raises:
        UsageError: there is no such search, or it is another model's.
    """
    model = loaded.model
    parent, dimensions = model.run.output_directory, model.architecture.z_dim
    if saved == NEW:
        state, path = explore.start(model, seed), _new_directory(parent) / STATE
        explore.save_state(path, state, loaded.name)
        return state, path
    if saved not in saved_searches(model):
        raise UsageError(f"{saved}: no such search")
    path = parent / saved / STATE
    state = explore.load_state(path)
    if state.dimensions != dimensions:
        raise UsageError(f"{saved}: a search in {state.dimensions} dimensions, but z has {dimensions}")
    return state, path


def _new_directory(parent: pathlib.Path) -> pathlib.Path:
    """Makes the next of ``explore-1``, ``explore-2``, ...: at once, as two browser tabs may begin together."""
    number = 1
    while True:
        try:
            (parent / f"explore-{number}").mkdir(parents=True)
        except FileExistsError:
            number += 1
        else:
            return parent / f"explore-{number}"


def saved_searches(model: GlyphModel) -> list[str]:
    """Names of the searches saved for a model's run, such as "explore-1"."""
    return sorted(path.parent.name for path in model.run.output_directory.glob(f"explore-*/{STATE}"))
