"""The golden outputs of tests/data/parity: what the original PyTorch networks compute for parameters by a formula.

See tests/data/parity/README.md for the formula and the files.
"""

import json
import pathlib

import numpy as np

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "data" / "parity"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))


def read(name):
    """The networks of one original, as a list of dict."""
    return json.loads((FOLDER / f"{name}.json").read_text())["networks"]


def parameters(entry):
    """The filled state dict of a network: dict from name to float32 array in the original's layout."""
    return {name: _fill(number, shape, *how) for number, (name, shape, *how) in enumerate(entry["parameters"])}


def _fill(number, shape, kind, fan_in=1, gain=1.0):
    index = np.arange(int(np.prod(shape)), dtype=np.int64)
    wave = np.sin(0.7 * (index * index % 1000003) + 1.3 * number + 0.5)
    values = {
        "weight": wave * gain / np.sqrt(fan_in),
        "bias": 0.1 * wave,
        "norm_weight": 1 + 0.1 * wave,
        "norm_bias": 0.1 * wave,
        "running_mean": 0.1 * wave,
        "running_var": 1 + 0.5 * wave**2,
    }[kind]
    return values.astype(np.float32).reshape(shape)


def inputs(entry):
    """The network's inputs as it takes them here, images as (n, h, w, c): dict by name."""
    return {section["name"]: _input(section) for section in entry["inputs"]}


def _input(section):
    if "integers" in section:
        return np.array(section["integers"])
    index = np.arange(int(np.prod(section["shape"])), dtype=np.float64)
    wave = np.sin(0.5 + section["linear"] * index + section["quadratic"] * index * index)
    return channels_last((section["offset"] + section["amplitude"] * wave).astype(np.float32), section["shape"])


def channels_last(values, shape):
    values = np.reshape(values, shape)
    return values.transpose(0, 2, 3, 1) if len(shape) == 4 else values


def relative_error(values, golden):
    """|values - golden| / |golden| (Euclidean norms) at the positions that a golden output names.

    Args:
        values: array as computed here, images as (n, h, w, c).
        golden: dict, an output of the file.
    """
    values = np.asarray(values, np.float64)
    flat = (values.transpose(0, 3, 1, 2) if values.ndim == 4 else values).reshape(-1)
    assert flat.size == np.prod(golden["shape"])
    positions = golden.get("positions", range(flat.size))
    expected = np.array(golden["values"])
    for name, value in (("mean", flat.mean()), ("std", flat.std())):
        assert abs(value - golden[name]) < 1e-3 * max(abs(golden["mean"]), golden["std"]), name
    return np.linalg.norm(flat[list(positions)] - expected) / np.linalg.norm(expected)
