"""The embedded server: wires models, batching, gRPC, REST and metrics together, and stops gently."""

import asyncio
import logging
import os
import pathlib
import shutil
import signal
import sys

import grpc
import tensorflow as tf
from aiohttp import web
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc
from tensorflow_serving.config.model_server_config_pb2 import ModelServerConfig

from tfgan_zoo import trust
from tfgan_zoo.serving import batching, flags, messages, metrics
from tfgan_zoo.serving.core import Core
from tfgan_zoo.serving.manager import Manager
from tfgan_zoo.serving.rest import Rest
from tfgan_zoo.serving.rpc import ModelService, PredictionService
from tfgan_zoo.serving.servable import Servable
from tfgan_zoo.serving.statuses import StatusError, invalid

LOG = logging.getLogger("tfgan_zoo.serving")
_BINARY = "tensorflow_model_server"
_PER_MODEL_BATCHING = "batching_params.pbtxt"
_SERVICES = ("", "tensorflow.serving.PredictionService", "tensorflow.serving.ModelService")


def main(arguments):
    """Runs a server until it is told to stop; returns the exit status.

    Args:
        arguments: List of strings, TensorFlow Serving's flags. With `--engine=auto`, the default, a
            `tensorflow_model_server` on PATH takes over this process.
    """
    parsed, unknown = flags.parse(arguments)
    binary = shutil.which(_BINARY) if parsed.engine != "embedded" else None
    if binary:
        problem = None if parsed.trust_model else _untrusted(parsed)
        if problem:
            print(problem, file=sys.stderr)
            return 1
        os.execv(binary, [binary, *flags.for_model_server(arguments)])
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname).1s %(message)s")
    if parsed.engine == _BINARY:
        LOG.error("%s is not on PATH.", _BINARY)
        return 1
    if unknown:
        LOG.error("unknown argument: %s\n%s", unknown[0], flags.parser().format_usage())
    try:
        received = asyncio.run(_serve(parsed))
    except StatusError as error:
        LOG.error("Failed to start server. Error: %s", error)
        return 255
    signal.signal(received, signal.SIG_DFL)  # so that the exit status tells the signal
    signal.raise_signal(received)
    return 0


def _untrusted(parsed):
    """Why a version that lies there now should not be served; None where all compute only."""
    try:
        paths = [model.base_path for model in _config(parsed).model_config_list.config]
    except StatusError:
        return None  # the real server says it in its own words
    for path in paths:
        for version in pathlib.Path(path).glob("[0-9]*"):
            try:
                trust.check(version)
            except trust.UntrustedModelError as error:
                return str(error)
            except (ValueError, OSError):
                continue  # no SavedModel: it will not be loaded
    return None


def _config(parsed):
    if parsed.model_config_file:
        return messages.read(parsed.model_config_file, ModelServerConfig)
    if not parsed.model_base_path:
        raise invalid(
            "Both server_options.model_base_path and server_options.model_config_file are empty!"
        )
    config = ModelServerConfig()
    config.model_config_list.config.add(
        name=parsed.model_name, base_path=parsed.model_base_path, model_platform="tensorflow"
    )
    return config


async def _serve(parsed):
    server = Server(parsed)
    stopped = asyncio.get_running_loop().create_future()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, _on_signal, stopped, number)
    starting = asyncio.ensure_future(server.start())
    await asyncio.wait([starting, stopped], return_when=asyncio.FIRST_COMPLETED)
    if starting.done():
        starting.result()
        await stopped
        await server.stop()
    else:
        starting.cancel()
    return stopped.result()


def _on_signal(stopped, number):
    if stopped.done():
        os._exit(128 + number)  # told twice
    LOG.info("%s: no new requests; waiting for the running ones.", signal.Signals(number).name)
    stopped.set_result(number)


