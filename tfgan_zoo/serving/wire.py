"""Counts what is in a serialized request before there is an object for every part of it.

A message of a few megabytes can hold millions of map entries or strings, which take protobuf seconds to
build, and during which nothing else in the process runs.
"""

from google.protobuf.message import DecodeError

from tfgan_zoo.serving.statuses import invalid

_SMALL = 1 << 18  # bytes; a smaller message is parsed without a look at it
_MAX_FIELDS = 1000  # of a request, and of a shape
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_INPUTS = _VALUE = _SHAPE = 2  # PredictRequest.inputs, its entries' value, TensorProto.tensor_shape
_HANDLES = (14, 15)  # TensorProto.resource_handle_val and variant_val, which no request needs


def parse(message_class, data, limits):
    """The message in bytes.

    Args:
        message_class: Of the request.
        data: Bytes.
        limits: `Limits`; of these, `max_strings`.

    Raises:
        StatusError: INVALID_ARGUMENT for what is no such message, or holds too many parts.
    """
    name = message_class.DESCRIPTOR.name
    try:
        if len(data) > _SMALL:
            _check(memoryview(data), name, limits)
        return message_class.FromString(data)
    except (DecodeError, IndexError, ValueError):
        raise invalid(f"The request is no {name}: its bytes cannot be parsed.") from None


def is_truncated(data):
    """Whether the bytes of a message end within one of its fields."""
    try:
        list(_parts(memoryview(data), len(data), ""))
    except IndexError:
        return True
    except ValueError:
        pass
    return False


def _check(data, name, limits):
    if name != "PredictRequest":
        raise invalid(f"A {name} of {len(data)} bytes; this server takes {_SMALL} at most.")
    for number, entry in _parts(data, _MAX_FIELDS, "fields in the request"):
        if number == _INPUTS:
            for part, tensor in _parts(entry, _MAX_FIELDS, "fields in an input"):
                if part == _VALUE:
                    _check_tensor(tensor, limits)


def _check_tensor(data, limits):
    most = max(limits.max_strings, _MAX_FIELDS)
    for number, content in _parts(data, most, "values in a tensor, one by one"):
        if number in _HANDLES:
            raise invalid("A tensor of resources or variants, which no request may hold.")
        if number == _SHAPE:
            list(_parts(content, _MAX_FIELDS, "dimensions of a tensor"))


def _parts(data, most, what):
    """`(number, content)` of a message's fields of bytes; refuses a message of too many fields.

    Raises:
        StatusError: INVALID_ARGUMENT.
        IndexError, ValueError: Bytes that are no message.
    """
    position, count = 0, 0
    while position < len(data):
        count += 1
        if count > most:
            raise invalid(f"More than {most} {what}; send numbers packed, or see --max_strings.")
        tag, position = _varint(data, position)
        kind = tag & 7
        if kind == _BYTES:
            size, position = _varint(data, position)
            yield tag >> 3, data[position : position + size]
            position += size
        elif kind == _VARINT:
            _, position = _varint(data, position)
        elif kind in (_FIXED32, _FIXED64):
            position += 4 if kind == _FIXED32 else 8
        else:
            raise ValueError(f"a field of kind {kind}")
    if position > len(data):
        raise IndexError("a field beyond the end")


def _varint(data, position):
    value, shift = 0, 0
    while True:
        byte = data[position]
        value |= (byte & 127) << shift
        position, shift = position + 1, shift + 7
        if byte < 128:
            return value, position
        if shift > 63:
            raise ValueError("a varint of more than ten bytes")
