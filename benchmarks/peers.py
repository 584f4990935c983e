"""tfglyph beside PyTorch: seconds per training step, sampling, memory, and the share of the machine's matrix peak.

    python benchmarks/peers.py                             # all rows, float32 and bfloat16 (pip install .[benchmarks])
    python benchmarks/peers.py vaegan vae-resnet --turns 15
    python benchmarks/peers.py --memory --batch file       # peak memory alone, every file at its own batch size
    python benchmarks/peers.py --compile                   # networks of PyTorch through torch.compile as well

Each library and precision has a process of its own; all of them take turns, step by step, on the same images, so that
other load on the machine meets them alike. Numbers are medians over the turns, with half the interquartile range. The
matrix peak is the best rate of a large product in either library, measured between the same steps. Floating-point
operations are those of the matrix products and convolutions of PyTorch's step, as its own counter finds them.

With ``--memory`` one process after another takes one step, so that the batches of the files fit the machine.

PyTorch's networks are in torch_networks.py, their training steps in torch_families.py: the same layers, losses and
updates in channels-last memory, with autocast and fused Adam. On a machine with a CUDA device both use that. Measure on
a quiet machine: threads that wait for each other at every layer lose far more than their share to other load.
"""

import argparse
import contextlib
import dataclasses
import json
import math
import multiprocessing
import os
import pathlib
import platform
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

# Architecture -> images of an update: what fits two cores, so that a step takes seconds at most.
ROWS = {
    "vaegan": 64,
    "dcgan": 64,
    "vae-conv": 32,
    "vae-resnet": 32,
    "gan-conv": 16,
    "gan-resnet-hinge": 16,
    "infogan-10x10-2": 32,
    "cppn-wgan-mnist": 50,
    "cppn-wgan-fonts": 16,
    "ddpm-unet": 8,
    "ddpm-unet-attention": 2,
    "ddpm-guided": 32,
}
PRECISIONS = {"float32": "fp32", "mixed_bfloat16": "bf16", "mixed_float16": "fp16"}
COMPARED = ("float32", "mixed_bfloat16")  # (float16 is for GPUs, and not written for PyTorch)
SAMPLES = 64
SAMPLING_STEPS = 10
LIBRARIES = {"pytorch": "PyTorch", "pytorch-compiled": "PyTorch, compiled", "tfglyph": "tfglyph"}


def benchmark_architecture(name: str, batch: int | None) -> Any:
    """The shipped file ``name`` as it is measured.

    Without what depends on the data: an early exit of critic updates, classifier-free guidance; diffusion models sample
    with ``SAMPLING_STEPS`` steps of DDIM.

    Args:
        name: str.
        batch: int, images of an update; None: the file's.
    """
    from tfglyph.architecture import dump, load_architecture

    data = json.loads(dump(load_architecture(name)))
    if batch is not None:
        data["training"]["batch_size"] = batch
        microbatches = data["objective"].get("microbatches", 1)
        data["objective"] |= {"microbatches": math.gcd(microbatches, batch)} if microbatches > 1 else {}
    if "accuracy_exit" in data["objective"]:
        data["objective"]["accuracy_exit"] = None
    if "reuse_batch" in data["objective"]:
        data["objective"]["reuse_batch"] = False  # each update of the critic has images of its own, in both libraries
    if data["mode"] == "DDPM":
        data["objective"] |= {"sampler": "ddim", "sampling_steps": SAMPLING_STEPS, "guidance": 1.0, "eta": 0.0}
    return load_architecture(data)


# === In a worker's process ===


class NoModules(contextlib.nullcontext[None]):
    """For PyTorch's counter of operations: all belong to the whole."""

    parents = frozenset({"Global"})