class Server:
    """One server.

    Args:
        parsed: What `flags.parse` gives.

    Raises:
        StatusError: Flags or files that cannot be used.
    """

    def __init__(self, parsed):
        if not parsed.port:
            raise invalid("server_options.grpc_port is not set.")
        self.flags, self.measures = parsed, metrics.Metrics()
        self._options = self._batching_options()
        scheduler = self._options and batching.Scheduler(self._options, self._observe_queue)
        self.manager = Manager(
            self._load,
            parsed.file_system_poll_wait_seconds,
            parsed.allow_version_labels_for_unavailable_models,
            measures=self.measures,
        )
        self.core = Core(self.manager, scheduler, self.measures, parsed.grpc_max_threads)
        self._config, self._poller = self._read_config(), None
        self._grpc, self._rest = None, None

    def _batching_options(self):
        file = self.flags.batching_parameters_file
        if not self.flags.enable_batching:
            if file:
                raise invalid(
                    "server_options.batching_parameters_file is set without setting "
                    "server_options.enable_batching to true."
                )
            return None
        return batching.Options(messages.read(file, messages.BatchingParameters) if file else None)

    def _observe_queue(self, microseconds):
        self.measures.observe(metrics.QUEUING_LATENCY, microseconds, thread_pool_name="")

    def _read_config(self):
        return _config(self.flags)

    def _load(self, path):
        """Loads and warms a version; called in a thread."""
        options = self._options
        if options and self.flags.enable_per_model_batching_parameters:
            file = pathlib.Path(path) / _PER_MODEL_BATCHING
            if file.exists():
                options = batching.Options(messages.read(file, messages.BatchingParameters))
        if options:
            options.check()
        session = _session_options(self.flags)
        tags = self.flags.saved_model_tags.split(",")
        servable = Servable(path, tags, session, self.flags.trust_model)
        if options is not self._options:
            servable.scheduler = batching.Scheduler(options, self._observe_queue)
        try:
            if self.flags.enable_model_warmup and servable.warm_up():
                LOG.info("Finished reading warmup data for model at %s", path)
        except Exception:
            servable.close()
            raise
        return servable

    # === Start and stop ===

    async def start(self):
        """Loads the models, then listens: a port that answers has models behind it."""
        await self.manager.reload(self._config)
        self.manager.start()
        await self._start_grpc()
        await self._start_rest()
        if self.flags.model_config_file and self.flags.model_config_file_poll_wait_seconds > 0:
            self._poller = asyncio.ensure_future(self._poll_config())

    async def _start_grpc(self):
        limit = ("grpc.max_receive_message_length", self.flags.max_body_bytes)
        options = [limit, ("grpc.max_send_message_length", -1), ("grpc.so_reuseport", 0)]
        pairs = filter(None, self.flags.grpc_channel_arguments.split(","))
        options += [tuple(pair.split("=", 1)) for pair in pairs]
        options = [(key, int(v) if str(v).lstrip("-").isdigit() else v) for key, v in options]
        self._grpc = grpc.aio.server(
            options=options, maximum_concurrent_rpcs=self.flags.max_concurrent_requests
        )
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
            PredictionService(self.core), self._grpc
        )
        model_service_pb2_grpc.add_ModelServiceServicer_to_server(
            ModelService(self.core), self._grpc
        )
        if self.flags.enable_grpc_healthcheck_service:
            await self._add_health()
        address = f"{self.flags.host}:{self.flags.port}"
        try:
            self._add_port(address)
        except RuntimeError:
            raise invalid(f"Failed to BuildAndStart gRPC server: {address} is taken") from None
        await self._grpc.start()
        LOG.info("Running gRPC ModelServer at %s ...", address)

    def _add_port(self, address):
        if not self.flags.ssl_config_file:
            return self._grpc.add_insecure_port(address)
        ssl = messages.read(self.flags.ssl_config_file, messages.SSLConfig)
        credentials = grpc.ssl_server_credentials(
            [(ssl.server_key.encode(), ssl.server_cert.encode())],
            root_certificates=ssl.custom_ca.encode() or None,
            require_client_auth=ssl.client_verify,
        )
        return self._grpc.add_secure_port(address, credentials)

    async def _add_health(self):
        self._health = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._grpc)
        for service in _SERVICES:
            await self._health.set(service, health_pb2.HealthCheckResponse.SERVING)

    async def _start_rest(self):
        if not self.flags.rest_api_port:
            return
        try:
            path = self._metrics_path()
        except StatusError as error:  # as a stock server, which goes on with gRPC alone
            LOG.error("%s", error.message)
            return
        rest = Rest(self.core, self.flags, path)
        self._rest = web.ServerRunner(
            web.Server(rest, request_factory=rest.make_request, access_log=None),
            shutdown_timeout=self.flags.drain_seconds,
        )
        await self._rest.setup()
        try:
            await web.TCPSite(self._rest, self.flags.host, self.flags.rest_api_port).start()
        except OSError:
            LOG.error("Failed to start HTTP Server at localhost:%d", self.flags.rest_api_port)
            return
        LOG.info("Exporting HTTP/REST API at:localhost:%d ...", self.flags.rest_api_port)

    def _metrics_path(self):
        if not self.flags.monitoring_config_file:
            return None
        config = messages.read(self.flags.monitoring_config_file, messages.MonitoringConfig)
        prometheus = config.prometheus_config
        return (prometheus.path or metrics.DEFAULT_PATH) if prometheus.enable else None

    async def _poll_config(self):
        while True:
            await asyncio.sleep(self.flags.model_config_file_poll_wait_seconds)
            try:
                await self.manager.reload(self._read_config(), wait=False)
            except Exception as error:
                text = error.message if isinstance(error, StatusError) else repr(error)
                LOG.error("PollFilesystemAndReloadConfig failed to ReloadConfig: %s", text)

    async def stop(self):
        """Takes no new requests, waits for the running ones, and unloads the models."""
        if self._poller:
            self._poller.cancel()
        if self.flags.enable_grpc_healthcheck_service:
            await self._health.enter_graceful_shutdown()
        stops = [self._grpc.stop(self.flags.drain_seconds)]
        await asyncio.gather(*stops, *([self._rest.cleanup()] if self._rest else []))
        await self.manager.close()
        self.core.close()


def _session_options(parsed):
    threads = parsed.tensorflow_session_parallelism
    options = tf.compat.v1.ConfigProto(
        intra_op_parallelism_threads=parsed.tensorflow_intra_op_parallelism or threads,
        inter_op_parallelism_threads=parsed.tensorflow_inter_op_parallelism or threads,
    )
    if parsed.per_process_gpu_memory_fraction:
        options.gpu_options.per_process_gpu_memory_fraction = parsed.per_process_gpu_memory_fraction
    return options


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
