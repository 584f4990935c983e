"""What a person sees of a running training: progress bar, stats.jsonl, TensorBoard, pictures.

All callbacks work by the model's step, and none of them touches what is trained. ``training_callbacks`` in
``tfglyph.training.train`` gives the list of a training run.
"""

import contextlib
import math
import time
from collections.abc import Iterator, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfglyph.datasets.glyphs import Glyphs
from tfglyph.imaging.grids import grid, save_png
from tfglyph.latent.interpolation import interpolation_rows
from tfglyph.progress import Bar, hidden, progress
from tfglyph.runs.checkpoints import Checkpoints
from tfglyph.runs.rundir import RunDirectory
from tfglyph.training.events import open_writer, rewind_events
from tfglyph.training.guards import BadSteps
from tfglyph.training.projector import write_projector
from tfglyph.training.setup import PreparedTraining
from tfglyph.training.signals import AgreedStop

Logs = Mapping[str, float]

LOG_EVERY = 20  # steps between scalars
INTERPOLATION_STEPS = 10  # from reconstruction to reconstruction
PICTURE_SIDE = 1024  # pixels; grids of large images hold fewer of them


class StepCallback(keras.callbacks.Callback):
    """Knows ``self.step``, the number of finished steps, without asking the device for it each time."""

    step: int = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.step = int(self.model.step.numpy())
        self.begin()

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self.step += 1
        self.after_step(logs or {})

    def begin(self) -> None:
        """Called before the first step, with ``self.step`` set."""

    def after_step(self, logs: Logs) -> None:
        """Called after each step with its numbers."""


class Board(StepCallback):
    """The run's TensorBoard writer: opens at the start, ends with the training.

    Comes last in the list, so that everybody has written when it closes; opens on first use, so that coming
    last does no harm at the start.

    Args:
        run: RunDirectory.
        texts: dict from tag to text that is written at step 0.
    """

    def __init__(self, run: RunDirectory, texts: Mapping[str, str]):
        super().__init__()
        self.run, self.texts = run, texts
        self._writer: Any = None

    @contextlib.contextmanager
    def at(self, step: int) -> Iterator[None]:
        """Within, ``tf.summary`` calls write to the run, at ``step``; flushed at the end, so that a killed run has its
        last numbers on disk.
        """
        if self._writer is None:
            self._writer = open_writer(self.run.path)
        with self._writer.as_default(step=step):
            try:
                yield
            finally:
                self._writer.flush()

    def begin(self) -> None:
        if self.step == 0:
            with self.at(0):
                for name, text in self.texts.items():
                    tf.summary.text(name, _preformatted(text))

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None


class Progress(StepCallback):
    """A progress bar with rate, time left and the losses.

    Args:
        total_steps: int, the last step; a resumed run starts in the middle of the bar.
    """

    def __init__(self, total_steps: int):
        super().__init__()
        self.total_steps = total_steps
        self._bar: Bar = None

    def begin(self) -> None:
        self._bar = progress(total=self.total_steps, description="training", unit="step", initial=self.step)

    def after_step(self, logs: Logs) -> None:
        losses = {name.split("/", 1)[1]: f"{value:.4g}" for name, value in logs.items() if name.startswith("loss/")}
        self._bar.set_postfix(losses, refresh=False)
        self._bar.update(1)

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._bar.close()


class Scalars(StepCallback):
    """Means of all numbers over the last ``every`` steps, to stats.jsonl and TensorBoard.

    Learning rates and loss scales are numbers of the training step like the losses. ``images_per_second``
    counts the time inside training steps only, so that pictures and checkpoints between them do not show as a
    slow step.

    Args:
        run: RunDirectory.
        board: Board.
        images_per_step: int.
        every: int, steps.
    """

    def __init__(self, run: RunDirectory, board: Board, images_per_step: int, every: int):
        super().__init__()
        self.run, self.board, self.images_per_step, self.every = run, board, images_per_step, every
        self._sums: dict[str, float] = {}
        self._count, self._seconds, self._started = 0, 0.0, 0.0

    def begin(self) -> None:
        self.run.rewind(self.step)
        rewind_events(self.run.path, self.step)
        self._sums, self._count, self._seconds = {}, 0, 0.0

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self._started = time.perf_counter()

    def after_step(self, logs: Logs) -> None:
        self._seconds += time.perf_counter() - self._started
        self._count += 1
        for name, value in logs.items():
            self._sums[name] = self._sums.get(name, 0.0) + float(value)
        if self.step % self.every == 0:
            self._write()

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self._count:
            self._write()

    def _write(self) -> None:
        numbers = {name: total / self._count for name, total in self._sums.items()}
        numbers["images_per_second"] = self._count * self.images_per_step / max(self._seconds, 1e-9)
        numbers = {name: float(f"{value:.7g}") for name, value in numbers.items()}  # all that float32 knows
        self.run.log(self.step, numbers)
        with self.board.at(self.step):
            for name, value in numbers.items():
                tf.summary.scalar(name, value)
        self._sums, self._count, self._seconds = {}, 0, 0.0


