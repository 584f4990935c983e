"""The weights that come with the package, a run directory each."""

import json
import pathlib

from tfglyph.errors import UsageError, did_you_mean
from tfglyph.files import package_file

FOLDER: pathlib.Path = package_file("pretrained")
PREFIX = "pretrained:"
CRITIC = "discriminator"  # the group's name in a manifest
PREFERRED_CRITIC = "cppn-fonts-wgan"
ALSO = {"ddpm-cns": "compose-cns", "vaegan-parts": "vae-parts"}
"""Second names of weights: a model that composes also draws the best unconditional samples, from descriptions that it
samples itself; and of the files with a prior of parts the VAE adds up best."""


def names() -> list[str]:
    """The shipped weights, by every name that they have."""
    return sorted({path.parent.name for path in FOLDER.glob("*/architecture.json")} | set(ALSO))


def with_critic() -> list[str]:
    """The shipped weights that come with their discriminator: those that ``enhance`` can use; the preferred one first.

    Their manifests say so.
    """
    manifests = sorted(FOLDER.glob("*/model.ckpt-*.json"))
    critics = {path.parent.name for path in manifests if CRITIC in json.loads(path.read_text("utf-8"))["tensors"]}
    return sorted(critics, key=lambda name: (name != PREFERRED_CRITIC, name))


def is_shipped(reference: str) -> bool:
    """Whether "pretrained:NAME" names shipped weights."""
    return reference.startswith(PREFIX) and reference.removeprefix(PREFIX) in names()


def folder_of(reference: str) -> pathlib.Path:
    """The run directory of "pretrained:NAME".

    Raises:
        UsageError: there are no shipped weights of that name.
    """
    name, shipped = reference.removeprefix(PREFIX), names()
    if name not in shipped:
        known = f"there are {', '.join(shipped)}" if shipped else "none are shipped with this version"
        raise UsageError(f"{reference}: no such shipped weights{did_you_mean(name, shipped)}; {known}")
    return FOLDER / ALSO.get(name, name)
