"""Rules of the protocol that no transcript shows, as a table: request, status, answer."""

import concurrent.futures
import json

import grpc
import numpy as np
import pytest
import tensorflow as tf
from running_server import IS_EMBEDDED
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    predict_pb2,
)

pytestmark = pytest.mark.xdist_group("serving")
MODEL = "/v1/models/probe"
ROW = '{"instances": [1.0, 2.0]}'
THREE = {"predictions": [3.0, 6.0]}
REST = [  # method, path, body, status, the whole answer or a part of its error
    ("POST", f"{MODEL}:predict", ROW, 200, THREE),
    ("POST", f"{MODEL}:PREDICT", ROW, 400, f"Malformed request: POST {MODEL}:PREDICT"),
    ("POST", "/V1/Models/probe:predict", ROW, 200, THREE),
    ("POST", f"{MODEL}/versions/3:predict", ROW, 200, THREE),
    ("POST", f"{MODEL}/versions/003:predict", ROW, 200, THREE),
    ("POST", f"{MODEL}/labels/stable:predict", ROW, 200, {"predictions": [2.0, 4.0]}),
    ("POST", f"{MODEL}/labels/canary:predict", ROW, 200, THREE),
    ("POST", f"{MODEL}/labels/none:predict", ROW, 400, "Unrecognized servable version label: none"),
    (
        "POST",
        f"{MODEL}/versions/9:predict",
        ROW,
        404,
        "Servable not found for request: Specific(probe, 9)",
    ),
    ("POST", f"{MODEL}/versions/-1:predict", ROW, 400, "Malformed request: POST"),
    (
        "POST",
        f"{MODEL}/versions/99999999999999999999:predict",
        ROW,
        400,
        "Failed to convert version:",
    ),
    ("GET", f"{MODEL}/versions/{'9' * 4301}", None, 400, "Failed to convert version:"),
    ("POST", f"{MODEL}/versions/1/labels/x:predict", ROW, 400, "Malformed request: POST"),
    ("POST", f"{MODEL}:explain", ROW, 400, f"Malformed request: POST {MODEL}:explain"),
    ("POST", "/v1/foo", ROW, 400, "Malformed request: POST /v1/foo"),
    ("GET", "/v1/foo", None, 400, "Malformed request: GET /v1/foo"),
    ("PATCH", MODEL, ROW, 400, f"Malformed request: PATCH {MODEL}"),
    ("POST", f"{MODEL}:predict", "", 400, "JSON Parse error: The document is empty"),
    (
        "POST",
        f"{MODEL}:predict",
        "{",
        400,
        "JSON Parse error: Missing a name for object member. at offset: 1",
    ),
    ("POST", "/v1/models/none:predict", "{", 400, "JSON Parse error"),
    ("POST", f"{MODEL}:predict", "{}", 400, "Missing 'inputs' or 'instances' key"),
    (
        "POST",
        f"{MODEL}:predict",
        '{"instances": [1], "inputs": [1]}',
        400,
        "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist ",
    ),
    (
        "POST",
        f"{MODEL}:predict",
        '{"signature_name": "zz", "instances": [1]}',
        400,
        'Serving signature name: "zz" not found in signature def',
    ),
    (
        "POST",
        f"{MODEL}:predict",
        '{"signature_name": "", "instances": [1.0]}',
        200,
        {"predictions": [3.0]},
    ),
    (
        "POST",
        f"{MODEL}:predict",
        '{"signature_name": "__saved_model_init_op", "instances": [1]}',
        400,
        "Failed to get input map for signature: __saved_model_init_op",
    ),
    (
        "POST",
        f"{MODEL}:predict",
        '{"signature_name": "two", "instances": [1]}',
        400,
        "instances is a plain list, but expecting list of objects as multiple input tensors required",
    ),
    (
        "POST",
        f"{MODEL}:predict",
        '{"signature_name": "two", "inputs": [1]}',
        400,
        "inputs is a plain value/list, but expecting an object as multiple input tensors required",
    ),
    (
        "POST",
        f"{MODEL}:predict",
        '{"signature_name": "two", "instances": [{"b64": "AA=="}]}',
        400,
        "Failed to process element: 0 of 'instances' list. Error: INVALID_ARGUMENT: ",
    ),
    (
        "POST",
        f"{MODEL}:predict",
        '{"signature_name": "two", "instances": [{"x": [1]}]}',
        400,
        'JSON object: {\n    "x": [1]\n} keys must be equal to: k,x',
    ),
    ("POST", f"{MODEL}:predict", '{"instances": [[1], [2]]}', 200, {"predictions": [[3.0], [6.0]]}),
    ("POST", f"{MODEL}:predict", '{"instances": [{"x": 1.0}]}', 200, {"predictions": [3.0]}),
    ("POST", f"{MODEL}:predict", '{"inputs": {"x": [1.0]}}', 200, {"outputs": [3.0]}),
    ("POST", f"{MODEL}:predict", '{"inputs": 2.0}', 200, {"outputs": 6.0}),
    ("POST", f"{MODEL}:predict", '{"inputs": []}', 200, {"outputs": []}),
    ("POST", f"{MODEL}:classify", "{}", 400, "When method is classify, key 'examples' is expected"),
    ("POST", f"{MODEL}:classify", '{"examples": []}', 400, "'examples' value is an empty array"),
    (
        "POST",
        f"{MODEL}:classify",
        '{"examples": [1]}',
        400,
        "Example must be JSON object but got JSON Number",
    ),
    (
        "POST",
        f"{MODEL}:regress",
        '{"examples": [{"x": 1}]}',
        400,
        "No regression inputs found in SignatureDef",
    ),
    (
        "POST",
        f"{MODEL}:classify",
        '{"signature_name": "zz", "examples": [{"x": 1}]}',
        400,
        "No signature was found with the name: zz",
    ),
    ("GET", "/v1/models/none", None, 404, "Could not find any versions of model none"),
    ("GET", f"{MODEL}/versions/9", None, 404, "Could not find version 9 of model probe"),
    (
        "GET",
        f"{MODEL}/versions/9/metadata",
        None,
        404,
        "Servable not found for request: Specific(probe, 9)",
    ),
    ("GET", "/v1/models/metadata", None, 404, "Could not find any versions of model metadata"),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "answer"), REST)
