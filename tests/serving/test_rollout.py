"""What operators do: roll a version out and back under load, scrape metrics, ask for health, use TLS."""

import concurrent.futures
import os
import shlex
import shutil
import subprocess
import threading
import time

import grpc
import pytest
from google.protobuf import text_format
from grpc_health.v1 import health_pb2, health_pb2_grpc
from prometheus_client.parser import text_string_to_metric_families
from running_server import PROTOCOL, Server, models_config
from tensorflow_serving.apis import get_model_status_pb2, model_service_pb2_grpc

from tfgan_zoo import serving
from tfgan_zoo.serving import messages

pytestmark = pytest.mark.xdist_group("rollout")
STABLE, CANARY = (f"/v1/models/probe/labels/{label}:predict" for label in ("stable", "canary"))


class Rollout:
    """A served folder whose configuration is replaced, as an operator does it."""

    def __init__(self, folder):
        self.folder, self.config = folder, folder / "models.config"

    def configure(self, versions, **labels):
        policy = "model_version_policy { specific { " + " ".join(f"versions: {v}" for v in versions)
        rows = " ".join(f'version_labels {{ key: "{k}" value: {v} }}' for k, v in labels.items())
        text = models_config(("probe", self.folder / "probe", f"{policy} }} }} {rows}"))
        (self.folder / "new").write_text(text)
        (self.folder / "new").rename(self.config)


def wait_for(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_roll_out_and_back_under_load(tmp_path):
    """Version 2 comes as canary, becomes stable, and is taken back: no request fails."""
    shutil.copytree(PROTOCOL / "probe" / "1", tmp_path / "probe" / "1")
    rollout = Rollout(tmp_path)
    rollout.configure([1], stable=1)
    flags = [f"--model_config_file={rollout.config}", "--model_config_file_poll_wait_seconds=1"]
    flags.append("--allow_version_labels_for_unavailable_models=true")
    answers, stop = [], threading.Event()

    def ask():
        while not stop.is_set():
            answers.append(server.predict({"instances": [1.0]}, STABLE))

    def stable_is(value):
        return lambda: answers[-1] == (200, {"predictions": [value]})

    with Server(tmp_path, *flags) as server, concurrent.futures.ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask) for _ in range(4)]
        try:
            wait_for(lambda: len(answers) > 50)
            shutil.copytree(PROTOCOL / "probe" / "2", tmp_path / "new2")
            (tmp_path / "new2").rename(tmp_path / "probe" / "2")
            rollout.configure([1, 2], stable=1, canary=2)
            canary = (200, {"predictions": [2.0]})
            wait_for(lambda: server.predict({"instances": [1.0]}, CANARY) == canary)
            assert stable_is(1.0)()
            rollout.configure([1, 2], stable=2, canary=2)
            wait_for(stable_is(2.0))
            rollout.configure([1, 2], stable=1, canary=2)
            wait_for(stable_is(1.0))
        finally:
            stop.set()
        for asked in asking:
            asked.result()
    values = [body["predictions"][0] for status, body in answers if status == 200]
    assert len(values) == len(answers)  # every request was answered
    changes = [v for v, before in zip(values, [None, *values], strict=False) if v != before]
    assert changes[0] == changes[-1] == 1.0 and 2.0 in changes


def test_metrics(tmp_path):
    (tmp_path / "monitoring.config").write_text(
        'prometheus_config { enable: true path: "/monitoring/prometheus/metrics" }'
    )
    flags = ["--model_name=probe", f"--model_base_path={PROTOCOL}/probe"]
    flags.append(f"--monitoring_config_file={tmp_path}/monitoring.config")
    with Server(tmp_path, *flags) as server:
        for value in ([1.0], ["x"], [2.0]):
            server.predict({"instances": value})
        status, _, page = server.http("GET", "/monitoring/prometheus/metrics")
        assert status == 200
        families = {family.name: family for family in text_string_to_metric_families(page)}
        counts = {
            sample.labels["status"]: sample.value
            for sample in families[":tensorflow:serving:request_count"].samples
            if sample.labels["model_name"] == "probe"
        }
        assert counts["OK"] == 2
        latency = families[":tensorflow:serving:request_latency"]
        assert latency.type == "histogram"
        total = sum(sample.value for sample in latency.samples if sample.name.endswith("_count"))
        assert total >= 2
        assert ":tensorflow:serving:runtime_latency" in families
        if promtool := shutil.which("promtool"):
            check = subprocess.run([promtool, "check", "metrics"], input=page.encode())
            assert check.returncode in (0, 3)  # 3: style, such as no HELP text


def test_health(tmp_path):
    flags = ["--model_name=probe", f"--model_base_path={PROTOCOL}/probe"]
    with Server(tmp_path, *flags, "--enable_grpc_healthcheck_service=true") as server:
        with grpc.insecure_channel(server.target) as channel:
            stub = health_pb2_grpc.HealthStub(channel)
            answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=10)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_running_requests_are_finished_on_sigterm(tmp_path):
    """Requests under way when SIGTERM comes are answered; a real server exits at once."""
    if os.environ.get("TFGAN_ZOO_TFS_BINARY"):
        pytest.skip("a stock server does not drain")
    flags = ["--model_name=probe", f"--model_base_path={PROTOCOL}/probe", "--enable_batching=true"]
    (tmp_path / "batching.config").write_text(
        "max_batch_size { value: 8 } batch_timeout_micros { value: 1500000 }"
    )
    flags.append(f"--batching_parameters_file={tmp_path}/batching.config")
    with (
        Server(tmp_path, *flags) as server,
        concurrent.futures.ThreadPoolExecutor(4) as pool,
    ):
        asked = [pool.submit(server.predict, {"instances": [float(i)]}) for i in range(4)]
        time.sleep(0.5)
        server.process.terminate()
        assert [a.result() for a in asked] == [(200, {"predictions": [3.0 * i]}) for i in range(4)]


def test_tls(tmp_path):
    if not shutil.which("openssl"):
        pytest.skip("needs openssl to make a certificate")
    options = (
        "-x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout key.pem -out cert.pem"
    )
    command = ["openssl", "req", *shlex.split(options), "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    key, certificate = ((tmp_path / name).read_text() for name in ("key.pem", "cert.pem"))
    text = text_format.MessageToString(messages.SSLConfig(server_key=key, server_cert=certificate))
    (tmp_path / "ssl.config").write_text(text)
    flags = ["--model_name=probe", f"--model_base_path={PROTOCOL}/probe"]
    with Server(tmp_path, *flags, f"--ssl_config_file={tmp_path}/ssl.config") as server:
        request = get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.name = "probe"
        credentials = grpc.ssl_channel_credentials(certificate.encode())
        with grpc.secure_channel(server.target, credentials) as channel:
            stub = model_service_pb2_grpc.ModelServiceStub(channel)
            assert stub.GetModelStatus(request, timeout=10).model_version_status[0].version == 3
        with serving.Client(server.target, "probe", credentials=credentials) as client:
            assert client.status() == {3: "AVAILABLE"}
        with grpc.insecure_channel(server.target) as channel:
            stub = model_service_pb2_grpc.ModelServiceStub(channel)
            with pytest.raises(grpc.RpcError):
                stub.GetModelStatus(request, timeout=2)