class PyTorchWork:
    """PyTorch's side of a row."""

    def __init__(self, architecture: Any, precision: str, compiled: bool):
        import torch
        import torch_families

        self.device = torch_families.prepare_pytorch()
        self.precision, self.torch = precision, torch
        self.imported = memory(None)
        start = time.perf_counter()
        self.peer = torch_families.build(architecture, precision, compiled)
        self.build_seconds = time.perf_counter() - start
        self.version = f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads"
        self.parameters = {
            name: sum(parameter.numel() for parameter in network.parameters())
            for name, network in self.peer.networks.items()
        }
        self._matrices: Any = None

    def train(self, images: np.ndarray) -> float:
        return self.peer.train_step(images)

    def sample(self, count: int) -> np.ndarray:
        return self.peer.sample(count)

    def operations(self, images: np.ndarray) -> int:
        """Floating-point operations of a step."""
        from torch.utils.flop_counter import FlopCounterMode

        counter = FlopCounterMode(display=False)
        # Its hooks on modules fail where a step takes a gradient of a gradient, and the sum needs none of them.
        counter.mod_tracker = NoModules()
        with counter:
            self.peer.train_step(images)
        return int(counter.get_total_flops())

    def product(self, size: int) -> None:
        dtype = self.torch.float32 if self.precision == "float32" else self.torch.bfloat16
        if self._matrices is None:
            self._matrices = [self.torch.randn(size, size).to(dtype) for _ in range(2)]
        float(self.torch.mm(*self._matrices)[0, 0])

    def peak_device_memory(self) -> int | None:
        return self.torch.cuda.max_memory_allocated() if self.device.type == "cuda" else None


class TfglyphWork:
    """tfglyph's side of a row; the step is the one of ``tfglyph.training.loop``."""

    def __init__(self, architecture: Any, precision: str, jit: str):
        import tensorflow as tf

        import tfglyph.models

        self.tf, self.precision = tf, precision
        self.gpu = bool(tf.config.list_physical_devices("GPU"))
        self.imported = memory(None)
        start = time.perf_counter()
        self.model = tfglyph.models.build(architecture, precision=precision)
        self.model.prepare_training(1000)
        self.model.compile(optimizer=None, jit_compile={"auto": "auto", "on": True, "off": False}[jit])
        self.build_seconds = time.perf_counter() - start
        threads = tf.config.threading.get_intra_op_parallelism_threads() or os.cpu_count()
        self.version = f"TensorFlow {tf.__version__}, {threads} threads"
        self.parameters = {
            name: sum(math.prod(variable.shape) for variable in network.trainable_variables)
            for name, network in self.model.networks.items()
        }
        self._matrices: Any = None

        @tf.function(autograph=False, jit_compile=self.model.jit_compile)
        def step(images: Any) -> Any:
            logs = self.model.train_step({"images": images})
            return tf.stack([tf.cast(value, tf.float32) for value in logs.values()])

        self.step = step

    def train(self, images: np.ndarray) -> float:
        from tfglyph.models.determinism import ordered_execution

        with ordered_execution(self.precision):
            return float(self.step(self.tf.constant(images)).numpy()[0])

    def sample(self, count: int) -> np.ndarray:
        from tfglyph.progress import hidden

        with hidden():
            return self.model.sample(count)

    def operations(self, images: np.ndarray) -> int:
        raise NotImplementedError

    def product(self, size: int) -> None:
        dtype = self.tf.as_dtype(self.precision.removeprefix("mixed_"))
        if self._matrices is None:
            self._matrices = [self.tf.cast(self.tf.random.normal([size, size]), dtype) for _ in range(2)]
        float(self.tf.matmul(*self._matrices)[0, 0])

    def peak_device_memory(self) -> int | None:
        return self.tf.config.experimental.get_memory_info("GPU:0")["peak"] if self.gpu else None


def memory(device_peak: int | None) -> int:
    """Peak memory in bytes: the device's, or the process's resident memory."""
    if device_peak is not None:
        return device_peak
    status = pathlib.Path("/proc/self/status")
    if status.exists():  # (ru_maxrss of a new process begins with its parent's)
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def work(connection: Connection, library: str, name: str, batch: int | None, precision: str, jit: str) -> None:
    """Serves one library and precision: ("train", images) and so on in, results out, until None comes."""
    try:
        architecture = benchmark_architecture(name, batch)
        if library == "tfglyph":
            side: Any = TfglyphWork(architecture, precision, jit)
        else:
            side = PyTorchWork(architecture, precision, library.endswith("compiled"))
        connection.send({key: getattr(side, key) for key in ("version", "parameters", "build_seconds", "imported")})
        while (message := connection.recv()) is not None:
            action, argument = message
            if action == "memory":
                connection.send(memory(side.peak_device_memory()))
            elif action == "operations":
                connection.send(side.operations(argument))
            else:
                start = time.perf_counter(), time.process_time()
                getattr(side, action)(argument)
                connection.send((time.perf_counter() - start[0], time.process_time() - start[1]))
    except Exception as error:
        connection.send(error)


