"""The JSON tensor codec: properties, and rules that no transcript shows."""

import base64
import json
import math

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from tensorflow.core.framework import tensor_pb2

from tfgan_zoo.serving import json_inputs, json_outputs, json_text, tensors
from tfgan_zoo.serving.json_inputs import COLUMNAR, ROW
from tfgan_zoo.serving.statuses import StatusError

DTYPES = [
    np.float32,
    np.float64,
    np.int32,
    np.int64,
    np.uint8,
    np.int8,
    np.int16,
    np.uint32,
    np.uint64,
]
arrays = st.sampled_from([*DTYPES, np.bool_]).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=1, max_dims=3, max_side=4))
)


def same(ours, theirs):
    assert ours.dtype == theirs.dtype and ours.shape == theirs.shape
    np.testing.assert_array_equal(ours, theirs)


@given(array=arrays)
def test_columns_survive_a_round_trip(array):
    """What is answered can be asked: every value of every dtype comes back with all its bits."""
    spec = {"x": tf.dtypes.as_dtype(array.dtype)}
    answer = json_text.parse(json_outputs.text_of({"x": array}, COLUMNAR))
    if array.dtype.kind == "f" and np.any(np.abs(array[np.isfinite(array)]) >= 2.0**24):
        return  # a float that is written as a large whole number is refused, as the next test shows
    found, form = json_inputs.inputs_from({"inputs": answer["outputs"]}, spec)
    assert form == COLUMNAR
    same(found["x"], array)


@given(array=arrays)
def test_rows_survive_a_round_trip(array):
    spec = {"x": tf.dtypes.as_dtype(array.dtype)}
    answer = json_text.parse(json_outputs.text_of({"x": array}, ROW))
    if array.dtype.kind == "f" and np.any(np.abs(array[np.isfinite(array)]) >= 2.0**24):
        return
    found, _ = json_inputs.inputs_from({"instances": answer["predictions"]}, spec)
    same(found["x"], array)


@given(values=st.lists(st.binary(max_size=20), min_size=1, max_size=4))
def test_bytes_survive_a_round_trip(values):
    array = np.array([None, *values], object)[1:]
    text = json_outputs.text_of({"x_bytes": array, "y": array}, ROW)
    rows = json_text.parse(text)["predictions"]
    found, _ = json_inputs.inputs_from(
        {"instances": [row["x_bytes"] for row in rows]}, {"x": tf.string}
    )
    assert list(found["x"]) == values
    assert [row["y"].encode("utf-8", "surrogateescape") for row in rows] == values


@given(value=st.floats(width=32) | st.floats())
def test_decimals_hold_every_bit(value):
    for kind in (np.float32, np.float64):
        with np.errstate(over="ignore"):
            number = kind(value)
        text = json_text.decimal(number)
        again = kind({"NaN": "nan"}.get(text, text))
        assert again == number or (math.isnan(again) and math.isnan(number))


@given(array=arrays | hnp.arrays(np.float16, 3))
@example(array=np.array([0, 2**64 - 1], np.uint64))
def test_messages_survive_a_round_trip(array):
    same(tensors.from_message("x", tensors.to_message(array)), array)
    same(tensors.from_message("x", tf.make_tensor_proto(array)), array)


@given(
    value=st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**63), 2**64 - 1)
        | st.floats(allow_nan=False)
        | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=8,
    )
)
def test_pretty_is_json(value):
    text = json_text.pretty({"x": value})
    assert json.loads(text) == {"x": value}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1, "0.1"),
        (3.0, "3.0"),
        (1e6, "1e+06"),
        (1234567.0, "1234567.0"),
        (1 / 3, "0.333333343"),
        (3e-5, "3e-05"),
        (-0.0, "-0.0"),
        (float("inf"), "Infinity"),
        (float("nan"), "NaN"),
    ],
)
def test_float32_texts(value, text):
    assert json_text.decimal(np.float32(value)) == text


