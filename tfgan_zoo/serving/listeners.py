"""The two ports: gRPC and REST, from start to a stop that waits for running requests."""

import logging
import socket

import grpc

from tfgan_zoo.extras import needed_by
from tfgan_zoo.serving import connections, messages, metrics, rest, rpc
from tfgan_zoo.serving.statuses import StatusError, invalid

with needed_by("The embedded server"):
    from aiohttp import web
    from grpc_health.v1 import health, health_pb2, health_pb2_grpc

LOG = logging.getLogger("tfgan_zoo.serving")
_HANDSHAKE_MS = 2000  # short, since gRPC closes no waiting connection for a new one
_IDLE_TIMES = 10  # a client of gRPC keeps its connection, and opens another one by itself
_SERVICES = ("", "tensorflow.serving.PredictionService", "tensorflow.serving.ModelService")


def check_port(host, port):
    """Looks whether a port can be listened on, before models are loaded for nothing.

    Raises:
        StatusError: INVALID_ARGUMENT where the port is taken at every address of `host`, or not allowed.
    """
    problem = None
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        addresses, problem = [], error
    for family, _, _, _, address in addresses:
        try:
            socket.create_server(address, family=family).close()
            return
        except OSError as error:
            problem = error
    raise _not_started(f"{host}:{port}", problem.strerror or problem)


def _not_started(address, problem, see="--port, --host"):
    return invalid(f"Failed to BuildAndStart gRPC server: {address}: {problem} (see {see})")


def _credentials(path):
    ssl = messages.read(path, messages.SSLConfig)
    if ssl.client_verify and not ssl.custom_ca:
        raise invalid(
            f"{path}: client_verify needs a custom_ca, which signs the clients' certificates"
        )
    return grpc.ssl_server_credentials(
        [(ssl.server_key.encode(), ssl.server_cert.encode())],
        root_certificates=ssl.custom_ca.encode() or None,
        require_client_auth=ssl.client_verify,
    )


class Grpc:
    """The gRPC port.

    Args:
        core: `Core`.
        flags: What `flags.parse` gives.

    Raises:
        StatusError: A `ssl_config_file` that is none.
    """

    def __init__(self, core, flags):
        self._core, self._flags, self._server, self._health = core, flags, None, None
        self._credentials = _credentials(flags.ssl_config_file) if flags.ssl_config_file else None

    async def start(self):
        """Listens.

        Raises:
            StatusError: INVALID_ARGUMENT where the port is taken, or TLS cannot be used.
        """
        flags = self._flags
        self._server = grpc.aio.server(
            options=list(self._options()), maximum_concurrent_rpcs=flags.max_concurrent_requests
        )
        self._server.add_generic_rpc_handlers(rpc.handlers(self._core))
        if flags.enable_grpc_healthcheck_service:
            await self._add_health()
        host = f"[{flags.host}]" if ":" in flags.host else flags.host
        address = f"{host}:{flags.port}"
        try:
            self._add_port(address)
        except RuntimeError as error:
            see = "the key and the certificate of --ssl_config_file, --port"
            raise _not_started(address, error, *[see] * bool(self._credentials)) from None
        await self._server.start()
        LOG.info("Running gRPC ModelServer at %s ...", address)

    def _options(self):
        flags = self._flags
        yield "grpc.max_receive_message_length", flags.max_body_bytes
        yield "grpc.max_send_message_length", -1
        yield "grpc.so_reuseport", 0
        limit = connections.connection_limit(flags.max_connections)
        yield "grpc.max_allowed_incoming_connections", limit
        yield "grpc.server_handshake_timeout_ms", _HANDSHAKE_MS
        yield "grpc.max_connection_idle_ms", int(_IDLE_TIMES * flags.idle_timeout_seconds * 1e3)
        for pair in filter(None, flags.grpc_channel_arguments.split(",")):
            key, _, value = pair.partition("=")
            yield key, int(value) if value.lstrip("-").isdigit() else value

    def _add_port(self, address):
        if self._credentials:
            return self._server.add_secure_port(address, self._credentials)
        return self._server.add_insecure_port(address)

    async def _add_health(self):
        self._health = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        for service in _SERVICES:
            await self._health.set(service, health_pb2.HealthCheckResponse.SERVING)

    async def stop(self):
        """Waits `drain_seconds` for running requests, and cancels those that are left."""
        if self._health:
            await self._health.enter_graceful_shutdown()
        await self._server.stop(self._flags.drain_seconds)


class Rest:
    """The REST port, where there is one.

    Args:
        core: `Core`.
        flags: What `flags.parse` gives.
    """

    def __init__(self, core, flags):
        self._core, self._flags, self._runner = core, flags, None

    async def start(self):
        """Listens; a port that is taken is told in the log, as a stock server does."""
        port = self._flags.rest_api_port
        if not port:
            return
        try:
            handler = rest.Rest(self._core, self._flags, self._metrics_path())
        except StatusError as error:  # as a stock server, which goes on with gRPC alone
            LOG.error("%s", error.message)
            return
        self._runner = web.ServerRunner(
            handler.connections, shutdown_timeout=self._flags.drain_seconds
        )
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._flags.host, port).start()
        except OSError:
            LOG.error("Failed to start HTTP Server at localhost:%d", port)
            return
        LOG.info("Exporting HTTP/REST API at:localhost:%d ...", port)

    def _metrics_path(self):
        if not self._flags.monitoring_config_file:
            return None
        config = messages.read(self._flags.monitoring_config_file, messages.MonitoringConfig)
        prometheus = config.prometheus_config
        return (prometheus.path or metrics.DEFAULT_PATH) if prometheus.enable else None

    async def stop(self):
        """Waits `drain_seconds` for running requests, and cancels those that are left."""
        if self._runner:
            await self._runner.cleanup()
