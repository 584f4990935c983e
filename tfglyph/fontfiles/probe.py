"""Reading a font that nobody vouches for: first in a process of its own, with limits on time and memory.

A damaged or malicious file can make a parser run for ever or ask for all memory. What the work here reads of a font is
read by a child first; only if that ends well does this process read it, too.
"""

import contextlib
import os
import subprocess
import sys

from tfglyph.errors import GlyphError, UsageError
from tfglyph.files import PathLike, printable
from tfglyph.fontfiles.opening import is_han, open_font

SECONDS = 60
BYTES = 3 << 30
WRONG_USAGE, FAILED = 2, 1
SAMPLE = 32  # outlines that are read
RUN = "import sys; from tfglyph.fontfiles import probe; sys.exit(probe.run(sys.argv[1]))"


def check_safely(spec: PathLike, seconds: float = SECONDS) -> None:
    """Opens a font in a child process.

    Args:
        spec: as ``open_font`` takes it.
        seconds: float, the longest that it may take.

    Raises:
        UsageError, GlyphError: as ``open_font``; also where reading takes too long or too much memory, or crashes.
    """
    path = printable(os.fspath(spec).partition("#")[0])
    try:
        done = subprocess.run(
            [sys.executable, "-c", RUN, os.fspath(spec)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            env=child_environment(),
        )
    except subprocess.TimeoutExpired:
        raise GlyphError(f"{path}: not a usable font (reading it takes more than {seconds:g} seconds)") from None
    if done.returncode == 0:
        return
    said = done.stdout.decode("utf-8", "replace").strip()
    if done.returncode == WRONG_USAGE and said:
        raise UsageError(said)
    if done.returncode == FAILED and said:
        raise GlyphError(said)
    raise GlyphError(f"{path}: not a usable font (reading it fails, or takes more than {BYTES >> 30} GiB)")


def child_environment() -> dict[str, str]:
    """The environment of a child: with one thread for each library, whose stacks count as memory."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def limit_process(seconds: int = SECONDS) -> None:
    """Limits this process, where the system can: to ``BYTES`` of memory and so many seconds of computing."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource  # optional: not on Windows

        resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main(spec: str) -> int:
    """Reads all of a font that completing it reads: 0, or 1 or 2 with one line on standard output."""
    try:
        file = open_font(spec)
        ideographs = [code for code in file.drawn if is_han(code)]
        _ = file.setting, file.room, file.restricted
        for code in ideographs[:: max(1, len(ideographs) // SAMPLE)]:
            with contextlib.suppress(GlyphError):  # one damaged glyph is no reason to refuse the others
                file.outline(file.drawn[code])
    except GlyphError as error:
        print(error)
        return error.exit_code
    except (MemoryError, RecursionError):
        return 3
    except Exception as error:
        print(f"{printable(spec)}: not a usable font ({type(error).__name__}: {' '.join(str(error).split())[:200]})")
        return FAILED
    return 0


def run(spec: str) -> int:
    """``main`` within the limits."""
    limit_process()
    return main(spec)
