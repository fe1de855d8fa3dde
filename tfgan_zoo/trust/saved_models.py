"""Looks through a SavedModel before it is loaded."""

import functools
import hashlib
import pathlib

from tensorflow.core.protobuf import saved_model_pb2

from tfgan_zoo.files import local
from tfgan_zoo.trust.errors import HINT, UntrustedModelError
from tfgan_zoo.trust.ops import allowed_ops, is_op, kind

_FILES = ("saved_model.pbtxt", "saved_model.cpb")  # other forms, which loaders may prefer
# Checkpoints: how a SavedModel is restored. Allowed where loaders expect them, and nowhere else.
_CHECKPOINT = {"SaveV2", "MergeV2Checkpoints", "RestoreV2"}
_RUN_AT_START = ("saved_model_main_op", "legacy_init_op")  # collections, as TensorFlow 1 has them


def check(folder, trust_model=False):
    """Looks through the SavedModel in a version folder.

    Raises:
        UntrustedModelError: It has ops that are not known to compute only; the message names them.
        ValueError: It is no SavedModel.
    """
    folder = local(folder)
    if trust_model:
        return
    for name in _FILES:
        if (folder / name).exists():
            raise UntrustedModelError(
                f"{folder / name} is a form of SavedModel that cannot be looked into. {HINT}"
            )
    file = folder / "saved_model.pb"
    try:
        saved_model = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    except OSError:
        raise
    except Exception:
        raise ValueError(f"{file} is damaged: it is no SavedModel. Export it again.") from None
    check_graphs(file, saved_model.meta_graphs)


def check_graphs(file, meta_graphs):
    """The same of `MetaGraphDef`s that were read from `file`; the zoo's own need not compute only."""
    try:
        found = [problem for graph in meta_graphs for problem in _problems(graph)]
    except RecursionError:
        found = ["functions that call each other hundreds deep"]
    if found and not _are_the_zoos(file, meta_graphs):
        problems = list(dict.fromkeys(found))
        others = f", and {len(problems) - 5} more" if len(problems) > 5 else ""
        raise UntrustedModelError(
            f"{file} is a program that does more than compute: {', '.join(problems[:5])}{others}. "
            f"It is not loaded. {HINT}"
        )


@functools.cache
def known_graphs():
    """`{SHA-256, hexadecimal: name}` of the graphs of the zoo's own models that decode pictures."""
    lines = (pathlib.Path(__file__).parent / "known_graphs.txt").read_text().splitlines()
    return dict(line.split() for line in lines)


def _are_the_zoos(file, meta_graphs):
    content = file.read_bytes()
    if hashlib.sha256(content).hexdigest() not in known_graphs():
        return False
    own = saved_model_pb2.SavedModel.FromString(content).meta_graphs
    return all(graph in own for graph in meta_graphs)  # the file was not another one before


def _problems(meta_graph):
    """Texts on what a graph may not have."""
    library = meta_graph.graph_def.library.function
    functions = {function.signature.name: function for function in library}
    known = allowed_ops() | functions.keys() | _CHECKPOINT
    for nodes in (meta_graph.graph_def.node, *(function.node_def for function in library)):
        yield from (f"{node.op} ({kind(node.op)})" for node in nodes if node.op not in known)
    if len(functions) < len(library):
        yield "two functions of one name"
    yield from (f"a function that is called {name}, as an op" for name in functions if is_op(name))
    yield from _checkpoint_problems(meta_graph, _Graph(meta_graph.graph_def.node, functions))


# === Checkpoints ===


def _checkpoint_problems(meta_graph, graph):
    """What is run at the start or on request may not save or restore; the loader's own op may read the
    file that the loader names."""
    signatures = meta_graph.signature_def.values()
    run = [info.name for signature in signatures for info in signature.outputs.values()]
    collections = meta_graph.collection_def  # a key that is asked for would be added
    found = [collections[key] for key in _RUN_AT_START if key in collections]
    run += [name for collection in found for name in collection.node_list.value]
    for node in graph.above(run):
        for op in sorted(graph.checkpoint_ops(node)):
            yield f"{op}, which {node.name!r} runs (the file system)"
    saver = meta_graph.saver_def
    for node in graph.above([saver.restore_op_name]):
        if not graph.restores_only(node, _tensor(saver.filename_tensor_name)):
            yield f"a restore of another file by {node.name!r} (the file system)"
    for name, function in graph.functions.items():
        if "api_implements" in function.attr and graph.function_ops(name):
            yield f"{name!r}, which may stand for another function (the file system)"


class _Graph:
    """The nodes of a graph with the functions that they call."""

    def __init__(self, nodes, functions):
        self.nodes, self.functions = {node.name: node for node in nodes}, functions
        self._ops = {}

    def above(self, names):
        """The nodes of that name, and all that they need."""
        waiting, seen = [_name(name) for name in names], set()
        while waiting:
            name = waiting.pop()
            if name in self.nodes and name not in seen:
                seen.add(name)
                waiting += [_name(text) for text in self.nodes[name].input]
                yield self.nodes[name]

    def checkpoint_ops(self, node):
        """The ops of a node, and of all functions that it names, that save or restore."""
        called = (self.function_ops(name) for name in self._called(node))
        return ({node.op} & _CHECKPOINT).union(*called)

    def function_ops(self, name):
        if name not in self._ops:
            self._ops[name] = set()  # a function that calls itself
            found = (self.checkpoint_ops(node) for node in self.functions[name].node_def)
            self._ops[name] = set().union(*found)
        return self._ops[name]

    def _called(self, node):
        named = [node.op]
        for value in node.attr.values():
            named += [value.func.name, *(function.name for function in value.list.func)]
        return [name for name in named if name in self.functions]

    def restores_only(self, node, filename):
        """Whether all that a node does with checkpoints is to restore from the loader's file."""
        if node.op == "RestoreV2":
            return self._is(node.input[0], filename)
        if not self.checkpoint_ops(node):
            return True
        if node.op in _CHECKPOINT or len(called := self._called(node)) != 1:
            return False
        function = self.functions[called[0]]
        arguments = [argument.name for argument in function.signature.input_arg]
        for inner in function.node_def:
            if inner.op == "RestoreV2":
                if inner.input[0] not in arguments:
                    return False
                if not self._is(node.input[arguments.index(inner.input[0])], filename):
                    return False
            elif self.checkpoint_ops(inner):
                return False
        return True

    def _is(self, text, filename):
        """Whether a tensor is that of the file's name, which a loader feeds."""
        tensor, node = _tensor(text), self.nodes.get(_name(text))
        while tensor != filename and node is not None and node.op == "Identity":
            tensor, node = _tensor(node.input[0]), self.nodes.get(_name(node.input[0]))
        return tensor == filename


def _name(text):
    """The node of a tensor's or an input's name: "^node", "node:0" and "node"."""
    return text.lstrip("^").partition(":")[0]


def _tensor(text):
    return text if ":" in text else f"{text}:0"
