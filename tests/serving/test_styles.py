"""A served model that paints in the style of another picture: by REST, client and command."""

import base64

import numpy as np
import pytest
import tensorflow as tf
from cases import make
from running_server import Server
from typer.testing import CliRunner

from tfgan_zoo import cli, convert, evaluation, serving
from tfgan_zoo.serving import Client, golden

pytestmark = pytest.mark.xdist_group("styles")


def images(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)


def pixels(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


@pytest.fixture(scope="module")
def model():
    """It shows styles: what is decoded differs enough for pixels."""
    model = make("AdaIN", image_shape=(16, 16, 3), width=8)
    network = model.ema_generator
    network.set_weights([2 * weight for weight in network.get_weights()])
    return model


@pytest.fixture(scope="module")
def exported(model, tmp_path_factory):
    return model.export(tmp_path_factory.mktemp("served"), "own", warmup_batch_sizes=[1, 2])


def test_verify_and_signatures(exported, model, tmp_path):
    assert serving.verify(exported, trust_model=True) == "8 images, identical"
    recorded = golden.read(exported)
    assert list(recorded.further) == ["style_bytes"]
    assert recorded.further["style_bytes"][:-1] == recorded.pictures[1:]
    signature = tf.saved_model.load(exported).signatures["translate_tensor"]
    given = {"images": images(2, 7, 9, 3), "styles": images(2, 12, 5, 3, seed=1)}
    made = signature(**{name: tf.constant(value) for name, value in given.items()})["images"]
    np.testing.assert_allclose(made, model(**given), atol=1e-5)
    given["styles"][1, 0, 0, 0] = np.nan  # a row is answered by itself
    made = signature(**{name: tf.constant(value) for name, value in given.items()})["images"]
    assert np.isfinite(made[0]).all() and np.isnan(made[1]).all()
    half = model.export(tmp_path, "half", warmup_batch_sizes=[1], dtype="mixed_bfloat16")
    assert serving.verify(half, trust_model=True).startswith("8 images, ")


def test_served(exported, model):
    photos = [pixels(7, 9, 3), pixels(16, 5, 3)]
    paintings = [pixels(12, 12, 3, seed=1), pixels(3, 4, 3, seed=2)]
    flags = (f"--model_base_path={exported.parent}", "--model_name=own", "--trust_model")
    with Server(exported.parent.parent, *flags) as server, Client(server.target, "own") as client:
        expected = [model.translate(p, styles=s) for p, s in zip(photos, paintings, strict=True)]
        for made in (
            client.translate(photos, styles=paintings),
            [client.translate(*photos[i : i + 1], styles=paintings[i])[0] for i in (0, 1)],
        ):
            for ours, theirs in zip(made, expected, strict=True):
                assert np.abs(ours.astype(int) - theirs).max() <= 1
        with pytest.raises(ValueError, match="one for each of 2"):
            client.translate(photos, styles=[*paintings, *paintings])
        with pytest.raises(ValueError, match="0"):  # a style that is no picture
            client.translate(photos[0], styles=b"no picture")
        assert client.verify(exported).startswith("8 images")
        row = {"image_bytes": photos[0], "style_bytes": paintings[0]}
        files = {k: tf.io.encode_png(v).numpy() for k, v in row.items()}
        instance = {k: {"b64": base64.b64encode(v).decode()} for k, v in files.items()}
        body = {"signature_name": "translate", "instances": [instance]}
        status, answer = server.predict(body, "/v1/models/own:predict")
        assert status == 200
        file = base64.b64decode(answer["predictions"][0]["b64"])
        assert np.abs(tf.io.decode_png(file).numpy().astype(int) - expected[0]).max() <= 1


def test_the_command(exported, model, tmp_path):
    for name, array in {"photo": pixels(7, 9, 3), "style": pixels(8, 8, 3, seed=1)}.items():
        (tmp_path / f"{name}.png").write_bytes(tf.io.encode_png(array).numpy())
    photo, style, out = (str(tmp_path / f"{name}.png") for name in ("photo", "style", "out"))
    command = ["translate", str(exported), photo, out, "--trust-model"]
    done = CliRunner().invoke(cli.app, command)
    assert done.exit_code != 0 and "needs --style" in done.output + str(done.exception)
    done = CliRunner().invoke(cli.app, [*command, "--style", style])
    assert done.exit_code == 0, done.output
    made = tf.io.decode_png((tmp_path / "out.png").read_bytes())
    np.testing.assert_array_equal(made, model.translate(photo, styles=style))


def test_what_takes_images_alone(model, exported, tmp_path):
    for refused in (
        lambda: convert.convert(model, tmp_path),
        lambda: evaluation.translator_from_model(model),
        lambda: evaluation.translator_from_saved_model(exported, trust_model=True),
    ):
        with pytest.raises(ValueError, match="translate images alone; .* takes styles too"):
            refused()
