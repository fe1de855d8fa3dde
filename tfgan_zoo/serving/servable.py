"""One version of a model in memory: a SavedModel in a session, as TensorFlow Serving loads it."""

import contextlib
import pathlib
import threading
import time

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import config_pb2, saved_model_pb2

from tfgan_zoo import trust
from tfgan_zoo.files import local
from tfgan_zoo.serving import protos
from tfgan_zoo.serving.signatures import inputs_of, output_names
from tfgan_zoo.serving.statuses import (
    Code,
    StatusError,
    from_exception,
    invalid,
    not_found,
    precondition,
)
from tfgan_zoo.serving.tensors import dtype_name, dtype_of
from tfgan_zoo.serving.wire import is_truncated

DEFAULT_SIGNATURE = "serving_default"
_INIT_OP = "__saved_model_init_op"
WARMUP_FILE = pathlib.Path("assets.extra") / "tf_serving_warmup_requests"
_MAX_WARMUP_REQUESTS = 1000
_MAX_CALLABLES = 64  # of a version: a request may choose any of the outputs


class Servable:
    """A loaded SavedModel.

    A session is used rather than `tf.saved_model.load`, since that is what TensorFlow Serving does: the
    messages of failing ops are the same, and closing the session frees all memory of the version.

    Attributes:
        signatures: `{name: SignatureDef}`.
        scheduler: A `batching.Scheduler` of this version's own, or None.
        sha256: Of the folder, `files.folder_sha256`; None where nobody asked for it.

    Raises:
        StatusError: As TensorFlow Serving reports the version's state.
        UntrustedModelError: The graph could reach files, the network or Python, and `trust_model` is
            False.
    """

    def __init__(self, path, tags=("serve",), options=None, trust_model=False):
        self.path, self.scheduler, self.sha256 = local(path), None, None
        meta_graph = _meta_graph(self.path, set(tags))
        if not trust_model:
            trust.check_graphs(self.path / "saved_model.pb", [meta_graph])
        self.signatures = dict(meta_graph.signature_def)
        self._callables, self._graph = {}, tf.Graph()
        self._running, self._changed, self._is_closed = 0, threading.Condition(), False
        self._session = tf.compat.v1.Session(graph=self._graph, config=options)
        try:
            with self._graph.as_default():
                self._restore(meta_graph)
        except Exception as error:
            self._session.close()
            raise from_exception(error) from error

    def _restore(self, meta_graph):
        """What the C++ loader does: a version without variables loads, and fails when it is used."""
        saver = tf.compat.v1.train.import_meta_graph(meta_graph)
        variables = self.path / "variables" / "variables"
        if variables.with_suffix(".index").exists():
            saver.restore(self._session, str(variables))
        assets = {
            asset.tensor_info.name: str(self.path / "assets" / asset.filename)
            for asset in meta_graph.asset_file_def
        }
        if _INIT_OP in self.signatures:
            name = self.signatures[_INIT_OP].outputs[_INIT_OP].name
            self._session.run(self._graph.get_operation_by_name(name.partition(":")[0]), assets)

    def signature(self, name):
        """The `SignatureDef` of that name; an empty name means the default.

        Raises:
            StatusError: FAILED_PRECONDITION for an unknown name.
        """
        name = name or DEFAULT_SIGNATURE
        if name not in self.signatures:
            raise precondition(f'Serving signature key "{name}" not found.')
        return self.signatures[name]

    def check_types(self, signature_name, inputs):
        """Refuses arrays of another dtype than the signature's, in the words of a session.

        Raises:
            StatusError: INVALID_ARGUMENT.
        """
        infos = self.signatures[signature_name].inputs
        for index, name in enumerate(_argument_order(infos)):
            wanted, given = tf.dtypes.as_dtype(infos[name].dtype), dtype_of(inputs[name])
            if given != wanted:
                raise invalid(
                    f"Expects arg[{index}] to be {dtype_name(wanted)} but {dtype_name(given)} is "
                    "provided"
                )

    def png_files(self, seeds, labels=None, texts=None, pictures=None, further=()):
        """The PNG files, bytes, of `n` seeds, or of `n` pictures and `{input: values}` that they are
        translated with, by the default signature; truncation, where taken, is 1."""
        inputs = {"seed": np.asarray(seeds, np.int64)}
        if pictures is not None:
            inputs = {"image_bytes": np.array(pictures, object)}
        for name, values in dict(further).items():
            kind = object if isinstance(values[0], bytes) else np.int32
            inputs[name] = np.array(values, kind)
        if labels is not None:
            inputs["label"] = np.asarray(labels, np.int32)
        if texts is not None:
            inputs["text"] = np.array([text.encode() for text in texts], object)
        if "truncation" in self.signatures[DEFAULT_SIGNATURE].inputs:
            inputs["truncation"] = np.ones(len(seeds), np.float32)
        return self.run(DEFAULT_SIGNATURE, inputs, ("image_bytes",))["image_bytes"]

    def run(self, signature_name, inputs, output_names):
        """Runs a signature.

        Args:
            signature_name: A name in `signatures`.
            inputs: `{input name: array}`, one for each input and of its dtype.
            output_names: Tuple of the outputs to compute.

        Returns:
            `{output name: array}`.
        """
        output_names = tuple(sorted(output_names))  # one callable for all orders
        feeds = [inputs[name] for name in _argument_order(self.signatures[signature_name].inputs)]
        with self._open():
            try:
                values = self._callable(signature_name, output_names)(*feeds)
            except tf.errors.OpError as error:
                raise from_exception(error) from None
        return dict(zip(output_names, map(np.asarray, values), strict=True))

    @contextlib.contextmanager
    def _open(self):
        """Keeps `close` waiting; a request that nobody awaits any more may still run."""
        with self._changed:
            if self._is_closed:
                raise StatusError(Code.UNAVAILABLE, f"{self.path} is being unloaded")
            self._running += 1
        try:
            yield
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def _callable(self, signature_name, output_names):
        # The public Session.run converts what it is fed to the graph's dtype, and rewrites messages.
        key = (signature_name, output_names)
        with self._changed:
            if key not in self._callables:
                if len(self._callables) >= _MAX_CALLABLES:
                    del self._callables[next(iter(self._callables))]
                self._callables[key] = self._made(*key)
            return self._callables[key]

    def _made(self, signature_name, output_names):
        signature = self.signatures[signature_name]
        options = config_pb2.CallableOptions()
        options.feed.extend(
            signature.inputs[name].name for name in _argument_order(signature.inputs)
        )
        options.fetch.extend(signature.outputs[name].name for name in output_names)
        with self._graph.as_default():
            return self._session._make_callable_from_options(options)

    def warm_up(self):
        """Runs the requests in `assets.extra/tf_serving_warmup_requests`; returns their number."""
        path = self.path / WARMUP_FILE
        if not path.exists():
            return 0
        count = 0
        with tf.Graph().as_default():
            for record in tf.compat.v1.io.tf_record_iterator(str(path)):
                count += 1
                if count > _MAX_WARMUP_REQUESTS:
                    raise invalid(
                        f"Number of warmup records exceeds the maximum ({_MAX_WARMUP_REQUESTS}) at "
                        f"{path}"
                    )
                self._replay(protos.PredictionLog.FromString(record))
        return count

    def _replay(self, log):
        if log.WhichOneof("log_type") != "predict_log":
            raise StatusError(
                Code.UNIMPLEMENTED, f"Unsupported log_type for warmup: {log.WhichOneof('log_type')}"
            )
        request = log.predict_log.request
        name = request.model_spec.signature_name or DEFAULT_SIGNATURE
        signature = self.signature(name)
        inputs = inputs_of(signature, request.inputs)
        self.check_types(name, inputs)
        self.run(name, inputs, output_names(signature, request.output_filter))

    def close(self):
        """Frees the version's memory, when the runs under way have ended."""
        with self._changed:
            self._is_closed = True
            self._changed.wait_for(lambda: not self._running)
        if self.scheduler:
            self.scheduler.close()
        self._callables.clear()
        self._session.close()


