"""Models from elsewhere are not larger than their files account for.

A file of 1 KB may describe a model of 10^12 parameters, and making it would take all memory. So the
variables are counted before each one is made.
"""

import contextlib
import contextvars
import functools
import math
import threading

import keras

ANY_SIZE = 1 << 26  # elements of a model that any file may describe: 256 MiB in float32
TIMES = 16  # elements for each one in the file, beyond: averages, and networks that it is without
_LEAST = 1 << 14  # what a variable counts at least, so that their number is bounded too: to 4096
_once = threading.Lock()
_room = contextvars.ContextVar("room", default=None)


@contextlib.contextmanager
def bounded(elements, advice=""):
    """Layers made within have no more variables than a file with that many elements accounts for.

    Args:
        elements: Int, the numbers in the file; None for no bound.
        advice: The end of the error.

    Raises:
        ValueError: The next variable would be too much; it is not made.
    """
    if elements is None:
        yield
        return
    with _once:
        _count_variables()
    token = _room.set(_Room(elements, advice))
    try:
        yield
    finally:
        _room.reset(token)


class _Room:
    """How many elements there may still be."""

    def __init__(self, elements, advice):
        self.elements, self.advice = elements, advice
        self.most = self.left = max(ANY_SIZE, TIMES * elements)

    def take(self, shape):
        self.left -= max(_LEAST, math.prod(shape))
        if self.left < 0:
            raise ValueError(
                f"it would have more than {self.most} parameters, and its file has {self.elements} "
                f"numbers: the next variable has the shape {tuple(shape)}{self.advice}"
            )


@functools.cache
def _count_variables():
    """From now on each layer asks for room, where its thread has a bound: once for the process, since
    threads that put Keras's method back would do so in any order."""
    add_weight = keras.Layer.add_weight

    @functools.wraps(add_weight)
    def counted(layer, shape=None, *args, **kwargs):
        if (room := _room.get()) is not None:
            room.take(shape or ())
        return add_weight(layer, shape, *args, **kwargs)

    keras.Layer.add_weight = counted
