"""The model's conditioning inputs in the data: labels, and tokens that describe characters by their parts."""

import dataclasses

from tfglyph.architecture.families import Architecture
from tfglyph.composition.tokens import tokenizer
from tfglyph.datasets.glyphs import Glyphs
from tfglyph.errors import UsageError


def with_conditions(architecture: Architecture, glyphs: Glyphs) -> Glyphs:
    """The data with the model's conditioning inputs for each image.

    Args:
        architecture: Architecture.
        glyphs: Glyphs.

    Returns:
        Glyphs, with ``tokens`` where the architecture wants descriptions by parts, as its inputs or for its prior.

    Raises:
        UsageError: the data has no labels or more than the architecture has classes, or no characters.
    """
    condition = architecture.conditioning
    if condition is not None and condition.classes is not None:
        if glyphs.labels is None:
            raise UsageError(f"condition.classes: data set {glyphs.name!r} has no labels")
        classes = int(glyphs.labels.max(initial=-1)) + 1
        if classes > condition.classes:
            raise UsageError(
                f"condition.classes: the architecture has {condition.classes}, data set {glyphs.name!r} {classes}"
            )
    if architecture.part_list is None:
        return glyphs
    key = "condition.tokens" if architecture.part_tokens is not None else "objective.prior"
    if glyphs.characters is None:
        raise UsageError(f"{key}: data set {glyphs.name!r} has no characters, so nothing is known of their parts")
    tokens = tokenizer(architecture.part_list).encode_characters(glyphs.characters)
    if not tokens.any():
        raise UsageError(f"{key}: data set {glyphs.name!r} has no Chinese characters")
    return dataclasses.replace(glyphs, tokens=tokens)


def with_label_names(architecture: Architecture, glyphs: Glyphs) -> Architecture:
    """The architecture with the data's names for its classes, so that ``--label`` takes them, too.

    Args:
        architecture: Architecture.
        glyphs: Glyphs.

    Returns:
        Architecture, the same where it names its classes itself or the data has no names for all of them.
    """
    condition, names = architecture.conditioning, glyphs.label_names
    if condition is None or condition.names is not None or not names or condition.classes != len(names):
        return architecture
    if len(set(names)) != len(names) or not all(0 < len(name) <= 64 for name in names):
        return architecture
    return architecture.model_copy(update={"condition": condition.model_copy(update={"names": list(names)})})
