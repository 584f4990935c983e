"""Legibility: what an independent recognizer reads in images of glyphs.

    readings = read(images)              # texts, confidences, features
    readings.single                      # which images are read as exactly one character

The recognizer is PP-OCRv6 small, the recognition model inside the package rapidocr (extra ``evaluate``). The protocol
is fixed, so that figures of different models, days and machines compare: the glyph black on white, bicubic to 40x40
pixels, centred on 48x64, scaled to [-1, 1]; greedy CTC decoding (Graves et al. 2006); the confidence is the mean over
the emitted characters of their largest probability; features are the input of the last linear layer, averaged over
positions.
"""

import dataclasses
import functools
import importlib.metadata
import importlib.util
import os
import pathlib

import numpy as np

from tfglyph.evaluation.onnx_file import last_linear_input, with_output
from tfglyph.evaluation.pixels import grey
from tfglyph.evaluation.unavailable import UnavailableError
from tfglyph.files import cached_arrays, digest
from tfglyph.progress import progress

MODEL = "PP-OCRv6_rec_small.onnx"
INSTALL = "pip install 'tfglyph[evaluate]'"
GLYPH_SIDE, LINE_HEIGHT, LINE_WIDTH = 40, 48, 64  # pixels
FEATURES = 120
BATCH = 16
MOST = 5401  # reconstructions that are read, as many as there are common characters
_REMEMBERED = 8  # sets of images whose readings stay, as several metrics look at the same ones


@dataclasses.dataclass(frozen=True)
class Readings:
    """What the recognizer makes of n images.

    Attributes:
        texts: list of n str; empty where it reads nothing.
        confidences: float32 (n,) in [0, 1]; 0 where it reads nothing.
        features: float32 (n, 120).
    """

    texts: list
    confidences: np.ndarray
    features: np.ndarray

    @property
    def single(self):
        """bool (n,): read as exactly one character."""
        return np.array([len(text) == 1 for text in self.texts], bool)

    def right(self, characters):
        """bool (n,): read as exactly the character that stands for it in ``characters`` (list of n str)."""
        return np.array([text == wanted for text, wanted in zip(self.texts, characters, strict=True)], bool)


def read(images, description="reading"):
    """Reads images of glyphs.

    Args:
        images: uint8 [n, h, w, c], ink 255 on 0, of any size; colours count by their luminance.
        description: str, stands in front of the progress bar.

    Returns:
        Readings.

    Raises:
        UnavailableError: rapidocr or onnxruntime is not installed, or lacks the model.
    """
    session, alphabet = _recognizer()
    if not len(images):
        return Readings([], np.zeros(0, np.float32), np.zeros((0, FEATURES), np.float32))
    key = digest(repr(np.shape(images)), np.ascontiguousarray(images))
    if key in _readings:
        return _readings[key]
    texts, confidences, features = [], [], []
    for start in progress(range(0, len(images), BATCH), description, unit=f"x{BATCH}"):
        lines = prepare(np.asarray(images[start : start + BATCH]))  # (n, 3, 48, 64)
        probabilities, hidden = session.run(None, {session.get_inputs()[0].name: lines})  # (n, t, letters), (n, t, d)
        for positions in probabilities:
            text, confidence = decode(positions, alphabet)
            texts.append(text)
            confidences.append(confidence)
        features.append(hidden.mean(axis=1))  # (n, d)
    result = Readings(
        texts,
        np.array(confidences, np.float32),
        np.concatenate(features).astype(np.float32),
    )
    while len(_readings) >= _REMEMBERED:
        _readings.pop(next(iter(_readings)))
    _readings[key] = result
    return result


_readings = {}


def read_real(images, description="reading"):
    """The same for real images, from the cache where these very images were read before."""
    parts = [fingerprint(), repr(np.shape(images)), np.ascontiguousarray(images)]
    found = cached_arrays("readings", parts, lambda: _arrays(read(images, description)))
    return Readings([str(text) for text in found["texts"]], found["confidences"], found["features"])


def _arrays(readings):
    return {"texts": np.array(readings.texts, str), "confidences": readings.confidences, "features": readings.features}


def prepare(images):
    """Lines of text with one glyph each, as the recognizer wants them.

    Args:
        images: uint8 [n, h, w, c], ink 255 on 0.

    Returns:
        float32 (n, 3, 48, 64) in [-1, 1], ink -1 on 1.
    """
    from PIL import Image

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


def decode(probabilities, alphabet):
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


def check():
    """Raises UnavailableError where nothing can be read on this machine, and says what to install."""
    _model_file()
    if importlib.util.find_spec("onnxruntime") is None:
        raise UnavailableError(f"the recognizer needs the package onnxruntime: {INSTALL}")


def fingerprint():
    """str: names the recognizer and its weights; two readings compare where it is the same.

    Raises:
        UnavailableError: as ``read``.
    """
    return f"{MODEL} {digest(_model_file().read_bytes())}"


@functools.cache
def _recognizer():
    """(onnxruntime session with two outputs: probabilities and features; alphabet, list of str)."""
    check()
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(os.environ.get("TF_NUM_INTRAOP_THREADS") or 0) or _cores()
    options.log_severity_level = 3
    model = _model_file().read_bytes()
    session = onnxruntime.InferenceSession(
        with_output(model, last_linear_input(model)), options, providers=["CPUExecutionProvider"]
    )
    letters = session.get_modelmeta().custom_metadata_map["character"].split("\n")
    return session, ["", *letters, " "]


def _cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _model_file():
    """pathlib.Path of the recognition model inside the installed package."""
    found = importlib.util.find_spec("rapidocr")
    if found is None or not found.submodule_search_locations:
        raise UnavailableError(f"the recognizer is in the package rapidocr, which is not installed: {INSTALL}")
    path = pathlib.Path(found.submodule_search_locations[0]) / "models" / MODEL
    if not path.is_file():
        try:
            version = importlib.metadata.version("rapidocr")
        except importlib.metadata.PackageNotFoundError:
            version = "here"
        raise UnavailableError(f"rapidocr {version} comes without {MODEL}: pip install --upgrade 'rapidocr>=3.10'")
    return path
