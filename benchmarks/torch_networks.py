"""The networks of an architecture file in PyTorch, written as its users write them, to be measured against ours.

They have the layers, widths and parameter counts of ``tfglyph.networks``; where the two libraries differ by custom, the
custom of PyTorch holds (symmetric padding, images as (n, c, h, w) in channels-last memory).
"""

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from tfglyph.architecture.cppn import CPPNGenerator
from tfglyph.architecture.diffusion import PatchUNet, UNet
from tfglyph.architecture.infogan import QHead

# === Convolutions ===


def convolution(
    inputs: int, outputs: int, kernel: Sequence[int], stride: Sequence[int], bias: bool, transposed: bool = False
) -> nn.Module:
    """(n, inputs, h, w) -> (n, outputs, h / stride, w / stride), or times stride where ``transposed``."""
    size, steps = tuple(kernel), tuple(stride)
    if not transposed:
        padding = tuple((side - 1) // 2 for side in size)
        return nn.Conv2d(inputs, outputs, size, steps, padding, bias=bias)
    padding = tuple(max(-(-(side - step) // 2), 0) for side, step in zip(size, steps, strict=True))
    extra = tuple(step + 2 * pad - side for side, step, pad in zip(size, steps, padding, strict=True))
    return nn.ConvTranspose2d(inputs, outputs, size, steps, padding, extra, bias=bias)


class BorderConvolution(nn.Module):
    """The convolution of ``compensate_border``: masks before and after it."""

    def __init__(self, inner: nn.Module, kernel: Sequence[int], stride: Sequence[int], size: tuple[int, int]):
        super().__init__()
        self.bias, inner.bias = inner.bias, None
        self.inner = inner
        ones, image = torch.ones(1, 1, *kernel), torch.ones(1, 1, *size)
        padding = tuple((side - 1) // 2 for side in kernel)
        windows = functional.conv2d(image, ones, stride=tuple(stride), padding=padding)
        covered = functional.conv_transpose2d(windows.new_ones(windows.shape), ones, stride=tuple(stride))
        covered = covered[..., padding[0] :, padding[1] :][..., : size[0], : size[1]]  # windows over each pixel
        pre = math.prod(-(-side // step) for side, step in zip(kernel, stride, strict=True)) / covered
        self.register_buffer("pre", pre)
        self.register_buffer("post", 1 / functional.conv2d(pre, ones, stride=tuple(stride), padding=padding))

    def forward(self, x: Tensor) -> Tensor:
        y = self.inner(x * self.pre) * self.post
        return y if self.bias is None else y + self.bias[None, :, None, None]


def has_bias(section: Any, norm: bool) -> bool:
    return not norm if section.bias is None else bool(section.bias)


def rectifier(leak: float) -> nn.Module:
    return nn.LeakyReLU(leak, inplace=True) if leak else nn.ReLU(inplace=True)


class ConvTrunk(nn.Module):
    """Convolutions, batch norms and ReLUs of an encoder or a discriminator.

    (n, c, h, w) -> (last activations, activations of ``feature_layer``).
    """

    def __init__(self, section: Any, hwc: tuple[int, int, int], first_norm: bool, feature_layer: int):
        super().__init__()
        height, width, channels = hwc
        layers = []
        for layer, outputs in enumerate(section.output):
            norm = section.batch_norm and (first_norm or layer > 0)
            kernel, stride = section.kernel[layer], section.stride[layer]
            one = convolution(channels, outputs, kernel, stride, has_bias(section, norm))
            if getattr(section, "spectral_norm", False):
                one = nn.utils.parametrizations.spectral_norm(one)
            if getattr(section, "compensate_border", False):
                one = BorderConvolution(one, kernel, stride, (height, width))
            norms = [nn.BatchNorm2d(outputs)] if norm else []
            layers.append(nn.Sequential(one, *norms, rectifier(section.leak)))
            channels, height, width = outputs, -(-height // stride[0]), -(-width // stride[1])
        self.layers, self.feature_layer = nn.ModuleList(layers), feature_layer
        self.size = channels * height * width

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features = x
        for number, layer in enumerate(self.layers, 1):
            x = layer(x)
            if number == self.feature_layer:
                features = x
        return x, features


class Block(nn.Module):
    """A residual block: two convolutions and a shortcut."""

    def __init__(
        self,
        section: Any,
        inputs: int,
        outputs: int,
        kernel: Sequence[int],
        stride: Sequence[int],
        norm: bool,
        relu_after_sum: bool,
        transposed: bool,
    ):
        super().__init__()

        def normed(before: int, size: Sequence[int], steps: Sequence[int]) -> list[nn.Module]:
            one = convolution(before, outputs, size, steps, has_bias(section, norm), transposed)
            return [one, nn.BatchNorm2d(outputs)] if norm else [one]

        plain = tuple(stride) == (1, 1) and inputs == outputs
        self.shortcut = nn.Identity() if plain else nn.Sequential(*normed(inputs, (1, 1), stride))
        last = [] if relu_after_sum else [rectifier(section.leak)]
        self.body = nn.Sequential(
            *normed(inputs, kernel, stride), rectifier(section.leak), *normed(outputs, kernel, (1, 1)), *last
        )
        self.after = rectifier(section.leak) if relu_after_sum else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.after(self.body(x) + self.shortcut(x))


class ResNetTrunk(nn.Module):
    """Residual blocks of an encoder or a discriminator; as ``ConvTrunk``."""

    def __init__(self, section: Any, hwc: tuple[int, int, int], first_norm: bool, feature_layer: int):
        super().__init__()
        height, width, channels = hwc
        encoder = first_norm
        self.stem: nn.Module = nn.Identity()
        if encoder and section.stem:
            bias = has_bias(section, section.batch_norm)
            norms = [nn.BatchNorm2d(section.stem)] if section.batch_norm else []
            one = convolution(channels, section.stem, (3, 3), (1, 1), bias)
            self.stem = nn.Sequential(one, *norms, rectifier(section.leak))
            channels = section.stem
        blocks = []
        for block, outputs in enumerate(section.output):
            kernel, stride = section.kernel[block], section.stride[block]
            norm = section.batch_norm and (encoder or block > 0)
            blocks.append(Block(section, channels, outputs, kernel, stride, norm, encoder, False))
            channels, height, width = outputs, -(-height // stride[0]), -(-width // stride[1])
        self.layers, self.feature_layer = nn.ModuleList(blocks), feature_layer
        self.size = channels * height * width

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = features = self.stem(x)
        for number, layer in enumerate(self.layers, 1):
            x = layer(x)
            if number == self.feature_layer:
                features = x
        return x, features


TRUNKS: dict[str, Callable[..., Any]] = {"conv": ConvTrunk, "resnet": ResNetTrunk}


class Encoder(nn.Module):
    """(n, c, h, w) -> mean and log-variance, float32 (n, z_dim) each."""

    def __init__(self, section: Any, hwc: tuple[int, int, int], z_dim: int):
        super().__init__()
        self.trunk = TRUNKS[section.type](section, hwc, True, 0)
        self.heads = nn.Linear(self.trunk.size, 2 * z_dim)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        return self.heads(self.trunk(x)[0].flatten(1)).float().chunk(2, 1)


class Discriminator(nn.Module):
    """(n, c, h, w) -> logits float32 (n, 1) and features (n, d)."""

    def __init__(self, section: Any, hwc: tuple[int, int, int]):
        super().__init__()
        feature_layer = section.feature_layer or max(len(section.output) - 1, 1)
        self.trunk = TRUNKS[section.type](section, hwc, False, feature_layer)
        self.logit = nn.Linear(self.trunk.size, 1, bias=section.logit_bias)
        self.activation = nn.Sigmoid() if section.output_activation == "sigmoid" else nn.Identity()

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x, features = self.trunk(x)
        return self.activation(self.logit(x.flatten(1)).float()), features.flatten(1)


class Generator(nn.Module):
    """Latents (n, z) -> logits of the images (n, c, h, w), and the last operation as ``activation``."""

    def __init__(self, section: Any, z_dim: int):
        super().__init__()
        height, width, channels = section.hwc
        self.shape, self.tanh_of_z = (channels, height, width), section.z_activation == "tanh"
        residual = section.type == "resnet"
        norm = section.batch_norm and not residual
        bias = section.linear_bias if residual else has_bias(section, norm)
        self.linear = nn.Linear(z_dim, math.prod(section.hwc), bias=bias)
        layers: list[nn.Module] = [nn.Unflatten(1, self.shape)]
        if norm:
            by_unit = section.first_norm == "unit"
            first = nn.BatchNorm1d(math.prod(section.hwc)) if by_unit else nn.BatchNorm2d(channels)
            layers = [first, *layers] if by_unit else [*layers, first]
        if not residual:
            layers.append(rectifier(section.leak))
        last = len(section.output) - 1
        for layer, outputs in enumerate(section.output):
            kernel, stride = section.kernel[layer], section.stride[layer]
            if residual and (layer < last or not section.tail):
                after = section.relu_after_sum
                layers.append(Block(section, channels, outputs, kernel, stride, section.batch_norm, after, True))
            else:
                if residual:
                    tail_bias = has_bias(section, section.batch_norm)
                    norms = [nn.BatchNorm2d(section.tail)] if section.batch_norm else []
                    tail = convolution(channels, section.tail, (3, 3), (1, 1), tail_bias)
                    layers += [tail, *norms, rectifier(section.leak)]
                    channels = section.tail
                normed = norm and layer < last
                layers.append(convolution(channels, outputs, kernel, stride, has_bias(section, normed), True))
                if normed:
                    layers.append(nn.BatchNorm2d(outputs))
                if layer < last:
                    layers.append(rectifier(section.leak))
            channels = outputs
        self.layers = nn.Sequential(*layers)
        self.activation = {"tanh": torch.tanh, "sigmoid": torch.sigmoid}[section.output_activation]

    def forward(self, z: Tensor) -> Tensor:
        z = self.linear(torch.tanh(z) if self.tanh_of_z else z)
        return self.layers(z).float()


class CPPN(nn.Module):
    """Latents (n, z) -> what ``activation`` makes images (n, c, h, w) of; linear layers over all pixels."""

    def __init__(self, section: CPPNGenerator, z_dim: int, hwc: tuple[int, int, int]):
        super().__init__()
        height, width, channels = hwc
        border = (section.tail_kernel or 1) - 1
        rows, columns = (-(-(side + border) // 2) if section.tail_kernel else side for side in (height, width))
        scale = section.scale
        y, x = torch.meshgrid(
            torch.linspace(-scale, scale, rows), torch.linspace(-scale, scale, columns), indexing="ij"
        )
        third = (x.square() + y.square()).sqrt() if section.third == "radius" else x.square() - y.square()
        self.register_buffer("grid", torch.stack([x, y, third], -1))  # (h, w, 3)
        self.latent = nn.Linear(z_dim, section.output[0])
        self.field = nn.Linear(3, section.output[0], bias=False)
        sizes = section.output[:-1]
        self.hidden = nn.ModuleList(nn.Linear(before, after) for before, after in itertools.pairwise(sizes))
        self.repeats = section.repeats[1:-1]
        self.rectify = nn.Tanh() if section.activation == "tanh" else rectifier(section.leak)
        self.tail = section.tail_kernel
        self.size = (height, width)
        last = nn.Conv2d(sizes[-1], channels, self.tail) if self.tail else nn.Linear(sizes[-1], channels)
        self.paint: nn.Module = last
        self.activation = {
            "tanh": torch.tanh,
            "sigmoid": torch.sigmoid,
            "hard": lambda x: x.clamp(0.0, 1.0),
        }[section.output_activation]

    def forward(self, z: Tensor) -> Tensor:
        x = self.rectify(self.latent(z)[:, None, None] + self.field(self.grid))  # (n, h, w, width)
        for layer, times in zip(self.hidden, self.repeats, strict=True):
            for _ in range(times):
                x = self.rectify(layer(x))
        if not self.tail:
            return self.paint(x).permute(0, 3, 1, 2).float()
        x = functional.interpolate(x.permute(0, 3, 1, 2), scale_factor=2.0, mode="nearest")
        return self.paint(x)[:, :, : self.size[0], : self.size[1]].float()


class Q(nn.Module):
    """InfoGAN's Q head: features (n, d) -> logits, means and log-variances (n, sum of all)."""

    def __init__(self, section: QHead, features: int, outputs: int):
        super().__init__()
        layers: list[nn.Module] = []
        for width in section.output:
            layers += [nn.Linear(features, width, bias=False), nn.BatchNorm1d(width), rectifier(section.leak)]
            features = width
        self.layers = nn.Sequential(*layers, nn.Linear(features, outputs))

    def forward(self, features: Tensor) -> Tensor:
        return self.layers(features).float()


# === Denoisers ===


def time_embedding(times: Tensor, width: int) -> Tensor:
    """float32 (n,) in [0, 1] -> (n, width): sines and cosines."""
    half = width // 2
    frequencies = torch.exp(-math.log(10_000.0) * torch.arange(half) / half)
    angles = 1000.0 * times[:, None] * frequencies
    return torch.cat([angles.sin(), angles.cos()], 1)


class Attention(nn.Module):
    """x + attention(norm(x)) over the pixels; ``twice`` is the layer with all projections doubled."""

    def __init__(self, channels: int, heads: int, groups: int, twice: bool):
        super().__init__()
        self.norm, self.heads = nn.GroupNorm(groups, channels), heads
        self.inward = nn.Linear(channels, 3 * channels)
        self.projections = nn.ModuleList(nn.Linear(channels, channels) for _ in range(3 if twice else 0))
        self.outward = nn.Sequential(*(nn.Linear(channels, channels) for _ in range(2 if twice else 1)))

    def forward(self, x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        tokens = self.norm(x).permute(0, 2, 3, 1).reshape(n, h * w, c)
        parts = list(self.inward(tokens).chunk(3, -1))
        if self.projections:
            parts = [project(part) for project, part in zip(self.projections, parts, strict=True)]
        q, k, v = (part.reshape(n, h * w, self.heads, -1).transpose(1, 2) for part in parts)
        y = functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, h * w, c)
        return x + self.outward(y).reshape(n, h, w, c).permute(0, 3, 1, 2)


class UNetBlock(nn.Module):
    """Three convolutions with group norm and ReLU, a 1x1 shortcut, and a projection of the timestep."""

    def __init__(self, section: UNet, inputs: int, outputs: int, attention: bool):
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in ((inputs, inputs), (inputs, outputs), (outputs, outputs)):
            norm = nn.GroupNorm(section.groups, after)
            layers += [nn.Conv2d(before, after, 3, padding=1, bias=False), norm, nn.ReLU(inplace=True)]
        self.body, self.shortcut = nn.Sequential(*layers), nn.Conv2d(inputs, outputs, 1)
        self.time = nn.Linear(section.embedding, outputs)
        heads = section.attention if attention else 0
        self.attention = Attention(outputs, heads, 8, True) if heads else nn.Identity()

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        return self.attention(self.body(x) + self.shortcut(x) + self.time(embedding)[:, :, None, None])


class UNetDenoiser(nn.Module):
    """The U-Net of GANji: (n, c, h, w) and times (n,) -> (n, c, h, w)."""

    def __init__(self, section: UNet, hwc: tuple[int, int, int]):
        super().__init__()
        self.width, channels = section.embedding, section.output[0]
        self.conv_in = nn.Conv2d(hwc[2], channels, 3, padding=1)
        skips, down, middle, up = [], [], [], []
        for outputs in section.output[1:]:
            skips.append(channels)
            down.append(UNetBlock(section, channels, outputs, True))
            channels = outputs
        for outputs in section.bottleneck:
            middle.append(UNetBlock(section, channels, outputs, False))
            channels = outputs
        for outputs in section.upward:
            up.append(UNetBlock(section, channels + skips.pop(), outputs, True))
            channels = outputs
        self.down, self.middle, self.up = nn.ModuleList(down), nn.ModuleList(middle), nn.ModuleList(up)
        self.conv_out = nn.Conv2d(channels, hwc[2], 3, padding=1)

    def forward(self, x: Tensor, times: Tensor) -> Tensor:
        embedding, skips = time_embedding(times, self.width), []
        x = self.conv_in(x)
        for block in self.down:
            skips.append(x)
            x = block(functional.max_pool2d(x, 2), embedding)
        for block in self.middle:
            x = block(x, embedding)
        for block in self.up:
            x = functional.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=True)
            x = block(torch.cat([skips.pop(), x], 1), embedding)
        return self.conv_out(x).float()


class ResidualBlock(nn.Module):
    """Two (group norm, SiLU, convolution), the second norm modulated by the embedding."""

    def __init__(self, section: PatchUNet, inputs: int, outputs: int):
        super().__init__()
        self.norm_1, self.conv_1 = nn.GroupNorm(section.groups, inputs), nn.Conv2d(inputs, outputs, 3, padding=1)
        self.modulation = nn.Linear(section.embedding, 2 * outputs)
        self.norm_2, self.conv_2 = nn.GroupNorm(section.groups, outputs), nn.Conv2d(outputs, outputs, 3, padding=1)
        self.shortcut = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        y = self.conv_1(functional.silu(self.norm_1(x)))
        scale, shift = self.modulation(embedding)[:, :, None, None].chunk(2, 1)
        return self.shortcut(x) + self.conv_2(functional.silu(self.norm_2(y) * (1 + scale) + shift))


class PatchDenoiser(nn.Module):
    """The small U-Net on patches, without a condition: (n, c, h, w) and times (n,) -> (n, c, h, w)."""

    def __init__(self, section: PatchUNet, hwc: tuple[int, int, int]):
        super().__init__()
        self.patch, self.width = section.patch, section.embedding
        width, levels = section.embedding, section.output
        pixels = hwc[2] * self.patch**2
        self.embed = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU())
        self.conv_in = nn.Conv2d(pixels, levels[0], 3, padding=1)

        def level_blocks(level: int, inputs: int) -> nn.ModuleList:
            outputs, blocks = levels[level], []
            for number in range(section.blocks[level]):
                blocks.append(ResidualBlock(section, outputs if number else inputs, outputs))
                if number == 0 and section.attention[level]:
                    blocks.append(Attention(outputs, section.attention[level], section.groups, False))
            return nn.ModuleList(blocks)

        last = len(levels) - 1
        self.down = nn.ModuleList(level_blocks(level, levels[max(level - 1, 0)]) for level in range(last))
        self.smaller = nn.ModuleList(nn.Conv2d(c, c, 3, 2, 1) for c in levels[:last])
        self.middle = level_blocks(last, levels[last - 1])
        order = range(last - 1, -1, -1)
        self.larger = nn.ModuleList(nn.Conv2d(levels[level + 1], levels[level], 3, padding=1) for level in order)
        self.up = nn.ModuleList(level_blocks(level, 2 * levels[level]) for level in order)
        self.norm_out = nn.GroupNorm(section.groups, levels[0])
        self.conv_out = nn.Conv2d(levels[0], pixels, 3, padding=1)

    def forward(self, x: Tensor, times: Tensor) -> Tensor:
        embedding = self.embed(time_embedding(times, self.width))

        def through(blocks: Any, x: Tensor) -> Tensor:
            for block in blocks:
                x = block(x) if isinstance(block, Attention) else block(x, embedding)
            return x

        x, skips = self.conv_in(functional.pixel_unshuffle(x, self.patch)), []
        for blocks, smaller in zip(self.down, self.smaller, strict=True):
            x = through(blocks, x)
            skips.append(x)
            x = smaller(x)
        x = through(self.middle, x)
        for blocks, larger in zip(self.up, self.larger, strict=True):
            x = larger(functional.interpolate(x, scale_factor=2.0))
            x = through(blocks, torch.cat([x, skips.pop()], 1))
        x = self.conv_out(functional.silu(self.norm_out(x)))
        return functional.pixel_shuffle(x, self.patch).float()


DENOISERS: dict[str, Callable[..., nn.Module]] = {"unet": UNetDenoiser, "patch-unet": PatchDenoiser}


def build_generator(architecture: Any) -> nn.Module:
    """The generator of an architecture, with codes in its input."""
    section = architecture.generator
    latent = getattr(architecture, "latent_size", architecture.z_dim)
    return CPPN(section, latent, architecture.hwc) if section.type == "cppn" else Generator(section, latent)
