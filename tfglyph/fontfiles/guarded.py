"""A font that another process reads: for files that nobody vouches for, such as uploads.

    with Guard() as guard:
        font = GuardedFont(guard, "upload.ttf")

All that parses the file, fontTools and FreeType alike, runs in a child with limits on time and memory; what comes back
are numbers, names and arrays. The limits are against accidents and against files that are made to exhaust a machine.
They are no sandbox: the child may open what this process may.
"""

import functools
import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from tfglyph.datasets.fontface import Box, Extent, FontFace, faces
from tfglyph.errors import GlyphError
from tfglyph.fontfiles.opening import FontFile, open_font
from tfglyph.fontfiles.probe import BYTES, child_environment, limit_process
from tfglyph.outlines.tracing import Outline

SECONDS = 20.0  # for one call
TOTAL_SECONDS = 300.0  # for all calls together
START_SECONDS = 120.0  # to start Python and import what reads fonts
MOST_POINTS = 65_535  # of an outline: glyf cannot store more, but parts of parts of parts can add up to any number
RUN = "import sys; from tfglyph.fontfiles import guarded; guarded.serve(int(sys.argv[1]))"

Result = TypeVar("Result")


class GuardError(Exception):
    """The child was ended: it took too long, too much memory, or crashed. The message is for a person.

    It is no GlyphError, so that nobody takes it for one damaged glyph among good ones and goes on.
    """


