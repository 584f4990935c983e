"""GlyphModel: what all families share. A family adds its losses (``update_networks``) and, where it differs, sampling.

The shared part owns the step counter, the optimizers and their guards, the EMA weights, the random draws, the pixel
range, and the borders at which images are uint8.
"""

import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfglyph.architecture.families import Architecture
from tfglyph.architecture.sampling import check_sampling_options
from tfglyph.datasets.glyphs import Glyphs
from tfglyph.errors import UsageError
from tfglyph.files import PathLike
from tfglyph.models.composing import compose
from tfglyph.models.microbatches import Computed, in_microbatches
from tfglyph.models.optimizers import GuardedOptimizer, make_optimizer
from tfglyph.networks.layers import synchronized_batch_norm
from tfglyph.progress import progress
from tfglyph.runs.run import Run

Logs = dict[str, tf.Tensor]
"""float32 scalars by name."""

CHUNK = 16  # images are made in chunks of this size, padded, so that an image's bytes do not depend on the count


class GlyphModel(keras.Model):
    """A family's networks with a training step.

    Args:
        architecture: tfglyph.architecture.families.Architecture.
        seed: int, from 0 to 2**31 - 1: initial weights and every draw of the training follow from it.

    Attributes:
        networks: dict of keras.Model by name, the trained weights.
        precision: str, the dtype policy that the layers were built under.
        ema_names: tuple of str, the networks that make images, of which an exponential moving average (EMA) is kept; a
            family overrides.
        ema_networks: dict of keras.Model by name, these averages; empty without ``training.ema``.
        chunk: int, images that are made at once.
        preview_images: int, images in a training's pictures; a family whose sampling is slow overrides.
        preview_reconstructions: int, at most so many of them are encoded and reconstructed for these pictures.
        sampling_options: tuple of str, what ``sample`` takes besides count and seed: names of
            ``tfglyph.architecture.sampling.SAMPLING_OPTIONS``; a family overrides.
        optimizers: dict of GuardedOptimizer by network name; empty until ``prepare_training``.
        step: tf.Variable int64, finished training steps.
    """

    ema_names: tuple[str, ...] = ("generator",)
    chunk: int = CHUNK
    preview_images: int = 64
    preview_reconstructions: int = 64
    sampling_options: tuple[str, ...] = ()
    latents_are_noise: bool = False
    """Whether a latent is an image of noise, whose entries and sums mean nothing by themselves (diffusion)."""

    def __init__(self, architecture: Architecture, seed: int = 0):
        super().__init__(name=architecture.name or "model")
        self.architecture: Any = architecture
        self.seed: int = int(seed)
        self.precision: str = keras.config.dtype_policy().name
        with synchronized_batch_norm(architecture.training.synchronized_batch_norm):
            self.networks: dict[str, keras.Model] = self.build_networks(architecture)
        self.ema_networks: dict[str, keras.Model] = {}
        if architecture.training.ema is not None:
            self.ema_networks = {name: _copy(self.networks[name]) for name in self.ema_names}
        self.optimizers: dict[str, GuardedOptimizer] = {}
        self._run: Run | None = None
        self.step: tf.Variable = tf.Variable(
            0, dtype=tf.int64, trainable=False, name="step", aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA
        )
        self._functions: dict[tuple[Any, ...], Any] = {}
        self.built = True  # its networks are; Keras would otherwise try to trace a call

    # === For families ===

    @classmethod
    def build_networks(cls, architecture: Any) -> dict[str, keras.Model]:
        """The family's networks by name, in a fixed order.

        Args:
            architecture: Architecture of the family.
        """
        raise NotImplementedError

    def update_networks(self, batch: Mapping[str, tf.Tensor], ok: tf.Tensor) -> tuple[Logs, tf.Tensor]:
        """One training step: draws, losses, gradients, and ``update`` for each network.

        Args:
            batch: dict with "images" uint8 (n * batches_per_step, h, w, c) and, where the data has them, "labels"
                int32 (n * batches_per_step,).
            ok: bool scalar tensor to pass through every ``update``.

        Returns:
            (dict of float32 scalars to log, ok).
        """
        raise NotImplementedError

    @property
    def batches_per_step(self) -> int:
        """int: how many batches of the data one training step consumes."""
        return 1

    def adapt(self, glyphs: Glyphs) -> None:
        """Takes state from the data as it stands, before the first step of a new run; nothing by default.

        Args:
            glyphs: Glyphs, the training split.
        """

    def trained_variables(self, name: str) -> list[Any]:
        """The variables that the optimizer of network ``name`` moves."""
        return self.networks[name].trainable_variables

    # === Training ===

    def prepare_training(self, total_steps: int) -> None:
        """Makes one optimizer per trained network; needed before ``fit`` and before a checkpoint is restored.

        Args:
            total_steps: int, the last step of the learning-rate schedules.
        """
        scaled = self.precision == "mixed_float16"
        for name in self.architecture.trained:
            section = self.architecture.optimizer(name)
            optimizer = make_optimizer(section, total_steps, self.step, scaled, f"{name}_optimizer")
            optimizer.build(self.trained_variables(name))
            self.optimizers[name] = optimizer

    def train_step(self, data: Mapping[str, tf.Tensor]) -> Logs:
        """One training step: ``update_networks``, then what is the same for all families.

        A step that meets a NaN or an infinity in a loss or gradient changes nothing more from there on: the update is
        not applied, batch-norm statistics go back to their values before the step, EMA weights stay.

        Returns:
            dict of float32 scalars: the family's, learning rates, and ``bad_step``, 1.0 where the guard held.
        """
        statistics = [
            (variable.value, tf.identity(variable.value))
            for network in self.networks.values()
            for variable in network.non_trainable_variables
        ]
        logs, ok = self.update_networks(data, tf.constant(True))
        for variable, before in statistics:
            variable.assign(tf.where(ok, variable, before))
        self._update_ema(ok)
        for name, optimizer in self.optimizers.items():
            logs[f"learning_rate/{name}"] = tf.cast(optimizer.learning_rate, tf.float32)
            if optimizer.scaled:
                logs[f"loss_scale/{name}"] = tf.cast(optimizer.dynamic_scale, tf.float32)
        self.step.assign_add(1)
        logs["bad_step"] = 1.0 - tf.cast(ok, tf.float32)
        return logs

    def scaled(self, name: str, loss: tf.Tensor) -> tf.Tensor:
        """What to differentiate for network ``name``: its loss, shared out over devices and scaled."""
        return self.optimizers[name].scale_loss(loss / self.replicas)

    def update(
        self, name: str, gradients: Sequence[tf.Tensor], loss: Any, ok: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Applies the gradients of ``scaled(name, loss)``, unless something is not finite.

        Args:
            name: str, the network.
            gradients: list of float32 tensors, one for each of ``trained_variables(name)``; this replica's.
            loss: float32 scalar or list of them, looked at for NaN and infinity.
            ok: bool scalar tensor, False where an earlier update of this step failed.

        Returns:
            (ok for the next update, float32 scalar norm of the unscaled gradient of the global batch).
        """
        optimizer = self.optimizers[name]
        summed = list(gradients)
        if self.replicas > 1:  # summed before the optimizer clips them: what is clipped and logged is everyone's
            summed = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, summed)
        norm = tf.linalg.global_norm(summed) / tf.cast(optimizer.scale_loss(1.0), tf.float32)
        gradients_finite = tf.math.is_finite(norm)
        losses_finite = self._everywhere(tf.reduce_all(tf.math.is_finite(tf.stack(tf.nest.flatten(loss)))))
        # A gradient that overflows under a loss scale is the scale's business: it halves, and training goes on.
        ok = ok & losses_finite if optimizer.scaled else ok & losses_finite & gradients_finite
        summed[0] = tf.where(ok & gradients_finite, summed[0], float("nan"))
        optimizer.apply(summed, self.trained_variables(name))
        return ok, norm

    def accumulated(
        self, compute: Callable[[Any], Computed], data: Any, variables: Any, rows: Sequence[str] = ()
    ) -> Computed:
        """``compute(data)`` in the architecture's number of microbatches; see ``in_microbatches``."""
        return in_microbatches(compute, data, self.architecture.microbatches, variables, rows)

    def _everywhere(self, flag: tf.Tensor) -> tf.Tensor:
        """A bool flag, True only where it is True on every replica."""
        if self.replicas == 1:
            return flag
        failed = 1.0 - tf.cast(flag, tf.float32)
        return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, failed) == 0.0

    def _update_ema(self, ok: tf.Tensor) -> None:
        """ema <- decay * ema + (1 - decay) * weights; statistics of normalization layers are copied."""
        if not self.ema_networks:
            return
        step = tf.cast(self.step, tf.float32)
        decay = tf.minimum(self.architecture.training.ema.decay, (1.0 + step) / (10.0 + step))
        for name, average in self.ema_networks.items():
            for mean, weight in zip(average.trainable_variables, self.networks[name].trainable_variables, strict=True):
                moved = mean.value + (1.0 - decay) * (weight.value - mean.value)
                mean.value.assign(tf.where(ok, moved, mean.value))
            for mean, value in zip(
                average.non_trainable_variables, self.networks[name].non_trainable_variables, strict=True
            ):
                mean.value.assign(value.value)

    def groups(self) -> dict[str, list[tuple[str, Any]]]:
        """Everything that an exact resume needs: dict from group name to a list of (path, variable).

        Groups are the networks, ``ema/<network>``, ``optimizer/<network>`` and ``state``.
        """
        groups = {name: network.variables for name, network in self.networks.items()}
        groups |= {f"ema/{name}": average.variables for name, average in self.ema_networks.items()}
        groups |= {f"optimizer/{name}": optimizer.variables for name, optimizer in self.optimizers.items()}
        named = {group: [(variable.path, variable) for variable in variables] for group, variables in groups.items()}
        return named | {"state": [("step", self.step)]}

    # === Random draws ===

    @property
    def replicas(self) -> int:
        """int: devices that share a training step."""
        return tf.distribute.get_strategy().num_replicas_in_sync

    def _draw(self, draw: Callable[..., tf.Tensor], purpose: str, shape: Any, index: Any, **options: Any) -> tf.Tensor:
        replicas = self.replicas
        purpose_bits = zlib.crc32(purpose.encode()) & 0x7FFFFFFF
        first = tf.constant((self.seed << 32) | purpose_bits, tf.int64)
        second = tf.cast(self.step, tf.int64) * 4096 + tf.cast(index, tf.int64)
        global_shape = tf.concat([[shape[0] * replicas], tf.cast(shape[1:], tf.int32)], axis=0)
        values = draw(global_shape, seed=tf.stack([first, second]), alg="philox", **options)
        if replicas == 1:
            return values
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        return values[replica * shape[0] : (replica + 1) * shape[0]]

    def normal(self, purpose: str, shape: Any, index: Any = 0) -> tf.Tensor:
        """N(0, 1) draws of this training step: a function of (seed, step, purpose, index) and the position.

        Drawn for the global batch and sliced by replica, so several devices together draw what one would.

        Args:
            purpose: str, what the draws are for; different purposes are independent.
            shape: list or int tensor; its first entry is the replica's batch.
            index: int or int tensor below 4096, for draws in a loop.

        Returns:
            float32 tensor of ``shape``.
        """
        return self._draw(tf.random.stateless_normal, purpose, shape, index)

    def uniform(self, purpose: str, shape: Any, index: Any = 0, low: float = 0.0, high: float = 1.0) -> tf.Tensor:
        """Uniform draws from [low, high); otherwise as ``normal``."""
        return self._draw(tf.random.stateless_uniform, purpose, shape, index, minval=low, maxval=high)

    def categorical(self, purpose: str, shape: Any, num_categories: int, index: Any = 0) -> tf.Tensor:
        """int32 draws from 0 to num_categories - 1; otherwise as ``normal``."""
        return self._draw(
            tf.random.stateless_uniform, purpose, shape, index, minval=0, maxval=num_categories, dtype=tf.int32
        )

    # === Pixels ===

    def from_pixels(self, images: tf.Tensor) -> tf.Tensor:
        """uint8 (n, h, w, c) -> float32 in the architecture's ``pixel_range``."""
        low, high = self._black_and_white
        return tf.cast(images, tf.float32) * ((high - low) / 255.0) + low

    @property
    def _black_and_white(self) -> tuple[float, float]:
        """What the networks see as a pixel of 0 and of 255: the ends of ``pixel_range``, exchanged where ink is low."""
        low, high = self.architecture.pixel_range
        return (low, high) if self.architecture.ink == "high" else (high, low)

    def to_pixels(self, images: tf.Tensor) -> tf.Tensor:
        """float (n, h, w, c) in ``pixel_range`` -> uint8, clipped and rounded by this fixed rule."""
        low, high = self._black_and_white
        scaled = (tf.cast(images, tf.float32) - low) * (255.0 / (high - low))
        return tf.cast(tf.round(tf.clip_by_value(scaled, 0.0, 255.0)), tf.uint8)

    # === Using a trained model ===

    @property
    def run(self) -> Run:
        """The run that the model was loaded from.

        Raises:
            UsageError: it was built, not loaded.
        """
        if self._run is None:
            raise UsageError(f"{self.name}: this model was built, not loaded, so it has no run")
        return self._run

    def attach_run(self, run: Run) -> None:
        """Notes the run that the weights were loaded from."""
        self._run = run

    @property
    def is_loaded(self) -> bool:
        """Whether the model comes from a run, which ``run`` describes."""
        return self._run is not None

    def inference_network(self, name: str) -> keras.Model:
        """The network to use after training: its EMA where there is one."""
        return self.ema_networks.get(name, self.networks[name])

    @property
    def can_encode(self) -> bool:
        """Whether ``encode`` works."""
        return "encoder" in self.networks

    @property
    def latent_shape(self) -> tuple[int, ...]:
        """Shape of one latent, without the batch."""
        return (self.architecture.z_dim,)

    def prior(self, pairs: tf.Tensor) -> tf.Tensor:
        """Latents from the prior, row i from its seed pair alone.

        Args:
            pairs: int64 tensor (n, 2): seed and index of each image.

        Returns:
            float32 (n, *latent_shape).
        """
        return tf.map_fn(
            lambda pair: tf.random.stateless_normal(self.latent_shape, seed=pair, alg="philox"),
            pairs,
            fn_output_signature=tf.TensorSpec(self.latent_shape, tf.float32),
        )

    def latents(self, seeds: Sequence[int]) -> np.ndarray:
        """The latents of ``sample_seeds``: float32 (n, *latent_shape) for a list of n int."""
        return self.latents_of_pairs(np.stack([np.asarray(seeds, np.int64), np.zeros(len(seeds), np.int64)], axis=1))

    def latents_of_pairs(self, pairs: Any) -> np.ndarray:
        """The latents of ``sample_pairs``: float32 (n, *latent_shape) for int (n, 2), seed and index."""
        return self._in_chunks("latents", self.prior, np.asarray(pairs, np.int64).reshape(-1, 2), "drawing")

    def generate(self, latents: tf.Tensor, **options: Any) -> tf.Tensor:
        """float32 (n, z_dim) -> float32 (n, h, w, c) in ``pixel_range``; differentiable."""
        return self.inference_network("generator")(latents, training=False)

    def critic_score(self, images: tf.Tensor, **options: Any) -> tf.Tensor:
        """The discriminator's logit of float images (n, h, w, c) in ``pixel_range``: float32 (n,); differentiable.

        Raises:
            UsageError: the model has no discriminator.
        """
        if "discriminator" not in self.networks:
            raise UsageError(f"{self.name}: a {self.architecture.mode} model has no critic, so it cannot score images")
        output = self.networks["discriminator"](images, training=False)
        return tf.nest.flatten(output)[0][:, 0]

    def score(self, images: tf.Tensor, **options: Any) -> tf.Tensor:
        """The same as ``critic_score``."""
        return self.critic_score(images, **options)

    def encode_floats(self, images: tf.Tensor) -> tf.Tensor:
        """float32 (n, h, w, c) in ``pixel_range`` -> float32 (n, z_dim), the mean of q(z|x)."""
        if not self.can_encode:
            mode = self.architecture.mode
            raise UsageError(f"{self.name}: a {mode} model has no encoder, so it cannot encode images")
        return self.inference_network("encoder")(images, training=False)[0]

    def draw(self, pairs: tf.Tensor, **options: Any) -> tf.Tensor:
        """uint8 images (n, h, w, c) of the seed pairs int64 (n, 2); what a SavedModel's ``sample`` calls, too."""
        return self.to_pixels(self.generate(self.prior(pairs), **options))

    def sampling_signature(self) -> dict[str, tf.TensorSpec]:
        """What a SavedModel's ``sample`` takes besides count and seed: dict from option to tf.TensorSpec."""
        return {}

    def sample(self, count: int, seed: int = 0, **options: Any) -> np.ndarray:
        """New images.

        Args:
            count: int, how many.
            seed: int; image i depends on ``seed`` and i alone.
            **options: what the family offers beyond that, named in ``sampling_options``.

        Returns:
            uint8 (count, h, w, c).
        """
        return self.sample_pairs(np.stack([np.full(count, seed), np.arange(count)], axis=1), **options)

    def preview(self, count: int) -> np.ndarray:
        """The samples of a training's pictures, always of the same seeds: uint8 (count, h, w, c)."""
        return self.sample(count, seed=self.seed)

    def sample_seeds(self, seeds: Sequence[int], **options: Any) -> np.ndarray:
        """One image per seed, each depending on its seed alone: equal to ``sample(1, seed)``."""
        return self.sample_pairs(np.stack([seeds, np.zeros(len(seeds), np.int64)], axis=1), **options)

    def sample_pairs(self, pairs: Any, **options: Any) -> np.ndarray:
        """Images of explicit (seed, index) pairs, int (n, 2); see ``sample``."""
        check_sampling_options(options, self.sampling_options, self.name)
        return self._in_chunks("draw", self.draw, np.asarray(pairs, np.int64), "sampling", **options)

    def compose(
        self, descriptions: str | Sequence[str], seed: int = 0, font: PathLike | None = None, **options: Any
    ) -> np.ndarray:
        """Characters drawn from descriptions of their parts, for models that are conditioned on parts.

        Args:
            descriptions: list of d str, such as "⿰酉交", or one; a character stands for its own decomposition.
            seed: int; image i depends on ``seed`` and its description alone.
            font: path of a font file to draw in, such as "MyFont.ttf", for models that draw from exemplars.
            **options: what ``sample`` takes: steps, sampler, guidance, temperature, label.

        Returns:
            uint8 (d, h, w, c).

        Raises:
            UsageError: the model is not conditioned on parts, or a description is not one; one line.
        """
        texts = [descriptions] if isinstance(descriptions, str) else list(descriptions)
        return compose(self, texts, seed=seed, font=font, **options)[:, 0]

    def encode(self, images: np.ndarray) -> np.ndarray:
        """uint8 (n, h, w, c) -> float32 (n, z_dim)."""
        images = np.asarray(images)
        self._check_images(images)
        return self._in_chunks("encode", self.encode_pixels, images, "encoding")

    def encode_pixels(self, images: tf.Tensor) -> tf.Tensor:
        """As ``encode``, on one chunk as a tensor."""
        return self.encode_floats(self.from_pixels(images))

    def decode(self, latents: np.ndarray, **options: Any) -> np.ndarray:
        """float32 (n, z_dim) -> uint8 (n, h, w, c)."""
        check_sampling_options(options, self.sampling_options, self.name)
        latents = np.asarray(latents, np.float32)
        if latents.shape[1:] != self.latent_shape:
            expected = ", ".join(map(str, self.latent_shape))
            raise UsageError(f"latents have shape {latents.shape}, expected (n, {expected})")
        return self._in_chunks("decode", self.decode_latents, latents, "decoding", **options)

    def decode_latents(self, latents: tf.Tensor, **options: Any) -> tf.Tensor:
        """As ``decode``, on one chunk as a tensor."""
        return self.to_pixels(self.generate(latents, **options))

    def snap(self, latents: np.ndarray) -> np.ndarray:
        """Sums of latents, moved to what they most probably stand for: float32 (n, z_dim) both.

        The same array but for models whose prior has parts: there, the prior's means of the most probable parts.
        """
        return latents

    def _check_images(self, images: np.ndarray) -> None:
        if images.dtype != np.uint8 or images.shape[1:] != self.architecture.hwc:
            raise UsageError(
                f"images are {images.dtype} of shape {images.shape}, expected uint8 of shape "
                f"(n, {', '.join(map(str, self.architecture.hwc))})"
            )

    def _in_chunks(
        self, name: str, function: Callable[..., tf.Tensor], rows: Any, description: str, **options: Any
    ) -> np.ndarray:
        """``function`` over ``rows`` in chunks of one size, the last one padded with repetitions.

        Args:
            name: str, what the traced function is kept under, together with ``options``.
            function: takes a chunk of ``rows`` as tensors, and ``options``.
            rows: array (n, ...), or a dict of such arrays.
            description: str, stands in front of the progress bar.
            **options: Python values, the same for all rows.

        Returns:
            array (n, ...).
        """
        key = (name, *sorted(options.items()))
        if key not in self._functions:
            self._functions[key] = tf.function(lambda chunk: function(chunk, **options), autograph=False)
        compiled = self._functions[key]
        count = len(tf.nest.flatten(rows)[0])
        if count:
            repeated = np.minimum(np.arange(-(-count // self.chunk) * self.chunk), count - 1)
            padded = tf.nest.map_structure(lambda array: array[repeated], rows)
        else:  # one chunk of nothing, for the shape of what comes out
            repeated = np.zeros(self.chunk)
            padded = tf.nest.map_structure(lambda array: np.zeros((self.chunk, *array.shape[1:]), array.dtype), rows)
        results = []
        for start in progress(range(0, len(repeated), self.chunk), description, unit=f"x{self.chunk}"):
            part = slice(start, start + self.chunk)
            chunk = tf.nest.map_structure(lambda array, part=part: tf.constant(array[part]), padded)
            results.append(compiled(chunk).numpy())
        return np.concatenate(results)[:count]


def _copy(network: keras.Model) -> keras.Model:
    """A network of the same layers and weights, under the same names."""
    copy = keras.models.clone_model(network)
    copy.set_weights(network.get_weights())
    return copy


def l2_loss(network: keras.Model) -> tf.Tensor:
    """The network's ``l2-reg`` term: float32 scalar, 0 without one."""
    return tf.add_n(network.losses) if network.losses else tf.constant(0.0)
