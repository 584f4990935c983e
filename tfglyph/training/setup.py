"""A training, resolved: the architecture and the options are final, the model is built, the data is loaded."""

import pathlib

import numpy as np
import tensorflow as tf

from tfglyph import datasets
from tfglyph.architecture.families import Architecture
from tfglyph.datasets.glyphs import Glyphs
from tfglyph.errors import UsageError
from tfglyph.evaluation import online
from tfglyph.exemplars.batches import ExemplarBatches
from tfglyph.loading import locate
from tfglyph.models import GlyphModel, Limits, build
from tfglyph.networks.layers import keras_batch_norm
from tfglyph.runs import checkpoints
from tfglyph.runs.data import load_glyphs
from tfglyph.runs.lookup import find
from tfglyph.runs.options import Options
from tfglyph.training.conditions import with_conditions, with_label_names
from tfglyph.training.options import total_steps
from tfglyph.training.strategy import check_devices, is_distributed

PREVIEW_SEED = 1 << 20  # decides which images are pictured, whatever the seed of the run


class PreparedTraining:
    """Everything that a training needs; nothing is written yet.

    Args:
        architecture: Architecture with all overrides in it.
        options: Options.
        strategy: tf.distribute.Strategy.
        prefix: pathlib.Path of the checkpoint to go on from, or None.
        precision_reason: str to print.
        limits: Limits that the architecture has to keep to, or None: the usual ones.

    Attributes:
        model: GlyphModel.
        glyphs: Glyphs, the training split, with the model's conditioning inputs.
        steps, steps_per_epoch: int.
        taken_over: dict from network to (variables taken from ``options.init_from``, variables there are).
    """

    def __init__(
        self,
        architecture: Architecture,
        options: Options,
        strategy: tf.distribute.Strategy,
        prefix: pathlib.Path | None = None,
        precision_reason: str = "as in the run",
        limits: Limits | None = None,
    ):
        check_devices(architecture, strategy.num_replicas_in_sync)
        self.options: Options = options
        self.prefix: pathlib.Path | None = prefix
        self.strategy: tf.distribute.Strategy = strategy
        self.precision_reason: str = precision_reason
        # The model first: an architecture that is too large is refused before the data takes its time.
        with keras_batch_norm(not options.fused_batch_norm):
            self.model: GlyphModel = build(architecture, options.seed, options.precision, limits, strategy)
        self.glyphs: Glyphs = with_conditions(architecture, load_glyphs(architecture, options.dataset, "train"))
        self.architecture: Architecture = with_label_names(architecture, self.glyphs)
        self.model.architecture = self.architecture
        self.steps, self.steps_per_epoch = total_steps(self.architecture, len(self.glyphs), self.model.batches_per_step)
        self.companions: ExemplarBatches | None = None
        if self.architecture.exemplars is not None:
            self.companions = ExemplarBatches(self.glyphs, self.architecture.exemplars, options.seed)
            self.model.preview_conditions = self._preview_conditions()
        with strategy.scope():
            self.model.prepare_training(self.steps)
        self.taken_over: dict[str, tuple[int, int]] = {}
        if prefix is None:
            self.model.adapt(self.glyphs)
            if options.init_from:
                self.taken_over = self._take_over(options.init_from)
        if options.evaluate_every:
            online.check(options.best_metric, self.model, options.dataset.holdout)
        if options.jit == "on" and is_distributed(strategy):
            raise UsageError("--jit on: TensorFlow cannot compile a step for several devices; leave this out")
        # Keras resolves "auto" to XLA on a GPU alone, where it helps; on CPUs it was seen both ways.
        jit = {"auto": "auto", "on": True, "off": False}[options.jit]
        self.model.compile(optimizer=None, jit_compile=jit)

    def _take_over(self, reference: str) -> dict[str, tuple[int, int]]:
        """Begins with the weights of another run, as far as they fit."""
        ema = {name: [network.variables] for name, network in self.model.ema_networks.items()}
        networks = {name: [network.variables, *ema.get(name, [])] for name, network in self.model.networks.items()}
        return checkpoints.take_over(find(locate(reference)), networks)

    @property
    def step(self) -> int:
        """How many steps are finished."""
        return int(self.model.step.numpy())

    def save(self, saver: checkpoints.Checkpoints) -> None:
        """Saves the model as it is."""
        saver.save(self.step, self.model.groups(), {"steps_per_epoch": self.steps_per_epoch})

    def batches(self, start: int) -> tf.data.Dataset:
        """tf.data.Dataset of the batches from step ``start`` on."""
        return datasets.feed(
            self.glyphs,
            self.architecture.training.batch_size,
            self.options.seed,
            start_step=start,
            batches_per_step=self.model.batches_per_step,
            augmentation=datasets.Augmentation(**self.options.augment) if self.options.augment else None,
            companions=self.companions,
        )

    def _preview_conditions(self) -> dict[str, np.ndarray]:
        """Exemplars of some training images, for the pictures of a training."""
        batch = datasets.feed(
            self.glyphs, min(self.model.preview_images, len(self.glyphs)), PREVIEW_SEED, companions=self.companions
        )
        first = next(iter(batch.take(1).as_numpy_iterator()))
        return {name: first[name] for name in ("exemplars", "kinds")}

    def batch_of(self, step: int) -> dict[str, np.ndarray]:
        """dict of numpy arrays: the batch of training step ``step``, drawn again."""
        return next(iter(self.batches(step).take(1).as_numpy_iterator()))

    def held_out_drawings(self) -> online.HeldOutDrawings | None:
        """Held-out characters with their exemplars, for a model that draws from such, or None."""
        section, spec = self.architecture.exemplars, self.options.dataset
        if section is None or not spec.holdout:
            return None
        glyphs = load_glyphs(self.architecture, spec, "all")
        return online.HeldOutDrawings(glyphs, section, spec.holdout, online.DRAWINGS)

    def held_out(self) -> Glyphs | None:
        """Glyphs that the run keeps out of its training, or None."""
        spec = self.options.dataset
        return load_glyphs(self.architecture, spec, "holdout") if spec.holdout else None
