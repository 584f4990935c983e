"""What happens to a training whose numbers break: nothing, for a while; then a clear end.

``GlyphModel`` does not apply a step that meets a NaN or an infinity and logs ``bad_step`` 1 for it. One such
step may be bad luck; ``BadSteps`` ends a run that makes nothing else.
"""

import pathlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tfglyph.errors import GlyphError, warn
from tfglyph.files import atomic_path, write_errors
from tfglyph.runs.rundir import RunDirectory


class BadSteps:
    """Counts bad steps in a row, and ends the run when there are too many.

    Args:
        limit: int, how many in a row end the run.
        run: RunDirectory, where the evidence goes; None on a worker that does not write.
        batch_of: callable from a step (0-based, as the data is numbered) to its dict of numpy arrays; batches
            are a pure function of seed and step, so none is kept while everything goes well.
    """

    def __init__(
        self,
        limit: int,
        run: RunDirectory | None,
        batch_of: Callable[[int], dict[str, np.ndarray]] | None,
    ):
        self.limit, self.run, self.batch_of = limit, run, batch_of
        self._row: list[tuple[int, dict[str, float]]] = []

    def after_step(self, step: int, logs: Mapping[str, float]) -> None:
        """Looks at the numbers of a finished step.

        Args:
            step: int, finished steps, this one included.
            logs: dict of numbers with ``bad_step``.

        Raises:
            GlyphError: ``limit`` bad steps in a row; names what was not finite and where the evidence is.
        """
        if not float(logs["bad_step"]) > 0:
            self._row.clear()
            return
        numbers = {name: float(value) for name, value in logs.items()}
        self._row.append((step, numbers))
        broken = [f"{name} is {value}" for name, value in numbers.items() if not np.isfinite(value)]
        causes = ", ".join(broken) or "a gradient was not finite"
        count = len(self._row)
        if count == 1:
            allowed = f"--max_bad_steps {self.limit} in a row end the run"
            warn(f"step {step} was not applied: {causes} ({allowed})")
        if count >= self.limit:
            raise GlyphError(
                f"{count} bad steps in a row, the last one {step}: {causes}; {self._evidence()}"
                "try a lower learning rate or --precision float32"
            )

    def _evidence(self) -> str:
        if self.run is None or self.batch_of is None:
            return ""
        first_and_last = [self._row[index] for index in sorted({0, len(self._row) - 1})]
        files = [str(_keep(self.run, step, numbers, self.batch_of(step - 1))) for step, numbers in first_and_last]
        return f"batch and losses are in {' and '.join(files)}; "


def _keep(run: RunDirectory, step: int, numbers: Mapping[str, float], batch: dict[str, np.ndarray]) -> pathlib.Path:
    """Writes badstep-<step>.npz: step, names and values of the numbers, and the batch as it was fed."""
    path = run.file(f"badstep-{step}.npz")
    content: dict[str, Any] = batch | {
        "step": np.int64(step),
        "names": np.array(list(numbers)),
        "values": np.array(list(numbers.values())),
    }
    with write_errors(path), atomic_path(path, durable=True, parents=False) as temporary:
        np.savez_compressed(temporary, **content)
    return path
