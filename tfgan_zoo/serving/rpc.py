"""The gRPC services."""

import functools
import logging

from tensorflow_serving.apis import (
    model_management_pb2,
    model_service_pb2_grpc,
    prediction_service_pb2_grpc,
)

from tfgan_zoo.serving import metrics
from tfgan_zoo.serving.core import status_message
from tfgan_zoo.serving.servable import Timer
from tfgan_zoo.serving.statuses import OK, Code, StatusError, from_exception, invalid

LOG = logging.getLogger("tfgan_zoo.serving")


def _answers(function):
    """A servicer's method whose exceptions become statuses."""

    @functools.wraps(function)
    async def method(self, request, context):
        try:
            return await function(self, request, context)
        except StatusError as error:
            await context.abort(error.code, error.message)
        except Exception as error:
            LOG.exception("A request failed in a way that nobody foresaw")
            await context.abort(Code.INTERNAL, from_exception(error).message)

    return method


class PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):
    """`tensorflow.serving.PredictionService` on a `Core`."""

    def __init__(self, core):
        self._core = core

    @_answers
    async def Predict(self, request, context):
        name = request.model_spec.name
        with observed(self._core.measures, name, "Predict", "GRPC"):
            return await self._core.predict(request, context.time_remaining())

    @_answers
    async def GetModelMetadata(self, request, context):
        return await self._core.metadata(request)

    @_answers
    async def Classify(self, request, context):
        return await self._core.classify(request)

    @_answers
    async def Regress(self, request, context):
        return await self._core.regress(request)

    @_answers
    async def MultiInference(self, request, context):
        return await self._core.multi_inference(request)


class ModelService(model_service_pb2_grpc.ModelServiceServicer):
    """`tensorflow.serving.ModelService` on a `Core`."""

    def __init__(self, core):
        self._core = core

    @_answers
    async def GetModelStatus(self, request, context):
        return await self._core.status(request)

    @_answers
    async def HandleReloadConfigRequest(self, request, context):
        if request.config.WhichOneof("config") != "model_config_list":
            raise invalid(
                "ServerModelConfig type not supported by HandleReloadConfigRequest. Only "
                "ModelConfigList is currently supported"
            )
        await self._core.manager.reload(request.config)
        return model_management_pb2.ReloadConfigResponse(status=status_message(OK))


class observed:
    """A context that counts a request and its latency, whatever becomes of it."""

    def __init__(self, measures, model, api, entrypoint):
        self._measures, self._timer = measures, Timer()
        self._labels = {"model_name": model, "API": api, "entrypoint": entrypoint}

    def __enter__(self):
        self._timer.__enter__()

    def __exit__(self, kind, error, traceback):
        self._timer.__exit__()
        status = from_exception(error).code.name if error else "OK"
        labels = {"model_name": self._labels["model_name"], "status": status}
        self._measures.count(metrics.REQUEST_COUNT, **labels)
        latency = self._timer.microseconds
        self._measures.observe(metrics.REQUEST_LATENCY, latency, **self._labels, status=status)
