"""No client takes the server from the others: limits, time-outs, cancelled requests, and the end."""

import asyncio
import concurrent.futures
import contextlib
import gzip
import json
import logging
import os
import signal
import socket
import threading
import time
import types
import zlib

import grpc
import numpy as np
import pytest
import tensorflow as tf
from running_server import IS_EMBEDDED, PROTOCOL, Server, models_config
from tensorflow_serving.apis import predict_pb2
from tensorflow_serving.apis.model_pb2 import ModelSpec
from tensorflow_serving.config.model_server_config_pb2 import ModelServerConfig

from tfgan_zoo.serving import (
    bodies,
    connections,
    flags,
    json_inputs,
    json_text,
    limits,
    logs,
    messages,
    tensors,
    wire,
)
from tfgan_zoo.serving.core import Core
from tfgan_zoo.serving.loader import Loader
from tfgan_zoo.serving.manager import Manager
from tfgan_zoo.serving.statuses import Code, StatusError, shortened
from tfgan_zoo.serving.version import State

pytestmark = [
    pytest.mark.xdist_group("limits"),
    pytest.mark.skipif(not IS_EMBEDDED, reason="limits of the embedded server"),
]
PREDICT = "/v1/models/probe:predict"
GZIP = {"Content-Encoding": "gzip"}
BODY = b'{"inputs": [1.0]}'
MEGABYTE = 1 << 20
SMALL = limits.Limits(MEGABYTE, 1000, 1000, 10, 4)


class Slow(tf.Module):
    """Takes as many seconds as it is told to."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, "x")])
    def wait(self, x):
        end = tf.timestamp() + tf.cast(tf.reduce_max(x), tf.float64)
        steps = tf.while_loop(lambda i: tf.timestamp() < end, lambda i: [i + 1], [0])
        return {"y": x + 0.0 * tf.cast(steps[0], tf.float32)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, "x")])
    def wide(self, x):
        return {"y": tf.zeros([tf.size(x), 200_000])}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("limits")
    slow = Slow()
    signatures = {"serving_default": slow.wait, "wide": slow.wide}
    tf.saved_model.save(slow, str(folder / "slow" / "1"), signatures)
    rows = [("probe", PROTOCOL / "probe", ""), ("slow", folder / "slow", "")]
    (folder / "models.config").write_text(models_config(*rows))
    (folder / "monitoring.config").write_text('prometheus_config { enable: true path: "/metrics" }')
    return folder


@pytest.fixture(scope="module")
def server(folder):
    flags = [f"--model_config_file={folder}/models.config", "--grpc_max_threads=1", "--trust_model"]
    flags += [f"--monitoring_config_file={folder}/monitoring.config", "--max_connections=100"]
    flags += ["--idle_timeout_seconds=1.5", "--body_timeout_seconds=1", "--max_body_bytes=4000000"]
    flags += ["--max_json_values=300000", "--max_tensor_elements=1000000", "--max_strings=1000"]
    with Server(folder, *flags, "--rest_api_enable_cors_support") as server:
        yield server


@contextlib.contextmanager
def others_are_answered(server, within=1.0):
    """Holds the answers to status requests in the meantime to a time."""
    worst, done = [0.0], threading.Event()

    def ask():
        while not done.is_set():
            begin = time.monotonic()
            assert server.http("GET", "/v1/models/probe")[0] == 200
            worst[0] = max(worst[0], time.monotonic() - begin)
            time.sleep(0.02)

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        asking = pool.submit(ask)
        try:
            yield
        finally:
            done.set()
        asking.result()
    assert worst[0] < within


def field(number, content):
    """A field of bytes of a serialized message."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def varint(value):
    head = bytes([value & 127 | (128 if value > 127 else 0)])
    return head + varint(value >> 7) if value > 127 else head


def tensor_request(tensor, model=b"probe"):
    """A serialized PredictRequest with a serialized tensor."""
    return field(1, field(1, model)) + field(2, field(1, b"x") + field(2, tensor))


