"""Long work behind a page: it shows how far it is, it can be stopped, and what goes wrong becomes a message."""

import html
import sys
import threading
import traceback

from tfglyph.errors import GlyphError
from tfglyph.progress import report_to

LOOK = 0.1  # seconds between two looks at how far the work is


class StoppedError(Exception):
    """Raised within work that somebody has stopped."""


class Jobs:
    """The work of all browser tabs. One piece at a time computes, as the models share the processor; others wait."""

    def __init__(self):
        self._computing = threading.Lock()
        self._running = {}  # session -> threading.Event that stops its work
        self._table = threading.Lock()

    def run(self, session, function, show=None):
        """Does work in a thread of its own and waits for it.

        Args:
            session: str, the browser tab; what it ran before is stopped.
            function: callable without arguments; its ``tfglyph.progress`` bars are heard.
            show: function of (done, total or None, description), called a few times a second; or None.

        Returns:
            What the function returns.

        Raises:
            StoppedError: somebody called ``stop``.
            Exception: what the function raised.
        """
        stop, done, state, result = threading.Event(), threading.Event(), {}, {}
        with self._table:
            before, self._running[session] = self._running.get(session), stop
        if before is not None:
            before.set()

        def listen(description, finished, total):
            if stop.is_set():
                raise StoppedError
            state["shown"] = (finished, total, description)

        def work():
            try:
                while not self._computing.acquire(timeout=LOOK):
                    if stop.is_set():
                        raise StoppedError
                try:
                    with report_to(listen):
                        result["value"] = function()
                finally:
                    self._computing.release()
            except BaseException as error:
                result["error"] = error
            finally:
                done.set()

        threading.Thread(target=work, name="studio work", daemon=True).start()
        while not done.wait(LOOK):
            if show is not None and "shown" in state:
                show(*state["shown"])
        with self._table:
            if self._running.get(session) is stop:
                del self._running[session]
        if "error" in result:
            # TensorFlow wraps what is raised within its graphs, so the flag says more than the exception.
            raise StoppedError if stop.is_set() else result["error"]
        return result["value"]

    def stop(self, session):
        """Ends the work of a browser tab at its next step; False where it has none."""
        with self._table:
            stop = self._running.get(session)
        if stop is not None:
            stop.set()
        return stop is not None


def message(error):
    """What to tell a person about an exception: one line, safe within HTML."""
    if isinstance(error, GlyphError):
        text = str(error)
    else:
        text = f"internal error, {type(error).__name__}: {error}; the terminal of the studio has the details"
        traceback.print_exception(error, file=sys.stderr)
    return html.escape(" ".join(text.split()))
