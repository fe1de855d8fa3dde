"""Bodies of REST requests: read within limits of size and time, and unpacked."""

import asyncio
import contextlib
import zlib

from tfgan_zoo.extras import needed_by
from tfgan_zoo.serving.core import SMALL
from tfgan_zoo.serving.statuses import Code, StatusError, invalid

with needed_by("The embedded server"):
    from aiohttp import web_protocol

_GZIP = 31  # zlib's window bits for gzip and nothing else
_PIECE = 1 << 20
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Refused(StatusError):
    """A body that is answered by a status of HTTP which no code of gRPC has.

    Attributes:
        status: Of HTTP.
    """

    def __init__(self, status, message):
        self.status = status
        super().__init__(Code.INVALID_ARGUMENT, message)


def check_headers(request, limits):
    """Refuses a body by its headers, before it is sent.

    Returns:
        Whether it is packed.

    Raises:
        Refused: Too long, or an expectation other than 100-continue.
        StatusError: INVALID_ARGUMENT for a Content-Encoding other than gzip, as it would be no JSON for
            a real server either.
    """
    if (request.content_length or 0) > limits.max_body_bytes:
        raise _too_large(limits)
    expectation = request.headers.get("Expect", "").strip().lower()
    if expectation not in ("", "100-continue"):
        raise Refused(
            417, f"Expect: {expectation[:100]} is not supported; send 100-continue or none."
        )
    encodings = ",".join(request.headers.getall("Content-Encoding", []))
    encoding = encodings.strip().lower()
    if encoding not in ("", "identity", "gzip", "x-gzip"):
        raise invalid(
            f"Content-Encoding: {encodings[:100]} is not supported; send gzip or a plain body."
        )
    if expectation and request.version >= (1, 1):
        request.transport.write(_CONTINUE)
    return "gzip" in encoding


async def read(request, core, seconds):
    """The body of a request, unpacked, as bytes.

    Args:
        request: `aiohttp.web.BaseRequest`.
        core: `Core`, which holds the limits and counts the bytes in memory.
        seconds: How long the client may take to send it.

    Raises:
        Refused: Too long, also when unpacked, or too slow.
        StatusError: INVALID_ARGUMENT for what is not what its headers say; RESOURCE_EXHAUSTED where too
            many large bodies are under way.
    """
    is_packed = check_headers(request, core.limits)
    try:
        async with asyncio.timeout(seconds):
            body = await _received(request, core)
    except TimeoutError:
        raise Refused(
            408, f"The body did not come within {seconds:g} s (--body_timeout_seconds)."
        ) from None
    except web_protocol.RequestPayloadError as error:
        raise invalid(f"Malformed body: {error}") from None
    if not is_packed:
        return body
    return await core.convert(core.limits.max_body_bytes, unpacked, body, core.limits)


async def _received(request, core):
    body, counted = bytearray(), 0
    with contextlib.ExitStack() as held:
        while chunk := await request.content.readany():
            body += chunk
            if len(body) > core.limits.max_body_bytes:
                raise _too_large(core.limits)
            if len(body) > counted + SMALL:
                held.enter_context(core.holding(len(body) - counted))
                counted = len(body)
    return bytes(body)


def unpacked(data, limits):
    """The content of a gzip file, which is given up as soon as it is too long.

    Raises:
        Refused: More than `max_body_bytes`.
        StatusError: INVALID_ARGUMENT for no gzip file, or one with something behind its end.
    """
    unpacker, content = zlib.decompressobj(_GZIP), bytearray()
    try:
        while data and not unpacker.eof:
            content += unpacker.decompress(data, _PIECE)
            if len(content) > limits.max_body_bytes:
                raise _too_large(limits)
            data = unpacker.unconsumed_tail
    except zlib.error as error:
        raise invalid(f"Malformed body: not gzip, as Content-Encoding says: {error}") from None
    if not unpacker.eof or unpacker.unused_data:
        raise invalid("Malformed body: the gzip file ends too early, or something follows it.")
    return bytes(content)


def _too_large(limits):
    return Refused(
        413,
        f"The body is larger than this server takes: {limits.max_body_bytes} bytes "
        "(--max_body_bytes).",
    )
