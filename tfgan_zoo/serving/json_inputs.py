"""Tensors in the JSON of a request: the row format (`instances`) and the columnar one (`inputs`).

The rules and messages are those of TensorFlow Serving's json_tensor.cc.
"""

import base64
import binascii

import numpy as np
import tensorflow as tf

from tfgan_zoo.serving.json_text import pretty, type_name
from tfgan_zoo.serving.statuses import Code, StatusError, invalid
from tfgan_zoo.serving.tensors import dtype_name

ROW, COLUMNAR = "row", "columnar"
_INT_RANGES = {  # what RapidJSON's IsInt, IsUint, IsInt64 and IsUint64 take
    **dict.fromkeys([tf.int32, tf.int16, tf.int8, tf.uint8], (-(2**31), 2**31)),
    tf.uint32: (0, 2**32),
    tf.int64: (-(2**63), 2**63),
    tf.uint64: (0, 2**64),
}
_MAX_INT = {tf.float32: 2**24 - 1, tf.float64: 2**53 - 1}  # larger ints would be rounded


def inputs_from(document, specs):
    """The inputs in a predict request.

    Args:
        document: The parsed body, a dict.
        specs: `{input name: tf.DType}` of the signature.

    Returns:
        `({name: array}, ROW or COLUMNAR)`.

    Raises:
        StatusError: INVALID_ARGUMENT, or UNIMPLEMENTED for a dtype that JSON cannot carry.
    """
    has_rows, has_columns = "instances" in document, "inputs" in document
    if has_rows and has_columns:
        raise _format_error(
            document,
            "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist ",
        )
    if has_rows:
        return _rows(document, specs), ROW
    if has_columns:
        return _columns(document["inputs"], specs), COLUMNAR
    raise invalid("Missing 'inputs' or 'instances' key")


def signature_name(document):
    """The signature that a request names, or an empty string."""
    name = document.get("signature_name", "")
    if not isinstance(name, str):
        raise _format_error(
            document, "not formatted correctly. 'signature_name' key must be a string value."
        )
    return name.encode("utf-8", "replace").decode()  # a message holds valid UTF-8 alone


def _format_error(value, text):
    return invalid(f"JSON Value: {pretty(value)} {text}")


def _is_base64(value):
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get("b64"), str)


def _is_object(value):
    return isinstance(value, dict) and not _is_base64(value)


def _rows(document, specs):
    rows = document["instances"]
    if not isinstance(rows, list):
        raise _format_error(document, "Excepting 'instances' to be an list/array")
    if not rows:
        raise _format_error(document, "No values in 'instances' array")
    if not isinstance(rows[0], dict) and len(specs) > 1:
        raise invalid(
            "instances is a plain list, but expecting list of objects as multiple input tensors "
            "required as per tensorinfo_map"
        )
    columns = {name: _Column(dtype) for name, dtype in specs.items()}
    add = _add_object if _is_object(rows[0]) else _add_value
    for index, row in enumerate(rows):
        add(index, row, columns)
    filled = {name: column for name, column in columns.items() if column.shape is not None}
    return {name: column.array(len(rows)) for name, column in filled.items()}


def _add_object(index, row, columns):
    if not _is_object(row):
        raise invalid(f"Expecting object but got list at item {index} of input list")
    for name, value in row.items():
        try:
            if name not in columns:
                raise invalid(f"JSON object: does not have named input: {name}")
            columns[name].add(value)
        except StatusError as error:
            raise invalid(
                f"Failed to process element: {index} key: {name} of 'instances' list. Error: {error}"
            ) from None
    if row.keys() != columns.keys():
        raise invalid(
            f"Failed to process element: {index} of 'instances' list. JSON object: {pretty(row)} "
            f"keys must be equal to: {','.join(sorted(columns))}"
        )


def _add_value(index, row, columns):
    if _is_object(row):
        raise invalid(f"Expecting value/list but got object at item {index} of input list")
    try:
        next(iter(columns.values())).add(row)
    except StatusError as error:
        raise invalid(
            f"Failed to process element: {index} of 'instances' list. Error: {error}"
        ) from None


