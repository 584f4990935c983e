"""The section of a generator's input codes: what stands beside z."""

from typing import Annotated

import pydantic

from tfglyph.architecture.core import Section

Ways = Annotated[int, pydantic.Field(strict=True, ge=2, le=1024)]


class Codes(Section):
    """Codes that are drawn beside z and handed to the generator after it, in this order."""

    categorical: Annotated[list[Ways], pydantic.Field(max_length=64, default_factory=list)]
    """The ways of each categorical code; each is a one-hot vector, all ways being equally likely."""
    continuous: Annotated[int, pydantic.Field(strict=True, ge=0, le=256)] = 0
    """How many continuous codes there are, each uniform on (-1, 1)."""
    repeat: Annotated[int, pydantic.Field(strict=True, ge=1, le=64)] = 1
    """How often each one-hot vector is repeated, so that it weighs more beside z."""

    @property
    def size(self):
        """Entries of a latent that the codes take."""
        return sum(self.categorical) * self.repeat + self.continuous
