"""The flags: TensorFlow Serving's own, and who gets which."""

import concurrent.futures
import os
import pathlib
import shutil
import stat

import grpc
import numpy as np
import pytest
import tensorflow as tf
from running_server import IS_EMBEDDED, PROTOCOL, Server, run
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from tfgan_zoo import serving
from tfgan_zoo.serving import StatusError, config, flags, listeners

pytestmark = pytest.mark.xdist_group("flags")
EMBEDDED = pytest.mark.skipif(not IS_EMBEDDED, reason="of the embedded server")


def test_forms_of_flags():
    words = ["--port", "1", "--enable_batching", "--enable_model_warmup=false", "--new_flag=2"]
    parsed, unknown = flags.parse(words)
    assert (parsed.port, parsed.enable_batching, parsed.enable_model_warmup) == (1, True, False)
    assert unknown == ["--new_flag=2"]
    here = f"--model_base_path={pathlib.Path.cwd()}/models/x"
    assert flags.parse(["--model_base_path=models/x"])[0].model_base_path == here.partition("=")[2]
    words = ["--host", "x", "--model_base_path", "models/x", "--port=1", "--max_rows=3"]
    assert flags.for_model_server(words) == ["--port=1", here]
    assert flags.parse([])[0].rest_api_timeout_in_ms == 30_000
    assert flags.parse(["--host=[::1]"])[0].host == "::1"
    for wrong in (
        "--max_rows=0",
        "--drain_seconds=-1",
        "--idle_timeout_seconds=nan",
        "--max_strings=x",
        "--port=65536",
        "--rest_api_port=-1",
    ):
        with pytest.raises(SystemExit) as error:
            flags.parse([wrong])
        assert error.value.code == 255


def test_tls_is_read_before_models_are_loaded(tmp_path):
    file = tmp_path / "ssl.config"
    parsed, _ = flags.parse([f"--ssl_config_file={file}"])
    with pytest.raises(StatusError, match="NOT_FOUND: .*ssl.config; No such file"):
        listeners.Grpc(None, parsed)
    file.write_text('server_key: "a" server_cert: "b" client_verify: true')
    with pytest.raises(StatusError, match="client_verify needs a custom_ca"):
        listeners.Grpc(None, parsed)


@EMBEDDED
def test_a_real_server_on_path_takes_over(tmp_path):
    """It gets every flag but ours."""
    binary = tmp_path / "tensorflow_model_server"
    binary.write_text('#!/bin/sh\necho "$@"\n')
    binary.chmod(binary.stat().st_mode | stat.S_IXUSR)
    path = f"{tmp_path}:{os.environ['PATH']}"
    words = ["serve", "--engine=auto", "--host=0.0.0.0", "--port=1", "--some_new_flag=2"]
    assert run(tmp_path / "log", *words, PATH=path) == (0, "--port=1 --some_new_flag=2\n")


@EMBEDDED
def test_a_real_server_that_is_missing(tmp_path):
    words = ["serve", "--engine=tensorflow_model_server", "--model_base_path=/nowhere"]
    status, output = run(tmp_path / "log", *words)
    assert status == 1 and "tensorflow_model_server is not on PATH" in output


@EMBEDDED
def test_help_lists_the_flags(tmp_path):
    status, output = run(tmp_path / "log", "serve", "--help")
    assert status == 0 and "--model_config_file_poll_wait_seconds" in output


def probe_copy(folder: pathlib.Path):
    shutil.copytree(PROTOCOL / "probe" / "3", folder / "probe" / "3")
    return folder / "probe" / "3"


def test_batching_parameters_of_a_model(tmp_path):
    version = probe_copy(tmp_path)
    (version / "batching_params.pbtxt").write_text("max_batch_size { value: 2 }")
    options = ["--enable_batching=true", "--enable_per_model_batching_parameters=true"]
    base = ["--model_name=probe", f"--model_base_path={tmp_path}/probe"]
    with Server(tmp_path, *base, *options) as server:
        assert server.predict({"instances": [1.0, 2.0]}) == (200, {"predictions": [3.0, 6.0]})
        status, answer = server.predict({"instances": [1.0] * 3})
    message = "Task size 3 is larger than maximum input batch size 2"
    assert (status, answer) == (400, {"error": message})


