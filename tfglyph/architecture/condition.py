"""The ``condition`` section: the conditioning inputs of a model, in training and when sampling."""

from typing import Annotated, Any, Self

import pydantic

from tfglyph.architecture.core import Fraction, Section, Size, invalid, not_required
from tfglyph.architecture.networks import Layers
from tfglyph.composition.tokens import Tokenizer, tokenizer
from tfglyph.errors import UsageError, did_you_mean


class Tokens(Section):
    """A sequence of tokens per image, such as the parts of a character; 0 stands for "nothing here"."""

    model_config = pydantic.ConfigDict(json_schema_extra=not_required("vocabulary", "length"))

    parts: Annotated[str, pydantic.Field(strict=True, max_length=32)] | None = None
    """Name of the shipped parts list whose tokenizer encodes descriptions of characters, such as "parts-1"; it
    determines vocabulary and length, too. Null: the data set provides the tokens."""
    hide_names: Fraction = 0.0
    """Probability of dropping, in training, the token of a part that is described by its own parts as well."""
    sketches: Annotated[int, pydantic.Field(strict=True, ge=0, le=1 << 16)] = 0
    """Number of average glyphs (sketches) that are stored: one for each of the most common parts at one position,
    computed from the training data, for each class (font) its own. They are an input of the network beside the noisy
    image; for parts without one the input is the part's own glyph, scaled to the position. 0: no sketches."""
    descriptions: Annotated[int, pydantic.Field(strict=True, ge=0, le=1 << 20)] = 0
    """Number of descriptions of the training data that are stored, so that samples without a given description get one
    that combines halves of two of them. 0: such samples are unconditional."""
    vocabulary: Annotated[int, pydantic.Field(strict=True, ge=2, le=1 << 20)]
    """Number of different tokens, 0 included."""
    length: Annotated[int, pydantic.Field(strict=True, ge=1, le=256)]
    """Tokens of a sequence."""
    width: Size = 256
    """Size of a token's embedding."""

    @pydantic.model_validator(mode="before")
    @classmethod
    def _take_sizes_from_parts(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("parts"), str):
            parts = _tokenizer(data["parts"])
            data = {"vocabulary": parts.vocabulary, "length": parts.length} | data
        return data

    @pydantic.model_validator(mode="after")
    def _fits_parts(self) -> Self:
        if self.parts is not None:
            parts = _tokenizer(self.parts)
            for key in ("vocabulary", "length"):
                if getattr(self, key) != getattr(parts, key):
                    raise invalid(key, f"found {getattr(self, key)}, but {self.parts} has {getattr(parts, key)}")
        elif self.hide_names:
            raise invalid("hide_names", "only tokens of parts have names to hide; expected 0 or a list of parts")
        for key, participle in (("sketches", "sketched"), ("descriptions", "put together")):
            if self.parts is None and getattr(self, key):
                raise invalid(key, f"only parts of characters can be {participle}; expected 0 or a list of parts")
        return self


def _tokenizer(name: str) -> Tokenizer:
    try:
        return tokenizer(name)
    except UsageError as error:
        raise invalid("parts", str(error)) from None


class Exemplars(Section):
    """Glyphs of a font that have the parts of the character, from which a character is drawn in the font's style.

    Each is in a slot, and each slot is a further channel of the noisy image: ``per_part`` slots for the first part and
    as many for the second, best first, ``third_part`` for a third, ``style`` for glyphs that look like the whole, and
    the last for the character itself in another typeface (the content). Any of them may be empty.
    """

    per_part: Annotated[int, pydantic.Field(strict=True, ge=1, le=64)] = 5
    """Slots for exemplars of the first part, and of the second."""
    third_part: Annotated[int, pydantic.Field(strict=True, ge=0, le=64)] = 2
    """Slots for exemplars of a third part, which few characters have."""
    style: Annotated[int, pydantic.Field(strict=True, ge=0, le=64)] = 2
    """Slots for glyphs that show the style alone."""
    content: Fraction = 0.35
    """Probability that a training image has its own character in TW-Kai in the last slot."""
    best: Fraction = 0.3
    """Probability that a training image has the best exemplars, as many as there are slots, as when drawing; otherwise
    a random number of good ones."""
    whole_fonts: Fraction = 0.5
    """Probability that the exemplars of a training image come from all of its font; otherwise some of the font's
    characters are left out, as small fonts lack them."""
    drawing_sets: Annotated[int, pydantic.Field(strict=True, ge=1, le=16)] = 1
    """How many sets of exemplars, the best first, are seen when drawing; the prediction is the mean of theirs."""
    output: Layers
    """Channels of the layers that mix the slots at each patch."""

    @property
    def sizes(self) -> tuple[int, ...]:
        """Slots of each list of exemplars: first, second, third part, style."""
        return self.per_part, self.per_part, self.third_part, self.style

    @property
    def slots(self) -> int:
        """Slots of a set, that of the content included."""
        return sum(self.sizes) + 1


class Condition(Section):
    """A class label (digit, class, font), a sequence of tokens (parts), exemplars, or several of these."""

    classes: Size | None = None
    """Number of class labels, 0 to classes - 1; null: the data's labels are not used."""
    names: list[Annotated[str, pydantic.Field(strict=True, min_length=1, max_length=64)]] | None = None
    """Names of the classes, which ``--label`` accepts beside their numbers; null: they have numbers only."""
    tokens: Tokens | None = None
    """Sequences of tokens; null: none."""
    exemplars: Exemplars | None = None
    """Glyphs of the font to draw in; null: none."""
    drop: Fraction = 0.1
    """Probability of dropping the whole condition of a training image, as classifier-free guidance requires (Ho and
    Salimans 2022). With labels and tokens, each of the two is also dropped separately with this probability."""

    @pydantic.model_validator(mode="after")
    def _is_one(self) -> Self:
        if self.classes is None and self.tokens is None and self.exemplars is None:
            raise invalid("classes", "missing; a condition needs classes, tokens or exemplars")
        if self.tokens is not None and self.tokens.sketches and (self.classes or 1) > 500:
            raise invalid("classes", f"{self.classes} fonts to sketch; expected at most 500, or no sketches")
        if self.names is not None and len(set(self.names)) != (self.classes or 0):
            raise invalid("names", f"{len(set(self.names))} different names for {self.classes or 0} classes")
        return self

    def number_of(self, label: int | str) -> int:
        """The number of a class from its number or name.

        Args:
            label: int, or str: a name of ``names`` or a number.

        Returns:
            int from 0 to classes - 1.

        Raises:
            UsageError: there is no such class.
        """
        names, classes = self.names or [], self.classes or 0
        if isinstance(label, str) and label in names:
            return names.index(label)
        try:
            number = int(label)
        except (TypeError, ValueError):
            number = -1
        if 0 <= number < classes:
            return number
        alternatives = f", or one of {', '.join(names[:20])}{did_you_mean(label, names)}" if names else ""
        raise UsageError(f"label: found {label!r}, expected a number from 0 to {classes - 1}{alternatives}")
