"""What files of Keras 2 hold: an architecture, and arrays by the names `layer/variable`.

They are read as data: HDF5 by h5py, without links to other files; the variables of a SavedModel as a
TensorFlow checkpoint, whose graph is never loaded; its architecture from `keras_metadata.pb`.
"""

import json
import pathlib

import h5py
import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf.trackable_object_graph_pb2 import TrackableObjectGraph

from tfgan_zoo import bundles

_HDF5 = b"\x89HDF\r\n\x1a\n"
_METADATA, _VARIABLES = "keras_metadata.pb", "variables/variables"
_GRAPH, _LAYER = "_CHECKPOINTABLE_OBJECT_GRAPH", "_tf_keras_layer"


def is_hdf5(file):
    """Whether a file is one of HDF5, by its first bytes."""
    with open(file, "rb") as opened:
        return opened.read(len(_HDF5)) == _HDF5


# === HDF5 ===


def read_hdf5(file):
    """The architecture, or None where the file has weights alone, and the arrays.

    Args:
        file: Path of a file that Keras 2's `save` or `save_weights` wrote.

    Returns:
        A record, and `{name of a layer of the model: {name of a weight: array}}`.

    Raises:
        ValueError: Another file of HDF5, or parts that lie in another file.
    """
    try:
        with h5py.File(file, "r") as opened:
            architecture = opened.attrs.get("model_config")
            weights = _child(opened, "model_weights") if "model_weights" in opened else opened
            if "layer_names" not in weights.attrs:
                raise ValueError(
                    "It is no file of Keras 2's model.save or model.save_weights: weights have no "
                    "layer_names. A file of Keras 3 is opened by Keras: keras.models.load_model for "
                    ".keras files, model.load_weights for .weights.h5."
                )
            arrays = {
                name: _weights(_child(weights, name)) for name in _names(weights, "layer_names")
            }
    except (OSError, RuntimeError) as error:  # as h5py has it
        raise ValueError(f"{file} cannot be read: {error}") from error
    return None if architecture is None else json.loads(architecture), arrays


def _weights(group):
    return {name: _array(_child(group, name), name) for name in _names(group, "weight_names")}


def _names(group, attribute):
    """The names in an attribute; long lists are cut into several."""
    parts = [attribute] if attribute in group.attrs else []
    while f"{attribute}{len(parts)}" in group.attrs:
        parts.append(f"{attribute}{len(parts)}")
    found = [name for part in parts for name in group.attrs[part]]
    return [name.decode() if isinstance(name, bytes) else str(name) for name in found]


def _child(group, path):
    """What lies at a path within the same file."""
    for name in path.split("/"):
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise ValueError(f"{path!r} is a link, or is not there.")
        group = group[name]
    return group


def _array(found, name):
    stored = isinstance(found, h5py.Dataset) and not (found.is_virtual or found.external)
    if not stored or found.dtype.kind not in "fiu":
        raise ValueError(f"{name} is no array of numbers in this file.")
    if found.id.get_storage_size() < found.size * found.dtype.itemsize:
        raise ValueError(f"{name} has fewer bytes than its shape {found.shape} needs.")
    return np.asarray(found)


# === SavedModels ===


def is_saved_model(folder):
    return (pathlib.Path(folder) / _METADATA).is_file()


def files_of_saved_model(folder):
    """`{name: path}` of the files that `read_saved_model` reads."""
    folder = pathlib.Path(folder)
    found = [folder / _METADATA, *bundles.files_of(folder / _VARIABLES)]
    return {str(file.relative_to(folder)): file for file in found}


def read_saved_model(folder):
    """The architecture, and the arrays by `layer/variable`, of a folder that Keras 2 wrote.

    Raises:
        ValueError: Files that cannot be read, or a model that is no model of layers.
    """
    folder = pathlib.Path(folder)
    objects = {node.node_path: node for node in _metadata(folder / _METADATA).nodes}
    if "root" not in objects:
        raise ValueError(f"{_METADATA} has no root.")
    root = json.loads(objects["root"].metadata)
    names = {
        path: json.loads(node.metadata)["name"]
        for path, node in objects.items()
        if node.identifier == _LAYER
    }
    arrays = _arrays(bundles.reader(folder / _VARIABLES), names)
    return root, arrays


def _arrays(reader, names):
    graph = _message(TrackableObjectGraph, bundles.tensor(reader, _GRAPH), "The variables")
    found = {}
    for path, name in names.items():
        for child in _node(graph, path).children:
            attributes = graph.nodes[child.node_id].attributes
            keys = [each.checkpoint_key for each in attributes if each.name == "VARIABLE_VALUE"]
            if keys and child.local_name not in ("variables", "trainable_variables"):
                found[f"{name}/{child.local_name}"] = bundles.tensor(reader, keys[0])
    return found


def _node(graph, path):
    """The object that is reached from the root by a path such as "root.layer-1"."""
    node = graph.nodes[0]
    for name in path.split(".")[1:]:
        children = {child.local_name: child.node_id for child in node.children}
        if name not in children:
            raise ValueError(f"The variables know no {path}, which {_METADATA} has.")
        node = graph.nodes[children[name]]
    return node


def _metadata(file):
    """The message in `keras_metadata.pb`: of each object its path, its kind and its JSON text."""
    described = descriptor_pb2.FileDescriptorProto(name="tfgan_zoo/keras_metadata.proto")
    described.package, text, repeated = "tfgan_zoo", 9, 3
    node = described.message_type.add(name="SavedObject")
    for number, name in ((3, "node_path"), (4, "identifier"), (5, "metadata")):
        node.field.add(name=name, number=number, type=text, label=1)
    whole = described.message_type.add(name="SavedMetadata")
    whole.field.add(
        name="nodes", number=1, type=11, label=repeated, type_name=".tfgan_zoo.SavedObject"
    )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(described)
    kind = message_factory.GetMessageClass(pool.FindMessageTypeByName("tfgan_zoo.SavedMetadata"))
    return _message(kind, file.read_bytes(), file)


def _message(kind, content, source):
    try:
        return kind.FromString(content)
    except DecodeError as error:
        raise ValueError(f"{source} cannot be read: {error}") from error
