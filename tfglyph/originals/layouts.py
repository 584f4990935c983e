"""Which tensor of an original's weights is which variable of our network, and how its axes are turned.

The four PyTorch projects keep images as (n, channels, height, width) and kernels with the outputs first; here images
are (n, height, width, channels) and kernels have the outputs last. Both slide windows without mirroring them. A linear
layer that flattens feature maps, or whose output is folded into some, sees its rows in another order.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from tfglyph.architecture.families import Architecture

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Tensor:
    """One variable of ours and what it is made of.

    Attributes:
        variable: keras.Variable.
        sources: dict from the original's names, in order, to the shapes that they must have.
        convert: function of arrays of these shapes to one of the variable's.
    """

    variable: Any
    sources: Mapping[str, Shape]
    convert: Callable[..., np.ndarray]

    def value(self, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
        """float32, in the variable's shape, from the original's arrays by name."""
        return np.ascontiguousarray(self.convert(*(arrays[name] for name in self.sources)), np.float32)


Tensors = Iterator[Tensor]


@dataclass(frozen=True)
class Part:
    """A module of the original with a state dict of its own.

    Attributes:
        network: str, the network of ours that it fills, alone or with others.
        containers: tuple of str, what its names may be preceded by in files that hold several modules.
        tensors: tuple of Tensor.
    """

    network: str
    containers: tuple[str, ...]
    tensors: tuple[Tensor, ...]

    @property
    def sources(self) -> dict[str, Shape]:
        """All names and shapes of the original's state dict."""
        return {name: shape for tensor in self.tensors for name, shape in tensor.sources.items()}


# === Layers ===


def _same(array: np.ndarray) -> np.ndarray:
    return array


def _vector(variable: Any, name: str) -> Tensor:
    return Tensor(variable, {name: tuple(variable.shape)}, _same)


def _bias(layer: keras.layers.Layer, name: str) -> Tensors:
    if layer.use_bias:
        yield _vector(layer.bias, f"{name}.bias")


def _convolution(layer: keras.layers.Layer, name: str, inputs: Any = None) -> Tensors:
    """A convolution (outputs, inputs, kh, kw), or with ``Conv2DTranspose`` a transposed one (inputs, outputs, kh, kw).

    Args:
        layer: keras.layers.Conv2D or Conv2DTranspose.
        name: str, the original's.
        inputs: int array (c,), for each of our input channels the number of the original's; None: the same.
    """
    height, width, second, first = layer.kernel.shape
    order = slice(None) if inputs is None else inputs

    def convert(kernel: np.ndarray) -> np.ndarray:
        return kernel.transpose(2, 3, 1, 0)[:, :, order]

    yield Tensor(layer.kernel, {f"{name}.weight": (first, second, height, width)}, convert)
    yield from _bias(layer, name)


def _mirrored(layer: keras.layers.Layer, name: str) -> Tensors:
    """A convolution of stride 1 that stands here as a transposed one, which mirrors its kernel."""
    height, width, outputs, inputs = layer.kernel.shape

    def convert(kernel: np.ndarray) -> np.ndarray:
        return kernel.transpose(2, 3, 0, 1)[::-1, ::-1]

    yield Tensor(layer.kernel, {f"{name}.weight": (outputs, inputs, height, width)}, convert)
    yield from _bias(layer, name)


def _linear(layer: keras.layers.Layer, name: str, maps: Shape = (), tail: Shape = ()) -> Tensors:
    """A linear layer (outputs, inputs), on flattened maps with ``maps`` = (height, width, channels).

    ``tail`` holds further axes of length 1, or the maps' height and width, of originals that write it as a convolution.
    """
    inputs, outputs = layer.kernel.shape

    def convert(kernel: np.ndarray) -> np.ndarray:
        if not maps:
            return kernel.reshape(outputs, inputs).T
        height, width, channels = maps
        return kernel.reshape(outputs, channels, height, width).transpose(0, 2, 3, 1).reshape(outputs, inputs).T

    shape = (outputs, maps[2], *tail) if maps and tail else (outputs, inputs, *tail)
    yield Tensor(layer.kernel, {f"{name}.weight": shape}, convert)
    yield from _bias(layer, name)


