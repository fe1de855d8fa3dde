"""Detectors as models of Keras, and by the command line."""

import json

import keras
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import tfgan_zoo
from tfgan_zoo import cli, forensics


def kinds(count=600):
    """Real noise, and two kinds that are brighter, one of them in stripes."""
    rng = np.random.default_rng(0)
    real = rng.integers(0, 120, (count, 8, 8, 1), np.uint8)
    bright = rng.integers(60, 200, (count // 4, 8, 8, 1), np.uint8)
    striped = bright.copy()
    striped[:, ::2] = 0
    return real, {"bright": bright, "striped": striped}


@pytest.fixture(scope="module")
def detector():
    keras.utils.set_random_seed(0)
    return forensics.train(*kinds(), width=4, epochs=3, batch_size=16, trained_on="noise, 8x8")


def test_it_tells_kinds_and_sources(detector):
    real, generated = kinds()
    answers = {name: detector.detect(x) for name, x in {"real": real, **generated}.items()}
    logits = [answers[name].logits for name in ("real", "bright")]
    assert forensics.auc(*logits) > 0.98
    assert answers["real"].is_generated.mean() < 0.05
    assert (answers["striped"].sources == "striped").mean() > 0.8
    assert (answers["real"].sources == "real").mean() > 0.95
    sums = answers["bright"].source_probabilities.sum(axis=1)
    np.testing.assert_allclose(sums, 1)


@pytest.mark.parametrize("features", ["convolutions", "spectrum"])
def test_a_detector_is_a_function_of_images_and_seed(features):
    """Whatever was drawn before, and by whatever seed of the process; another seed makes another one."""
    real, generated = kinds()
    options = {"features": features, "width": 4, "epochs": 1, "batch_size": 16}
    made = []
    for of_process, seed in ((1, 7), (2, 7), (2, 8)):
        keras.utils.set_random_seed(of_process)
        made.append(forensics.train(real, generated, seed=seed, **options).get_weights())
    same = [all(map(np.array_equal, made[0], weights)) for weights in made]
    assert same == [True, True, False]


def test_batches_are_the_same_each_time_they_are_read():
    """Each epoch has every image once, in an order of its own."""
    images = np.arange(20, dtype=np.uint8)[:, None, None, None] * np.ones((2, 2, 1), np.uint8)
    data = forensics.batches(images, np.arange(20), 5, seed=3)
    first, again = ([labels.numpy() for _, labels in data.take(8)] for _ in range(2))
    np.testing.assert_array_equal(first, again)
    epochs = np.reshape(first, [2, 20])
    assert (np.sort(epochs) == np.arange(20)).all() and (epochs[0] != epochs[1]).any()
    pixels, labels = next(iter(data))
    np.testing.assert_array_equal(pixels[:, 0, 0, 0], np.float32(labels) / np.float32(127.5) - 1)
    with pytest.raises(ValueError, match="Give a smaller batch size"):
        forensics.batches(images, np.arange(20), 64)


def test_the_prior_moves_the_probability_alone(detector):
    """By Bayes' rule: odds times prior odds."""
    image = kinds()[1]["bright"][:20]
    even, rare = detector.detect(image), detector.detect(image, prior=0.01)
    odds = even.probability / (1 - even.probability) / 99
    np.testing.assert_allclose(rare.probability, odds / (1 + odds), rtol=1e-9)
    np.testing.assert_array_equal(even.is_generated, rare.is_generated)


def test_saved_and_loaded(detector, tmp_path):
    detector.save(path := tmp_path / "mine.keras")
    images = kinds()[0][:5]
    expected = detector.detect(images)
    for loaded in (keras.models.load_model(path), forensics.load(path)):
        assert loaded.get_config() == detector.get_config()
        np.testing.assert_array_equal(loaded.detect(images).logits, expected.logits)
        np.testing.assert_array_equal(loaded.detect(images).sources, expected.sources)


@pytest.mark.full
def test_a_loaded_detector_trains_on(detector, tmp_path):
    detector.save(path := tmp_path / "mine.keras")
    loaded = keras.models.load_model(path)
    assert int(loaded.optimizer.iterations) == int(detector.optimizer.iterations) > 0
    loaded.fit(np.zeros((4, 8, 8, 1), np.float32), np.array([0, 1, 2, 0]), verbose=0)
    assert int(loaded.optimizer.iterations) == int(detector.optimizer.iterations) + 1


@pytest.mark.full
def test_the_baseline_is_a_logistic_regression():
    """On powers: it tells stripes, with as many weights as radii and one more."""
    real, generated = kinds()
    striped = {"striped": generated["striped"]}
    made = forensics.train(
        real, striped, None, "spectrum", epochs=20, batch_size=16, attribute=False
    )
    assert made.network.count_params() == 7 + 1 + 2 * 7  # and means and variances
    sides = [made.detect(x).logits for x in (real, generated["striped"])]
    assert forensics.auc(*sides) > 0.98
    assert made.detect(real[:2]).sources is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"features": "convolution"}, "convolutions, spectrum"),
        ({"sources": ["a", "a"]}, "'a' twice"),
        ({"sources": ["real"]}, "Received: 'real'"),
        ({"sources": "ab"}, "a list of names"),
        ({"width": 0}, "width must be"),
    ],
    ids=str,
)
def test_options_that_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        forensics.Detector(**options)