def shape(*sizes):
    return field(2, b"".join(field(2, b"\x08" + varint(size % 2**64)) for size in sizes))


def ask_grpc(server, data, timeout=30):
    """The code of the answer, and its details."""
    with grpc.insecure_channel(server.target) as channel:
        call = channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
        try:
            call(data, timeout=timeout)
        except grpc.RpcError as error:
            return error.code().name, error.details()
    return "OK", ""


# === What one request may ask for ===


def test_hostile_bodies_stop_nobody(server):
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(b" " * MEGABYTE) for _ in range(256)) + packer.flush()
    floats = b'{"instances": [[' + b",".join([b"0.123456789"] * 290_000) + b"]]}"
    with others_are_answered(server):
        for body, headers, status, problem in (
            (bomb, GZIP, 413, "--max_body_bytes"),
            (gzip.compress(b"[" * 3_900_000), GZIP, 400, "--max_json_values"),
            (gzip.compress(b'{"inputs": [' + b"[]," * 140_000 + b"[]]}"), GZIP, 400, "--max_rows"),
            (
                json.dumps({"instances": [0.0] * 300}),
                {},
                400,
                "instances: 300; this server takes 256",
            ),
            (json.dumps({"inputs": [0.0] * 300}), {}, 400, "--max_rows"),
            (floats, {}, 200, ""),
            (b" " * 4_000_001, {}, 413, "--max_body_bytes"),
        ):
            given, _, text = server.http("POST", PREDICT, body, headers)
            assert (given, problem in text) == (status, True), text[:300]


def test_hostile_messages_stop_nobody(server):
    entries = b"".join(field(2, field(1, b"%d" % i)) for i in range(300_000))
    with others_are_answered(server):
        for data, problem in (
            (entries, "More than 1000 fields in the request"),
            (tensor_request(b"\x08\x07" + field(8, b"") * MEGABYTE), "see --max_strings"),
            (tensor_request(field(2, field(2, b"") * MEGABYTE)), "dimensions of a tensor"),
            (tensor_request(b"\x08\x15" + field(15, b"") * MEGABYTE), "resources or variants"),
            (tensor_request(b"\x08\x01" + shape(2**26)), "--max_rows"),
            (tensor_request(b"\x08\x01" + shape(1, 2**26)), "--max_tensor_elements"),
            (tensor_request(b"\x08\x07" + shape(1, 2**14)), "--max_strings"),
            (tensor_request(b"\x08\x01" + shape(-1)), "tensor parsing error: x"),
            (tensor_request(b"\x08\x01" + shape(0, 2**62, 2**62)), "tensor parsing error: x"),
            (tensor_request(b"\x08\x01" + shape(*[1] * 65)), "tensor parsing error: x"),
            (b"\xff" * 100, "its bytes cannot be parsed"),
            (b"\xff" * MEGABYTE, "its bytes cannot be parsed"),
        ):
            code, details = ask_grpc(server, data)
            assert code == "INVALID_ARGUMENT" and problem in details
    names = b"".join(field(2, field(1, b"%d" % i)) for i in range(20_000))
    assert ask_grpc(server, field(1, field(1, b"probe")) + names)[0] == "INVALID_ARGUMENT"


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b'{"inputs": [1' + b"0" * 309 + b"]}", "Number too big to be stored in double"),
        (b'{"inputs": [1' + b"0" * 4400 + b"]}", "Number too big to be stored in double"),
        (b'{"inputs": ' + b"[" * 65 + b"1" + b"]" * 65 + b"}", "65 dimensions"),
        (b'{"inputs": [1e999]}', "Number too big to be stored in double"),
        (b'{"inputs": ["\\ud800"]}', "surrogate pair"),
        (b'{"inputs": ["' + b"[{" * 600 + b'"]}', "String is not of expected type"),
        (b'\xef\xbb\xbf{"inputs": [1]}', "Invalid value"),
        ('{"inputs": [1]}'.encode("utf-16"), "Invalid value"),
        (b'{"signature_name": ' + b'[{"a":' * 200 + b"1" + b"}]" * 200 + b"}", "must be a string"),
    ],
    ids=range(9),
)
def test_odd_json_is_refused(body, problem):
    with pytest.raises(StatusError) as error:
        document = json_text.parse(body)
        json_inputs.signature_name(document)
        json_inputs.inputs_from(document, {"x": tf.float32})
    assert error.value.code.name == "INVALID_ARGUMENT" and problem in error.value.message
    assert len(error.value.message) < 5000


