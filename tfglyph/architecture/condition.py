"""The ``condition`` section: what a model is told about an image, in training and when sampling."""

from typing import Annotated

import pydantic

from tfglyph.architecture.core import Fraction, Section, Size, invalid
from tfglyph.composition.tokens import Tokenizer, tokenizer
from tfglyph.errors import UsageError, did_you_mean


class Tokens(Section):
    """A sequence of tokens per image, such as the parts of a character; 0 stands for "nothing here"."""

    # The list of parts gives both, which a JSON schema cannot say.
    model_config = pydantic.ConfigDict(
        json_schema_extra=lambda schema: [schema["required"].remove(key) for key in ("vocabulary", "length")]
    )

    parts: Annotated[str, pydantic.Field(strict=True, max_length=32)] | None = None
    """Which shipped list of parts turns descriptions of characters into tokens, such as "parts-1", which gives
    vocabulary and length, too; null: the data set brings its own tokens."""
    hide_names: Fraction = 0.0
    """Chance of each part that is told by its own parts as well to be told by them alone, in training."""
    sketches: Annotated[int, pydantic.Field(strict=True, ge=0, le=1 << 16)] = 0
    """How many parts at their places have a mean glyph, taken from the training data, that the network sees beside the
    noise, each class (font) its own; parts without one are shown as their own glyph, squeezed. 0: no sketches."""
    descriptions: Annotated[int, pydantic.Field(strict=True, ge=0, le=1 << 20)] = 0
    """How many descriptions of the training data are kept, so that samples without a description get one that is put
    together from the halves of two. 0: such samples are told nothing."""
    vocabulary: Annotated[int, pydantic.Field(strict=True, ge=2, le=1 << 20)]
    """Number of different tokens, 0 included."""
    length: Annotated[int, pydantic.Field(strict=True, ge=1, le=256)]
    """Tokens of a sequence."""
    width: Size = 256
    """Size of a token's vector."""

    @pydantic.model_validator(mode="before")
    @classmethod
    def _sizes_of_the_list(cls, data):
        if isinstance(data, dict) and isinstance(data.get("parts"), str):
            parts = _tokenizer(data["parts"])
            data = {"vocabulary": parts.vocabulary, "length": parts.length} | data
        return data

    @pydantic.model_validator(mode="after")
    def _fits_the_list(self):
        if self.parts is not None:
            parts = _tokenizer(self.parts)
            for key in ("vocabulary", "length"):
                if getattr(self, key) != getattr(parts, key):
                    raise invalid(key, f"found {getattr(self, key)}, but {self.parts} has {getattr(parts, key)}")
        elif self.hide_names:
            raise invalid("hide_names", "only tokens of parts have names to hide; expected 0 or a list of parts")
        for key, made in (("sketches", "sketched"), ("descriptions", "put together")):
            if self.parts is None and getattr(self, key):
                raise invalid(key, f"only parts of characters can be {made}; expected 0 or a list of parts")
        return self


def _tokenizer(name: str) -> Tokenizer:
    try:
        return tokenizer(name)
    except UsageError as error:
        raise invalid("parts", str(error)) from None


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
        if self.tokens is not None and self.tokens.sketches and (self.classes or 1) > 500:
            raise invalid("classes", f"{self.classes} fonts to sketch; expected at most 500, or no sketches")
        if self.names is not None and len(set(self.names)) != (self.classes or 0):
            raise invalid("names", f"{len(set(self.names))} different names for {self.classes or 0} classes")
        return self

    def number_of(self, label: int | str) -> int:
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
