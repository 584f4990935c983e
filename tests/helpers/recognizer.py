"""Whether the recognizer of the legibility metric is installed, and a machine without it."""

import pytest

from tfglyph.evaluation import legibility
from tfglyph.evaluation.unavailable import UnavailableError


def is_installed() -> bool:
    try:
        legibility.check()
    except UnavailableError:
        return False
    return True


needs_recognizer = pytest.mark.skipif(not is_installed(), reason="rapidocr, onnx and onnxruntime are not installed")


def take_away(monkeypatch: pytest.MonkeyPatch, reason: str = "no recognizer") -> None:
    """For the rest of a test nothing can be read on this machine, for this reason."""

    def missing():
        raise UnavailableError(reason)

    monkeypatch.setattr(legibility, "_model_file", missing)
    monkeypatch.setattr(legibility, "_recognizer", missing)  # it may have been loaded before
