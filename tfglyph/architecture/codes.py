"""The ``codes`` section: the entries of a generator's input that follow z."""

from typing import Annotated

import pydantic

from tfglyph.architecture.core import Section

NumCategories = Annotated[int, pydantic.Field(strict=True, ge=2, le=1024)]


class Codes(Section):
    """Latent codes that are drawn with z and follow it in the generator's input, in this order."""

    categorical: Annotated[list[NumCategories], pydantic.Field(max_length=64)] = pydantic.Field(default_factory=list)
    """Number of categories of each categorical code; a code is a one-hot vector, its categories equally likely."""
    continuous: Annotated[int, pydantic.Field(strict=True, ge=0, le=256)] = 0
    """Number of continuous codes, each uniform on (-1, 1)."""
    repeat: Annotated[int, pydantic.Field(strict=True, ge=1, le=64)] = 1
    """Number of copies of each one-hot vector in the generator's input, which give it more weight beside z."""

    @property
    def size(self) -> int:
        """Entries of a latent that the codes take."""
        return sum(self.categorical) * self.repeat + self.continuous
