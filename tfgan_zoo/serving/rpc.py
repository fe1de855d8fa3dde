"""The gRPC services."""

import asyncio
import functools
import logging

import grpc
from google.protobuf.message_factory import GetMessageClass

from tfgan_zoo.extras import needed_by
from tfgan_zoo.serving import metrics, wire
from tfgan_zoo.serving.core import Core, status_message
from tfgan_zoo.serving.servable import Timer
from tfgan_zoo.serving.statuses import OK, Code, StatusError, from_exception, invalid, shortened

with needed_by("The embedded server"):
    from tensorflow_serving.apis import (
        model_management_pb2,
        model_service_pb2,
        prediction_service_pb2,
    )

LOG = logging.getLogger("tfgan_zoo.serving")


def handlers(core):
    """The generic handlers of both services, for `grpc.aio.Server.add_generic_rpc_handlers`.

    Requests come as bytes and are parsed by `wire.parse`: grpc's own parsing has no limits, and is done
    in the event loop.
    """
    descriptors = (file.DESCRIPTOR for file in (prediction_service_pb2, model_service_pb2))
    services = (service for file in descriptors for service in file.services_by_name.values())
    return tuple(_handlers_of(service, core) for service in services)


def _handlers_of(service, core):
    found = {
        method.name: grpc.unary_unary_rpc_method_handler(
            functools.partial(
                _answer, core, GetMessageClass(method.input_type), _METHODS[method.name]
            ),
            response_serializer=lambda response: response.SerializeToString(),
        )
        for method in service.methods
        if method.name in _METHODS
    }
    return grpc.method_handlers_generic_handler(service.full_name, found)


async def _answer(core, request_class, function, data, context):
    """Exceptions become statuses."""
    try:
        with core.holding(len(data)):
            request = await core.convert(len(data), wire.parse, request_class, data, core.limits)
            return await function(core, request, context)
    except StatusError as error:
        await context.abort(error.code, shortened(error.message))
    except Exception as error:
        LOG.exception("A request failed by a fault of the server")
        await context.abort(Code.INTERNAL, shortened(from_exception(error).message))


async def _predict(core, request, context):
    with RequestMetrics(core, request.model_spec.name, "Predict", "GRPC"):
        return await core.predict(request, context.time_remaining())


async def _reload(core, request, context):
    if request.config.WhichOneof("config") != "model_config_list":
        raise invalid(
            "ServerModelConfig type not supported by HandleReloadConfigRequest. Only ModelConfigList "
            "is currently supported"
        )
    await core.manager.reload(request.config)
    return model_management_pb2.ReloadConfigResponse(status=status_message(OK))


def _plain(method):
    """A method of `Core` that needs no context."""

    async def answer(core, request, context):
        return await method(core, request)

    return answer


_METHODS = {
    "Predict": _predict,
    "HandleReloadConfigRequest": _reload,
    "GetModelMetadata": _plain(Core.metadata),
    "GetModelStatus": _plain(Core.status),
    "Classify": _plain(Core.classify),
    "Regress": _plain(Core.regress),
    "MultiInference": _plain(Core.multi_inference),
}


class RequestMetrics:
    """A context that counts a request and its latency, whatever becomes of it.

    Names that no model has are counted together, under an empty one: they would be kept for ever.
    """

    def __init__(self, core, model, api, entrypoint):
        self._measures, self._timer = core.measures, Timer()
        self._model = model if core.manager.knows(model) else ""
        self._how = {"API": api, "entrypoint": entrypoint}

    def __enter__(self):
        self._timer.__enter__()

    def __exit__(self, kind, error, traceback):
        self._timer.__exit__()
        self._measures.count(metrics.REQUEST_COUNT, model_name=self._model, status=_status(error))
        labels = {"model_name": self._model, **self._how}
        self._measures.observe(metrics.REQUEST_LATENCY, self._timer.microseconds, **labels)


def _status(error):
    if error is None:
        return "OK"
    is_gone = isinstance(error, asyncio.CancelledError)
    return (Code.CANCELLED if is_gone else from_exception(error).code).name
