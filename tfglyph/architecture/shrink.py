"""The same experiment at a fraction of the work: to try a file, its data and a whole workflow in seconds."""

from tfglyph.architecture import check
from tfglyph.architecture.families import Architecture

WIDTHS = ("output", "bottleneck", "upward")
MULTIPLE = 8  # of a denoiser's widths, which divide into groups and heads


def shrink(architecture: Architecture, size: int = 32, divide: int = 16) -> Architecture:
    """A copy with narrow networks and small images, for two updates on two images at a time.

    Every list of widths is divided by ``divide`` (at least 1; a denoiser's stay multiples of 8), images become
    ``size`` x ``size``, and a batch has two of them; kernels, strides, blocks, losses and optimizers stay; a
    diffusion model samples and encodes in three steps.

    Args:
        architecture: Architecture.
        size: height and width of the images; a multiple of the product of the generator's strides.
        divide: divisor of the widths.

    Returns:
        Architecture.

    Raises:
        UsageError: the strides do not lead to that size.
    """
    data = architecture.model_dump(mode="json", by_alias=True)
    channels = data["hwc"][2]
    data["hwc"] = [size, size, channels]
    if "denoiser" in data:
        data["z_dim"] = size * size * channels  # a diffusion model's latent is an image
    for kind in ("encoder", "generator", "discriminator", "q_head", "denoiser", "guide"):
        section = data.get(kind)
        if section is None:
            continue
        multiple = MULTIPLE if kind in ("denoiser", "guide") else 1
        for key in WIDTHS:
            if key in section:
                section[key] = [_narrow(width, divide, multiple) for width in section[key]]
        for key in ("stem", "tail"):
            if section.get(key):
                section[key] = _narrow(section[key], divide, multiple)
        if kind == "generator":
            section["output"][-1] = channels
            if "hwc" in section:
                factors = [side // first for side, first in zip(architecture.hwc[:2], section["hwc"][:2], strict=True)]
                section["hwc"] = [
                    *(max(1, size // factor) for factor in factors),
                    _narrow(section["hwc"][2], divide, 1),
                ]
    exemplars = (data.get("condition") or {}).get("exemplars")
    if exemplars is not None:
        exemplars["output"] = [_narrow(width, divide, MULTIPLE) for width in exemplars["output"]]
        exemplars |= {"per_part": 1, "third_part": 0, "style": 1, "drawing_sets": 1}
    if "microbatches" in data["objective"]:
        data["objective"]["microbatches"] = 1  # a batch of two is small enough
    for key in ("sampling_steps", "encoding_steps"):  # a diffusion model's pictures take each step for each image
        if key in data["objective"]:
            data["objective"][key] = min(data["objective"][key], 3)
    data["training"] |= {"batch_size": 2, "microbatches": 1, "steps": 3}
    return check(data, f"{architecture.name or architecture.mode}, shrunk")


def _narrow(width: int, divide: int, multiple: int) -> int:
    """The width divided and rounded up to a multiple."""
    return max(1, -(-width // (divide * multiple))) * multiple