def _argument_order(infos):
    """Input names as a session counts its arguments: by the names of their tensors."""
    return sorted(infos, key=lambda name: infos[name].name)


def _meta_graph(path, tags):
    file = path / "saved_model.pb"
    if not file.exists():
        raise not_found(
            "Specified file path does not appear to contain a SavedModel bundle (should have a file "
            f"called `saved_model.pb`)\nSpecified file path: {path}"
        )
    content = file.read_bytes()
    try:
        saved_model = saved_model_pb2.SavedModel.FromString(content)
    except DecodeError:
        if is_truncated(content):
            raise StatusError(Code.OUT_OF_RANGE, "Read less bytes than requested") from None
        raise StatusError(Code.DATA_LOSS, f"Can't parse {file} as binary proto") from None
    for meta_graph in saved_model.meta_graphs:
        if set(meta_graph.meta_info_def.tags) == tags:
            return meta_graph
    raise not_found(
        f"Could not find meta graph def matching supplied tags: {{ {' '.join(sorted(tags))} }}. To "
        "inspect available tag-sets in the SavedModel, please use the SavedModel CLI: `saved_model_cli`"
    )


class Timer:
    """`with Timer() as timer`: then `timer.microseconds`."""

    def __enter__(self):
        self._start = time.perf_counter()
        return self

    def __exit__(self, *_):
        self.microseconds = (time.perf_counter() - self._start) * 1e6
