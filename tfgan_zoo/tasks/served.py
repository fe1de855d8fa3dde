"""What served signatures answer to rows that nothing can be drawn for."""

import tensorflow as tf


def guarded(function, signature, ranges):
    """An endpoint that answers such a row with NaN, or with an empty string for a file, and all others
    as ever: a server runs rows of several requests together, so an error would meet those of others.

    Such a row has a class that does not exist, a truncation outside (0, 1], or NaN or infinity.

    Args:
        function: From tensors with a batch dimension to `{name: tensor}` with the same.
        signature: Their `tf.TensorSpec`s.
        ranges: `{input: n}` of inputs whose values are classes in [0, n).
    """
    names = [spec.name for spec in signature]
    if not any(spec.name in ranges or spec.dtype.is_floating for spec in signature):
        return function  # seeds and texts may be any

    def answer(*inputs):
        fits = [_fits(*pair, ranges) for pair in zip(names, inputs, strict=True)]
        fits = tf.reduce_all(tf.stack([row for row in fits if row is not None]), axis=0)
        pairs = zip(names, inputs, strict=True)
        outputs = function(*(where(fits, value, _substitute(name, value)) for name, value in pairs))
        return {name: where(fits, value, _blank(value)) for name, value in outputs.items()}

    return answer


def _fits(name, value, ranges):
    """Which rows are in range, bools `[B]`; None for an input of which every value is."""
    if name in ranges:
        fits = (value >= 0) & (value < ranges[name])
    elif name == "truncation":
        fits = (value > 0) & (value <= 1)  # False for NaN
    elif value.dtype.is_floating:
        fits = tf.abs(value) <= value.dtype.max  # False for NaN, and in ONNX too, unlike is_finite
    else:
        return None
    return tf.reduce_all(fits, axis=list(range(1, value.shape.rank)))


def _substitute(name, value):
    if name == "truncation":
        return tf.ones_like(value)
    return value if value.dtype == tf.string else tf.zeros_like(value)


def _blank(value):
    if value.dtype == tf.string:
        return tf.fill(tf.shape(value), "")
    return tf.constant(float("nan"), value.dtype)  # a constant: ONNX multiplies by others than NaN


def where(fits, value, other):
    """The rows of `value` `[B, …]` where `fits` `[B]`, and those of `other`, or a number, elsewhere."""
    if other is value:
        return value
    return tf.where(tf.reshape(fits, [-1] + [1] * (value.shape.rank - 1)), value, other)
