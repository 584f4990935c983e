"""The functions of events: they run as stoppable work of their browser tab, with messages for what goes wrong."""

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tfglyph.studio.jobs import WorkStoppedError, message
from tfglyph.studio.state import Studio

if TYPE_CHECKING:
    import gradio

EventFunction = Callable[..., Any]
"""What gradio calls with the values of an event's inputs."""


def event_handler(studio: Studio, function: Callable[..., Any], outputs: Any) -> EventFunction:
    """A gradio event function that runs ``function`` as work of the browser tab that asks.

    Args:
        studio: Studio.
        function: takes the values of the event's inputs. Returns a sequence of values for a list of outputs, and a
            value for a single one.
        outputs: list of gradio components, or one of them.

    Returns:
        A function for a gradio event; where the work is stopped or fails, outputs stay what they were and a message
        appears.
    """
    import gradio

    def handler(
        request: gradio.Request,
        progress: gradio.Progress = gradio.Progress(),  # noqa: B008, gradio looks for it
        *inputs: Any,
    ) -> Any:
        def work() -> Any:
            values = function(*inputs)
            return values[0] if isinstance(outputs, list) and len(outputs) == 1 else values

        return _run(studio, work, request, progress)

    return handler


def select_handler(studio: Studio, function: Callable[..., Any]) -> EventFunction:
    """As ``event_handler``, for a click on one of several images: ``function`` takes the image's index first."""
    import gradio

    def handler(
        event: gradio.SelectData,
        request: gradio.Request,
        progress: gradio.Progress = gradio.Progress(),  # noqa: B008, as above
        *inputs: Any,
    ) -> Any:
        return _run(studio, functools.partial(function, event.index, *inputs), request, progress)

    return handler


def stop_handler(studio: Studio) -> EventFunction:
    """The gradio event function of a stop button."""
    import gradio

    def handler(request: gradio.Request) -> None:
        if studio.jobs.stop(_session(request)):
            gradio.Info("stopped", duration=3)

    return handler


def _run(studio: Studio, function: Callable[[], Any], request: "gradio.Request", progress: "gradio.Progress") -> Any:
    import gradio

    def show(done: int, total: int | None, description: str) -> None:
        progress((done, total), desc=description)

    try:
        return studio.jobs.run(_session(request), function, show)
    except WorkStoppedError:
        pass
    except Exception as error:
        gradio.Warning(message(error), duration=15, title="That did not work")
    return gradio.skip()  # all outputs stay what they were


def _session(request: "gradio.Request") -> str:
    return str(request.session_hash)
