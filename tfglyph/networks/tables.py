"""Layers that hold tables of the training data: filled once, looked up, never trained."""

import keras


class Tables(keras.layers.Layer):
    """What such layers share.

    Attributes:
        table_names: tuple of str, the attributes that are tables; set by a subclass.
    """

    table_names = ()

    def __init__(self, **options):
        super().__init__(trainable=False, **options)
        self.built = True

    def add_table(self, name, shape, dtype, initializer="zeros"):
        """A variable that no optimizer, no average and no precision policy touches."""
        return self.add_weight(
            name=name, shape=shape, dtype=dtype, initializer=initializer, trainable=False, autocast=False
        )

    def named_tables(self):
        """list of (path, variable), for checkpoints."""
        return [(f"{self.name}/{name}", getattr(self, name)) for name in self.table_names]
