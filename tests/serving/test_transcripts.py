"""What a real TensorFlow Serving 2.21 answered, word for word, asked again.

Key order and white space of JSON do not matter, and neither do the texts that protobuf writes for
debugging; everything else does.
"""

import base64
import json

import grpc
import pytest
from google.protobuf import text_format
from running_server import transcript
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_management_pb2,
    predict_pb2,
    regression_pb2,
)

pytestmark = pytest.mark.xdist_group("serving")
_DEBUG = "found in SignatureDef: "  # what follows is a protobuf debug string
REST, BATCHED, GRPC = (transcript(f"{n}.json") for n in ("rest", "rest_batch", "grpc"))
MESSAGES = {
    "Predict": (predict_pb2.PredictRequest, predict_pb2.PredictResponse),
    "Classify": (
        classification_pb2.ClassificationRequest,
        classification_pb2.ClassificationResponse,
    ),
    "Regress": (regression_pb2.RegressionRequest, regression_pb2.RegressionResponse),
    "GetModelMetadata": (
        get_model_metadata_pb2.GetModelMetadataRequest,
        get_model_metadata_pb2.GetModelMetadataResponse,
    ),
    "GetModelStatus": (
        get_model_status_pb2.GetModelStatusRequest,
        get_model_status_pb2.GetModelStatusResponse,
    ),
    "HandleReloadConfigRequest": (
        model_management_pb2.ReloadConfigRequest,
        model_management_pb2.ReloadConfigResponse,
    ),
}


def canonical(body):
    """A body with its keys in order; NaN equals NaN."""
    value = json.loads(body)
    if isinstance(value, dict) and _DEBUG in str(value.get("error")):
        value["error"] = value["error"].partition(_DEBUG)[0]
    return json.dumps(value, sort_keys=True)


def check_rest(server, recorded):
    request, expected = recorded["request"], recorded["response"]
    headers = {"Content-Type": request.get("content_type", "application/json")}
    status, content_type, body = server.http(
        request["method"], request["path"], request.get("body"), headers
    )
    assert (status, canonical(body)) == (expected["status"], canonical(expected["body"]))
    assert content_type == expected["content_type"]


@pytest.mark.parametrize("name", REST)
def test_rest(name, probe):
    check_rest(probe, REST[name])


@pytest.mark.parametrize("name", BATCHED)
def test_rest_with_batching(name, batching_probe):
    check_rest(batching_probe, BATCHED[name])


# Scalars in, and a signature whose output has no batch dimension: refused where requests are batched.
_UNBATCHED = ("row_scalar_output", "col_scalar_output", "col_batch_mismatch", "png_row_long")


@pytest.mark.parametrize("name", [name for name in REST if name not in _UNBATCHED])
def test_batching_does_not_change_answers(name, batching_probe):
    check_rest(batching_probe, REST[name])


@pytest.mark.parametrize("name", GRPC)
def test_grpc(name, probe):
    recorded, (request_class, response_class) = GRPC[name], MESSAGES[GRPC[name]["method"]]
    request = request_class.FromString(base64.b64decode(recorded["request_base64"]))
    expected = recorded["answer"]
    with probe.stubs() as stubs:
        method = next(
            getattr(stub, recorded["method"]) for stub in stubs if hasattr(stub, recorded["method"])
        )
        try:
            response = method(request, timeout=30)
        except grpc.RpcError as error:
            assert error.code().name == expected["code"]
            parts = [text.partition(_DEBUG)[0] for text in (error.details(), expected["details"])]
            assert parts[0] == parts[1]
            return
    assert expected["code"] == "OK"
    wanted = text_format.Parse(expected["response"], response_class())
    assert text_format.MessageToString(response) == text_format.MessageToString(wanted)
