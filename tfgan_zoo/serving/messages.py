"""Configuration messages of TensorFlow Serving in their text format.

tensorflow-serving-api leaves out the messages for batching, monitoring and TLS; they are declared here,
in a pool of their own, so that another package that has them can be installed besides.

Sources: session_bundle_config.proto, monitoring_config.proto and ssl_config.proto of TensorFlow Serving.
"""

import pathlib

from google.protobuf import (
    descriptor_pb2,
    descriptor_pool,
    message_factory,
    text_format,
    wrappers_pb2,
)

from tfgan_zoo.extras import needed_by
from tfgan_zoo.serving.statuses import StatusError, invalid, not_found

with needed_by("Serving"):
    from tensorflow_serving.config.model_server_config_pb2 import ModelServerConfig

_PACKAGE = "tensorflow.serving"
_Field = descriptor_pb2.FieldDescriptorProto
_INT, _BOOL, _STRING = "Int64Value", "BoolValue", "StringValue"  # wrappers: `name { value: 1 }`
_MESSAGES = {  # message -> field -> type; a wrapper, another message, or a plain type
    "BatchingParameters": {
        "max_batch_size": _INT,
        "batch_timeout_micros": _INT,
        "max_enqueued_batches": _INT,
        "num_batch_threads": _INT,
        "thread_pool_name": _STRING,
        "allowed_batch_sizes": "repeated int64",
        "pad_variable_length_inputs": "bool",
        "enable_large_batch_splitting": _BOOL,
        "max_execution_batch_size": _INT,
    },
    "PrometheusConfig": {"enable": "bool", "path": "string"},
    "MonitoringConfig": {"prometheus_config": "PrometheusConfig"},
    "SSLConfig": {
        "server_key": "string",
        "server_cert": "string",
        "custom_ca": "string",
        "client_verify": "bool",
    },
}
_PLAIN = {"int64": _Field.TYPE_INT64, "bool": _Field.TYPE_BOOL, "string": _Field.TYPE_STRING}


def _field(number, name, kind):
    label, kind = ("repeated", kind[9:]) if kind.startswith("repeated ") else ("optional", kind)
    field = _Field(name=name, number=number, label=getattr(_Field, f"LABEL_{label.upper()}"))
    if kind in _PLAIN:
        field.type = _PLAIN[kind]
    else:
        package = "google.protobuf" if kind.endswith("Value") else _PACKAGE
        field.type, field.type_name = _Field.TYPE_MESSAGE, f".{package}.{kind}"
    return field


def _classes():
    file = descriptor_pb2.FileDescriptorProto(
        name="serving_configs.proto", package=_PACKAGE, syntax="proto3"
    )
    file.dependency.append("google/protobuf/wrappers.proto")
    for name, fields in _MESSAGES.items():
        rows = enumerate(fields.items(), start=1)
        file.message_type.add(name=name, field=[_field(i, *item) for i, item in rows])
    pool = descriptor_pool.DescriptorPool()
    wrappers = descriptor_pb2.FileDescriptorProto()
    wrappers_pb2.DESCRIPTOR.CopyToProto(wrappers)
    pool.Add(wrappers)
    pool.Add(file)
    names = (f"{_PACKAGE}.{name}" for name in _MESSAGES)
    return [message_factory.GetMessageClass(pool.FindMessageTypeByName(name)) for name in names]


BatchingParameters, _, MonitoringConfig, SSLConfig = _classes()
KINDS = {
    "models": ModelServerConfig,
    "batching": BatchingParameters,
    "monitoring": MonitoringConfig,
    "ssl": SSLConfig,
}


def read(path, message_class):
    """The message in a text-format file.

    Raises:
        StatusError: NOT_FOUND for a missing file; INVALID_ARGUMENT, with line and column, for a file
            that is no such message.
    """
    try:
        text = pathlib.Path(path).read_bytes()
    except OSError as error:
        raise not_found(f"{path}; {error.strerror}") from None
    return parse(text, message_class, path)


def parse(text, message_class, path="text"):
    """The message in a text, as bytes. See `read`."""
    try:
        return text_format.Parse(text, message_class())
    except (text_format.ParseError, UnicodeDecodeError) as error:
        name = message_class.DESCRIPTOR.full_name
        cause = f"Error parsing text-format {name}: {error}"
        raise StatusError(invalid("").code, f"Invalid protobuf file: '{path}'\n{cause}") from None
