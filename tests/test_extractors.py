"""Extractors: their numbers, what reaches them, and what they refuse."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tfgan_zoo import datasets
from tfgan_zoo.metrics import extractors
from tfgan_zoo.metrics.extractors import efficientnet_lite0, lenet, registry


@pytest.fixture(scope="module")
def toy():
    keras.utils.set_random_seed(3)
    extractors.register("toy_extractor", lenet.network((28, 28, 1), 10), (28, 28, 1))
    return extractors.get("toy_extractor")


def pixels(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def test_efficientnet_lite0_gives_the_reference_numbers(data_dir):
    """To 2e-5 of features up to 5 and logits up to 11."""
    reference = np.load(data_dir / "evaluators" / "efficientnet_lite0" / "reference.npz")
    model = efficientnet_lite0.load()
    images = efficientnet_lite0.normalize(reference["input"].astype(np.float32))
    features, logits = model(images)
    np.testing.assert_allclose(features, reference["features"], atol=2e-5)
    np.testing.assert_allclose(logits, reference["logits"], atol=2e-5)
    found, probabilities = extractors.get("efficientnet_lite0")(reference["input"])
    np.testing.assert_allclose(found, reference["features"], atol=2e-5)
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "data", "least"),
    [
        ("lenet_mnist", "mnist", 0.993),
        ("lenet_fashion_mnist", "fashion_mnist", 0.925),
        ("resnet_cifar10", "cifar10", 0.845),
    ],
)
def test_shipped_classifiers(data_dir, name, data, least):
    if not any((data_dir / "tfds" / data).rglob("dataset_info.json")):
        pytest.skip(f"{data} is not in {data_dir / 'tfds'}")
    source = datasets.load(data, "test", data_dir=data_dir / "tfds", shuffle=False).source
    batch = source.fetch(tf.range(source.count), tf.zeros([2], tf.int64))
    images = np.round((batch["images"].numpy() + 1) * 127.5).astype(np.uint8)
    extractor = extractors.get(name)
    found = [extractor(part)[1].argmax(1) for part in np.array_split(images, 20)]
    assert np.mean(np.concatenate(found) == batch["labels"].numpy()) >= least
    assert (registry._WEIGHTS / f"{name}.weights.h5").stat().st_size < 2e6


@pytest.mark.parametrize(("before", "after"), [((32, 32), (224, 224)), ((96, 70), (28, 28))])
def test_resizing_is_that_of_pillow_on_floats(before, after):
    """As clean-fid resizes: to 1e-3 of 255 levels, up and down."""
    image = pixels(*before, 3).astype(np.float32)
    theirs = [
        np.asarray(Image.fromarray(channel).resize(after[::-1], Image.Resampling.BICUBIC))
        for channel in np.moveaxis(image, -1, 0)
    ]
    theirs = np.clip(np.stack(theirs, -1), 0, 255)
    ours = registry.resize(image[None], after)[0]
    np.testing.assert_allclose(ours, theirs, atol=1e-3)


def test_grey_images_for_a_colour_extractor():
    grey = pixels(2, 16, 16, 1)
    extractor = extractors.get("efficientnet_lite0")
    np.testing.assert_array_equal(extractor(grey)[0], extractor(grey.repeat(3, -1))[0])


def test_xla_gives_the_same(toy):
    images = tf.cast(pixels(4, 32, 32, 1), tf.float32)
    compiled = tf.function(toy.from_floats, jit_compile=True)(images)
    for ours, theirs in zip(compiled, toy.from_floats(images), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_replicas_share_a_batch(toy, mirrored):
    images = pixels(5, 28, 28, 1)
    with mirrored.scope():
        both = extractors.get("toy_extractor")
    assert both is not toy
    for ours, theirs in zip(both(images), toy(images), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_distance_is_that_of_unit_features(toy):
    images, others = (pixels(3, 28, 28, 1, seed=seed).astype(np.float32) for seed in (1, 2))
    units = [toy(x.astype(np.uint8))[0] for x in (images, others)]
    units = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in units]
    expected = ((units[0] - units[1]) ** 2).sum(1)
    np.testing.assert_allclose(toy.distance(images, others), expected, atol=1e-5)


def test_a_model_without_classes():
    inputs = keras.Input((4, 4, 1))
    model = keras.Model(inputs, keras.layers.Flatten()(inputs))
    extractors.register("flat", model, (4, 4, 1), normalize=lambda images: images)
    images = pixels(2, 4, 4, 1)
    features, probabilities = extractors.get("flat")(images)
    np.testing.assert_array_equal(features, images.reshape(2, 16))
    assert probabilities is None


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (pixels(2, 28, 28, 3), r"takes uint8 images \[B, H, W, 1\], not uint8 \(2, 28, 28, 3\)"),
        (np.zeros((2, 28, 28, 1), np.float32), "not float32"),
        (pixels(28, 28, 1), r"not uint8 \(28, 28, 1\)"),
    ],
)
def test_refusals(toy, images, message):
    with pytest.raises(ValueError, match=message):
        toy(images)


def test_names(toy):
    with pytest.raises(ValueError, match="There is no extractor 'effnet'. There are: inception_v3"):
        extractors.get("effnet")
    with pytest.raises(ValueError, match="'toy_extractor' is registered already"):
        extractors.register("toy_extractor", None, (1, 1, 1))
    assert len(toy.digest) == 64
