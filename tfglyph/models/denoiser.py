"""The denoiser as samplers call it: from x_t and a time to x_0 and noise, with guidance.

The network predicts a target (noise, x_0, v or velocity; see ``tfglyph.diffusion.targets``); guidance moves its
prediction away from one without the condition (classifier-free, Ho and Salimans 2022, Eq. 6) or from one of a worse
network (autoguidance, Karras et al. 2024, arXiv 2406.02507).
"""

from collections.abc import Callable, Mapping
from typing import Any

import keras
import tensorflow as tf

from tfglyph.diffusion import targets
from tfglyph.diffusion.guidance import guide
from tfglyph.diffusion.paths import Path

Conditioning = dict[str, tf.Tensor]
"""The network's conditioning inputs by name: "labels" int32 (n,), "tokens" int32 (n, length), "sketches"."""


def predict(
    network: keras.Model, x_t: tf.Tensor, timesteps: Any, conditioning: Mapping[str, tf.Tensor], training: bool = False
) -> tf.Tensor:
    """The network's target for x_t.

    Args:
        network: keras.Model, a denoiser of ``tfglyph.networks``.
        x_t: float32 (n, h, w, c).
        timesteps: float scalar or (n,), what ``Path.network_times`` makes of times in [0, 1].
        conditioning: dict of tensors, the other inputs.
        training: bool.

    Returns:
        float32 (n, h, w, c).
    """
    timesteps = tf.broadcast_to(tf.cast(timesteps, tf.float32), [tf.shape(x_t)[0]])
    return network({"images": x_t, "times": timesteps, **conditioning}, training=training)


def encoded(encoder: keras.Model | None, conditioning: Mapping[str, tf.Tensor], training: bool = False) -> Conditioning:
    """The conditioning inputs with exemplars as the denoiser takes them: what the encoder makes of them.

    Args:
        encoder: keras.Model of ``tfglyph.networks.exemplar_encoder``, or None where there are no exemplars.
        conditioning: dict of tensors, with "exemplars" and "kinds" where there is an encoder.
        training: bool.

    Returns:
        dict of tensors.
    """
    conditioning = dict(conditioning)
    if encoder is not None:
        inputs = {name: conditioning.pop(name) for name in ("exemplars", "kinds")}
        conditioning |= encoder(inputs, training=training)
    return conditioning


class Denoiser:
    """``(x_t, t) -> (x_0, noise)`` for ``tfglyph.diffusion.samplers``.

    Args:
        network: keras.Model.
        noise_path: Path, which gives alpha and sigma of a time.
        target: str, what the network predicts.
        pixel_range: (low, high); x_0 is clipped to it.
        conditioning: dict of tensors (n, ...), empty for an unconditional model.
        unconditional: the same inputs as they are without a condition; None: no classifier-free guidance.
        guidance: float or float32 scalar tensor; 1 is the plain conditional model.
        guiding_network: keras.Model to be pushed away from (autoguidance), or None.
        on_evaluation: function that is called, outside of the graph, after each evaluation; None: none.
        sets: int scalar tensor: the conditioning inputs have so many rows for each image, one after the other, and the
            prediction is their mean; None: one.
    """

    def __init__(
        self,
        network: keras.Model,
        noise_path: Path,
        target: str,
        pixel_range: tuple[float, float],
        conditioning: Conditioning | None = None,
        unconditional: Conditioning | None = None,
        guidance: Any = 1.0,
        guiding_network: keras.Model | None = None,
        on_evaluation: Callable[[], None] | None = None,
        sets: tf.Tensor | None = None,
    ):
        self.network, self.noise_path, self.target, self.pixel_range = network, noise_path, target, pixel_range
        self.conditioning = dict(conditioning or {})
        self.guidance, self.guiding_network, self.on_evaluation = guidance, guiding_network, on_evaluation
        self.sets = sets
        self.is_guided = unconditional is not None
        if unconditional is not None:  # both predictions in one pass
            self.conditioning = {
                name: tf.concat([value, unconditional[name]], 0) for name, value in self.conditioning.items()
            }

    def __call__(self, x_t: tf.Tensor, t: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """x_0 in ``pixel_range`` and the noise, float32 (n, h, w, c) each, of x_t at a float64 scalar time t."""
        inputs = tf.concat([x_t, x_t], 0) if self.is_guided else x_t
        time = self.noise_path.network_times(t)
        inputs = inputs if self.sets is None else tf.repeat(inputs, self.sets, 0)
        prediction = predict(self.network, inputs, time, self.conditioning)  # (n or 2 n, times the sets, h, w, c)
        if self.sets is not None:
            prediction = tf.reduce_mean(tf.reshape(prediction, [-1, self.sets, *prediction.shape[1:]]), 1)
        if self.is_guided:
            conditional, unconditional = tf.split(prediction, 2)
            prediction = guide(conditional, unconditional, self.guidance)
        if self.guiding_network is not None:
            worse = predict(self.guiding_network, inputs, time, self.conditioning)
            prediction = guide(prediction, worse, self.guidance)
        if self.on_evaluation is not None:
            with tf.control_dependencies([tf.py_function(self.on_evaluation, [], [])]):
                prediction = tf.identity(prediction)
        alpha, sigma = self.noise_path.alpha_sigma(t)
        x_0, _ = targets.read(self.target, prediction, x_t, alpha, sigma)
        # Clipped to what an image can be; the noise is what remains, so that both still make x_t.
        x_0 = tf.clip_by_value(x_0, *self.pixel_range)
        return x_0, targets.noise_of(x_0, x_t, alpha, sigma)
