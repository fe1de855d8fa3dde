"""The REST API: paths, bodies, status codes and headers as TensorFlow Serving has them."""

import asyncio
import contextlib
import json
import logging
import re
import urllib.parse

import tensorflow as tf
from google.protobuf import json_format

from tfgan_zoo.extras import needed_by
from tfgan_zoo.serving import bodies, connections, json_inputs, json_outputs, json_text
from tfgan_zoo.serving.core import SIGNATURE_DEF
from tfgan_zoo.serving.rpc import RequestMetrics
from tfgan_zoo.serving.servable import DEFAULT_SIGNATURE
from tfgan_zoo.serving.signatures import CLASSIFY, check_names, filled
from tfgan_zoo.serving.statuses import HTTP, Code, StatusError, from_exception, invalid
from tfgan_zoo.serving.tensors import size_of

with needed_by("The embedded server"):
    from aiohttp import web
    from tensorflow_serving.apis import (
        classification_pb2,
        get_model_metadata_pb2,
        get_model_status_pb2,
        model_pb2,
        regression_pb2,
    )

LOG = logging.getLogger("tfgan_zoo.serving")
JSON, HTML = "application/json", "text/html"
_METHODS = {"GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"}
_VERSION = r"(?:/versions/(\d+)|/labels/([^/:]+))?"
_PREDICTION = re.compile(
    rf"(?i:/v1/models/([^/:]+){_VERSION}:(classify|regress|predict))", re.ASCII
)
_STATUS = re.compile(rf"(?i:/v1/models(?:/([^/:]+))?{_VERSION}(?:/(metadata))?)", re.ASCII)
_APIS = ("classify", "regress", "predict")
_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Content-Type, Content-Encoding, Authorization",
}
_MAX_VERSION = 2**63


class Rest:
    """Answers HTTP requests.

    Args:
        core: `Core`.
        flags: What `flags.parse` gives.
        metrics_path: Where Prometheus reads, or None.

    Attributes:
        connections: `connections.Server`, for a site of aiohttp.
    """

    def __init__(self, core, flags, metrics_path=None):
        self._core, self._flags, self._metrics_path = core, flags, metrics_path
        self._timeout, self._running = flags.rest_api_timeout_in_ms / 1e3, 0
        self.connections = connections.Server(self, flags)

    async def __call__(self, request):
        """The handler for `aiohttp.web.Server`."""
        connection = request.protocol
        if request.method != "POST":
            self.connections.is_answered(connection)
        try:
            response = await self._respond(request, request.method, _path(request))
        finally:
            self.connections.is_waiting(connection)
        if self._flags.rest_api_enable_cors_support:
            response.headers.update(_CORS)
        return response

    async def _respond(self, request, method, path):
        if self._metrics_path and path.partition("?")[0] == self._metrics_path:
            return _response(200, self._core.measures.page().encode(), "text/plain")
        if method not in _METHODS:
            return _html(501, "Not Implemented")
        if not path.lower().startswith("/v1/"):
            return _html(404, "Not Found")
        if method == "OPTIONS":
            status = 200 if self._flags.rest_api_enable_cors_support else 400
            return _response(status, b"", "text/html; charset=ISO-8859-1")
        try:
            return _response(200, await self._answer(method, path, request))
        except bodies.Refused as refused:
            return _error(refused.status, refused.message)
        except StatusError as raised:
            error = raised
        except ConnectionError:
            raise
        except Exception as raised:
            LOG.exception("A request failed by a fault of the server")
            error = from_exception(raised)
        return _error(HTTP[error.code], error.message)

    @contextlib.contextmanager
    def _counted(self):
        if self._running >= self._flags.max_concurrent_requests:
            raise StatusError(
                Code.RESOURCE_EXHAUSTED, "Too many concurrent requests (--max_concurrent_requests)"
            )
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1

    async def _answer(self, method, path, request):
        match = {"POST": _PREDICTION, "GET": _STATUS}.get(method, _STATUS).fullmatch(path)
        if method not in ("POST", "GET") or not match:
            raise invalid(f"Malformed request: {method} {path}")
        name, version, label, what = match.groups()
        if (
            method == "POST" and what not in _APIS
        ):  # the path is compared in lower case, this is not
            raise invalid(f"Malformed request: {method} {path}")
        spec = _spec(name, version, label)
        api = what if method == "POST" else ""
        with RequestMetrics(self._core, spec.name, api, "REST"):
            if method == "GET":
                return await self._in_time(self._describe(spec, what))
            body = await bodies.read(request, self._core, self._flags.body_timeout_seconds)
            self.connections.is_answered(request.protocol)
            with self._counted(), self._core.holding(len(body)):
                return await self._in_time(self._infer(spec, what, body))

    async def _in_time(self, answer):
        try:
            async with asyncio.timeout(self._timeout):
                return await answer
        except TimeoutError:
            raise StatusError(Code.DEADLINE_EXCEEDED, "Timed out") from None

    # === GET ===

    async def _describe(self, spec, what):
        if not spec.name:
            raise invalid("Missing model name in request.")
        if what is None:
            request = get_model_status_pb2.GetModelStatusRequest(model_spec=spec)
            return _json(_dict(await self._core.status(request)))
        request = get_model_metadata_pb2.GetModelMetadataRequest(
            model_spec=spec, metadata_field=[SIGNATURE_DEF]
        )
        response = await self._core.metadata(request)
        signatures = get_model_metadata_pb2.SignatureDefMap()
        response.metadata[SIGNATURE_DEF].Unpack(signatures)
        metadata = {SIGNATURE_DEF: _dict(signatures)}
        return _json({"model_spec": _dict(response.model_spec), "metadata": metadata})

    # === POST ===

    async def _infer(self, spec, what, body):
        limits = self._core.limits
        document = await self._core.convert(len(body), json_text.parse, body, limits)
        if not isinstance(document, dict):
            raise invalid(f"JSON Value: {json_text.pretty(document)} Is not object")
        spec.signature_name = json_inputs.signature_name(document)
        if what == "predict":
            return await self._predict(spec, document, len(body))
        _check_examples(document)
        if what == CLASSIFY:
            request = classification_pb2.ClassificationRequest(model_spec=spec)
            return await self._core.classify(request)
        return await self._core.regress(regression_pb2.RegressionRequest(model_spec=spec))

    async def _predict(self, spec, document, size):
        number, version = self._core.manager.version(spec)
        limits, convert = self._core.limits, self._core.convert
        with version.in_use() as servable:
            name = spec.signature_name or DEFAULT_SIGNATURE
            if name not in servable.signatures:
                raise invalid(f'Serving signature name: "{name}" not found in signature def')
            signature = servable.signatures[name]
            if not signature.inputs:
                text = spec.signature_name or "DEFAULT"
                raise invalid(f"Failed to get input map for signature: {text}")
            specs = {
                key: tf.dtypes.as_dtype(signature.inputs[key].dtype) for key in signature.inputs
            }
            if isinstance(document.get("instances"), list):  # before there are arrays of them
                limits.check("max_rows", len(document["instances"]), "instances")
            inputs, form = await convert(size, json_inputs.inputs_from, document, specs, limits)
            check_names(signature, inputs)
            inputs = filled(signature, inputs)
            key = (spec.name, number, name, tuple(sorted(signature.outputs)))
            outputs = await self._core.run(servable, key, inputs, self._timeout)
        count = sum(array.size for array in outputs.values())
        limits.check("max_json_values", count, "values in the answer, which gRPC could carry")
        return await convert(size_of(outputs), json_outputs.text_of, outputs, form)


