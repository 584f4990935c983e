"""Several devices and machines: which strategy, and which data where.

Everything random is drawn for the global batch and sliced by replica (``GlyphModel``), and each replica
gets its own piece of every global batch, so several devices compute what one would.
"""

import json
import os
from typing import Any

import tensorflow as tf

from tfglyph.architecture.families import Architecture
from tfglyph.errors import UsageError

STRATEGIES = ("one", "mirrored", "multiworker")


def make_strategy(name: str) -> tf.distribute.Strategy:
    """The strategy for a name. For "multiworker" call it before anything else of TensorFlow.

    Args:
        name: "one" (one device), "mirrored" (all devices of this machine) or "multiworker" (all machines
            of the environment variable ``TF_CONFIG``).

    Raises:
        UsageError: an unknown name, or a ``TF_CONFIG`` that is missing or wrong.
    """
    if name == "one":
        return tf.distribute.get_strategy()
    if name == "mirrored":
        devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
        return tf.distribute.MirroredStrategy([device.name for device in devices])
    if name == "multiworker":
        check_tf_config(os.environ.get("TF_CONFIG"))
        return tf.distribute.MultiWorkerMirroredStrategy()
    raise UsageError(f"strategy: found {name!r}, expected one of {', '.join(STRATEGIES)}")


def check_tf_config(text: str | None) -> tuple[int, int]:
    """Looks at the value of ``TF_CONFIG`` before TensorFlow waits for ever for a worker that does not exist.

    Args:
        text: str or None, JSON like
            ``{"cluster": {"worker": ["host:port", …]}, "task": {"type": "worker", "index": 0}}``.

    Returns:
        (index, count): this worker's number and the number of workers.

    Raises:
        UsageError: what is wrong with it.
    """
    example = '{"cluster": {"worker": ["a:2222", "b:2222"]}, "task": {"type": "worker", "index": 0}}'
    if not text:
        raise UsageError(f"TF_CONFIG: not set; --strategy multiworker needs it, for example {example}")
    try:
        config = json.loads(text)
        workers, task = config["cluster"]["worker"], config["task"]
        index = task["index"]
    except (ValueError, KeyError, TypeError):
        raise UsageError(f"TF_CONFIG: found {text[:80]}, expected JSON like {example}") from None
    if set(config["cluster"]) != {"worker"} or task.get("type") != "worker":
        raise UsageError("TF_CONFIG: every task is a worker here (the first is the chief); no other types")
    if not isinstance(workers, list) or not all(isinstance(w, str) and ":" in w for w in workers):
        raise UsageError("TF_CONFIG: cluster.worker: expected a list of host:port")
    if type(index) is not int or not 0 <= index < len(workers):
        raise UsageError(f"TF_CONFIG: task.index: found {index!r}, but there are {len(workers)} workers")
    return index, len(workers)


def is_chief(strategy: tf.distribute.Strategy) -> bool:
    """bool: whether this process writes. One process is always the chief; of several workers the first is."""
    resolver = strategy.cluster_resolver
    return resolver is None or not resolver.task_type or resolver.task_id == 0


def is_distributed(strategy: tf.distribute.Strategy) -> bool:
    """bool: whether several devices share a training."""
    return strategy.num_replicas_in_sync > 1


def check_devices(architecture: Architecture, replicas: int) -> None:
    """Refuses a batch that devices and microbatches cannot share out evenly, and statistics that they cannot exchange.

    Args:
        architecture: Architecture.
        replicas: int, the number of devices.

    Raises:
        UsageError: one line.
    """
    recipe, parts = architecture.training, architecture.microbatches
    if replicas == 1:
        return
    if recipe.batch_size % replicas:
        raise UsageError(f"batch_size {recipe.batch_size} cannot be divided by {replicas} devices")
    if recipe.batch_size // replicas % parts:
        raise UsageError(
            f"{architecture.microbatches_key}: the {recipe.batch_size // replicas} images of each device cannot be "
            f"divided into {parts} parts"
        )
    if parts > 1 and recipe.synchronized_batch_norm:
        raise UsageError(
            f"{architecture.microbatches_key}: devices do not exchange the statistics of microbatches; leave out this "
            "or training.synchronized_batch_norm"
        )


def distributed_batches(strategy: tf.distribute.Strategy, batch_size: int, dataset: tf.data.Dataset) -> Any:
    """Batches of which each replica gets its own part: the one that it draws its noise for.

    Every worker prepares whole batches and keeps its part, so that augmentation, too, is that of one device.

    Args:
        strategy: tf.distribute.Strategy.
        batch_size: int, images per update, over all devices.
        dataset: tf.data.Dataset of dicts of tensors (n, ...), n a multiple of ``batch_size``.

    Returns:
        A distributed dataset: one element per step, with one dict of tensors (n / replicas, ...) per replica; on one
        device the dataset as it is.
    """
    if not is_distributed(strategy):
        return dataset
    replicas = strategy.num_replicas_in_sync

    def parts(context: tf.distribute.InputContext) -> tf.data.Dataset:
        here = replicas // context.num_input_pipelines
        first = context.input_pipeline_id * here

        def ours(batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
            shared = {name: tf.reshape(v, [replicas, -1, *v.shape[1:]]) for name, v in batch.items()}
            return {name: v[first : first + here] for name, v in shared.items()}

        return dataset.map(ours).unbatch().prefetch(2 * here)  # dealt out to the worker's replicas in turn

    return strategy.distribute_datasets_from_function(parts)
