"""The REST API: paths, bodies, status codes and headers as TensorFlow Serving has them."""

import asyncio
import contextlib
import json
import logging
import re
import urllib.parse

import tensorflow as tf
from aiohttp import web
from google.protobuf import json_format
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_pb2,
    regression_pb2,
)

from tfgan_zoo.serving import json_inputs, json_outputs, json_text
from tfgan_zoo.serving.core import SIGNATURE_DEF
from tfgan_zoo.serving.rpc import observed
from tfgan_zoo.serving.servable import DEFAULT_SIGNATURE
from tfgan_zoo.serving.signatures import CLASSIFY, check_names, filled
from tfgan_zoo.serving.statuses import HTTP, Code, StatusError, from_exception, invalid

LOG = logging.getLogger("tfgan_zoo.serving")
JSON, HTML = "application/json", "text/html"
_METHODS = {"GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"}
_VERSION = r"(?:/versions/(\d+)|/labels/([^/:]+))?"
_PREDICTION = re.compile(
    rf"(?i:/v1/models/([^/:]+){_VERSION}:(classify|regress|predict))", re.ASCII
)
_STATUS = re.compile(rf"(?i:/v1/models(?:/([^/:]+))?{_VERSION}(?:/(metadata))?)", re.ASCII)
_SMALL = 1 << 16  # bytes; larger bodies are parsed in a thread
_MAX_VERSION = 2**63


class Rest:
    """Answers HTTP requests.

    Args:
        core: `Core`.
        flags: What `flags.parse` gives.
        metrics_path: Where Prometheus reads, or None.
    """

    def __init__(self, core, flags, metrics_path=None):
        self._core, self._flags, self._metrics_path = core, flags, metrics_path
        self._timeout, self._running = flags.rest_api_timeout_in_ms / 1e3, 0

    def make_request(self, message, payload, protocol, writer, task):
        """For `aiohttp.web.Server`: a request whose body may have `max_body_bytes`."""
        limit = self._flags.max_body_bytes
        loop = asyncio.get_running_loop()
        return web.BaseRequest(
            message, payload, protocol, writer, task, loop, client_max_size=limit
        )

    async def __call__(self, request):
        """The handler for `aiohttp.web.Server`."""
        path, method = request.raw_path, request.method
        if self._metrics_path and path.partition("?")[0] == self._metrics_path:
            return _response(200, self._core.measures.page().encode(), "text/plain")
        if method not in _METHODS:
            return _html(501, "Not Implemented")
        if not path.lower().startswith("/v1/"):
            return _html(404, "Not Found")
        if method == "OPTIONS":
            return _response(400, b"", "text/html; charset=ISO-8859-1")
        try:
            with self._counted():
                async with asyncio.timeout(self._timeout):
                    return _response(200, await self._answer(method, path, request))
        except TimeoutError:
            error = StatusError(Code.DEADLINE_EXCEEDED, "Timed out")
        except web.HTTPRequestEntityTooLarge:
            return _error(413, "The body is larger than this server takes.")
        except StatusError as raised:
            error = raised
        except (web.HTTPException, ConnectionError):
            raise
        except Exception as raised:
            LOG.exception("A request failed in a way that nobody foresaw")
            error = from_exception(raised)
        return _error(HTTP[error.code], error.message)

    @contextlib.contextmanager
    def _counted(self):
        if self._running >= self._flags.max_concurrent_requests:
            raise StatusError(Code.RESOURCE_EXHAUSTED, "Too many concurrent requests")
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
        spec = _spec(name, version, label)
        if method == "GET":
            return await self._describe(spec, what)
        return await self._infer(spec, what.lower(), await _body(request))

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
        document = await _run(json_text.parse, body, large=len(body) > _SMALL)
        if not isinstance(document, dict):
            raise invalid(f"JSON Value: {json_text.pretty(document)} Is not object")
        spec.signature_name = json_inputs.signature_name(document)
        if what == "predict":
            with observed(self._core.measures, spec.name, "Predict", "REST"):
                return await self._predict(spec, document, large=len(body) > _SMALL)
        _check_examples(document)
        if what == CLASSIFY:
            request = classification_pb2.ClassificationRequest(model_spec=spec)
            return await self._core.classify(request)
        return await self._core.regress(regression_pb2.RegressionRequest(model_spec=spec))

    async def _predict(self, spec, document, large):
        number, version = self._core.manager.version(spec)
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
            inputs, form = await _run(json_inputs.inputs_from, document, specs, large=large)
            check_names(signature, inputs)
            inputs = filled(signature, inputs)
            key = (spec.name, number, name, tuple(sorted(signature.outputs)))
            outputs = await self._core.run(servable, key, inputs, self._timeout)
        size = sum(array.nbytes for array in outputs.values())
        return await _run(json_outputs.text_of, outputs, form, large=size > _SMALL)


def _spec(name, version, label):
    spec = model_pb2.ModelSpec(name=_unescaped(name or ""))
    if version is not None:
        if int(version) >= _MAX_VERSION:
            raise invalid(f"Failed to convert version: {version} to numeric.")
        spec.version.value = int(version)
    elif label is not None:
        spec.version_label = _unescaped(label)
    return spec


def _unescaped(text):
    return urllib.parse.unquote(text, errors="replace")


async def _body(request):
    try:
        return await request.read()
    except web.HTTPBadRequest as error:  # a body that is not what its Content-Encoding says
        raise invalid(f"Malformed body: {error.reason}") from None


async def _run(function, *args, large):
    """Calls a function here, or in a thread where it would keep the event loop from its work."""
    return await asyncio.to_thread(function, *args) if large else function(*args)


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
