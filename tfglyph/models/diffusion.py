"""Diffusion (Ho et al. 2020) and flow matching (Lipman et al. 2023): a denoiser, trained on images mixed with noise.

A latent is an image's worth of noise: deterministic samplers draw an image from it, and DDIM inversion finds it.
"""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfglyph.architecture.condition import Exemplars
from tfglyph.architecture.diffusion import DiffusionObjective
from tfglyph.architecture.sampling import check_sampling_options
from tfglyph.composition.tokens import UPPER, tokenizer
from tfglyph.datasets.glyphs import Glyphs
from tfglyph.diffusion import paths, samplers, targets
from tfglyph.diffusion.noise import image_noise
from tfglyph.errors import UsageError
from tfglyph.exemplars.kinds import COLUMNS
from tfglyph.models.base import GlyphModel, Logs
from tfglyph.models.denoiser import Conditioning, Denoiser, encoded, predict
from tfglyph.models.microbatches import Computed
from tfglyph.networks import build_network, builder
from tfglyph.networks.denoiser_conditioning import hide_names
from tfglyph.networks.description_sampler import DescriptionSampler
from tfglyph.networks.exemplar_encoder import build_exemplar_encoder
from tfglyph.networks.sketches import Sketches
from tfglyph.progress import Bar, hidden, progress

REFINEMENTS = 2  # fixed-point iterations of each step of the inversion
UNCONDITIONAL = -1  # the label that means "no label"


