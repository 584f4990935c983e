"""When checkpoints are written during a training."""

from tfglyph.training.callbacks import StepCallback


class Saving(StepCallback):
    """Checkpoints every ``every`` steps and at the last one.

    Args:
        training: tfglyph.training.train.Training.
        saver: Checkpoints.
        every: int, steps.
    """

    def __init__(self, training, saver, every):
        super().__init__()
        self.training, self.saver, self.every = training, saver, every
        self.saved = -1

    def begin(self):
        self.saved = self.step  # what a run starts from stands on the disk

    def after_step(self, logs):
        if self.step % self.every == 0:
            self._save()
        else:
            self.saver.poll()

    def on_train_end(self, logs=None):
        if self.saved != self.step:
            self._save()
        self.saver.wait()

    def _save(self):
        self.training.save(self.saver)
        self.saved = self.step
