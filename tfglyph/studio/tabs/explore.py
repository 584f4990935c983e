"""The search for directions that mean something, with buttons."""

import pathlib

from tfglyph.studio.handlers import picture, run_button

TITLE = "Explore"
NEW = "a new search"
FRAMES = 12  # from edge to edge


def fits(model):
    from tfglyph.latent.explore import SMALLEST

    return model.architecture.z_dim >= SMALLEST and model.architecture.mode != "DDPM"


def build(studio, models):
    import gradio

    from tfglyph.latent.explore import DIRECTIONS

    names = {shown.name: shown for shown in models}
    with gradio.Row():
        chosen = gradio.Dropdown(list(names), value=models[0].name, label="Model", visible=len(models) > 1)
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
    chosen.change(
        lambda name: gradio.Dropdown([NEW, *saved_searches(names[name].model)], value=NEW),
        chosen,
        saved,
        api_visibility="private",
    )

    def begin(name, saved, seed, points):
        shown = names[name]
        state, path = begun(shown.model, saved, seed)
        choices = gradio.Dropdown([NEW, *saved_searches(shown.model)])
        return *_round(studio, shown, state, path, int(points)), choices

    def following(search, points, squeeze, *verdicts):
        from tfglyph.errors import UsageError
        from tfglyph.latent import explore

        if search is None:
            raise UsageError("begin a search first")
        shown = names[search["model"]]
        keep = {number for number, verdict in enumerate(verdicts) if verdict == "accept"}
        state = search["state"].after_round(keep, float(squeeze), search["state"].draw()[0])
        path = pathlib.Path(search["path"])
        explore.save_state(path, state, shown.name)
        return _round(studio, shown, state, path, int(points))

    begin_row = gradio.Column()
    moving, verdicts = [], []
    with gradio.Row():
        for number in range(DIRECTIONS):
            with gradio.Column(min_width=200):
                moving.append(picture(f"Direction {number}", f"explore-direction-{number}", "gif"))
                verdicts.append(
                    gradio.Radio(
                        ["accept", "reject"],
                        value="reject",
                        label="Does it change one property?",
                        container=False,
                        elem_id=f"explore-verdict-{number}",
                    )
                )
    told = gradio.Markdown(elem_id="explore-told")
    search = gradio.State()
    outputs = [*moving, *verdicts, told, search]
    with begin_row:
        run_button(studio, "Begin", begin, [chosen, saved, seed, points], [*outputs, saved], "explore-begin")
    run_button(studio, "Next round", following, [search, points, squeeze, *verdicts], outputs, "explore-next")


def _round(studio, shown, state, path, points):
    """The pictures of the next round, the verdicts set back, what to say, and the state of the browser tab."""
    from tfglyph.imaging.animation import grid_frames
    from tfglyph.latent import explore

    directions, frame = state.draw()
    cells = explore.animate(shown.model, directions, frame, state.seed, points, FRAMES)
    moving = [studio.animation(grid_frames(each)) for each in cells]
    saved = f"; saved in `{path}`, which `tfglyph explore --state` continues" if path.exists() else ""
    counts = f"{len(state.kept)} accepted, {len(state.rejected)} rejected so far"
    told = f"**Round {state.round + 1}** of {shown.name}: {counts}{saved}"
    search = {"model": shown.name, "state": state, "path": str(path)}
    return *moving, *(["reject"] * len(moving)), told, search


def begun(model, saved, seed):
    """A search to go on with: (explore.State, pathlib.Path where it is saved).

    Args:
        model: a GlyphModel.
        saved: ``NEW`` or one of ``saved_searches``.
        seed: int, of a new one.

    Raises:
        UsageError: there is no such search, or it is another model's.
    """
    from tfglyph.errors import UsageError
    from tfglyph.latent import explore

    if saved == NEW:
        parent = model.run.output_directory
        for number in range(1, 100_000):  # the folder is taken at once, as two browser tabs may begin together
            try:
                (parent / f"explore-{number}").mkdir(parents=True)
            except FileExistsError:
                continue
            state, path = explore.start(model, int(seed or 0)), parent / f"explore-{number}" / "state.json"
            explore.save_state(path, state, model.name)
            return state, path
    if saved not in saved_searches(model):
        raise UsageError(f"{saved}: no such search")
    path = model.run.output_directory / saved / "state.json"
    state = explore.load_state(path)
    if state.dimensions != model.architecture.z_dim:
        raise UsageError(f"{saved}: a search in {state.dimensions} dimensions, but z has {model.architecture.z_dim}")
    return state, path


def saved_searches(model):
    """Names of the searches saved for a model's run: list of str such as "explore-1"."""

    return sorted(path.parent.name for path in model.run.output_directory.glob("explore-*/state.json"))
