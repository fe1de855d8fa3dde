"""Architectures of Keras 2, which TensorFlow.js has too, as connected layers of Keras 3."""

import collections
import itertools
from typing import NamedTuple

import keras

from tfgan_zoo.weights.keras2_layers import layer_of, plain

_UNCHANGING = tuple(
    getattr(keras.layers, name) for name in ("Reshape", "Flatten", "Permute", "Cropping2D")
)
_SEQUENTIAL, _FUNCTIONAL = "Sequential", ("Functional", "Model")


class Input(NamedTuple):
    """What an architecture is given: its name, its shape with the batch's None, its dtype."""

    name: str
    shape: tuple
    dtype: str


class Architecture:
    """Layers, and how they are connected. Each layer is made once; a call gives symbolic outputs.

    Attributes:
        inputs: List of `Input`s.
        outputs: List of `(layer, number of its call, place in what it gives)`.
        layers: `{name: layer}`, or an `Architecture` where a model lies within.

    Raises:
        ValueError: A class that is not read, layers that are not connected, or several of one name.
    """

    def __init__(self, record):
        record = plain(record)
        records, config = records_of(record), record["config"]
        if record["class_name"] == _SEQUENTIAL:
            config = _chained(records, config)
        self.inputs, self.layers, self._calls = [], {}, []
        require_unique_names(map(name_of, config["layers"]))
        found = {name_of(layer): layer for layer in config["layers"]}
        for name, number, place in _references(config["input_layers"]):
            if (number, place) != (0, 0):
                raise ValueError(f"The input {name!r} is one of several of a layer.")
            if name not in found:
                raise ValueError(f"The input {name!r} is none of its layers, or is given twice.")
            self.inputs.append(_input(found.pop(name)))
        for name, layer in found.items():
            self.layers[name] = Architecture(layer) if is_model(layer) else layer_of(layer)
            for number, node in enumerate(layer["inbound_nodes"], _first_call(layer)):
                self._calls.append((name, number, _references(node)))
        self.outputs = _references(config["output_layers"])
        require_unique_names(self.names())

    def __call__(self, *tensors):
        """Calls the layers with symbolic tensors, one for each input; gives a list of tensors."""
        pairs = zip(self.inputs, tensors, strict=True)
        made, waiting = {(given.name, 0): [tensor] for given, tensor in pairs}, self._calls
        while waiting:
            left = []
            for call in waiting:
                name, number, references = call
                if all(reference[:2] in made for reference in references):
                    made[name, number] = self._called(
                        name, [made[n, k][i] for n, k, i in references]
                    )
                else:
                    left.append(call)
            if len(left) == len(waiting):
                raise ValueError(f"The layer {left[0][0]!r} is called with what no layer gives.")
            waiting = left
        return [made[name, number][place] for name, number, place in self.outputs]

    def _called(self, name, tensors):
        layer = self.layers[name]
        if isinstance(layer, Architecture):
            return layer(*tensors)
        outputs = layer(tensors[0] if len(tensors) == 1 else tensors)
        return outputs if isinstance(outputs, list) else [outputs]

    def names(self):
        """The names of the layers, those of models within too, a list."""
        parts = self.layers.items()
        return [
            each
            for name, layer in parts
            for each in (layer.names() if isinstance(layer, Architecture) else [name])
        ]

    def embeddings(self):
        """`{place of an input: number of rows}` of the inputs that an embedding takes."""
        places, found = {given.name: place for place, given in enumerate(self.inputs)}, {}
        for name, _, references in self._calls:
            if isinstance(self.layers[name], keras.layers.Embedding) and references[0][0] in places:
                found[places[references[0][0]]] = self.layers[name].input_dim
        return found

    def activation(self):
        """The name of the activation of the only output, where it is seen; else None."""
        if len(self.outputs) != 1:
            return None
        ((name, _, _),) = self.outputs
        sources = {call: references[0][0] for call, _, references in self._calls}
        while isinstance(self.layers.get(name), _UNCHANGING):
            name = sources[name]
        layer = self.layers.get(name)  # None of an input
        if isinstance(layer, Architecture):
            return layer.activation()
        if isinstance(layer, keras.layers.ReLU | keras.layers.Softmax):
            return type(layer).__name__.lower()
        return getattr(getattr(layer, "activation", None), "__name__", None)


