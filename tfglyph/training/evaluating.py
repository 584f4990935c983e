"""Metrics while a run trains, and the best checkpoint by one of them."""

import tensorflow as tf

from tfglyph.evaluation.cheap import LOWER_IS_BETTER, CheapMetrics
from tfglyph.progress import hidden
from tfglyph.training.callbacks import StepCallback


class Evaluating(StepCallback):
    """Each ``evaluate_every`` steps, and after the last: a few metrics to TensorBoard and stats.jsonl.

    Where the chosen one is better than ever, the step's checkpoint becomes the best (``best.json``), which is never
    pruned. Comes after ``saving`` in the list, so that a step is saved once.

    Args:
        training: Training.
        run: RunDirectory.
        board: Board.
        saver: Checkpoints.
        saving: Saving, which knows the step that it saved last.
        held_out: Glyphs, or None.
    """

    def __init__(self, training, run, board, saver, saving, held_out):
        super().__init__()
        self.training, self.run, self.board, self.saver, self.saving = training, run, board, saver, saving
        with hidden():
            self.metrics = CheapMetrics(training.glyphs, held_out)

    def after_step(self, logs):
        if self.step % self.training.options.evaluate_every and self.step != self.training.steps:
            return
        with hidden():
            figures = self.metrics.measure(self.model)
        self.run.log(self.step, {f"evaluation/{name}": value for name, value in figures.items()})
        with self.board.at(self.step):
            for name, value in figures.items():
                tf.summary.scalar(f"evaluation/{name}", value)
        name = self.training.options.best_metric
        if self.saver.note_score(self.step, name, figures[name], LOWER_IS_BETTER[name]) and (
            self.saving.saved != self.step
        ):
            self.training.save(self.saver)
