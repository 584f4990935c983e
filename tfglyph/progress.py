"""One way to show that work goes on: a bar with rate and time left, once it has taken two seconds."""

import contextlib
import contextvars
import functools
import math
import sys

SECONDS_PER_LINE = 30.0
LINE = "{desc}: {n_fmt} of {total_fmt}, {rate_fmt}, {elapsed} gone, {remaining} left{postfix}"
LINE_WITHOUT_TOTAL = "{desc}: {n_fmt}, {rate_fmt}, {elapsed} gone{postfix}"

_hidden = contextvars.ContextVar("hidden", default=False)
_listener = contextvars.ContextVar("listener", default=None)


@contextlib.contextmanager
def hidden():
    """Within this context no new bar appears: for work inside of work that has a bar already."""
    token = _hidden.set(True)
    try:
        yield
    finally:
        _hidden.reset(token)


@contextlib.contextmanager
def told_to(listener):
    """Within this context bars show nothing but tell a function how far they are.

    Args:
        listener: function of (description str, done int, total int or None), called at every step, in whatever thread
            the work moves the bar. What it raises ends the work.
    """
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


class _Told:
    """As much of a ``tqdm`` bar as this package uses, for a listener."""

    def __init__(self, iterable, description, total, listener, initial):
        self.iterable, self.description, self.listener = iterable, description, listener
        self.total = total if total is not None or iterable is None else _length(iterable)
        self.n = initial

    def __iter__(self):
        for item in self.iterable:
            yield item
            self.update(1)

    def update(self, n=1):
        self.n += n
        self.listener(self.description, self.n, self.total)

    def set_postfix(self, *values, **more):
        """Numbers beside a bar, which nobody sees here."""

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None


def _length(iterable):
    return len(iterable) if hasattr(iterable, "__len__") else None


def progress(iterable=None, description="", total=None, unit="it", delay=2.0, initial=0):
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
    if _listener.get() is not None and not _hidden.get():
        return _Told(iterable, description, total, _listener.get(), initial)
    from tqdm import tqdm

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
def _lines():
    """A ``tqdm`` that writes lines where nobody sees a bar move: logs of batch systems, files, pipes."""
    from tqdm import tqdm

    class Lines(tqdm):
        def __init__(self, *values, **more):
            # Every half minute at any rate: miniters and maxinterval would otherwise follow what the rate was.
            more |= {"mininterval": SECONDS_PER_LINE, "maxinterval": math.inf, "miniters": 1}
            super().__init__(*values, **more)

        def display(self, msg=None, pos=None):
            if self.n > self.initial:
                layout = LINE if self.total else LINE_WITHOUT_TOTAL
                line = self.format_meter(**self.format_dict | {"bar_format": layout, "ncols": None})
                print(line, file=sys.stderr, flush=True)

        def close(self):
            self.sp = None  # what tqdm erases a bar with; there is none
            super().close()

    return Lines
