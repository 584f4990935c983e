"""The training of any family: resolve, build, restore, train. Long runs stop and go on without a trace.

training = new_run("vaegan", Options(), {"steps": 1000})
directory = training.run("logdir")
resumed_run(directory, {"steps": 2000}).run("logdir")        # the same bits as 2,000 steps in one go
"""

import contextlib
import pathlib
from collections.abc import Mapping
from typing import Any

import keras

from tfglyph.architecture import dump, load_architecture
from tfglyph.architecture.families import Architecture
from tfglyph.errors import GlyphError, UsageError, warn
from tfglyph.files import PathLike
from tfglyph.models import Limits
from tfglyph.models.precision import choose_precision
from tfglyph.runs import checkpoints
from tfglyph.runs.checkpoints import Checkpoints
from tfglyph.runs.lookup import find
from tfglyph.runs.options import Options
from tfglyph.runs.rundir import ARCHITECTURE, RunDirectory, read_run
from tfglyph.training.callbacks import (
    LOG_EVERY,
    Board,
    Follower,
    Pictures,
    Progress,
    Projector,
    Saving,
    Scalars,
)
from tfglyph.training.diversity import Diversity
from tfglyph.training.eval_callback import EvaluationCallback
from tfglyph.training.guards import BadSteps
from tfglyph.training.loop import training_loop
from tfglyph.training.options import with_overrides
from tfglyph.training.setup import PreparedTraining
from tfglyph.training.signals import AgreedStop, StopRequest
from tfglyph.training.strategy import distributed_batches, is_chief, make_strategy
from tfglyph.training.summary import describe


def new_run(
    architecture: PathLike | dict[str, Any] | Architecture,
    options: Options,
    flags: Mapping[str, Any] | None = None,
    limits: Limits | None = None,
) -> "TrainingRun":
    """Resolves a training that starts from nothing.

    Args:
        architecture: path, bare name, dict or Architecture.
        options: Options.
        flags: dict of overrides, see ``with_overrides``.
        limits: Limits, or None: the usual ones.

    Returns:
        TrainingRun, ready to ``run``.

    Raises:
        UsageError, GlyphError: bad input, in one line.
    """
    strategy = make_strategy(options.strategy)  # first of all, as several workers need it
    resolved = with_overrides(load_architecture(architecture), flags or {})
    if isinstance(architecture, str):
        limits = _named(limits, architecture)
    options.precision, reason = choose_precision(resolved.training.precision)
    options.fused_batch_norm = True
    return TrainingRun(resolved, options, strategy, precision_reason=reason, limits=limits)


def resumed_run(
    reference: PathLike,
    flags: Mapping[str, Any] | None = None,
    changes: Mapping[str, Any] | None = None,
    limits: Limits | None = None,
) -> "TrainingRun":
    """Resolves a training that goes on where a checkpoint of a run directory is.

    Args:
        reference: path of a run directory (its newest intact checkpoint) or of one checkpoint in it.
        flags: dict with the new totals "epochs" or "steps"; None values are not given.
        changes: dict of Options fields that may differ from the first part of the run.
        limits: Limits, or None: the usual ones.

    Raises:
        UsageError, GlyphError: there is nothing to resume, or it is damaged.
    """
    prefix = find(reference, fall_back=True)
    architecture, options = read_run(prefix.parent)
    for key, value in (changes or {}).items():
        setattr(options, key, value)
    strategy = make_strategy(options.strategy)
    limits = _named(limits, str(prefix.parent / ARCHITECTURE))
    return TrainingRun(with_overrides(architecture, flags or {}), options, strategy, prefix=prefix, limits=limits)


def _named(limits: Limits | None, name: str) -> Limits:
    """Limits whose messages name the file that was asked for."""
    limits = limits or Limits()
    return Limits(name, limits.max_parameters, limits.max_activation_gb, limits.images)


