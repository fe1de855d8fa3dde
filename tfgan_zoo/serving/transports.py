"""How a client's calls travel: by gRPC or by REST, with the same arguments and errors."""

import asyncio
import base64
import threading

import grpc
import httpx
import numpy as np
import tensorflow as tf
from google.protobuf import json_format
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from tfgan_zoo.serving.statuses import HTTP, Code, StatusError
from tfgan_zoo.serving.tensors import from_message

_UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
_CODES = {status: code for code, status in reversed(HTTP.items())}  # 400 is INVALID_ARGUMENT
_SIGNATURES = "signature_def"


class Grpc:
    """Calls by gRPC.

    Args:
        target: "host:port".
        credentials: `grpc.ChannelCredentials` for TLS, or None.
    """

    def __init__(self, target, credentials=None):
        if credentials is None:
            self._channel = grpc.aio.insecure_channel(target, options=_UNLIMITED)
        else:
            self._channel = grpc.aio.secure_channel(target, credentials, options=_UNLIMITED)
        self._predictions = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)
        self._models = model_service_pb2_grpc.ModelServiceStub(self._channel)

    async def predict(self, spec, inputs, timeout):
        """Outputs `{name: array}` of a signature."""
        request = predict_pb2.PredictRequest(model_spec=spec)
        for name, array in inputs.items():
            request.inputs[name].CopyFrom(tf.make_tensor_proto(array))
        response = await self._call(self._predictions.Predict, request, timeout)
        return {name: from_message(name, message) for name, message in response.outputs.items()}

    async def metadata(self, spec, timeout):
        """The model's `SignatureDefMap`."""
        request = get_model_metadata_pb2.GetModelMetadataRequest(
            model_spec=spec, metadata_field=[_SIGNATURES]
        )
        response = await self._call(self._predictions.GetModelMetadata, request, timeout)
        signatures = get_model_metadata_pb2.SignatureDefMap()
        response.metadata[_SIGNATURES].Unpack(signatures)
        return signatures

    async def status(self, spec, timeout):
        """The model's `GetModelStatusResponse`."""
        request = get_model_status_pb2.GetModelStatusRequest(model_spec=spec)
        return await self._call(self._models.GetModelStatus, request, timeout)

    async def _call(self, method, request, timeout):
        try:
            return await method(request, timeout=timeout)
        except grpc.aio.AioRpcError as error:
            raise StatusError(error.code(), error.details()) from None

    async def close(self):
        await self._channel.close()


class Rest:
    """Calls by REST.

    Args:
        url: "http://host:port" or "https://…".
        verify: As for `httpx.AsyncClient`: an `ssl.SSLContext`, or False not to check certificates.
    """

    def __init__(self, url, verify=True):
        self._http = httpx.AsyncClient(base_url=url.rstrip("/"), verify=verify)

    async def predict(self, spec, inputs, timeout):
        """Outputs `{name: array}` of a signature. Numbers come without a dtype: floats are float32."""
        body = {"inputs": {name: _plain(array) for name, array in inputs.items()}}
        if spec.signature_name:
            body["signature_name"] = spec.signature_name
        outputs = (await self._call("POST", f"{_path(spec)}:predict", timeout, body))["outputs"]
        if isinstance(outputs, dict) and "b64" not in outputs:
            return {name: _array(value) for name, value in outputs.items()}
        return {"": _array(outputs)}  # REST leaves the name of a single output out

    async def metadata(self, spec, timeout):
        """The model's `SignatureDefMap`."""
        answer = await self._call("GET", f"{_path(spec)}/metadata", timeout)
        signatures = get_model_metadata_pb2.SignatureDefMap()
        return json_format.ParseDict(answer["metadata"][_SIGNATURES], signatures)

    async def status(self, spec, timeout):
        """The model's `GetModelStatusResponse`."""
        answer = await self._call("GET", _path(spec), timeout)
        return json_format.ParseDict(answer, get_model_status_pb2.GetModelStatusResponse())

    async def _call(self, method, path, timeout, body=None):
        try:
            answer = await self._http.request(method, path, json=body, timeout=timeout)
            value = answer.json()
        except httpx.TimeoutException:
            raise StatusError(Code.DEADLINE_EXCEEDED, f"no answer within {timeout} s") from None
        except httpx.TransportError as error:
            raise StatusError(Code.UNAVAILABLE, str(error) or type(error).__name__) from None
        except ValueError:
            raise StatusError(
                Code.UNKNOWN, f"HTTP {answer.status_code}: {answer.text[:200]}"
            ) from None
        if answer.status_code != 200:
            code = _CODES.get(answer.status_code, Code.UNKNOWN)
            raise StatusError(code, value.get("error", answer.text[:200]))
        return value

    async def close(self):
        await self._http.aclose()


def _path(spec):
    path = f"/v1/models/{spec.name}"
    if spec.HasField("version"):
        return f"{path}/versions/{spec.version.value}"
    return f"{path}/labels/{spec.version_label}" if spec.version_label else path


def _plain(array):
    if array.dtype == object:
        return [{"b64": base64.b64encode(value).decode()} for value in array]
    return array.tolist()


def _array(value):
    first = value
    while isinstance(first, list) and first:
        first = first[0]
    if isinstance(first, dict):
        array = np.empty(len(value), object)
        array[:] = [base64.b64decode(item["b64"]) for item in value]
        return array
    return np.asarray(value, np.float32 if isinstance(first, float) else None)


class LoopThread:
    """An event loop in a thread of its own, so that blocking code can call coroutines."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, coroutine):
        """Waits for a coroutine's result."""
        future = asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        try:
            return future.result()
        except KeyboardInterrupt:
            future.cancel()
            raise

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()
