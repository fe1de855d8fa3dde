"""Models from elsewhere are not larger than their files account for.

A file of 1 KB may describe a model of 10^12 parameters, and making it would take all memory. So the
variables are counted before each one is made.
"""

import contextlib
import contextvars
import math

import keras

ANY_SIZE = 1 << 26  # elements of a model that any file may describe: 256 MiB in float32
TIMES = 16  # elements for each one in the file, beyond: averages, and networks that it is without
_LEAST = 1 << 14  # what a variable counts at least, so that their number is bounded too: to 4096
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
    before = keras.Layer.add_weight
    token = _room.set([max(ANY_SIZE, TIMES * elements), elements])
    keras.Layer.add_weight = _counted(before, advice)
    try:
        yield
    finally:
        keras.Layer.add_weight = before
        _room.reset(token)


def _counted(add_weight, advice):
    def counted(layer, shape=None, *args, **kwargs):
        room = _room.get()
        if room is not None:  # else another thread's
            room[0] -= max(_LEAST, math.prod(shape or ()))
            if room[0] < 0:
                raise ValueError(
                    f"it would have more than {max(ANY_SIZE, TIMES * room[1])} parameters, and its "
                    f"file has {room[1]} numbers: the next variable has the shape "
                    f"{tuple(shape or ())}{advice}"
                )
        return add_weight(layer, shape, *args, **kwargs)

    return counted
