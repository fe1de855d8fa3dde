"""Servers for the tests: the binary that TFGAN_ZOO_TFS_BINARY names, else the embedded server.

An embedded server is forked from a process that has imported it: TensorFlow takes seconds to import.
"""

import contextlib
import http.client
import json
import multiprocessing
import os
import pathlib
import shlex
import socket
import subprocess
import sys
import time

import grpc
from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

IS_EMBEDDED = "TFGAN_ZOO_TFS_BINARY" not in os.environ
PROTOCOL = pathlib.Path(__file__).parent / "protocol"
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tfgan_zoo.cli", "tfgan_zoo.serving.server"])
_UNLIMITED = [("grpc.max_receive_message_length", -1)]
_START_SECONDS = 400  # on a busy machine; 20 models take a minute where nothing else runs


def command():
    """The command line of the server, without flags."""
    if binary := os.environ.get("TFGAN_ZOO_TFS_BINARY"):
        return shlex.split(binary)
    return [str(pathlib.Path(sys.executable).parent / "tfgan-zoo"), "serve", "--engine=embedded"]


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def transcript(name):
    """A recorded transcript, a parsed JSON file."""
    return json.loads((PROTOCOL / name).read_text())


def _serve(words, log, environment, folder):
    """What a forked process runs: the command line, in the environment and the folder of the test."""
    with log.open("wb") as file:
        for output in (1, 2):
            os.dup2(file.fileno(), output)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    from tfgan_zoo import cli

    cli.app(words)


class Forked:
    """A process with the methods of `subprocess.Popen` that the tests use."""

    def __init__(self, *arguments):
        self._process = _FORKS.Process(target=_serve, args=arguments, daemon=True)
        self._process.start()
        self.pid = self._process.pid

    def poll(self):
        return self._process.exitcode

    def wait(self, timeout=None):
        self._process.join(timeout)
        if self.poll() is None:
            raise subprocess.TimeoutExpired("serve", timeout)
        return self.poll()

    def send_signal(self, number):
        os.kill(self.pid, number)

    def terminate(self):
        self._process.terminate()

    def kill(self):
        self._process.kill()


def run(log, *words, **environment):
    """Exit status and output of the command with these words, in a forked process."""
    log.touch()
    process = Forked(words, log, {**os.environ, **environment}, os.getcwd())
    return process.wait(60), log.read_text()


class Server:
    """A server process.

    Args:
        folder: Where its log goes.
        flags: Its flags, but for the ports.
        is_forked: Whether an embedded server may be forked; otherwise the command is run.
    """

    def __init__(self, folder, *flags, is_forked=True):
        self.port, self.rest_port = free_port(), free_port()
        self.target, self.url = f"localhost:{self.port}", f"http://localhost:{self.rest_port}"
        self._log_path = pathlib.Path(folder) / f"server-{self.port}.log"
        ports = [f"--port={self.port}", f"--rest_api_port={self.rest_port}"]
        # At a higher level a real server does not say "Running gRPC".
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "0"}
        words = [*command(), *ports, *flags]
        self._log_path.touch()
        if IS_EMBEDDED and is_forked:
            self.process = Forked(words[1:], self._log_path, environment, os.getcwd())
            return
        with self._log_path.open("wb") as log:
            self.process = subprocess.Popen(words, stdout=log, stderr=log, env=environment)

    @property
    def log(self):
        return self._log_path.read_text(errors="replace")

    def wait_until_ready(self):
        """Waits until REST answers."""
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log
            with (
                contextlib.suppress(OSError),
                socket.create_connection(("localhost", self.rest_port)),
            ):
                return self
            time.sleep(0.05)
        raise TimeoutError(self.log)

    def stop(self):
        self.process.terminate()
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise

    def __enter__(self):
        try:
            return self.wait_until_ready()
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.stop()

    def http(self, method, path, body=None, headers=None):
        """`(status, content type, body)` of a request whose path is sent as it is."""
        connection = http.client.HTTPConnection("localhost", self.rest_port, timeout=60)
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            headers = {"Content-Type": "application/json", **(headers or {})}
            if body is not None:
                body = body.encode() if isinstance(body, str) else body
                headers.setdefault("Content-Length", str(len(body)))
            for item in headers.items():
                connection.putheader(*item)
            connection.endheaders(body)
            answer = connection.getresponse()
            text = answer.read().decode(errors="surrogateescape")  # a string may hold any bytes
            return answer.status, answer.getheader("Content-Type"), text
        finally:
            connection.close()

    def predict(self, body, path="/v1/models/probe:predict"):
        status, _, text = self.http("POST", path, json.dumps(body))
        return status, json.loads(text)

    @contextlib.contextmanager
    def stubs(self):
        """The stubs of both services."""
        with grpc.insecure_channel(self.target, options=_UNLIMITED) as channel:
            yield (
                prediction_service_pb2_grpc.PredictionServiceStub(channel),
                model_service_pb2_grpc.ModelServiceStub(channel),
            )


def models_config(*models):
    """The text of a ModelServerConfig; each model is `(name, base path, more fields as text)`."""
    rows = (
        f'config {{ name: "{name}" base_path: "{path}" model_platform: "tensorflow" {more} }}'
        for name, path, more in models
    )
    return "model_config_list { " + " ".join(rows) + " }"
