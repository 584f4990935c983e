"""Layers with tables of the training data: filled once by ``adapt``, looked up, never trained."""

from collections.abc import Sequence
from typing import Any

import keras


class FrozenTables(keras.layers.Layer):
    """The base class of such layers.

    Attributes:
        table_names: tuple of str, the attributes that are tables; set by a subclass.
    """

    table_names: tuple[str, ...] = ()

    def __init__(self, **options: Any):
        super().__init__(trainable=False, **options)
        self.built = True

    def add_table(self, name: str, shape: Sequence[int], dtype: str, initializer: Any = "zeros") -> Any:
        """A variable that no optimizer, no EMA and no precision policy touches."""
        return self.add_weight(
            name=name, shape=shape, dtype=dtype, initializer=initializer, trainable=False, autocast=False
        )

    def named_tables(self) -> list[tuple[str, Any]]:
        """list of (path, variable), for checkpoints."""
        return [(f"{self.name}/{name}", getattr(self, name)) for name in self.table_names]