class TrainingRun(PreparedTraining):
    """One training, from its first step or a checkpoint to its last."""

    def run(self, logdir: PathLike, directory: PathLike | None = None) -> pathlib.Path | None:
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
        with self._run_directory(logdir, directory) as run_directory, StopRequest() as stop:
            saver = Checkpoints(run_directory.path, keep=self.options.keep)
            try:
                # === Restore, or begin ===
                self._restore()
                if self.prefix is not None:
                    saver.set_aside_after(self.step)
                run_directory.write(self.architecture, self.options.to_json())
                if self.prefix is None:
                    self.save(saver)
                    saver.wait()  # a kill from here on has something to go on from
                # === Train ===
                agreed = AgreedStop(stop, self.strategy.num_replicas_in_sync)
                self._train(training_callbacks(self, run_directory, saver, agreed), agreed)
            except BaseException:
                with contextlib.suppress(GlyphError):  # the first error is the one to report
                    saver.wait()
                raise
            # === Finish ===
            saver.wait()
        if self.step < self.steps:
            stop.raise_if_requested(self.step, run_directory.path)
        return run_directory.path

    def _follow(self) -> None:
        """The part of a worker that is not the chief: the same steps, and not a byte written."""
        with StopRequest() as stop:
            self._restore()
            agreed = AgreedStop(stop, self.strategy.num_replicas_in_sync)
            self._train([Follower(agreed, self.options.max_bad_steps)], agreed)
        if self.step < self.steps:
            stop.raise_if_requested(self.step, "the run directory of the first worker")

    def _run_directory(self, logdir: PathLike, directory: PathLike | None) -> RunDirectory:
        if self.prefix is not None:
            return RunDirectory.resume(self.prefix.parent)
        if directory is not None:
            return RunDirectory.create_at(directory)
        return RunDirectory.create(logdir, self.architecture.name or "model")

    def _restore(self) -> None:
        if self.prefix is None:
            return
        checkpoints.restore(self.prefix, self.model.groups())
        if self.step > self.steps:
            raise UsageError(f"{self.prefix}: has {self.step} steps already; --steps and --epochs are totals")

    def _train(self, callbacks: list[keras.callbacks.Callback], stop: AgreedStop) -> None:
        start = self.step
        if start < self.steps:
            batches = distributed_batches(self.strategy, self.architecture.training.batch_size, self.batches(start))
            training_loop(self.model, self.strategy, batches, self.steps - start, callbacks, stop)


def training_callbacks(
    training: PreparedTraining, run_directory: RunDirectory, saver: Checkpoints, stop: AgreedStop
) -> list[keras.callbacks.Callback]:
    """The callbacks of a training run, in the order in which each step calls them.

    Args:
        training: PreparedTraining; its model is restored already where the run goes on.
        run_directory: RunDirectory.
        saver: Checkpoints.
        stop: AgreedStop.

    Returns:
        list of keras.callbacks.Callback.
    """
    model, options = training.model, training.options
    texts = {"architecture": dump(training.architecture), "training": "\n".join(describe(training))}
    board = Board(run_directory, texts)
    pictures_every = options.images_every or training.steps_per_epoch
    images_per_step = training.architecture.training.batch_size * model.batches_per_step
    saving = Saving(training, saver, stop, BadSteps(options.max_bad_steps, run_directory, training.batch_of))
    callbacks: list[keras.callbacks.Callback] = [
        Scalars(run_directory, board, images_per_step, LOG_EVERY),
        Pictures(run_directory, board, training.glyphs, model.preview_images, pictures_every, training.steps),
        saving,
    ]
    if "discriminator" in model.networks:
        callbacks.append(Diversity(run_directory, board, training.glyphs))
    if options.evaluate_every:
        callbacks.append(EvaluationCallback(training, run_directory, board, saver, saving, training.held_out()))
    if options.projector and model.can_encode:
        callbacks.append(Projector(run_directory, training.glyphs, stop))
    elif options.projector:
        warn(f"--projector: a {training.architecture.mode} model does not encode: no latents to show")
    return [*callbacks, Progress(training.steps), board]