def _folded(layer: keras.layers.Layer, name: str, maps: Shape) -> Tensors:
    """A linear layer whose outputs are folded into maps (height, width, channels)."""
    height, width, channels = maps
    inputs, outputs = layer.kernel.shape

    def kernel(array: np.ndarray) -> np.ndarray:
        return array.reshape(channels, height, width, inputs).transpose(1, 2, 0, 3).reshape(outputs, inputs).T

    def bias(array: np.ndarray) -> np.ndarray:
        return array.reshape(channels, height, width).transpose(1, 2, 0).reshape(outputs)

    yield Tensor(layer.kernel, {f"{name}.weight": (outputs, inputs)}, kernel)
    if layer.use_bias:
        yield Tensor(layer.bias, {f"{name}.bias": (outputs,)}, bias)


def _batch_norm(layer: keras.layers.Layer, name: str) -> Tensors:
    for variable, word in (
        (layer.gamma, "weight"),
        (layer.beta, "bias"),
        (layer.moving_mean, "running_mean"),
        (layer.moving_variance, "running_var"),
    ):
        yield _vector(variable, f"{name}.{word}")


def _group_norm(layer: Any, name: str) -> Tensors:
    yield _vector(layer.gamma, f"{name}.weight")
    yield _vector(layer.beta, f"{name}.bias")


# === Networks ===


def _cppn_generator(architecture: Architecture, network: keras.Model) -> Tensors:
    section, layer = architecture.generator, network.get_layer
    yield from _linear(layer("latent"), "linear1")
    coordinates = layer("coordinates").kernel  # (3, width)
    width = coordinates.shape[1]
    if section.third == "radius":  # a linear layer for each of x, y and radius
        names = {f"linear{number}.weight": (width, 1) for number in (2, 3, 4)}
        yield Tensor(coordinates, names, lambda *columns: np.concatenate(columns, axis=1).T)
    else:
        yield Tensor(coordinates, {"linear_space.weight": (width, 3)}, np.transpose)
    count = len(section.output)
    for number in range(2, count):
        yield from _linear(layer(f"layer_{number}"), f"linear{number + 3}")
    if section.tail_kernel is None:
        yield from _linear(layer("paint"), f"linear{count + 3}")
    else:
        yield from _convolution(layer("paint"), "conv_seq.1")


def _cppn_critic(architecture: Architecture, network: keras.Model) -> Tensors:
    section, layer = architecture.discriminator, network.get_layer
    for number in range(len(section.output)):
        yield from _convolution(layer(f"conv_{number + 1}"), f"main.{2 * number}")
    name = "linear" if architecture.name == "cppn-wgan-cifar10" else "output"
    yield from _linear(layer("logit"), name, _flattened(network))


def _conv_encoder(architecture: Architecture, network: keras.Model) -> Tensors:
    layer = network.get_layer
    for number in range(len(architecture.encoder.output)):
        yield from _convolution(layer(f"conv_{number + 1}"), f"conv_block.{number}")
    yield from _gaussian_heads(network)


def _conv_decoder(architecture: Architecture, network: keras.Model) -> Tensors:
    section, layer = architecture.generator, network.get_layer
    yield from _folded(layer("linear"), "fc", section.hwc)
    last = len(section.output)
    names = [f"conv_block.{number}" for number in range(last - 2)] + ["output1", "output2"]
    for number, name in enumerate(names, 1):
        strided = section.stride[number - 1] != (1, 1)
        yield from (_convolution if strided else _mirrored)(layer(f"conv_{number}"), name)


def _resnet_encoder(architecture: Architecture, network: keras.Model) -> Tensors:
    layer = network.get_layer
    yield from _convolution(layer("stem"), "input1")
    yield from _batch_norm(layer("stem_norm"), "bn")
    for number in range(len(architecture.encoder.output)):
        yield from _vae_block(network, number + 1, f"resnet.{number}")
    yield from _gaussian_heads(network)


def _resnet_decoder(architecture: Architecture, network: keras.Model) -> Tensors:
    section, layer = architecture.generator, network.get_layer
    yield from _folded(layer("linear"), "fc", section.hwc)
    for number in range(len(section.output) - 1):
        yield from _vae_block(network, number + 1, f"conv_block.{number}")
    yield from _convolution(layer("tail"), "output1")
    yield from _batch_norm(layer("tail_norm"), "bn")
    yield from _mirrored(layer("paint"), "output2")


def _vae_block(network: keras.Model, number: int, name: str) -> Tensors:
    ours = f"block_{number}"
    for index in (1, 2):
        yield from _convolution(network.get_layer(f"{ours}_conv_{index}"), f"{name}.conv{index}")
        yield from _batch_norm(network.get_layer(f"{ours}_conv_{index}_norm"), f"{name}.bn{index}")
    yield from _shortcut(network, ours, name)


