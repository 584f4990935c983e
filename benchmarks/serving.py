"""Load test of an exported model: ten thousand requests from eight threads; errors, wrong answers, memory, rate.

    python benchmarks/serving.py

Exports two small untrained models, sends each valid and invalid requests to all signatures through TensorFlow's own
signature functions, compares every result with that of the same request alone, and records the memory of the process.
"""

import argparse
import concurrent.futures
import functools
import pathlib
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
Request = tuple[str, dict[str, np.ndarray | np.generic]]
"""A signature's name and its inputs."""

CONV = {"kernel": [[5, 5], [5, 5]], "stride": [[4, 4], [2, 2]], "output": [4, 8]}
PAINT = {"hwc": [4, 4, 8], "kernel": [[5, 5], [5, 5]], "stride": [[2, 2], [4, 4]], "output": [4, 1]}
MODELS: dict[str, dict[str, Any]] = {
    "VAE-GAN": {
        "mode": "VAE-GAN",
        "hwc": [32, 32, 1],
        "z_dim": 6,
        "encoder": CONV,
        "generator": PAINT,
        "discriminator": CONV,
    },
    "DDPM": {
        "mode": "DDPM",
        "hwc": [16, 16, 1],
        "denoiser": {"type": "patch-unet", "patch": 4, "output": [8, 8], "blocks": [1, 1], "attention": [0, 2]},
        "objective": {"encoding_steps": 2},
    },
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--threads", type=int, default=8)
    options = parser.parse_args()
    import tensorflow as tf

    import tfglyph
    from tfglyph.export import export

    print(
        "| model | requests | of these invalid | wrong answers | memory after 20% | at the end | requests per second |"
    )
    print("|---|---|---|---|---|---|---|")
    failed = 0
    for name, architecture in MODELS.items():
        with tempfile.TemporaryDirectory() as directory:
            path = export(tfglyph.build(architecture, seed=1), directory)
            served = tf.saved_model.load(str(path)).signatures
            requests = list(requests_for(served, architecture["hwc"]))
            alone = [result_of(served, request) for request in requests]
            numbers = [index % len(requests) for index in range(options.requests)]
            part = max(len(numbers) // 5, 1)
            megabytes: list[float] = []
            hashes: list[int] = []
            started = time.perf_counter()
            with concurrent.futures.ThreadPoolExecutor(options.threads) as pool:
                for first in range(0, len(numbers), part):
                    batch = [requests[number] for number in numbers[first : first + part]]
                    # Hashed, as the results themselves would look like a leak.
                    hashes += [hash(result) for result in pool.map(functools.partial(result_of, served), batch)]
                    megabytes.append(resident_megabytes())
            rate = options.requests / (time.perf_counter() - started)
        wrong = sum(result != hash(alone[number]) for result, number in zip(hashes, numbers, strict=True))
        invalid = sum(alone[number] is None for number in numbers)
        failed += wrong
        print(
            f"| {name} | {options.requests:,} | {invalid:,} | {wrong} | "
            f"{megabytes[0]:.0f} MB | {megabytes[-1]:.0f} MB | {rate:.0f} |",
            flush=True,
        )
    sys.exit(bool(failed))


def requests_for(served: Mapping[str, Any], hwc: Sequence[int]) -> Iterator[Request]:
    """Valid requests of every signature, and invalid ones."""
    draws = np.random.default_rng(0)
    for name, function in served.items():
        specs = function.structured_input_signature[1]
        for rows in (1, 2, 0):
            values = {}
            for key, spec in specs.items():
                if spec.shape.rank is None:
                    values[key] = np.asarray({"count": rows, "seed": 7, "steps": 2, "scale": 0.5}[key])
                elif spec.dtype.is_integer:
                    values[key] = draws.integers(0, 256, (rows, *hwc))
                else:
                    values[key] = draws.normal(size=(rows, *spec.shape[1:]))
            yield name, {key: value.astype(specs[key].dtype.as_numpy_dtype) for key, value in values.items()}
    small: dict[str, np.generic] = (
        {"steps": np.int32(2)} if "steps" in served["sample"].structured_input_signature[1] else {}
    )
    yield "sample", {"count": np.int32(-1), "seed": np.int32(0), **small}
    yield "sample", {"count": np.int32(1_000_000), "seed": np.int32(0), **small}
    yield "encode", {"images": np.zeros((1, hwc[0] // 2, hwc[1] * 2, hwc[2]), np.uint8)}
    latent = served["decode"].structured_input_signature[1]["latents"].shape[1:]
    yield "decode", {"latents": np.full((1, *latent), np.nan, np.float32)}


def result_of(served: Mapping[str, Any], request: Request) -> bytes | None:
    """The bytes of a result; None where the request is refused."""
    import tensorflow as tf

    name, inputs = request
    try:
        (value,) = served[name](**{key: tf.constant(array) for key, array in inputs.items()}).values()
    except tf.errors.InvalidArgumentError:
        return None
    return b"".join(value.numpy().reshape(-1)) if value.dtype == tf.string else value.numpy().tobytes()


def resident_megabytes() -> float:
    import psutil

    return psutil.Process().memory_info().rss / 1e6


if __name__ == "__main__":
    main()
