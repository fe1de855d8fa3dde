"""What the two protocols share: how a request is answered, whichever way it came."""

import asyncio
import concurrent.futures
import contextlib
import gc
import math

from tfgan_zoo.extras import needed_by
from tfgan_zoo.serving import metrics
from tfgan_zoo.serving.limits import DEFAULTS
from tfgan_zoo.serving.servable import DEFAULT_SIGNATURE, Timer
from tfgan_zoo.serving.signatures import (
    CLASSIFY,
    REGRESS,
    check_example_signature,
    check_rows,
    inputs_of,
    output_names,
)
from tfgan_zoo.serving.statuses import Code, StatusError, invalid
from tfgan_zoo.serving.tensors import size_of, to_message

with needed_by("The embedded server"):
    from tensorflow_serving.apis import (
        get_model_metadata_pb2,
        get_model_status_pb2,
        model_pb2,
        predict_pb2,
        status_pb2,
    )

SIGNATURE_DEF = "signature_def"
SMALL = 1 << 16  # bytes; what is larger is converted in a thread
_LARGEST_AT_ONCE = 8
_METHODS = {  # method name in MultiInference -> which
    "tensorflow/serving/classify": CLASSIFY,
    "tensorflow/serving/regress": REGRESS,
}


class Core:
    """Answers requests from the models of a `Manager`.

    Args:
        manager: `Manager`.
        scheduler: `batching.Scheduler`, or None to run each request by itself.
        measures: `metrics.Metrics`.
        threads: How many requests may run at once without a scheduler.
        limits: `Limits`.
        sign: Function from `(servable, key, inputs, outputs)` of `run` to the outputs that are answered,
            with content credentials; None where they go out as they are.
    """

    def __init__(self, manager, scheduler, measures, threads, limits=DEFAULTS, sign=None):
        self.manager, self.measures, self._scheduler = manager, measures, scheduler
        self.limits, self._held, self._sign = limits, 0, sign
        self._pool = concurrent.futures.ThreadPoolExecutor(threads, "predict")
        # One at a time: what they call in C keeps all other threads waiting while it runs.
        self._codecs = concurrent.futures.ThreadPoolExecutor(1, "codec")

    async def convert(self, size, function, *arguments):
        """Calls a function here, or in a thread where `size` bytes would keep the loop from its work."""
        if size <= SMALL:
            return function(*arguments)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._codecs, _uncollected, function, *arguments)

    @contextlib.contextmanager
    def holding(self, size):
        """Counts the bytes of large requests in memory, and refuses more than a few of the largest.

        Raises:
            StatusError: RESOURCE_EXHAUSTED.
        """
        size = size if size > SMALL else 0
        if size and self._held + size > _LARGEST_AT_ONCE * self.limits.max_body_bytes:
            raise StatusError(
                Code.RESOURCE_EXHAUSTED,
                f"The requests under way hold {self._held} bytes already; try again later.",
            )
        self._held += size
        try:
            yield
        finally:
            self._held -= size

    # === Predict ===

    async def predict(self, request, timeout=None):
        """Answers a `PredictRequest` with a `PredictResponse`. `timeout` is in seconds."""
        check_spec(request)
        number, version = self.manager.version(request.model_spec)
        with version.in_use() as servable:
            name = request.model_spec.signature_name or DEFAULT_SIGNATURE
            signature = servable.signature(name)
            size = request.ByteSize() + _declared(request)
            inputs = await self.convert(size, inputs_of, signature, request.inputs, self.limits)
            names = output_names(signature, request.output_filter)
            key = (request.model_spec.name, number, name, names)
            outputs = await self.run(servable, key, inputs, timeout)
        spec = model_pb2.ModelSpec(name=request.model_spec.name, signature_name=name)
        spec.version.value = number
        return await self.convert(size_of(outputs), _response, spec, outputs)

    async def run(self, servable, key, inputs, timeout):
        """Runs a signature, in a batch where there is a scheduler.

        Args:
            servable: `Servable`.
            key: `(model name, version, signature name, output names)`.
            inputs: `{name: array}`.
            timeout: Seconds, or None.
        """
        model, _, signature_name, names = key
        signature = servable.signatures[signature_name]
        check_rows(signature, {n: array.shape for n, array in inputs.items()}, self.limits)
        servable.check_types(signature_name, inputs)

        def run(arrays):
            with Timer() as timer:
                outputs = servable.run(signature_name, arrays, names)
            return outputs, timer.microseconds

        def run_batch(arrays):
            outputs, microseconds = run(arrays)
            loop.call_soon_threadsafe(self._observe_run, model, microseconds)
            return outputs

        loop = asyncio.get_running_loop()
        scheduler = servable.scheduler or self._scheduler
        if scheduler:
            outputs = await scheduler.submit(key, run_batch, inputs, timeout)
        else:
            outputs, microseconds = await loop.run_in_executor(self._pool, run, inputs)
            self._observe_run(model, microseconds)
        if self._sign is None:
            return outputs
        return await loop.run_in_executor(self._pool, self._sign, servable, key, inputs, outputs)

    def _observe_run(self, model, microseconds):
        labels = {"model_name": model, "API": "Predict", "runtime": "TF1"}
        self.measures.observe(metrics.RUNTIME_LATENCY, microseconds, **labels)

    def close(self):
        self._pool.shutdown(wait=False)
        self._codecs.shutdown(wait=False)
        if self._scheduler:
            self._scheduler.close()

    # === The other methods ===

    async def classify(self, request):
        """Refuses a `ClassificationRequest`: no model here has a signature of that kind."""
        self._refuse(request, CLASSIFY)

    async def regress(self, request):
        """Refuses a `RegressionRequest`."""
        self._refuse(request, REGRESS)

    def _refuse(self, request, method):
        check_spec(request)
        _, version = self.manager.version(request.model_spec)
        with version.in_use() as servable:
            name = request.model_spec.signature_name or DEFAULT_SIGNATURE
            if name not in servable.signatures:
                raise invalid(f"No signature was found with the name: {name}")
            check_example_signature(servable.signatures[name], method)

    async def multi_inference(self, request):
        """Refuses a `MultiInferenceRequest`, as above."""
        if not request.tasks:
            raise invalid("Inference request must have at least one inference task")
        _, version = self.manager.version(request.tasks[0].model_spec)
        with version.in_use() as servable:
            names = set()
            for task in request.tasks:
                self._check_task(task, request.tasks[0], servable, names)

    def _check_task(self, task, first, servable, names):
        name = task.model_spec.signature_name or DEFAULT_SIGNATURE
        if not task.model_spec.name:
            raise invalid("Found ModelSpec with an empty model name.")
        if task.model_spec.name != first.model_spec.name:
            raise invalid(
                "All ModelSpecs in a MultiInferenceRequest must access the same model name."
            )
        if name in names:
            raise invalid(f"Duplicate evaluation of signature: {name}")
        names.add(name)
        if name not in servable.signatures:
            raise invalid(f"Requested signature not found in model graph: {name}")
        if task.method_name not in _METHODS:
            raise StatusError(
                Code.UNIMPLEMENTED, f"Unsupported signature method_name: {task.method_name}"
            )
        check_example_signature(servable.signatures[name], _METHODS[task.method_name])

    async def metadata(self, request):
        """Answers a `GetModelMetadataRequest`."""
        check_spec(request)
        if not request.metadata_field:
            raise invalid("GetModelMetadataRequest must specify at least one metadata_field")
        for field in request.metadata_field:
            if field != SIGNATURE_DEF:
                raise invalid(f"Metadata field {field} is not supported")
        number, version = self.manager.version(request.model_spec)
        signatures = get_model_metadata_pb2.SignatureDefMap()
        for name, signature in version.servable.signatures.items():
            signatures.signature_def[name].CopyFrom(signature)
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        response.model_spec.name = request.model_spec.name
        response.model_spec.version.value = number
        response.metadata[SIGNATURE_DEF].Pack(signatures)
        return response

    async def status(self, request):
        """Answers a `GetModelStatusRequest`."""
        check_spec(request)
        response = get_model_status_pb2.GetModelStatusResponse()
        for number, version in self.manager.states(request.model_spec):
            row = response.model_version_status.add(version=number, state=version.state)
            row.status.CopyFrom(status_message(version.status))
        return response


def _uncollected(function, *arguments):
    """Calls without garbage collection, which would look at a million new lists again and again."""
    gc.disable()
    try:
        return function(*arguments)
    finally:
        gc.enable()


def _declared(request):
    """The elements that the shapes of a request's tensors declare, whatever values it holds."""
    shapes = ([dim.size for dim in m.tensor_shape.dim] for m in request.inputs.values())
    return sum(math.prod(shape) for shape in shapes)


def _response(spec, outputs):
    response = predict_pb2.PredictResponse(model_spec=spec)
    for alias, array in outputs.items():
        response.outputs[alias].CopyFrom(to_message(array))
    return response


def status_message(error):
    """The `StatusProto` of a `StatusError`."""
    return status_pb2.StatusProto(error_code=error.code.value[0], error_message=error.message)


def check_spec(request):
    """Refuses a request without a `model_spec`."""
    if not request.HasField("model_spec"):
        raise invalid("Missing ModelSpec")