def test_strings_are_no_structure():
    text = '[{"\\' * 400
    body = json.dumps({"inputs": [text, "\\"]}).encode()
    assert json_text.parse(body, SMALL) == {"inputs": [text, "\\"]}
    nested = b"[" * 400 + b"]" * 400
    assert json_text.parse(nested, SMALL)
    with pytest.raises(StatusError, match="--max_json_values"):
        json_text.parse(b"[" + b"1," * 1000 + b"1]", SMALL)
    with pytest.raises(StatusError, match="nested deeper than 500 levels"):
        json_text.parse(b"[" * 501 + b"]" * 501)
    with pytest.raises(StatusError, match="--max_strings"):
        json_inputs.inputs_from({"inputs": ["a"] * 11}, {"x": tf.string}, SMALL)


def test_the_row_in_which_something_is_wrong():
    rows = [[float(i)] for i in range(1000)]
    rows[777] = ["x"]
    with pytest.raises(StatusError, match="Failed to process element: 777 of 'instances' list"):
        json_inputs.inputs_from({"instances": rows}, {"x": tf.float32})
    rows[300] = [[1.0]]
    with pytest.raises(StatusError, match=r"element: 300 .*shape \[1\] but got: \[1,1\]"):
        json_inputs.inputs_from({"instances": rows}, {"x": tf.float32})


def test_unpacking():
    packed = gzip.compress(b"abc" * 1000)
    assert bodies.unpacked(packed, SMALL) == b"abc" * 1000
    for broken in (b"abc", b"", packed[:-1], packed * 2, packed + b"x", zlib.compress(b"abc")):
        with pytest.raises(StatusError, match="Malformed body"):
            bodies.unpacked(broken, SMALL)
    with pytest.raises(bodies.Refused) as error:
        bodies.unpacked(gzip.compress(b" " * (MEGABYTE + 1)), SMALL)
    assert error.value.status == 413


def test_an_answer_of_too_many_values(server):
    """Is refused over REST alone."""
    path, ask = "/v1/models/slow:predict", {"signature_name": "wide", "inputs": [1.0]}
    assert server.predict(ask, path)[0] == 200
    status, answer = server.predict({**ask, "inputs": [1.0, 2.0]}, path)
    assert status == 400 and "400000; this server takes 300000" in answer["error"]
    spec = field(1, field(1, b"slow") + field(3, b"wide"))
    tensor = field(2, field(1, b"x") + field(2, b"\x08\x01" + shape(2)))
    assert ask_grpc(server, spec + tensor)[0] == "OK"


def test_bytes_under_way():
    """Many large bodies at once are refused, small ones never."""
    core = Core(None, None, None, 1, SMALL)

    async def received():
        pieces = iter([b"a" * 60_000] * 2 + [b""])
        content = types.SimpleNamespace(readany=lambda: asyncio.sleep(0, next(pieces)))
        return await bodies._received(types.SimpleNamespace(content=content), core)

    with contextlib.ExitStack() as held:
        for _ in range(8):
            held.enter_context(core.holding(MEGABYTE))
        for ask in (lambda: core.holding(MEGABYTE).__enter__(), lambda: asyncio.run(received())):
            with pytest.raises(StatusError, match="RESOURCE_EXHAUSTED: .* hold 8388608 bytes"):
                ask()
        with core.holding(60_000):
            pass
    assert len(asyncio.run(received())) == 120_000
    with core.holding(MEGABYTE):
        assert core._held == MEGABYTE
    assert core._held == 0