# === In the main process ===


class Worker:
    """A process for one library and precision of a row."""

    def __init__(self, *arguments: Any):
        context = multiprocessing.get_context("spawn")
        self.connection, other = context.Pipe()
        self.process = context.Process(target=work, args=(other, *arguments), daemon=True)
        self.process.start()
        self.about = self._answer()

    def ask(self, action: str, argument: Any = None) -> Any:
        """What the worker answers.

        Raises:
            Exception: what went wrong over there.
        """
        self.connection.send((action, argument))
        return self._answer()

    def _answer(self) -> Any:
        answer = self.connection.recv()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def end(self) -> None:
        with contextlib.suppress(OSError):
            self.connection.send(None)
        self.process.join(10)
        if self.process.is_alive():
            self.process.terminate()


@dataclasses.dataclass
class Measured:
    """What one library and precision took.

    Attributes:
        first: float, seconds of the first step, with tracing or compiling.
        train, sample, rate: lists of float: seconds of a training step and of ``SAMPLES`` images, FLOP/s of a product.
        processor: list of float, processor seconds of each step.
        memory, imported: int, peak bytes after training, and after importing the library.
        build: float, seconds.
    """

    first: float = 0.0
    train: list[float] = dataclasses.field(default_factory=list)
    processor: list[float] = dataclasses.field(default_factory=list)
    sample: list[float] = dataclasses.field(default_factory=list)
    rate: list[float] = dataclasses.field(default_factory=list)
    memory: int = 0
    imported: int = 0
    build: float = 0.0


@dataclasses.dataclass
class Row:
    """A row of the tables.

    Attributes:
        name, batch: the architecture and the images of an update.
        measured: dict from (library, precision) to Measured.
        operations: int, floating-point operations of a step.
        versions: dict from library to its version.
        parameters: dict from library to the parameters of its networks by name.
    """

    name: str
    batch: int
    measured: dict[tuple[str, str], Measured]
    operations: int
    versions: dict[str, str]
    parameters: dict[str, dict[str, int]]

    def begin(self, key: tuple[str, str], about: dict[str, Any]) -> Measured:
        """A new entry for a library and precision, with what its worker says of itself."""
        self.versions[key[0]], self.parameters[key[0]] = about["version"], about["parameters"]
        self.measured[key] = Measured(build=about["build_seconds"], imported=about["imported"])
        return self.measured[key]


@contextlib.contextmanager
def workers(variants: Sequence[tuple[str, str]], name: str, batch: int | None, jit: str) -> Iterator[dict[Any, Worker]]:
    """One worker for each (library, precision), ended afterwards."""
    started: dict[Any, Worker] = {}
    try:
        for library, precision in variants:
            started[library, precision] = Worker(library, name, batch, precision, jit)
        yield started
    finally:
        for worker in started.values():
            worker.end()


def random_images(architecture: Any) -> np.ndarray:
    """uint8 (n, h, w, c): the images that a training step takes."""
    updates = getattr(architecture.objective, "critic_steps", 1)
    count = architecture.training.batch_size * updates
    return np.random.default_rng(0).integers(0, 256, (count, *architecture.hwc), dtype=np.uint8)


def variants_of(options: argparse.Namespace) -> list[tuple[str, str]]:
    """The (library, precision) pairs that are compared."""
    libraries = ["pytorch", *(["pytorch-compiled"] if options.compile else []), "tfglyph"]
    return [
        (library, precision)
        for precision in options.precision
        for library in libraries
        if precision in COMPARED or library == "tfglyph"
    ]


