"""Which number format the layers use, and whether XLA compiles the step."""

import time

import tensorflow as tf


def choose_precision(asked: str) -> tuple[str, str]:
    """Resolves ``auto`` by the hardware; anything else stays.

    On a GPU: bfloat16 from compute capability 8, float16 from 7, float32 before. On a CPU: bfloat16 where one small
    training convolution is measured to be at least a fifth faster in it, else float32.

    Args:
        asked: str, "auto", "float32", "mixed_bfloat16" or "mixed_float16".

    Returns:
        (policy, reason): str and a few words to print.
    """
    if asked != "auto":
        return asked, "as asked"
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        details = tf.config.experimental.get_device_details(gpus[0])
        capability = details.get("compute_capability", (0, 0))
        name = f"{details.get('device_name', 'GPU')}, compute capability {'.'.join(map(str, capability))}"
        if capability >= (8, 0):
            return "mixed_bfloat16", name
        return ("mixed_float16" if capability >= (7, 0) else "float32"), name
    ratio = _seconds(tf.float32) / _seconds(tf.bfloat16)
    words = f"on this CPU a convolution and its gradients run {ratio:.1f} times as fast in bfloat16"
    return ("mixed_bfloat16" if ratio >= 1.2 else "float32"), words


def _seconds(dtype: tf.DType, repetitions: int = 5) -> float:
    """Median seconds of a 5x5 convolution of 64 x 16x16x64 with both gradients."""
    x = tf.cast(tf.random.stateless_normal((64, 16, 16, 64), seed=(0, 1)), dtype)
    kernel = tf.cast(tf.random.stateless_normal((5, 5, 64, 128), seed=(0, 2)), dtype)

    @tf.function
    def work() -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch([x, kernel])
            y = tf.nn.conv2d(x, kernel, 2, "SAME")
        return tape.gradient(y, [x, kernel])

    times = []
    for _ in range(repetitions + 1):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return sorted(times[1:])[repetitions // 2]