def _shortcut(network: keras.Model, ours: str, name: str) -> Tensors:
    names = {layer.name for layer in network.layers}
    if f"{ours}_shortcut" in names:
        yield from _convolution(network.get_layer(f"{ours}_shortcut"), f"{name}.shortcut.0")
    if f"{ours}_shortcut_norm" in names:
        yield from _batch_norm(network.get_layer(f"{ours}_shortcut_norm"), f"{name}.shortcut.1")


def _gaussian_heads(network: keras.Model) -> Tensors:
    for ours, name in (("mean", "fc1"), ("log_variance", "fc2")):
        yield from _linear(network.get_layer(ours), name, _flattened(network))


def _resnet_gan_generator(architecture: Architecture, network: keras.Model) -> Tensors:
    section = architecture.generator
    yield from _folded(network.get_layer("linear"), "input.0", section.hwc)
    blocks = len(section.output)
    names = [f"blocks.{number}" for number in range(blocks - 2)] + ["output.0", "output.1"]
    for number, name in enumerate(names, 1):
        ours = f"block_{number}"
        for index, place in ((1, 0), (2, 3)):
            yield from _convolution(network.get_layer(f"{ours}_conv_{index}"), f"{name}.block.{place}")
            yield from _batch_norm(network.get_layer(f"{ours}_conv_{index}_norm"), f"{name}.block.{place + 1}")
        yield from _shortcut(network, ours, name)


def _resnet_gan_discriminator(architecture: Architecture, network: keras.Model) -> Tensors:
    blocks = len(architecture.discriminator.output)
    names = ["input.0", "input.1"] + [f"blocks.{number}" for number in range(blocks - 2)]
    for number, name in enumerate(names, 1):
        ours = f"block_{number}"
        for index, place in ((1, 0), (2, 2)):
            yield from _convolution(network.get_layer(f"{ours}_conv_{index}"), f"{name}.block.{place}")
        yield from _shortcut(network, ours, name)
    yield from _linear(network.get_layer("logit"), "output.1", _flattened(network))


def _conv_gan_generator(architecture: Architecture, network: keras.Model) -> Tensors:
    section, layer = architecture.generator, network.get_layer
    yield from _folded(layer("linear"), "fc", section.hwc)
    last = len(section.output)
    before = "linear"
    for number in range(1, last + 1):
        name = "final" if number == last else f"blocks.{number - 1}"
        yield from _batch_norm(layer(f"{before}_norm"), f"{name}.0")
        before = f"conv_{number}"
        yield from _convolution(layer(before), f"{name}.2")


def _conv_gan_discriminator(architecture: Architecture, network: keras.Model) -> Tensors:
    yield from _convolution(network.get_layer("conv_1"), "model.input")
    for number in range(2, len(architecture.discriminator.output) + 1):
        yield from _convolution(network.get_layer(f"conv_{number}"), f"model.block{number - 2}.1")
    yield from _linear(network.get_layer("logit"), "output.2", _flattened(network))


def _unet(architecture: Architecture, network: keras.Model) -> Tensors:
    section, layer = architecture.denoiser, network.get_layer
    yield from _convolution(layer("conv_in"), "input")
    blocks = [(f"down_{level}", f"down{level}") for level in range(1, len(section.output))]
    blocks += [(f"bottleneck_{number}", f"bottleneck{number}") for number in range(1, len(section.bottleneck) + 1)]
    blocks += [(f"up_{level}", f"up{level}") for level in range(1, len(section.upward) + 1)]
    below = [section.bottleneck[-1], *section.upward]
    attentions = 0
    for ours, name in blocks:
        up = ours.startswith("up_")
        inputs = layer(f"{ours}_shortcut").kernel.shape[2]
        # The original concatenates the upsampled map and the skipped one, here the skipped one comes first.
        order = np.roll(np.arange(inputs), -below[int(ours[3:]) - 1]) if up else None
        yield from _convolution(layer(f"{ours}_conv_1"), f"{name}.block.0", order)
        yield from _group_norm(layer(f"{ours}_norm_1"), f"{name}.block.1")
        for number, place in ((2, 3), (3, 6)):
            yield from _convolution(layer(f"{ours}_conv_{number}"), f"{name}.block.{place}")
            yield from _group_norm(layer(f"{ours}_norm_{number}"), f"{name}.block.{place + 1}")
        yield from _time(layer(f"{ours}_time"), f"{name}.emb_layer")
        yield from _convolution(layer(f"{ours}_shortcut"), f"{name}.shortcut", order)
        if section.attention and not ours.startswith("bottleneck"):
            attentions += 1
            yield from _attention(layer(f"{ours}_attention"), f"attn{attentions}")
    yield from _convolution(layer("conv_out"), "output")


