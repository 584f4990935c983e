"""Several devices and machines: which strategy, which data where, and the loop that keeps them in step.

Everything random is drawn for the global batch and sliced by replica (``GlyphModel``), and each replica
gets its own piece of every global batch, so several devices compute what one would.
"""

import json
import os
import signal

import keras
import tensorflow as tf

from tfglyph.errors import GlyphError, UsageError
from tfglyph.training.guards import BadSteps

STRATEGIES = ("one", "mirrored", "multiworker")


def make_strategy(name):
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


def check_tf_config(text):
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


def is_chief(strategy):
    """bool: whether this process writes. One process is always the chief; of several workers the first is."""
    resolver = strategy.cluster_resolver
    return resolver is None or not resolver.task_type or resolver.task_id == 0


def is_distributed(strategy):
    """bool: whether a training needs ``fit_distributed``."""
    return strategy.num_replicas_in_sync > 1


def distributed_batches(strategy, batch_size, dataset):
    """Batches of which each replica gets its own part: the one that it draws its noise for.

    Every worker prepares whole batches and keeps its part, so that augmentation, too, is that of one device.

    Args:
        strategy: tf.distribute.Strategy.
        batch_size: int, images per update, over all devices.
        dataset: tf.data.Dataset of dicts of tensors (n, ...), n a multiple of ``batch_size``.

    Returns:
        A distributed dataset: one element per step, with one dict of tensors (n / replicas, ...) per replica.

    Raises:
        UsageError: the batch cannot be divided evenly.
    """
    replicas = strategy.num_replicas_in_sync
    if batch_size % replicas:
        raise UsageError(f"batch_size {batch_size} cannot be divided by {replicas} devices")

    def parts(context):
        here = replicas // context.num_input_pipelines
        first = context.input_pipeline_id * here

        def ours(batch):
            shared = {name: tf.reshape(v, [replicas, -1, *v.shape[1:]]) for name, v in batch.items()}
            return {name: v[first : first + here] for name, v in shared.items()}

        return dataset.map(ours).unbatch().prefetch(2 * here)  # dealt out to the worker's replicas in turn

    return strategy.distribute_datasets_from_function(parts)


def fit_distributed(model, strategy, batches, steps, callbacks, stop):
    """``model.fit`` for several devices, in a loop of its own: Keras's fails with several workers.

    Every worker learns in the same step that one of them was told to stop; otherwise the others would
    wait for it.

    Args:
        model: GlyphModel, built and prepared within ``strategy.scope()``.
        strategy: tf.distribute.Strategy.
        batches: from ``distributed_batches``.
        steps: int, how many steps to make.
        callbacks: list of keras.callbacks.Callback.
        stop: AgreedStop, which the callbacks know.

    Raises:
        GlyphError: another worker is gone.
    """
    names = []  # filled when the step is traced

    def replica_step(batch, told):
        logs = model.train_step(batch) | {"told_to_stop": told}
        names[:] = list(logs)
        return tf.stack([tf.cast(value, tf.float32) for value in logs.values()])

    @tf.function(autograph=False)
    def step(batch, told):
        return strategy.reduce("MEAN", strategy.run(replica_step, args=(batch, told)), axis=None)

    listed = keras.callbacks.CallbackList(callbacks, model=model, epochs=1, steps=steps)
    model.stop_training = False
    listed.on_train_begin()
    iterator = iter(batches)
    try:
        for index in range(steps):
            listed.on_train_batch_begin(index)
            told = tf.constant(float(stop.told), tf.float32)
            values = step(next(iterator), told).numpy().tolist()
            logs = dict(zip(names, values, strict=True))
            stop.agree(logs.pop("told_to_stop"))
            listed.on_train_batch_end(index, logs)
            if model.stop_training:
                break
    except (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.CancelledError):
        raise GlyphError(
            "another worker ended or is out of reach; start all of them again with --restore_from"
        ) from None
    listed.on_train_end()


class Follower(keras.callbacks.Callback):
    """All that a worker which does not write needs: it ends in the same step as the chief.

    Args:
        stop: AgreedStop.
        max_bad_steps: int, as the chief's.
    """

    def __init__(self, stop, max_bad_steps):
        super().__init__()
        self.stop, self.guard = stop, BadSteps(max_bad_steps, None, None)

    def on_train_batch_end(self, batch, logs=None):
        self.guard.after_step(int(self.model.step.numpy()), logs)
        if self.stop.requested:
            self.model.stop_training = True


class AgreedStop:
    """What the callbacks of several workers see of a request to stop: nothing until all workers know of it.

    Args:
        stop: StopRequest of this process.
    """

    def __init__(self, stop):
        self.stop = stop
        self.requested = False

    @property
    def told(self):
        """bool, whether this process was told to stop."""
        return self.stop.requested

    def agree(self, share):
        """Takes note of the share of replicas whose process was told to stop before this step."""
        if share > 0:
            self.requested = True
            if not self.stop.requested:
                self.stop.notice(signal.SIGTERM)  # another worker was; end as it does