class Guard:
    """A child process that reads fonts within limits.

    Args:
        seconds: float, the longest that a call may take, unless it says otherwise.
        total_seconds: float, the longest that all calls together may take.

    Raises:
        GuardError: it cannot be started.
    """

    def __init__(self, seconds: float = SECONDS, total_seconds: float = TOTAL_SECONDS):
        self._seconds, self._left = seconds, total_seconds
        self._stopped = ""
        self._process = subprocess.Popen(
            [sys.executable, "-c", RUN, str(int(total_seconds + START_SECONDS))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=child_environment(),
        )
        self._left += START_SECONDS
        self.call(_ready, seconds=START_SECONDS)
        self._left = total_seconds

    def __enter__(self) -> "Guard":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the child."""
        self._stopped = self._stopped or "the process that reads the font was ended"
        self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except OSError:  # it holds what the child did not live to read
                    continue
        self._process.wait()

    def call(self, function: Callable[..., Result], *args: Any, seconds: float | None = None) -> Result:
        """Calls a function in the child.

        Args:
            function: of a module, as it goes there by its name.
            *args: anything that can be pickled, as the result.
            seconds: float or None, the longest that it may take, in place of the guard's.

        Raises:
            GuardError: it took too long or too much memory, or crashed, now or before.
            GlyphError: what the function raised; other exceptions become one.
        """
        if self._stopped:
            raise GuardError(self._stopped)
        limit = min(self._seconds if seconds is None else seconds, self._left)
        late = threading.Event()

        def stop() -> None:
            late.set()
            self._process.kill()

        start = time.monotonic()
        timer = threading.Timer(limit, stop)
        timer.daemon = True
        timer.start()
        try:
            assert self._process.stdin is not None and self._process.stdout is not None
            pickle.dump((function, args), self._process.stdin)
            self._process.stdin.flush()
            result, error = pickle.load(self._process.stdout)
        except (OSError, EOFError, pickle.UnpicklingError):
            why = (
                f"takes more than {limit:.3g} seconds"
                if late.is_set()
                else f"fails, or takes more than {BYTES >> 30} GiB"
            )
            self._stopped = f"not a usable font (reading it {why})"
            self.close()
            raise GuardError(self._stopped) from None
        finally:
            timer.cancel()
            self._left -= time.monotonic() - start
        if error is not None:
            raise error
        value: Result = result
        return value


class GuardedFont(FontFile):
    """A font that a child has opened: ``open_font``, but ``font`` is None, and outlines come from the child.

    Args:
        guard: Guard.
        spec: str, as ``open_font`` takes it.

    Raises:
        GuardError, GlyphError: as ``Guard.call`` and ``open_font``.
    """

    def __init__(self, guard: Guard, spec: str):
        fields, known, self._counts = guard.call(_facts, spec)
        super().__init__(font=None, **fields)
        self.__dict__.update(known)  # what is looked up once in a FontFile, too
        self._guard, self._spec = guard, spec

    @property
    def glyph_count(self) -> int:
        """How many glyphs it has."""
        count: int = self._counts["glyph_count"]
        return count

    @property
    def flavor(self) -> str | None:
        """How it is compressed: "woff", "woff2" or None."""
        found: str | None = self._counts["flavor"]
        return found

    def outline(self, name: str) -> tuple[Outline, int]:
        """See ``FontFile.outline``."""
        return self._guard.call(_outline, self._spec, name)


class GuardedFace(FontFace):
    """A face that FreeType draws in a child: it has a name and a path, and can ``render``.

    Args:
        guard: Guard.
        spec: str, as ``open_font`` takes it; of several faces the first.

    Raises:
        GuardError, GlyphError: as ``Guard.call`` and ``FontFace``.
    """

    def __init__(self, guard: Guard, spec: str):
        self.path, self.name = guard.call(_face_names, spec)
        self._guard, self._spec = guard, spec

    def render(self, character: str, size: int, box: Box = "advance", extent: Extent | None = None) -> np.ndarray:
        """See ``FontFace.render``."""
        ascender = self.__dict__.get("ascender")
        return self._guard.call(_rendered, self._spec, character, size, box, extent, ascender)

    @property
    def level_ascender(self) -> float:
        """See ``FontFace.level_ascender``."""
        return self._guard.call(_level_ascender, self._spec)


# === In the child ===


def serve(seconds: int) -> None:
    """Answers calls on standard input until it ends, within the limits.

    Args:
        seconds: int, of computing.
    """
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get between the answers
    limit_process(seconds)
    while True:
        try:
            function, args = pickle.load(requests)
        except EOFError:
            return
        result, problem = None, None
        try:
            result = function(*args)
        except GlyphError as error:
            problem = error
        except Exception as error:  # fontTools meets damage with nearly every exception there is
            words = " ".join(str(error).split())[:200]
            problem = GlyphError(f"not a usable font ({type(error).__name__}{f': {words}' if words else ''})")
        pickle.dump((result, problem), answers)
        answers.flush()


def _ready() -> None:
    """Nothing; when it returns, all modules are there."""


_opened = functools.lru_cache(maxsize=1)(open_font)


@functools.lru_cache(maxsize=1)
def _face(spec: str) -> FontFace:
    return faces(spec)[0]


def _facts(spec: str) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """The fields of a FontFile, what it looks up once, and other properties."""
    file = _opened(spec)
    fields = {name: getattr(file, name) for name in ("path", "member", "table", "em", "ascender", "family", "notes")}
    known = {name: getattr(file, name) for name in ("mapped", "drawn", "setting", "restricted")}
    return fields, known, {"glyph_count": file.glyph_count, "flavor": file.flavor}


def _outline(spec: str, name: str) -> tuple[Outline, int]:
    outline, points = _opened(spec).outline(name)
    if outline.points > MOST_POINTS:
        raise GlyphError(f"glyph {name} is damaged ({outline.points:,} points)")
    return outline, points


def _face_names(spec: str) -> tuple[str, str]:
    return _face(spec).path, _face(spec).name


def _rendered(
    spec: str, character: str, size: int, box: Box, extent: Extent | None, ascender: float | None
) -> np.ndarray:
    face = _face(spec) if ascender is None else _face(spec).levelled(ascender)
    return face.render(character, size, box, extent)


def _level_ascender(spec: str) -> float:
    return _face(spec).level_ascender
