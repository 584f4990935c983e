"""GlyphModel: what all families share. A family adds its losses (``learn``) and, where it differs, its sampling.

The shared part owns the step counter, the optimizers and their guards, the averaged weights, the random draws, the
pixel range, and the borders at which images are uint8.
"""

import zlib

import keras
import numpy as np
import tensorflow as tf

from tfglyph.errors import UsageError
from tfglyph.models.optimizers import make_optimizer
from tfglyph.networks import builder
from tfglyph.networks.layers import synchronized_batch_norm
from tfglyph.progress import progress

CHUNK = 16  # images are made in chunks of this size, padded, so that an image's bytes do not depend on the count


class GlyphModel(keras.Model):
    """A family's networks with a training step.

    Args:
        architecture: tfglyph.architecture.families.Architecture.
        seed: int, from 0 to 2**31 - 1: initial weights and every draw of the training follow from it.

    Attributes:
        networks: dict of keras.Model by name, the trained weights.
        precision: str, the dtype policy that the layers were built under.
        averages: dict of keras.Model by name, exponential moving averages of some of them; empty without ``ema``.
        optimizers: dict of GuardedOptimizer by network name; empty until ``prepare_training``.
        step: tf.Variable int64, finished training steps.
    """

    averaged = ("generator",)  # the networks that make images; a family overrides
    chunk = CHUNK
    preview_images = 64  # images in a training's pictures; a family that paints slowly overrides
    draw_options = ()  # names of what ``sample`` takes besides count and seed; a family overrides

    def __init__(self, architecture, seed=0):
        super().__init__(name=architecture.name or "model")
        self.architecture = architecture
        self.seed = int(seed)
        self.precision = keras.config.dtype_policy().name
        with synchronized_batch_norm(architecture.training.synchronized_batch_norm):
            self.networks = self.build_networks()
        self.averages = {}
        if architecture.training.ema is not None:
            self.averages = {name: _copy(self.networks[name]) for name in self.averaged}
        self.optimizers = {}
        self.step = tf.Variable(
            0, dtype=tf.int64, trainable=False, name="step", aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA
        )
        self._functions = {}
        self.built = True  # its networks are; Keras would otherwise try to trace a call

    # === For families ===

    def build_networks(self):
        """dict of the family's networks by name, in a fixed order."""
        raise NotImplementedError

    def learn(self, batch, ok):
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
    def batches_per_step(self):
        """int: how many batches of the data one training step consumes."""
        return 1

    def learn_from(self, glyphs):
        """What the model takes from its data as it stands, before the first step of a new run; nothing by default.

        Args:
            glyphs: Glyphs, the training split.
        """

    def trained_variables(self, name):
        """The variables that the optimizer of network ``name`` moves."""
        return self.networks[name].trainable_variables

    def network(self, kind, **shapes):
        """Builds the section of the architecture that ``kind`` names."""
        section = getattr(self.architecture, kind)
        return builder(kind, section)(section, **shapes)

    # === Training ===

    def prepare_training(self, total_steps):
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

    def train_step(self, data):
        """Keras's hook: ``learn``, then what is the same for all families.

        A step that meets a NaN or an infinity in a loss or gradient changes nothing more from there on: the update is
        not applied, batch-norm statistics go back to their values before the step, averages stay.

        Returns:
            dict of float32 scalars: the family's, learning rates, and ``bad_step``, 1.0 where the guard held.
        """
        statistics = [
            (variable.value, tf.identity(variable.value))
            for network in self.networks.values()
            for variable in network.non_trainable_variables
        ]
        logs, ok = self.learn(data, tf.constant(True))
        for variable, before in statistics:
            variable.assign(tf.where(ok, variable, before))
        self._move_averages(ok)
        for name, optimizer in self.optimizers.items():
            logs[f"learning_rate/{name}"] = tf.cast(optimizer.learning_rate, tf.float32)
            if optimizer.scaled:
                logs[f"loss_scale/{name}"] = tf.cast(optimizer.dynamic_scale, tf.float32)
        self.step.assign_add(1)
        logs["bad_step"] = 1.0 - tf.cast(ok, tf.float32)
        return logs

    def scaled(self, name, loss):
        """What to differentiate for network ``name``: its loss, shared out over devices and scaled."""
        return self.optimizers[name].scale_loss(loss / self.replicas)

    def update(self, name, gradients, loss, ok):
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
        gradients = list(gradients)
        if self.replicas > 1:  # summed before the optimizer clips them: what is clipped and logged is everyone's
            gradients = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, gradients)
        norm = tf.linalg.global_norm(gradients) / tf.cast(optimizer.scale_loss(1.0), tf.float32)
        gradients_finite = tf.math.is_finite(norm)
        losses_finite = self._everywhere(tf.reduce_all(tf.math.is_finite(tf.stack(tf.nest.flatten(loss)))))
        # A gradient that overflows under a loss scale is the scale's business: it halves, and training goes on.
        ok = ok & losses_finite if optimizer.scaled else ok & losses_finite & gradients_finite
        gradients[0] = tf.where(ok & gradients_finite, gradients[0], float("nan"))
        optimizer.apply(gradients, self.trained_variables(name))
        return ok, norm

    def _everywhere(self, flag):
        """A bool flag, True only where it is True on every replica."""
        if self.replicas == 1:
            return flag
        failed = 1.0 - tf.cast(flag, tf.float32)
        return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, failed) == 0.0

    def _move_averages(self, ok):
        """ema <- decay * ema + (1 - decay) * weights; statistics of normalization layers are copied."""
        if not self.averages:
            return
        step = tf.cast(self.step, tf.float32)
        decay = tf.minimum(self.architecture.training.ema.decay, (1.0 + step) / (10.0 + step))
        for name, average in self.averages.items():
            for mean, weight in zip(average.trainable_variables, self.networks[name].trainable_variables, strict=True):
                moved = mean.value + (1.0 - decay) * (weight.value - mean.value)
                mean.value.assign(tf.where(ok, moved, mean.value))
            for mean, value in zip(
                average.non_trainable_variables, self.networks[name].non_trainable_variables, strict=True
            ):
                mean.value.assign(value.value)

    def groups(self):
        """Everything that an exact resume needs: dict from group name to a list of (path, variable).

        Groups are the networks, ``ema/<network>``, ``optimizer/<network>`` and ``state``.
        """
        groups = {name: network.variables for name, network in self.networks.items()}
        groups |= {f"ema/{name}": average.variables for name, average in self.averages.items()}
        groups |= {f"optimizer/{name}": optimizer.variables for name, optimizer in self.optimizers.items()}
        named = {group: [(variable.path, variable) for variable in found] for group, found in groups.items()}
        return named | {"state": [("step", self.step)]}

    # === Random draws ===

    @property
    def replicas(self):
        """int: devices that share a training step."""
        return tf.distribute.get_strategy().num_replicas_in_sync

    def _draw(self, draw, purpose, shape, index, **options):
        replicas = self.replicas
        purpose_bits = zlib.crc32(purpose.encode()) & 0x7FFFFFFF
        first = tf.constant((self.seed << 32) | purpose_bits, tf.int64)
        second = tf.cast(self.step, tf.int64) * 4096 + tf.cast(index, tf.int64)
        everyone = tf.concat([[shape[0] * replicas], tf.cast(shape[1:], tf.int32)], axis=0)
        values = draw(everyone, seed=tf.stack([first, second]), alg="philox", **options)
        if replicas == 1:
            return values
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        return values[replica * shape[0] : (replica + 1) * shape[0]]

    def normal(self, purpose, shape, index=0):
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

    def uniform(self, purpose, shape, index=0, low=0.0, high=1.0):
        """Uniform draws from [low, high); otherwise as ``normal``."""
        return self._draw(tf.random.stateless_uniform, purpose, shape, index, minval=low, maxval=high)

    def categorical(self, purpose, shape, classes, index=0):
        """int32 draws from 0 to classes - 1; otherwise as ``normal``."""
        return self._draw(tf.random.stateless_uniform, purpose, shape, index, minval=0, maxval=classes, dtype=tf.int32)

    # === Pixels ===

    def from_pixels(self, images):
        """uint8 (n, h, w, c) -> float32 in the architecture's ``pixel_range``."""
        low, high = self.architecture.pixel_range
        return tf.cast(images, tf.float32) * ((high - low) / 255.0) + low

    def to_pixels(self, images):
        """float (n, h, w, c) in ``pixel_range`` -> uint8, clipped and rounded by this fixed rule."""
        low, high = self.architecture.pixel_range
        scaled = (tf.cast(images, tf.float32) - low) * (255.0 / (high - low))
        return tf.cast(tf.round(tf.clip_by_value(scaled, 0.0, 255.0)), tf.uint8)

    # === Using a trained model ===

    def inference(self, name):
        """The network to use after training: the averaged copy where there is one."""
        return self.averages.get(name, self.networks[name])

    @property
    def encodes(self):
        """bool: whether ``encode`` works."""
        return "encoder" in self.networks

    @property
    def latent_shape(self):
        """Shape of one latent, without the batch."""
        return (self.architecture.z_dim,)

    def prior(self, pairs):
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

    def latents(self, seeds):
        """The latents that ``sample_seeds`` paints: float32 (n, *latent_shape) for a list of n int."""
        return self.latents_of_pairs(np.stack([np.asarray(seeds, np.int64), np.zeros(len(seeds), np.int64)], axis=1))

    def latents_of_pairs(self, pairs):
        """The latents that ``sample_pairs`` paints: float32 (n, *latent_shape) for int (n, 2), seed and index."""
        return self._in_chunks("latents", self.prior, np.asarray(pairs, np.int64).reshape(-1, 2), "drawing")

    def generate(self, latents):
        """float32 (n, z_dim) -> float32 (n, h, w, c) in ``pixel_range``; differentiable."""
        return self.inference("generator")(latents, training=False)

    def score(self, images):
        """The critic's logit of float images (n, h, w, c) in ``pixel_range``: float32 (n,); differentiable."""
        if "discriminator" not in self.networks:
            raise UsageError(f"{self.name}: a {self.architecture.mode} model has no critic, so it cannot score images")
        output = self.networks["discriminator"](images, training=False)
        return tf.nest.flatten(output)[0][:, 0]

    def encode_floats(self, images):
        """float32 (n, h, w, c) in ``pixel_range`` -> float32 (n, z_dim), the mean of q(z|x)."""
        if not self.encodes:
            mode = self.architecture.mode
            raise UsageError(f"{self.name}: a {mode} model has no encoder, so it cannot encode images")
        return self.inference("encoder")(images, training=False)[0]

    def draw(self, pairs, **options):
        """uint8 images (n, h, w, c) of the seed pairs int64 (n, 2); what a SavedModel's ``sample`` calls, too."""
        return self.to_pixels(self.generate(self.prior(pairs), **options))

    def sample_inputs(self):
        """What a SavedModel's ``sample`` takes besides count and seed: dict from option to tf.TensorSpec."""
        return {}

    def sample(self, count, seed=0, **options):
        """New images.

        Args:
            count: int, how many.
            seed: int; image i depends on ``seed`` and i alone.
            **options: what the family offers beyond that, named in ``draw_options``.

        Returns:
            uint8 (count, h, w, c).
        """
        return self.sample_pairs(np.stack([np.full(count, seed), np.arange(count)], axis=1), **options)

    def sample_seeds(self, seeds, **options):
        """One image per seed, each depending on its seed alone: equal to ``sample(1, seed)``."""
        return self.sample_pairs(np.stack([seeds, np.zeros(len(seeds), np.int64)], axis=1), **options)

    def sample_pairs(self, pairs, **options):
        """Images of explicit (seed, index) pairs, int (n, 2); see ``sample``."""
        return self._in_chunks("draw", self.draw, np.asarray(pairs, np.int64), "sampling", **options)

    def compose(self, descriptions, seed=0, **options):
        """Characters drawn from descriptions of their parts, for models that are told of parts.

        Args:
            descriptions: list of d str, such as "⿰酉交", or one; a character stands for its own decomposition.
            seed: int; image i depends on ``seed`` and its description alone.
            **options: what ``sample`` takes: steps, sampler, guidance, temperature, label.

        Returns:
            uint8 (d, h, w, c).

        Raises:
            UsageError: the model is told of no parts, or a description is not one; one line.
        """
        from tfglyph.composition.drawing import compose

        texts = [descriptions] if isinstance(descriptions, str) else list(descriptions)
        return compose(self, texts, seed=seed, **options)[:, 0]

    def encode(self, images):
        """uint8 (n, h, w, c) -> float32 (n, z_dim)."""
        images = np.asarray(images)
        self._check_images(images)
        return self._in_chunks("encode", self.encode_pixels, images, "encoding")

    def encode_pixels(self, images):
        """As ``encode``, on one chunk as a tensor."""
        return self.encode_floats(self.from_pixels(images))

    def decode(self, latents, **options):
        """float32 (n, z_dim) -> uint8 (n, h, w, c)."""
        latents = np.asarray(latents, np.float32)
        if latents.shape[1:] != self.latent_shape:
            expected = ", ".join(map(str, self.latent_shape))
            raise UsageError(f"latents have shape {latents.shape}, expected (n, {expected})")
        return self._in_chunks("decode", self.decode_latents, latents, "decoding", **options)

    def decode_latents(self, latents, **options):
        """As ``decode``, on one chunk as a tensor."""
        return self.to_pixels(self.generate(latents, **options))

    def _check_images(self, images):
        if images.dtype != np.uint8 or images.shape[1:] != self.architecture.hwc:
            raise UsageError(
                f"images are {images.dtype} of shape {images.shape}, expected uint8 of shape "
                f"(n, {', '.join(map(str, self.architecture.hwc))})"
            )

    def _in_chunks(self, name, function, rows, description, **options):
        """``function`` over ``rows`` in chunks of one size, the last one padded with repetitions."""
        key = (name, *sorted(options.items()))
        if key not in self._functions:
            self._functions[key] = tf.function(lambda chunk: function(chunk, **options), autograph=False)
        compiled = self._functions[key]
        count = len(rows)
        results = []
        if count:
            padded = rows[np.minimum(np.arange(-(-count // self.chunk) * self.chunk), count - 1)]
        else:  # one chunk of nothing, for the shape of what comes out
            padded = np.zeros((self.chunk, *rows.shape[1:]), rows.dtype)
        for start in progress(range(0, len(padded), self.chunk), description, unit=f"x{self.chunk}"):
            results.append(compiled(tf.constant(padded[start : start + self.chunk])).numpy())
        return np.concatenate(results)[:count]


def _copy(network):
    """A network of the same layers and weights, under the same names."""
    copy = keras.models.clone_model(network)
    copy.set_weights(network.get_weights())
    return copy


def decay(network):
    """The network's ``l2-reg`` term: float32 scalar, 0 without one."""
    return tf.add_n(network.losses) if network.losses else tf.constant(0.0)
