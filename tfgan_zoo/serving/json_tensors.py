"""One tensor in JSON: nested lists of scalars.

The rules and messages are those of TensorFlow Serving's json_tensor.cc. Values are checked level by
level and all at once, by functions of C: one by one they would take a hundred times as long.
"""

import base64
import binascii
import itertools

import numpy as np
import tensorflow as tf

from tfgan_zoo.serving.arrays import objects
from tfgan_zoo.serving.json_text import as_double, pretty, type_name
from tfgan_zoo.serving.statuses import Code, StatusError, invalid
from tfgan_zoo.serving.tensors import dtype_name

_MAX_RANK = 64  # of a numpy array
_INTEGERS = (tf.int8, tf.int16, tf.int32, tf.int64, tf.uint8, tf.uint32, tf.uint64)
_MAX_INT = {tf.float32: 2**24 - 1, tf.float64: 2**53 - 1}  # larger ints would be rounded
_JSON_TYPES = {tf.string: {str, dict}, tf.bool: {bool}}  # of the values that a dtype takes
_JSON_TYPES |= {dtype: {int} for dtype in _INTEGERS} | {d: {int, float} for d in _MAX_INT}


def format_error(value, text):
    """The error of a value that is not what it should be."""
    return invalid(f"JSON Value: {pretty(value)} {text}")


def is_base64(value):
    """Whether an object stands for bytes."""
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get("b64"), str)


def shape_of(value):
    """The shape that the first elements have; the others are held to it."""
    shape = []
    while isinstance(value, list):
        shape.append(len(value))
        if not value:
            break
        value = value[0]
    return shape


def flattened(value):
    """`(shape, values)` of nested lists that are all as long as the first ones."""
    shape, level = shape_of(value), [value]
    if len(shape) > _MAX_RANK:
        raise invalid(f"A tensor of {len(shape)} dimensions; this server takes {_MAX_RANK} at most")
    for depth, size in enumerate(shape):
        kinds = set(map(type, level))
        if kinds != {list}:
            odd = next(item for item in level if type(item) is not list)
            raise invalid(
                f"JSON Value: {pretty(odd)} found at incorrect level: {depth + 1} in the JSON DOM. "
                f"Expected at level: {len(shape)}"
            )
        for found in set(map(len, level)) - {size}:
            raise invalid(
                f"Encountered list at unexpected size: {found} at level: {depth} expected size: {size}"
            )
        level = list(itertools.chain.from_iterable(level))
    if list in set(map(type, level)):
        rank = len(shape)
        raise invalid(f"Encountered list at unexpected level: {rank} expected < {rank}")
    return shape, level


def typed(values, dtype):
    """The array `[len(values)]` of scalars of JSON."""
    if dtype not in _JSON_TYPES:
        if not values:
            return np.empty(0, dtype.as_numpy_dtype)
        raise StatusError(
            Code.UNIMPLEMENTED,
            f"Conversion of JSON Value: {pretty(values[0])} to type: {dtype_name(dtype)}",
        )
    if set(map(type, values)) - _JSON_TYPES[dtype]:
        odd = next(value for value in values if type(value) not in _JSON_TYPES[dtype])
        raise _type_error(odd, dtype)
    if dtype == tf.string:
        return _strings(values)
    if dtype.is_floating:
        return _floats(values, dtype)
    return np.array(values, bool) if dtype == tf.bool else _integers(values, dtype)


def _strings(values):
    encoded = [
        value.encode("utf-8", "surrogateescape") if type(value) is str else _decoded(value)
        for value in values
    ]
    return objects(encoded)


def _integers(values, dtype):
    """A real server takes 256 for a uint8, and makes 0 of it; here that is an error."""
    low, high = dtype.min, dtype.max
    if values and (min(values) < low or max(values) > high):
        raise _type_error(next(v for v in values if not low <= v <= high), dtype)
    return np.array(values, dtype.as_numpy_dtype)


def _floats(values, dtype):
    try:
        array = np.array(values, np.float64)
    except OverflowError:
        array = np.array([as_double(value) for value in values])
    for index in np.flatnonzero(np.abs(array) > _MAX_INT[dtype]):
        _check_lossless(values[index], dtype)
    return array.astype(dtype.as_numpy_dtype)


def _check_lossless(value, dtype):
    if isinstance(value, int) and -(2**63) <= value < 2**64:
        is_lossless = abs(value) <= _MAX_INT[dtype]
    else:
        value = float(value)
        is_lossless = not np.isfinite(value) or abs(value) <= float(dtype.max)
    if not is_lossless:
        raise invalid(
            f"Cannot convert JSON value: {pretty(value)} to {dtype_name(dtype)} "
            "without loss of precision."
        )


def _type_error(value, dtype):
    return format_error(
        value, f"Type: {type_name(value)} is not of expected type: {dtype_name(dtype)}"
    )


def _decoded(value):
    if not is_base64(value):
        raise format_error(value, "not formatted correctly for base64 data")
    text = "".join(value["b64"].split()).rstrip("=.")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise invalid("Unable to base64 decode") from None
