"""Layers models of TensorFlow.js: `model.json`, an architecture of Keras 2, and shards of weights."""

import json

import numpy as np

from tfgan_zoo.weights.keras2_models import TAKES, converted
from tfgan_zoo.weights.source import Family

_DTYPES = {"float32": "<f4", "int32": "<i4", "bool": "|b1", "uint8": "|u1"}
_CODES = {"uint8": "|u1", "uint16": "<u2", "float16": "<f2"}


def _model(source):
    """The one JSON file of a model, and what it holds."""
    found = {}
    for file in source.files.values():
        if file.suffix == ".json":
            read = json.loads(file.read_text())
            if isinstance(read, dict) and "weightsManifest" in read:
                found[file] = read
    ((file, model),) = found.items() if len(found) == 1 else [(None, None)]
    return file, model


def _recognizes(source):
    return _model(source)[0] is not None


def _convert(source, **options):
    file, model = _model(source)
    topology = model.get("modelTopology")
    if model.get("format", "layers-model") != "layers-model":
        raise ValueError(
            f"It is a {model.get('format')}, which has operations in place of layers. Layers "
            "models are read."
        )
    source.note({file.name: file})
    arrays = {}
    for group in model["weightsManifest"]:
        arrays |= _arrays(source, file.parent, group)
    if isinstance(topology, dict):
        topology = topology.get("model_config", topology)
    return converted(topology, _by_layer(arrays), **options)


def _arrays(source, folder, group):
    """The arrays of a group, which follow one another in its shards."""
    content = b""
    for name in group["paths"]:
        path = folder / name
        if path.parent != folder or not path.is_file():
            raise ValueError(f"There is no file {name!r} beside the model.")
        source.note({name: path})
        content += path.read_bytes()
    found, start = {}, 0
    for weight in group["weights"]:
        code, count = _code(weight), int(np.prod(weight["shape"], dtype=np.int64))
        stop = start + count * code.itemsize
        if count < 0 or stop > len(content):
            raise ValueError(
                f"{weight['name']} needs bytes to {stop}, and there are {len(content)}."
            )
        array = np.frombuffer(content, code, count, start).reshape(weight["shape"])
        found[weight["name"]], start = _values(array, weight), stop
    if start != len(content):
        raise ValueError(f"Arrays have {start} bytes, and their files {len(content)}.")
    return found


def _code(weight):
    quantization = weight.get("quantization")
    table, name = (_DTYPES, weight["dtype"])
    if quantization:
        table, name = (_CODES, quantization["dtype"])
    if name not in table:
        raise ValueError(f"{weight['name']} is stored as {name}. Read are {', '.join(table)}.")
    return np.dtype(table[name])


def _values(array, weight):
    """The values of an array, of whose quantized form `value = code * scale + min`."""
    quantization = weight.get("quantization") or {}
    if quantization.get("dtype") in ("uint8", "uint16"):
        array = array * np.float32(quantization["scale"]) + np.float32(quantization["min"])
    return array.astype("float32" if weight["dtype"] == "float32" else array.dtype)


def _by_layer(arrays):
    """Arrays by the last two parts of their names, `layer/variable`."""
    found = {"/".join(name.split("/")[-2:]): array for name, array in arrays.items()}
    if len(found) != len(arrays):
        raise ValueError("Several weights have the same name.")
    return found


FAMILY = Family(
    "tfjs",
    "TensorFlow.js (Layers models)",
    "https://github.com/tensorflow/tfjs",
    "that of whoever trained it; @upscalerjs/esrgan-slim, -medium and -thick: MIT",
    _recognizes,
    _convert,
    TAKES,
)
