"""Reading the originals' weight files into arrays by name: PyTorch, safetensors, and TensorFlow 0.12 and 1.x.

Only tensors are read. A PyTorch file is a pickle, which could run code; ``weights_only`` refuses everything but
tensors and plain containers.
"""

import dataclasses
import os
import pathlib
import pickle
import re
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from tfglyph.errors import GlyphError, UsageError
from tfglyph.files import PathLike

Arrays = dict[str, np.ndarray]


@dataclasses.dataclass(frozen=True)
class WeightFile:
    """What a file holds.

    Attributes:
        arrays: dict from name to array, floating point only; names of tensors that lay in containers begin with the
            container's ("netG.tconv1.weight").
        left_out: tuple of str, what else the file holds and no network needs: optimizers, hyperparameters, counters.
    """

    arrays: Arrays
    left_out: tuple[str, ...]


def read_weights(path: PathLike) -> WeightFile:
    """Reads a file of weights, whichever kind it is.

    Args:
        path: a ``.safetensors`` file; a TensorFlow checkpoint ("model.ckpt-31200", or one of its files); or a file of
            ``torch.save``.

    Raises:
        UsageError: there is no such file, or PyTorch is not installed.
        GlyphError: the file is damaged, or holds other things than tensors.
    """
    prefix = tensorflow_prefix(path)
    if prefix is not None:
        return _read_tensorflow(prefix)
    path = pathlib.Path(path)
    if not path.is_file():
        raise UsageError(f"{path}: no such file")
    return _read_safetensors(path) if path.suffix == ".safetensors" else _read_torch(path)


# === TensorFlow ===


def tensorflow_prefix(path: PathLike) -> pathlib.Path | None:
    """The prefix of the TensorFlow checkpoint that is meant; None where there is none.

    Args:
        path: the prefix itself, one of its files (".index", ".meta", ".data-00000-of-00001"), or a directory, of which
            the newest is meant.
    """
    path = pathlib.Path(path)
    if path.is_dir():
        steps = [int(match[1]) for file in path.glob("model.ckpt-*.index") if (match := _STEP.search(file.stem))]
        return path / f"model.ckpt-{max(steps)}" if steps else None
    prefix = path.with_name(re.sub(r"\.(index|meta|data-\d{5}-of-\d{5})$", "", path.name))
    if prefix.with_name(prefix.name + ".index").is_file():
        return prefix
    return prefix if prefix.is_file() and _STEP.search(prefix.name) and _is_table(prefix) else None


_STEP = re.compile(r"\.ckpt-(\d{1,18})$")
_TABLE = bytes.fromhex("57fb808b247547db")  # the last eight bytes of the file format of TensorFlow 0.11 and before


def _is_table(path: pathlib.Path) -> bool:
    with open(path, "rb") as file:
        file.seek(max(os.path.getsize(path) - len(_TABLE), 0))
        return file.read() == _TABLE


def step_of(path: PathLike) -> int:
    """The step in a file's name ("model.ckpt-31200", "G-cppn-wgan_210000.pth"); 0 where there is none."""
    name = pathlib.Path(path).name
    numbers = re.findall(r"(?:ckpt-|step=|_)(\d{1,12})(?=\.|$)", re.sub(r"\.(index|meta|data-\S+)$", "", name))
    return int(numbers[-1]) if numbers else 0


def _read_tensorflow(prefix: pathlib.Path) -> WeightFile:
    import tensorflow as tf  # slow: the verb's help and other files need none

    try:
        reader = tf.train.load_checkpoint(os.fspath(prefix))
        names = sorted(reader.get_variable_to_shape_map())
        state = [name for name in names if _OPTIMIZER.search(name)]
        arrays = {name: reader.get_tensor(name) for name in names if name not in set(state)}
    except (tf.errors.OpError, ValueError, RuntimeError) as error:
        raise GlyphError(f"{prefix}: cannot be read as a TensorFlow checkpoint: {_one_line(error)}") from None
    arrays = {name: array for name, array in arrays.items() if array.dtype.kind == "f"}
    others = [name for name in names if name not in arrays and name not in set(state)]
    left_out = ([f"{len(state)} variables of the optimizer"] if state else []) + others
    return WeightFile(arrays, tuple(left_out))


