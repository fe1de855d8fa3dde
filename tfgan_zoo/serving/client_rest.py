"""A client's calls by REST."""

import asyncio
import json
import zlib

from tfgan_zoo.extras import needed_by
from tfgan_zoo.serving import arrays
from tfgan_zoo.serving.client_errors import WrongServer, shown
from tfgan_zoo.serving.statuses import HTTP, Code, StatusError

with needed_by("The client"):
    import httpx

_CODES = {status: code for code, status in reversed(HTTP.items())} | {502: Code.UNAVAILABLE}
_SIGNATURES = "signature_def"
_CUT = ("disconnected", "peer closed connection")
_MAX_JSON_VALUES = 1 << 24  # a parsed value takes some 50 times the room of its text


class Rest:
    """Calls by REST.

    JSON has no dtypes, and leaves out the name of a single output; both are taken from the metadata,
    which is asked for once for each signature.

    Args:
        url: `httpx.URL`.
        verify: As for `httpx.AsyncClient`: an `ssl.SSLContext`, or False not to check certificates.
        max_answer_bytes: Int. Longer answers are refused, while they arrive and while they are inflated.
    """

    sends_dtypes = False

    def __init__(self, url, verify=True, max_answer_bytes=1 << 26):
        self._url, self._verify, self._http = url, verify, None
        self._max_bytes, self._signatures = max_answer_bytes, {}
        self.shown = str(url.copy_with(userinfo=b"")).rstrip("/")

    async def predict(self, spec, signature, inputs, timeout):
        """Outputs `{name: array}` of a signature."""
        signature = signature or "serving_default"
        known = (spec, signature) in self._signatures
        found = await self._fitting(spec, signature, inputs, timeout)
        body = {"inputs": {name: arrays.to_json(array) for name, array in inputs.items()}}
        body["signature_name"] = signature
        answer = await self._call("POST", f"{_path(spec)}:predict", timeout, body)
        try:
            return _named(answer, found["outputs"])
        except WrongServer:
            if not known:
                raise
            found = await self._signature(spec, signature, timeout)  # of a new version
            return _named(answer, found["outputs"])

    async def _fitting(self, spec, signature, inputs, timeout):
        """The signature, whose dtypes hold the inputs."""
        known = self._signatures.get((spec, signature))
        found = known or await self._signature(spec, signature, timeout)
        try:
            arrays.check_ranges(inputs, found["inputs"])
        except ValueError:
            if not known:
                raise
            self._signatures.pop((spec, signature), None)  # a new version may have another
            return await self._fitting(spec, signature, inputs, timeout)
        return found

    async def _signature(self, spec, signature, timeout):
        nothing = {"inputs": {}, "outputs": {}}
        found = (await self.metadata(spec, timeout)).get(signature, nothing)
        if found["outputs"]:  # else the server says that there is no such signature
            self._signatures[spec, signature] = found
        return found

    async def metadata(self, spec, timeout):
        """`{signature: {"inputs": {name: TensorSpec}, "outputs": …}}`."""
        answer = await self._call("GET", f"{_path(spec)}/metadata", timeout)
        try:
            found = answer["metadata"][_SIGNATURES][_SIGNATURES]
            kinds = ("inputs", "outputs")
            return {
                name: {kind: _json_specs(value.get(kind) or {}) for kind in kinds}
                for name, value in found.items()
            }
        except (KeyError, TypeError, AttributeError, ValueError):
            raise _foreign(answer) from None

    async def status(self, spec, timeout):
        """`{version: state}`."""
        answer = await self._call("GET", _path(spec), timeout)
        try:
            rows = answer["model_version_status"]
            return {int(row["version"]): str(row["state"]) for row in rows}
        except (KeyError, TypeError, ValueError):
            raise _foreign(answer) from None

    async def _call(self, method, path, timeout, body=None):
        # NaN and infinities are written bare, as the server reads and writes them itself.
        content = None if body is None else json.dumps(body).encode()
        try:
            async with asyncio.timeout(timeout):
                return self._value(*await self._exchange(method, path, content))
        except TimeoutError:
            raise StatusError(Code.DEADLINE_EXCEEDED, f"no answer within {timeout} s") from None
        except httpx.TransportError as error:
            raise _connection_error(error) from None

    async def _exchange(self, method, path, content):
        """Status, headers and body of an answer."""
        headers = {"Accept-Encoding": "gzip", "Content-Type": "application/json"}
        url = f"{str(self._url).rstrip('/')}{path}"
        async with self._open().stream(method, url, content=content, headers=headers) as answer:
            return answer.status_code, answer.headers, await self._body(answer)

    async def _body(self, answer):
        encoding = answer.headers.get("content-encoding", "identity").lower()
        if encoding not in ("identity", "gzip"):
            raise WrongServer(Code.UNKNOWN, f"an answer in the encoding {shown(encoding)}")
        inflate = zlib.decompressobj(31) if encoding == "gzip" else None
        parts, size = [], 0
        async for part in answer.aiter_raw():
            parts.append(_inflated(inflate, part, self._max_bytes + 1 - size) if inflate else part)
            size += len(parts[-1])
            if size > self._max_bytes:
                raise WrongServer(
                    Code.RESOURCE_EXHAUSTED,
                    f"an answer of more than {self._max_bytes} bytes. Ask for fewer rows, or raise "
                    "max_answer_bytes.",
                )
        return b"".join(parts)

    def _value(self, status, headers, content):
        """The JSON object in a body."""
        if sum(map(content.count, (b",", b"[", b"{"))) > _MAX_JSON_VALUES:
            raise WrongServer(Code.RESOURCE_EXHAUSTED, "JSON with more than 2**24 values")
        try:  # strings that are no UTF-8 are written as they are
            value = json.loads(content.decode("utf-8", "surrogateescape"))
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict) and status == 200 and "error" not in value:
            return value
        raise _http_error(status, headers, content, value)

    def _open(self):
        """The connections, which belong to the event loop of the first call."""
        if self._http is None:
            self._http = httpx.AsyncClient(verify=self._verify, timeout=None)
        return self._http

    async def close(self):
        if self._http is not None:
            await self._http.aclose()