def _path(request):
    """The path as it was sent; bytes that are no UTF-8 become question marks in a diamond."""
    return request.raw_path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _spec(name, version, label):
    spec = model_pb2.ModelSpec(name=_unescaped(name or ""))
    if version is not None:
        version = version.lstrip("0") or "0"
        if len(version) > len(str(_MAX_VERSION)) or int(version) >= _MAX_VERSION:
            raise invalid(f"Failed to convert version: {version} to numeric.")
        spec.version.value = int(version)
    elif label is not None:
        spec.version_label = _unescaped(label)
    return spec


def _unescaped(text):
    return urllib.parse.unquote(text, errors="replace")


def _check_examples(document):
    examples = document.get("examples")
    if "examples" not in document:
        problem = "When method is classify, key 'examples' is expected and was not found"
    elif not isinstance(examples, list):
        problem = "Expecting 'examples' value to be an list/array"
    elif not examples:
        problem = "'examples' value is an empty array"
    else:
        for example in examples:
            if not isinstance(example, dict):
                kind = json_text.type_name(example)
                raise invalid(f"Example must be JSON object but got JSON {kind}")
        return
    raise invalid(f"JSON Value: {json_text.pretty(document)} {problem}")


# === Answers ===


def _dict(message):
    return json_format.MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )


def _json(value):
    return json.dumps(value, indent=1).encode() + b"\n"


def _response(status, body, content_type=JSON):
    return web.Response(status=status, body=body, headers={"Content-Type": content_type})


def _error(status, message):
    text = f'{{\n    "error": {json_text.string(message)}\n}}'
    return _response(status, text.encode("utf-8", "surrogateescape"))


def _html(status, title):
    """The page that the HTTP library of TensorFlow Serving answers by itself."""
    text = (
        f"<HTML><HEAD>\n<TITLE>{status} {title}</TITLE>\n</HEAD><BODY>\n<H1>{title}</H1>\n"
        "</BODY></HTML>\n"
    )
    return _response(status, text.encode(), HTML)
