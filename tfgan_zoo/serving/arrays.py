"""A client's arrays in messages and in JSON, without TensorFlow.

What a server answers is not trusted: sizes are checked before memory is taken, and every answer of
another form than the protocol's is a ValueError that says what came.
"""

import base64
import binascii
import math
from typing import NamedTuple

import numpy as np

DTYPES = {  # number of a dtype in TensorFlow -> its name, and the field that holds its values
    1: ("float32", "float_val"),
    2: ("float64", "double_val"),
    3: ("int32", "int_val"),
    4: ("uint8", "int_val"),
    5: ("int16", "int_val"),
    6: ("int8", "int_val"),
    7: ("string", "string_val"),
    9: ("int64", "int64_val"),
    10: ("bool", "bool_val"),
    14: ("bfloat16", "half_val"),
    17: ("uint16", "int_val"),
    19: ("float16", "half_val"),
    22: ("uint32", "uint32_val"),
    23: ("uint64", "uint64_val"),
}
_NUMBERS = {name: number for number, (name, _) in DTYPES.items()}
_JSON_NAMES = {"DT_FLOAT": "float32", "DT_DOUBLE": "float64", "DT_HALF": "float16"}
_MAX_REPEATED = 1 << 24  # a message may give one value for many
_MAX_RANK = 32


class TensorSpec(NamedTuple):
    """An input or output of a signature.

    Attributes:
        shape: Tuple of ints, None for a size that is left open; None where the rank is.
        dtype: Name such as "float32", "int64" or "string".
    """

    shape: tuple | None
    dtype: str


def objects(values):
    """A sequence of strings as an array `[n]`, dtype object: numpy would cut zeros from their ends."""
    array = np.empty(len(values), object)
    array[:] = values
    return array


def dtype_name(dtype):
    """The name of a dtype: of its number in messages, or of its name in JSON."""
    if isinstance(dtype, int):
        return DTYPES[dtype][0] if dtype in DTYPES else f"dtype {dtype}"
    return _JSON_NAMES.get(dtype, str(dtype).removeprefix("DT_").lower())


# === Inputs ===


def of_inputs(inputs):
    """`{name: array}` of anything array-like; strings become bytes, dtype object.

    Raises:
        ValueError: Ragged lists, or a dtype that no signature takes.
    """
    return {name: _input(name, value) for name, value in inputs.items()}


def _input(name, value):
    array = _array(name, value)
    if array.ndim and not len(array):
        raise ValueError(f"Input {name!r} has no rows, which a server that batches never answers.")
    return array


def _array(name, value):
    try:
        array = np.asarray(value)
    except ValueError:  # str and bytes in one list, or a ragged one
        array = np.asarray(None)
    if array.dtype.kind in "USO":
        # Of anything but objects, numpy takes the zeros from the end of a string.
        try:
            array = value if isinstance(value, np.ndarray) else np.asarray(value, object)
        except ValueError as error:
            raise ValueError(f"Input {name!r} is no array: {error}") from None
        return _bytes(name, array)
    if array.dtype.name not in _NUMBERS:
        raise ValueError(f"Input {name!r} has dtype {array.dtype}, which no signature takes.")
    return array


def _bytes(name, array):
    values = array.ravel().tolist()
    for value in values:
        if not isinstance(value, (str, bytes)):
            raise ValueError(
                f"Input {name!r} is no array of strings or numbers: it holds {value!r}."
            )
    encoded = [value.encode() if isinstance(value, str) else value for value in values]
    return objects(encoded).reshape(array.shape)


def typed(arrays, specs):
    """Arrays of Python's own numbers, which have no dtype, in that of a signature `{name: TensorSpec}`;
    integers only where they stay the same, floats only for floats that are large enough."""
    return {name: _typed_as(array, specs.get(name)) for name, array in arrays.items()}


def _typed_as(array, spec):
    if spec is None or spec.dtype not in _NUMBERS or spec.dtype == "string":
        return array
    wanted = np.dtype(_numpy(spec.dtype))
    if array.dtype.kind not in "if" or (array.dtype.kind == "f" and wanted.kind != "f"):
        return array
    with np.errstate(over="ignore", invalid="ignore"):
        converted = array.astype(wanted)
        again = converted.astype(array.dtype)
    if array.dtype.kind == "f":
        is_kept = np.array_equal(np.isinf(converted), np.isinf(array))
    else:
        is_kept = np.array_equal(converted, array) and np.array_equal(again, array)
    return converted if is_kept else array


def check_ranges(arrays, specs):
    """Refuses integers that the dtype of an input cannot hold; over REST a stock server would take 256
    for the 0 of a uint8.

    Raises:
        ValueError: One is beyond the range of its `TensorSpec`.
    """
    for name, array in arrays.items():
        dtype = specs[name].dtype if name in specs else ""
        if "int" in dtype and dtype in _NUMBERS and array.dtype.kind in "iu" and array.size:
            for value in (int(array.min()), int(array.max())):
                if not np.iinfo(dtype).min <= value <= np.iinfo(dtype).max:
                    raise ValueError(f"Input {name!r} is of {dtype}, which cannot hold {value}.")


