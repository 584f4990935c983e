"""How a button's function runs: as stoppable work of its browser tab, with messages for what goes wrong."""

import functools

from tfglyph.studio.jobs import StoppedError, message


def working(studio, function, outputs):
    """A gradio event function that runs ``function`` as work of the browser tab that asks.

    Args:
        studio: tfglyph.studio.state.Studio.
        function: takes the values of the event's inputs. Gives a sequence of values for a list of outputs, and a value
            for a bare one.
        outputs: list of gradio components, or one of them.

    Returns:
        A function for a gradio event; where the work is stopped or fails, outputs stay what they were and a message
        appears.
    """
    import gradio

    def handler(request: gradio.Request, progress=gradio.Progress(), *inputs):  # noqa: B008, gradio looks for it
        def work():
            found = function(*inputs)
            return found[0] if isinstance(outputs, list) and len(outputs) == 1 else found

        return _run(studio, work, request, progress)

    return handler


def choosing(studio, function):
    """As ``working``, for a click on one of several images: ``function`` takes the image's index first."""
    import gradio

    def handler(event: gradio.SelectData, request: gradio.Request, progress=gradio.Progress(), *inputs):  # noqa: B008
        return _run(studio, functools.partial(function, event.index, *inputs), request, progress)

    return handler


def _run(studio, function, request, progress):
    import gradio

    def show(done, total, description):
        progress((done, total), desc=description)

    try:
        return studio.jobs.run(request.session_hash, function, show)
    except StoppedError:
        pass
    except Exception as error:
        gradio.Warning(message(error), duration=15, title="That did not work")
    return gradio.skip()  # all outputs stay what they were


def stopping(studio):
    """The gradio event function of a stop button."""
    import gradio

    def handler(request: gradio.Request):
        if studio.jobs.stop(request.session_hash):
            gradio.Info("stopped", duration=3)

    return handler


def run_button(studio, label, function, inputs, outputs, identity):
    """A button that starts work, and one that stops it.

    Args:
        studio: tfglyph.studio.state.Studio.
        label: str, on the first button.
        function: see ``working``.
        inputs, outputs: lists of gradio components.
        identity: str, the first button's element id; the second's has ``-stop`` behind it.

    Returns:
        The event, for what else should happen.
    """
    import gradio

    with gradio.Row():
        start = gradio.Button(label, variant="primary", elem_id=identity, scale=3)
        stop = gradio.Button("Stop", elem_id=f"{identity}-stop", scale=1)
    event = start.click(working(studio, function, outputs), inputs, outputs, api_visibility="private")
    stop.click(stopping(studio), cancels=[event], show_progress="hidden", api_visibility="private")
    return event


def picture(title, identity, kind="png", figure=False):
    """A title and a place for an image file under it.

    Args:
        title: str.
        identity: str, the image's element id.
        kind: "png" or "gif".
        figure: bool, whether it has text in it; otherwise its pixels are glyphs' and stay sharp.

    Returns:
        gradio.Image, to be given a path.
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
        elem_id=identity,
        elem_classes="figures" if figure else "glyphs",
    )


def pictures(title, identity, columns, paths=None, figures=False):
    """A title and a place for several image files under it: gradio.Gallery, to be given paths. As ``picture`` besides.

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
        allow_preview=figures,
        interactive=False,
        buttons=["download"],
        elem_id=identity,
        elem_classes="figures" if figures else "glyphs",
    )


def gallery_with_view(name, number, shown, columns, downloads):
    """A model's images, and under them a large view of one with what it is and files of it.

    Args:
        name: str, of the tab; element ids begin with it.
        number: int, of the model on the page.
        shown: tfglyph.studio.state.LoadedModel.
        columns: int, images in a row.
        downloads: dict from the last word of a button's element id to its label.

    Returns:
        (gradio.Gallery, gradio.State, [large view, text, a gradio.DownloadButton for each of ``downloads``]).
    """
    import gradio

    gallery = pictures(shown.name, f"{name}-gallery-{number}", columns)
    state = gradio.State()
    with gradio.Row():
        with gradio.Column(scale=2, min_width=200):
            view = picture("Click an image for a large view", f"{name}-large-{number}")
        with gradio.Column(scale=1, min_width=120):
            about = gradio.Markdown(elem_id=f"{name}-about-{number}")
            buttons = [
                gradio.DownloadButton(label, visible=False, elem_id=f"{name}-{key}-{number}")
                for key, label in downloads.items()
            ]
    return gallery, state, [view, about, *buttons]


def sampling_fields(models):
    """Fields for the sampler and its steps, shown where one of the models has them.

    Returns:
        [Dropdown, Number]; ``taken`` makes options of their values.
    """
    import gradio

    from tfglyph.diffusion.samplers import SAMPLERS

    takes = {name for shown in models for name in shown.model.sampling_options}
    return [
        gradio.Dropdown(
            [("the model's own", ""), *((name, name) for name in SAMPLERS)],
            value="",
            label="Sampler",
            visible="sampler" in takes,
        ),
        gradio.Number(0, precision=0, minimum=0, label="Sampling steps (0: the model's own)", visible="steps" in takes),
    ]


def taken(model, given):
    """Those options that a model takes.

    Args:
        model: a GlyphModel.
        given: dict from option to value; an empty or missing one, and 0, count as not given.

    Returns:
        dict for ``sample`` and ``decode``.
    """
    options = {name: given.get(name) for name in model.sampling_options}
    return {name: value for name, value in options.items() if value not in (None, "", 0)}
