"""How many images a second does a served generator give, and how long does a request take?

Closed-loop clients (each asks again as soon as it has its answer) in one process, against the embedded
server, or the one that TFGAN_ZOO_TFS_BINARY names, in another, on the same machine. The model is
DCGAN 28x28 as in the presets; the limit is the same SavedModel called in a loop in one process.

    python benchmarks/serving.py               # writes benchmarks/results/serving.csv
"""

import argparse
import asyncio
import base64
import json
import os
import pathlib
import shlex
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import aiohttp
import grpc
import numpy as np
import tables

CLIENTS = (1, 4, 16, 64)
IMAGES = (1, 16)  # per request
SIGNATURES = {"PNG": "generate_png", "float": "generate"}
MODEL = "dcgan"
BATCHING = """max_batch_size { value: 32 } batch_timeout_micros { value: 2000 }
num_batch_threads { value: 2 } max_enqueued_batches { value: 100 }
allowed_batch_sizes: [1, 2, 4, 8, 16, 32]"""


def export(folder):
    import tfgan_zoo

    gan = tfgan_zoo.DCGAN(image_shape=(28, 28, 1), width=64, name=MODEL)
    return gan.export(folder)


# === The limit ===


def in_process(path, seconds):
    """`{batch size: images a second}` of the SavedModel in this process."""
    import tensorflow as tf

    signature = tf.saved_model.load(str(path)).signatures["generate_png"]
    found = {}
    for size in (1, 2, 4, 8, 16, 32, 64):
        seed = tf.range(size, dtype=tf.int64)
        signature(seed=seed)
        begun, images = time.perf_counter(), 0
        while time.perf_counter() - begun < seconds:
            signature(seed=seed)["image_bytes"].numpy()
            images += size
        found[size] = images / (time.perf_counter() - begun)
    return found


# === The server ===


class Server:
    def __init__(self, folder, batching):
        self.port, self.rest_port = free_port(), free_port()
        binary = os.environ.get("TFGAN_ZOO_TFS_BINARY")
        own = [pathlib.Path(sys.executable).parent / "tfgan-zoo", "serve", "--engine=embedded"]
        flags = [
            f"--port={self.port}",
            f"--rest_api_port={self.rest_port}",
            "--grpc_max_threads=64",
        ]
        flags += [f"--model_name={MODEL}", f"--model_base_path={folder}/{MODEL}"]
        if batching:
            (folder / "batching.config").write_text(BATCHING)
            flags += [
                "--enable_batching=true",
                f"--batching_parameters_file={folder}/batching.config",
            ]
        command = shlex.split(binary) if binary else own
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen([*command, *flags], stdout=quiet, stderr=quiet)
        while not listens(self.rest_port):
            time.sleep(0.05)

    def peak_megabytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


# === The clients ===


def grpc_asker(server, signature, images):
    """Coroutine functions: one makes a request and takes its answer apart, others open and close."""
    import tensorflow as tf
    from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

    options = [("grpc.max_receive_message_length", -1)]
    channel = grpc.aio.insecure_channel(f"localhost:{server.port}", options=options)
    stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = MODEL, signature
    request.inputs["seed"].CopyFrom(tf.make_tensor_proto(np.arange(images), tf.int64))

    async def ask():
        (output,) = (await stub.Predict(request)).outputs.values()
        values = output.string_val if output.string_val else output.float_val
        assert len(values) in (images, images * 28 * 28)

    return ask, channel.channel_ready, channel.close


def rest_asker(server, signature, images):
    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
    url = f"http://localhost:{server.rest_port}/v1/models/{MODEL}:predict"
    body = json.dumps({"signature_name": signature, "instances": list(range(images))}).encode()

    async def ask():
        async with session.post(url, data=body) as answer:
            rows = json.loads(await answer.read())["predictions"]
        assert len(rows) == images
        for row in rows:
            if isinstance(row, dict):
                base64.b64decode(row["b64"])

    async def connect():
        await (await session.get(url.removesuffix(":predict"))).read()

    return ask, connect, session.close


ASKERS = {"gRPC": grpc_asker, "REST": rest_asker}


async def load(server, protocol, output, clients, images, seconds):
    """Latencies in ms, a list for each client, and the time it all took."""
    ask, connect, close = ASKERS[protocol](server, SIGNATURES[output], images)
    await connect()
    begun = time.perf_counter()
    await ask()
    first = time.perf_counter() - begun
    end = time.perf_counter() + seconds

    async def client():
        latencies = []
        while time.perf_counter() < end:
            start = time.perf_counter()
            await ask()
            latencies.append(1000 * (time.perf_counter() - start))
        return latencies

    begun = time.perf_counter()
    found = await asyncio.gather(*(client() for _ in range(clients)))
    elapsed = time.perf_counter() - begun
    await close()
    return found, elapsed, 1000 * first


def row(server, batching, protocol, output, clients, images, seconds):
    found, elapsed, first = asyncio.run(load(server, protocol, output, clients, images, seconds))
    everything = [latency for latencies in found for latency in latencies]
    p50, p95, p99 = (float(np.percentile(everything, p)) for p in (50, 95, 99))
    worst = [float(np.percentile(latencies, 99)) for latencies in found]
    return {
        "protocol": protocol,
        "output": output,
        "batching": "on" if batching else "off",
        "clients": clients,
        "images_per_request": images,
        "images_per_second": round(len(everything) * images / elapsed, 1),
        "p50_ms": round(p50, 2),
        "p95_ms": round(p95, 2),
        "p99_ms": round(p99, 2),
        "worst_to_median_p99": round(max(worst) / statistics.median(worst), 2),
        "first_ms": round(first, 2),
        "peak_megabytes": round(server.peak_megabytes()),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=3.0, help="of one measurement")
    tables.add_quick(parser)
    given = parser.parse_args()
    seconds = 0.1 if given.quick else given.seconds
    images_per_request, clients_at_once = ((1,), (4,)) if given.quick else (IMAGES, CLIENTS)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        path = export(folder)
        limits = in_process(path, seconds)
        for batching in (False, True):
            with Server(pathlib.Path(folder), batching) as server:
                for protocol in ASKERS:
                    for output in SIGNATURES:
                        for images in images_per_request:
                            for clients in clients_at_once:
                                setting = (batching, protocol, output, clients, images)
                                rows.append(row(server, *setting, seconds))
                                print(rows[-1], flush=True)
    best = max(limits.values())
    for size, rate in limits.items():
        print(f"in process, batches of {size}: {rate:.0f} images/s")
    rows = [{**r, "of_in_process": round(r["images_per_second"] / best, 3)} for r in rows]
    tables.write_csv("serving", rows, given.quick)
    limits = [{"batch": size, "images_per_second": round(rate, 1)} for size, rate in limits.items()]
    tables.write_csv("serving_in_process", limits, given.quick)


if __name__ == "__main__":
    main()
