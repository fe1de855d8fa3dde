"""What goes wrong in production: half a version, a client that hangs up, reloads under load, rubbish."""

import concurrent.futures
import json
import random
import shutil
import socket
import threading
import time

import grpc
import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from running_server import IS_EMBEDDED, PROTOCOL, Server, models_config
from tensorflow_serving.apis import get_model_status_pb2, model_management_pb2, predict_pb2

pytestmark = pytest.mark.xdist_group("faults")
PREDICT = "/v1/models/probe:predict"
STATUS_CODES = {200, 400, 404, 405, 408, 411, 413, 414, 415, 429, 431, 499, 500, 501, 503, 504}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faults")
    for version in (1, 2):
        shutil.copytree(PROTOCOL / "probe" / str(version), folder / "probe" / str(version))
    return folder


@pytest.fixture(scope="module")
def server(folder):
    config = folder / "models.config"
    config.write_text(models_config(("probe", folder / "probe", "model_version_policy { all {} }")))
    flags = [f"--model_config_file={config}", "--grpc_max_threads=64", "--max_num_load_retries=0"]
    with Server(folder, *flags) as server:
        yield server


def request(value, version=None, name="probe"):
    message = predict_pb2.PredictRequest()
    message.model_spec.name = name
    if version:
        message.model_spec.version.value = version
    message.inputs["x"].CopyFrom(tf.make_tensor_proto(np.array([value], np.float32)))
    return message


def reload(model_service, text):
    message = model_management_pb2.ReloadConfigRequest()
    text_format.Parse(text, message.config)
    return model_service.HandleReloadConfigRequest(message, timeout=60)


def test_requests_during_reloads(folder, server):
    """10,000 requests while versions and labels are moved 20 times: each is answered, and rightly."""
    done, wrong, statuses = threading.Event(), [], set()

    def ask(count):
        with server.stubs() as (prediction, _):
            for index in range(count):
                try:
                    answer = prediction.Predict(request(index), timeout=30)
                except grpc.RpcError as error:
                    statuses.add(error.code().name)
                    continue
                version = answer.model_spec.version.value
                if list(answer.outputs["y"].float_val) != [index * version]:
                    wrong.append((index, version, list(answer.outputs["y"].float_val)))

    def move():
        with server.stubs() as (_, models):
            for turn in range(20):
                policy = "all {}" if turn % 2 else f"specific {{ versions: {1 + turn // 2 % 2} }}"
                fields = f"model_version_policy {{ {policy} }}"
                reload(models, models_config(("probe", folder / "probe", fields)))
        done.set()

    with concurrent.futures.ThreadPoolExecutor(9) as pool:
        mover = pool.submit(move)
        for asked in [pool.submit(ask, 1250) for _ in range(8)]:
            asked.result()
        mover.result()
    assert done.is_set() and not wrong
    assert not statuses  # one version is always there: not one request may fail


def test_a_half_written_version(folder, server):
    """Files that arrive one by one, without a rename: the good versions go on answering."""
    slow = folder / "probe" / "9"
    slow.mkdir()
    time.sleep(2.5)
    assert server.predict({"instances": [1.0]}) == (200, {"predictions": [2.0]})
    shutil.copytree(PROTOCOL / "probe" / "3", slow, dirs_exist_ok=True)
    time.sleep(2.5)  # it has failed, and is not tried again while it is there
    assert server.predict({"instances": [1.0]}) == (200, {"predictions": [2.0]})
    shutil.rmtree(slow)
    time.sleep(2.5)


def test_a_version_removed_while_serving(folder, server):
    shutil.copytree(PROTOCOL / "probe" / "3", folder / "new")
    (folder / "new").rename(folder / "probe" / "3")
    deadline = time.monotonic() + 20
    while server.predict({"instances": [1.0]})[1] != {"predictions": [3.0]}:
        assert time.monotonic() < deadline
    shutil.rmtree(folder / "probe" / "3")
    seen = set()
    while (answer := server.predict({"instances": [1.0]}))[1] != {"predictions": [2.0]}:
        seen.add(json.dumps(answer))
        assert time.monotonic() < deadline + 20
    assert seen <= {json.dumps((200, {"predictions": [3.0]}))}


