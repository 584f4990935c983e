"""Twenty steps in each precision stay near those in float32, for every family."""

import keras
import numpy as np
import pytest

from tests.helpers.families import FAMILIES, architecture
from tfglyph import datasets
from tfglyph.models import build

STEPS = 20

# Largest relative deviation of a loss, averaged over the steps, that is allowed. Under mixed_float16 the first
# updates are skipped until each optimizer has found its scale, so the weights are a few updates behind.
TOLERANCE = {"mixed_bfloat16": 0.02, "mixed_float16": 0.1}


def twenty_steps(family, precision):
    """Numbers of each step: dict from name to float array [20]; and the model."""
    model = build(architecture(family), seed=2, precision=precision)
    model.prepare_training(STEPS)
    model.compile(optimizer=None)
    rows = []

    class Numbers(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            rows.append({name: float(value) for name, value in logs.items()})

    batches = datasets.feed(datasets.load("cns", size=32), 8, 2, batches_per_step=model.batches_per_step)
    model.fit(batches, steps_per_epoch=STEPS, verbose=0, shuffle=False, callbacks=[Numbers()])
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}, model


def deviations(numbers, reference):
    """For each loss: mean absolute difference over the steps, relative to its mean size in float32."""
    return {
        name: float(np.abs(numbers[name] - reference[name]).mean() / np.abs(reference[name]).mean())
        for name in reference
        if name.startswith("loss/")
    }


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_every_policy_stays_near_float32(family):
    reference, _ = twenty_steps(family, "float32")
    assert reference["bad_step"].sum() == 0
    for precision, tolerance in TOLERANCE.items():
        numbers, model = twenty_steps(family, precision)
        assert numbers["bad_step"].sum() == 0, precision
        for name, deviation in deviations(numbers, reference).items():
            assert deviation < tolerance, (precision, name)
        weights = [variable for network in model.networks.values() for variable in network.variables]
        assert {variable.dtype for variable in weights} == {"float32"}
        scaled = [name for name in numbers if name.startswith("loss_scale/")]
        assert len(scaled) == (len(model.optimizers) if precision == "mixed_float16" else 0)
        for name in scaled:  # each optimizer found a scale that it can apply
            assert numbers[name][-1] == numbers[name][-2] <= 2.0**15, name
