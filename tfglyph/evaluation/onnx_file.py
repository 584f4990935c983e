"""Just enough of the ONNX format to see one more tensor of a network, without the onnx package.

An ONNX file is one protocol buffer message. In that encoding, a message that is followed by another of its kind
means both merged, so an output is added by appending a few bytes
(https://protobuf.dev/programming-guides/encoding/#last-one-wins).
"""

# field numbers of onnx.proto
_MODEL_GRAPH = 7
_GRAPH_NODE, _GRAPH_INITIALIZER, _GRAPH_OUTPUT = 1, 5, 12
_NODE_INPUT, _NODE_OUTPUT, _NODE_TYPE = 1, 2, 4
_TENSOR_NAME = 8
_VALUE_NAME = 1

_LINEAR = ("MatMul", "Gemm")


def last_linear_input(model):
    """Name of the tensor that enters the last linear layer of an ONNX network.

    Args:
        model: bytes of the file.

    Returns:
        str, the first input of the last MatMul or Gemm whose second input is a stored weight.

    Raises:
        ValueError: there is none, or these bytes are no ONNX file.
    """
    found, weights = None, set()
    nodes = []
    for number, value in _fields(memoryview(model)):
        if number != _MODEL_GRAPH:
            continue
        for inner, content in _fields(value):
            if inner == _GRAPH_INITIALIZER:
                weights |= {bytes(name).decode() for field, name in _fields(content) if field == _TENSOR_NAME}
            elif inner == _GRAPH_NODE:
                nodes.append(list(_fields(content)))
    for node in nodes:
        kind = [bytes(value).decode() for number, value in node if number == _NODE_TYPE]
        inputs = [bytes(value).decode() for number, value in node if number == _NODE_INPUT]
        outputs = [bytes(value).decode() for number, value in node if number == _NODE_OUTPUT]
        if kind == ["Identity"] and inputs[0] in weights:
            weights.update(outputs)
        if kind and kind[0] in _LINEAR and len(inputs) > 1 and inputs[1] in weights:
            found = inputs[0]
    if found is None:
        raise ValueError("no linear layer in this ONNX file")
    return found


def with_output(model, tensor):
    """The network with one output more.

    Args:
        model: bytes of an ONNX file.
        tensor: str, the name of a tensor in it.

    Returns:
        bytes of the new file; the tensor comes after the other outputs.
    """
    value = _delimited(_VALUE_NAME, tensor.encode())
    return model + _delimited(_MODEL_GRAPH, _delimited(_GRAPH_OUTPUT, value))


def _delimited(number, payload):
    """A field with a length in front of its bytes (wire type 2)."""
    return _varint(number << 3 | 2) + _varint(len(payload)) + payload


def _varint(value):
    """Seven bits a byte, the lowest first; the eighth bit says that more follow."""
    encoded = bytearray()
    while value > 127:
        encoded.append(value & 127 | 128)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _fields(message):
    """(number, value) of a message's fields: memoryview for those with a length, int for numbers."""
    place = 0
    while place < len(message):
        key, place = _read_varint(message, place)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, place = _read_varint(message, place)
        elif kind == 2:
            length, place = _read_varint(message, place)
            value, place = message[place : place + length], place + length
        elif kind in (1, 5):
            width = 8 if kind == 1 else 4
            value, place = message[place : place + width], place + width
        else:
            raise ValueError("not an ONNX file")
        yield number, value


def _read_varint(message, place):
    value = shift = 0
    while True:
        if place >= len(message):
            raise ValueError("not an ONNX file: it ends in the middle of a number")
        byte = message[place]
        place += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, place
