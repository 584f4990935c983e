"""The families as ``keras.Model``s, and the two ways to get one: ``build`` (untrained) and ``load`` (trained)."""

import contextlib
import importlib
import os
import pathlib
import random

import keras
import numpy as np
import tensorflow as tf

from tfglyph.architecture import load_architecture
from tfglyph.errors import UsageError
from tfglyph.shipped import PREFIX, folder_of

# mode -> where its GlyphModel lives. A new family adds its line here and in tfglyph.architecture.
FAMILIES = {
    "VAE-GAN": "tfglyph.models.vaegan:VAEGAN",
    "DC-GAN": "tfglyph.models.gan:GAN",
    "GAN": "tfglyph.models.gan:GAN",
    "InfoGAN": "tfglyph.models.infogan:InfoGAN",
    "VAE": "tfglyph.models.vae:VAE",
    "DDPM": "tfglyph.models.diffusion:Diffusion",
}


def family(mode):
    """The GlyphModel class of a ``mode``."""
    module, name = FAMILIES[mode].split(":")
    return getattr(importlib.import_module(module), name)


def build(architecture, seed=0, precision=None, limits=None):
    """An untrained model.

    Args:
        architecture: path, bare name of a shipped file ("vaegan"), dict, or Architecture.
        seed: int from 0 to 2**31 - 1; the same seed gives the same initial weights on one machine.
        precision: "float32", "mixed_bfloat16" or "mixed_float16"; None: the file's (auto counts as float32 here).
        limits: dict of keyword arguments of ``tfglyph.training.limits.check_limits``, which a file has to keep to.

    Returns:
        GlyphModel.

    Raises:
        UsageError: the architecture file is wrong or too large, in one line, before anything of its size is made.
    """
    from tfglyph.training.limits import check_limits

    architecture = load_architecture(architecture)
    if not tf.distribute.has_strategy():  # layers cannot be laid out in there; a training has checked before
        check_limits(architecture, **(limits or {}))
    precision = precision or architecture.training.precision
    if not 0 <= int(seed) < 2**31:
        raise UsageError(f"seed: found {seed}, expected an integer from 0 to {2**31 - 1}")
    with _precision("float32" if precision == "auto" else precision), _seeded(seed):
        return family(architecture.mode)(architecture, seed)


def load(reference, precision="float32"):
    """A trained model, ready to encode, decode and sample, with averaged weights where there are some.

    Args:
        reference: path of a run directory (its newest checkpoint) or of a checkpoint prefix
            ("logdir/train/<run>/model.ckpt-31200"), or "pretrained:NAME" for shipped weights.
        precision: "float32", "mixed_bfloat16", "mixed_float16", or "auto", which chooses by the hardware.

    Returns:
        GlyphModel, with ``source`` set to the pathlib.Path prefix that it came from.

    Raises:
        UsageError: nothing there, or the files do not fit together; one line.
    """
    from tfglyph.models.base import CHUNK
    from tfglyph.training import checkpoints
    from tfglyph.training.limits import MAXIMUM_PARAMETERS
    from tfglyph.training.options import Options
    from tfglyph.training.precision import choose_precision
    from tfglyph.training.rundir import read_run
    from tfglyph.training.storage import data_path, read_manifest

    prefix = checkpoints.find(locate(reference))
    architecture, options = read_run(prefix.parent)
    # A file may ask for as many parameters as there are in the checkpoint beside it, however many that are.
    held = data_path(prefix).stat().st_size // 2
    limits = {
        "name": str(prefix.parent / "architecture.json"),
        "max_parameters": max(held, MAXIMUM_PARAMETERS),
        "images": CHUNK,
    }
    seed = Options.from_json(options, str(prefix.parent / "options.json")).seed
    model = build(architecture, seed=seed, precision=choose_precision(precision)[0], limits=limits)
    groups = model.groups()
    manifest = read_manifest(prefix)
    if manifest["kind"] == "weights":  # shipped: only what images are made with, so critics may be left out
        groups = {name: group for name, group in groups.items() if name in manifest["tensors"]}
    checkpoints.restore(prefix, groups)
    model.source = prefix
    return model


def locate(reference):
    """pathlib.Path that a person means by a checkpoint reference; see ``load``.

    Raises:
        UsageError: there are no shipped weights of that name.
    """
    text = os.fspath(reference)
    return folder_of(text) if text.startswith(PREFIX) else pathlib.Path(text)


@contextlib.contextmanager
def _precision(policy):
    """Layers made within have this dtype policy."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


@contextlib.contextmanager
def _seeded(seed):
    """Initializers draw their seeds from Python's generator; within, it starts from ``seed``, and is put back after."""
    state, numpy_state = random.getstate(), np.random.get_state()
    random.seed(seed)
    np.random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)
        np.random.set_state(numpy_state)
