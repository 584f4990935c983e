"""The training of any family: resolve, build, restore, fit. Long runs stop and go on without a trace."""

import contextlib

from tfglyph import datasets
from tfglyph.architecture import load_architecture
from tfglyph.errors import GlyphError, UsageError
from tfglyph.evaluation import cheap
from tfglyph.models import build, locate
from tfglyph.training import checkpoints as checkpoint_files
from tfglyph.training.callbacks import training_callbacks
from tfglyph.training.checkpoints import Checkpoints
from tfglyph.training.conditions import with_conditions, with_label_names
from tfglyph.training.limits import check_limits
from tfglyph.training.options import Options, total_steps, with_overrides
from tfglyph.training.precision import choose_precision
from tfglyph.training.rundir import RunDirectory, read_run
from tfglyph.training.signals import StopRequest
from tfglyph.training.strategy import (
    AgreedStop,
    Follower,
    distributed_batches,
    fit_distributed,
    is_chief,
    is_distributed,
    make_strategy,
)


def new_run(architecture, options, flags=None, limits=None):
    """Resolves a training that starts from nothing.

    Args:
        architecture: path, bare name, dict or Architecture.
        options: Options.
        flags: dict of overrides, see ``with_overrides``.
        limits: dict of keyword arguments of ``check_limits``.

    Returns:
        Training, ready to ``run``.

    Raises:
        UsageError, GlyphError: bad input, in one line.
    """
    strategy = make_strategy(options.strategy)  # first of all, as several workers need it
    name = architecture if isinstance(architecture, str) else None
    architecture = with_overrides(load_architecture(architecture), flags or {})
    check_limits(architecture, name, **(limits or {}))
    options.precision, reason = choose_precision(architecture.training.precision)
    return Training(architecture, options, strategy, precision_reason=reason, limits=limits)


def resumed_run(reference, flags=None, changes=None, limits=None):
    """Resolves a training that goes on where a checkpoint of a run directory is.

    Args:
        reference: path of a run directory (its newest intact checkpoint) or of one checkpoint in it.
        flags: dict with the new totals "epochs" or "steps"; None values are not given.
        changes: dict of Options fields that may differ from the first part of the run.
        limits: dict of keyword arguments of ``check_limits``.

    Raises:
        UsageError, GlyphError: there is nothing to resume, or it is damaged.
    """
    prefix = checkpoint_files.find(reference, fall_back=True)
    architecture, saved = read_run(prefix.parent)
    options = Options.from_json(saved, str(prefix.parent / "options.json"))
    for key, value in (changes or {}).items():
        setattr(options, key, value)
    strategy = make_strategy(options.strategy)
    check_limits(architecture, str(prefix.parent / "architecture.json"), **(limits or {}))
    return Training(with_overrides(architecture, flags or {}), options, strategy, prefix=prefix, limits=limits)


