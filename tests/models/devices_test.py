"""Two devices together do what one does, also where rounds end early, codes and labels are drawn, and batches are
accumulated of parts."""

import subprocess
import sys

import pytest

PROGRAM = """
import copy, sys
import numpy as np, tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from tests.helpers.models import INFOGAN, changed, images
from tfglyph.models import build

if sys.argv[1] == "gan":
    data = changed(loss="hinge", accuracy_exit=0.45)
    data["discriminator"]["spectral_norm"] = True
    data["condition"] = {"classes": 3, "drop": 0.3}
else:
    data = copy.deepcopy(INFOGAN)
    data["discriminator"]["batch_norm"] = False
    data["q_head"] = {"output": []}
data["generator"]["batch_norm"] = False  # its statistics are those of a device's part of the batch


def trained(strategy, microbatches):
    with strategy.scope():
        model = build(data | {"training": {"batch_size": 8, "microbatches": microbatches}}, seed=3)
        model.prepare_training(100)
    rows = 8 * model.batches_per_step
    pixels, labels = np.concatenate([images(rows, seed) for seed in range(3)]), np.arange(3 * rows, dtype=np.int32) % 3
    batches = tf.data.Dataset.from_tensor_slices({"images": pixels, "labels": labels}).batch(rows)
    step = tf.function(lambda batch: strategy.run(model.train_step, args=(batch,)), autograph=False)
    for batch in strategy.experimental_distribute_dataset(batches):
        step(batch)
    updates = [int(optimizer.iterations.numpy()) for optimizer in model.optimizers.values()]
    return updates, [variable.numpy() for network in model.networks.values() for variable in network.variables]


one_updates, one = trained(tf.distribute.get_strategy(), 1)
two_updates, two = trained(tf.distribute.MirroredStrategy(["/cpu:0", "/cpu:1"]), int(sys.argv[2]))
assert one_updates == two_updates, (one_updates, two_updates)
for first, second in zip(one, two, strict=True):
    np.testing.assert_allclose(first, second, atol=1e-6)
"""


@pytest.mark.slow
@pytest.mark.parametrize(("family", "microbatches"), [("gan", 1), ("infogan", 1), ("infogan", 2)])
def test_two_devices_equal_one(family, microbatches):
    command = [sys.executable, "-c", PROGRAM, family, str(microbatches)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
