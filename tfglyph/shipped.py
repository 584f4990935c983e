"""Where the weights are that come with the package."""

import pathlib

from tfglyph.errors import UsageError, did_you_mean

FOLDER = pathlib.Path(__file__).resolve().parent / "pretrained"
PREFIX = "pretrained:"
ALSO = {"ddpm-cns": "compose-cns"}
"""Second names of weights: what draws from descriptions also draws the best free samples, by making descriptions up."""


def names():
    """list of str: the shipped weights, by every name that they have."""
    return sorted({path.parent.name for path in FOLDER.glob("*/architecture.json")} | set(ALSO))


def is_shipped(reference):
    """Whether "pretrained:NAME" names shipped weights."""
    return reference.startswith(PREFIX) and reference.removeprefix(PREFIX) in names()


def folder_of(reference):
    """pathlib.Path of the run directory of "pretrained:NAME".

    Raises:
        UsageError: there are no shipped weights of that name.
    """
    name, shipped = reference.removeprefix(PREFIX), names()
    if name not in shipped:
        known = f"there are {', '.join(shipped)}" if shipped else "none are shipped with this version"
        raise UsageError(f"{reference}: no such shipped weights{did_you_mean(name, shipped)}; {known}")
    return FOLDER / ALSO.get(name, name)
