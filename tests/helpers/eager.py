"""Small models without graphs: tracing and optimizing a graph takes longer than a few runs operation by operation."""

import contextlib
from collections.abc import Iterator


@contextlib.contextmanager
def eager_functions() -> Iterator[None]:
    """Within, calls of ``tf.function``s make no graphs. Exports do, as ever.

    For tests of what is done with a model's results: that graphs give the same as well is what the tests of models,
    exports and trainings show.
    """
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(False)
