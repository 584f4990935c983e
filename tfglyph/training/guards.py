"""What happens to a training whose numbers break: nothing, for a while; then a clear end.

``GlyphModel`` does not apply a step that meets a NaN or an infinity and logs ``bad_step`` 1 for it. One such
step may be bad luck; ``BadSteps`` ends a run that makes nothing else.
"""

import numpy

from tfglyph.errors import GlyphError
from tfglyph.training import storage
from tfglyph.training.finding import warn


class BadSteps:
    """Counts bad steps in a row, and ends the run when there are too many.

    Args:
        limit: int, how many in a row end the run.
        run: RunDirectory, where the evidence goes; None on a worker that does not write.
        batch_of: callable from a step (0-based, as the data is numbered) to its dict of numpy arrays; batches
            are a pure function of seed and step, so none is kept while everything goes well.
    """

    def __init__(self, limit, run, batch_of):
        self.limit, self.run, self.batch_of = limit, run, batch_of
        self._row = []

    def after_step(self, step, logs):
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
        broken = [f"{name} is {value}" for name, value in numbers.items() if not numpy.isfinite(value)]
        culprits = ", ".join(broken) or "a gradient was not finite"
        count = len(self._row)
        if count == 1:
            allowed = f"--max_bad_steps {self.limit} in a row end the run"
            warn(f"step {step} was not applied: {culprits} ({allowed})")
        if count >= self.limit:
            raise GlyphError(
                f"{count} bad steps in a row, the last one {step}: {culprits}; {self._evidence()}"
                "try a lower learning rate or --precision float32"
            )

    def _evidence(self):
        if self.run is None:
            return ""
        files = [str(self._keep(*self._row[position])) for position in sorted({0, len(self._row) - 1})]
        return f"batch and losses are in {' and '.join(files)}; "

    def _keep(self, step, numbers):
        """Writes badstep-<step>.npz: step, names and values of the numbers, and the batch as it was fed."""
        path = self.run.file(f"badstep-{step}.npz")
        content = self.batch_of(step - 1) | {
            "step": numpy.int64(step),
            "names": numpy.array(list(numbers)),
            "values": numpy.array(list(numbers.values())),
        }

        def write(temporary):
            with open(temporary, "wb") as file:
                numpy.savez_compressed(file, **content)

        try:
            storage.write_atomically(path, write)
        except OSError as error:
            raise GlyphError(f"{path}: cannot be written: {error.strerror or error}") from None
        return path