def measure(name: str, batch: int | None, options: argparse.Namespace, report: Callable[[str], None]) -> Row:
    """All libraries and precisions of a row, in turns."""
    architecture = benchmark_architecture(name, batch)
    images = random_images(architecture)
    variants = variants_of(options)
    with workers(variants, name, batch, options.jit) as sides:
        row = Row(name, architecture.training.batch_size, {}, 0, {}, {})
        for key, side in sides.items():
            measured = row.begin(key, side.about)
            measured.first, _ = side.ask("train", images)
            about = f"{key[0]} {PRECISIONS[key[1]]}"
            report(f"{name}: {about}: build {measured.build:.1f} s, first step {measured.first:.1f} s")
            side.ask("train", images)
            side.ask("product", options.size)
        for turn in range(options.turns):
            keys = list(sides)
            for key in keys[turn % len(keys) :] + keys[: turn % len(keys)]:
                seconds, processor = sides[key].ask("train", images)
                row.measured[key].train.append(seconds)
                row.measured[key].processor.append(processor)
                seconds, _ = sides[key].ask("product", options.size)
                row.measured[key].rate.append(2 * options.size**3 / seconds)
        for key, side in sides.items():
            row.measured[key].memory = side.ask("memory")
            if options.samples:
                side.ask("sample", options.samples)
        for _ in range(options.sample_turns if options.samples else 0):
            for key, side in sides.items():
                row.measured[key].sample.append(side.ask("sample", options.samples)[0])
        row.operations = next(side for key, side in sides.items() if key[0] == "pytorch").ask("operations", images)
    return row


def measure_memory(name: str, batch: int | None, options: argparse.Namespace, report: Callable[[str], None]) -> Row:
    """Peak memory after one step, of one process after another; 0 where the system ended it."""
    architecture = benchmark_architecture(name, batch)
    images = random_images(architecture)
    row = Row(name, architecture.training.batch_size, {}, 0, {}, {})
    for key in variants_of(options):
        with workers([key], name, batch, options.jit) as sides:
            side = sides[key]
            measured = row.begin(key, side.about)
            try:
                measured.first, _ = side.ask("train", images)
                measured.memory = side.ask("memory")
            except EOFError:
                report(f"{name}: {key[0]} {PRECISIONS[key[1]]}: the process was ended, most likely for its memory")
                continue
        report(f"{name}: {key[0]} {PRECISIONS[key[1]]}: {measured.memory / 1e6:.0f} MB, {measured.first:.1f} s")
    return row


# === Tables ===


def middle(values: Sequence[float]) -> str:
    """Median and half the interquartile range."""
    low, median, high = np.percentile(values, [25, 50, 75])
    digits = max(1 - math.floor(math.log10(median)), 0) if median > 0 else 0
    return f"{median:.{digits}f} ± {(high - low) / 2:.{digits}f}"


def best(row: Row, library: str, kind: str) -> float:
    """The shortest median of a library over its precisions; all kinds of PyTorch count as one library."""
    medians = [
        float(np.median(getattr(measured, kind)))
        for (name, _), measured in row.measured.items()
        if name.startswith(library)
    ]
    return min(medians)


def peaks(row: Row) -> dict[str, float]:
    """FLOP/s of the better library's matrix product, by precision."""
    found: dict[str, float] = {}
    for (_, precision), measured in row.measured.items():
        found[precision] = max(found.get(precision, 0.0), float(np.median(measured.rate)))
    return found


def share_of_peak(row: Row) -> float:
    """The rate of tfglyph's best step over the best matrix product of the run."""
    return row.operations / best(row, "tfglyph", "train") / max(peaks(row).values())


def table(rows: Sequence[Row], kind: str) -> str:
    """A Markdown table of "train" or "sample" seconds."""
    keys = list(rows[0].measured)
    titles = [f"{LIBRARIES[library]} {PRECISIONS[precision]}" for library, precision in keys]
    head = ["work (batch)" if kind == "train" else f"{SAMPLES} images of", *titles, "best against best"]
    lines = [[*head, "share of the peak"] if kind == "train" else head]
    for row in rows:
        cells = [f"{row.name} ({row.batch})" if kind == "train" else row.name]
        cells += [middle(getattr(row.measured[key], kind)) for key in keys]
        cells.append(f"{best(row, 'pytorch', kind) / best(row, 'tfglyph', kind):.2f}")
        lines.append([*cells, f"{share_of_peak(row):.0%}"] if kind == "train" else cells)
    return markdown(lines)