def test_rest(method, path, body, status, answer, probe):
    given, content_type, text = probe.http(method, path, body)
    assert given == status, text
    assert content_type == "application/json"
    if isinstance(answer, dict):
        assert json.loads(text) == answer
    else:
        assert answer in json.loads(text)["error"]


def test_metadata(probe):
    status, _, text = probe.http("GET", f"{MODEL}/versions/2/metadata")
    answer = json.loads(text)
    assert status == 200
    assert answer["model_spec"] == {"name": "probe", "version": "2", "signature_name": ""}
    signature = answer["metadata"]["signature_def"]["signature_def"]["serving_default"]
    assert signature["method_name"] == "tensorflow/serving/predict"
    assert signature["inputs"]["x"] == {
        "name": "serving_default_x:0",
        "dtype": "DT_FLOAT",
        "tensor_shape": {"dim": [{"size": "-1", "name": ""}], "unknown_rank": False},
    }


def test_outside_of_the_api(probe):
    for path in ("/", "/v2/models/probe", "/favicon.ico"):
        status, content_type, text = probe.http("GET", path)
        assert (status, content_type) == (404, "text/html") and "<H1>Not Found</H1>" in text


def predict(name="probe", signature="", inputs=None, label=None, outputs=()):
    request = predict_pb2.PredictRequest(output_filter=outputs)
    request.model_spec.name, request.model_spec.signature_name = name, signature
    if label:
        request.model_spec.version_label = label
    for key, value in (inputs or {"x": np.float32([1])}).items():
        request.inputs[key].CopyFrom(tf.make_tensor_proto(value))
    return request


def metadata(*fields):
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=fields)
    request.model_spec.name = "probe"
    return request


def task(name="probe", signature="", method="tensorflow/serving/classify"):
    found = inference_pb2.InferenceTask(method_name=method)
    found.model_spec.name, found.model_spec.signature_name = name, signature
    return found


def inference(*tasks):
    return inference_pb2.MultiInferenceRequest(tasks=tasks)