def _inflated(inflate, part, limit):
    try:
        return inflate.decompress(part, limit)
    except zlib.error as error:
        raise WrongServer(Code.UNKNOWN, f"an answer that is no gzip: {error}") from None


def _http_error(status, headers, content, value):
    code = Code.UNKNOWN if status == 200 else _CODES.get(status, Code.UNKNOWN)
    if isinstance(value, dict) and isinstance(value.get("error"), str):
        return StatusError(code, shown(value["error"]))
    if 300 <= status < 400:
        there = shown(headers.get("location", "nowhere"))
        return WrongServer(
            Code.UNKNOWN, f"HTTP {status}: redirected to {there}. Give that address."
        )
    text = shown(content[:2000].decode(errors="replace"))
    kind = shown(headers.get("content-type", "no content type"))
    message = f"HTTP {status}, {kind}: {text[:200]}. Is that the REST port of TensorFlow Serving?"
    retried = code in (Code.UNAVAILABLE, Code.RESOURCE_EXHAUSTED)  # as a proxy answers, in HTML
    return (StatusError if retried else WrongServer)(code, message)


def _connection_error(error):
    message = shown(str(error) or type(error).__name__)
    if "CERTIFICATE_VERIFY_FAILED" in message:
        return WrongServer(
            Code.UNAVAILABLE, f"{message}. Give verify an ssl.SSLContext that trusts it."
        )
    if "SSL" in message.upper():
        return WrongServer(
            Code.UNAVAILABLE, f"{message}. Does the server speak TLS, or only http://?"
        )
    is_cut = any(words in message for words in _CUT)  # and may be whole the next time
    if isinstance(error, httpx.RemoteProtocolError) and not is_cut:
        hint = "If it is the gRPC port, write host:port without http://."
        return WrongServer(
            Code.UNAVAILABLE, f"an answer that is no HTTP/1: {message[:120]}. {hint}"
        )
    return StatusError(Code.UNAVAILABLE, message)


def _foreign(answer):
    return WrongServer(
        Code.UNKNOWN,
        f"JSON that is no answer of TensorFlow Serving: {shown(json.dumps(answer)[:200])}",
    )


def _json_specs(infos):
    def spec(info):
        shape = info.get("tensor_shape") or {}
        sizes = (int(dim["size"]) for dim in shape.get("dim") or [])
        sizes = tuple(size if size >= 0 else None for size in sizes)
        return arrays.TensorSpec(
            None if shape.get("unknown_rank") else sizes, arrays.dtype_name(info["dtype"])
        )

    return {name: spec(info) for name, info in infos.items()}


def _named(answer, outputs):
    """The arrays of an answer, by the signature's outputs `{name: TensorSpec}`."""
    if "outputs" not in answer:
        raise _foreign(answer)
    values = answer["outputs"]
    if len(outputs) == 1:
        values = {next(iter(outputs)): values}
    if not isinstance(values, dict) or values.keys() != outputs.keys():
        came = ", ".join(sorted(values)) if isinstance(values, dict) else type(values).__name__
        raise WrongServer(
            Code.UNKNOWN,
            f"outputs {shown(came)}, where the signature has {', '.join(sorted(outputs))}",
        )
    found = {}
    for name, spec in outputs.items():
        try:
            found[name] = arrays.from_json(values[name], spec)
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            raise WrongServer(Code.UNKNOWN, f"output {name!r} is {shown(error)}") from None
    return found


def _path(spec):
    path = f"/v1/models/{spec.model}"
    if spec.version is not None:
        return f"{path}/versions/{spec.version}"
    return path if spec.label is None else f"{path}/labels/{spec.label}"