def test_messages_are_counted_before_they_are_parsed():
    values = np.arange(300_000, dtype=np.float32)
    message = predict_pb2.PredictRequest()
    message.inputs["x"].CopyFrom(tensors.to_message(values))
    again = wire.parse(predict_pb2.PredictRequest, message.SerializeToString(), limits.DEFAULTS)
    np.testing.assert_array_equal(tensors.from_message("x", again.inputs["x"]), values)
    assert len(shortened("é" * 10_000).encode()) < 3000 and shortened("short") == "short"


def test_values_of_a_tensor_in_pieces(monkeypatch):
    monkeypatch.setattr(tensors, "_PIECE", 3)
    for dtype in (np.float32, np.float16, np.int8, np.uint64, np.bool_):
        values = np.arange(8).astype(dtype)
        message = tensors.to_message(values)
        np.testing.assert_array_equal(tensors.from_message("x", message), values)
        message.tensor_shape.dim[0].size = 5
        np.testing.assert_array_equal(tensors.from_message("x", message), values[:5])


# === HTTP ===


def raw(server, *parts, pause=0.3):
    """What is answered to bytes on a connection, until it is closed or silent."""
    with socket.create_connection(("localhost", server.rest_port), timeout=10) as connection:
        for part in parts:
            connection.sendall(part)
            time.sleep(pause)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def head(*headers, length=17):
    lines = [f"POST {PREDICT} HTTP/1.1", "Host: x", f"Content-Length: {length}", *headers]
    return "\r\n".join([*lines, "", ""]).encode()


def test_expect_continue(server):
    with socket.create_connection(("localhost", server.rest_port), timeout=10) as connection:
        connection.sendall(head("Expect: 100-continue"))
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(BODY)
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 OK\r\n")
    refused = raw(server, head("Expect: 100-continue", length=9_000_000))
    assert refused.startswith(b"HTTP/1.1 413 ")
    assert server.http("POST", PREDICT, BODY, {"Expect": "x"})[0] == 417


def test_encodings(server):
    packed = gzip.compress(BODY)
    for encoding, body, status in (
        ("gzip", packed, 200),
        ("GZIP", packed, 200),
        ("identity", BODY, 200),
        ("gzip", BODY, 400),
        ("gzip", packed[:-3], 400),
        ("gzip, gzip", gzip.compress(packed), 400),
        ("deflate", zlib.compress(BODY), 400),
        ("br", BODY, 400),
    ):
        given, _, text = server.http("POST", PREDICT, body, {"Content-Encoding": encoding})
        assert given == status, (encoding, text)


def test_cross_origin(server):
    status, _, _ = server.http("OPTIONS", PREDICT)
    assert status == 200
    for method, body in (("OPTIONS", b""), ("POST", BODY), ("POST", b"{")):
        request = head("Connection: close", "Origin: http://a", length=len(body))
        answer = raw(server, request.replace(b"POST", method.encode(), 1) + body)
        assert b"\r\nAccess-Control-Allow-Origin: *\r\n" in answer


def test_odd_requests(server):
    line = b"GET /v1/models/probe HTTP/1.%d\r\nHost: x\r\n\r\n"
    assert raw(server, line % 0).count(b"200 OK") == 1
    assert raw(server, (line % 1) * 3).count(b"HTTP/1.1 200 OK") == 3
    assert raw(server, line.replace(b"probe", b"\xff\xfe") % 1)[9:12] in (b"400", b"404")
    assert raw(server, head("X-Long: " + "a" * 65_000) + BODY)[9:12] in (b"400", b"431")
    chunked = head("Transfer-Encoding: chunked").replace(b"Content-Length: 17\r\n", b"")
    assert raw(server, chunked + b"zz\r\n")[9:12] == b"400"
    assert server.http("GET", f"/v1/models/{'a' * 70_000}")[0] in (400, 414)
    assert server.http("GET", "/v1/models/%00%ff%ud800")[0] == 404
    assert "Traceback" not in server.log


# === Connections and time ===


