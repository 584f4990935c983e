"""Legibility: what an independent recognizer reads in images of glyphs.

    readings = read(images)              # texts, confidences, features
    readings.single                      # which images are read as exactly one character

The recognizer is PP-OCRv6 small, the recognition model inside the package rapidocr (extra ``evaluate``). The protocol
is fixed, so that measurements of different models, days and machines compare: the glyph black on white, bicubic to
40x40 pixels, centred on 48x64, scaled to [-1, 1]; greedy CTC decoding (Graves et al. 2006); the confidence is the mean
over the emitted characters of their largest probability; features are the input of the last linear layer, averaged over
positions.
"""

import dataclasses
import functools
import importlib.metadata
import importlib.util
import os
import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from tfglyph.evaluation.pixels import grey
from tfglyph.evaluation.unavailable import UnavailableError
from tfglyph.files import cached_arrays, digest
from tfglyph.progress import progress

MODEL = "PP-OCRv6_rec_small.onnx"
RUNTIME = ("onnx", "onnxruntime")  # packages that it needs beside rapidocr
INSTALL = "pip install 'tfglyph[evaluate]'"
GLYPH_SIDE, LINE_HEIGHT, LINE_WIDTH = 40, 48, 64  # pixels
FEATURES = 120
BATCH = 16
MAX_RECONSTRUCTIONS = 5401  # that are read, as many as there are common characters
_REMEMBERED = 8  # sets of images whose readings stay, as several metrics look at the same ones


@dataclasses.dataclass(frozen=True)
class Readings:
    """What the recognizer makes of n images.

    Attributes:
        texts: list of n str; empty where it reads nothing.
        confidences: float32 (n,) in [0, 1]; 0 where it reads nothing.
        features: float32 (n, 120).
    """

    texts: list[str]
    confidences: np.ndarray
    features: np.ndarray

    @property
    def single(self) -> np.ndarray:
        """bool (n,): read as exactly one character."""
        return np.array([len(text) == 1 for text in self.texts], bool)

    def correct(self, characters: Sequence[str]) -> np.ndarray:
        """bool (n,): read as exactly the character that the image should show (n str)."""
        return np.array([text == character for text, character in zip(self.texts, characters, strict=True)], bool)


def read(images: np.ndarray, description: str = "reading") -> Readings:
    """Reads images of glyphs.

    Args:
        images: uint8 [n, h, w, c], ink 255 on 0, of any size; colours count by their luminance.
        description: str, stands in front of the progress bar.

    Returns:
        Readings.

    Raises:
        UnavailableError: rapidocr, onnx or onnxruntime is not installed, or lacks the model.
    """
    session, alphabet = _recognizer()
    if not len(images):
        return Readings([], np.zeros(0, np.float32), np.zeros((0, FEATURES), np.float32))
    key = digest(repr(np.shape(images)), np.ascontiguousarray(images))
    if key in _readings:
        return _readings[key]
    texts: list[str] = []
    confidences: list[float] = []
    features: list[np.ndarray] = []
    for start in progress(range(0, len(images), BATCH), description, unit=f"x{BATCH}"):
        lines = prepare(np.asarray(images[start : start + BATCH]))  # (n, 3, 48, 64)
        probabilities, hidden = session.run(None, {session.get_inputs()[0].name: lines})  # (n, t, letters), (n, t, d)
        for positions in probabilities:
            text, confidence = decode(positions, alphabet)
            texts.append(text)
            confidences.append(confidence)
        features.append(hidden.mean(axis=1))  # (n, d)
    readings = Readings(
        texts,
        np.array(confidences, np.float32),
        np.concatenate(features).astype(np.float32),
    )
    while len(_readings) >= _REMEMBERED:
        _readings.pop(next(iter(_readings)))
    _readings[key] = readings
    return readings


_readings: dict[str, Readings] = {}


def read_real(images: np.ndarray, description: str = "reading") -> Readings:
    """The same for real images, from the cache where these very images were read before."""
    depends_on: list[str | bytes | np.ndarray] = [fingerprint(), repr(np.shape(images)), np.ascontiguousarray(images)]
    arrays = cached_arrays("readings", depends_on, lambda: _arrays(read(images, description)))
    return Readings([str(text) for text in arrays["texts"]], arrays["confidences"], arrays["features"])


def _arrays(readings: Readings) -> dict[str, np.ndarray]:
    return {"texts": np.array(readings.texts, str), "confidences": readings.confidences, "features": readings.features}


