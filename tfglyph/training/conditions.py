"""What the ``condition`` section of an architecture asks of the data, and what the data adds to it."""

import dataclasses

from tfglyph.architecture.condition import parts_told
from tfglyph.errors import UsageError


def with_conditions(architecture, glyphs):
    """The data with what the model is told of each image.

    Args:
        architecture: Architecture.
        glyphs: Glyphs.

    Returns:
        Glyphs, with ``tokens`` where the architecture wants descriptions by parts.

    Raises:
        UsageError: the data has no labels or more than the architecture has classes, or no characters.
    """
    condition = getattr(architecture, "condition", None)
    if condition is None:
        return glyphs
    if condition.classes is not None:
        if glyphs.labels is None:
            raise UsageError(f"condition.classes: data set {glyphs.name!r} has no labels")
        found = int(glyphs.labels.max(initial=-1)) + 1
        if found > condition.classes:
            raise UsageError(
                f"condition.classes: the architecture has {condition.classes}, data set {glyphs.name!r} {found}"
            )
    section = parts_told(architecture)
    if section is None:
        return glyphs
    if glyphs.characters is None:
        raise UsageError(f"condition.tokens: data set {glyphs.name!r} has no characters whose parts could be told")
    from tfglyph.composition import tokenizer

    tokens = tokenizer(section.parts).encode_characters(glyphs.characters)
    if not tokens.any():
        raise UsageError(f"condition.tokens: data set {glyphs.name!r} has no Chinese characters")
    return dataclasses.replace(glyphs, tokens=tokens)


def with_label_names(architecture, glyphs):
    """The architecture with the data's names for its classes, so that ``--label`` takes them, too.

    Args:
        architecture: Architecture.
        glyphs: Glyphs.

    Returns:
        Architecture, the same where it names its classes itself or the data has no names for all of them.
    """
    condition, names = getattr(architecture, "condition", None), glyphs.label_names
    if condition is None or condition.names is not None or not names or condition.classes != len(names):
        return architecture
    if len(set(names)) != len(names) or not all(0 < len(name) <= 64 for name in names):
        return architecture
    return architecture.model_copy(update={"condition": condition.model_copy(update={"names": list(names)})})
