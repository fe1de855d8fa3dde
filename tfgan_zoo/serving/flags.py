"""TensorFlow Serving's command-line flags, so that the embedded server can take its place."""

import argparse
import math
import multiprocessing
import os

from tfgan_zoo.serving.limits import DEFAULTS


def _boolean(text):
    if text.lower() not in ("true", "1", "false", "0"):
        raise argparse.ArgumentTypeError(f"expected true or false, got {text!r}")
    return text.lower() in ("true", "1")


def _number(kind, least, what, most=math.inf):
    """A type of argparse: a finite number that is large enough, and no larger than `most`."""

    def parse(text):
        try:
            number = kind(text)
        except ValueError:
            number = math.nan
        if not least <= number <= most or number == math.inf:
            raise argparse.ArgumentTypeError(f"expected {what}, got {text!r}")
        return number

    return parse


_positive = _number(int, 1, "a positive integer")
_count = _number(int, 0, "an integer of 0 or more")
_port = _number(int, 0, "a port, 0 to 65535", 65535)
_seconds = _number(float, 0, "seconds, 0 or more")
_more_seconds = _number(float, 0.001, "seconds, more than 0")
_OWN = {  # flags of the embedded server only: type, default, help
    "host": (str, "127.0.0.1", "address to listen on"),
    "drain_seconds": (_seconds, 30.0, "after SIGTERM, for running requests"),
    "max_concurrent_requests": (_positive, 1024, "more are refused"),
    "max_connections": (_positive, 1000, "open ones of REST, and of gRPC; idle ones are closed"),
    "idle_timeout_seconds": (_more_seconds, 30.0, "for the headers of a request, and between two"),
    "body_timeout_seconds": (_more_seconds, 30.0, "for the body of a request"),
    "max_body_bytes": (_positive, DEFAULTS.max_body_bytes, "of a request, also when unpacked"),
    "max_json_values": (
        _positive,
        DEFAULTS.max_json_values,
        "in the body of a request or an answer",
    ),
    "max_tensor_elements": (_positive, DEFAULTS.max_tensor_elements, "of one input"),
    "max_strings": (_positive, DEFAULTS.max_strings, "of one input"),
    "max_rows": (_positive, DEFAULTS.max_rows, "of one request, such as images"),
}
_FILES = {  # of it too: help
    "credentials_certificate": "PEM file: sign images with content credentials; docs/provenance.md",
    "credentials_key": "PEM file of its private key; by default $TFGAN_ZOO_CREDENTIALS_KEY",
}
EMBEDDED_ONLY = (*_OWN, *_FILES, "trust_model")


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        """As a stock server: usage, and exit status 255."""
        self.exit(255, f"{self.format_usage()}{message}\n")


def parser():
    """The parser of `tfgan-zoo serve`."""
    made = _Parser(
        prog="tfgan-zoo serve",
        description="Serves SavedModels by TensorFlow Serving's protocol, flags and files: by "
        "tensorflow_model_server where it is on PATH, else by an embedded server for development and "
        "tests.",
        epilog="tfgan-zoo serve --model_name=dcgan --model_base_path=$PWD/saved_models/dcgan "
        "--rest_api_port=8501",
        allow_abbrev=False,
    )
    flag = made.add_argument
    flag("--engine", choices=["auto", "tensorflow_model_server", "embedded"], default="auto")
    _add_ports(flag)
    _add_models(flag)
    _add_runtime(flag)
    own = made.add_argument_group("of the embedded server only").add_argument
    for name, (kind, default, text) in _OWN.items():
        own(f"--{name}", type=kind, default=default, help=f"{text} (%(default)s)")
    for name, text in _FILES.items():
        own(f"--{name}", f"--{name.replace('_', '-')}", default="", metavar="FILE", help=text)
    _bool(
        own,
        "--trust_model",
        "--trust-model",
        help="load models whose graphs could reach files, the network or Python",
    )
    return made


def _add_ports(flag):
    flag("--port", type=_port, default=8500, help="port of gRPC (%(default)s)")
    flag("--rest_api_port", type=_port, default=0, help="port of REST; 0 for none")
    flag("--rest_api_timeout_in_ms", type=_positive, default=30_000)
    _bool(flag, "--rest_api_enable_cors_support", help="let pages of other hosts ask")
    flag("--grpc_max_threads", type=_positive, default=4 * multiprocessing.cpu_count())
    flag("--grpc_channel_arguments", default="", metavar="KEY=VALUE,…")
    _bool(flag, "--enable_grpc_healthcheck_service", help="answer grpc.health.v1.Health")
    flag("--ssl_config_file", default="", help="SSLConfig, for gRPC over TLS")
    flag("--monitoring_config_file", default="", help="MonitoringConfig, for Prometheus")


def _add_models(flag):
    flag(
        "--model_config_file", default="", help="ModelServerConfig: names, paths, policies, labels"
    )
    flag("--model_config_file_poll_wait_seconds", type=int, default=0, help="0: never read again")
    flag("--model_name", default="default", help="of one model, without a model_config_file")
    flag("--model_base_path", default="", help="folder of its versions")
    flag("--file_system_poll_wait_seconds", type=int, default=1)
    flag("--max_num_load_retries", type=_count, default=5, help="of a version that does not load")
    flag("--load_retry_interval_micros", type=_count, default=60_000_000)
    flag("--num_load_threads", type=_count, default=0, help="0: one version after the other")
    flag("--num_unload_threads", type=_count, default=0)
    _bool(flag, "--allow_version_labels_for_unavailable_models")
    flag("--saved_model_tags", default="serve")
    _bool(flag, "--enable_model_warmup", default=True)


def _add_runtime(flag):
    _bool(flag, "--enable_batching")
    flag("--batching_parameters_file", default="", help="BatchingParameters")
    _bool(
        flag, "--enable_per_model_batching_parameters", help="batching_params.pbtxt of each version"
    )
    flag("--tensorflow_session_parallelism", type=int, default=0)
    flag("--tensorflow_intra_op_parallelism", type=int, default=0)
    flag("--tensorflow_inter_op_parallelism", type=int, default=0)
    flag("--per_process_gpu_memory_fraction", type=float, default=0.0)


def _bool(flag, *names, default=False, help=None):
    flag(*names, type=_boolean, nargs="?", const=True, default=default, metavar="BOOL", help=help)


def parse(arguments):
    """`(flags, unknown arguments)`. A stock server warns of unknown flags and goes on; so do we."""
    parsed, unknown = parser().parse_known_args(arguments)
    parsed.model_base_path = _absolute(parsed.model_base_path)
    parsed.host = parsed.host.removeprefix("[").removesuffix("]")  # of an IPv6 address
    return parsed, unknown


def _absolute(path):
    """A path of the command line, from where the command runs; a server takes absolute ones alone."""
    return os.path.abspath(path) if path and "://" not in path else path


def _values(name):
    return "?" if name == "trust_model" else None


def for_model_server(arguments):
    """The arguments without those that only we have."""
    own = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for name in ("engine", *EMBEDDED_ONLY):
        own.add_argument(f"--{name}", f"--{name.replace('_', '-')}", nargs=_values(name))
    own.add_argument("--model_base_path")
    found, others = own.parse_known_args(arguments)
    if found.model_base_path:
        others.append(f"--model_base_path={_absolute(found.model_base_path)}")
    return others
