"""Tries to wear the embedded server down: mutated bodies, reloads under load, half-open connections.

    python benchmarks/soak_server.py [--bodies 200000] [--requests 10000] [--half-open 1500]

Each second it reads the server's memory and descriptors and asks for a status. It fails where an answer
is a 500, a status takes over a second, memory or descriptors grow, the log holds a traceback, or the
server dies. Results on standard output; the seed makes a run repeatable.
"""

import argparse
import contextlib
import gzip
import http.client
import itertools
import json
import os
import pathlib
import random
import socket
import sys
import tempfile
import threading
import time

import grpc
import numpy as np
import tensorflow as tf

ROOT = pathlib.Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "serving"))

from google.protobuf import text_format  # noqa: E402
from running_server import PROTOCOL, Server, models_config  # noqa: E402
from tensorflow_serving.apis import (  # noqa: E402
    model_management_pb2,
    predict_pb2,
)

PATH = "/v1/models/probe:predict"
SEEDS = [
    b'{"instances": [1.0, 2.5, -3e2]}',
    b'{"inputs": {"x": [1, 2]}}',
    b'{"signature_name": "two", "instances": [{"x": [1, 2.5, -3e2], "k": 4}]}',
    b'{"signature_name": "png", "inputs": [1, 2, 3]}',
    b'{"signature_name": "strings", "instances": ["a", {"b64": "AAEC"}]}',
    b'{"signature_name": "nested", "inputs": [[[1, 2]], [[3, 4]]]}',
]
PIECES = [
    *(b"[", b"]", b"{", b"}", b'"', b",", b":", b"\\", b"\x00", b"\xff", b"-", b"1e999", b"NaN"),
    *(b"null", b"true", b'"b64"', b"\\ud800", b"[[[[", b"9" * 400, b'{"x":', b"Infinity", b" "),
]
_ALLOWED_GROWTH_MB, _ALLOWED_DESCRIPTORS, _WORST_SECONDS = 150, 20, 1.0


