"""One way to show that work goes on: a bar with rate and time left, once it has taken two seconds."""

import contextlib
import contextvars

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

    def __init__(self, iterable, description, total, listener):
        self.iterable, self.description, self.listener = iterable, description, listener
        self.total = total if total is not None or iterable is None else _length(iterable)
        self.n = 0

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


def progress(iterable=None, description="", total=None, unit="it", delay=2.0):
    """Wraps ``iterable`` in a progress bar on standard error.

    Args:
        iterable: what to go through; ``None`` for a bar that is moved by hand with ``update(n)``.
        description: str, a word or two in front of the bar.
        total: int or None, the number of items where ``iterable`` has no length.
        unit: str, what one item is called ("image", "step").
        delay: float, seconds of silence before the bar appears; short work shows nothing.

    Returns:
        A ``tqdm`` object: an iterable and a context manager with ``update`` and ``set_postfix``.
    """
    if _listener.get() is not None and not _hidden.get():
        return _Told(iterable, description, total, _listener.get())
    from tqdm import tqdm

    return tqdm(
        iterable, desc=description, total=total, unit=unit, delay=delay, dynamic_ncols=True, leave=False,
        disable=_hidden.get(),
    )
