"""TensorFlow's checkpoints, read only as far as their files have room for what they describe."""

import glob
import math
import pathlib

import tensorflow as tf

# What TensorFlow raises for a damaged file: its own errors, and what it translates them to.
DAMAGES = (
    tf.errors.OpError,
    ValueError,
    LookupError,
    TypeError,
    RuntimeError,
    MemoryError,
    SystemError,
)


def reader(prefix):
    """TensorFlow's reader of a checkpoint.

    Raises:
        ValueError: It cannot be read, or describes more than its files hold: a file of 1 KB could make a
            process take all memory.
    """
    try:
        found = tf.train.load_checkpoint(str(prefix))
        shapes, dtypes = found.get_variable_to_shape_map(), found.get_variable_to_dtype_map()
    except DAMAGES as error:
        raise ValueError(f"{prefix} cannot be read: {error}") from error
    room = sum(file.stat().st_size for file in files_of(prefix) if file.suffix != ".index")
    sizes = {name: math.prod(shape) * _size(dtypes[name]) for name, shape in shapes.items()}
    if sum(sizes.values()) > room:
        largest = max(sizes, key=sizes.get)
        raise ValueError(
            f"{prefix} describes {sum(sizes.values())} bytes, and its files have {room}: "
            f"{largest!r:.200} alone would be {sizes[largest]}."
        )
    return found


def files_of(prefix):
    """The files of a checkpoint, a list: its index and its data."""
    index, data = (glob.glob(f"{glob.escape(str(prefix))}.{end}") for end in ("index", "data-*"))
    return [pathlib.Path(file) for file in (*index, *sorted(data))]


def check(prefix):
    """Reads all tensors of a checkpoint once.

    Raises:
        ValueError: One cannot be read.
    """
    found = reader(prefix)
    for name in found.get_variable_to_shape_map():
        tensor(found, name)


def tensor(reader, name):
    """A tensor of a reader as an array.

    Raises:
        ValueError: It is not there, or damaged: each tensor has a checksum.
    """
    try:
        return reader.get_tensor(name)
    except DAMAGES as error:
        raise ValueError(f"{name!r:.200} cannot be read: {error}") from error


def _size(dtype):
    """Bytes of an element; of a string the one of its length, at least."""
    return dtype.size or 1
