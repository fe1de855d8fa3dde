"""Tensors in the JSON of an answer: the row format (`predictions`) and the columnar one (`outputs`).

The rules and messages are those of TensorFlow Serving's json_tensor.cc.
"""

import base64

import numpy as np
import tensorflow as tf

from tfgan_zoo.serving.json_inputs import COLUMNAR
from tfgan_zoo.serving.json_text import decimal, string
from tfgan_zoo.serving.statuses import invalid
from tfgan_zoo.serving.tensors import dtype_name


def text_of(outputs, form):
    """The body of an answer, as bytes.

    Args:
        outputs: `{output name: array}`; strings have dtype object.
        form: ROW or COLUMNAR.

    Raises:
        StatusError: INVALID_ARGUMENT for outputs that the row format cannot hold.
    """
    if not outputs:
        raise invalid("Cannot convert empty tensor map to JSON")
    if form == COLUMNAR:
        columns = {name: _value_text(array, _is_bytes(name)) for name, array in outputs.items()}
        text = f'{{\n    "outputs": {_together(columns)}\n}}'
    else:
        rows = ",\n        ".join(_row_texts(outputs))
        text = f'{{\n    "predictions": [\n        {rows}\n    ]\n}}'
    return text.encode("utf-8", "surrogateescape")


def _row_texts(outputs):
    sizes = set()
    for name, array in outputs.items():
        if array.ndim == 0:
            raise invalid(f"Tensor name: {name} has no shape information ")
        if sizes and len(array) not in sizes:
            raise invalid(
                f"Tensor name: {name} has inconsistent batch size: {len(array)} "
                f"expecting: {sizes.pop()}"
            )
        sizes.add(len(array))
    for index in range(sizes.pop()):
        yield _together(
            {name: _value_text(array[index], _is_bytes(name)) for name, array in outputs.items()}
        )


def _together(texts):
    """One value by itself, or several in an object."""
    if len(texts) == 1:
        return next(iter(texts.values()))
    return "{" + ", ".join(f"{string(name)}: {text}" for name, text in texts.items()) + "}"


def _is_bytes(name):
    return name.endswith("_bytes")


def _value_text(value, as_bytes):
    if isinstance(value, np.ndarray) and value.ndim:
        return "[" + ", ".join(_value_text(item, as_bytes) for item in value) + "]"
    value = value[()] if isinstance(value, np.ndarray) else value
    if isinstance(value, bytes):
        if as_bytes:
            return f'{{"b64": "{base64.b64encode(value).decode()}"}}'
        return string(value.decode("utf-8", "surrogateescape"))
    if isinstance(value, np.bool_):
        return "true" if value else "false"
    if isinstance(value, np.integer):
        return str(value)
    if isinstance(value, (np.float32, np.float64)):
        return decimal(value)
    raise invalid(
        f"Failed to write JSON value for tensor type: {dtype_name(tf.dtypes.as_dtype(value.dtype))}"
    )
