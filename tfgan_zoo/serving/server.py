"""The embedded server: models, batching, gRPC, REST and metrics, from the start to the stop."""

import asyncio
import functools
import logging
import os
import pathlib
import shutil
import signal
import sys

import tensorflow as tf

from tfgan_zoo import files, trust
from tfgan_zoo.extras import needed_by
from tfgan_zoo.serving import batching, flags, limits, listeners, logs, messages, metrics, signing
from tfgan_zoo.serving.core import Core
from tfgan_zoo.serving.loader import Loader
from tfgan_zoo.serving.manager import Manager
from tfgan_zoo.serving.servable import Servable
from tfgan_zoo.serving.statuses import StatusError, invalid

with needed_by("The embedded server"):
    from tensorflow_serving.config.model_server_config_pb2 import ModelServerConfig

LOG = logging.getLogger("tfgan_zoo.serving")
_BINARY = "tensorflow_model_server"
_PER_MODEL_BATCHING = "batching_params.pbtxt"
_GRACE_SECONDS = 1  # beyond drain_seconds, to unload


def main(arguments):
    """Runs a server until it is told to stop; returns the exit status.

    Args:
        arguments: List of strings, TensorFlow Serving's flags. With `--engine=auto`, the default, a
            `tensorflow_model_server` on PATH takes over this process.
    """
    parsed, unknown = flags.parse(arguments)
    binary = shutil.which(_BINARY) if parsed.engine != "embedded" else None
    if binary:
        problem = _unsigned(parsed) or (None if parsed.trust_model else _untrusted(parsed))
        if problem:
            print(problem, file=sys.stderr)
            return 1
        os.execv(binary, [binary, *flags.for_model_server(arguments)])
    logs.start()
    if parsed.engine == _BINARY:
        LOG.error("%s is not on PATH.", _BINARY)
        return 1
    if unknown:
        LOG.error("unknown argument: %s\n%s", unknown[0], flags.parser().format_usage())
    try:
        asyncio.run(_serve(parsed))
    except StatusError as error:
        LOG.error("Failed to start server. Error: %s", error)
        return 255
    return 0


def _unsigned(parsed):
    """What a real server would silently leave out, or None."""
    if not (parsed.credentials_certificate or parsed.credentials_key):
        return None
    return (
        f"{_BINARY} cannot put credentials into images: give --engine=embedded, or sign where images "
        "are received, by tfgan-zoo generate --credentials-certificate."
    )


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


def _here(config):
    """The configuration, where its folders are on this machine; the real server may know others.

    Raises:
        StatusError: INVALID_ARGUMENT.
    """
    for model in config.model_config_list.config:
        if files.address(model.base_path):
            raise invalid(
                f"{model.base_path} is an address: the embedded server reads folders of this machine "
                "alone. Copy it here, or run tensorflow_model_server where it can read it."
            )
    return config


async def _serve(parsed):
    """Serves until a signal comes, and ends the process by that signal.

    Without waiting for threads: one that loads, or runs a long request, may never come back.
    """
    server, loop = Server(parsed), asyncio.get_running_loop()
    stopped = loop.create_future()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _on_signal, stopped, number)
    starting = asyncio.ensure_future(server.start())
    await asyncio.wait([starting, stopped], return_when=asyncio.FIRST_COMPLETED)
    if starting.done():
        starting.result()
        await stopped
        stopping = asyncio.ensure_future(server.stop())
        _, unfinished = await asyncio.wait(
            [stopping], timeout=parsed.drain_seconds + _GRACE_SECONDS
        )
        if unfinished:
            LOG.warning("Requests or loads are cut off after %g s.", parsed.drain_seconds)
    _end(stopped.result())


def _on_signal(stopped, number):
    if stopped.done():
        _end(number)  # told twice
    LOG.info("%s: no new requests; waiting for the running ones.", signal.Signals(number).name)
    stopped.set_result(number)


def _end(number):
    """Ends the process at once, with an exit status that tells the signal."""
    logging.shutdown()
    signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)


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
        loader = Loader(
            self._load,
            parsed.max_num_load_retries,
            parsed.load_retry_interval_micros / 1e6,
            parsed.num_load_threads,
            parsed.num_unload_threads,
        )
        self.manager = Manager(
            loader,
            parsed.file_system_poll_wait_seconds,
            parsed.allow_version_labels_for_unavailable_models,
            measures=self.measures,
        )
        taken, self._signer = limits.from_flags(parsed), signing.signer(parsed)
        sign = self._signer and functools.partial(signing.signed, self._signer)
        threads = parsed.grpc_max_threads
        self.core = Core(self.manager, scheduler, self.measures, threads, taken, sign)
        self._config, self._poller = _here(_config(parsed)), None
        self._grpc = listeners.Grpc(self.core, parsed)
        self._rest = listeners.Rest(self.core, parsed)

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
        if self._signer:
            servable.sha256 = files.folder_sha256(servable.path)
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
        """Loads the models, then listens: a port that answers has models behind it.

        Raises:
            StatusError: A model that does not load, or a port that is taken.
        """
        listeners.check_port(self.flags.host, self.flags.port)
        await self.manager.reload(self._config)
        self.manager.start()
        await self._grpc.start()
        await self._rest.start()
        if self.flags.model_config_file and self.flags.model_config_file_poll_wait_seconds > 0:
            self._poller = asyncio.ensure_future(self._poll_config())

    async def _poll_config(self):
        while True:
            await asyncio.sleep(self.flags.model_config_file_poll_wait_seconds)
            try:
                await self.manager.reload(_config(self.flags), wait=False)
            except Exception as error:
                text = error.message if isinstance(error, StatusError) else repr(error)
                LOG.error("PollFilesystemAndReloadConfig failed to ReloadConfig: %s", text)

    async def stop(self):
        """Takes no new requests, waits for the running ones, and unloads the models."""
        if self._poller:
            self._poller.cancel()
        await asyncio.gather(self._grpc.stop(), self._rest.stop())
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
