"""A served detector: tensors and files, by REST and by gRPC, answer what `detect` does."""

import base64
import io
import json
import urllib.request

import keras
import numpy as np
import pytest
from PIL import Image
from running_server import Server

from tfgan_zoo import forensics, trust
from tfgan_zoo.serving import Client

pytestmark = pytest.mark.xdist_group("detector")
RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (6, 8, 8, 1), np.uint8)


@pytest.fixture(scope="module")
def detector():
    """As it is made, with a calibration that puts images on both sides of the threshold."""
    keras.utils.set_random_seed(0)
    made = forensics.Detector((8, 8, 1), width=4, sources=["a", "b"])
    state = {"scale": 3.0, "offset": 0.5, "threshold": 0.0, "source_threshold": 0.0}
    for name, value in {**state, "is_calibrated": 1.0}.items():
        made.state[name].assign(value)
    middle = float(np.median(made.detect(IMAGES).logits))
    made.state["threshold"].assign(middle)
    return made


@pytest.fixture(scope="module")
def exported(detector, tmp_path_factory):
    return detector.export(tmp_path_factory.mktemp("served"), "told", warmup_batch_sizes=[1])


@pytest.fixture(scope="module")
def server(exported):
    flags = (f"--model_base_path={exported.parent}", "--model_name=told", "--trust_model")
    with Server(exported.parents[1], *flags) as server:
        yield server


def written(image, kind="PNG"):
    file = io.BytesIO()
    Image.fromarray(image.squeeze()).save(file, kind)
    return file.getvalue()


def floats(images):
    return images.astype(np.float32) / 127.5 - 1


def test_an_export_is_loaded_again(detector, exported):
    with pytest.raises(trust.UntrustedModelError):
        forensics.load(exported)
    loaded = forensics.load(exported, trust_model=True)
    expected = detector.detect(IMAGES)
    found = loaded.detect(IMAGES)
    np.testing.assert_allclose(found.logits, expected.logits, rtol=1e-5)
    np.testing.assert_array_equal(found.sources, expected.sources)
    with pytest.raises(ValueError, match="calibrated before it is served"):
        forensics.Detector((8, 8, 1)).export("unused")


def test_tensors_by_grpc(detector, server):
    """To 1e-5; rows with NaN, or beyond [-1, 1], are answered with NaN, and their neighbours as ever."""
    shown = floats(IMAGES)
    shown[1, 0, 0], shown[2, 3, 3] = np.nan, 1.5
    with Client(server.target, "told") as client:
        found = client.predict("detect", {"images": shown})
    expected, good = detector.detect(IMAGES), [0, 3, 4, 5]
    np.testing.assert_allclose(found["logits"][good], expected.logits[good], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(
        found["probability"][good], expected.probability[good], rtol=1e-5, atol=1e-5
    )
    np.testing.assert_array_equal(found["is_generated"][good], expected.is_generated[good])
    np.testing.assert_allclose(
        found["source_probabilities"][good], expected.source_probabilities[good], atol=1e-5
    )
    for name in ("logits", "probability", "source_probabilities"):
        assert np.isnan(found[name][1:3]).all()
    assert not found["is_generated"][1:3].any()


def test_files_by_rest(detector, server):
    """PNG and JPEG; none that is larger, in colours, cut off, or no picture."""
    colours = np.stack([IMAGES[0, ..., 0]] * 2 + [IMAGES[1, ..., 0]], axis=-1)
    files = [written(IMAGES[0]), written(IMAGES[3], "JPEG"), written(np.zeros((9, 8), np.uint8))]
    files += [written(colours), written(IMAGES[0])[:40], b"", written(np.repeat(IMAGES[4], 3, -1))]
    body = {"signature_name": "detect_bytes"}
    body["instances"] = [{"b64": base64.b64encode(file).decode()} for file in files]
    url = f"http://localhost:{server.rest_port}/v1/models/told:predict"
    with urllib.request.urlopen(url, json.dumps(body).encode()) as reply:
        rows = json.loads(reply.read())["predictions"]
    expected = detector.detect(IMAGES)
    assert rows[0]["logits"] == pytest.approx(expected.logits[0], abs=1e-4)
    assert rows[6]["logits"] == pytest.approx(expected.logits[4], abs=1e-4)
    assert rows[0]["is_generated"] == expected.is_generated[0]
    assert np.isfinite(rows[1]["logits"])
    assert all(np.isnan(float(row["probability"])) for row in rows[2:6])
