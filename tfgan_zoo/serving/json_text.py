"""JSON as TensorFlow Serving reads and writes it, which is as RapidJSON does.

The parser is RapidJSON itself, by way of python-rapidjson, so that what is accepted and the text and
offset of a syntax error are the same. Strings are UTF-8 that need not be valid: a byte that is not
becomes a lone surrogate, and that byte again when written.
"""

import math
import re

import numpy as np

from tfgan_zoo.extras import needed_by
from tfgan_zoo.serving.limits import DEFAULTS
from tfgan_zoo.serving.statuses import invalid

with needed_by("The embedded server"):
    import rapidjson

_INDENT = 4
_MAX_DEPTH = 500  # RapidJSON recurses: a body of a million brackets would overflow the stack
_MAX_SHOWN, _MAX_SHOWN_DEPTH = 4000, 20  # characters and levels of a value in a message
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
        found = dict(pairs)
        return found if len(found) == len(pairs) else dict(reversed(pairs))


class _ByteDecoder(_Decoder):
    """For text in which each character stands for a byte."""

    def string(self, text):
        try:
            return text.encode("latin-1").decode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            return text


def parse(body, limits=DEFAULTS):
    """The value of a JSON text.

    Args:
        body: Bytes.
        limits: `Limits`; of these, `max_json_values`.

    Returns:
        None, bools, ints, floats, strings, lists and dicts.

    Raises:
        StatusError: INVALID_ARGUMENT, with RapidJSON's message and the offset in bytes, or for more
            values or levels than are taken.
    """
    if not body:
        raise invalid("JSON Parse error: The document is empty")
    _check_size(body, limits)
    try:
        return _decode(body)
    except rapidjson.JSONDecodeError as error:
        offset, message = _OFFSET.match(str(error)).groups()
        message = _OLDER_TEXTS.get(message, message)
        raise invalid(f"JSON Parse error: {message} at offset: {offset}") from None
    except ValueError:  # an integer of more digits than Python converts
        raise invalid("JSON Parse error: Number too big to be stored in double.") from None


def _decode(body):
    try:
        return _Decoder(number_mode=rapidjson.NM_NAN)(body.decode())
    except UnicodeDecodeError:
        return _ByteDecoder(number_mode=rapidjson.NM_NAN)(body.decode("latin-1"))


def _check_size(body, limits):
    """Counts values and levels before there are objects for them; what is in strings does not count."""
    levels = body.count(b"[") + body.count(b"{")
    values = 1 + levels + body.count(b",") + body.count(b":")
    if levels <= _MAX_DEPTH and values <= limits.max_json_values:
        return
    text = np.frombuffer(body.replace(rb"\\", b"").replace(rb"\"", b""), np.uint8)
    text = text[~np.logical_xor.accumulate(text == ord('"'))]
    opens, closes = ((text == a) | (text == b) for a, b in (b"[{", b"]}"))
    values = 1 + np.count_nonzero(opens | (text == ord(",")) | (text == ord(":")))
    limits.check("max_json_values", values, "values in the JSON body")
    steps = opens.astype(np.int8) - closes.astype(np.int8)
    if np.max(np.cumsum(steps, dtype=np.int32), initial=0) > _MAX_DEPTH:
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


def pretty(value):
    """A value as an error message shows it, and no more than the beginning of a large one."""
    shown, left = [], _MAX_SHOWN
    for piece in _pieces(value, 0):
        if len(piece) > left:
            return "".join(shown) + piece[:left] + "…"
        shown.append(piece)
        left -= len(piece)
    return "".join(shown)


def _pieces(value, depth):
    """The text of a value bit by bit: objects over several lines, arrays in one."""
    if isinstance(value, (dict, list)):
        yield from _nested_pieces(value, depth)
    elif isinstance(value, str):
        yield string(value[: _MAX_SHOWN + 1])
    elif isinstance(value, bool) or value is None:
        yield {True: "true", False: "false", None: "null"}[value]
    elif isinstance(value, int) and -(2**63) <= value < 2**64:
        yield str(value)
    elif depth == 0 and abs(value) < 3.4e38:
        yield decimal(np.float32(value))
    else:
        yield _double(value)


def _nested_pieces(value, depth):
    is_object = isinstance(value, dict)
    opening, closing = "{}" if is_object else "[]"
    if depth >= _MAX_SHOWN_DEPTH or not value:
        yield f"{opening}{'…' if value else ''}{closing}"
        return
    inner, outer = ("\n" + " " * _INDENT * n if is_object else "" for n in (depth + 1, depth))
    between = "," if is_object else ", "
    for index, key in enumerate(value):
        yield (between if index else opening) + inner + (f"{string(key)}: " if is_object else "")
        yield from _pieces(value[key] if is_object else key, depth + 1)
    yield outer + closing


def _double(value):
    """The shortest digits that give the same double, laid out as RapidJSON does."""
    if isinstance(value, int):  # beyond 64 bits
        value = as_double(value)
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


def as_double(value):
    """An int beyond 64 bits as RapidJSON reads it.

    Raises:
        StatusError: INVALID_ARGUMENT for one beyond the range of doubles.
    """
    try:
        return float(value)
    except OverflowError:
        raise invalid("JSON Parse error: Number too big to be stored in double.") from None


def type_name(value):
    """RapidJSON's name of a value's type."""
    if isinstance(value, bool):
        return "True" if value else "False"
    names = {type(None): "Null", dict: "Object", list: "Array", str: "String"}
    return names.get(type(value), "Number")
