"""Tensors in the JSON of a request: the row format (`instances`) and the columnar one (`inputs`).

The rules and messages are those of TensorFlow Serving's json_tensor.cc.
"""

import tensorflow as tf

from tfgan_zoo.serving.json_tensors import flattened, format_error, is_base64, shape_of, typed
from tfgan_zoo.serving.json_text import pretty
from tfgan_zoo.serving.limits import DEFAULTS
from tfgan_zoo.serving.statuses import StatusError, invalid

ROW, COLUMNAR = "row", "columnar"


def inputs_from(document, specs, limits=DEFAULTS):
    """The inputs in a predict request.

    Args:
        document: The parsed body, a dict.
        specs: `{input name: tf.DType}` of the signature.
        limits: `Limits`; of these, `max_strings`.

    Returns:
        `({name: array}, ROW or COLUMNAR)`.

    Raises:
        StatusError: INVALID_ARGUMENT, or UNIMPLEMENTED for a dtype that JSON cannot carry.
    """
    has_rows, has_columns = "instances" in document, "inputs" in document
    if has_rows and has_columns:
        raise format_error(
            document,
            "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist ",
        )
    if has_rows:
        return _arrays(_rows(document, specs), specs, limits, _explain_rows), ROW
    if has_columns:
        return _arrays(_columns(document["inputs"], specs), specs, limits), COLUMNAR
    raise invalid("Missing 'inputs' or 'instances' key")


def signature_name(document):
    """The signature that a request names, or an empty string."""
    name = document.get("signature_name", "")
    if not isinstance(name, str):
        raise format_error(
            document, "not formatted correctly. 'signature_name' key must be a string value."
        )
    return name.encode("utf-8", "replace").decode()  # a message holds valid UTF-8 alone


def _is_object(value):
    return isinstance(value, dict) and not is_base64(value)


def _rows(document, specs):
    """`{input name: values of all rows}`."""
    rows = document["instances"]
    if not isinstance(rows, list):
        raise format_error(document, "Excepting 'instances' to be an list/array")
    if not rows:
        raise format_error(document, "No values in 'instances' array")
    if not isinstance(rows[0], dict) and len(specs) > 1:
        raise invalid(
            "instances is a plain list, but expecting list of objects as multiple input tensors "
            "required as per tensorinfo_map"
        )
    has_names, names = _is_object(rows[0]), specs.keys()
    for index, row in enumerate(rows):
        if _is_object(row) != has_names:
            kinds = "object but got list" if has_names else "value/list but got object"
            raise invalid(f"Expecting {kinds} at item {index} of input list")
        if has_names and row.keys() != names:
            raise _keys_error(index, row, names)
    if not has_names:
        return dict.fromkeys(list(specs)[:1], rows)
    return {name: [row[name] for row in rows] for name in specs}


def _keys_error(index, row, names):
    where = f"Failed to process element: {index}"
    for name in row:
        if name not in names:
            return invalid(
                f"{where} key: {name} of 'instances' list. Error: INVALID_ARGUMENT: JSON object: does "
                f"not have named input: {name}"
            )
    return invalid(
        f"{where} of 'instances' list. JSON object: {pretty(row)} keys must be equal to: "
        f"{','.join(sorted(names))}"
    )


def _columns(value, specs):
    """`{input name: value}`."""
    if _is_object(value):
        missing = [name for name in specs if name not in value]
        if missing:
            raise invalid(f"Missing named input: {missing[0]} in 'inputs' object.")
        return {name: value[name] for name in specs}
    if len(specs) > 1:
        raise invalid(
            "inputs is a plain value/list, but expecting an object as multiple input tensors required "
            "as per tensorinfo_map"
        )
    return dict.fromkeys(specs, value)


def _arrays(columns, specs, limits, explain=None):
    arrays = {}
    for name, value in columns.items():
        try:
            shape, values = flattened(value)
            if specs[name] == tf.string:
                limits.check("max_strings", len(values), f"strings in {name!r}")
            arrays[name] = typed(values, specs[name]).reshape(shape)
        except StatusError:
            if explain:
                explain(columns, specs)
            raise
    return arrays


def _explain_rows(columns, specs):
    """Raises an error that names the first row in which something is wrong."""
    bad = {name: _first_bad(rows, specs[name]) for name, rows in columns.items()}
    name = min(bad, key=bad.get)
    is_object = len(columns) > 1 or _is_object(columns[name][0])
    try:
        _check_row(columns[name][bad[name]], specs[name], columns[name][0])
    except StatusError as error:
        key = f" key: {name}" if is_object else ""
        raise invalid(
            f"Failed to process element: {bad[name]}{key} of 'instances' list. Error: {error}"
        ) from None


def _first_bad(rows, dtype):
    """The first of the rows that is no tensor of the first one's shape; their number if all are."""
    low, high = 0, len(rows)
    while low < high:
        middle = (low + high) // 2
        try:
            typed(flattened([rows[0], *rows[low : middle + 1]])[1], dtype)
            low = middle + 1
        except StatusError:
            high = middle
    return low


def _check_row(value, dtype, first):
    shape, values = flattened(value)
    typed(values, dtype)
    wanted, size = shape_of(first), len(flattened(first)[1])
    if len(values) != size:
        raise invalid(f"Expecting tensor size: {size} but got: {len(values)}")
    if shape != wanted:
        raise invalid(f"Expecting shape {_text(wanted)} but got: {_text(shape)}")


def _text(shape):
    return f"[{','.join(map(str, shape))}]"