def test_large_requests_are_split(tmp_path):
    (tmp_path / "batching.config").write_text(
        "max_batch_size { value: 100 } max_execution_batch_size { value: 4 } "
        "enable_large_batch_splitting { value: true } allowed_batch_sizes: [2, 4, 100]"
    )
    assert config.check(tmp_path / "batching.config") == []
    options = ["--enable_batching=true", f"--batching_parameters_file={tmp_path}/batching.config"]
    base = ["--model_name=probe", f"--model_base_path={PROTOCOL}/probe"]
    with Server(tmp_path, *base, *options) as server:
        values = [float(i) for i in range(11)]
        expected = {"predictions": [3 * value for value in values]}
        assert server.predict({"instances": values}) == (200, expected)


def test_a_failing_warmup_request_keeps_a_version_from_loading(tmp_path):
    version = probe_copy(tmp_path)
    shutil.copytree(PROTOCOL / "probe" / "2", tmp_path / "probe" / "2")
    (version / "assets.extra").mkdir()
    log = prediction_log_pb2.PredictionLog()
    log.predict_log.request.model_spec.name = "probe"
    log.predict_log.request.inputs["wrong"].CopyFrom(tf.make_tensor_proto([1.0]))
    with tf.io.TFRecordWriter(str(version / "assets.extra" / "tf_serving_warmup_requests")) as file:
        file.write(log.SerializeToString())
    policy = tmp_path / "models.config"
    policy.write_text(
        f'model_config_list {{ config {{ name: "probe" base_path: "{tmp_path}/probe" '
        'model_platform: "tensorflow" model_version_policy { all {} } } }'
    )
    flags = [f"--model_config_file={policy}", "--max_num_load_retries=0"]
    with Server(tmp_path, *flags) as server:
        assert server.predict({"instances": [1.0]}) == (200, {"predictions": [2.0]})
        _, _, text = server.http("GET", "/v1/models/probe/versions/3")
        assert '"state": "END"' in text and "INVALID_ARGUMENT" in text


@EMBEDDED
def test_limits(tmp_path):
    """A body that is too large, and more requests at once than allowed, are refused, not queued."""
    (tmp_path / "batching.config").write_text(
        "max_batch_size { value: 8 } batch_timeout_micros { value: 1000000 }"
    )
    words = ["--enable_batching=true", f"--batching_parameters_file={tmp_path}/batching.config"]
    words += ["--max_body_bytes=2000", "--max_concurrent_requests=2"]
    base = ["--model_name=probe", f"--model_base_path={PROTOCOL}/probe"]
    with Server(tmp_path, *base, *words) as server:
        status, _, text = server.http("POST", "/v1/models/probe:predict", b"[" + b" " * 3000 + b"]")
        assert status == 413 and "larger than this server takes" in text
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda i: server.predict({"instances": [float(i)]}), range(4)))
        assert sorted(status for status, _ in answers) == [200, 200, 429, 429]
        request = predict_pb2.PredictRequest()
        request.model_spec.name = "probe"
        request.inputs["x"].CopyFrom(tf.make_tensor_proto([0.0] * 1000))
        with server.stubs() as (prediction, _), pytest.raises(grpc.RpcError) as error:
            prediction.Predict(request, timeout=10)
        assert error.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


def test_a_full_queue(tmp_path):
    """Batches beyond max_enqueued_batches are refused with UNAVAILABLE, and the others answered."""
    (tmp_path / "batching.config").write_text(
        "max_batch_size { value: 1 } max_enqueued_batches { value: 1 } num_batch_threads { value: 1 }"
    )
    words = ["--enable_batching=true", f"--batching_parameters_file={tmp_path}/batching.config"]
    base = ["--model_name=probe", f"--model_base_path={PROTOCOL}/probe", "--grpc_max_threads=64"]
    with (
        Server(tmp_path, *base, *words) as server,
        concurrent.futures.ThreadPoolExecutor(32) as pool,
    ):
        answers = list(pool.map(lambda i: server.predict({"instances": [float(i)]}), range(300)))
    refused = {answer["error"] for status, answer in answers if status == 503}
    assert {status for status, _ in answers} <= {200, 503}
    assert all("max_enqueued_batches is 1" in message for message in refused)
    right = [
        answer == {"predictions": [3.0 * i]}
        for i, (status, answer) in enumerate(answers)
        if status == 200
    ]
    assert right and all(right)


def test_a_client_waits_for_a_server_that_starts(tmp_path):
    """UNAVAILABLE is tried again, with growing pauses."""
    base = ["--model_name=probe", f"--model_base_path={PROTOCOL}/probe"]
    server = Server(tmp_path, *base)
    try:
        with serving.Client(server.target, "probe", retries=30) as client:
            assert client.status() == {3: "AVAILABLE"}
            assert client.predict("serving_default", {"x": np.float32([2])})["y"].tolist() == [6.0]
    finally:
        server.stop()
