"""Refusing an architecture that would not fit, before anything of its size is made.

Networks are laid out without their weights (Keras's ``StatelessScope``: variables know their shape and
nothing else), so parameters can be counted and activations added up for a file that asks for terabytes.
"""

import collections
import contextlib
import dataclasses
import functools
import math
import pathlib
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras.src.backend.common import global_state

from tfglyph import networks
from tfglyph.architecture import dump
from tfglyph.architecture.families import Architecture
from tfglyph.errors import GlyphError, UsageError
from tfglyph.files import cached_arrays, digest
from tfglyph.models.registry import family
from tfglyph.networks.rematerialization import Rematerialized
from tfglyph.version import __version__

MAXIMUM_PARAMETERS = 200_000_000
MAXIMUM_ACTIVATION_GB = 64.0
COPIES = ("Identity", "Reshape", "ExpandDims", "Squeeze", "StopGradient", "Placeholder", "Shape")


@dataclasses.dataclass(frozen=True)
class Limits:
    """What an architecture has to keep to.

    Attributes:
        name: str or None, the file, for the message; None: the architecture's own name.
        max_parameters: number, most trainable parameters of all networks together.
        max_activation_gb: float, most memory in 10^9 bytes for the activations of one training step: every
            tensor of one pass through each network and its gradient, in float32, for one microbatch.
        images: int or None, how many are in a batch; None: the architecture's ``batch_size``.
    """

    name: str | None = None
    max_parameters: float = MAXIMUM_PARAMETERS
    max_activation_gb: float = MAXIMUM_ACTIVATION_GB
    images: int | None = None


def check_limits(architecture: Architecture, limits: Limits | None = None) -> tuple[int, int]:
    """Refuses an architecture that is too large.

    Args:
        architecture: Architecture.
        limits: Limits; None: the usual ones.

    Returns:
        (parameters, activation_bytes): two ints.

    Raises:
        UsageError: one line with the numbers, or with the reason why the layers do not fit together.
    """
    limits = limits or Limits()
    name = limits.name or architecture.name or "architecture"
    batch = limits.images or architecture.training.batch_size // architecture.microbatches
    words = f"batch_size {batch}" if architecture.microbatches == 1 else f"microbatches of {batch} images"
    _check_activations(name, math.prod(architecture.hwc), batch, words, limits.max_activation_gb)
    for section in _sections(architecture):
        # The first tensor of a generator; the rest is found from the layers themselves.
        _check_activations(name, math.prod(getattr(section, "hwc", ())), batch, words, limits.max_activation_gb)
    parameters, elements = _counted(architecture, name, limits.max_parameters)
    _check_activations(name, elements, batch, words, limits.max_activation_gb)
    return parameters, _bytes(elements, batch)


_counts: collections.OrderedDict[str, tuple[int, int]] = collections.OrderedDict()  # of the last architectures


def _counted(architecture: Architecture, name: str, max_parameters: float) -> tuple[int, int]:
    """(parameters, elements per image of all tensors of one pass through each network).

    Counted once, and kept in the cache: tracing the networks takes as long as making them.
    """
    key = dump(architecture)
    if key not in _counts:
        made_with = [__version__, keras.__version__, tf.__version__, _code()]
        count = functools.partial(_count, architecture, name, max_parameters)
        stored = cached_arrays("limits", [key, *made_with], count)["counts"]
        _counts[key] = int(stored[0]), int(stored[1])
        while len(_counts) > 32:
            _counts.popitem(last=False)
    _check_parameters(name, _counts[key][0], max_parameters)
    return _counts[key]


@functools.cache
def _code() -> str:
    """A digest of the code that makes networks: whoever changes it has them counted anew."""
    files = sorted(pathlib.Path(networks.__file__).parent.glob("*.py"))
    return digest(*(path.read_bytes() for path in files))


def _count(architecture: Architecture, name: str, max_parameters: float) -> dict[str, np.ndarray]:
    with _weightless():
        made = _lay_out(architecture, name)
        parameters = sum(math.prod(v.shape) for network in made for v in network.trainable_variables)
        _check_parameters(name, parameters, max_parameters)  # before tensors of its size are thought of
        slots = architecture.exemplars.slots if architecture.exemplars is not None else 1
        elements = sum(_image_elements(network, slots) for network in made)
    return {"counts": np.array([parameters, elements], np.int64)}


def _check_parameters(name: str, parameters: int, max_parameters: float) -> None:
    if parameters > max_parameters:
        raise UsageError(f"{name}: {parameters:,} parameters are more than --max_parameters {int(max_parameters):,}")


def _bytes(elements: int, batch: int) -> int:
    return 2 * 4 * elements * batch  # value and gradient, float32


def _check_activations(name: str, elements: int, batch: int, words: str, limit: float) -> None:
    gigabytes = _bytes(elements, batch) / 1e9
    if gigabytes > limit:
        raise UsageError(
            f"{name}: the activations of one step with {words} take {gigabytes:,.1f} GB or more, "
            f"above --max_activation_gb {limit:g}"
        )


def _sections(architecture: Architecture) -> list[Any]:
    return [getattr(architecture, key) for key in type(architecture).model_fields]


@contextlib.contextmanager
def _weightless() -> Iterator[None]:
    """Within, Keras variables have no values; afterwards, nobody remembers them."""
    before = list(global_state.get_global_attribute("uninitialized_variables") or [])
    try:
        with keras.StatelessScope(initialize_variables=False):
            yield
    finally:
        # A later scope would otherwise give values to all of them.
        global_state.set_global_attribute("uninitialized_variables", before)


def _lay_out(architecture: Architecture, name: str) -> list[keras.Model]:
    """The networks of an architecture, without values."""
    try:
        return list(family(architecture.mode).build_networks(architecture).values())
    except GlyphError:
        raise
    except Exception as error:  # whatever a layer says about sizes that do not fit
        reason = " ".join(str(error).split())
        raise UsageError(f"{name}: its networks cannot be built: {reason[:300]}") from None


def _image_elements(network: keras.Model, slots: int) -> int:
    """Elements per image of all tensors in one pass through a network, found by tracing it once; ``slots`` exemplars
    belong to an image, if any do."""

    def placeholder(tensor: keras.KerasTensor) -> tf.Tensor:
        batch, *sides = tensor.shape
        return tf.compat.v1.placeholder(tensor.dtype, [batch, *(slots if side is None else side for side in sides)])

    if isinstance(network, Rematerialized):
        network.forgets = False  # (what is recomputed is counted as if it were kept)
    graph = tf.Graph()
    with graph.as_default():
        inputs = tf.nest.map_structure(placeholder, network.input)
        network(inputs, training=True)
    total = 0
    for operation in graph.get_operations():
        for tensor in operation.outputs if operation.type not in COPIES else ():
            if tensor.shape.rank and None in tensor.shape.as_list():  # the others do not grow with the batch
                total += math.prod(size for size in tensor.shape.as_list() if size is not None)
    return total
