"""One way to show that work goes on: a bar with rate and time left, once it has taken two seconds."""

import contextlib
import contextvars
import functools
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Sized
from types import TracebackType
from typing import Any

SECONDS_PER_LINE = 30.0
LINE = "{desc}: {n_fmt} of {total_fmt}, {rate_fmt}, {elapsed} gone, {remaining} left{postfix}"
LINE_WITHOUT_TOTAL = "{desc}: {n_fmt}, {rate_fmt}, {elapsed} gone{postfix}"

ProgressCallback = Callable[[str, int, int | None], None]
"""Takes a description, how much is done, and the total or None."""
Bar = Any
"""A ``tqdm`` bar or a ``CallbackBar``: iterable, context manager, with ``update`` and ``set_postfix``."""

_hidden: contextvars.ContextVar[bool] = contextvars.ContextVar("hidden", default=False)
_callback: contextvars.ContextVar[ProgressCallback | None] = contextvars.ContextVar("callback", default=None)


@contextlib.contextmanager
def hidden() -> Iterator[None]:
    """Within this context no new bar appears: for work inside of work that has a bar already."""
    token = _hidden.set(True)
    try:
        yield
    finally:
        _hidden.reset(token)


@contextlib.contextmanager
def report_to(callback: ProgressCallback) -> Iterator[None]:
    """Within this context bars show nothing but call a progress callback.

    Args:
        callback: function of (description str, done int, total int or None), called at every step, in whatever thread
            the work moves the bar. What it raises ends the work.
    """
    token = _callback.set(callback)
    try:
        yield
    finally:
        _callback.reset(token)


class CallbackBar:
    """As much of a ``tqdm`` bar as this package uses, for a progress callback."""

    def __init__(
        self,
        iterable: Iterable[Any] | None,
        description: str,
        total: int | None,
        callback: ProgressCallback,
        initial: int,
    ):
        self.iterable: Iterable[Any] = () if iterable is None else iterable
        self.description: str = description
        self.callback: ProgressCallback = callback
        self.total: int | None = total
        if total is None and isinstance(iterable, Sized):
            self.total = len(iterable)
        self.n: int = initial

    def __iter__(self) -> Iterator[Any]:
        for item in self.iterable:
            yield item
            self.update(1)

    def update(self, n: int = 1) -> None:
        """Moves on by ``n`` items."""
        self.n += n
        self.callback(self.description, self.n, self.total)

    def set_postfix(self, *values: Any, **more: Any) -> None:
        """Numbers beside a bar, which nobody sees here."""

    def set_postfix_str(self, text: str = "", refresh: bool = True) -> None:
        """A text beside a bar, which nobody sees here."""

    def __enter__(self) -> "CallbackBar":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        return None


def progress(
    iterable: Iterable[Any] | None = None,
    description: str = "",
    total: int | None = None,
    unit: str = "it",
    delay: float = 2.0,
    initial: int = 0,
) -> Bar:
    """Wraps ``iterable`` in a progress bar on standard error; in a file or a pipe, a line each half minute.

    Args:
        iterable: what to go through; ``None`` for a bar that is moved by hand with ``update(n)``.
        description: str, a word or two in front of the bar.
        total: int or None, the number of items where ``iterable`` has no length.
        unit: str, what one item is called ("image", "step").
        delay: float, seconds of silence before the bar appears; short work shows nothing.
        initial: int, items that were done before, which count for the bar but not for its rate.

    Returns:
        A ``tqdm`` object: an iterable and a context manager with ``update`` and ``set_postfix``.
    """
    callback = _callback.get()
    if callback is not None and not _hidden.get():
        return CallbackBar(iterable, description, total, callback, initial)
    from tqdm import tqdm  # slow: short verbs show no bar

    bar = tqdm if sys.stderr.isatty() else _lines()
    return bar(
        iterable,
        desc=description,
        total=total,
        unit=unit,
        delay=delay,
        dynamic_ncols=True,
        leave=False,
        disable=_hidden.get(),
        initial=initial,
    )


@functools.cache
def _lines() -> Any:
    """A ``tqdm`` that writes lines where nobody sees a bar move: logs of batch systems, files, pipes."""
    from tqdm import tqdm  # slow: short verbs show no bar

    class Lines(tqdm):
        def __init__(self, *values: Any, **more: Any):
            # Every half minute at any rate: miniters and maxinterval would otherwise follow what the rate was.
            more |= {"mininterval": SECONDS_PER_LINE, "maxinterval": math.inf, "miniters": 1}
            super().__init__(*values, **more)

        def display(self, msg: Any = None, pos: Any = None) -> None:
            if self.n > self.initial:
                layout = LINE if self.total else LINE_WITHOUT_TOTAL
                line = self.format_meter(**self.format_dict | {"bar_format": layout, "ncols": None})
                print(line, file=sys.stderr, flush=True)

        def close(self) -> None:
            self.sp = None  # what tqdm erases a bar with; there is none
            super().close()

    return Lines
