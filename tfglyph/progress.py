"""One way to show that work goes on: a bar with rate and time left, once it has taken two seconds."""

import contextlib
import contextvars

_hidden = contextvars.ContextVar("hidden", default=False)


@contextlib.contextmanager
def hidden():
    """Within this context no new bar appears: for work inside of work that has a bar already."""
    token = _hidden.set(True)
    try:
        yield
    finally:
        _hidden.reset(token)


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
    from tqdm import tqdm

    return tqdm(
        iterable, desc=description, total=total, unit=unit, delay=delay, dynamic_ncols=True, leave=False,
        disable=_hidden.get(),
    )
