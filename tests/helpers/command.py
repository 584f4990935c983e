"""The command line, called in this process."""

import io
import sys

import pytest

from tfglyph.cli import entry, main


def run_command(*words: object) -> int:
    """``tfglyph WORDS``: the exit code of a verb that ends by itself; its errors come as exceptions."""
    return main.main([str(word) for word in words], prog_name="tfglyph", standalone_mode=False) or 0


def type_command(*words: object) -> tuple[int, str, str]:
    """``tfglyph WORDS`` as its script runs it, in a process that has TensorFlow already.

    Returns:
        (exit code, what was printed, what was printed on standard error), as UTF-8.
    """
    streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="strict") for _ in range(2)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["tfglyph", *map(str, words)])
        patch.setattr(sys, "stdout", streams[0])
        patch.setattr(sys, "stderr", streams[1])
        with pytest.raises(SystemExit) as end:
            entry()
    for stream in streams:
        stream.flush()
    printed, errors = (stream.buffer.getvalue().decode("utf-8") for stream in streams)
    return end.value.code, printed, errors