class Watch:
    """Samples a server every second, until `close`."""

    def __init__(self, server):
        self.server, self.worst, self.samples, self.problems = server, 0.0, [], []
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._closed.wait(1.0):
            try:
                begin = time.monotonic()
                status, _, _ = self.server.http("GET", "/v1/models/probe")
                taken = time.monotonic() - begin
            except OSError as error:
                self.problems.append(f"status: {error!r}")
                continue
            self.worst = max(self.worst, taken)
            if status != 200 or taken > _WORST_SECONDS:
                load = os.getloadavg()[0] / os.cpu_count()
                self.problems.append(f"status {status} after {taken:.2f} s; load a CPU {load:.1f}")
            self.samples.append(self.sample())

    def sample(self):
        """`(megabytes, descriptors)`."""
        process = pathlib.Path(f"/proc/{self.server.process.pid}")
        pages = int((process / "statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20, len(os.listdir(process / "fd"))

    def close(self):
        self._closed.set()
        self._thread.join()


def mutated(generator, seed):
    """A body with a few changes: cut, repeated, a byte or a piece replaced, or gzip around it."""
    body = bytearray(seed)
    for _ in range(generator.randrange(1, 4)):
        at, kind = generator.randrange(len(body) + 1), generator.randrange(4)
        if kind == 0:
            body[at : at + generator.randrange(4)] = generator.choice(PIECES)
        elif kind == 1:
            body[at : at + 1] = bytes([generator.randrange(256)])
        elif kind == 2:
            del body[at:]
        else:
            body[at:at] = body[: generator.randrange(len(body) + 1)]
    return bytes(body)


def structured(generator):
    """A request of random values."""
    signature = generator.choice(["", "two", "png", "types", "strings", "mean", "nested", "zz"])
    key = generator.choice(["instances", "inputs"])
    body = {"signature_name": signature, key: value(generator, 3)}
    return json.dumps(body).encode()


def value(generator, depth):
    kind = generator.randrange(6 if depth else 4)
    if kind < 2:
        return generator.choice([1, 2.5, -3, 0, 7, 1e30, 2**40])
    if kind < 4:
        return generator.choice(["a", "é", None, True, {"b64": "AAEC"}, {"b64": "!"}, 10**30])
    if kind == 4:
        return [value(generator, depth - 1) for _ in range(generator.randrange(4))]
    return {name: value(generator, depth - 1) for name in generator.sample(["x", "k", "b64"], 2)}


def message(generator):
    """A serialized PredictRequest with a few changed bytes."""
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "probe"
    request.inputs["x"].CopyFrom(tf.make_tensor_proto(np.float32([1, 2, 3])))
    return mutated(generator, request.SerializeToString())


def send_rest(server, count, seed, failures, codes):
    """Sends mutated bodies on a connection that is kept."""
    generator = random.Random(seed)
    connection = http.client.HTTPConnection("localhost", server.rest_port, timeout=30)
    for _ in range(count):
        body, headers = generator.choice([*SEEDS, structured(generator)]), {}
        if generator.random() < 0.8:
            body = mutated(generator, body)
        if generator.random() < 0.1:
            packed = gzip.compress(body, 1)
            body = mutated(generator, packed) if generator.random() < 0.5 else packed
            headers["Content-Encoding"] = "gzip"
        try:
            connection.request("POST", PATH, body, headers)
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            failures.append(f"REST {error!r} for {body[:80]!r}")
            connection.close()
            continue
        codes[str(answer.status)] = codes.get(str(answer.status), 0) + 1
        if answer.status >= 500 or b"Traceback" in text:
            failures.append(f"REST {answer.status} {text[:200]!r} for {body[:200]!r}")
    connection.close()


def send_grpc(server, count, seed, failures, codes):
    """Sends mutated messages on a channel that is kept."""
    generator = random.Random(seed)
    with grpc.insecure_channel(server.target) as channel:
        call = channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
        for _ in range(count):
            data = message(generator)
            try:
                call(data, timeout=30)
                code = "OK"
            except grpc.RpcError as error:
                code = error.code().name
                if code in ("INTERNAL", "UNKNOWN", "UNAVAILABLE"):
                    failures.append(f"gRPC {code} {error.details()[:200]} for {data[:200]!r}")
            codes[code] = codes.get(code, 0) + 1


def in_threads(*calls):
    threads = [threading.Thread(target=call, args=arguments) for call, *arguments in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def soak_bodies(server, count, seed, failures):
    codes = {}
    shares = [(send_rest, count * 3 // 8), (send_rest, count * 3 // 8)]
    shares += [(send_grpc, count // 8), (send_grpc, count - 2 * (count * 3 // 8) - count // 8)]
    in_threads(
        *(
            (send, server, share, seed + index, failures, codes)
            for index, (send, share) in enumerate(shares)
        )
    )
    print(f"{count} mutated bodies: {json.dumps(codes, sort_keys=True)}", flush=True)


def soak_reloads(server, requests, reloads, failures):
    """Moves the served versions while requests are asked; each must be answered rightly."""
    left = itertools.count()
    asking = threading.Event()

    def ask():
        with server.stubs() as (prediction, _):
            while (index := next(left)) < requests:
                request = predict_pb2.PredictRequest()
                request.model_spec.name = "probe"
                request.inputs["x"].CopyFrom(tf.make_tensor_proto(np.float32([index])))
                try:
                    answer = prediction.Predict(request, timeout=30)
                except grpc.RpcError as error:
                    failures.append(f"during a reload: {error.code().name} {error.details()}")
                    continue
                wanted = index * answer.model_spec.version.value
                if list(answer.outputs["y"].float_val) != [np.float32(wanted)]:
                    failures.append(f"during a reload: a wrong answer to {index}")
        asking.set()

    def move():
        with server.stubs() as (_, models):
            for turn in range(reloads):
                policy = "all {}" if turn % 2 else f"specific {{ versions: {1 + turn // 2 % 3} }}"
                fields = f"model_version_policy {{ {policy} }}"
                message = model_management_pb2.ReloadConfigRequest()
                text_format.Parse(
                    models_config(("probe", PROTOCOL / "probe", fields)), message.config
                )
                models.HandleReloadConfigRequest(message, timeout=120)
        if asking.is_set():
            failures.append("the requests were over before the reloads")

    in_threads(*[(ask,)] * 4, (move,))
    print(f"{reloads} reloads under {requests} requests", flush=True)


def soak_connections(server, count, failures):
    """Holds half-open connections to both ports while others ask."""
    beginnings = [b"", b"POST /v1/mod", f"POST {PATH} HTTP/1.1\r\nHost: x\r\nX-".encode()]
    beginnings.append(f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{{".encode())
    with contextlib.ExitStack() as opened:
        for index in range(count):
            port = server.port if index % 5 == 4 else server.rest_port
            connection = socket.create_connection(("localhost", port), timeout=10)
            opened.enter_context(connection)
            with contextlib.suppress(OSError):
                connection.sendall(beginnings[index % 4])
        end = time.monotonic() + 10
        while time.monotonic() < end:
            status, answer = server.predict({"instances": [1.0]})
            if status != 200:
                failures.append(f"with half-open connections: {status} {answer}")
            time.sleep(0.2)
    print(f"{count} half-open connections", flush=True)


def settled(watch):
    """A sample after the time in which idle connections are closed."""
    time.sleep(5)
    return watch.sample()


def check_growth(name, before, after, failures):
    print(f"  after {name}: {after[0]:.0f} MB, {after[1]} descriptors", flush=True)
    if after[0] > before[0] + _ALLOWED_GROWTH_MB:
        failures.append(f"{name}: memory grew from {before[0]:.0f} to {after[0]:.0f} MB")
    if after[1] > before[1] + _ALLOWED_DESCRIPTORS:
        failures.append(f"{name}: descriptors grew from {before[1]} to {after[1]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--bodies", type=int, default=200_000)
    parser.add_argument("--reloads", type=int, default=20)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--half-open", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp())
    fields = "model_version_policy { all {} }"
    (folder / "models.config").write_text(models_config(("probe", PROTOCOL / "probe", fields)))
    flags = [f"--model_config_file={folder}/models.config", "--idle_timeout_seconds=4"]
    failures, begin = [], time.monotonic()
    with Server(folder, *flags, "--grpc_max_threads=64") as server:
        watch = Watch(server)
        soak_bodies(server, min(2000, arguments.bodies), arguments.seed + 100, failures)  # warm up
        before = settled(watch)
        check_growth("warming up", before, before, failures)
        for name, soak in (
            ("bodies", lambda: soak_bodies(server, arguments.bodies, arguments.seed, failures)),
            (
                "reloads",
                lambda: soak_reloads(server, arguments.requests, arguments.reloads, failures),
            ),
            ("connections", lambda: soak_connections(server, arguments.half_open, failures)),
        ):
            soak()
            check_growth(name, before, settled(watch), failures)
        watch.close()
        if server.process.poll() is not None:
            failures.append(f"the server died: {server.process.poll()}")
        status, log = server.stop(), server.log
    failures += watch.problems
    if "Traceback" in log:
        failures.append("a traceback in the log: " + log[log.index("Traceback") :][:1000])
    most = np.max(watch.samples, axis=0)
    print(f"most at once: {most[0]:.0f} MB, {most[1]:.0f} descriptors; log {len(log)} bytes")
    print(f"slowest of {len(watch.samples)} status requests: {watch.worst:.2f} s; exit {status}")
    print(f"{time.monotonic() - begin:.0f} s, {len(failures)} failures")
    print(*failures[:20], sep="\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
