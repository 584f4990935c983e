"""Requests to stop: SIGTERM and Ctrl-C save and end; a second Ctrl-C ends at once.

Python runs a signal handler only between two bytecodes of the main thread, which may be seconds away while
TensorFlow computes. The signals are therefore read from a wake-up socket by a thread of their own, which
answers at once.
"""

import contextlib
import os
import signal
import socket
import sys
import threading
from types import TracebackType
from typing import Any

from tfglyph.errors import GlyphError


class StoppedError(GlyphError):
    """A run that a signal ended, with everything saved. ``exit_code`` is 128 + the signal: 130 or 143."""

    def __init__(self, message: str, number: int):
        super().__init__(message)
        self.exit_code = 128 + number


class StopRequest:
    """Context in which SIGTERM and Ctrl-C are wishes that the training loop fulfils.

    Outside the main thread, where Python has no signal handlers, it does nothing.

    Attributes:
        number: the signal that asked to stop, or None.
    """

    def __init__(self) -> None:
        self.number: int | None = None
        self._interrupts = 0
        self._before: tuple[dict[signal.Signals, Any], int, socket.socket] | None = None

    @property
    def requested(self) -> bool:
        """bool, whether the loop should save and end."""
        return self.number is not None

    def raise_if_requested(self, step: int, directory: object) -> None:
        """Ends a training that a signal has cut short.

        Raises:
            StoppedError: says at which step, and how to go on.
        """
        if self.number is not None:
            name = "Ctrl-C" if self.number == signal.SIGINT else signal.Signals(self.number).name
            words = f"stopped by {name} and saved at step {step}; go on with --restore_from {directory}"
            raise StoppedError(words, self.number)

    def notice(self, number: int) -> None:
        """Takes note of a signal; ends the process at the second Ctrl-C."""
        if number == signal.SIGINT:
            self._interrupts += 1
            if self._interrupts > 1:
                _say("interrupted again: ending at once; the last whole checkpoint stays")
                os._exit(128 + signal.SIGINT)
        if self.number is None:
            self.number = number
            again = " (Ctrl-C again ends at once)" if number == signal.SIGINT else ""
            _say(f"{signal.Signals(number).name}: saving after this step, then ending{again}")

    def __enter__(self) -> "StopRequest":
        if threading.current_thread() is not threading.main_thread():
            return self
        self._ours, writer = socket.socketpair()
        writer.setblocking(False)
        numbers = (signal.SIGTERM, signal.SIGINT)
        handlers = {number: signal.signal(number, lambda *arguments: None) for number in numbers}
        self._before = handlers, signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False), writer
        threading.Thread(target=self._listen, name="signals", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._before is None:
            return
        handlers, descriptor, writer = self._before
        signal.set_wakeup_fd(descriptor)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        writer.close()  # ends the thread
        self._before = None

    def _listen(self) -> None:
        with self._ours, contextlib.suppress(OSError):
            while data := self._ours.recv(64):
                for number in data:
                    if number in (signal.SIGTERM, signal.SIGINT):
                        self.notice(number)


class AgreedStop:
    """What the callbacks see of a request to stop: of several workers nothing until all know of it.

    Args:
        stop: StopRequest of this process.
        replicas: int, devices that share the training; one worker alone agrees with itself at once.
    """

    def __init__(self, stop: StopRequest, replicas: int = 1):
        self.stop: StopRequest = stop
        self.replicas: int = replicas
        self._agreed = False

    @property
    def requested(self) -> bool:
        """bool, whether to save and end after this step."""
        return self._agreed or (self.replicas == 1 and self.stop.requested)

    @property
    def asked(self) -> bool:
        """bool, whether this process was asked to stop."""
        return self.stop.requested

    def agree(self, fraction: float) -> None:
        """Takes note of the fraction of replicas whose process was asked to stop before this step."""
        if fraction > 0:
            self._agreed = True
            if not self.stop.requested:
                self.stop.notice(signal.SIGTERM)  # another worker was; end as it does


def _say(message: str) -> None:
    print(f"\ntfglyph: {message}", file=sys.stderr, flush=True)
