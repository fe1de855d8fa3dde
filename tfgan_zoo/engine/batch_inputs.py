"""Tensors beside images and labels that a model reads of its data: declared, checked, and handed on."""

import numpy as np
import tensorflow as tf

from tfgan_zoo.datasets.batch_input import BatchInput
from tfgan_zoo.engine import input_checks

_RESERVED = {"images", "labels", "texts", "image", "label", "text", "y"}


def declared(gan):
    """`{name: BatchInput}` of what a model reads beside images and its condition.

    Raises:
        TypeError: Something else than a `BatchInput`.
        ValueError: A name that means something else.
    """
    found = dict(gan.batch_inputs())
    for name, wanted in found.items():
        if not isinstance(wanted, BatchInput):
            raise TypeError(
                f"{type(gan).__name__}.batch_inputs() must give a tfgan_zoo.datasets.BatchInput for "
                f"{name!r}. Received: {wanted!r}."
            )
        if not isinstance(name, str) or name in _RESERVED:
            raise ValueError(
                f"{type(gan).__name__}.batch_inputs() must name tensors by strings, other than those "
                f"that a batch has already. Received: {name!r}."
            )
    return found


def taken(gan, batch):
    """`{name: values}` of what the model reads, of a dictionary or its like.

    Raises:
        ValueError: A name that is missing.
    """
    wanted = declared(gan)
    if missing := [name for name in wanted if name not in batch]:
        name = missing[0]
        meaning = f", {wanted[name].meaning}" if wanted[name].meaning else ""
        raise ValueError(
            f"{type(gan).__name__} reads {name!r} of its data{meaning}: {_expected(wanted[name])}. Give "
            f"dictionaries with {', '.join(map(repr, ['images', *wanted]))}. It is missing."
        )
    return {name: batch[name] for name in wanted}


def checked(gan, values, count, guess=False):
    """Arrays of `count` rows of what the model reads, `{name: array}`; others raise.

    `guess`: whether to refuse images that look as if they lay in [0, 1].
    """
    found = {
        name: _checked(name, wanted, values[name], count) for name, wanted in declared(gan).items()
    }
    for name in bright(gan, found) if guess else ():
        array = found[name]
        raise ValueError(input_checks.refusal_of_unit(array.min(), array.max(), name))
    return found


def bright(gan, arrays):
    """The names of images that look as if they lay in [0, 1], a set."""
    names = {"images"} | {name for name, wanted in declared(gan).items() if wanted.is_image}
    return {n for n in names & arrays.keys() if input_checks.looks_like_unit(arrays[n])}


def _checked(name, wanted, values, count):
    array = input_checks.as_array(values, name)
    if array.shape != (count, *wanted.shape):
        raise ValueError(
            f"{name!r} must have shape {(count, *wanted.shape)}, one for each image. Received: "
            f"{array.shape}."
        )
    _require_kind(name, wanted, tf.as_dtype(array.dtype))
    low, high = _bounds(wanted)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError(f"{name!r} contains NaN or infinity.")
    if array.size and not low <= array.min() <= array.max() <= high:
        raise ValueError(
            f"{name!r} must be {_expected(wanted)}. Received values from {array.min()} to {array.max()}."
        )
    return array.astype(tf.as_dtype(wanted.dtype).as_numpy_dtype)


def _bounds(wanted):
    """The least and the greatest value, of an integer those that its type holds."""
    dtype = tf.as_dtype(wanted.dtype)
    limits = (dtype.min, dtype.max) if dtype.is_integer else (-np.inf, np.inf)
    low = limits[0] if wanted.low is None else max(wanted.low, limits[0])
    return low, limits[1] if wanted.high is None else min(wanted.high, limits[1])


def _require_kind(name, wanted, dtype):
    """Integers do for floats; nothing else is converted to another kind."""
    kind = tf.as_dtype(wanted.dtype)
    fits = (
        dtype.is_floating or (dtype.is_integer and not wanted.is_image)
        if kind.is_floating
        else (dtype.is_integer if kind.is_integer else dtype == kind)
    )
    if not fits:
        raise TypeError(f"{name!r} must be {_expected(wanted)}. Received dtype {dtype.name}.")


def _expected(wanted):
    ends = [
        "-inf" if wanted.low is None else wanted.low,
        "inf" if wanted.high is None else wanted.high,
    ]
    bounds = "" if ends == ["-inf", "inf"] else f" in [{ends[0]}, {ends[1]}]"
    shape = ", ".join(["N", *map(str, wanted.shape)])
    return f"{tf.as_dtype(wanted.dtype).name} [{shape}]{bounds}"


def in_graph(gan, batch):
    """What the model reads of a batch of a data set, as tensors that are checked where they are read."""
    found = {}
    for name, wanted in declared(gan).items():
        values = tf.convert_to_tensor(batch[name])
        _require_kind(name, wanted, values.dtype)
        values = tf.ensure_shape(values, [None, *wanted.shape])
        low, high = _bounds(wanted)
        numbers = tf.cast(values, tf.float64)  # False for NaN
        is_good = tf.reduce_all((numbers >= low) & (numbers <= high) & tf.math.is_finite(numbers))
        message = f"A batch has {name!r} that are not finite, or not {_expected(wanted)}."
        with tf.control_dependencies([tf.debugging.Assert(is_good, [message])]):
            values = tf.cast(values, wanted.dtype)
            found[name] = tf.identity(values)
    return found


def joined(source, arrays):
    """The source with rows of these arrays, `{name: array [count, …]}`."""
    if not arrays:
        return source
    with tf.device("CPU:0"):
        tensors = {name: tf.convert_to_tensor(array) for name, array in arrays.items()}

    def fetch(indices, seed):
        rows = {name: tf.gather(tensor, indices) for name, tensor in tensors.items()}
        return source.fetch(indices, seed) | rows

    return source._replace(fetch=fetch)
