"""Tensors in the JSON of an answer: the row format (`predictions`) and the columnar one (`outputs`).

The rules and messages are those of TensorFlow Serving's json_tensor.cc.
"""

import base64
import math

import numpy as np
import tensorflow as tf

from tfgan_zoo.serving.json_inputs import COLUMNAR
from tfgan_zoo.serving.json_text import decimals, string
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
        columns = {name: _nested(name, array, keep=0)[0] for name, array in outputs.items()}
        text = f'{{\n    "outputs": {_together(columns)}\n}}'
    else:
        rows = ",\n        ".join(_rows(outputs))
        text = f'{{\n    "predictions": [\n        {rows}\n    ]\n}}'
    return text.encode("utf-8", "surrogateescape")


def _rows(outputs):
    size = None
    for name, array in outputs.items():
        if array.ndim == 0:
            raise invalid(f"Tensor name: {name} has no shape information ")
        if size not in (None, len(array)):
            raise invalid(
                f"Tensor name: {name} has inconsistent batch size: {len(array)} expecting: {size}"
            )
        size = len(array)
    columns = {name: _nested(name, array, keep=1) for name, array in outputs.items()}
    for texts in zip(*columns.values(), strict=True):
        yield _together(dict(zip(columns, texts, strict=True)))


def _together(texts):
    """One value by itself, or several in an object."""
    if len(texts) == 1:
        return next(iter(texts.values()))
    return "{" + ", ".join(f"{string(name)}: {text}" for name, text in texts.items()) + "}"


def _nested(name, array, keep):
    """The texts of an array's items along its first `keep` dimensions; of the whole array for 0."""
    texts = _texts(array, name.endswith("_bytes"))
    for level in reversed(range(keep, array.ndim)):
        size, count = array.shape[level], math.prod(array.shape[:level])
        texts = [f"[{', '.join(texts[i * size : (i + 1) * size])}]" for i in range(count)]
    return texts


def _texts(array, as_bytes):
    """One text for each element, the last index running fastest."""
    if array.dtype in (np.float32, np.float64):
        return decimals(array)
    values = array.ravel().tolist()
    if array.dtype == object:
        return [_base64(value) if as_bytes else _text(value) for value in values]
    if array.dtype == bool:
        return ["true" if value else "false" for value in values]
    if array.dtype.kind in "iu":
        return list(map(str, values))
    raise invalid(
        f"Failed to write JSON value for tensor type: {dtype_name(tf.dtypes.as_dtype(array.dtype))}"
    )


def _base64(value):
    return f'{{"b64": "{base64.b64encode(value).decode()}"}}'


def _text(value):
    return string(value.decode("utf-8", "surrogateescape"))
