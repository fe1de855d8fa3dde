"""JSON as TensorFlow Serving reads and writes it, which is as RapidJSON does.

The parser is RapidJSON itself, by way of python-rapidjson, so that what is accepted and the text and
offset of a syntax error are the same. Strings are UTF-8 that need not be valid: a byte that is not
becomes a lone surrogate, and that byte again when written.
"""

import math
import re

import numpy as np
import rapidjson

from tfgan_zoo.serving.statuses import invalid

_INDENT = 4
_MAX_DEPTH = 500  # RapidJSON recurses: a body of a million brackets would overflow the stack
_OLDER_TEXTS = {  # TensorFlow Serving has RapidJSON 1.1.0, python-rapidjson a later one
    "Missing a comma or '}' after an object member.": "Missing a comma or } after an object member.",
    "Missing a comma or ']' after an array element.": "Missing a comma or ] after an array element.",
}
_OFFSET = re.compile(r"Parse error at offset (\d+): (.*)", re.DOTALL)
_INFINITIES = {"inf": "Infinity", "-inf": "-Infinity"}
_ESCAPES = {
    '"': '\\"',
    "\\": "\\\\",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
}
_ESCAPED = re.compile('["\\\\\x00-\x1f]')


class _Decoder(rapidjson.Decoder):
    def start_object(self):
        return []

    def end_object(self, pairs):
        """Of two equal keys the first counts."""
        return dict(reversed(pairs)) if len({k for k, _ in pairs}) < len(pairs) else dict(pairs)


class _ByteDecoder(_Decoder):
    """For text in which each character stands for a byte."""

    def string(self, text):
        try:
            return text.encode("latin-1").decode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            return text


def parse(body):
    """The value of a JSON text.

    Args:
        body: Bytes.

    Returns:
        None, bools, ints, floats, strings, lists and dicts.

    Raises:
        StatusError: INVALID_ARGUMENT, with RapidJSON's message and the offset in bytes.
    """
    if not body:
        raise invalid("JSON Parse error: The document is empty")
    _check_depth(body)
    try:
        return _decode(body)
    except rapidjson.JSONDecodeError as error:
        offset, message = _OFFSET.match(str(error)).groups()
        message = _OLDER_TEXTS.get(message, message)
        raise invalid(f"JSON Parse error: {message} at offset: {offset}") from None


def _decode(body):
    try:
        return _Decoder(number_mode=rapidjson.NM_NAN)(body.decode())
    except UnicodeDecodeError:
        return _ByteDecoder(number_mode=rapidjson.NM_NAN)(body.decode("latin-1"))


def _check_depth(body):
    if body.count(b"[") + body.count(b"{") <= _MAX_DEPTH:
        return
    text = np.frombuffer(body, np.uint8)
    opens, closes = np.isin(text, (91, 123)), np.isin(text, (93, 125))
    if np.max(np.cumsum(opens.astype(np.int32) - closes)) > _MAX_DEPTH:
        raise invalid(f"JSON Parse error: nested deeper than {_MAX_DEPTH} levels.")


def decimals(array):
    """Floats as TensorFlow Serving writes them: six digits where they are enough, else all.

    Args:
        array: float32 or float64, of any shape.

    Returns:
        A list of strings, the last index running fastest.
    """
    flat = array.ravel()
    values = flat.tolist()
    texts = [f"{value:g}" for value in values]
    with np.errstate(over="ignore"):
        exact = (np.array(texts, np.float64).astype(array.dtype) == flat).tolist()
    digits = 9 if array.dtype == np.float32 else 17
    return [
        _marked(text if is_exact else _unabridged(value, digits))
        for text, is_exact, value in zip(texts, exact, values, strict=True)
    ]


def _unabridged(value, digits):
    return "NaN" if math.isnan(value) else f"{value:.{digits}g}"


def _marked(text):
    """A whole number gets a point, so that it is known for a float."""
    if text in _INFINITIES:
        return _INFINITIES[text]
    return text if "." in text or "e" in text or text == "NaN" else text + ".0"


def decimal(value):
    """One float, np.float32 or np.float64; see `decimals`."""
    return decimals(np.asarray(value))[0]


def string(text):
    """A JSON string with its quotes; only quotes, backslashes and control characters are escaped."""
    return '"' + _ESCAPED.sub(_escape, text) + '"'


def _escape(match):
    character = match[0]
    return _ESCAPES.get(character) or f"\\u{ord(character):04X}"


def pretty(value, depth=0):
    """A value as an error message shows it: objects over several lines, arrays in one."""
    if isinstance(value, dict):
        return _pretty_object(value, depth)
    if isinstance(value, list):
        return "[" + ", ".join(pretty(item, depth + 1) for item in value) + "]"
    if isinstance(value, str):
        return string(value)
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, int) and -(2**63) <= value < 2**64:
        return str(value)
    return decimal(np.float32(value)) if depth == 0 and abs(value) < 3.4e38 else _double(value)


def _pretty_object(value, depth):
    if not value:
        return "{}"
    inner = " " * _INDENT * (depth + 1)
    rows = (f"{inner}{string(key)}: {pretty(item, depth + 1)}" for key, item in value.items())
    return "{\n" + ",\n".join(rows) + "\n" + " " * _INDENT * depth + "}"


def _double(value):
    """The shortest digits that give the same double, laid out as RapidJSON does."""
    if not math.isfinite(value):
        return decimal(np.float64(value))
    text = repr(float(value))
    if "e" not in text:
        return text
    mantissa, exponent = text.split("e")
    exponent = int(exponent)
    if 0 <= exponent < 21:
        return f"{int(float(value))}.0"
    if -6 <= exponent < 0:
        return f"{float(value):.{len(mantissa.replace('.', '').strip('-')) - exponent - 1}f}"
    return f"{mantissa.removesuffix('.0')}e{exponent}"


def type_name(value):
    """RapidJSON's name of a value's type."""
    if isinstance(value, bool):
        return "True" if value else "False"
    names = {type(None): "Null", dict: "Object", list: "Array", str: "String"}
    return names.get(type(value), "Number")
