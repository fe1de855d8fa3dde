"""A client's calls by gRPC."""

from typing import NamedTuple

import grpc
from google.protobuf import message

from tfgan_zoo.serving import arrays, protos
from tfgan_zoo.serving.client_errors import WrongServer, shown
from tfgan_zoo.serving.statuses import Code, StatusError

SIGNATURES = "signature_def"
_STATES = {0: "UNKNOWN", 10: "START", 20: "LOADING", 30: "AVAILABLE", 40: "UNLOADING", 50: "END"}


class Spec(NamedTuple):
    """Which model, and which of its versions."""

    model: str
    version: int | None = None
    label: str | None = None


class Grpc:
    """Calls by gRPC.

    Args:
        target: "host:port".
        credentials: `grpc.ChannelCredentials` for TLS, or None.
        max_answer_bytes: Int. Longer answers are refused.
    """

    sends_dtypes = True

    def __init__(self, target, credentials=None, max_answer_bytes=1 << 26):
        self._target, self._credentials, self.shown = target, credentials, target
        self._options = [
            ("grpc.max_receive_message_length", max_answer_bytes),
            ("grpc.max_send_message_length", -1),
        ]
        self._channel = None

    async def predict(self, spec, signature, inputs, timeout):
        """Outputs `{name: array}` of a signature."""
        request = self._request("PredictRequest", spec)
        request.model_spec.signature_name = signature
        for name, array in inputs.items():
            arrays.to_message(array, request.inputs[name])
        answer = await self._call("PredictionService/Predict", request, timeout)
        return {name: _output(name, tensor) for name, tensor in answer.outputs.items()}

    async def metadata(self, spec, timeout):
        """`{signature: {"inputs": {name: TensorSpec}, "outputs": …}}`."""
        request = self._request("GetModelMetadataRequest", spec)
        request.metadata_field.append(SIGNATURES)
        answer = await self._call("PredictionService/GetModelMetadata", request, timeout)
        found = _parsed("SignatureDefMap", answer.metadata[SIGNATURES].value)
        return {
            name: {"inputs": _specs(value.inputs), "outputs": _specs(value.outputs)}
            for name, value in found.signature_def.items()
        }

    async def status(self, spec, timeout):
        """`{version: state}`."""
        request = self._request("GetModelStatusRequest", spec)
        answer = await self._call("ModelService/GetModelStatus", request, timeout)
        rows = answer.model_version_status
        return {row.version: _STATES.get(row.state, str(row.state)) for row in rows}

    def _request(self, kind, spec):
        request = getattr(protos, kind)()
        request.model_spec.name = spec.model
        if spec.version is not None:
            request.model_spec.version.value = spec.version
        elif spec.label is not None:
            request.model_spec.version_label = spec.label
        return request

    async def _call(self, method, request, timeout):
        method = self._open().unary_unary(
            f"/tensorflow.serving.{method}", type(request).SerializeToString
        )
        try:
            content = await method(request, timeout=timeout)
        except grpc.aio.AioRpcError as error:
            raise _grpc_error(error.code(), shown(error.details() or "")) from None
        return _parsed(type(request).__name__.replace("Request", "Response"), content)

    def _open(self):
        """The channel, which belongs to the event loop of the first call."""
        if self._channel is None and self._credentials is None:
            self._channel = grpc.aio.insecure_channel(self._target, options=self._options)
        elif self._channel is None:
            arguments = (self._target, self._credentials, self._options)
            self._channel = grpc.aio.secure_channel(*arguments)
        return self._channel

    async def close(self):
        if self._channel is not None:
            await self._channel.close()


def _parsed(kind, content):
    """The message in bytes. gRPC itself would only log that there is none, and answer None."""
    try:
        return getattr(protos, kind).FromString(content)
    except message.DecodeError as error:
        raise WrongServer(Code.UNKNOWN, f"an answer that is no {kind}: {shown(error)}") from None


def _grpc_error(code, details):
    if code == Code.UNIMPLEMENTED:
        hint = "Is that the gRPC port of TensorFlow Serving?"
        return WrongServer(code, f"{details or 'no such method'}. {hint}")
    if "http1.x server" in details or "Trying to connect an http1" in details:
        hint = "If it is the REST port, write http:// before it."
        return WrongServer(code, f"the server speaks HTTP/1, not gRPC. {hint}")
    if "Received message larger than max" in details:
        return WrongServer(code, f"{details}. Ask for fewer rows, or raise max_answer_bytes.")
    return StatusError(code, details)


def _output(name, tensor):
    try:
        return arrays.from_message(tensor)
    except (ValueError, TypeError, OverflowError) as error:
        raise WrongServer(Code.UNKNOWN, f"output {name!r} is {error}") from None


def _specs(infos):
    def spec(info):
        sizes = tuple(dim.size if dim.size >= 0 else None for dim in info.tensor_shape.dim)
        shape = None if info.tensor_shape.unknown_rank else sizes
        return arrays.TensorSpec(shape, arrays.dtype_name(info.dtype))

    return {name: spec(info) for name, info in infos.items()}
