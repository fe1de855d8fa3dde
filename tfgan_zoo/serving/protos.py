"""The messages of TensorFlow Serving that a client and an export need, declared without its package.

tensorflow-serving-api has them too, but installs TensorFlow, of which its modules import messages. The
messages live in a pool of their own, so that both can be loaded in one process. Enumerations are read as
int32, which is the same on the wire.

Sources: predict.proto, model.proto, get_model_metadata.proto, get_model_status.proto and
prediction_log.proto of TensorFlow Serving; tensor.proto, tensor_shape.proto and meta_graph.proto of
TensorFlow.
"""

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_PACKAGE = "tensorflow.serving"
_Field = descriptor_pb2.FieldDescriptorProto
_MESSAGES = {  # message -> its fields: (number, name, type); "[]" is repeated, "{}" a map from strings
    "Int64Value": [(1, "value", "int64")],
    "Any": [(1, "type_url", "string"), (2, "value", "bytes")],
    "ModelSpec": [
        (1, "name", "string"),
        (2, "version", "Int64Value"),
        (3, "signature_name", "string"),
        (4, "version_label", "string"),
    ],
    "Dim": [(1, "size", "int64"), (2, "name", "string")],
    "TensorShapeProto": [(2, "dim", "[]Dim"), (3, "unknown_rank", "bool")],
    "TensorProto": [
        (1, "dtype", "int32"),
        (2, "tensor_shape", "TensorShapeProto"),
        (4, "tensor_content", "bytes"),
        (5, "float_val", "[]float"),
        (6, "double_val", "[]double"),
        (7, "int_val", "[]int32"),
        (8, "string_val", "[]bytes"),
        (10, "int64_val", "[]int64"),
        (11, "bool_val", "[]bool"),
        (13, "half_val", "[]int32"),
        (16, "uint32_val", "[]uint32"),
        (17, "uint64_val", "[]uint64"),
    ],
    "PredictRequest": [
        (1, "model_spec", "ModelSpec"),
        (2, "inputs", "{}TensorProto"),
        (3, "output_filter", "[]string"),
    ],
    "PredictResponse": [(1, "outputs", "{}TensorProto")],
    "GetModelMetadataRequest": [(1, "model_spec", "ModelSpec"), (2, "metadata_field", "[]string")],
    "GetModelMetadataResponse": [(2, "metadata", "{}Any")],
    "SignatureDefMap": [(1, "signature_def", "{}SignatureDef")],
    "SignatureDef": [(1, "inputs", "{}TensorInfo"), (2, "outputs", "{}TensorInfo")],
    "TensorInfo": [
        (1, "name", "string"),
        (2, "dtype", "int32"),
        (3, "tensor_shape", "TensorShapeProto"),
    ],
    "GetModelStatusRequest": [(1, "model_spec", "ModelSpec")],
    "GetModelStatusResponse": [(1, "model_version_status", "[]ModelVersionStatus")],
    "ModelVersionStatus": [(1, "version", "int64"), (2, "state", "int32")],
    "PredictLog": [(1, "request", "PredictRequest"), (2, "response", "PredictResponse")],
    "OtherLog": [],
    "PredictionLog": [  # one of these; warm-up requests are of the first kind
        (6, "predict_log", "PredictLog"),
        (2, "classify_log", "OtherLog"),
        (3, "regress_log", "OtherLog"),
        (4, "multi_inference_log", "OtherLog"),
        (5, "session_run_log", "OtherLog"),
        (7, "predict_streamed_log", "OtherLog"),
    ],
}
_ONE_OF = {"PredictionLog": "log_type"}  # message -> the name of the choice that its fields are


def _add_field(message, number, name, kind):
    label = _Field.LABEL_REPEATED if kind.startswith("[]") else _Field.LABEL_OPTIONAL
    kind = kind.removeprefix("[]")
    field = message.field.add(name=name, number=number, label=label)
    if kind in _MESSAGES:
        field.type, field.type_name = _Field.TYPE_MESSAGE, f".{_PACKAGE}.{kind}"
    else:
        field.type = getattr(_Field, f"TYPE_{kind.upper()}")


def _add_map(message, number, name, kind):
    """A map is a repeated message with a key and a value."""
    entry = message.nested_type.add(name=f"{name.title().replace('_', '')}Entry")
    entry.options.map_entry = True
    _add_field(entry, 1, "key", "string")
    _add_field(entry, 2, "value", kind[2:])
    field = message.field.add(name=name, number=number, label=_Field.LABEL_REPEATED)
    field.type, field.type_name = _Field.TYPE_MESSAGE, f".{_PACKAGE}.{message.name}.{entry.name}"


def _classes():
    file = descriptor_pb2.FileDescriptorProto(
        name="tfgan_zoo_client.proto", package=_PACKAGE, syntax="proto3"
    )
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for number, field, kind in fields:
            (_add_map if kind.startswith("{}") else _add_field)(message, number, field, kind)
        if name in _ONE_OF:
            message.oneof_decl.add(name=_ONE_OF[name])
            for field in message.field:
                field.oneof_index = 0
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    descriptors = (pool.FindMessageTypeByName(f"{_PACKAGE}.{name}") for name in _MESSAGES)
    return {d.name: message_factory.GetMessageClass(d) for d in descriptors}


globals().update(_classes())