def descriptors(server):
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def test_unfinished_requests_keep_nobody_out(server):
    before, log = descriptors(server), len(server.log)
    beginnings = [b"POST /v1/mod", head() + b"{", b""]
    with contextlib.ExitStack() as opened:
        for port, beginning in [(server.rest_port, text) for text in beginnings] + [
            (server.port, b"PRI")
        ]:
            for _ in range(150):
                connection = socket.create_connection(("localhost", port))
                opened.enter_context(connection).sendall(beginning)
        with others_are_answered(server):
            time.sleep(0.5)
            assert descriptors(server) < before + 220  # 100 of REST, 100 of gRPC
        deadline = time.monotonic() + 10
        while descriptors(server) > before + 3:  # they are closed though their clients hold them
            assert time.monotonic() < deadline
            time.sleep(0.1)
    assert ask_grpc(server, tensor_request(b"\x08\x01" + shape(1)))[0] == "OK"
    assert len(server.log) < log + 50_000


def test_the_log_has_a_rate():
    limit = logs.RateLimit(3)
    records = [logging.LogRecord("x", 20, "", 0, "text %d", (i,), None) for i in range(10)]
    for record in records:
        record.created = 5.0 if record is not records[-1] else 6.5
    passed = [record.getMessage() for record in records if limit.filter(record)]
    assert passed[:3] == ["text 0", "text 1", "text 2"]
    assert passed[3:] == ["(6 messages before this one were left out) text 9"]


def test_connections_that_are_gone_are_forgotten():
    """Also those whose client left while it was answered."""

    async def held():
        entered, leave = asyncio.Event(), asyncio.Event()

        async def answer(request):
            server.is_answered(request.protocol)
            entered.set()
            try:
                await leave.wait()
            finally:
                server.is_waiting(request.protocol)

        server = connections.Server(answer, flags.parse([])[0])
        listener = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
        _, writer = await asyncio.open_connection(*listener.sockets[0].getsockname())
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await entered.wait()
        writer.close()
        await writer.wait_closed()
        await asyncio.sleep(0.2)
        listener.close()
        return len(server._waiting), server._open

    assert asyncio.run(held()) == (0, 0)


def test_a_slow_body(server):
    with socket.create_connection(("localhost", server.rest_port), timeout=10) as connection:
        connection.sendall(head() + b"{")
        answer = connection.recv(1000)
    assert answer.startswith(b"HTTP/1.1 408 ") and b"--body_timeout_seconds" in answer


def metric(server, text):
    """The sum of the values of a metric whose line holds a text."""
    page = server.http("GET", "/metrics")[2]
    return sum(float(line.rpartition(" ")[2]) for line in page.splitlines() if text in line)


def test_requests_that_nobody_waits_for_are_not_run(server):
    """One thread runs a slow request; of those behind it, whose clients leave, none is run."""
    counted = 'runtime_latency_count{model_name="slow"'
    before = metric(server, counted)
    slow = tensor_request(b"\x08\x01" + shape(1) + field(5, np.float32(2).tobytes()), b"slow")
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        first = pool.submit(ask_grpc, server, slow)
        time.sleep(0.4)
        late = [pool.submit(ask_grpc, server, slow, 0.5) for _ in range(3)]
        for _ in range(3):
            body = b'{"inputs": [2.0]}'
            with socket.create_connection(("localhost", server.rest_port)) as connection:
                connection.sendall(head().replace(b"probe", b"slow") + body)
                time.sleep(0.05)
        assert [call.result()[0] for call in late] == ["DEADLINE_EXCEEDED"] * 3
        assert first.result()[0] == "OK"
    assert server.predict({"inputs": [0.0]}, "/v1/models/slow:predict")[0] == 200
    assert metric(server, counted) == before + 2