class _Column:
    """The values of one input, row after row; all rows have the shape of the first."""

    def __init__(self, dtype):
        self.dtype, self.shape, self.size, self.values = dtype, None, 0, []

    def add(self, value):
        shape, before = _shape(value), len(self.values)
        _fill(value, shape, 0, self.dtype, self.values)
        size = len(self.values) - before
        if self.shape is None:
            self.shape, self.size = shape, size
        elif size != self.size:
            raise invalid(f"Expecting tensor size: {self.size} but got: {size}")
        elif shape != self.shape:
            raise invalid(f"Expecting shape {_text(self.shape)} but got: {_text(shape)}")

    def array(self, count):
        return _array(self.values, [count, *self.shape], self.dtype)


def _columns(value, specs):
    if isinstance(value, dict) and not _is_base64(value):
        missing = [name for name in specs if name not in value]
        if missing:
            raise invalid(f"Missing named input: {missing[0]} in 'inputs' object.")
        return {name: _column(value[name], dtype) for name, dtype in specs.items()}
    if len(specs) > 1:
        raise invalid(
            "inputs is a plain value/list, but expecting an object as multiple input tensors required "
            "as per tensorinfo_map"
        )
    return {name: _column(value, dtype) for name, dtype in specs.items()}


def _column(value, dtype):
    shape, values = _shape(value), []
    _fill(value, shape, 0, dtype, values)
    return _array(values, shape, dtype)


def _array(values, shape, dtype):
    if dtype == tf.string:
        array = np.empty(len(values), object)
        array[:] = values
        return array.reshape(shape)
    if dtype.is_integer:  # an int that is too large for uint8 wraps, as in C++
        wide = np.uint64 if dtype == tf.uint64 else np.int64
        return np.array(values, wide).astype(dtype.as_numpy_dtype).reshape(shape)
    return np.array(values, dtype.as_numpy_dtype).reshape(shape)


def _shape(value):
    """The shape that the first elements have; the others are held to it."""
    shape = []
    while isinstance(value, list):
        shape.append(len(value))
        if not value:
            break
        value = value[0]
    return shape


def _text(shape):
    return f"[{','.join(map(str, shape))}]"


def _fill(value, shape, level, dtype, values):
    rank = len(shape)
    if not isinstance(value, list):
        if level != rank:
            raise invalid(
                f"JSON Value: {pretty(value)} found at incorrect level: {level + 1} in the JSON DOM. "
                f"Expected at level: {rank}"
            )
        values.append(_element(value, dtype))
        return
    if level >= rank:
        raise invalid(f"Encountered list at unexpected level: {level} expected < {rank}")
    if len(value) != shape[level]:
        raise invalid(
            f"Encountered list at unexpected size: {len(value)} at level: {level} "
            f"expected size: {shape[level]}"
        )
    for item in value:
        _fill(item, shape, level + 1, dtype, values)


def _element(value, dtype):
    if isinstance(value, dict):
        if dtype != tf.string:
            raise _type_error(value, dtype)
        return _decoded(value)
    if dtype == tf.string and isinstance(value, str):
        return value.encode("utf-8", "surrogateescape")
    if dtype in _MAX_INT and isinstance(value, (int, float)) and not isinstance(value, bool):
        return _checked_float(value, dtype)
    if dtype in _INT_RANGES and type(value) is int:
        low, high = _INT_RANGES[dtype]
        if low <= value < high:
            return value
    if dtype == tf.bool and isinstance(value, bool):
        return value
    if dtype in (tf.string, tf.bool) or dtype in _MAX_INT or dtype in _INT_RANGES:
        raise _type_error(value, dtype)
    raise StatusError(
        Code.UNIMPLEMENTED,
        f"Conversion of JSON Value: {pretty(value)} to type: {dtype_name(dtype)}",
    )


def _type_error(value, dtype):
    return _format_error(
        value, f"Type: {type_name(value)} is not of expected type: {dtype_name(dtype)}"
    )


def _decoded(value):
    if not _is_base64(value):
        raise _format_error(value, "not formatted correctly for base64 data")
    text = "".join(value["b64"].split()).rstrip("=.")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise invalid("Unable to base64 decode") from None


def _checked_float(value, dtype):
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
    return value