def _time(layer: keras.layers.Layer, name: str) -> Tensors:
    """A linear layer on the timestep's embedding: there sine and cosine alternate, here all sines come first."""
    inputs, outputs = layer.kernel.shape
    order = np.concatenate([np.arange(0, inputs, 2), np.arange(1, inputs, 2)])
    yield Tensor(layer.kernel, {f"{name}.weight": (outputs, inputs)}, lambda kernel: kernel[:, order].T)
    yield from _bias(layer, name)


def _attention(layer: Any, name: str) -> Tensors:
    yield from _group_norm(layer.norm, f"{name}.norm")
    channels = layer.joined.kernel.shape[0]
    for index, projection in enumerate(layer.projections):  # thirds of one kernel

        def third(array: np.ndarray, index: int = index) -> np.ndarray:
            return array[index * channels : (index + 1) * channels].T

        yield Tensor(projection.kernel, {f"{name}.mha.in_proj_weight": (3 * channels, channels)}, third)
        yield Tensor(projection.bias, {f"{name}.mha.in_proj_bias": (3 * channels,)}, third)
    yield from _linear(layer.joined, f"{name}.mha.out_proj")
    yield from _linear(layer.query_key_value, f"{name}.qkv", tail=(1, 1))
    yield from _linear(layer.projection, f"{name}.out", tail=(1, 1))


def _infogan_generator(architecture: Architecture, network: keras.Model) -> Tensors:
    layer = network.get_layer
    height, width, channels = architecture.generator.hwc
    first = layer("linear").kernel

    def spread(kernel: np.ndarray) -> np.ndarray:  # a transposed convolution of one pixel is a linear layer
        return kernel.transpose(0, 2, 3, 1).reshape(first.shape)

    yield Tensor(first, {"tconv1.weight": (first.shape[0], channels, height, width)}, spread)
    yield from _batch_norm(layer("linear_norm"), "bn1")
    last = len(architecture.generator.output)
    for number in range(1, last + 1):
        yield from _convolution(layer(f"conv_{number}"), f"tconv{number + 1}")
        if number < last:
            yield from _batch_norm(layer(f"conv_{number}_norm"), f"bn{number + 1}")


def _infogan_trunk(architecture: Architecture, network: keras.Model) -> Tensors:
    for number in range(1, len(architecture.discriminator.output) + 1):
        yield from _convolution(network.get_layer(f"conv_{number}"), f"conv{number}")
        if number > 1:
            yield from _batch_norm(network.get_layer(f"conv_{number}_norm"), f"bn{number}")


def _infogan_d_head(architecture: Architecture, network: keras.Model) -> Tensors:
    maps = _flattened(network)
    yield from _linear(network.get_layer("logit"), "conv", maps, maps[:2])


def _infogan_q_head(architecture: Architecture, network: keras.Model) -> Tensors:
    layer, stride = network.get_layer, 1
    for vertical, _ in architecture.discriminator.stride:
        stride *= vertical
    side, channels = architecture.hwc[0] // stride, architecture.discriminator.output[-1]
    yield from _linear(layer("linear_1"), "conv1", (side, side, channels), (side, side))
    yield from _batch_norm(layer("linear_1_norm"), "bn1")
    for ours, name in (("logits", "conv_disc"), ("means", "conv_mu"), ("log_variances", "conv_var")):
        yield from _linear(layer(ours), name, tail=(1, 1))


def _flattened(network: keras.Model) -> Shape:
    """(height, width, channels) of the maps that a network's layer "flatten" flattens."""
    return tuple(network.get_layer("flatten").input.shape[1:])


# === The VAE-GAN, which is TensorFlow's: the same layouts, only the names differ ===


def _slim(layer: keras.layers.Layer, name: str, norm: keras.layers.Layer | None, norm_name: str) -> Tensors:
    yield _vector(layer.kernel, f"{name}/weights")
    if layer.use_bias:
        yield _vector(layer.bias, f"{name}/biases")
    if norm is not None:
        for variable in ("beta", "gamma", "moving_mean", "moving_variance"):
            value = getattr(norm, variable)
            yield _vector(value, f"{name}/{norm_name}/{variable}")


def _numbered(name: str, number: int) -> str:
    return name if number == 0 else f"{name}_{number}"


