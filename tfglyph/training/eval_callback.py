"""Metrics while a run trains, and the best checkpoint by one of them."""

import tensorflow as tf

from tfglyph.datasets.glyphs import Glyphs
from tfglyph.evaluation.online import LOWER_IS_BETTER, OnlineMetrics
from tfglyph.progress import hidden
from tfglyph.runs.checkpoints import Checkpoints
from tfglyph.runs.rundir import RunDirectory
from tfglyph.training.callbacks import Board, Logs, Saving, StepCallback
from tfglyph.training.setup import PreparedTraining


class EvaluationCallback(StepCallback):
    """Each ``evaluate_every`` steps, and after the last: a few metrics to TensorBoard and stats.jsonl.

    Where the chosen one is better than ever, the step's checkpoint becomes the best (``best.json``), which is never
    pruned. Comes after ``saving`` in the list, so that a step is saved once.

    Args:
        training: PreparedTraining.
        run: RunDirectory.
        board: Board.
        saver: Checkpoints.
        saving: Saving, which knows the step that it saved last.
        held_out: Glyphs, or None.
    """

    def __init__(
        self,
        training: PreparedTraining,
        run: RunDirectory,
        board: Board,
        saver: Checkpoints,
        saving: Saving,
        held_out: Glyphs | None,
    ):
        super().__init__()
        self.training, self.run, self.board, self.saver, self.saving = training, run, board, saver, saving
        with hidden():
            self.metrics = OnlineMetrics(training.glyphs, held_out, drawings=training.held_out_drawings())

    def after_step(self, logs: Logs) -> None:
        every = self.training.options.evaluate_every or self.training.steps
        if self.step % every and self.step != self.training.steps:
            return
        with hidden():
            measurements = self.metrics.measure(self.model)
        self.run.log(self.step, {f"evaluation/{name}": value for name, value in measurements.items()})
        with self.board.at(self.step):
            for name, value in measurements.items():
                tf.summary.scalar(f"evaluation/{name}", value)
        name = self.training.options.best_metric
        if self.saver.note_score(self.step, name, measurements[name], LOWER_IS_BETTER[name]) and (
            self.saving.saved != self.step
        ):
            self.training.save(self.saver)
