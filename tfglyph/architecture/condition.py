"""The ``condition`` section: what a model is told about an image, in training and when sampling."""

from typing import Annotated

import pydantic

from tfglyph.architecture.core import Fraction, Section, Size, invalid
from tfglyph.errors import UsageError, did_you_mean


class Tokens(Section):
    """A sequence of tokens per image, such as the parts of a character; 0 stands for "nothing here"."""

    vocabulary: Annotated[int, pydantic.Field(strict=True, ge=2, le=1 << 20)]
    """Number of different tokens, 0 included."""
    length: Annotated[int, pydantic.Field(strict=True, ge=1, le=256)]
    """Tokens of a sequence."""
    width: Size = 256
    """Size of a token's vector."""


class Condition(Section):
    """Conditions stand alone or together: a label (digit, class, font) and a sequence of tokens (parts)."""

    classes: Size | None = None
    """Number of class labels, 0 to classes - 1; null: the data's labels are not used."""
    names: list[Annotated[str, pydantic.Field(strict=True, min_length=1, max_length=64)]] | None = None
    """What the classes are called, so that ``--label`` can say so; null: they have numbers only."""
    tokens: Tokens | None = None
    """Sequences of tokens; null: none."""
    drop: Fraction = 0.1
    """Share of training images whose whole condition is withheld, which is what classifier-free guidance
    needs
    (Ho and Salimans 2022); with several conditions each one is withheld alone as often again."""

    @pydantic.model_validator(mode="after")
    def _is_one(self):
        if self.classes is None and self.tokens is None:
            raise invalid("classes", "missing; a condition needs classes or tokens")
        if self.names is not None and len(set(self.names)) != (self.classes or 0):
            raise invalid("names", f"{len(set(self.names))} different names for {self.classes or 0} classes")
        return self

    def number_of(self, label):
        """The number of a class that a person names.

        Args:
            label: int, or str: a name of ``names`` or a number.

        Returns:
            int from 0 to classes - 1.

        Raises:
            UsageError: there is no such class.
        """
        names = self.names or []
        if isinstance(label, str) and label in names:
            return names.index(label)
        try:
            number = int(label)
        except (TypeError, ValueError):
            number = -1
        if 0 <= number < (self.classes or 0):
            return number
        known = f", or one of {', '.join(names[:20])}{did_you_mean(label, names)}" if names else ""
        raise UsageError(f"label: found {label!r}, expected a number from 0 to {self.classes - 1}{known}")