_OPTIMIZER = re.compile(r"/Adam(_\d+)?$|(^|/)beta[12]_power(_\d+)?$")


# === safetensors ===


def _read_safetensors(path: pathlib.Path) -> WeightFile:
    import safetensors  # slow: as above
    from safetensors.numpy import load_file

    try:
        arrays = load_file(path)
    except (OSError, ValueError, safetensors.SafetensorError) as error:
        raise GlyphError(f"{path}: cannot be read as safetensors: {_one_line(error)}") from None
    return _without_counters(_plain_names(arrays), ())


# === PyTorch ===


def _read_torch(path: pathlib.Path) -> WeightFile:
    try:
        import torch  # optional: extra "import"
    except ImportError:
        raise UsageError(
            f"{path}: PyTorch's files need PyTorch: pip install 'tfglyph[import]'; or give a .safetensors file of it"
        ) from None
    try:
        with warnings.catch_warnings(action="ignore"):  # of old protocols, which it reads all the same
            loaded = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        words = "holds more than tensors, or is no file of torch.save, and was refused"
        raise GlyphError(f"{path}: {words}: {_one_line(error)}") from None
    except Exception as error:  # rubbish fails anywhere in the unpickler
        raise GlyphError(f"{path}: cannot be read as a file of torch.save: {_one_line(error)}") from None
    if not isinstance(loaded, Mapping):
        raise GlyphError(f"{path}: found a {type(loaded).__name__}, expected a state dict")
    arrays: Arrays = {}
    left_out: list[str] = []
    if isinstance(loaded.get("state_dict"), Mapping):  # Lightning's checkpoints
        left_out += [str(key) for key in loaded if key != "state_dict"]
        loaded = loaded["state_dict"]
    for key, value in loaded.items():
        if torch.is_tensor(value):
            arrays[str(key)] = _array(value)
        elif isinstance(value, Mapping) and value and all(torch.is_tensor(each) for each in value.values()):
            arrays |= {f"{key}.{name}": _array(each) for name, each in value.items()}
        else:
            left_out.append(str(key))
    return _without_counters(_plain_names(arrays), tuple(left_out))


def _array(tensor: Any) -> np.ndarray:
    tensor = tensor.detach()
    return (tensor.float() if tensor.is_floating_point() else tensor).numpy()


def _plain_names(arrays: Arrays) -> Arrays:
    """Without the prefix that PyTorch's wrappers (several GPUs, the compiler) put before every name."""
    for wrapper in ("module.", "_orig_mod."):
        if arrays and all(name.startswith(wrapper) for name in arrays):
            arrays = {name.removeprefix(wrapper): array for name, array in arrays.items()}
    return arrays


def _without_counters(arrays: Arrays, left_out: tuple[str, ...]) -> WeightFile:
    """Batch norm's counters of batches are integers that no output depends on."""
    floats = {name: array for name, array in arrays.items() if array.dtype.kind == "f"}
    counters = sum(name.endswith("num_batches_tracked") for name in arrays)
    others = [name for name in arrays if name not in floats and not name.endswith("num_batches_tracked")]
    counted = (f"{counters} counters of batches",) if counters else ()
    return WeightFile(floats, (*left_out, *counted, *others))


def _one_line(error: BaseException) -> str:
    """Its first line that says something, or the error's name: a KeyError's text, for one, is the key alone."""
    return next((line for line in _lines(error) if " " in line), type(error).__name__)[:200]


def _lines(error: BaseException) -> Iterator[str]:
    return (line.strip() for line in str(error).splitlines() if line.strip())
