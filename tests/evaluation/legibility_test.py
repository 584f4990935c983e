"""What the recognizer is shown, how its answer is read, and what it says of real glyphs."""

import numpy as np
import pytest

from tests.helpers.recognizer import needs_recognizer
from tfglyph import datasets
from tfglyph.evaluation import legibility
from tfglyph.evaluation.legibility import Readings, decode, prepare
from tfglyph.evaluation.unavailable import UnavailableError


def test_a_line_is_black_on_white_with_the_glyph_in_the_middle():
    images = np.zeros((2, 32, 32, 1), np.uint8)
    images[0] = 255
    lines = prepare(images)
    assert lines.shape == (2, 3, 48, 64) and lines.dtype == np.float32
    inside = np.zeros((48, 64), bool)
    inside[4:44, 12:52] = True  # 40 x 40
    np.testing.assert_array_equal(lines[0], np.where(inside, -1.0, 1.0)[None].repeat(3, 0))
    np.testing.assert_array_equal(lines[1], np.ones((3, 48, 64)))


def test_other_sizes_keep_their_proportions():
    lines = prepare(np.full((1, 20, 10, 3), 255, np.uint8))
    rows, columns = np.nonzero(lines[0, 0] < 0)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (4, 43, 22, 41)  # 40 x 20


def test_greedy_ctc():
    alphabet = ["", "a", "b"]
    best = [(0, 0.9), (1, 0.8), (1, 0.99), (0, 0.7), (1, 0.6), (2, 0.4)]  # blank a a blank a b
    probabilities = np.zeros((6, 3))
    for row, (letter, value) in zip(probabilities, best, strict=True):
        row[:] = (1 - value) / 2
        row[letter] = value
    text, confidence = decode(probabilities, alphabet)
    assert text == "aab"
    assert confidence == pytest.approx((0.8 + 0.6 + 0.4) / 3)
    assert decode(np.array([[0.9, 0.1, 0.0]]), alphabet) == ("", 0.0)


def test_readings_compare():
    readings = Readings(["酪", "", "酉各", "交"], np.zeros(4), np.zeros((4, 2)))
    assert readings.single.tolist() == [True, False, False, True]
    assert readings.correct(["酪", "酪", "酪", "酪"]).tolist() == [True, False, False, False]


@needs_recognizer
def test_real_glyphs_are_read_and_upside_down_ones_are_not():
    glyphs = datasets.load("cns", size=32, charset="big5-common")
    glyphs = glyphs.take(np.arange(0, len(glyphs), 135), "a few")
    readings = legibility.read(glyphs.images)
    assert len(readings.texts) == len(glyphs) == 41
    assert readings.features.shape == (41, 120)
    assert readings.correct(glyphs.characters).mean() > 0.9
    turned = legibility.read(glyphs.images[:, ::-1, ::-1])
    assert turned.correct(glyphs.characters).mean() < 0.2
    assert turned.confidences.mean() < readings.confidences.mean() - 0.2


@needs_recognizer
def test_reading_does_not_depend_on_the_company():
    images = datasets.load("cns", size=32).images[:3]
    together, alone = legibility.read(images), legibility.read(images[1:2])
    assert together.texts[1] == alone.texts[0]
    np.testing.assert_allclose(together.features[1], alone.features[0], atol=1e-4)
    assert legibility.read(images[:0]).features.shape == (0, 120)


@needs_recognizer
def test_readings_of_real_images_come_from_the_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("TFGLYPH_CACHE", str(tmp_path))
    images = datasets.load("cns", size=32).images[:2]
    first = legibility.read_real(images)
    monkeypatch.setattr(legibility, "read", None)
    again = legibility.read_real(images)
    assert again.texts == first.texts and all(type(text) is str for text in again.texts)
    np.testing.assert_array_equal(again.features, first.features)


def test_what_is_missing_is_said_in_one_line(monkeypatch, tmp_path):
    monkeypatch.setattr(legibility.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UnavailableError, match=r"package rapidocr, .* pip install 'tfglyph\[evaluate\]'"):
        legibility.check()
    fake = type("Spec", (), {"submodule_search_locations": [str(tmp_path)]})
    monkeypatch.setattr(legibility.importlib.util, "find_spec", lambda name: fake)
    with pytest.raises(UnavailableError, match="comes without PP-OCRv6_rec_small"):
        legibility.check()
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / legibility.MODEL).touch()
    for package in ("onnx", "onnxruntime"):
        monkeypatch.setattr(
            legibility.importlib.util, "find_spec", lambda name, package=package: None if name == package else fake
        )
        with pytest.raises(UnavailableError, match=rf"needs the package {package}: pip install 'tfglyph\[evaluate\]'$"):
            legibility.check()


# === The features: one output more of an ONNX network ===


@pytest.fixture
def onnx():
    return pytest.importorskip("onnx")


def network(onnx, nodes, weights):
    """The bytes of an ONNX network from x float (1, 2) to y, whose weights are 2x2 matrices."""
    helper, float32 = onnx.helper, onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [helper.make_node(kind, inputs, [output]) for kind, inputs, output in nodes],
        "graph",
        [helper.make_tensor_value_info("x", float32, [1, 2])],
        [helper.make_tensor_value_info("y", float32, [1, 2])],
        [onnx.numpy_helper.from_array(np.array(values, np.float32), name) for name, values in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString()


LAYERS = [
    ("MatMul", ["x", "w"], "a"),
    ("Relu", ["a"], "h"),
    ("MatMul", ["h", "w"], "b"),
    ("MatMul", ["b", "t"], "attention"),  # of two activations: not a layer
    ("Softmax", ["attention"], "y"),
]
TRANSPOSED = [("Transpose", ["x"], "column"), ("MatMul", ["column", "x"], "t")]
WEIGHTS = {"w": [[1.0, -1.0], [0.0, 2.0]]}


def outputs(onnx, model):
    return [output.name for output in onnx.load_model_from_string(model).graph.output]


def test_the_last_linear_layer_is_the_last_product_with_a_stored_weight(onnx):
    model = legibility.with_features(network(onnx, [*TRANSPOSED, *LAYERS], WEIGHTS))
    assert outputs(onnx, model) == ["y", "h"]


def test_a_weight_behind_an_identity_is_still_a_weight(onnx):
    nodes = [("Identity", ["w"], "v"), ("MatMul", ["x", "w"], "q"), ("Gemm", ["q", "v"], "y")]
    assert outputs(onnx, legibility.with_features(network(onnx, nodes, WEIGHTS))) == ["y", "q"]


def test_the_added_output_is_the_tensor_and_the_others_stay(onnx):
    onnxruntime = pytest.importorskip("onnxruntime")
    original = network(onnx, [*TRANSPOSED, *LAYERS], WEIGHTS)
    x = np.array([[3.0, 1.0]], np.float32)
    (y,) = onnxruntime.InferenceSession(original).run(None, {"x": x})
    same, hidden = onnxruntime.InferenceSession(legibility.with_features(original)).run(None, {"x": x})
    np.testing.assert_array_equal(same, y)
    np.testing.assert_array_equal(hidden, [[3.0, 0.0]])  # relu([3, 3 * -1 + 1 * 2])


def test_networks_without_features_are_one_line(onnx):
    with pytest.raises(UnavailableError, match="no linear layer"):
        legibility.with_features(network(onnx, [("Relu", ["x"], "y")], {}))
    for damaged in (b"hello, I am no ONNX file", network(onnx, [("Relu", ["x"], "y")], {})[:-9]):
        with pytest.raises(UnavailableError, match="not an ONNX network"):
            legibility.with_features(damaged)
