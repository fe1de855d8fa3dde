"""Tensors that a user's model reads of its data, beside images and labels."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from cases import CONVOLUTIONAL

import tfgan_zoo
from tfgan_zoo.datasets import BatchInput, array_source

NO_NORMALIZATION = ("generator_normalization", "discriminator_normalization")
OPTIONS = {**CONVOLUTIONAL, **dict.fromkeys(NO_NORMALIZATION)}


class Weighted(tfgan_zoo.DCGAN):
    """Real images count by their weight, and only where their mask is true."""

    def batch_inputs(self):
        return {
            "weights": BatchInput(low=0.0, high=2.0, meaning="how much an image counts"),
            "masks": BatchInput((8, 8, 1), "bool"),
        }

    def discriminator_loss(self, batch, rng):
        fake = self.discriminate_generated(batch, rng)
        masked = tf.where(batch["masks"], batch["images"], 0.0)
        real = self.discriminate_images(masked, batch, rng)
        losses = self.objective.discriminator(real.logits, fake.logits)
        loss = tf.reduce_mean(batch["weights"] * losses)
        return loss, {"weight": tf.reduce_mean(batch["weights"])}


@pytest.fixture
def given(images):
    rng = np.random.default_rng(1)
    weights = rng.uniform(0, 2, 64)  # float64: converted
    return {"images": images, "weights": weights, "masks": rng.random((64, 8, 8, 1)) > 0.5}


def trained(data, epochs=1, gan=None, **options):
    gan = gan or Weighted(**OPTIONS)
    gan.compile(keras.optimizers.SGD(0.5), keras.optimizers.SGD(0.5), **options)
    logs = gan.fit(data, batch_size=16, epochs=epochs, shuffle=False, verbose=0).history
    return gan, logs


def assert_same(first, second, atol=0.0):
    for ours, theirs in zip(first.variables, second.variables, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=atol, rtol=0, err_msg=ours.path)


def test_they_reach_the_loss_from_any_data(given, mirrored):
    """Arrays, a tf.data.Dataset and a Source train the same model, on two replicas too."""
    plain, logs = trained(given, run_eagerly=True)
    np.testing.assert_allclose(logs["weight"][0], given["weights"][48:].mean(), rtol=1e-6)
    other, _ = trained({**given, "masks": ~given["masks"]}, run_eagerly=True)
    kernels = [gan.discriminator.weights[0].numpy() for gan in (plain, other)]
    assert not np.array_equal(*kernels)
    batches = tf.data.Dataset.from_tensor_slices(given).batch(16)
    source = array_source(given["images"])
    rows = {name: tf.constant(given[name]) for name in ("weights", "masks")}
    source = source._replace(
        fetch=lambda indices, seed: {
            "images": tf.gather(given["images"], indices),
            **{name: tf.gather(tensor, indices) for name, tensor in rows.items()},
        }
    )
    parts = [{k: v[i : i + 16] for k, v in given.items()} for i in range(0, 64, 16)]
    for data in (batches, Batches(parts), source):
        assert_same(trained(data, run_eagerly=True)[0], plain)
    with mirrored.scope():
        gan = Weighted(**OPTIONS)
    assert_same(trained(given, gan=gan)[0], plain, 1e-5)


class Batches(keras.utils.PyDataset):
    def __init__(self, batches):
        super().__init__()
        self.batches = batches

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, index):
        return self.batches[index]


def test_resume_and_parts(given, tmp_path):
    whole, _ = trained(given, epochs=2, run_eagerly=True)
    cut, _ = trained(given, run_eagerly=True)
    cut.save(tmp_path / "gan.keras")
    resumed = keras.models.load_model(tmp_path / "gan.keras")
    resumed.fit(given, batch_size=16, epochs=2, shuffle=False, resume=True, verbose=0)
    assert_same(resumed, whole)
    parts = Weighted(**OPTIONS, gradient_accumulation_steps=2)
    assert_same(trained(given, epochs=2, gan=parts, run_eagerly=True)[0], whole, 1e-5)
    step = {name: values[:16] for name, values in given.items()}
    assert "weight" in parts.train_on_batch(step, return_dict=True)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (
            {"weights": None},
            ValueError,
            r"reads 'weights' of its data, how much .*float32 \[N\] in \[0",
        ),
        ({"wieghts": np.ones(64)}, ValueError, r"may have .*'weights', 'masks'. Received keys"),
        ({"weights": np.ones(63)}, ValueError, r"'weights' must have shape \(64,\), one for each"),
        ({"weights": np.ones((64, 1))}, ValueError, r"Received: \(64, 1\)"),
        ({"weights": np.full(64, np.nan)}, ValueError, "'weights' contains NaN"),
        ({"weights": np.full(64, 3)}, ValueError, "Received values from 3 to 3"),
        ({"masks": np.ones((64, 8, 8, 1))}, TypeError, r"'masks' must be bool .* dtype float64"),
    ],
)
@pytest.mark.parametrize("kind", ["arrays", "tf.data"])
def test_what_is_refused(kind, change, error, message, given):
    found = {name: values for name, values in {**given, **change}.items() if values is not None}
    if kind == "tf.data":
        if len({len(values) for values in found.values()}) > 1:
            return  # tf.data itself refuses these
        found = tf.data.Dataset.from_tensor_slices(found).batch(64)
    gan = Weighted(**OPTIONS)
    gan.compile(run_eagerly=True)
    with pytest.raises(error, match=message):
        gan.fit(found, epochs=1, verbose=0)


def test_images_alone_are_refused_and_a_later_batch_is_checked(given, images):
    gan = Weighted(**OPTIONS)
    gan.compile()
    with pytest.raises(ValueError, match="Give dictionaries with 'images', 'weights', 'masks'"):
        gan.fit(images, verbose=0)
    given["weights"][60] = 5.0  # beyond what is looked at before training
    data = tf.data.Dataset.from_tensor_slices(given).batch(16)
    with pytest.raises(
        tf.errors.InvalidArgumentError, match="'weights.*not finite, or not float32"
    ):
        gan.fit(data, verbose=0)


def test_what_a_model_may_declare():
    class Wrong(tfgan_zoo.DCGAN):
        def batch_inputs(self):
            return self.wanted

    gan = Wrong(**OPTIONS)
    gan.compile(run_eagerly=True)
    for gan.wanted, error, message in (
        ({"labels": BatchInput()}, ValueError, "other than those that a batch has"),
        (
            {"weights": "float32"},
            TypeError,
            "must give a tfgan_zoo.datasets.BatchInput for 'weights'",
        ),
    ):
        with pytest.raises(error, match=message):
            gan.fit({"images": np.zeros((64, 8, 8, 1), np.float32)}, verbose=0)