def to_message(array, message):
    """Writes an array of `of_inputs` into a `TensorProto`."""
    for size in array.shape:
        message.tensor_shape.dim.add(size=size)
    message.tensor_shape.SetInParent()  # a scalar has a shape, too: an empty one
    if array.dtype == object:
        message.dtype = _NUMBERS["string"]
        message.string_val.extend(array.ravel().tolist())
    else:
        message.dtype = _NUMBERS[array.dtype.name]
        little = array.dtype.newbyteorder("<") if array.dtype.isbuiltin else array.dtype
        message.tensor_content = np.ascontiguousarray(array, little).tobytes()


def to_json(array):
    """An array of `of_inputs` as lists and numbers for JSON."""
    if array.dtype != object:
        return (array.astype(np.float32) if array.dtype.name == "bfloat16" else array).tolist()
    encoded = [{"b64": base64.b64encode(value).decode()} for value in array.ravel()]
    return objects(encoded).reshape(array.shape).tolist()


# === Outputs ===


def from_message(message):
    """The array in a `TensorProto`; bfloat16 comes as float32, strings as bytes of dtype object.

    As in TensorFlow, the last value stands for those that are left out, but not for more than 2**24.

    Raises:
        ValueError: A shape, dtype or number of values that is none.
    """
    shape = [dim.size for dim in message.tensor_shape.dim]
    dtype, field = DTYPES.get(message.dtype, (None, None))
    if dtype is None or message.tensor_shape.unknown_rank or len(shape) > _MAX_RANK:
        raise ValueError(f"a tensor of dtype {message.dtype} and {len(shape)} dimensions")
    if min(shape, default=0) < 0:
        raise ValueError(f"a tensor of shape {shape}")
    values = _content(message, dtype) if message.tensor_content else getattr(message, field)
    return _filled(_typed(values, dtype, field), shape, dtype)


def _content(message, dtype):
    if dtype == "string":
        raise ValueError("strings as tensor_content")
    stored = np.dtype(np.uint16 if dtype in ("bfloat16", "float16") else dtype).newbyteorder("<")
    return np.frombuffer(message.tensor_content, stored)  # refuses a part of a value


def _typed(values, dtype, field):
    if dtype == "string":
        return objects(values)
    if field == "half_val":
        bits = np.asarray(values, np.int64).astype(np.uint16)
        if dtype == "float16":
            return bits.view(np.float16)
        return (bits.astype(np.uint32) << 16).view(np.float32)
    wide = {"int_val": np.int64}.get(field, dtype)
    return np.asarray(values, wide).astype(dtype)


def _filled(array, shape, dtype):
    size = math.prod(shape)
    if len(array) != size:
        if len(array) > size or size > _MAX_REPEATED or (not len(array) and dtype == "string"):
            raise ValueError(f"a tensor of shape {shape} with {len(array)} values")
        last = array[-1] if len(array) else 0
        array = np.concatenate([array, np.full(size - len(array), last, array.dtype)])
    return array.reshape(shape)


def from_json(value, spec):
    """The array that JSON holds for an output with that `TensorSpec`.

    Raises:
        ValueError: Ragged lists, or values that are not of that dtype.
    """
    if spec.dtype == "string":
        return _strings(value)
    try:
        array = np.asarray(value)
    except ValueError:
        raise ValueError("lists of unequal lengths") from None
    kinds = {"f": "fiu", "b": "b"}.get(np.dtype(_numpy(spec.dtype)).kind, "iu")
    if array.size and array.dtype.kind not in kinds:
        raise ValueError(f"values of another kind than {spec.dtype}")
    converted = array.astype(_numpy(spec.dtype))
    if kinds == "iu" and not np.array_equal(converted, array):
        raise ValueError(f"integers beyond {spec.dtype}")
    return converted


def _numpy(dtype):
    if dtype not in _NUMBERS:
        raise ValueError(f"values of {dtype}, which JSON has not")
    return "float32" if dtype == "bfloat16" else dtype


def _strings(value):
    shape, inner = [], value
    while isinstance(inner, list):
        shape.append(len(inner))
        inner = inner[0] if inner else None
    if len(shape) > _MAX_RANK:
        raise ValueError(f"{len(shape)} dimensions")
    flat = [value]
    for size in shape:
        if not all(isinstance(part, list) and len(part) == size for part in flat):
            raise ValueError("lists of unequal lengths")
        flat = [item for part in flat for item in part]
    return objects([_string(item) for item in flat]).reshape(shape)


def _string(value):
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape")  # see `client_rest`
    if not isinstance(value, dict) or not isinstance(value.get("b64"), str):
        raise ValueError(f"no string: {str(value)[:60]}")
    try:
        return base64.b64decode(value["b64"], validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("a string that is no base64") from None
