"""Between tensors in messages and numpy arrays, as TensorFlow's C++ does it."""

import math

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2

from tfgan_zoo.serving.arrays import DTYPES, objects
from tfgan_zoo.serving.limits import UNLIMITED
from tfgan_zoo.serving.statuses import invalid

# dtype -> the field that holds its values one by one
_FIELDS = {tf.dtypes.as_dtype(number): field for number, (_, field) in DTYPES.items()}
# Named, since numpy makes a float of integers of which some need the 64th bit and some do not.
_WIDE = {
    "int_val": np.int64,
    "int64_val": np.int64,
    "uint32_val": np.uint64,
    "uint64_val": np.uint64,
    "half_val": np.int64,
}
_NAMES = {"float32": "float", "float64": "double", "float16": "half"}
_PIECE = 1 << 18  # values that are converted in one go, during which no other thread runs


def dtype_name(dtype):
    """TensorFlow's C++ name of a `tf.DType`: float, double, half, int64, …"""
    return _NAMES.get(dtype.name, dtype.name)


def from_message(name, message, limits=UNLIMITED):
    """The array in a `TensorProto`; strings have dtype object.

    As in C++, missing values repeat the last one, or are zero where there are none, and surplus ones
    are left out. A shape may thus ask for more memory than the message has, so it is checked first.
    Not as in C++, an integer beyond the dtype's range is refused: C++ makes 0 of a uint8 of 256.

    Raises:
        StatusError: INVALID_ARGUMENT for what is no tensor, one with more elements than are taken, or
            with integers that the dtype cannot hold.
    """
    try:
        dtype = tf.dtypes.as_dtype(message.dtype)
        shape = [dim.size for dim in message.tensor_shape.dim]
        is_valid = dtype in _FIELDS and not message.tensor_shape.unknown_rank
        if not is_valid or min(shape, default=0) < 0:
            raise ValueError
        size = math.prod(shape)
        limits.check("max_tensor_elements", size, f"elements of the tensor {name!r}")
        if dtype == tf.string:
            limits.check("max_strings", size, f"strings in the tensor {name!r}")
        return _content(message, dtype, size).reshape(shape)
    except (TypeError, ValueError):
        raise invalid(f"tensor parsing error: {name}") from None


def _content(message, dtype, size):
    if message.tensor_content:
        return np.frombuffer(message.tensor_content, dtype.as_numpy_dtype)
    values = getattr(message, _FIELDS[dtype])
    array = _values(values, dtype, min(size, len(values)))
    if len(array) == size:
        return array
    if len(array) == 0:
        return np.full(size, b"", object) if dtype == tf.string else np.zeros(size, array.dtype)
    return np.concatenate([array, np.full(size - len(array), array[-1], array.dtype)])


def _values(values, dtype, size):
    """The first `size` values of a repeated field, an array."""
    if dtype == tf.string:
        return objects(values[:size])
    given = _WIDE.get(_FIELDS[dtype])
    array = np.empty(size, np.uint16 if _FIELDS[dtype] == "half_val" else dtype.as_numpy_dtype)
    for start in range(0, size, _PIECE):
        piece = np.array(values[start : min(start + _PIECE, size)], given)
        array[start : start + _PIECE] = narrow = piece.astype(array.dtype)
        if given and np.any(narrow != piece):
            odd = piece[narrow != piece][0]
            raise invalid(f"A tensor of type {dtype_name(dtype)} cannot hold {odd}.")
    return array.view(dtype.as_numpy_dtype)


def size_of(arrays):
    """The bytes in `{name: array}`, with those of strings."""
    return sum(
        sum(map(len, array.flat)) if array.dtype == object else array.nbytes
        for array in arrays.values()
    )


def dtype_of(array):
    """The `tf.DType` of an array; object means string."""
    return tf.string if array.dtype == object else tf.dtypes.as_dtype(array.dtype)


def to_message(array):
    """A `TensorProto` with the values one by one, as TensorFlow Serving answers."""
    dtype = dtype_of(array)
    message = tensor_pb2.TensorProto(dtype=dtype.as_datatype_enum)
    message.tensor_shape.SetInParent()  # a scalar has a shape, too: an empty one
    for size in array.shape:
        message.tensor_shape.dim.add(size=size)
    flat = array.ravel()
    if _FIELDS[dtype] == "half_val":
        flat = flat.view(np.uint16)
    values = getattr(message, _FIELDS[dtype])
    for start in range(0, flat.size, _PIECE):
        values.extend(flat[start : start + _PIECE].tolist())
    return message
