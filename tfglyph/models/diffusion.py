"""Diffusion (Ho et al. 2020) and flow matching (Lipman et al. 2023): a denoiser, trained on mixtures with
noise.

A latent is an image's worth of noise: deterministic samplers draw an image from it, and DDIM inversion finds
it.
"""

import numpy as np
import tensorflow as tf

from tfglyph.composition.tokens import UPPER, hide_names, tokenizer
from tfglyph.diffusion import paths, samplers, targets
from tfglyph.diffusion.guidance import guide
from tfglyph.diffusion.noise import image_noise
from tfglyph.errors import UsageError, did_you_mean
from tfglyph.models.base import GlyphModel
from tfglyph.networks import builder
from tfglyph.networks.imagined import Imagined
from tfglyph.networks.sketches import Sketches
from tfglyph.progress import hidden, progress

REFINEMENTS = 2  # fixed-point iterations of each step of the inversion
UNCONDITIONAL = -1  # the label that means "no label"


class Diffusion(GlyphModel):
    """One network, the denoiser, and perhaps a worse one beside it, the guide, to be pushed away from when sampling
    (Karras et al. 2024, "Guiding a diffusion model with a bad version of itself", arXiv 2406.02507).

    Attributes:
        noise_path: tfglyph.diffusion.paths.Path, the way from images to noise.
        sketches: Sketches, how parts look at their places; None where the condition has none.
        imagined: Imagined, the descriptions of free samples; None where these are told nothing.
    """

    preview_images = 16

    def __init__(self, architecture, seed=0):
        super().__init__(architecture, seed)
        self.noise_path = path_of(architecture.objective)
        self.sketches = self.imagined = None
        tokens = getattr(architecture.condition, "tokens", None)
        if tokens is not None and tokens.sketches:
            classes = architecture.condition.classes or 1
            self.sketches = Sketches(tokens.sketches, tokens.vocabulary, architecture.hwc, classes, name="sketches")
        if tokens is not None and tokens.descriptions:
            self.imagined = Imagined(tokens.descriptions, name="imagined")
        self._bar = None
        self._ticking = False

    def build_networks(self):
        architecture = self.architecture
        shape = {"image_shape": architecture.hwc, "condition": architecture.condition}
        networks = {"denoiser": self.network("denoiser", **shape)}
        if architecture.guide is not None:
            networks["guide"] = builder("denoiser", architecture.guide)(architecture.guide, **shape)
        return networks

    @property
    def averaged(self):
        return ("denoiser",) if self.architecture.guide is None else ("denoiser", "guide")

    def trained_variables(self, name):
        own = super().trained_variables(name)
        return own + self.networks["guide"].trainable_variables if "guide" in self.networks else own

    def groups(self):
        tables = [layer for layer in (self.sketches, self.imagined) if layer is not None]
        return super().groups() | {layer.name: layer.named_tables() for layer in tables}

    # === Training ===

    def learn_from(self, glyphs):
        if self.sketches is not None:
            words = tokenizer(self.architecture.condition.tokens.parts)
            labels = glyphs.labels if self.architecture.condition.classes else None
            self.sketches.learn_from(glyphs.images, glyphs.tokens, words.own(glyphs.characters), labels)
        if self.imagined is not None:
            self.imagined.learn_from(glyphs.tokens)

    def learn(self, batch, ok):
        images = self.from_pixels(batch["images"])  # (n, h, w, c)
        count = tf.shape(images)[0]
        data = {
            "images": images,
            "noise": self.normal("noise", tf.shape(images)),
            "times": self.noise_path.draw_times(self._spread(count)),
            **self._conditions_of(batch, count),
        }
        losses, gradients = self._in_parts(data, self.architecture.objective.accumulate)
        ok, norm = self.update("denoiser", gradients, tf.reduce_sum(losses), ok)
        logs = {f"loss/{name}": loss for name, loss in zip(self.averaged, tf.unstack(losses), strict=True)}
        return {**logs, "gradient_norm/denoiser": norm}, ok

    def _spread(self, count):
        """Uniform draws for a batch, evenly apart from a random first one (Kingma et al. 2021, appendix I.1).

        Every batch then sees early and late times in their right shares, which makes the loss and its
        gradient less noisy than independent times do, and each image's own draw is still uniform.

        Returns:
            float32 (count,) in [0, 1), this device's part of the global batch.
        """
        first = 0
        if self.replicas > 1:
            first = tf.distribute.get_replica_context().replica_id_in_sync_group * count
        place = tf.cast(first + tf.range(count), tf.float32) / tf.cast(count * self.replicas, tf.float32)
        # The same number on all devices, so not one of ``self.uniform``, which gives each its own.
        seed = tf.stack([tf.constant(self.seed, tf.int64), tf.cast(self.step, tf.int64)])
        return tf.math.floormod(place + tf.random.stateless_uniform([], seed, alg="philox"), 1.0)

    def _conditions_of(self, batch, count):
        """What the denoiser is told in this step: labels and tokens, some of them withheld."""
        condition = self.architecture.condition
        if condition is None:
            return {}
        told = {}
        for name, wanted in (("labels", condition.classes), ("tokens", condition.tokens)):
            if wanted is not None:
                if name not in batch:
                    raise UsageError(f"condition: the architecture needs {name}, but the data set has none")
                told[name] = batch[name]
        if condition.tokens is not None and condition.tokens.hide_names:
            draws = self.uniform("hide names", [count, UPPER])
            told["tokens"] = hide_names(told["tokens"], draws, condition.tokens.hide_names)
        withheld = self.uniform("withhold all", count[None]) < condition.drop
        for name in told:
            gone = withheld
            if len(told) > 1:
                gone |= self.uniform(f"withhold {name}", count[None]) < condition.drop
            if name == "labels":
                told[name] = tf.where(gone, UNCONDITIONAL, told[name])
            else:
                told[name] = tf.where(gone[:, None], 0, told[name])
        if self.sketches is not None:
            told["sketches"] = self.sketches(told["tokens"], told.get("labels"), batch["images"])
        return told

    def _in_parts(self, data, parts):
        """Losses and gradients of a batch, ``parts`` pieces one after another: memory for one piece.

        Args:
            data: dict of tensors (n, ...).
            parts: int, a divisor of n.

        Returns:
            (float32 (networks,), list of float32 tensors).
        """
        if parts == 1:
            return self._loss_and_gradients(data)
        variables = self.trained_variables("denoiser")
        count = data["images"].shape[0]
        if count is not None and count % parts:
            raise UsageError(f"objective.accumulate: {count} images of a device are no multiple of {parts}")
        size = tf.shape(data["images"])[0] // parts

        def body(index, losses, *gradients):
            part = {name: value[index * size : (index + 1) * size] for name, value in data.items()}
            more_losses, more = self._loss_and_gradients(part)
            summed = (total + gradient / parts for total, gradient in zip(gradients, more, strict=True))
            return index + 1, losses + more_losses / parts, *summed

        state = (0, tf.zeros(len(self.averaged)), *(tf.zeros(variable.shape) for variable in variables))
        more = lambda index, *_: index < parts  # noqa: E731
        _, losses, *gradients = tf.while_loop(more, body, state, parallel_iterations=1)
        return losses, gradients

    def _loss_and_gradients(self, data):
        """Mean weighted squared error of the target, of each network, and the gradients of the scaled sum."""
        objective, told = self.architecture.objective, dict(data)
        images, noise, times = told.pop("images"), told.pop("noise"), told.pop("times")
        alpha, sigma = self.noise_path.alpha_sigma(times)
        target = targets.make(objective.target, images, noise, alpha, sigma)
        weight = targets.loss_weight(
            objective.loss_weight, objective.target, alpha, sigma, objective.min_snr_gamma or 5.0
        )
        with tf.GradientTape() as tape:
            mixed = self.noise_path.mix(images, noise, times)
            losses = []
            for network in self.networks.values():
                prediction = self._predict(network, mixed, times, told, training=True)
                error = tf.reduce_mean(tf.square(prediction - target), [1, 2, 3])  # (n,)
                losses.append(tf.reduce_mean(weight * error))
            scaled = self.scaled("denoiser", tf.add_n(losses))
        return tf.stack(losses), tape.gradient(scaled, self.trained_variables("denoiser"))

    def _predict(self, network, mixed, times, told, training=False):
        """The network's target for x_t, float32 (n, h, w, c)."""
        times = tf.broadcast_to(tf.cast(times, tf.float32), [tf.shape(mixed)[0]])
        return network({"images": mixed, "times": times, **told}, training=training)

    # === Sampling ===

    @property
    def draw_options(self):
        told = self.architecture.condition is not None
        guided = told or self.architecture.guide is not None
        return ("steps", "sampler", "temperature") + ("label",) * told + ("guidance",) * guided

    def sample_inputs(self):
        inputs = {"steps": tf.TensorSpec(None, tf.int32, name="steps")}
        condition = self.architecture.condition
        if "guidance" in self.draw_options:
            inputs["guidance"] = tf.TensorSpec(None, tf.float32, name="guidance")
        if condition is not None and condition.classes is not None:
            inputs["label"] = tf.TensorSpec(None, tf.int32, name="label")
        return inputs

    def sample_pairs(self, pairs, label=None, tokens=None, **options):
        """Images of explicit (seed, index) pairs.

        Args:
            pairs: int (n, 2).
            label: None, or a class by number or name, or one per image; None: unconditional.
            tokens: None, or int (length,) or (n, length).
            **options: ``steps`` int, ``sampler`` str, ``guidance`` and ``temperature`` float; the architecture's where
                not given.

        Returns:
            uint8 (n, h, w, c).

        Raises:
            UsageError: an option that does not exist, or a condition that the model does not know.
        """
        self._check_options(options)
        pairs = np.asarray(pairs, np.int64).reshape(-1, 2)
        columns = [pairs, self._label_numbers(label, len(pairs))[:, None]]
        if tokens is not None:
            columns.append(self._checked_tokens(tokens, len(pairs)))
        rows = np.concatenate(columns, axis=1)  # (n, 3 + length)
        return self._in_chunks("draw", self._draw_rows, rows, "sampling", **options)

    def _draw_rows(self, rows, **options):
        tokens = tf.cast(rows[:, 3:], tf.int32) if rows.shape[1] > 3 else None
        return self.draw(rows[:, :2], label=tf.cast(rows[:, 2], tf.int32), tokens=tokens, **options)

    def draw(self, pairs, steps=None, sampler=None, tokens=None, temperature=None, **options):
        if tokens is None and self.imagined is not None:
            tokens = self.imagined(pairs)
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

    def generate(self, latents, pairs=None, steps=None, sampler="ddim", eta=0.0, **told):
        """Images of latents, by default along the way that ``encode`` goes back.

        Args:
            latents: float32 (n, z_dim), standard normal.
            pairs: int64 (n, 2), the seeds of the noise that a sampler adds; None: everyone's is the same.
            steps: int or int32 scalar tensor; None: ``encoding_steps``.
            sampler: one of ``samplers.SAMPLERS``.
            eta: float, the noise that ddim adds.
            **told: ``label``, ``tokens`` and ``guidance``, see ``_denoiser``.

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
            self._denoiser(count, **told),
            tf.reshape(latents, [-1, *shape]),
            samplers.grid_for(sampler, self.noise_path, steps),
            eta,
            (lambda step: image_noise(pairs, step, shape)) if adds_noise else None,
        )  # (n, h, w, c)
        # The range is symmetric: mid-grey is 0.
        return tf.clip_by_value(images * self.architecture.objective.contrast, *self.architecture.pixel_range)

    @property
    def encodes(self):
        return True

    def encode_floats(self, images):
        """float32 (n, h, w, c) in ``pixel_range`` -> float32 (n, z_dim), the noise of these images."""
        grid = self.noise_path.grid(self.architecture.objective.encoding_steps)
        denoise = self._denoiser(tf.shape(images)[0])
        noise = samplers.invert(self.noise_path, denoise, images, grid, REFINEMENTS)
        return tf.reshape(noise, [-1, self.architecture.z_dim])  # (n, h w c)

    def _denoiser(self, count, label=None, tokens=None, guidance=1.0):
        """What a sampler asks: ``(x_t, time) -> (images in pixel_range, noise)``, with guidance: classifier-free, or
        away from the guide.

        Args:
            count: int32 scalar tensor, images.
            label: None, or int32 scalar or (count,), negative for "no label".
            tokens: None, or int32 (count, length).
            guidance: float or float32 scalar tensor.
        """
        network, target = self.inference("denoiser"), self.architecture.objective.target
        low, high = self.architecture.pixel_range
        told, nothing = self._told(count, label, tokens)
        plain = isinstance(guidance, int | float) and guidance == 1
        guided, worse = bool(told) and not plain, None
        if self.architecture.guide is not None and not plain:
            worse, guidance = self.inference("guide"), _one(guidance, "guidance", 0.0)
        if guided:
            told = {name: tf.concat([told[name], nothing[name]], 0) for name in told}
            guidance = _one(guidance, "guidance", 0.0)

        def denoise(mixed, time):
            seen = tf.concat([mixed, mixed], 0) if guided else mixed
            prediction = self._predict(network, seen, time, told)  # (n or 2 n, h, w, c)
            if guided:
                prediction = guide(*tf.split(prediction, 2), guidance)
            if worse is not None:
                prediction = guide(prediction, self._predict(worse, seen, time, told), guidance)
            if self._ticking:
                with tf.control_dependencies([tf.py_function(self._tick, [], [])]):
                    prediction = tf.identity(prediction)
            alpha, sigma = self.noise_path.alpha_sigma(time)
            images, _ = targets.read(target, prediction, mixed, alpha, sigma)
            # Clipped to what an image can be; the noise is what remains, so that both still make x_t.
            images = tf.clip_by_value(images, low, high)
            return images, targets.noise_of(images, mixed, alpha, sigma)

        return denoise

    def _told(self, count, label, tokens):
        """The denoiser's conditions, and what "no condition" looks like: two dicts of tensors."""
        condition, told, nothing = self.architecture.condition, {}, {}
        if condition is not None and condition.classes is not None:
            nothing["labels"] = tf.fill([count], UNCONDITIONAL)
            label = UNCONDITIONAL if label is None else label
            told["labels"] = tf.broadcast_to(_below(label, condition.classes), [count])
        if condition is not None and condition.tokens is not None:
            nothing["tokens"] = tf.zeros([count, condition.tokens.length], tf.int32)
            told["tokens"] = nothing["tokens"] if tokens is None else tokens
            if self.sketches is not None:
                for each in (told, nothing):
                    each["sketches"] = self.sketches(each["tokens"], each.get("labels"))
        return told, nothing

    # === Progress and checks ===

    def _in_chunks(self, name, function, rows, description, **options):
        """As the base class does it, with a bar that counts the denoiser's work."""
        objective = self.architecture.objective
        steps = options.get("steps") or objective.encoding_steps
        if name == "draw":
            steps = options.get("steps") or objective.sampling_steps
        work = samplers.evaluations(options.get("sampler") or (objective.sampler if name == "draw" else "ddim"), steps)
        if name == "encode":
            work *= REFINEMENTS + 1
        chunks = -(-max(len(rows), 1) // self.chunk)
        with progress(description=description, total=chunks * work, unit="step") as self._bar, hidden():
            self._ticking = True
            try:
                return super()._in_chunks(name, function, rows, description, **options)
            finally:
                self._ticking, self._bar = False, None

    def _tick(self):
        if self._bar is not None:
            self._bar.update(1)

    def decode(self, latents, **options):
        """float32 (n, z_dim) -> uint8 (n, h, w, c); ``options`` as for ``sample``, with one label for all."""
        self._check_options(options)
        latents = np.asarray(latents, np.float32) * np.float32(options.pop("temperature", 1.0))
        if options.get("label") is not None:
            options["label"] = int(self._label_numbers(options["label"], 1)[0])
        return super().decode(latents, **options)

    def _check_options(self, options):
        for name in options:
            if name not in self.draw_options:
                raise UsageError(
                    f"{name}: {self.name} takes no such option{did_you_mean(name, self.draw_options)}; "
                    f"it takes {', '.join(self.draw_options)}"
                )
        sampler, steps, guidance = (options.get(name) for name in ("sampler", "steps", "guidance"))
        if sampler is not None and sampler not in samplers.SAMPLERS:
            known = ", ".join(samplers.SAMPLERS)
            near = did_you_mean(sampler, samplers.SAMPLERS)
            raise UsageError(f"sampler: found {sampler!r}, expected one of {known}{near}")
        if steps is not None and not 1 <= steps <= 100_000:
            raise UsageError(f"steps: found {steps}, expected a number from 1 to 100000")
        temperature = options.get("temperature")
        if temperature is not None and not 0 <= temperature <= 10:
            raise UsageError(f"temperature: found {temperature}, expected a number from 0 to 10")
        if guidance is not None and not 0 <= guidance <= 1000:
            raise UsageError(f"guidance: found {guidance}, expected a number from 0 to 1000")

    def _label_numbers(self, label, count):
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

    def _checked_tokens(self, tokens, count):
        """int64 (count, length)."""
        condition = self.architecture.condition
        if condition is None or condition.tokens is None:
            raise UsageError(f"tokens: {self.name} has no tokens in its condition")
        tokens, section = np.asarray(tokens, np.int64), condition.tokens
        fits = tokens.shape in ((section.length,), (count, section.length))
        if not fits or tokens.min() < 0 or tokens.max() >= section.vocabulary:
            raise UsageError(f"tokens: expected {section.length} numbers per image from 0 to {section.vocabulary - 1}")
        return np.broadcast_to(tokens, [count, section.length])


def path_of(objective):
    """The ``Path`` that an objective section describes."""
    if objective.path == "straight":
        mean = 0.0 if objective.time_mean is None else objective.time_mean
        return paths.Straight(mean, 1.0 if objective.time_deviation is None else objective.time_deviation)
    betas = {"linear": paths.linear_betas, "cosine": paths.cosine_betas}[objective.path]
    return paths.VariancePreserving(betas(objective.noise_steps or 1000))


def _one(value, name, least):
    """A number as it is; of a served tensor its one value, checked when it runs."""
    if not tf.is_tensor(value):
        return value
    values = tf.reshape(value, [-1])
    usable = (tf.size(values) > 0) & tf.reduce_all(values == values[:1]) & tf.reduce_all(values >= least)
    message = f"sample: {name} must be one number, at least {least}"
    with tf.control_dependencies([tf.debugging.Assert(usable, [message])]):
        return tf.reduce_max(values)


def _below(label, classes):
    """int32 labels, checked when they run: each below ``classes``."""
    label = tf.cast(label, tf.int32)
    if label.shape.rank != 1:
        label = tf.reshape(label, [-1])
    message = f"sample: label must be below {classes}; negative means none"
    with tf.control_dependencies([tf.debugging.Assert(tf.reduce_all(label < classes), [message])]):
        return tf.identity(label)