def test_images_that_are_refused(detector):
    with pytest.raises(TypeError, match="uint8"):
        detector.detect(np.zeros((1, 8, 8, 1), np.float32))
    with pytest.raises(ValueError, match=r"must be \[N, 8, 8, 1\]"):
        detector.detect(np.zeros((1, 9, 8, 1), np.uint8))
    with pytest.raises(ValueError, match="prior must lie between"):
        detector.detect(np.zeros((1, 8, 8, 1), np.uint8), prior=1)
    with pytest.raises(ValueError, match="not calibrated"):
        forensics.Detector((8, 8, 1)).detect(np.zeros((1, 8, 8, 1), np.uint8))
    with pytest.raises(ValueError, match="the same size"):
        forensics.labelled(
            np.zeros((1, 8, 8, 1), np.uint8), {"a": np.zeros((1, 9, 9, 1), np.uint8)}
        )


@pytest.mark.full
def test_a_model_that_is_no_detector(tmp_path):
    gan = tfgan_zoo.DCGAN(image_shape=(8, 8, 1), width=2, latent_dim=2)
    gan.compile()
    gan.save(tmp_path / "gan.keras")
    with pytest.raises(ValueError, match="is a DCGAN, not a Detector"):
        forensics.load(tmp_path / "gan.keras")


def test_a_detector_that_is_not_there():
    with pytest.raises(FileNotFoundError, match="There is no detector nothing"):
        forensics.load("nothing")


# === The command line ===


@pytest.fixture
def files(detector, tmp_path):
    """A detector, two pictures that it can read and two that it cannot."""
    detector.save(tmp_path / "mine.keras")
    real, generated = kinds()
    shown = {
        "real": real[0],
        "fake": generated["striped"][0],
        "large": np.zeros((9, 9, 1), np.uint8),
    }
    for name, image in shown.items():
        Image.fromarray(image[..., 0]).save(tmp_path / f"{name}.png")
    colours = np.zeros((8, 8, 3), np.uint8)
    colours[..., 0] = 200
    Image.fromarray(colours).save(tmp_path / "colours.png")
    return tmp_path


def run(folder, *words):
    names = [str(folder / word) if word.endswith((".png", ".keras")) else word for word in words]
    return CliRunner().invoke(cli.app, ["detect", *names])


def test_detect(files):
    done = run(files, "real.png", "fake.png", "--detector", "mine.keras", "--check")
    assert done.exit_code == 3, done.output
    lines = done.stdout.splitlines()
    assert "real.png: nothing found, probability 0.0" in lines[0]
    assert "fake.png: generated, probability " in lines[1] and ", by striped (" in lines[1]
    assert "Trained on noise, 8x8." in done.stderr and "no proof" in done.stderr
    assert run(files, "real.png", "--detector", "mine.keras", "--check").exit_code == 0


def test_detect_in_json(files, detector):
    done = run(files, "fake.png", "--detector", "mine.keras", "--json", "--prior", "0.1")
    told = json.loads(done.stdout)
    expected = detector.detect(kinds()[1]["striped"][:1], prior=0.1)
    (picture,) = told["pictures"]
    assert picture["probability"] == pytest.approx(expected.probability[0])
    assert picture["source"] == "striped" and picture["is_generated"] is True
    assert told["prior"] == 0.1 and len(told["limits"]) == 2


def test_pictures_that_do_not_fit(files):
    """Are named, and the others answered; --resize brings them there."""
    names = ["large.png", "colours.png", "fake.png", "--detector", "mine.keras"]
    done = run(files, *names)
    assert done.exit_code == 1 and "2 of 3 pictures are left out" in done.stderr
    assert "9 x 9 pixels; the detector knows 8 x 8" in done.stdout
    assert "It has colours" in done.stdout and "fake.png: generated" in done.stdout
    done = run(files, *names, "--resize")
    assert done.exit_code == 0 and "trust this less" in done.stderr
    assert run(files, "none.png", "--detector", "mine.keras").exit_code == 1


def test_an_animation_is_no_picture(files):
    """Its first frame says nothing of the others."""
    frames = [Image.fromarray(kinds()[0][place][..., 0]) for place in (0, 1)]
    frames[0].save(files / "moving.png", save_all=True, append_images=frames[1:])
    for more in ([], ["--resize"]):
        done = run(files, "moving.png", "fake.png", "--detector", "mine.keras", *more)
        assert done.exit_code == 1 and "several frames or pages. Give each as" in done.stdout
        assert "1 of 2 pictures are left out" in done.stderr


def test_a_place_that_cannot_be_written_is_refused_before_training(tmp_path):
    (tmp_path / "file").write_text("here")
    for out in (tmp_path / "file" / "made.keras", tmp_path / "folder.keras"):
        (tmp_path / "folder.keras").mkdir(exist_ok=True)
        words = ["train-detector", str(out), "--data", "none.npz", "--generated", "none.npz"]
        done = CliRunner().invoke(cli.app, words)
        assert done.exit_code == 1 and str(out) in done.output and "none.npz" not in done.output


@pytest.mark.full
def test_train_detector(tmp_path):
    real, generated = kinds()
    for name, images in {"real": real, **generated}.items():
        np.savez(tmp_path / f"{name}.npz", images=images)
    out = tmp_path / "new" / "made.keras"
    words = ["train-detector", str(out), "--data", str(tmp_path / "real.npz")]
    words += ["--generated", str(tmp_path / "striped.npz"), "--count", "600", "--epochs", "2"]
    done = CliRunner().invoke(cli.app, words)
    assert done.exit_code == 0, done.output
    made = forensics.load(out)
    assert made.image_shape == (8, 8, 1) and len(made.sources) == 1
