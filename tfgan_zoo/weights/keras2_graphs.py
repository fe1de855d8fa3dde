"""Architectures of Keras 2, which TensorFlow.js has too, as connected layers of Keras 3."""

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
        layers: `{name: layer}`, or an `Architecture` where a model lies within.

    Raises:
        ValueError: A class that is not read, or layers that are not connected.
    """

    def __init__(self, record):
        record = plain(record)
        kind, config = record["class_name"], record["config"]
        if kind == _SEQUENTIAL:
            config = _chained(config)
        elif kind not in _FUNCTIONAL:
            raise ValueError(
                f"The model is a {kind}, a class of its authors' own, of which a file has no "
                "architecture. Sequential and functional models are read."
            )
        self.inputs, self.layers, self._calls = [], {}, []
        found = {_name(layer): layer for layer in config["layers"]}
        for name, number, place in _references(config["input_layers"]):
            if (number, place) != (0, 0):
                raise ValueError(f"The input {name!r} is one of several of a layer.")
            self.inputs.append(_input(found.pop(name)))
        for name, layer in found.items():
            is_model = layer["class_name"] in (_SEQUENTIAL, *_FUNCTIONAL)
            self.layers[name] = Architecture(layer) if is_model else layer_of(layer)
            for number, node in enumerate(layer["inbound_nodes"], _first_call(layer)):
                self._calls.append((name, number, _references(node)))
        self._outputs = _references(config["output_layers"])

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
        return [made[name, number][place] for name, number, place in self._outputs]

    def _called(self, name, tensors):
        layer = self.layers[name]
        if isinstance(layer, Architecture):
            return layer(*tensors)
        outputs = layer(tensors[0] if len(tensors) == 1 else tensors)
        return outputs if isinstance(outputs, list) else [outputs]

    def embeddings(self):
        """`{place of an input: number of rows}` of the inputs that an embedding takes."""
        places, found = {given.name: place for place, given in enumerate(self.inputs)}, {}
        for name, _, references in self._calls:
            if isinstance(self.layers[name], keras.layers.Embedding) and references[0][0] in places:
                found[places[references[0][0]]] = self.layers[name].input_dim
        return found

    def activation(self):
        """The name of the activation of the only output, where it is seen; else None."""
        ((name, _, _),) = self._outputs
        sources = {call: references[0][0] for call, _, references in self._calls}
        while isinstance(self.layers.get(name), _UNCHANGING):
            name = sources[name]
        layer = self.layers.get(name)  # None of an input
        if isinstance(layer, Architecture):
            return layer.activation()
        if isinstance(layer, keras.layers.ReLU | keras.layers.Softmax):
            return type(layer).__name__.lower()
        return getattr(getattr(layer, "activation", None), "__name__", None)


def _first_call(record):
    """Models within, that were made with an input, count the call by which they were made."""
    if record["class_name"] in _FUNCTIONAL:
        return 1
    return int(record["class_name"] == _SEQUENTIAL and _has_input(record["config"]))


def _has_input(config):
    records = config if isinstance(config, list) else config["layers"]
    return records[0]["class_name"] == "InputLayer"


def _chained(config):
    """A sequential model's configuration as a functional one's."""
    records = [dict(layer) for layer in (config if isinstance(config, list) else config["layers"])]
    if records[0]["class_name"] != "InputLayer":
        shape = records[0]["config"].get("batch_input_shape")
        if shape is None and isinstance(config, dict):
            shape = config.get("build_input_shape")
        given = {"name": f"{_name(records[0])}_input", "batch_input_shape": shape}
        records.insert(0, {"class_name": "InputLayer", "config": given})
    for before, record in itertools.pairwise(records):
        record["inbound_nodes"] = [[[_name(before), 0, 0, {}]]]
    ends = ([[_name(record), 0, 0]] for record in (records[0], records[-1]))
    return dict(zip(("input_layers", "output_layers"), ends, strict=True)) | {"layers": records}


def _name(record):
    return record.get("name") or record["config"]["name"]


def _input(record):
    config = record["config"]
    shape = config.get("batch_input_shape")
    if record["class_name"] != "InputLayer" or shape is None:
        raise ValueError(f"The shape of the input {_name(record)!r} is not there.")
    return Input(_name(record), tuple(shape), config.get("dtype", "float32"))


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
