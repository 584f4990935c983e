"""Keeps TensorFlow's start-up messages off the terminal.

The lines about CPU features and missing CUDA drivers are written to file descriptor 2 by C++ code before any logging
is set up, so no setting silences them. ``install`` makes the first ``import tensorflow`` of this process happen with
that descriptor put aside; if the import fails, what was written is shown after all.
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


def install() -> None:
    """From now on the first ``import tensorflow`` is silent. For the command line's entry point alone."""
    # 3 leaves out warnings of the graph optimizer as well; errors still come as exceptions.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if "tensorflow" not in sys.modules:
        sys.meta_path.insert(0, _Finder())


class _Finder(importlib.abc.MetaPathFinder):
    """Steps aside after it has wrapped TensorFlow's own loader."""

    def find_spec(self, name: str, path: Any = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name != "tensorflow":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def execute_silently(module: Any) -> None:
                with _stderr_put_aside():
                    execute(module)
                    module.config.list_physical_devices()  # looks for drivers, and complains about them

            spec.loader.exec_module = execute_silently  # type: ignore[method-assign]  # of this one object
        return spec


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
