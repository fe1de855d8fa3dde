"""Under which settings of Keras the networks of a model are made."""

import contextlib
import random

import keras

from tfgan_zoo import precision
from tfgan_zoo.weights import named


def full_precision():
    """Layers made within compute in float32: the averages, whose images are drawn and served. What a
    model in half precision draws is then what its export serves, to the pixel; unless the export is
    to compute in bfloat16 (`precision.averages_in`)."""
    return _dtype_policy(precision.of_averages())


@contextlib.contextmanager
def building(policy, seed):
    """Layers made within have this dtype policy, names that do not depend on what was made before, and
    initial weights that are a function of the seed."""
    state = random.getstate()
    random.seed(seed)  # Keras draws the seeds of initializers here
    try:
        with _dtype_policy(policy), named.fresh_names():
            yield
    finally:
        random.setstate(state)


@contextlib.contextmanager
def _dtype_policy(policy):
    previous = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(previous)
