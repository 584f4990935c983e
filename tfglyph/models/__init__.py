"""The families as ``keras.Model``s, and ``build``, which makes an untrained one of an architecture."""

import contextlib
import random
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfglyph.architecture import load_architecture
from tfglyph.architecture.families import Architecture
from tfglyph.errors import UsageError
from tfglyph.files import PathLike
from tfglyph.models.base import GlyphModel
from tfglyph.models.limits import Limits, check_limits
from tfglyph.models.registry import family

__all__ = ["GlyphModel", "Limits", "build", "family"]


def build(
    architecture: PathLike | dict[str, Any] | Architecture,
    seed: int = 0,
    precision: str | None = None,
    limits: Limits | None = None,
    strategy: tf.distribute.Strategy | None = None,
) -> GlyphModel:
    """An untrained model.

    Args:
        architecture: path, bare name of a shipped file ("vaegan"), dict, or Architecture.
        seed: int from 0 to 2**31 - 1; the same seed gives the same initial weights on one machine.
        precision: "float32", "mixed_bfloat16" or "mixed_float16"; None: the file's (auto counts as float32 here).
        limits: Limits that a file has to keep to; None: the usual ones.
        strategy: tf.distribute.Strategy of the devices that the model is for; None: the current one.

    Returns:
        GlyphModel.

    Raises:
        UsageError: the architecture file is wrong or too large, in one line, before anything of its size is made.
    """
    architecture = load_architecture(architecture)
    if not tf.distribute.has_strategy():  # within a strategy's scope layers cannot be laid out without weights
        check_limits(architecture, limits or Limits())
    precision = precision or architecture.training.precision
    if not 0 <= int(seed) < 2**31:
        raise UsageError(f"seed: found {seed}, expected an integer from 0 to {2**31 - 1}")
    scope = contextlib.nullcontext() if strategy is None else strategy.scope()
    with scope, _precision("float32" if precision == "auto" else precision), _seeded(seed):
        return family(architecture.mode)(architecture, seed)


@contextlib.contextmanager
def _precision(policy: str) -> Iterator[None]:
    """Layers made within have this dtype policy."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


@contextlib.contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Initializers draw their seeds from Python's generator; within, it starts from ``seed``, and is put back after."""
    state, numpy_state = random.getstate(), np.random.get_state()
    random.seed(seed)
    np.random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)
        np.random.set_state(numpy_state)
