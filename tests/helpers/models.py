"""Tiny GANs and InfoGANs on 8x8 images, and single training steps of any model."""

import copy

import numpy as np
import tensorflow as tf

from tfglyph.models import build

GAN = {
    "mode": "GAN",
    "hwc": [8, 8, 1],
    "z_dim": 4,
    "generator": {"hwc": [4, 4, 3], "kernel": [[3, 3]], "stride": [[2, 2]], "output": [1]},
    "discriminator": {"kernel": [[3, 3]], "stride": [[2, 2]], "output": [4], "batch_norm": False, "leak": 0.2},
    "objective": {"loss": "wasserstein", "gradient_penalty": 10.0, "critic_steps": 3, "generator_steps": 2},
}
INFOGAN = {
    "mode": "InfoGAN",
    "hwc": [8, 8, 1],
    "z_dim": 3,
    "codes": {"categorical": [4, 2], "continuous": 2},
    "generator": {"hwc": [4, 4, 3], "kernel": [[3, 3]], "stride": [[2, 2]], "output": [1]},
    "discriminator": {
        "kernel": [[3, 3]] * 2,
        "stride": [[2, 2]] * 2,
        "output": [4, 6],
        "leak": 0.2,
        "feature_layer": 2,
    },
    "q_head": {"output": [5]},
}


def changed(data=GAN, **objective):
    return {**copy.deepcopy(data), "objective": {**data["objective"], **objective}}


def images(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, 8, 8, 1), dtype=np.uint8)


def prepared(data, seed=3, **options):
    model = build(data, seed=seed, **options)
    model.prepare_training(100)
    return model


def train(model, batches, labels=None, compiled=False):
    """One step each; returns the last logs as floats. Tracing a step costs more than a few steps do."""
    step = tf.function(model.train_step, autograph=False) if compiled else model.train_step
    for number, batch in enumerate(batches):
        data = {"images": tf.constant(batch)}
        if labels is not None:
            data["labels"] = tf.constant(labels[number])
        logs = step(data)
    return {name: float(value) for name, value in logs.items()}