@pytest.mark.parametrize(
    ("document", "dtype", "message"),
    [
        (
            {"inputs": [16777216]},
            tf.float32,
            "Cannot convert JSON value: 16777216 to float without loss",
        ),
        ({"inputs": [1e39]}, tf.float32, "Cannot convert JSON value: 1e39 to float without loss"),
        (
            {"inputs": ["a"]},
            tf.float32,
            'JSON Value: "a" Type: String is not of expected type: float',
        ),
        ({"inputs": [2**31]}, tf.int32, "2147483648 Type: Number is not of expected type: int32"),
        ({"inputs": [256]}, tf.uint8, "256 Type: Number is not of expected type: uint8"),
        (
            {"instances": [1, -129]},
            tf.int8,
            "element: 1 of 'instances' list. Error: INVALID_ARGUMENT",
        ),
        ({"inputs": [1.0]}, tf.int64, "1.0 Type: Number is not of expected type: int64"),
        ({"inputs": [-1]}, tf.uint32, "-1 Type: Number is not of expected type: uint32"),
        ({"inputs": [1]}, tf.bool, "1 Type: Number is not of expected type: bool"),
        ({"inputs": [1]}, tf.float16, "UNIMPLEMENTED: Conversion of JSON Value: 1 to type: half"),
        ({"inputs": [{"b64": "!"}]}, tf.string, "Unable to base64 decode"),
        ({"inputs": [{"b64": 1}]}, tf.string, "not formatted correctly for base64 data"),
        ({"inputs": [[1], [1, 2]]}, tf.int32, "unexpected size: 2 at level: 1 expected size: 1"),
        ({"inputs": [1, [2]]}, tf.int32, "list at unexpected level: 1 expected < 1"),
        (
            {"inputs": [[1], 2]},
            tf.int32,
            "JSON Value: 2 found at incorrect level: 2 in the JSON DOM",
        ),
        ({"instances": [[1], [1, 2]]}, tf.int32, "Expecting tensor size: 1 but got: 2"),
        ({"instances": [[[1, 2]], [[1], [2]]]}, tf.int32, "Expecting shape [1,2] but got: [2,1]"),
        ({"instances": [{"x": 1}, 2]}, tf.int32, "Expecting object but got list at item 1"),
        ({"instances": [{}]}, tf.int32, "JSON object: {} keys must be equal to: x"),
        ({"instances": 3}, tf.int32, "Excepting 'instances' to be an list/array"),
        (
            {"instances": [1], "inputs": [1]},
            tf.int32,
            "expecting only one of 'inputs' or 'instances'",
        ),
        ({}, tf.int32, "Missing 'inputs' or 'instances' key"),
    ],
)
def test_refusals(document, dtype, message):
    with pytest.raises(StatusError) as error:
        json_inputs.inputs_from(document, {"x": dtype})
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "JSON Parse error: The document is empty"),
        (b"  ", "JSON Parse error: The document is empty. at offset: 2"),
        (b"{", "JSON Parse error: Missing a name for object member. at offset: 1"),
        (
            b'{"a" 1}',
            "JSON Parse error: Missing a colon after a name of object member. at offset: 5",
        ),
        (b'{"a": 1} x', "must not be followed by other values. at offset: 9"),
        (b'{"a": tru}', "JSON Parse error: Invalid value. at offset: 9"),
        (
            b'{"a": "\xff"',
            "JSON Parse error: Missing a comma or } after an object member. at offset: 10",
        ),
    ],
)
def test_syntax_errors(body, message):
    with pytest.raises(StatusError) as error:
        json_text.parse(body)
    assert message in error.value.message


def test_strings_that_are_no_utf8():
    value = json_text.parse(b'{"inputs": ["\xff\xfe", "\xc3\xa9"]}')
    found, _ = json_inputs.inputs_from(value, {"x": tf.string})
    assert list(found["x"]) == [b"\xff\xfe", b"\xc3\xa9"]
    assert b'"\xff\xfe"' in json_outputs.text_of(found, COLUMNAR)


def test_the_first_of_two_equal_keys_counts():
    assert json_text.parse(b'{"a": 1, "b": 2, "a": 3}') == {"b": 2, "a": 1}


def test_values_of_a_message_repeat_or_are_cut():
    message = tensors.to_message(np.array([1.0, 2.0], np.float32))
    message.tensor_shape.dim[0].size = 4
    assert tensors.from_message("x", message).tolist() == [1, 2, 2, 2]
    message.tensor_shape.dim[0].size = 1
    assert tensors.from_message("x", message).tolist() == [1]
    message.tensor_shape.dim[0].size = -1
    with pytest.raises(StatusError, match="tensor parsing error: x"):
        tensors.from_message("x", message)


def test_integers_that_a_dtype_cannot_hold():
    """A real server wraps them: a uint8 of 256 is its 0."""
    for dtype, value in (
        *((tf.uint8, 256), (tf.uint8, -1), (tf.int8, 128), (tf.uint16, 65536), (tf.int16, 32768)),
        *((tf.float16, 65536), (tf.bfloat16, -1)),  # the bits of a half
    ):
        message = tensor_pb2.TensorProto(dtype=dtype.as_datatype_enum)
        message.tensor_shape.dim.add(size=2)
        getattr(message, tensors._FIELDS[dtype]).extend([1, value])
        with pytest.raises(StatusError, match=f"INVALID_ARGUMENT: .* cannot hold {value}"):
            tensors.from_message("x", message)


def test_base64_of_outputs():
    text = json_outputs.text_of({"image_bytes": np.array([b"\x89PNG"], object)}, COLUMNAR)
    assert json.loads(text) == {"outputs": [{"b64": base64.b64encode(b"\x89PNG").decode()}]}