class Pictures(StepCallback):
    """Grids of images in ``images/`` and TensorBoard, and histograms of latents and logits.

    Always the same images and latents, so that progress is visible: real images (once, before step 1), their
    reconstructions, samples from fixed latents, and walks between two real images. Brightness is the model's
    own fixed rule from pixels to bytes.

    Args:
        run: RunDirectory.
        board: Board.
        glyphs: Glyphs.
        count: int, about how many images a grid holds; fewer where they are large.
        every: int, steps between pictures.
        total_steps: int, the last step, which is always pictured.
    """

    def __init__(self, run: RunDirectory, board: Board, glyphs: Glyphs, count: int, every: int, total_steps: int):
        super().__init__()
        self.run, self.board, self.every, self.total_steps = run, board, every, total_steps
        height, width = glyphs.images.shape[1:3]
        self.columns = max(min(PICTURE_SIDE // max(height, width), math.isqrt(count)), 2)
        order = np.random.default_rng(0).permutation(len(glyphs))
        self.real = np.asarray(glyphs.images[np.sort(order[: self.columns**2])])  # (n, h, w, c)

    def begin(self) -> None:
        if self.step == 0:
            with self.board.at(0):
                self._show("real", self.real, self.columns)

    def after_step(self, logs: Logs) -> None:
        if self.step % self.every == 0 or self.step == self.total_steps:
            with hidden(), self.board.at(self.step):
                self._picture()

    def _picture(self) -> None:
        model = self.model
        samples = model.preview(self.columns**2)
        self._show("samples", samples, self.columns)
        logits = {"real": self.real, "sampled": samples}
        if model.can_encode:
            real = self.real[: model.preview_reconstructions]  # (n, h, w, c)
            latents = model.encode(real)  # (n, d)
            tf.summary.histogram("z", latents)
            logits["reconstructed"] = model.decode(latents)
            self._show("reconstructions", logits["reconstructed"], self.columns)
            walks = min(len(real) // 2, self.columns)
            if walks:
                ends = latents[:walks], latents[-walks:]
                rows = interpolation_rows(model, real[:walks], real[-walks:], INTERPOLATION_STEPS, latents=ends)
                self._show("interpolation", rows, INTERPOLATION_STEPS + 2)
        if "discriminator" in model.networks:
            for name, images in logits.items():
                tf.summary.histogram(f"logits/{name}", model.critic_score(model.from_pixels(images)))

    def _show(self, name: str, images: np.ndarray, columns: int) -> None:
        picture = grid(images, columns=columns)
        file = f"{name}.png" if self.step == 0 else f"{name}-{self.step:08d}.png"
        save_png(self.run.path / "images" / file, picture)
        tf.summary.image(name, picture[None])


class Saving(StepCallback):
    """Checkpoints once an epoch or each ``checkpoint_every`` steps, at the last one, and when asked to stop.

    Args:
        training: PreparedTraining.
        saver: Checkpoints.
        stop: AgreedStop.
        guard: BadSteps, which ends a run whose numbers broke before anything of it is saved.
    """

    def __init__(self, training: PreparedTraining, saver: Checkpoints, stop: AgreedStop, guard: BadSteps):
        super().__init__()
        self.training, self.saver, self.stop, self.guard = training, saver, stop, guard
        self.every = training.options.checkpoint_every or training.steps_per_epoch
        self.saved: int | None = None  # the step of the last save

    def after_step(self, logs: Logs) -> None:
        self.guard.after_step(self.step, logs)
        self.saver.poll()
        stopping = self.stop.requested
        if stopping:
            self.model.stop_training = True
        if self.step % self.every == 0 or self.step == self.training.steps or stopping:
            self.training.save(self.saver)
            self.saved = self.step


class Projector(StepCallback):
    """Files for TensorBoard's embedding projector, when the training ends; not when it was asked to stop.

    Args:
        run: RunDirectory.
        glyphs: Glyphs.
        stop: AgreedStop.
    """

    def __init__(self, run: RunDirectory, glyphs: Glyphs, stop: AgreedStop):
        super().__init__()
        self.run, self.glyphs, self.stop = run, glyphs, stop

    def on_train_end(self, logs: Logs | None = None) -> None:
        if not self.stop.requested:  # whoever stops a run does not want to wait for ten thousand glyphs
            write_projector(self.model, self.glyphs, self.run.path)


class Follower(keras.callbacks.Callback):
    """All that a worker which does not write needs: it ends in the same step as the chief.

    Args:
        stop: AgreedStop.
        max_bad_steps: int, as the chief's.
    """

    def __init__(self, stop: AgreedStop, max_bad_steps: int):
        super().__init__()
        self.stop, self.guard = stop, BadSteps(max_bad_steps, None, None)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self.guard.after_step(int(self.model.step.numpy()), logs or {})
        if self.stop.requested:
            self.model.stop_training = True


def _preformatted(text: str) -> str:
    """Markdown that shows ``text`` as it stands."""
    return "\n".join("    " + line for line in text.splitlines())
