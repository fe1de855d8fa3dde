"""Style transfer: its losses in float64, what is saved of it, and that it learns."""

import json
import pathlib

import keras
import numpy as np
import pytest
import tensorflow as tf
from cases import TRANSLATORS, make
from typer.testing import CliRunner

import tfgan_zoo
from tfgan_zoo import cli, datasets, runs, serving
from tfgan_zoo.networks import perceptual


def images(count, size=8, channels=1, seed=0):
    shape = (count, size, size, channels)
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)


def gram(x):
    _, height, width, channels = x.shape
    return np.einsum("bhwc,bhwd->bcd", x, x) / (height * width * channels)


def test_losses_by_hand():
    """Of section 3.2 of the paper, in float64 from the maps."""
    weights = {"content_weight": 2.0, "style_weight": 30.0, "variation_weight": 0.5}
    model = make("StyleTransfer", **weights)
    batch = {"images": images(3), "targets": images(3, seed=1)}
    network = perceptual.features("tiny")
    of = lambda x: {  # noqa: E731
        name: np.float64(found) for name, found in network(np.repeat(x, 3, -1)).items()
    }
    made = np.asarray(model.generator(batch["images"], training=True))
    found, contents, styles = of(made), of(batch["images"]), of(batch["targets"])
    content = sum(np.mean((found[k] - contents[k]) ** 2) for k in found)
    style = sum(np.mean((gram(found[k]) - gram(styles[k])) ** 2) for k in found)
    made = np.float64(made)
    variation = np.mean(np.diff(made, axis=1) ** 2) + np.mean(np.diff(made, axis=2) ** 2)
    loss, logs = model.generator_loss(batch, None)
    assert float(logs["content"]) == pytest.approx(content, rel=1e-5)
    assert float(logs["style"]) == pytest.approx(style, rel=1e-5)
    assert float(logs["variation"]) == pytest.approx(variation, rel=1e-5)
    assert float(loss) == pytest.approx(2 * content + 30 * style + 0.5 * variation, rel=1e-5)


@pytest.mark.full
def test_the_features_are_no_part_of_the_model(tmp_path):
    model = make("StyleTransfer")
    names = [variable.path for variable in model.variables]
    model.compile()
    model.fit(images(8), images(8, seed=1), batch_size=4, verbose=0)
    assert [variable.path for variable in model.variables] == names
    assert list(model.networks()) == ["generator", "ema_generator"]
    config = json.loads(json.dumps(model.get_config()))
    assert config["features"] == "tiny" and "objective" not in config
    path = model.export(tmp_path, "own", warmup_batch_sizes=[1])
    tensors = [name for name, _ in tf.train.list_variables(str(path / "variables" / "variables"))]
    assert not any("half" in name or "quarter" in name for name in tensors)


def test_a_model_is_loaded_without_the_features_weights(tmp_path, monkeypatch):
    """They are asked for when it trains."""
    for variable in ("TFGAN_ZOO_VGG16", "TFGAN_ZOO_DOWNLOAD"):
        monkeypatch.delenv(variable, raising=False)
    model = make("StyleTransfer", features="vgg16")
    model.compile()
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.translate(images(1)), model.translate(images(1)))
    with pytest.raises(FileNotFoundError, match="TFGAN_ZOO_VGG16"):
        again.fit(images(4), images(4), batch_size=4, verbose=0)
    assert int(again.iterations.numpy()) == 0


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"features": "vgg"}, ValueError, "There are: vgg16"),
        ({"features": keras.Sequential([keras.Input([4])])}, ValueError, "features must be a st"),
        ({"image_shape": (8, 8, 2)}, ValueError, "1 or 3 channels. Received: 2"),
        ({"image_shape": (10, 8, 1)}, ValueError, "multiples of 4"),
        ({"objective": "hinge"}, TypeError, "no argument 'objective'"),
        ({"d_learning_rate": 1e-3}, TypeError, "no argument 'd_learning_rate'"),
        ({"style_weight": -1.0}, ValueError, "style_weight must be a number >= 0"),
    ],
)
def test_options_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        make("StyleTransfer", **options)


@pytest.mark.full
def test_it_learns():
    """The distances fall of images that are all of one style, and the variation with its weight."""
    model = make("StyleTransfer", width=8, g_learning_rate=5e-3)
    model.compile()
    styles = np.broadcast_to(images(1, seed=1), (16, 8, 8, 1))
    history = model.fit(images(16), styles, batch_size=8, epochs=30, verbose=0).history
    assert history["g_loss"][-1] < 0.5 * history["g_loss"][0]
    assert set(history) == {"g_loss", "content", "style", "variation"}


def folders(path):
    for name, count, size in (("trainA", 4, 20), ("trainB", 1, 24)):
        (path / name).mkdir(parents=True)
        for number in range(count):
            pixels = np.uint8(127.5 * (images(1, size, 3, number)[0] + 1))
            file = tf.io.encode_png(pixels)
            (path / name / f"{number}.png").write_bytes(file.numpy())
    return path


@pytest.mark.full
def test_a_folder_with_one_picture_of_the_style(tmp_path):
    data = datasets.load_unpaired(folders(tmp_path), image_size=16, batch_size=2, crop="random")
    (first, *_) = list(data)
    assert first["images"].shape == first["targets"].shape == (2, 16, 16, 3)
    model = make("StyleTransfer", image_shape=(16, 16, 3))
    model.compile()
    model.fit(data, epochs=2, verbose=0)
    assert int(model.iterations.numpy()) == 4


@pytest.mark.full
def test_a_run_and_its_commands(tmp_path, monkeypatch):
    """From a preset to what is exported, verified and translated by the command line."""
    monkeypatch.setitem(TRANSLATORS["StyleTransfer"], "image_shape", (16, 16, 3))
    data = folders(tmp_path / "mosaic")
    options = runs.Options(
        "style_transfer_mosaic_128",
        data=str(data),
        batch_size=2,
        steps=2,
        overrides=TRANSLATORS["StyleTransfer"],
        precision="float32",
    )
    run = runs.train(options, tmp_path / "runs", verbose=False)
    assert list((run / "samples").glob("*.png"))
    exported = runs.load_run(run).export(tmp_path, "own", warmup_batch_sizes=[1])
    assert serving.verify(exported, trust_model=True) == "8 images, identical"
    out = tmp_path / "out.png"
    picture = next(pathlib.Path(data / "trainA").glob("*.png"))
    command = ["translate", str(exported), str(picture), str(out), "--trust-model"]
    done = CliRunner().invoke(cli.app, command)
    assert done.exit_code == 0, done.output
    expected = tfgan_zoo.from_preset(exported, trust_model=True).translate(picture)
    np.testing.assert_array_equal(tf.io.decode_png(out.read_bytes()), expected)
    done = CliRunner().invoke(cli.app, ["info", "style_transfer_mosaic_128"])
    assert done.exit_code == 0 and "generator 424,899\n" in done.output
