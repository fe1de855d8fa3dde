"""A served model that brings pictures into domains: by REST, gRPC, client and command, and its check."""

import base64

import numpy as np
import pytest
import tensorflow as tf
from cases import make
from running_server import Server
from typer.testing import CliRunner

import tfgan_zoo
from tfgan_zoo import cli
from tfgan_zoo.serving import Client, golden

pytestmark = pytest.mark.xdist_group("domains")
RGB = np.random.default_rng(0).integers(0, 256, (7, 9, 3), np.uint8)
FILE = tf.io.encode_png(RGB).numpy()


@pytest.fixture(scope="module")
def model():
    model = make("StarGAN", image_shape=(16, 16, 3))
    model.ema_generator.set_weights([4 * weight for weight in model.ema_generator.get_weights()])
    model.class_names = ("black", "blond", "brown")
    return model


@pytest.fixture(scope="module")
def exported(model, tmp_path_factory):
    return model.export(tmp_path_factory.mktemp("served"), "own", warmup_batch_sizes=[1])


@pytest.fixture(scope="module")
def server(exported):
    folder = exported.parent
    flags = (f"--model_base_path={folder}", "--model_name=own", "--trust_model")
    with Server(folder.parent, *flags) as server:
        yield server


def levels(image, other):
    return np.abs(np.asarray(image, int) - other).max()


def test_golden_pictures(exported, model):
    recorded = golden.read(exported)
    assert recorded.further == {"domain": [0, 1, 2, 0, 1, 2, 0, 1]}
    assert "8 images" in golden.verify(exported, trust_model=True)
    again = tfgan_zoo.from_preset(exported, trust_model=True)
    np.testing.assert_array_equal(again.translate(RGB, domain=1), model.translate(RGB, domain=1))
    assert again.class_names == model.class_names


@pytest.mark.parametrize("protocol", ["rest", "grpc"])
def test_client(server, exported, model, protocol):
    target = server.url if protocol == "rest" else server.target
    expected = [model.translate(RGB, domain=domain) for domain in range(3)]
    with Client(target, "own") as client:
        found = client.translate([RGB, FILE], domain=["blond", "Brown"])
        assert [levels(*pair) <= 1 for pair in zip(found, expected[1:], strict=True)] == [True] * 2
        assert levels(client.translate(RGB, domain=0)[0], expected[0]) <= 1
        with pytest.raises(ValueError, match="takes pictures and domain. Received: pictures"):
            client.translate(RGB)
        with pytest.raises(ValueError, match=r"no class 3: domains must lie in \[0, 3\)"):
            client.translate(RGB, domain=3)
        assert "8 images" in client.verify(exported)


def test_rest_as_curl_sends_it(server, model):
    row = {"image_bytes": {"b64": base64.b64encode(FILE).decode()}, "domain": 2}
    body = {"signature_name": "translate", "instances": [row, {**row, "domain": 7}]}
    status, answer = server.predict(body, "/v1/models/own:predict")
    assert status == 200
    good, bad = (base64.b64decode(made["b64"]) for made in answer["predictions"])
    assert levels(tf.io.decode_png(good), model.translate(RGB, domain=2)) <= 1 and bad == b""
    images = (RGB / 127.5 - 1)[None].tolist()
    body = {"signature_name": "translate_tensor", "inputs": {"images": images, "domain": [1]}}
    status, answer = server.predict(body, "/v1/models/own:predict")
    pixels = np.round((np.array(answer["outputs"]) + 1) * 127.5)[0]
    assert status == 200 and levels(pixels, model.translate(RGB, domain=1)) <= 1


def test_command(exported, model, tmp_path):
    (tmp_path / "1.png").write_bytes(FILE)
    words = ["translate", str(exported), str(tmp_path / "1.png"), str(tmp_path / "2.png")]
    for domain in ("blond", "1"):
        options = ["--trust-model", "--overwrite", "--domain", domain]
        done = CliRunner().invoke(cli.app, [*words, *options])
        assert done.exit_code == 0, done.output
        made = tf.io.decode_png((tmp_path / "2.png").read_bytes())
        assert levels(made, model.translate(RGB, domain=1)) <= 1
    for options, message in (([], "StarGAN needs --domain"), (["--domain", "red"], "red")):
        done = CliRunner().invoke(cli.app, [*words, "--trust-model", "--overwrite", *options])
        assert done.exit_code != 0 and message in done.output
