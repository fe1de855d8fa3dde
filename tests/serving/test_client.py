"""The client: what it refuses to send, what it makes of hostile answers; it needs no TensorFlow."""

import asyncio
import contextlib
import gzip
import itertools
import json
import pathlib
import re
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
import tomllib
import zlib
from concurrent import futures

import grpc
import numpy as np
import pytest
from tensorflow.core.framework import tensor_pb2
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_pb2,
    predict_pb2,
    prediction_log_pb2,
)

from tfgan_zoo.serving import AsyncClient, Client, StatusError, arrays, client_inputs, png, protos
from tfgan_zoo.serving.client_errors import WrongServer

pytestmark = pytest.mark.xdist_group("serving")  # which shares the server
ROOT = pathlib.Path(__file__).parents[2]
LIGHT = ROOT / "serving" / "client" / "pyproject.toml"
# In a process without these, and without the rest of the package.
BLOCK = (
    "import sys\n"
    "for name in ('tensorflow', 'keras', 'tensorflow_serving'): sys.modules[name] = None\n"
)


def http(body, status="200 OK", kind="application/json", more=""):
    """The bytes of an HTTP answer, then the connection is closed: a client that is not told so may
    send its next request on it. A body that is no text is written as JSON."""
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    more += f"Connection: close\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
    return f"HTTP/1.1 {status}\r\n{more}\r\n".encode() + body


def whole(connection):
    """A request with its body: of a connection that is closed before all is read, the kernel tells the
    client that it was reset."""
    request = connection.recv(1 << 16)
    while b"\r\n\r\n" not in request and (more := connection.recv(1 << 16)):
        request += more
    head, _, body = request.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head.lower())
    missing = int(length[1]) - len(body) if length else 0
    while missing > 0 and (more := connection.recv(1 << 16)):
        request, missing = request + more, missing - len(more)
    return request