def test_names_that_no_model_has_are_not_kept(server):
    for i in range(20):
        assert server.http("GET", f"/v1/models/unknown{i}")[0] == 404
        server.predict({"signature_name": f"unknown{i}", "inputs": [1.0]})
        data = tensor_request(b"\x08\x01" + shape(1), b"unknown%d" % i)
        assert ask_grpc(server, data)[0] == "NOT_FOUND"
    page = server.http("GET", "/metrics")[2]
    assert "unknown" not in page
    assert metric(server, 'request_count{model_name="",status="NOT_FOUND"}') >= 40
    assert 'request_latency_count{model_name="probe",API="",entrypoint="REST"}' in page
    assert 'request_latency_count{model_name="probe",API="predict",entrypoint="REST"}' in page


# === The end ===


def ended(server, seconds):
    begin = time.monotonic()
    status = server.process.wait(30)
    assert time.monotonic() - begin < seconds, server.log
    return status


@pytest.mark.parametrize(("number", "again"), [(signal.SIGTERM, 0), (signal.SIGINT, 3)])
def test_a_long_request_is_cut_off(number, again, folder):
    """By `drain_seconds`, or by a second signal."""
    flags = [f"--model_config_file={folder}/models.config", "--trust_model"]
    flags += [f"--drain_seconds={60 if again else 1}"]
    with Server(folder, *flags) as server, concurrent.futures.ThreadPoolExecutor(2) as pool:
        body, path = {"inputs": [20.0]}, "/v1/models/slow:predict"
        data = tensor_request(b"\x08\x01" + shape(1) + field(5, np.float32(20).tobytes()), b"slow")
        asked = [pool.submit(server.predict, body, path), pool.submit(ask_grpc, server, data)]
        time.sleep(0.7)
        server.process.send_signal(number)
        if again:
            time.sleep(0.5)
            assert server.process.poll() is None
            server.process.send_signal(number)
        assert ended(server, 6) == -number
        for answer in asked:
            with contextlib.suppress(OSError):
                answer.exception(10)


def test_a_load_that_hangs_does_not_hold_up_the_end(tmp_path):
    """Nor the other models, where there are threads for it."""
    (tmp_path / "hanging" / "1").mkdir(parents=True)
    os.mkfifo(tmp_path / "hanging" / "1" / "saved_model.pb")
    server = Server(tmp_path, "--model_name=hanging", f"--model_base_path={tmp_path}/hanging")
    try:
        time.sleep(6)
        server.process.terminate()
        assert ended(server, 3) == -signal.SIGTERM
    finally:
        server.process.kill()
        server.process.wait()


def test_a_bad_version_and_its_retries(tmp_path):
    """A model that does not load ends the start, after as many tries as flags say."""
    (tmp_path / "bad" / "1").mkdir(parents=True)
    flags = ["--model_name=bad", f"--model_base_path={tmp_path}/bad"]
    fast = ["--load_retry_interval_micros=100000", "--max_num_load_retries=2"]
    server = Server(tmp_path, *flags, *fast)
    assert server.process.wait(60) == 255
    assert "Failed to start server. Error: UNKNOWN: 1 servable(s) did not become" in server.log
    assert server.log.count("is tried") == 3


@pytest.mark.parametrize("threads", [0, 2])
def test_a_bad_version_holds_up_others_only_without_threads(threads, tmp_path):
    """As `--num_load_threads` says: the default is a version after the other, with all its retries."""
    for name in ("bad", "good"):
        (tmp_path / name / "1").mkdir(parents=True)

    def load(path):
        if "/bad/1" in path:
            raise StatusError(Code.NOT_FOUND, "no model")

    async def states():
        loader = Loader(load, retries=1, interval=0.6, threads=threads)
        served = Manager(loader)
        rows = [(name, tmp_path / name, "") for name in ("bad", "good")]
        text = models_config(*rows).encode()
        await served.reload(messages.parse(text, ModelServerConfig), wait=False)
        found = []
        for _ in range(2):
            await asyncio.sleep(0.4)
            found.append([served.states(ModelSpec(name=n))[0][1].state for n in ("bad", "good")])
        return found

    early, late = asyncio.run(states())
    loading, start = State.LOADING, State.START
    ready = State.AVAILABLE
    assert early == [loading, ready if threads else start]
    assert late == [State.END, ready]
