"""Adding an output to an ONNX file, on files spelled out byte by byte."""

import pytest

from tfglyph.evaluation.onnx_file import last_linear_input, with_output


def field(number, payload):
    assert len(payload) < 128
    return bytes([number << 3 | 2, len(payload)]) + payload


def node(kind, inputs, output):
    names = b"".join(field(1, name) for name in inputs)
    return field(1, names + field(2, output) + field(4, kind))


WEIGHT = field(5, field(8, b"w"))
GRAPH = (
    WEIGHT
    + node(b"Relu", [b"x"], b"h")
    + node(b"MatMul", [b"h", b"w"], b"y")
    + node(b"MatMul", [b"y", b"z"], b"attention")  # of two activations: not a layer
    + node(b"Softmax", [b"attention"], b"p")
)
FILE = b"\x08\x0a" + field(7, GRAPH)  # ir_version 10, a number


def test_last_linear_layer_is_the_last_product_with_a_stored_weight():
    assert last_linear_input(FILE) == "h"


def test_a_weight_behind_an_identity_is_still_a_weight():
    graph = WEIGHT + node(b"Identity", [b"w"], b"v") + node(b"Gemm", [b"q", b"v"], b"y")
    assert last_linear_input(field(7, graph)) == "q"


def test_an_output_is_appended_as_a_message_of_its_own():
    assert with_output(FILE, "h") == FILE + bytes([0x3A, 5, 0x62, 3, 0x0A, 1]) + b"h"
    name = "n" * 200
    assert with_output(b"", name)[:9] == b"\x3a\xce\x01\x62\xcb\x01\x0a\xc8\x01"  # lengths 206, 203, 200 as varints


@pytest.mark.parametrize("data", [b"", b"\x3a", b"hello, I am no ONNX file", field(7, node(b"Relu", [b"x"], b"y"))])
def test_other_bytes_are_refused(data):
    with pytest.raises(ValueError, match="ONNX"):
        last_linear_input(data)
