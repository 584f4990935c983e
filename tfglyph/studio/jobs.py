"""Long work behind a page: it shows how far it is, it can be stopped, and what goes wrong becomes a message."""

import html
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any

from tfglyph.errors import GlyphError
from tfglyph.progress import report_to

POLL_SECONDS = 0.1  # between two looks at how far the work is

ShowProgress = Callable[[int, int | None, str], None]
"""Takes how much is done, the total or None, and a description."""


class WorkStoppedError(Exception):
    """Raised within work that somebody has stopped."""


class Jobs:
    """The work of all browser tabs. One piece at a time computes, as the models share the processor; others wait."""

    def __init__(self) -> None:
        self._computing = threading.Lock()
        self._running: dict[str, threading.Event] = {}  # session -> what stops its work
        self._table = threading.Lock()

    def run(self, session: str, function: Callable[[], Any], show: ShowProgress | None = None) -> Any:
        """Does work in a thread of its own and waits for it.

        Args:
            session: str, the browser tab; what it ran before is stopped.
            function: callable without arguments; its ``tfglyph.progress`` bars report to ``show``.
            show: ShowProgress, called a few times a second; or None.

        Returns:
            What the function returns.

        Raises:
            WorkStoppedError: somebody called ``stop``.
            Exception: what the function raised.
        """
        stop, done = threading.Event(), threading.Event()
        latest: list[tuple[int, int | None, str]] = []
        result: dict[str, Any] = {}
        with self._table:
            before, self._running[session] = self._running.get(session), stop
        if before is not None:
            before.set()

        def report(description: str, finished: int, total: int | None) -> None:
            if stop.is_set():
                raise WorkStoppedError
            latest[:] = [(finished, total, description)]

        def work() -> None:
            try:
                while not self._computing.acquire(timeout=POLL_SECONDS):
                    if stop.is_set():
                        raise WorkStoppedError
                try:
                    with report_to(report):
                        result["value"] = function()
                finally:
                    self._computing.release()
            except BaseException as error:
                result["error"] = error
            finally:
                done.set()

        threading.Thread(target=work, name="studio work", daemon=True).start()
        while not done.wait(POLL_SECONDS):
            if show is not None:
                for progress in latest[:]:
                    show(*progress)
        with self._table:
            if self._running.get(session) is stop:
                del self._running[session]
        if "error" in result:
            # TensorFlow wraps what is raised within its graphs, so the flag says more than the exception.
            raise WorkStoppedError if stop.is_set() else result["error"]
        return result["value"]

    def stop(self, session: str) -> bool:
        """Ends the work of a browser tab at its next step; False where it has none."""
        with self._table:
            stop = self._running.get(session)
        if stop is not None:
            stop.set()
        return stop is not None


def message(error: Exception) -> str:
    """What a person reads about an exception: one line, safe within HTML."""
    if isinstance(error, GlyphError):
        text = str(error)
    else:
        text = f"internal error, {type(error).__name__}: {error}; the terminal of the studio has the details"
        traceback.print_exception(error, file=sys.stderr)
    return html.escape(" ".join(text.split()))
