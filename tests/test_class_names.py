"""Names of classes, from the folder to the model, its files and its images."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from cases import make
from PIL import Image
from typer.testing import CliRunner

import tfgan_zoo.models
from tfgan_zoo import cli, datasets, evaluation, presets, runs
from tfgan_zoo.names import numbered

SIZE = (8, 8)


@pytest.fixture
def fruit(tmp_path):
    """A folder with splits of the classes apple, lemon, orange; in "test" the first is missing."""
    rng = np.random.default_rng(0)
    for split, names in (("train", ("apple", "lemon", "orange")), ("test", ("lemon", "orange"))):
        for name in names:
            (tmp_path / "fruit" / split / name).mkdir(parents=True)
            for k in range(3):
                image = Image.fromarray(rng.integers(0, 256, SIZE, np.uint8))
                image.save(tmp_path / "fruit" / split / name / f"{k}.png")
    return tmp_path / "fruit"


@pytest.fixture
def gan():
    gan = make("ConditionalGAN", num_classes=3)
    gan.compile(run_eagerly=True)
    return gan


def test_fit_takes_the_names_and_everything_keeps_them(fruit, gan, tmp_path):
    gan.fit(datasets.load(fruit, batch_size=4), epochs=1, verbose=0)
    assert gan.class_names == ("apple", "lemon", "orange")
    by_number = gan.generate(2, seed=0, labels=[2, 1])
    assert np.array_equal(gan.generate(2, seed=0, labels=["orange", "lemon"]), by_number)
    assert np.array_equal(gan.generate(1, seed=0, labels="orange")[0], by_number[0])
    assert np.array_equal(gan.interpolate(0, 0, 1, label="orange")[0], by_number[0])
    with pytest.raises(
        ValueError, match="no class 'orang'. Did you mean 'orange'. The classes are"
    ):
        gan.generate(1, labels="orang")
    gan.save(tmp_path / "gan.keras")
    exported = gan.export(tmp_path / "exported", "fruit", warmup_batch_sizes=[1])
    record = json.loads((exported / presets.EXTRA / presets.RECORD).read_text())
    assert record["model"]["config"]["class_names"] == ["apple", "lemon", "orange"]
    again = (keras.saving.load_model(tmp_path / "gan.keras"), tfgan_zoo.from_preset(str(exported)))
    for model in again:
        assert model.class_names == gan.class_names
        assert np.array_equal(model.generate(1, seed=0, labels="orange")[0], by_number[0])
    for what in (exported, exported.parent):
        shown = CliRunner().invoke(cli.app, ["info", str(what)]).output
        assert "ConditionalGAN. " in shown and "served as   fruit\n" in shown
        assert "classes     3\n            0 apple, 1 lemon, 2 orange\n" in shown


def test_names_in_upper_or_lower_case():
    names = ("Cat", "cat", "Dog")
    assert numbered("dog", names).tolist() == 2
    assert numbered([["cat", "DOG"]], names).tolist() == [[1, 2]]
    assert numbered(np.array([b"Cat"]), names).tolist() == [0]
    with pytest.raises(ValueError, match="There is no class 'CAT'"):
        numbered("CAT", names)
    for value in (1, [1, 2], [], np.float32([1]), [1, None], [[1], [1, 2]], None):
        assert numbered(value, names) is value


def test_classes_as_they_are_served(gan):
    labels = tf.constant([1, 0, -1, 3])
    (serve, _) = gan.served()["classes"]
    assert {name: list(value) for name, value in serve(labels).items()} == {"num_classes": [3] * 4}
    gan.class_names = ["apple", "größe", "orange"]
    found = gan.served()["classes"][0](labels)
    assert found["num_classes"].numpy().tolist() == [3] * 4
    assert found["class_name"].numpy().tolist() == ["größe".encode(), b"apple", b"", b""]


def test_names_are_served_by_a_model_that_xla_compiles(gan, tmp_path):
    """Which has no strings."""
    gan.class_names = ["apple", "lemon", "orange"]
    path = gan.export(tmp_path, "fruit", warmup_batch_sizes=[1], jit_compile=True)
    signature = tf.saved_model.load(str(path)).signatures["classes"]
    assert signature(label=tf.constant([2]))["class_name"].numpy().tolist() == [b"orange"]


def test_info_of_a_preset_shows_the_names_of_its_weights():
    shown = CliRunner().invoke(cli.app, ["info", "acgan_fashion_mnist"]).output
    assert "classes     10; " in shown
    assert "            0 T-shirt/top, 1 Trouser, 2 Pullover, " in shown
    assert "\n            7 Sneaker, 8 Bag, 9 Ankle boot\n" in shown  # no line ends within a name


def test_models_are_joined_to_data_by_names(fruit, gan):
    gan.class_names = ["orange", "lemon", "apple"]
    labels = []
    data = datasets.load(fruit, "test", batch_size=6, shuffle=False)
    source, names = tfgan_zoo.engine.class_names.joined_to(gan, data.source)
    labels = source.fetch(np.arange(6), np.zeros(2, np.int64))["labels"].numpy()
    assert labels.tolist() == [1, 1, 1, 0, 0, 0] and names == gan.class_names
    gan.class_names = ["dog", "lemon", "orange"]
    with pytest.raises(ValueError, match="made for other classes. There is no class 'apple'"):
        gan.fit(datasets.load(fruit, batch_size=4), verbose=0)
    four = make("ConditionalGAN", num_classes=4)
    four.compile(run_eagerly=True)
    with pytest.raises(ValueError, match="3 classes .apple, lemon, orange.*num_classes=4"):
        four.fit(datasets.load(fruit, batch_size=4), verbose=0)
    for names, message in ((["a", "a", "b"], "more than once"), (["a", "b"], "Received 2")):
        with pytest.raises(ValueError, match=message):
            gan.class_names = names
    with pytest.raises(ValueError, match="has no classes to name"):
        make("DCGAN").class_names = ["a"]


def test_evaluation_compares_classes_by_name(fruit, gan):
    gan.class_names = ["orange", "lemon", "apple"]
    real = evaluation.from_data(fruit, "test", (*SIZE, 1))
    assert real.class_names == ("apple", "lemon", "orange")
    assert real.read(np.arange(6))[1].tolist() == [1, 1, 1, 2, 2, 2]
    joined = real.joined(evaluation.from_model(gan).class_names)
    assert joined.read(np.arange(6))[1].tolist() == [1, 1, 1, 0, 0, 0]
    with pytest.raises(ValueError, match="no class 'apple'"):
        real.joined(("orange", "lemon"))


def test_runs_keep_names(fruit, tmp_path):
    def options(classes=3, data=fruit):
        small = {"width": 4, "latent_dim": 4, "image_shape": (8, 8, 1), "num_classes": classes}
        name = "conditional_gan_fashion_mnist"
        return runs.Options(name, str(data), steps=1, batch_size=4, overrides=small)

    with pytest.raises(ValueError, match="3 classes, and the model has num_classes=10.*--set"):
        runs.plan(options(10))
    run = runs.train(options(), tmp_path / "runs", verbose=False)
    assert runs.load_run(run).class_names == ("apple", "lemon", "orange")
    arguments = ["sample", str(run), "--seeds", "3,3", "--labels", "orange,lemon", "--out"]
    done = CliRunner().invoke(cli.app, [*arguments, str(tmp_path / "a.png")])
    assert done.exit_code == 0, done.output
    done = CliRunner().invoke(cli.app, [*arguments[:4], "--labels", "orang", "--out", "a.png"])
    assert done.exit_code != 0 and "Did you mean 'orange'" in done.output
    (fruit / "train" / "apple").rename(fruit / "train" / "pear")
    with pytest.raises(ValueError, match="no class 'pear'"):
        runs.resume(run, steps=2, verbose=False)


def test_classes_that_are_named_by_numbers():
    names = ("1", "2", "3")
    assert cli.arguments.named([1, 3], names) == ["1", "3"]
    assert cli.arguments.named([1, 0], ("0", "1")) == [1, 0]
    assert cli.arguments.named([1, 0], ("cat", "dog")) == [1, 0]
