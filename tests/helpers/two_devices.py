"""Trains one small model twice, on one device and on two, and prints what the tests compare.

A process of its own: the number of devices is set before TensorFlow starts, and for good.

    python -m tests.helpers.two_devices FAMILY PRECISION STEPS [plain|norm] [fault]
"""

import json
import sys

import numpy as np


def main(family, precision, steps, norm="plain", fault="none"):
    import tensorflow as tf

    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    data = {"norm": (True, True), "plain": (False, False)}[norm]
    one, alone = train("one", family, precision, int(steps), data, "none")
    two, logs = train("mirrored", family, precision, int(steps), data, fault)
    differences = {
        name: float(np.max(np.abs(one[name].astype("float64") - two[name]))) for name in one if one[name].size
    }
    worst = max((value, name) for name, value in differences.items() if not name.startswith("optimizer/"))
    finite = all(bool(np.isfinite(value).all()) for value in two.values())
    # An accuracy jumps where a logit passes 0, which the last bit of a sum may decide.
    logged = max(
        (abs(a[name] - b[name]) / max(abs(a[name]), 1.0), name)
        for a, b in zip(alone, logs, strict=True)
        for name in a
        if name != "d_accuracy"
    )
    result = {"difference": worst[0], "where": worst[1], "logged": logged, "finite": finite, "logs": logs}
    print(json.dumps(result))


def train(strategy_name, family, precision, steps, data, fault):
    """All variables by name, and the numbers of every step."""
    import keras

    from tests.helpers.families import architecture
    from tfglyph import datasets
    from tfglyph.models import build
    from tfglyph.training.loop import training_loop
    from tfglyph.training.signals import AgreedStop, StopRequest
    from tfglyph.training.strategy import distributed_batches, make_strategy

    class Numbers(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            rows.append({name: float(value) for name, value in logs.items()})

    rows = []
    strategy = make_strategy(strategy_name)
    with strategy.scope():
        model = build(architecture(family, *data), seed=1, precision=precision)
        model.prepare_training(100)
        model.compile(optimizer=None)
    glyphs = datasets.load("cns", size=32)
    batches = datasets.feed(glyphs, 8, seed=1, batches_per_step=model.batches_per_step)
    if strategy_name == "one":
        model.fit(batches, steps_per_epoch=steps, verbose=0, shuffle=False, callbacks=[Numbers()])
    else:
        break_replica(model, fault)
        batches = distributed_batches(strategy, 8, batches)
        stop = AgreedStop(StopRequest(), strategy.num_replicas_in_sync)
        training_loop(model, strategy, batches, steps, [Numbers()], stop)
    values = {f"{group}/{path}": v.numpy() for group, pairs in model.groups().items() for path, v in pairs}
    return values, rows


def break_replica(model, fault):
    """In the second step, on the second of two replicas alone: a NaN loss, or a gradient that overflows."""
    import tensorflow as tf

    if fault == "none":
        return
    factor = {"nan": float("nan"), "overflow": 1e38}[fault]
    scaled = model.scaled

    def broken(name, loss):
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        hit = tf.equal(model.step, 1) & tf.equal(replica, 1)
        return scaled(name, loss) * tf.where(hit, factor, 1.0)

    model.scaled = broken


if __name__ == "__main__":
    main(*sys.argv[1:])