GRPC = [  # method, request, code, part of the details
    ("Predict", predict_pb2.PredictRequest(), "INVALID_ARGUMENT", "Missing ModelSpec"),
    (
        "Predict",
        predict(signature="zz"),
        "FAILED_PRECONDITION",
        'Serving signature key "zz" not found.',
    ),
    (
        "Predict",
        predict(label="none"),
        "INVALID_ARGUMENT",
        "Unrecognized servable version label: none",
    ),
    (
        "Predict",
        predict(inputs={"q": np.float32([1])}),
        "INVALID_ARGUMENT",
        "Signature input alias: x(feed name: serving_default_x:0) not found in request",
    ),
    (
        "Predict",
        predict(inputs={"x": np.float64([1])}),
        "INVALID_ARGUMENT",
        "Expects arg[0] to be float but double is provided",
    ),
    (
        "Predict",
        predict(signature="two", inputs={"x": np.float32([[1]]), "k": np.int64([1])}),
        "INVALID_ARGUMENT",
        "Expects arg[0] to be int32 but int64 is provided",
    ),
    (
        "GetModelMetadata",
        metadata(),
        "INVALID_ARGUMENT",
        "must specify at least one metadata_field",
    ),
    (
        "GetModelMetadata",
        get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"]),
        "INVALID_ARGUMENT",
        "Missing ModelSpec",
    ),
    (
        "GetModelStatus",
        get_model_status_pb2.GetModelStatusRequest(),
        "INVALID_ARGUMENT",
        "Missing ModelSpec",
    ),
    (
        "Classify",
        classification_pb2.ClassificationRequest(),
        "INVALID_ARGUMENT",
        "Missing ModelSpec",
    ),
    (
        "MultiInference",
        inference(task(signature="zz")),
        "INVALID_ARGUMENT",
        "signature not found in model graph: zz",
    ),
    ("MultiInference", inference(task(), task("other")), "INVALID_ARGUMENT", ""),
    (
        "MultiInference",
        inference(task(method="x")),
        "UNIMPLEMENTED",
        "Unsupported signature method_name: x",
    ),
    ("MultiInference", inference(task()), "INVALID_ARGUMENT", "No classification inputs found"),
]


@pytest.mark.parametrize(("method", "request_", "code", "details"), GRPC)
def test_grpc(method, request_, code, details, probe):
    with probe.stubs() as stubs:
        call = next(getattr(stub, method) for stub in stubs if hasattr(stub, method))
        with pytest.raises(grpc.RpcError) as error:
            call(request_, timeout=30)
    assert error.value.code().name == code
    assert details in error.value.details()


def test_labels_by_grpc(probe):
    with probe.stubs() as (prediction, _):
        answer = prediction.Predict(predict(label="stable"), timeout=30)
    assert answer.model_spec.version.value == 2 and list(answer.outputs["y"].float_val) == [2.0]


def test_batching_of_odd_requests(batching_probe):
    """No rows, which a real server never answers; and several shapes, which harm each other there."""
    if not IS_EMBEDDED:
        pytest.skip("seven requests without rows stop a real server")
    for body in ({"inputs": []}, {"inputs": {"x": []}}):
        status, answer = batching_probe.predict(body)
        assert status == 400 and "needs a row at least" in answer["error"]
    shapes = [[1.0], [[1.0, 2.0]], [[[3.0]]]] * 8
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda rows: batching_probe.predict({"inputs": rows}), shapes))
    expected = [{"outputs": (3 * np.array(rows)).tolist()} for rows in shapes]
    assert answers == [(200, value) for value in expected]


def test_a_wrong_dtype_does_not_harm_its_batch(batching_probe):
    def ask(dtype):
        with batching_probe.stubs() as (prediction, _):
            try:
                return list(
                    prediction.Predict(predict(inputs={"x": dtype([2])})).outputs["y"].float_val
                )
            except grpc.RpcError as error:
                return error.code().name

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, [np.float32, np.int32] * 12))
    if IS_EMBEDDED:
        assert answers == [[6.0], "INVALID_ARGUMENT"] * 12
    else:  # there a batch of both is INTERNAL for all its requests
        assert {str(answer) for answer in answers} <= {"[6.0]", "INVALID_ARGUMENT", "INTERNAL"}