def memory_table(rows: Sequence[Row]) -> str:
    """Peak memory in MB, and the seconds from the build to the end of the first step."""
    keys = list(rows[0].measured)
    titles = [f"{LIBRARIES[library]} {PRECISIONS[precision]}" for library, precision in keys]
    lines = [["MB, peak (batch)", *titles, *(f"{title}, build + first step (s)" for title in titles)]]
    for row in rows:
        measured = [row.measured[key] for key in keys]
        peaks_of = [f"{each.memory / 1e6:.0f}" if each.memory else "ended" for each in measured]
        starts = [f"{each.build + each.first:.1f}" if each.first else "" for each in measured]
        lines.append([f"{row.name} ({row.batch})", *peaks_of, *starts])
    libraries = {key: f"{rows[0].measured[key].imported / 1e6:.0f}" for key in keys}
    after = ", ".join(f"{title} {libraries[key]}" for key, title in zip(keys, titles, strict=True))
    return f"{markdown(lines)}\n\nAfter the import alone, in MB: {after}."


def markdown(lines: Sequence[Sequence[str]]) -> str:
    head, *body = ["| " + " | ".join(line) + " |" for line in lines]
    return "\n".join([head, "|" + "---|" * len(lines[0]), *body])


def processor_name() -> str:
    info = pathlib.Path("/proc/cpuinfo")
    names = (
        [line.split(":")[1].strip() for line in info.read_text().splitlines() if "model name" in line]
        if info.exists()
        else []
    )
    flags = info.read_text() if names else ""
    extras = [flag for flag in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if f" {flag}" in flags]
    return f"{len(names) or os.cpu_count()} cores, {names[0] if names else platform.processor()} ({', '.join(extras)})"


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", help=f"architectures (default: {' '.join(ROWS)})")
    parser.add_argument("--turns", type=int, default=9, help="training steps of each, after two (default: 9)")
    parser.add_argument("--sample-turns", type=int, default=3)
    parser.add_argument("--samples", type=int, default=SAMPLES, help="images of a sampling run; 0: none")
    parser.add_argument("--batch", default="table", help="a number, `file`, or `table`: those of this script")
    parser.add_argument("--memory", action="store_true", help="peak memory alone: one process after another, one step")
    parser.add_argument("--precision", action="append", choices=list(PRECISIONS))
    parser.add_argument("--compile", action="store_true", help="PyTorch through torch.compile as well")
    parser.add_argument("--jit", choices=["auto", "on", "off"], default="auto", help="XLA for tfglyph's step")
    parser.add_argument("--size", type=int, default=2048, help="side of the matrices for the peak")
    parser.add_argument("--json", type=pathlib.Path, help="write all numbers here as well")
    options = parser.parse_args(arguments)
    options.precision = options.precision or list(COMPARED)
    if not set(options.precision) & set(COMPARED):
        parser.error("--precision: mixed_float16 needs one of the others beside it, which PyTorch is measured in")
    return options


def batch_of(name: str, option: str) -> int | None:
    """Images of an update for an architecture; None: as its file says."""
    if option == "file":
        return None
    return ROWS.get(name, 16) if option == "table" else int(option)


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")  # several processes share the device

    def report(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    rows = []
    for name in options.rows or ROWS:
        batch = batch_of(name, options.batch)
        row = (measure_memory if options.memory else measure)(name, batch, options, report)
        rows.append(row)
        if not options.memory:
            report(f"{name}: best against best {best(row, 'pytorch', 'train') / best(row, 'tfglyph', 'train'):.2f}")
        if options.json:
            data = [
                dataclasses.asdict(each)
                | {"measured": {" ".join(key): dataclasses.asdict(value) for key, value in each.measured.items()}}
                for each in rows
            ]
            options.json.write_text(json.dumps(data, indent=1))
    if options.memory:
        print(f"{processor_name()}; {'; '.join(rows[0].versions.values())}; one step in a process of its own\n")
        print(memory_table(rows))
        return 0
    measured = {precision: np.median([peaks(row)[precision] for row in rows]) for precision in options.precision}
    rates = ", ".join(f"{PRECISIONS[precision]} {rate / 1e12:.3g} TFLOP/s" for precision, rate in measured.items())
    print(f"{processor_name()}; {'; '.join(rows[0].versions.values())}; matrix products: {rates}\n")
    print(f"Seconds per training step, median of {options.turns} ± half the interquartile range:\n")
    print(table(rows, "train") + "\n")
    if options.samples:
        print(f"Seconds for {options.samples} images ({SAMPLING_STEPS} steps of DDIM where there are steps):\n")
        print(table(rows, "sample") + "\n")
    print(memory_table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
