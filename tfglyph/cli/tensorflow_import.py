"""How the command line imports TensorFlow and Keras: in silence, and without what Keras would only plot with.

The lines about CPU features and missing CUDA drivers are written to file descriptor 2 by C++ code before any logging
is set up, so no setting silences them. ``install`` makes the first ``import tensorflow`` of this process happen with
that descriptor put aside; if the import fails, what was written is shown after all.

Keras imports matplotlib's pyplot and pandas where they are installed, for galleries and data frames that no verb uses:
a fifth of the whole import. During it they seem to be missing, which Keras is ready for.
"""

import contextlib
import importlib.abc
import importlib.util
import os
import sys
import tempfile
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

UNUSED = ("matplotlib.pyplot", "pandas")
"""What Keras imports where it is installed, and this package never needs of it."""


def install() -> None:
    """From now on the first ``import tensorflow`` is silent and lean. For the command line's entry point alone."""
    # 3 leaves out warnings of the graph optimizer as well; errors still come as exceptions.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if "tensorflow" not in sys.modules:
        sys.meta_path.insert(0, _Finder())


class _Finder(importlib.abc.MetaPathFinder):
    """Wraps the loaders of TensorFlow and Keras, whichever comes first, and then steps aside."""

    def __init__(self) -> None:
        self.awaited = {"tensorflow", "keras"}

    def find_spec(self, name: str, path: Any = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name not in self.awaited:
            return None
        self.awaited.remove(name)
        if not self.awaited:
            sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def execute_leanly(module: Any) -> None:
                with _unseen(*UNUSED):
                    execute(module)

            def execute_silently(module: Any) -> None:
                with _stderr_put_aside():
                    execute_leanly(module)
                    module.config.list_physical_devices()  # looks for drivers, and complains about them

            wrapped = execute_silently if name == "tensorflow" else execute_leanly
            spec.loader.exec_module = wrapped  # type: ignore[method-assign]  # of this one object
        return spec


class _Unseen(importlib.abc.MetaPathFinder):
    """Says that some modules are missing."""

    def __init__(self, names: tuple[str, ...]):
        self.names = names

    def find_spec(self, name: str, path: Any = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name in self.names:
            raise ModuleNotFoundError(f"{name} is not needed here", name=name)
        return None


@contextlib.contextmanager
def _unseen(*names: str) -> Iterator[None]:
    """Within, modules that are not yet imported cannot be."""
    finder = _Unseen(names)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


@contextlib.contextmanager
def _stderr_put_aside() -> Iterator[None]:
    """Within, file descriptor 2 writes to a file that is shown only if something is raised."""
    try:
        sys.stderr.flush()
        terminal = os.dup(2)
    except (OSError, ValueError, AttributeError):  # no standard error to speak of
        yield
        return
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 2)
        try:
            yield
        except BaseException:
            os.dup2(terminal, 2)
            file.seek(0)
            os.write(2, file.read())
            raise
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)