@contextlib.contextmanager
def answering(*answers, seen=None):
    """A server that gives each connection the next answer, the last one for ever; yields its URL.

    Requests are appended to `seen`.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    rest = itertools.chain(answers[:-1], itertools.repeat(answers[-1]))

    def serve():
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, contextlib.suppress(OSError):
                    request = whole(connection)
                    if seen is not None:
                        seen.append(request)
                    for part in [a] if isinstance(a := next(rest), bytes) else a:
                        connection.sendall(part)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


def endless():
    yield b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n["
    while True:
        yield b" " * 65536


def dripping():
    yield b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
    while True:
        time.sleep(0.05)
        yield b" "


def continuing():
    while True:
        yield b"HTTP/1.1 100 Continue\r\n\r\n" * 100


BOMB = gzip.compress(b"[" * (1 << 28), 1)  # 256 MiB
HOSTILE = {
    "html": (http(b"<html>Welcome</html>", kind="text/html"), "Is that the REST port"),
    "html 404": (
        http(b"<p>no</p>", "404 Not Found", "text/html"),
        "NOT_FOUND: HTTP 404, text/html",
    ),
    "redirect": (
        http(b"", "302 Found", more="Location: https://x/y\r\n"),
        "redirected to https://x/y",
    ),
    "list": (http([]), "Is that the REST port"),
    "other json": (http({"a": 1}), "JSON that is no answer of TensorFlow Serving"),
    "wrong rows": (http({"model_version_status": 3}), "JSON that is no answer"),
    "wrong row": (http({"model_version_status": [{"version": "x", "state": 1}]}), "no answer"),
    "error with 200": (http({"error": "bad"}), "UNKNOWN: bad"),
    "error of another type": (http({"error": {"a": 1}}, "400 Bad"), "INVALID_ARGUMENT: HTTP 400"),
    "control characters": (http({"error": "a\x1b[2Jb"}, "400 Bad"), r"INVALID_ARGUMENT: a \[2Jb"),
    "no utf-8": (http(b"\xff\xfe{"), "Is that the REST port"),
    "nesting": (http(b"[" * 100_000), "Is that the REST port"),
    "many values": (http(b"[" + b"0," * (1 << 24)), "more than 2\\*\\*24 values"),
    "long number": (http(b'{"a": ' + b"9" * 100_000 + b"}"), "Is that the REST port"),
    "gzip bomb": (http(BOMB, more="Content-Encoding: gzip\r\n"), "more than 67108864 bytes"),
    "no gzip": (http(b"{}", more="Content-Encoding: gzip\r\n"), "no gzip"),
    "brotli": (http(b"{}", more="Content-Encoding: br\r\n"), "in the encoding br"),
    "endless": (endless, "more than 67108864 bytes"),
    "dripping": (dripping, "DEADLINE_EXCEEDED: no answer within 0.5 s"),
    "HTTP/2": (
        b"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x05\x00\x00@\x00",
        "If it is the gRPC port",
    ),
    "cut": (http({"model_version_status": []})[:-5], "^UNAVAILABLE: peer closed connection"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_rest_answers(case):
    """Each is a StatusError with a sentence, soon, and without much memory."""
    answer, message = HOSTILE[case]
    timeout = 0.5 if "0.5 s" in message else 20
    with answering(answer() if callable(answer) else answer) as url:
        client = Client(url, "any", retries=0, timeout=timeout)
        with client, pytest.raises(StatusError, match=message):
            client.status()


TENSOR = {"dtype": "DT_INT64", "tensor_shape": {"dim": [{"size": "-1"}]}}
STRING = {**TENSOR, "dtype": "DT_STRING"}
ONE = {"generate_png": {"inputs": {"seed": TENSOR}, "outputs": {"image_bytes": STRING}}}
TWO = {"two": {"inputs": {"x": TENSOR}, "outputs": {"b64": STRING, "y": TENSOR}}}
METADATA = http({"metadata": {"signature_def": {"signature_def": ONE | TWO}}})
B64 = {"b64": "AAEC"}


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        ([B64], r"object \(1,\) where 2 PNG files were asked for"),
        ([B64] * 3, r"object \(3,\) where 2"),
        ([B64, B64], "no PNG file"),
        ([[B64], [B64]], r"object \(2, 1\) where 2"),
        ([B64, 3], "output 'image_bytes' is no string: 3"),
        ([B64, {"b64": "!"}], "a string that is no base64"),
        ([B64, [B64]], "is no string"),
        ("x", r"object \(\) where 2"),
        ({"a": 1}, "is no string"),
        (None, "is no string"),
        (float("nan"), "is no string"),
    ],
)
def test_hostile_images(outputs, message):
    with (
        answering(METADATA, METADATA, http({"outputs": outputs})) as url,
        Client(url, "any", retries=0) as client,
        pytest.raises(WrongServer, match=message),
    ):
        client.generate(2, seed=0)


def test_rest_names_outputs_by_the_metadata():
    """One output gets its name; one of two may be called b64; a new version is asked anew."""
    two = {"outputs": {"b64": ["x"], "y": [2**40]}}
    new = http(
        {"metadata": {"signature_def": {"signature_def": {"two": {"outputs": {"z": TENSOR}}}}}}
    )
    with (
        answering(METADATA, http(two), http({"outputs": [1]}), new) as url,
        Client(url, "any") as client,
    ):
        outputs = client.predict("two", {"x": [1]})
        assert outputs["b64"].tolist() == [b"x"] and outputs["y"].tolist() == [2**40]
        assert outputs["y"].dtype == np.int64
        outputs = client.predict("two", {"x": [1]})
        assert {name: array.tolist() for name, array in outputs.items()} == {"z": [1]}


@pytest.mark.parametrize("status", ["502 Bad Gateway", "503 Unavailable", "429 Too Many"])
def test_what_is_tried_again(status):
    good = http({"model_version_status": [{"version": "1", "state": "AVAILABLE"}]})
    busy = http(b"<p>busy</p>", status, "text/html")
    with answering(busy, good[:-5], good) as url, Client(url, "any") as client:  # one is cut
        assert client.status() == {1: "AVAILABLE"}
    for final in ("400 Bad", "404 Not Found", "500 Internal", "504 Timeout"):
        error = pytest.raises(StatusError, match="e \\(from")
        with (
            answering(http({"error": "e"}, final), good) as url,
            Client(url, "any") as client,
            error,
        ):
            client.status()


def test_a_prefix_and_a_slash():
    answer, seen = http({"model_version_status": []}), []
    with answering(answer, seen=seen) as url:
        with Client(f"{url}/prefix/", "any", version_label="stable") as client:
            assert client.status() == {}
        client = AsyncClient(url.replace("//", "//me:secret@"), "any")
    assert seen[0].startswith(b"GET /prefix/v1/models/any/labels/stable HTTP/1.1")
    assert client.target == url  # which stands in messages, without the password


# === gRPC ===


@contextlib.contextmanager
def grpc_answering(content):
    """A gRPC server whose every method answers these bytes; yields its address."""

    class Same(grpc.GenericRpcHandler):
        def service(self, _):
            return grpc.unary_unary_rpc_method_handler(lambda *_: content)

    server = grpc.server(
        futures.ThreadPoolExecutor(2), options=[("grpc.max_send_message_length", -1)]
    )
    server.add_generic_rpc_handlers([Same()])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(None).wait(10)


def tensor(**fields):
    message = predict_pb2.PredictResponse()
    output = message.outputs["x"]
    for size in fields.pop("shape"):
        output.tensor_shape.dim.add(size=size)
    output.MergeFrom(tensor_pb2.TensorProto(**fields))
    return message.SerializeToString()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xff\xff", "an answer that is no PredictResponse"),
        (tensor(shape=[2**40], dtype=1, float_val=[1]), "a tensor of shape \\[1099511627776\\]"),
        (tensor(shape=[2**62, 4], dtype=1), "with 0 values"),
        (tensor(shape=[-1], dtype=1), "a tensor of shape \\[-1\\]"),
        (tensor(shape=[1] * 65, dtype=1, float_val=[1]), "65 dimensions"),
        (tensor(shape=[2], dtype=99), "dtype 99"),
        (tensor(shape=[2], dtype=1, tensor_content=b"123"), "output 'x' is"),
        (tensor(shape=[1], dtype=1, float_val=[1, 2]), "with 2 values"),
        (tensor(shape=[2**30], dtype=7, string_val=[b"x"]), "with 1 values"),
        (b"\x0a\xff" + b"x" * 200, "an answer that is no PredictResponse"),
        (bytes(1 << 21), "RESOURCE_EXHAUSTED.*raise max_answer_bytes"),
    ],
)
def test_hostile_grpc_answers(content, message):
    with grpc_answering(content) as target:
        client = Client(target, "any", retries=0, timeout=20, max_answer_bytes=1 << 20)
        with client, pytest.raises(StatusError, match=message):
            client.predict("x", {"x": np.float32([1])})


def test_random_grpc_answers():
    """2,000 changed tensors: an array, or ValueError and its kin; never much memory."""
    rng, whole = np.random.default_rng(0), tensor(shape=[2, 3], dtype=1, float_val=range(6))
    for _ in range(2000):
        content = bytearray(whole)
        for place in rng.integers(len(content), size=rng.integers(1, 4)):
            content[place] = rng.integers(256)
        with contextlib.suppress(ValueError, TypeError, OverflowError):
            try:
                answer = protos.PredictResponse.FromString(bytes(content))
            except Exception:  # DecodeError, which gRPC reports
                continue
            for message in answer.outputs.values():
                assert arrays.from_message(message).size <= 1 << 24


def test_one_protocol_given_for_the_other(probe):
    for target, message in [
        (f"127.0.0.1:{probe.rest_port}", "speaks HTTP/1, not gRPC. If it is the REST port"),
        (f"http://127.0.0.1:{probe.port}", "no HTTP/1: .*If it is the gRPC port"),
        (f"https://127.0.0.1:{probe.rest_port}", "speak TLS, or only http://"),
    ]:
        client = Client(target, "probe", timeout=20)
        with client, pytest.raises(WrongServer, match=message):
            client.status()


# === What is sent ===


def test_both_protocols_answer_alike(probe):
    """Names, dtypes, NaN, infinities, nested arrays, scalars and strings."""
    values = np.array([np.nan, np.inf, -np.inf, 1.5], np.float32)
    types = {"u": np.uint8([255]), "b": [True], "i": np.int32([-5]), "d": np.float64([1 / 7])}
    asked = [
        ("", {"x": values}),
        ("special", {"x": values}),
        ("nested", {"x": np.arange(4, dtype=np.float32).reshape(1, 2, 2)}),
        ("mean", {"x": values[3:]}),
        ("types", types),
        ("strings", {"s": ["a", "日本", b"\xff", b"0\0"]}),
    ]
    with Client(probe.target, "probe") as one, Client(probe.url, "probe") as other:
        assert one.metadata() == other.metadata() and one.status() == other.status()
        for signature, inputs in asked:
            ours, theirs = one.predict(signature, inputs), other.predict(signature, inputs)
            assert ours.keys() == theirs.keys() and "" not in ours
            for name in ours:
                assert ours[name].dtype == theirs[name].dtype
                np.testing.assert_array_equal(ours[name], theirs[name])
        np.testing.assert_array_equal(ours["text"][:2], [b"A", "日本".encode()])


@pytest.mark.parametrize("is_rest", [False, True])
def test_numbers_of_python_take_the_dtype_of_the_signature(is_rest, probe):
    with Client(probe.url if is_rest else probe.target, "probe") as client:
        answer = client.predict(
            "types", {"u": [255, 1], "b": [True, False], "i": [-5, 1], "d": [1, 2]}
        )
        assert answer["i"].dtype == np.int32 and answer["u"].dtype == np.uint8
        assert client.predict("", {"x": [1, 2.5]})["y"].dtype == np.float32
        for wrong in ([256, 1], [1.5, 1]):
            refused = "which cannot hold 256" if is_rest and wrong[0] == 256 else "INVALID_ARGUMENT"
            with pytest.raises((StatusError, ValueError), match=refused):
                client.predict("types", {"u": wrong, "b": [True], "i": [1], "d": [1]})
        for wrong in (2**24 + 1, 1e39):  # no float32, though one is near
            with pytest.raises(StatusError, match="INVALID_ARGUMENT"):
                client.predict("", {"x": [wrong]})
        assert client.predict("", {"x": [2**24, float("inf")]})["y"].tolist()[1] == np.inf


@pytest.mark.parametrize("is_rest", [False, True])
def test_mistakes_in_predict(is_rest, probe):
    target = probe.url if is_rest else probe.target
    with Client(target, "probe") as client:
        with pytest.raises(StatusError, match="Did you mean 'special'"):
            client.predict("specail", {"x": np.float32([1])})
        with pytest.raises(
            ValueError, match="Input 'x' is no array of strings or numbers: it holds \\[1\\]"
        ):
            client.predict("special", {"x": [[1], [1, 2]]})
        with pytest.raises(ValueError, match="it holds None"):
            client.predict("special", {"x": ["a", None]})
        for empty in (np.zeros([0], np.float32), [], np.zeros([0, 2], np.float32)):
            with pytest.raises(ValueError, match="Input 'x' has no rows"):
                client.predict("special", {"x": empty})
        with pytest.raises(ValueError, match="dtype complex128, which no signature takes"):
            client.predict("special", {"x": [1j]})
    unknown = pytest.raises(StatusError, match="are those of the server's models.config")
    with Client(target, "prob") as client, unknown:
        client.status()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("label", 1.7, "labels must be an integer, or 3 integers"),
        ("label", 2.0, "labels must be an integer"),
        ("label", True, "labels must be an integer"),
        ("label", "1", "labels must be an integer"),
        ("label", 2**31, "There is no class 2147483648"),
        ("label", [1, 2], "labels must be an integer, or 3 integers, one for each image"),
        ("label", None, "labels must be an integer"),
        ("truncation", float("nan"), "truncation must lie in \\(0, 1\\]. Received: truncation=nan"),
        ("truncation", [1, 1, float("inf")], "truncation must lie in"),
        ("truncation", "0.5", "truncation must be a number"),
        ("truncation", True, "truncation must be a number"),
        ("text", 5, "texts must be strings. Received: 5"),
        ("text", ["a", 5, "b"], "texts must be strings. Received: 5"),
        ("text", ["a", "b"], "texts must be one for all or one for each of 3"),
    ],
)
def test_conditions_are_not_coerced(name, value, message):
    with pytest.raises(ValueError, match=message):
        client_inputs.column(name, value, 3)


def test_texts_keep_every_byte():
    found = client_inputs.texts(["é", b"\xff", "a\0"], 3)
    assert found.tolist() == ["é".encode(), b"\xff", b"a\0"]
    assert client_inputs.texts("a\0", 2).tolist() == [b"a\0"] * 2


@pytest.mark.parametrize(
    ("n", "seed"),
    [
        (1, 1.5),
        (1, "7"),
        (1, True),
        (1, 2**63),
        (2, 2**63 - 1),
        (None, [1.0]),
        (None, []),
        (None, [[1]]),
        (None, [2**63]),
        (None, 3),
        (True, 3),
        (1.5, 3),
        (3, [1, 2]),
    ],
)
def test_seeds_are_not_coerced(n, seed):
    with pytest.raises(ValueError, match="must|beyond|fit"):
        client_inputs.seeds(n, seed)


def test_seeds():
    assert client_inputs.seeds(2, np.uint8(255)).tolist() == [255, 256]
    assert client_inputs.seeds(None, np.array([-1, 2**63 - 1])).tolist() == [-1, 2**63 - 1]


@pytest.mark.parametrize(
    ("target", "options", "message"),
    [
        ("localhost", {}, "target must be 'host:port' for gRPC"),
        ("localhost:8500/", {}, "target must be 'host:port' for gRPC"),
        ("ftp://localhost:1", {}, "target must be 'host:port' for gRPC"),
        ("http://", {}, "the server's address alone"),
        ("http://a:1/v1/models/x", {}, "the server's address alone"),
        ("http://a:1?x=1", {}, "the server's address alone"),
        ("http://a:port", {}, "target is no URL"),
        (8500, {}, "target must be 'host:port' or a URL"),
        ("a:1", {"verify": False}, "verify is for https URLs"),
        ("http://a:1", {"credentials": grpc.ssl_channel_credentials()}, "credentials are for gRPC"),
        ("a:1", {"timeout": 0}, "timeout must be a positive number"),
        ("a:1", {"timeout": float("nan")}, "timeout must be a positive number"),
        ("a:1", {"retries": -1}, "retries must be an integer, 0 or more"),
        ("a:1", {"version": True}, "version must be an integer"),
        ("a:1", {"version": 2**63}, "version must be an integer"),
        ("a:1", {"version_label": "a/b"}, "version_label must be a name"),
        ("a:1", {"max_answer_bytes": 0}, "max_answer_bytes must be a positive integer"),
    ],
)
def test_addresses_and_options(target, options, message):
    before = threading.active_count()
    with pytest.raises(ValueError, match=message):
        Client(target, "any", **options)
    assert threading.active_count() == before  # nothing was started


@pytest.mark.parametrize(
    "target", ["[::1]:8500", "dns:///a:1", "ipv6:[::1]:1", "HTTP://a:1", "http://[::1]:1"]
)
def test_addresses_that_are_good(target):
    Client(target, "any").close()


def test_a_closed_client(probe):
    client = Client(probe.url, "probe")
    assert client.status()
    client.close()
    client.close()
    with pytest.raises(RuntimeError, match="The client is closed"):
        client.status()

    async def closed():
        async with AsyncClient(probe.target, "probe") as client:
            assert await client.status()
        with pytest.raises(RuntimeError, match="The client is closed"):
            await client.status()

    asyncio.run(closed())


def test_an_async_client_belongs_to_one_loop(probe):
    client = AsyncClient(probe.url, "probe")  # made outside of any loop

    async def ask(is_last=False):
        try:
            return await client.status()
        finally:
            if not is_last:
                await client._transport.close()

    assert asyncio.run(ask())
    with pytest.raises(RuntimeError, match="belongs to the event loop of its first call"):
        asyncio.run(ask(is_last=True))


def test_a_row_without_an_image_names_what_was_asked():
    """Empty bytes are what a served model answers for a label that it does not have."""
    inputs = {"seed": TENSOR, "label": {**TENSOR, "dtype": "DT_INT32"}}
    signature = {"generate_png": {"inputs": inputs, "outputs": {"image_bytes": STRING}}}
    metadata = http({"metadata": {"signature_def": {"signature_def": signature}}})
    answer = http({"outputs": [B64, {"b64": ""}]})
    with (
        answering(metadata, metadata, answer) as url,
        Client(url, "any") as client,
        pytest.raises(ValueError, match="any draws nothing for seed 6, label 99"),
    ):
        client.generate_png(seed=[5, 6], labels=[1, 99])


def test_files_of_one_seed_are_not_lost(tmp_path):
    with (
        Client("localhost:1", "any") as client,
        pytest.raises(ValueError, match="named by their seeds, of which some are given twice"),
    ):
        client.generate_files(tmp_path / "out", seed=[7, 7], labels=[0, 1])
    assert not list(tmp_path.iterdir())


def test_generate_names_the_argument_that_was_meant():
    meant = pytest.raises(TypeError, match="generate has no argument 'text'. Did you mean 'texts'")
    with Client("localhost:1", "any") as client, meant:
        client.generate(2, text="a dog")


# === PNG ===


def png_of(width, height, depth=8, colour=0, data=b""):
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(data)), (b"IEND", b"")]
    whole = b"\x89PNG\r\n\x1a\n"
    for name, content in chunks:
        check = zlib.crc32(name + content)
        whole += struct.pack(">I", len(content)) + name + content + struct.pack(">I", check)
    return whole


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_png_files_are_decoded_as_tensorflow_does(channels):
    import tensorflow as tf

    image = np.random.default_rng(0).integers(0, 256, [5, 7, channels], np.uint8)
    np.testing.assert_array_equal(png.decode(tf.io.encode_png(image).numpy()), image)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no PNG file"),
        (b"GIF89a", "no PNG file"),
        (b"\x89PNG\r\n\x1a\n", "without a header"),
        (png_of(2**31 - 1, 2**31 - 1), "2147483647 x 2147483647 pixels"),
        (png_of(8000, 8000, data=b"\0" * 64_008_000), "8000 x 8000 pixels; 33554432 are allowed"),
        (png_of(0, 5), "0 x 5 pixels"),
        (png_of(2, 2, depth=16), "16 bits"),
        (png_of(2, 2, colour=3), "colour type 3"),
        (png_of(2, 2), "a damaged PNG file"),
        (png_of(2, 2, data=b"\0ab\0cd")[:-24], "a damaged PNG file"),
    ],
)
def test_hostile_png_files(content, message):
    with pytest.raises(ValueError, match=message):
        png.decode(content)


def test_random_png_files():
    rng = np.random.default_rng(0)
    whole = png_of(16, 16, data=b"".join(b"\1" + rng.bytes(16) for _ in range(16)))
    assert png.decode(whole).shape == (16, 16, 1)
    for _ in range(2000):
        content = bytearray(whole)
        for place in rng.integers(len(content), size=rng.integers(1, 5)):
            content[place] = rng.integers(256)
        with contextlib.suppress(ValueError):
            assert png.decode(bytes(content)).size <= png.MAX_PIXELS


# === Without TensorFlow ===


def test_declared_messages_are_those_of_tensorflow_serving():
    """Each declared field has the number and the type on the wire of the original."""
    originals = {
        "ModelSpec": model_pb2.ModelSpec,
        "TensorProto": tensor_pb2.TensorProto,
        "TensorInfo": meta_graph_pb2.TensorInfo,
        "SignatureDef": meta_graph_pb2.SignatureDef,
        "PredictRequest": predict_pb2.PredictRequest,
        "PredictResponse": predict_pb2.PredictResponse,
        "SignatureDefMap": get_model_metadata_pb2.SignatureDefMap,
        "GetModelMetadataRequest": get_model_metadata_pb2.GetModelMetadataRequest,
        "GetModelMetadataResponse": get_model_metadata_pb2.GetModelMetadataResponse,
        "GetModelStatusRequest": get_model_status_pb2.GetModelStatusRequest,
        "GetModelStatusResponse": get_model_status_pb2.GetModelStatusResponse,
        "ModelVersionStatus": get_model_status_pb2.ModelVersionStatus,
        "PredictLog": prediction_log_pb2.PredictLog,
        "PredictionLog": prediction_log_pb2.PredictionLog,
    }
    for name, original in originals.items():
        for field in getattr(protos, name).DESCRIPTOR.fields:
            theirs = original.DESCRIPTOR.fields_by_name[field.name]
            assert field.number == theirs.number, (name, field.name)
            is_enum = theirs.type == theirs.TYPE_ENUM
            assert field.type == (field.TYPE_INT32 if is_enum else theirs.type), (name, field.name)
            assert field.is_repeated == theirs.is_repeated
            if name == "PredictionLog":
                assert field.containing_oneof.name == theirs.containing_oneof.name, field.name


def ask(probe, code, folder=ROOT):
    """Runs code in a process that cannot import TensorFlow; returns what it prints."""
    code = f"{BLOCK}sys.path.insert(0, {str(folder)!r})\n{code}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_client_needs_no_tensorflow(probe, tmp_path):
    """In the package where TensorFlow cannot be imported, and from the few files alone."""
    code = (
        "from tfgan_zoo.serving import Client, AsyncClient, StatusError\n"
        f"for target in ({probe.target!r}, {probe.url!r}):\n"
        "    with Client(target, 'probe') as client:\n"
        "        print(client.predict('', {'x': [1.0, 2.0]} if 'http' in target else "
        "{'x': __import__('numpy').float32([1, 2])}), sorted(client.status()), len(client.metadata()))\n"
        "from tfgan_zoo.serving import golden\n"  # of `Client.verify`
        "import tfgan_zoo; print(tfgan_zoo.__file__)\n"
    )
    assert ask(probe, code).splitlines()[-1] == str(ROOT / "tfgan_zoo" / "__init__.py")
    build = tomllib.loads(LIGHT.read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    for source, target in build["force-include"].items():
        (tmp_path / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(LIGHT.parent / source, tmp_path / target)
    found = ask(probe, code, tmp_path).splitlines()
    assert found[-1] == str(tmp_path / "tfgan_zoo" / "__init__.py")
    assert found[0] == found[1]


def test_importing_the_client_does_not_import_tensorflow():
    """Although it is there."""
    code = "import sys; from tfgan_zoo.serving import Client; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"tensorflow", "keras", "tensorflow_serving"} & set(done.stdout.split())


def test_the_light_client_has_the_package_version():
    import tfgan_zoo

    assert tomllib.loads(LIGHT.read_text())["project"]["version"] == tfgan_zoo.__version__
