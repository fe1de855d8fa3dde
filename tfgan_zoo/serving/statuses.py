"""Statuses of a request: the codes of gRPC, and how HTTP shows them."""

import grpc

Code = grpc.StatusCode
_MAX_BYTES = 7500
_BY_NUMBER = {code.value[0]: code for code in Code}
HTTP = {  # tensorflow_serving/model_servers/http_server.cc
    Code.OK: 200,
    Code.CANCELLED: 499,
    Code.UNKNOWN: 500,
    Code.INVALID_ARGUMENT: 400,
    Code.DEADLINE_EXCEEDED: 504,
    Code.NOT_FOUND: 404,
    Code.ALREADY_EXISTS: 409,
    Code.PERMISSION_DENIED: 403,
    Code.UNAUTHENTICATED: 401,
    Code.RESOURCE_EXHAUSTED: 429,
    Code.FAILED_PRECONDITION: 400,
    Code.ABORTED: 409,
    Code.OUT_OF_RANGE: 400,
    Code.UNIMPLEMENTED: 501,
    Code.INTERNAL: 500,
    Code.UNAVAILABLE: 503,
    Code.DATA_LOSS: 500,
}


class StatusError(RuntimeError):
    """A request, or the loading of a model, that ended with a status other than OK.

    Attributes:
        code: A `grpc.StatusCode`.
        message: What the client is told.
    """

    def __init__(self, code: grpc.StatusCode, message: str):
        self.code, self.message = code, message
        super().__init__(f"{code.name}: {message}")


OK = StatusError(Code.OK, "")


def shortened(message):
    """A message that fits into the metadata of gRPC, where each byte that is not ASCII takes three."""
    most = _MAX_BYTES if message.isascii() else _MAX_BYTES // 3
    content = message.encode("utf-8", "replace")
    return content[:most].decode("utf-8", "ignore") + ("…" if len(content) > most else "")


def invalid(message):
    """What most mistakes of a client become."""
    return StatusError(Code.INVALID_ARGUMENT, message)


def not_found(message):
    """A model, version or file that is not there."""
    return StatusError(Code.NOT_FOUND, message)


def precondition(message):
    """A request that the server's state does not allow."""
    return StatusError(Code.FAILED_PRECONDITION, message)


def from_exception(error):
    """The status of an exception, such as a `tf.errors.OpError`; INTERNAL for what nobody foresaw."""
    if isinstance(error, StatusError):
        return error
    code = _BY_NUMBER.get(getattr(error, "error_code", None), Code.INTERNAL)
    return StatusError(code, getattr(error, "message", None) or str(error) or type(error).__name__)