class Training:
    """One training, resolved: the data is loaded and the model built, nothing is written yet.

    Args:
        architecture: Architecture with all overrides in it.
        options: Options.
        strategy: tf.distribute.Strategy.
        prefix: pathlib.Path of the checkpoint to go on from, or None.
        precision_reason: str to print.
        limits: dict of keyword arguments of ``check_limits``.

    Attributes:
        model: GlyphModel.
        glyphs: Glyphs, the training split.
        steps, steps_per_epoch: int.
    """

    def __init__(self, architecture, options, strategy, prefix=None, precision_reason="as in the run", limits=None):
        self.architecture, self.options, self.prefix = architecture, options, prefix
        self.strategy = strategy
        self.precision_reason = precision_reason
        self.glyphs = load_glyphs(architecture, options.dataset, "train")
        self.architecture = architecture = with_label_names(architecture, self.glyphs)
        with strategy.scope():
            self.model = build(architecture, seed=options.seed, precision=options.precision, limits=limits)
            self.steps, self.steps_per_epoch = total_steps(architecture, len(self.glyphs), self.model.batches_per_step)
            self.model.prepare_training(self.steps)
        self.taken_over = {}
        if prefix is None:
            self.model.learn_from(self.glyphs)
            self.taken_over = self._take_over() if options.init_from else {}
        if options.evaluate_every:
            cheap.check(options.best_metric, self.model)
        if options.jit == "on" and is_distributed(strategy):
            raise UsageError("--jit on: TensorFlow cannot compile a step for several devices; leave this out")
        # Keras resolves "auto" to XLA on a GPU alone, where it helps; on CPUs it was seen both ways.
        jit = {"auto": "auto", "on": True, "off": False}[options.jit]
        self.model.compile(optimizer=None, jit_compile=jit)

    def _take_over(self):
        """Weights of another run to begin with: dict from network to (variables taken, variables there are)."""
        model, source = self.model, checkpoint_files.find(locate(self.options.init_from))
        copies = {name: [average.variables] for name, average in model.averages.items()}
        networks = {name: [net.variables, *copies.get(name, [])] for name, net in model.networks.items()}
        return checkpoint_files.take_over(source, networks)

    def run(self, logdir, directory=None):
        """Trains to the last step.

        Args:
            logdir: path, the folder for all runs, where a new run without ``directory`` gets its place.
            directory: path of an empty or missing directory to use as the run directory, or None.

        Returns:
            pathlib.Path of the run directory; None on a worker that does not write.

        Raises:
            GlyphError: the disk failed, or the numbers; the last checkpoint stays.
            StoppedError: a signal ended it; everything is saved.
        """
        if not is_chief(self.strategy):
            self._follow()
            return None
        if self.prefix is not None:
            place = RunDirectory.resume(self.prefix.parent)
        elif directory is not None:
            place = RunDirectory.create_at(directory)
        else:
            place = RunDirectory.create(logdir, self.architecture.name or "model")
        with place, StopRequest() as stop:
            saver = Checkpoints(place.path, keep=self.options.keep)
            try:
                self._start(place, saver)
                self._fit(place, saver, stop)
            except BaseException:
                with contextlib.suppress(GlyphError):  # the first error is the one to tell
                    saver.wait()
                raise
            saver.wait()
        step = int(self.model.step.numpy())
        if step < self.steps:
            stop.raise_if_requested(step, place.path)
        return place.path

    def _follow(self):
        """The part of a worker that is not the chief: the same steps, and not a byte written."""
        with StopRequest() as stop:
            self._restore()
            agreed = AgreedStop(stop)
            self._fit_distributed([Follower(agreed, self.options.max_bad_steps)], agreed)
        step = int(self.model.step.numpy())
        if step < self.steps:
            stop.raise_if_requested(step, "the run directory of the first worker")

    def _start(self, place, saver):
        self._restore()
        if self.prefix is not None:
            saver.set_aside_after(int(self.model.step.numpy()))
        place.write(self.architecture, self.options.to_json())
        if self.prefix is None:
            self.save(saver)
            saver.wait()  # a kill from here on has something to go on from

    def _restore(self):
        if self.prefix is None:
            return
        checkpoint_files.restore(self.prefix, self.model.groups())
        step = int(self.model.step.numpy())
        if step > self.steps:
            raise UsageError(f"{self.prefix}: has {step} steps already; --steps and --epochs are totals")

    def save(self, saver):
        """Saves the model as it is."""
        metadata = {"steps_per_epoch": self.steps_per_epoch}
        saver.save(int(self.model.step.numpy()), self.model.groups(), metadata)

    def _fit(self, place, saver, stop):
        start = int(self.model.step.numpy())
        if start == self.steps:
            return
        if is_distributed(self.strategy):
            agreed = AgreedStop(stop)
            self._fit_distributed(training_callbacks(self, place, saver, agreed), agreed)
            return
        self.model.fit(
            self.batches(start),
            steps_per_epoch=self.steps - start,
            epochs=1,
            verbose=0,
            shuffle=False,
            callbacks=training_callbacks(self, place, saver, stop),
        )

    def _fit_distributed(self, callbacks, agreed):
        start = int(self.model.step.numpy())
        batches = distributed_batches(self.strategy, self.architecture.training.batch_size, self.batches(start))
        fit_distributed(self.model, self.strategy, batches, self.steps - start, callbacks, agreed)

    def batches(self, start):
        """tf.data.Dataset of the batches from step ``start`` on."""
        return datasets.feed(
            self.glyphs,
            self.architecture.training.batch_size,
            self.options.seed,
            start_step=start,
            batches_per_step=self.model.batches_per_step,
            augmentation=datasets.Augmentation(**self.options.augment) if self.options.augment else None,
        )

    def held_out(self):
        """Glyphs that the run keeps out of its training, or None."""
        dataset = self.options.dataset
        return load_glyphs(self.architecture, dataset, "holdout") if dataset.get("holdout") else None

    def batch_of(self, step):
        """dict of numpy arrays: the batch of training step ``step``, drawn again."""
        return next(iter(self.batches(step).take(1).as_numpy_iterator()))


def load_glyphs(architecture, dataset, split):
    """The data of a run in the size of its architecture.

    Args:
        architecture: Architecture.
        dataset: dict of keyword arguments of ``tfglyph.datasets.load``.
        split: "train", "holdout" or "all".

    Raises:
        UsageError: what ``load`` and ``with_conditions`` raise.
    """
    height, width, channels = architecture.hwc
    glyphs = datasets.load(**dataset, size=(height, width), channels=channels, split=split)
    return with_conditions(architecture, glyphs)