class Diffusion(GlyphModel):
    """One network, the denoiser, and for autoguidance a worse one beside it, the guide, to be pushed away from when
    sampling (Karras et al. 2024, "Guiding a diffusion model with a bad version of itself", arXiv 2406.02507).

    Attributes:
        noise_path: tfglyph.diffusion.paths.Path, the way from images to noise.
        sketches: Sketches, how parts look at their positions; None where the condition has none.
        description_sampler: DescriptionSampler, the descriptions of unconditional samples; None where these have none.
        preview_conditions: dict with "exemplars" and "kinds" for a training's pictures, which the training sets, or
            None.
    """

    preview_images = 16
    preview_reconstructions = 4  # an image takes three times as long to encode as to draw
    latents_are_noise = True

    def __init__(self, architecture: Any, seed: int = 0):
        super().__init__(architecture, seed)
        self.noise_path: paths.Path = path_of(architecture.objective)
        self.sketches: Sketches | None = None
        self.description_sampler: DescriptionSampler | None = None
        tokens = architecture.condition.tokens if architecture.condition is not None else None
        if tokens is not None and tokens.sketches:
            classes = architecture.condition.classes or 1
            self.sketches = Sketches(tokens.sketches, tokens.vocabulary, architecture.hwc, classes, name="sketches")
        if tokens is not None and tokens.descriptions:
            # Checkpoints know the layer by this name.
            self.description_sampler = DescriptionSampler(tokens.descriptions, name="imagined")
        self.preview_conditions: dict[str, np.ndarray] | None = None
        self._bar: Bar | None = None
        self._ticking = False

    @classmethod
    def build_networks(cls, architecture: Any) -> dict[str, keras.Model]:
        shape = {"image_shape": architecture.hwc, "condition": architecture.condition}
        networks = {"denoiser": build_network(architecture, "denoiser", **shape)}
        if architecture.exemplars is not None:
            networks["exemplar_encoder"] = build_exemplar_encoder(
                architecture.exemplars,
                architecture.hwc,
                architecture.denoiser.patch,
                architecture.denoiser.embedding,
            )
        if architecture.guide is not None:
            networks["guide"] = builder("denoiser", architecture.guide)(architecture.guide, **shape)
        return networks

    @property
    def ema_names(self) -> tuple[str, ...]:  # type: ignore[override]  # depends on the architecture here
        return tuple(name for name in ("denoiser", "exemplar_encoder", "guide") if self._has(name))

    def _has(self, name: str) -> bool:
        """Whether there is a network of this name (also while the networks are being made)."""
        if name == "exemplar_encoder":
            return self.exemplars is not None
        return name == "denoiser" or self.architecture.guide is not None

    @property
    def exemplars(self) -> Exemplars | None:
        """The section ``condition.exemplars``; None for a model that is not conditioned on any."""
        section: Exemplars | None = self.architecture.exemplars
        return section

    def trained_variables(self, name: str) -> list[Any]:
        """Those of all networks: one optimizer moves them all."""
        return [variable for network in self.networks.values() for variable in network.trainable_variables]

    def groups(self) -> dict[str, list[tuple[str, Any]]]:
        tables = [layer for layer in (self.sketches, self.description_sampler) if layer is not None]
        return super().groups() | {layer.name: layer.named_tables() for layer in tables}

    # === Training ===

    def adapt(self, glyphs: Glyphs) -> None:
        if glyphs.tokens is None:
            return
        if self.sketches is not None:
            parts = tokenizer(self.architecture.condition.tokens.parts)
            labels = glyphs.labels if self.architecture.condition.classes else None
            self.sketches.adapt(
                np.asarray(glyphs.images), glyphs.tokens, parts.encode_as_parts(glyphs.characters or ()), labels
            )
        if self.description_sampler is not None:
            self.description_sampler.adapt(glyphs.tokens)

    def update_networks(self, batch: Mapping[str, tf.Tensor], ok: tf.Tensor) -> tuple[Logs, tf.Tensor]:
        images = self.from_pixels(batch["images"])  # (n, h, w, c)
        count = tf.shape(images)[0]
        timesteps = self.noise_path.draw_times(self._spread(count))
        data = {
            "images": images,
            "noise": self._training_noise(tf.shape(images), timesteps),
            "timesteps": timesteps,
            **self.training_conditions(batch, count),
        }
        logs, gradients, _ = self.accumulated(self._losses_and_gradients, data, self.trained_variables("denoiser"))
        ok, norm = self.update("denoiser", gradients, list(logs.values()), ok)
        return {**logs, "gradient_norm/denoiser": norm}, ok

    def _training_noise(self, shape: tf.Tensor, timesteps: tf.Tensor) -> tf.Tensor:
        """float32 of ``shape`` (4,): the noise of a batch, 0 for some of the images that are nothing but noise."""
        noise = self.normal("noise", shape)
        fraction = self.architecture.objective.zero_noise
        if not fraction:
            return noise
        is_zero = (timesteps >= 1.0) & (self.uniform("zero noise", shape[:1]) < fraction)  # (n,)
        return tf.where(is_zero[:, None, None, None], 0.0, noise)

    @property
    def _denoisers(self) -> dict[str, keras.Model]:
        """The networks that denoise, each with a loss of its own."""
        return {name: network for name, network in self.networks.items() if name != "exemplar_encoder"}

    def _spread(self, count: tf.Tensor) -> tf.Tensor:
        """Uniform draws for a batch, evenly apart from a random first one (Kingma et al. 2021, appendix I.1).

        Every batch then sees early and late timesteps in their right proportions, which makes the loss and its
        gradient less noisy than independent times do, and each image's own draw is still uniform.

        Returns:
            float32 (count,) in [0, 1), this device's part of the global batch.
        """
        first = 0
        if self.replicas > 1:
            first = tf.distribute.get_replica_context().replica_id_in_sync_group * count
        position = tf.cast(first + tf.range(count), tf.float32) / tf.cast(count * self.replicas, tf.float32)
        # The same number on all devices, so not one of ``self.uniform``, which gives each its own.
        seed = tf.stack([tf.constant(self.seed, tf.int64), tf.cast(self.step, tf.int64)])
        return tf.math.floormod(position + tf.random.stateless_uniform([], seed, alg="philox"), 1.0)

    def training_conditions(self, batch: Mapping[str, tf.Tensor], count: tf.Tensor) -> Conditioning:
        """The denoiser's conditioning inputs of this step: labels and tokens, some of them dropped."""
        condition = self.architecture.condition
        if condition is None:
            return {}
        conditioning: Conditioning = {}
        for name, section in (("labels", condition.classes), ("tokens", condition.tokens)):
            if section is not None:
                if name not in batch:
                    raise UsageError(f"condition: the architecture needs {name}, but the data set has none")
                conditioning[name] = batch[name]
        if condition.tokens is not None and condition.tokens.hide_names:
            draws = self.uniform("hide names", [count, UPPER])
            conditioning["tokens"] = hide_names(conditioning["tokens"], draws, condition.tokens.hide_names)
        # (The purposes are those of version 0.1.0, so that its runs go on with the same draws.)
        all_dropped = self.uniform("withhold all", count[None]) < condition.drop
        for name in conditioning:
            dropped = all_dropped
            if len(conditioning) > 1:
                dropped |= self.uniform(f"withhold {name}", count[None]) < condition.drop
            if name == "labels":
                conditioning[name] = tf.where(dropped, UNCONDITIONAL, conditioning[name])
            else:
                conditioning[name] = tf.where(dropped[:, None], 0, conditioning[name])
        if self.exemplars is not None:
            conditioning |= self._training_exemplars(batch, all_dropped)
        if self.sketches is not None:
            conditioning["sketches"] = self.sketches(
                conditioning["tokens"], conditioning.get("labels"), batch["images"]
            )
        return conditioning

    def _training_exemplars(self, batch: Mapping[str, tf.Tensor], dropped: tf.Tensor) -> Conditioning:
        if "exemplars" not in batch:
            raise UsageError("condition: the architecture needs exemplars, but the data set gives none")
        return {
            "exemplars": self.from_pixels(batch["exemplars"]),  # (n, k, h, w, c)
            "kinds": tf.where(dropped[:, None, None], 0, batch["kinds"]),  # (n, k, columns)
        }

    def _losses_and_gradients(self, data: dict[str, tf.Tensor]) -> Computed:
        """Mean weighted squared error of the target, of each network, and the gradients of the scaled sum."""
        objective, conditioning = self.architecture.objective, dict(data)
        x_0, noise, timesteps = (conditioning.pop(name) for name in ("images", "noise", "timesteps"))
        alpha, sigma = self.noise_path.alpha_sigma(timesteps)
        times = self.noise_path.network_times(timesteps)
        target = targets.make(objective.target, x_0, noise, alpha, sigma)
        weight = targets.loss_weight(
            objective.loss_weight, objective.target, alpha, sigma, objective.min_snr_gamma or 5.0
        )
        with tf.GradientTape() as tape:
            x_t = self.noise_path.mix(x_0, noise, timesteps)
            losses: Logs = {}
            conditioning = encoded(self.networks.get("exemplar_encoder"), conditioning, training=True)
            for name, network in self._denoisers.items():
                prediction = predict(network, x_t, times, conditioning, training=True)
                error = tf.reduce_mean(tf.square(prediction - target), [1, 2, 3])  # (n,)
                losses[f"loss/{name}"] = tf.reduce_mean(weight * error)
            scaled = self.scaled("denoiser", tf.add_n(list(losses.values())))
        return losses, tape.gradient(scaled, self.trained_variables("denoiser")), {}

    # === Sampling ===

    @property
    def sampling_options(self) -> tuple[str, ...]:  # type: ignore[override]  # depends on the architecture here
        conditional = self.architecture.condition is not None
        guided = conditional or self.architecture.guide is not None
        return ("steps", "sampler", "temperature") + ("label",) * conditional + ("guidance",) * guided

    def sampling_signature(self) -> dict[str, tf.TensorSpec]:
        inputs = {"steps": tf.TensorSpec(None, tf.int32, name="steps")}
        condition = self.architecture.condition
        if "guidance" in self.sampling_options:
            inputs["guidance"] = tf.TensorSpec(None, tf.float32, name="guidance")
        if condition is not None and condition.classes is not None:
            inputs["label"] = tf.TensorSpec(None, tf.int32, name="label")
        return inputs

    def sample_pairs(
        self,
        pairs: Any,
        label: Any = None,
        tokens: Any = None,
        exemplars: Any = None,
        kinds: Any = None,
        **options: Any,
    ) -> np.ndarray:
        """Images of explicit (seed, index) pairs.

        Args:
            pairs: int (n, 2).
            label: None, or a class by number or name, or one per image; None: unconditional.
            tokens: None, or int (length,) or (n, length).
            exemplars: None, or uint8 (n, k, h, w, c), for models that draw from exemplars: glyphs in their places.
            kinds: None, or int (n, k, COLUMNS), what they show; see ``tfglyph.exemplars.kinds``.
            **options: ``steps`` int, ``sampler`` str, ``guidance`` and ``temperature`` float; the architecture's where
                not given.

        Returns:
            uint8 (n, h, w, c).

        Raises:
            UsageError: an option that does not exist, or a condition that the model does not know.
        """
        check_sampling_options(options, self.sampling_options, self.name)
        pairs = np.asarray(pairs, np.int64).reshape(-1, 2)
        rows = {"pairs": pairs, "label": self._label_numbers(label, len(pairs)).astype(np.int32)}
        if tokens is not None:
            rows["tokens"] = self._checked_tokens(tokens, len(pairs)).astype(np.int32)
        if exemplars is not None:
            rows |= self._checked_exemplars(exemplars, kinds, len(pairs))
        return self._in_chunks("draw", self._draw_rows, rows, "sampling", **options)

    def _draw_rows(self, rows: dict[str, tf.Tensor], **options: Any) -> tf.Tensor:
        return self.draw(**rows, **options)

    def draw(
        self,
        pairs: tf.Tensor,
        steps: Any = None,
        sampler: str | None = None,
        tokens: tf.Tensor | None = None,
        temperature: Any = None,
        **options: Any,
    ) -> tf.Tensor:
        """As ``GlyphModel.draw``, with the options of ``sample_pairs`` and of ``sampling_conditions``."""
        if tokens is None and self.description_sampler is not None:
            tokens = self.description_sampler(pairs)
        objective = self.architecture.objective
        sampler, eta = sampler or objective.sampler, objective.eta
        steps = objective.sampling_steps if steps is None else steps
        temperature = objective.temperature if temperature is None else temperature
        options = {"guidance": objective.guidance, **options}
        images = self.generate(
            self.prior(pairs) * temperature,
            pairs=pairs,
            steps=steps,
            sampler=sampler,
            eta=eta,
            tokens=tokens,
            **options,
        )
        return self.to_pixels(images)

    def generate(
        self,
        latents: tf.Tensor,
        pairs: tf.Tensor | None = None,
        steps: Any = None,
        sampler: str = "ddim",
        eta: float = 0.0,
        **conditions: Any,
    ) -> tf.Tensor:
        """Images of latents, by default along the way that ``encode`` goes back.

        Args:
            latents: float32 (n, z_dim), standard normal.
            pairs: int64 (n, 2), the seeds of the noise that a sampler adds; None: the same noise for all images.
            steps: int or int32 scalar tensor; None: ``encoding_steps``.
            sampler: one of ``tfglyph.architecture.sampling.SAMPLERS``.
            eta: float, the noise that ddim adds.
            **conditions: ``label``, ``tokens``, ``exemplars``, ``kinds`` and ``guidance``, see ``denoiser``.

        Returns:
            float32 (n, h, w, c) in ``pixel_range``; differentiable.
        """
        shape = self.architecture.hwc
        steps = self.architecture.objective.encoding_steps if steps is None else _one(steps, "steps", 1)
        count = tf.shape(latents)[0]
        pairs = tf.zeros([count, 2], tf.int64) if pairs is None else pairs
        adds_noise = sampler == "ddpm" or (sampler == "ddim" and eta > 0)
        images = samplers.sample(
            sampler,
            self.noise_path,
            self.denoiser(count, **conditions),
            tf.reshape(latents, [-1, *shape]),
            samplers.timesteps_for(sampler, self.noise_path, steps),
            eta,
            (lambda step: image_noise(pairs, step, shape)) if adds_noise else None,
        )  # (n, h, w, c)
        # The range is symmetric: mid-grey is 0.
        return tf.clip_by_value(images * self.architecture.objective.contrast, *self.architecture.pixel_range)

    @property
    def can_encode(self) -> bool:
        return True

    def encode_floats(self, images: tf.Tensor) -> tf.Tensor:
        """float32 (n, h, w, c) in ``pixel_range`` -> float32 (n, z_dim), the noise of these images."""
        timesteps = self.noise_path.timesteps(self.architecture.objective.encoding_steps)
        denoise = self.denoiser(tf.shape(images)[0])
        noise = samplers.invert(self.noise_path, denoise, images, timesteps, REFINEMENTS)
        return tf.reshape(noise, [-1, self.architecture.z_dim])  # (n, h w c)

    def denoiser(self, count: Any, guidance: Any = 1.0, **conditions: Any) -> Denoiser:
        """The Denoiser of ``count`` images under a condition.

        Args:
            count: int32 scalar tensor, images.
            guidance: float or float32 scalar tensor: classifier-free, or away from the guide; 1 is the plain model.
            **conditions: as in ``sampling_conditions``.
        """
        conditioning, unconditional = self.sampling_conditions(count, **conditions)
        plain = isinstance(guidance, int | float) and guidance == 1
        guide = self.inference_network("guide") if self.architecture.guide is not None and not plain else None
        classifier_free = bool(conditioning) and not plain
        if guide is not None or classifier_free:
            guidance = _one(guidance, "guidance", 0.0)
        sets = None
        if self.exemplars is not None:  # encoded once for all evaluations of the denoiser
            encoder = self.inference_network("exemplar_encoder")
            sets = -(-tf.shape(conditioning["kinds"])[1] // self.exemplars.slots)
            conditioning, unconditional = (
                in_sets(inputs, sets, self.exemplars.slots) for inputs in (conditioning, unconditional)
            )
            conditioning = encoded(encoder, conditioning)
            unconditional = encoded(encoder, unconditional) if classifier_free else unconditional
        return Denoiser(
            self.inference_network("denoiser"),
            self.noise_path,
            self.architecture.objective.target,
            self.architecture.pixel_range,
            conditioning,
            unconditional if classifier_free else None,
            guidance,
            guide,
            self._tick if self._ticking else None,
            sets,
        )

    def sampling_conditions(
        self, count: Any, label: Any = None, tokens: Any = None, exemplars: Any = None, kinds: Any = None
    ) -> tuple[Conditioning, Conditioning]:
        """The conditioning inputs for ``count`` samples, and what they are without a condition.

        Args:
            count: int32 scalar tensor, images.
            label: None, or int32 scalar or (count,), negative for "no label".
            tokens: None, or int32 (count, length).
            exemplars: None, or uint8 (count, k, h, w, c).
            kinds: None, or int32 (count, k, COLUMNS).

        Returns:
            two dicts of tensors.
        """
        condition = self.architecture.condition
        conditioning: Conditioning = {}
        unconditional: Conditioning = {}
        if condition is not None and condition.classes is not None:
            unconditional["labels"] = tf.fill([count], UNCONDITIONAL)
            label = UNCONDITIONAL if label is None else label
            conditioning["labels"] = tf.broadcast_to(_below(label, condition.classes), [count])
        if condition is not None and condition.tokens is not None:
            unconditional["tokens"] = tf.zeros([count, condition.tokens.length], tf.int32)
            conditioning["tokens"] = unconditional["tokens"] if tokens is None else tokens
            if self.sketches is not None:
                for inputs in (conditioning, unconditional):
                    inputs["sketches"] = self.sketches(inputs["tokens"], inputs.get("labels"))
        if self.exemplars is not None:
            if exemplars is None:
                exemplars = tf.zeros([count, 0, *self.architecture.hwc], tf.uint8)
                kinds = tf.zeros([count, 0, COLUMNS], tf.int32)
            # The networks take one slot at least, which may be empty.
            more = [[0, 0], [0, tf.maximum(1 - tf.shape(kinds)[1], 0)]]
            exemplars = tf.pad(exemplars, [*more, [0, 0], [0, 0], [0, 0]])
            kinds = tf.pad(kinds, [*more, [0, 0]])
            conditioning |= {"exemplars": self.from_pixels(exemplars), "kinds": kinds}
            unconditional |= {"exemplars": conditioning["exemplars"], "kinds": tf.zeros_like(kinds)}
        return conditioning, unconditional

    # === Progress and checks ===

    def _in_chunks(self, name: str, function: Any, rows: Any, description: str, **options: Any) -> np.ndarray:
        """As the base class does it, with a bar that counts the denoiser's evaluations."""
        objective = self.architecture.objective
        steps = options.get("steps") or (objective.sampling_steps if name == "draw" else objective.encoding_steps)
        sampler = options.get("sampler") or (objective.sampler if name == "draw" else "ddim")
        evaluations = samplers.evaluations(sampler, steps)
        if name == "encode":
            evaluations *= REFINEMENTS + 1
        chunks = -(-max(len(tf.nest.flatten(rows)[0]), 1) // self.chunk)
        with progress(description=description, total=chunks * evaluations, unit="step") as self._bar, hidden():
            self._ticking = True
            try:
                return super()._in_chunks(name, function, rows, description, **options)
            finally:
                self._ticking, self._bar = False, None

    def _tick(self) -> None:
        if self._bar is not None:
            self._bar.update(1)

    def decode(self, latents: np.ndarray, **options: Any) -> np.ndarray:
        """float32 (n, z_dim) -> uint8 (n, h, w, c); ``options`` as for ``sample``, with one label for all."""
        check_sampling_options(options, self.sampling_options, self.name)
        latents = np.asarray(latents, np.float32) * np.float32(options.pop("temperature", 1.0))
        if options.get("label") is not None:
            options["label"] = int(self._label_numbers(options["label"], 1)[0])
        return super().decode(latents, **options)

    def _label_numbers(self, label: Any, count: int) -> np.ndarray:
        """int64 (count,) of label numbers for what a person gave."""
        if label is None:
            return np.full(count, UNCONDITIONAL)
        condition = self.architecture.condition
        if condition is None or condition.classes is None:
            raise UsageError(f"label: {self.name} has no class labels in its condition")
        several = not isinstance(label, str) and np.ndim(label) == 1
        numbers = [condition.number_of(each) for each in (label if several else [label])]
        if several and len(numbers) != count:
            raise UsageError(f"label: {len(numbers)} labels for {count} images")
        return np.broadcast_to(np.asarray(numbers, np.int64), [count])

    def _checked_tokens(self, tokens: Any, count: int) -> np.ndarray:
        """int64 (count, length)."""
        condition = self.architecture.condition
        if condition is None or condition.tokens is None:
            raise UsageError(f"tokens: {self.name} has no tokens in its condition")
        tokens, section = np.asarray(tokens, np.int64), condition.tokens
        fits = tokens.shape in ((section.length,), (count, section.length))
        if not fits or tokens.min() < 0 or tokens.max() >= section.vocabulary:
            raise UsageError(f"tokens: expected {section.length} numbers per image from 0 to {section.vocabulary - 1}")
        return np.broadcast_to(tokens, [count, section.length])

    def _checked_exemplars(self, exemplars: Any, kinds: Any, count: int) -> dict[str, np.ndarray]:
        """The two inputs as arrays: uint8 (count, k, h, w, c) and int32 (count, k, COLUMNS)."""
        if self.exemplars is None:
            raise UsageError(f"exemplars: {self.name} has no exemplars in its condition")
        exemplars, kinds = np.asarray(exemplars), np.asarray(kinds, np.int32)
        fits = exemplars.ndim == 5 and exemplars.shape[:1] + exemplars.shape[2:] == (count, *self.architecture.hwc)
        if not fits or exemplars.dtype != np.uint8 or kinds.shape != (*exemplars.shape[:2], COLUMNS):
            height, width, channels = self.architecture.hwc
            raise UsageError(
                f"exemplars: found {exemplars.dtype} of shape {exemplars.shape} with kinds of shape {kinds.shape}, "
                f"expected uint8 ({count}, k, {height}, {width}, {channels}) and ({count}, k, {COLUMNS})"
            )
        return {"exemplars": exemplars, "kinds": kinds}

    def preview(self, count: int) -> np.ndarray:
        """As the base class; a model that draws from exemplars is given those of ``preview_conditions``."""
        if self.preview_conditions is None:
            return super().preview(count)
        available = len(self.preview_conditions["exemplars"])
        rows = np.arange(count) % available
        pairs = np.stack([np.full(count, self.seed), np.arange(count)], axis=1)
        return self.sample_pairs(pairs, **{name: value[rows] for name, value in self.preview_conditions.items()})


def path_of(objective: DiffusionObjective) -> paths.Path:
    """The ``Path`` that an objective section describes."""
    if objective.path == "straight":
        mean = 0.0 if objective.time_mean is None else objective.time_mean
        return paths.Straight(mean, 1.0 if objective.time_std is None else objective.time_std, objective.pure_noise)
    betas = {"linear": paths.linear_betas, "cosine": paths.cosine_betas}[objective.path]
    return paths.VariancePreserving(betas(objective.noise_steps or 1000), indexed=objective.timesteps == "index")


def in_sets(conditioning: Conditioning, sets: tf.Tensor, slots: int) -> Conditioning:
    """Exemplars in several sets of ``slots``, each as if it belonged to an image of its own.

    Args:
        conditioning: dict of tensors (n, ...), among them "exemplars" and "kinds" (n, k, ...).
        sets: int scalar tensor, k / slots, rounded up.
        slots: int.

    Returns:
        dict of tensors (n sets, ...); what is missing in the last set is empty.
    """
    result = {}
    for name, value in conditioning.items():
        if name in ("exemplars", "kinds"):
            missing = sets * slots - tf.shape(value)[1]
            value = tf.pad(value, [[0, 0], [0, missing], *[[0, 0]] * (value.shape.rank - 2)])
            result[name] = tf.reshape(value, [-1, slots, *value.shape[2:]])
        else:
            result[name] = tf.repeat(value, sets, 0)
    return result


def _one(value: Any, name: str, least: float) -> Any:
    """A number as it is; of a served tensor its one value, checked when it runs."""
    if not tf.is_tensor(value):
        return value
    values = tf.reshape(value, [-1])
    usable = (tf.size(values) > 0) & tf.reduce_all(values == values[:1]) & tf.reduce_all(values >= least)
    message = f"sample: {name} must be one number, at least {least}"
    with tf.control_dependencies([tf.debugging.Assert(usable, [message])]):
        return tf.reduce_max(values)


def _below(label: Any, classes: int) -> tf.Tensor:
    """int32 labels, checked when they run: each below ``classes``."""
    label = tf.cast(label, tf.int32)
    if label.shape.rank != 1:
        label = tf.reshape(label, [-1])
    message = f"sample: label must be below {classes}; negative means none"
    with tf.control_dependencies([tf.debugging.Assert(tf.reduce_all(label < classes), [message])]):
        return tf.identity(label)
