"""Counting parameters, for the tests of networks."""

import numpy as np


def trainable(network):
    """int: trainable parameters of a keras.Model."""
    return sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)