def prepare(images: np.ndarray) -> np.ndarray:
    """Lines of text with one glyph each, the recognizer's input.

    Args:
        images: uint8 [n, h, w, c], ink 255 on 0.

    Returns:
        float32 (n, 3, 48, 64) in [-1, 1], ink -1 on 1.
    """
    lines = np.full((len(images), LINE_HEIGHT, LINE_WIDTH), 255, np.uint8)
    for line, image in zip(lines, 255 - grey(images), strict=True):
        height, width = image.shape
        scale = GLYPH_SIDE / max(height, width)
        size = max(1, round(width * scale)), max(1, round(height * scale))
        small = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC))
        top, left = (LINE_HEIGHT - small.shape[0]) // 2, (LINE_WIDTH - small.shape[1]) // 2
        line[top : top + small.shape[0], left : left + small.shape[1]] = small
    scaled = lines.astype(np.float32) / 127.5 - 1.0
    return np.repeat(scaled[:, None], 3, axis=1)  # (n, 3, 48, 64)


def decode(probabilities: np.ndarray, alphabet: Sequence[str]) -> tuple[str, float]:
    """Greedy CTC: the likeliest letter of each position, repetitions merged, blanks dropped.

    Args:
        probabilities: float (positions, letters); letter 0 is the blank.
        alphabet: list of str, one for each letter.

    Returns:
        (str, float): the text, and the mean over its letters of their probability, 0 for an empty text. Of a run of
        one letter, its first position counts.
    """
    best = probabilities.argmax(axis=1)
    emitted = (best != 0) & np.concatenate([[True], best[1:] != best[:-1]])
    text = "".join(alphabet[letter] for letter in best[emitted])
    return text, float(probabilities.max(axis=1)[emitted].mean()) if emitted.any() else 0.0


def check() -> None:
    """Raises UnavailableError where nothing can be read on this machine, and says what to install."""
    _model_file()
    for package in RUNTIME:
        if importlib.util.find_spec(package) is None:
            raise UnavailableError(f"the recognizer needs the package {package}: {INSTALL}")


def fingerprint() -> str:
    """Names the recognizer and its weights; two readings compare where it is the same.

    Raises:
        UnavailableError: as ``read``.
    """
    return f"{MODEL} {digest(_model_file().read_bytes())}"


# === The recognizer ===


@functools.cache
def _recognizer() -> tuple[Any, list[str]]:
    """(onnxruntime session with two outputs: probabilities and features; alphabet, list of str)."""
    check()
    import onnxruntime  # optional: of the extra ``evaluate``

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(os.environ.get("TF_NUM_INTRAOP_THREADS") or 0) or _cores()
    options.log_severity_level = 3
    network = with_features(_model_file().read_bytes())
    session = onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
    letters = session.get_modelmeta().custom_metadata_map["character"].split("\n")
    return session, ["", *letters, " "]


def with_features(network: bytes) -> bytes:
    """An ONNX network with one output more, after the others: the input of its last linear layer.

    That is the last MatMul or Gemm whose second input is a stored weight.

    Raises:
        UnavailableError: these bytes are no ONNX network, or it has no linear layer.
    """
    import onnx  # optional: of the extra ``evaluate``
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # optional: comes with onnx

    try:
        model = onnx.load_model_from_string(network)
    except DecodeError:
        raise UnavailableError("the recognizer's file is damaged: not an ONNX network") from None
    weights = {tensor.name for tensor in model.graph.initializer}
    linear_input = None
    for node in model.graph.node:
        if node.op_type == "Identity" and node.input[0] in weights:
            weights.update(node.output)
        elif node.op_type in ("MatMul", "Gemm") and node.input[1] in weights:
            linear_input = node.input[0]
    if linear_input is None:
        raise UnavailableError("the recognizer's ONNX network has no linear layer, so it has no features")
    model.graph.output.append(onnx.ValueInfoProto(name=linear_input))
    return model.SerializeToString()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _model_file() -> pathlib.Path:
    """The recognition model inside the installed package."""
    package = importlib.util.find_spec("rapidocr")
    if package is None or not package.submodule_search_locations:
        raise UnavailableError(f"the recognizer is in the package rapidocr, which is not installed: {INSTALL}")
    path = pathlib.Path(package.submodule_search_locations[0]) / "models" / MODEL
    if not path.is_file():
        try:
            version = importlib.metadata.version("rapidocr")
        except importlib.metadata.PackageNotFoundError:
            version = "here"
        raise UnavailableError(f"rapidocr {version} comes without {MODEL}: pip install --upgrade 'rapidocr>=3.10'")
    return path