def is_model(record):
    return record["class_name"] in (_SEQUENTIAL, *_FUNCTIONAL)


def records_of(record):
    """The records of a model's layers, a list.

    Raises:
        ValueError: Another class than of such models, or a record without what it needs.
    """
    record = record if isinstance(record, dict) else {}
    kind, config = record.get("class_name"), record.get("config")
    if kind is not None and not is_model(record):
        raise ValueError(
            f"The model is a {kind}, a class of its authors' own, of which a file has no architecture. "
            "Sequential and functional models are read."
        )
    wanted = ("layers",) if kind == _SEQUENTIAL else ("layers", "input_layers", "output_layers")
    if kind == _SEQUENTIAL and isinstance(config, list):  # as Keras wrote them once
        config = {"layers": config}
    if not isinstance(config, dict) or not all(
        isinstance(config.get(name), list | tuple) and config[name] for name in wanted
    ):
        raise ValueError(
            'Its architecture is no model of layers: that is {"class_name": "Sequential" or '
            f'"Functional", "config": {{"layers": […]}}}}. It has {_told(kind, config)}.'
        )
    for layer in config["layers"]:
        if not _is_layer(layer):
            raise ValueError(f"A layer has no class_name, config or name: {layer!s:.100}.")
    return list(config["layers"])


def _is_layer(record):
    if not isinstance(record, dict) or "class_name" not in record:
        return False
    config = record.get("config")
    in_config = config.get("name") if isinstance(config, dict) else None
    return isinstance(config, dict | list) and bool(record.get("name") or in_config)


def _told(kind, config):
    if isinstance(config, dict):
        return f"class_name {kind!r}, and a config of {', '.join(config) or 'nothing'}"
    return (
        f"class_name {kind!r}, and {'no config' if config is None else 'a config of another kind'}"
    )


def require_unique_names(names):
    """Refuses layers of one name: arrays are found by it."""
    twice = [name for name, count in collections.Counter(names).items() if count > 1]
    if twice:
        raise ValueError(
            f"Several layers, those of models within too, are called {', '.join(map(repr, twice))}: "
            "which array is whose cannot be told. Give each a name of its own, and save anew."
        )


def _first_call(record):
    """Models within, that were made with an input, count the call by which they were made."""
    if record["class_name"] in _FUNCTIONAL:
        return 1
    is_chain = record["class_name"] == _SEQUENTIAL
    return int(is_chain and records_of(record)[0]["class_name"] == "InputLayer")


def _chained(records, config):
    """A sequential model's configuration as a functional one's."""
    records = [dict(layer) for layer in records]
    if records[0]["class_name"] != "InputLayer":
        shape = records[0]["config"].get("batch_input_shape")
        if shape is None and isinstance(config, dict):
            shape = config.get("build_input_shape")
        given = {"name": f"{name_of(records[0])}_input", "batch_input_shape": shape}
        records.insert(0, {"class_name": "InputLayer", "config": given})
    for before, record in itertools.pairwise(records):
        record["inbound_nodes"] = [[[name_of(before), _first_call(before), 0, {}]]]
    ends = ([[name_of(record), _first_call(record), 0]] for record in (records[0], records[-1]))
    return dict(zip(("input_layers", "output_layers"), ends, strict=True)) | {"layers": records}


def name_of(record):
    return record.get("name") or record["config"]["name"]


def _input(record):
    config = record["config"]
    shape = config.get("batch_input_shape")
    if record["class_name"] != "InputLayer" or shape is None:
        raise ValueError(f"The shape of the input {name_of(record)!r} is not there.")
    return Input(name_of(record), tuple(shape), config.get("dtype", "float32"))


def _references(node):
    """`(layer, number of its call, place in its outputs)` of each tensor that a node names."""
    if node and isinstance(node[0], str):  # one alone
        node = [node]
    found = []
    for reference in node:
        name, number, place, *options = reference
        if options and options[0]:
            raise ValueError(f"A call with what {name!r} gives has options: {options[0]}.")
        found.append((str(name), int(number), int(place)))
    return found