def test_a_client_that_hangs_up(server):
    body = json.dumps({"instances": [1.0] * 50_000}).encode()
    head = f"POST {PREDICT} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    for sent in (head, head + body[:1000], head + body):
        for _ in range(20):
            with socket.create_connection(("localhost", server.rest_port)) as connection:
                connection.sendall(sent)
    with server.stubs() as (prediction, _):
        for _ in range(50):
            prediction.Predict.future(request(1.0)).cancel()
    assert server.predict({"instances": [1.0]}) == (200, {"predictions": [2.0]})


def test_a_refused_configuration_changes_nothing(folder, server):
    with server.stubs() as (_, models):
        for text, code in [
            (models_config(("probe", "relative", "")), "INVALID_ARGUMENT"),
            (models_config(*[("probe", folder / "probe", "")] * 2), "INVALID_ARGUMENT"),
            (
                models_config(("probe", folder / "probe", 'version_labels { key: "x" value: 77 }')),
                "FAILED_PRECONDITION",
            ),
        ]:
            with pytest.raises(grpc.RpcError) as error:
                reload(models, text)
            assert error.value.code().name == code
        status = get_model_status_pb2.GetModelStatusRequest()
        status.model_spec.name = "probe"
        states = models.GetModelStatus(status).model_version_status
    assert {1, 2} <= {row.version for row in states if row.state == 30}
    assert server.predict({"instances": [1.0]}) == (200, {"predictions": [2.0]})


@pytest.mark.skipif(not IS_EMBEDDED, reason="a real server shares a port of gRPC that is taken")
def test_a_port_that_is_taken(server, folder):
    """It is told before a model is waited for."""
    second = Server(folder, "--model_base_path=/nowhere", f"--port={server.port}")
    try:
        assert second.process.wait(60) == 255
    finally:
        second.process.kill()
    assert "Failed to BuildAndStart gRPC server: 127.0.0.1" in second.log
    assert "Address already in use" in second.log


# === Fuzzing ===

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["x", "k", "b64", "inputs", "instances", "é"]), inner, max_size=3
        )
    ),
    max_leaves=12,
)
_REQUEST = st.fixed_dictionaries(
    {},
    optional={
        "signature_name": st.sampled_from(
            ["two", "png", "types", "strings", "mean", "nested", "zz"]
        )
        | _JSON,
        "instances": _JSON,
        "inputs": _JSON,
    },
)
_FUZZ = {
    "deadline": None,
    "max_examples": 300,
    "suppress_health_check": [HealthCheck.function_scoped_fixture],
}


def check_answer(server, method, path, body):
    status, _, text = server.http(method, path, body)
    assert status in STATUS_CODES and status != 500, (status, text)
    assert "Traceback" not in text
    if path.startswith("/v1/") and method == "POST":
        json.loads(text)


@settings(**_FUZZ)
@given(body=_REQUEST)
def test_fuzzed_requests(body, server):
    check_answer(server, "POST", PREDICT, json.dumps(body))


@settings(**_FUZZ)
@given(body=st.binary(max_size=60))
def test_fuzzed_bytes(body, server):
    check_answer(server, "POST", PREDICT, body)


@settings(**_FUZZ)
@given(cut=st.integers(0, 200), byte=st.integers(0, 255))
def test_a_request_with_one_wrong_byte(cut, byte, server):
    body = bytearray(b'{"signature_name": "two", "instances": [{"x": [1, 2.5, -3e2], "k": 4}]}')
    body[cut % len(body)] = byte
    check_answer(server, "POST", PREDICT, bytes(body))


@pytest.mark.parametrize(
    "body", [b"[" * 1_000_000, b'{"a":' * 300_000, b'{"instances": ' + b"[" * 5000]
)
def test_deep_nesting_is_refused(body, server):
    assert server.http("POST", PREDICT, body)[0] == 400


def test_raw_rubbish_on_the_port(server):
    generator = random.Random(0)
    for _ in range(100):
        with socket.create_connection(("localhost", server.rest_port), timeout=10) as connection:
            connection.sendall(generator.randbytes(generator.randrange(1, 300)) + b"\r\n\r\n")
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(65536)
        assert b"Traceback" not in answer and not answer.startswith(b"HTTP/1.1 500")
    assert server.predict({"instances": [1.0]})[0] == 200
