"""Rendering a large canvas: peak memory and rows per second of each kind of CPPN, each in a process of its own.

    python benchmarks/canvas.py                  # whole canvases of 16,384 x 16,384
    python benchmarks/canvas.py --rows 2048      # their first rows only: memory has reached its peak by then

The networks are untrained: the cost of a pixel does not depend on the weights.
"""

import argparse
import json
import pathlib
import resource
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
KINDS = {"plain": "cppn-wgan-casia", "tail": "cppn-wgan-fonts"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=16384, help="side of the canvas in pixels")
    parser.add_argument("--rows", type=int, help="stop after so many; default: all")
    parser.add_argument("--kind", choices=list(KINDS), help="one kind of generator; default: both")
    parser.add_argument("--channels", type=int, choices=[1, 3], help="grey or colour; default: both")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        return measure(options)
    print(f"{'generator':>9} {'channels':>8} {'rows':>6} {'rows/s':>7} {'peak GB':>8}")
    for kind in [options.kind] if options.kind else KINDS:
        for channels in [options.channels] if options.channels else (1, 3):
            arguments = ["--measure", "--kind", kind, "--channels", str(channels), "--size", str(options.size)]
            arguments += ["--rows", str(options.rows)] if options.rows else []
            subprocess.run([sys.executable, __file__, *arguments], check=True)
    return 0


def measure(options: argparse.Namespace) -> int:
    """Prints one line of the table, measured in this process."""
    from tfglyph.architecture import dump, load_architecture
    from tfglyph.models import build

    data = json.loads(dump(load_architecture(KINDS[options.kind])))
    data["hwc"][2] = data["generator"]["output"][-1] = options.channels
    model = build(data)
    inputs, rows, start = model.renderer_inputs(model.latents([3])), 0, time.perf_counter()
    for band in model.renderer().bands(inputs[0], options.size, options.size):
        rows += len(band)
        if options.rows and rows >= options.rows:
            break
    speed = rows / (time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e9
    print(f"{options.kind:>9} {options.channels:>8} {rows:>6,} {speed:>7.1f} {peak:>8.2f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