def _slim_stack(network: keras.Model, scope: str, kind: str, norm_name: str) -> Tensors:
    """The layers conv_1, conv_2, ... of a network, each with its batch norm if it has one."""
    layers = {layer.name: layer for layer in network.layers}
    number = 0
    while f"conv_{number + 1}" in layers:
        ours = f"conv_{number + 1}"
        yield from _slim(layers[ours], f"{scope}/{_numbered(kind, number)}", layers.get(f"{ours}_norm"), norm_name)
        number += 1


def _vaegan_encoder(architecture: Architecture, network: keras.Model) -> Tensors:
    yield from _slim_stack(network, "Encoder", "Conv", "BatchNorm")
    for number, ours in enumerate(("mean", "log_variance")):
        yield from _slim(network.get_layer(ours), f"Encoder/{_numbered('fully_connected', number)}", None, "")


def _vaegan_generator(architecture: Architecture, network: keras.Model) -> Tensors:
    linear = network.get_layer("linear")
    yield from _slim(linear, "Generator/fully_connected", network.get_layer("linear_norm"), "BN")
    yield from _slim_stack(network, "Generator", "Conv2d_transpose", "BN")


def _vaegan_discriminator(architecture: Architecture, network: keras.Model) -> Tensors:
    yield from _slim_stack(network, "Discriminator", "Conv", "BN")
    yield from _slim(network.get_layer("logit"), "Discriminator/fully_connected", None, "")


# === Originals ===

Describe = Callable[[Architecture, keras.Model], Tensors]
"""What names a part's tensors, given the architecture and the network of ours."""

# (network, what the part's names may be preceded by, what describes it)
_GAN = (("generator", ("generator.", "netG.")), ("discriminator", ("discriminator.", "netD.")))
_CPPN = tuple((*place, describe) for place, describe in zip(_GAN, (_cppn_generator, _cppn_critic), strict=True))
_VAE = (("encoder", ("encoder.",)), ("generator", ("decoder.",)))
_RESNET_GAN = tuple(
    (*place, describe) for place, describe in zip(_GAN, (_resnet_gan_generator, _resnet_gan_discriminator), strict=True)
)
_INFOGAN = (
    ("generator", ("netG.",), _infogan_generator),
    ("discriminator", ("discriminator.",), _infogan_trunk),
    ("discriminator", ("netD.",), _infogan_d_head),
    ("q_head", ("netQ.",), _infogan_q_head),
)

_VAEGAN = (
    ("encoder", (), _vaegan_encoder),
    ("generator", (), _vaegan_generator),
    ("discriminator", (), _vaegan_discriminator),
)

ORIGINALS: dict[str, tuple[tuple[str, tuple[str, ...], Describe], ...]] = {
    "cppn-wgan-mnist": _CPPN,
    "cppn-wgan-casia": _CPPN,
    "cppn-wgan-cifar10": _CPPN,
    "cppn-wgan-fonts": _CPPN,
    "cppn-wgan-mnist-hard": _CPPN,
    "cppn-wgan-categories": _CPPN,
    "vae-conv": ((*_VAE[0], _conv_encoder), (*_VAE[1], _conv_decoder)),
    "vae-resnet": ((*_VAE[0], _resnet_encoder), (*_VAE[1], _resnet_decoder)),
    "gan-conv": ((*_GAN[0], _conv_gan_generator), (*_GAN[1], _conv_gan_discriminator)),
    "gan-resnet-hinge": _RESNET_GAN,
    "gan-resnet-hinge-3": _RESNET_GAN,
    "ddpm-unet": (("denoiser", ("model.",), _unet),),
    "ddpm-unet-attention": (("denoiser", ("model.",), _unet),),
    "infogan-1x10-2": _INFOGAN,
    "infogan-10x10-2": _INFOGAN,
    "infogan-10x10-20": _INFOGAN,
}
"""By the name of the architecture file: the parts of the PyTorch original. Any file of mode VAE-GAN has the layout of
the TensorFlow original, if its networks are convolutional ones with batch norm."""


def parts_of(architecture: Architecture, networks: Mapping[str, keras.Model]) -> list[Part]:
    """The parts of the original that an architecture re-implements, for networks built from it.

    Args:
        architecture: Architecture, one of ``ORIGINALS`` by its name, or of mode VAE-GAN.
        networks: dict from name to keras.Model.

    Raises:
        KeyError: there is no such original.
    """
    return [
        Part(network, containers, tuple(describe(architecture, networks[network])))
        for network, containers, describe in (
            _VAEGAN if architecture.mode == "VAE-GAN" else ORIGINALS[architecture.name or ""]
        )
    ]
