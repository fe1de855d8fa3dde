"""The parts of Projected GAN against formulas and other ways to compute the same."""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from cases import make

import tfgan_zoo
from tfgan_zoo.layers import BilinearResize, SpectralConv2D
from tfgan_zoo.networks import projected

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("size", [8, 13])
def test_resize_with_edges_in_place(size):
    images = tf.constant(RANDOM.normal(size=(2, 5, 4, 3)), tf.float32)
    expected = tf.image.resize(images, (size, size))
    np.testing.assert_allclose(BilinearResize(size)(images), expected, atol=1e-5)


def test_resize_with_first_and_last_place_in_place():
    images = RANDOM.normal(size=(1, 4, 4, 1)).astype("float32")
    found = BilinearResize(8, aligned=True)(tf.constant(images)).numpy()
    places = np.linspace(0, 3, 8)
    rows = np.stack(
        [np.interp(places, range(4), column) for column in images[0, :, :, 0].T], axis=1
    )
    expected = np.stack([np.interp(places, range(4), row) for row in rows])
    np.testing.assert_allclose(found[0, :, :, 0], expected, atol=1e-5)
    np.testing.assert_array_equal(
        found[:, [0, -1]][:, :, [0, -1]], images[:, [0, -1]][:, :, [0, -1]]
    )


def of_class(network, kind):
    """Layers in the order in which they were made."""
    found = [each for each in network.layers if type(each) is kind]
    return sorted(found, key=lambda each: [int(n) for n in re.findall(r"\d+$", each.name)])


def mixed(maps, layer):
    kernel, bias = layer.get_weights()
    return np.einsum("byxc,cd->byxd", maps, kernel[0, 0]) + bias


def test_mixing_over_channels_and_scales():
    """Convolutions of single places; the coarser map, twice as large, is added to the finer one."""
    gan = make("ProjectedGAN", num_classes=None)
    images = tf.constant(RANDOM.uniform(-1, 1, (2, 8, 8, 1)), tf.float32)
    network = gan.projection_network
    seen = network.get_layer("features")(tf.repeat(images, 3, axis=-1))
    layers = of_class(network, keras.layers.Conv2D)
    assert [each.filters for each in layers] == [2, 4, 2, 2]
    fine, coarse = (mixed(maps, layer) for maps, layer in zip(seen.values(), layers, strict=False))
    coarse = mixed(BilinearResize(4, aligned=True)(coarse), layers[2])
    fine = mixed(BilinearResize(8, aligned=True)(fine + coarse), layers[3])
    for ours, expected in zip(network(images), (fine, coarse), strict=True):
        np.testing.assert_allclose(ours, expected, atol=1e-5)
    gan = make("ProjectedGAN", projection="channels", feature_side=16)
    sides = [maps.shape[1:] for maps in gan.projection_network.outputs]
    assert sides == [(8, 8, 2), (4, 4, 4)]
    gan = make("ProjectedGAN", projection="none", feature_side=16)
    assert not [w for w in gan.projection_network.weights if w.shape[:2] == (1, 1)]


def test_random_weights_are_those_of_the_authors_framework():
    """Uniform within the root of the number of inputs."""
    gan = make("ProjectedGAN", projection_width=64)
    kernels = [w for w in gan.projection_network.weights if w.shape[:2] == (1, 1)]
    assert len(kernels) == 4
    for kernel in kernels:
        reach = kernel.shape[2] ** -0.5
        assert 0.9 * reach < np.abs(kernel).max() <= reach
        np.testing.assert_allclose(np.std(kernel), reach / 3**0.5, rtol=0.15)


@pytest.mark.parametrize(
    ("side", "expected"),
    [
        (224, [4, 3, 2, 1]),  # four, of maps of 112, 56, 28 and 14
        (256, [4, 3, 2, 1]),
        (1024, [4, 3, 2, 1]),
        (32, [2, 1, 0, 0]),  # never below 4
    ],
)
def test_how_often_heads_halve(side, expected):
    strides = (2, 4, 8, 16)
    assert [projected.halvings(side // stride, stride) for stride in strides] == expected


def test_products_with_a_map_of_the_class():
    gan = make("ProjectedGAN")
    maps = [tf.constant(RANDOM.normal(size=(3, side, side, 2)), tf.float32) for side in (8, 4)]
    labels = tf.constant([0, 2, 2])
    logits = gan.discriminator([*maps, labels]).numpy()
    layer = of_class(gan.discriminator, SpectralConv2D)[-1]
    assert layer.kernel.shape == (4, 4, 2, 4)
    features = np.einsum("byxc,yxcd->bd", maps[1], layer.normalized(layer.kernel))
    table, dense = of_class(gan.discriminator, keras.layers.Dense)[-2:]
    kernel, bias = dense.get_weights()
    classes = table.get_weights()[0][labels.numpy()] @ kernel + bias
    classes = np.where(classes > 0, classes, 0.2 * classes)
    np.testing.assert_allclose(logits[:, 1], np.sum(features * classes, axis=1) / 2, atol=1e-5)


def test_latents_have_a_length_of_their_own_and_classes_change_images():
    gan = make("ProjectedGAN")
    latents, labels = gan.latents_for([1, 2]), tf.constant([0, 1])
    images = gan.generator([latents, labels])
    np.testing.assert_allclose(gan.generator([3 * latents, labels]), images, atol=1e-5)
    assert np.abs(gan.generator([latents, labels[::-1]]) - images).max() > 0


def test_the_projection_stays_as_it_is(images, labels):
    gan = make("ProjectedGAN")
    gan.compile(run_eagerly=True)
    before = gan.projection_network.get_weights()
    gan.fit(images[:16], labels[:16] % 3, batch_size=8, verbose=0)
    for ours, expected in zip(gan.projection_network.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, expected)
    assert not {id(v) for v in gan.projection_network.variables} & {
        id(v) for player in gan.players() for v in player.trainable_variables
    }


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"image_shape": (12, 12, 1)}, "square images with a side of 8, 16"),
        ({"image_shape": (8, 8, 2)}, "1 or 3 channels"),
        ({"feature_layers": ("half", "third")}, "no map 'third'"),
        ({"projection": "channels"}, "larger feature_side. Received maps with a side of 2"),
    ],
)
def test_refusals(options, message):
    with pytest.raises(ValueError, match=message):
        make("ProjectedGAN", **options)


@pytest.mark.full
def test_the_published_networks_maps():
    """EfficientNet-Lite0's at a quarter to a 32nd of 224 pixels, mixed; of 256 at theirs."""
    for side, expected in ((32, (112, 56, 28, 14)), (256, (128, 64, 32, 16))):
        options = {"image_shape": (side, side, 3), "width": 2, "discriminator_width": 1}
        gan = tfgan_zoo.ProjectedGAN(projection_width=2, latent_dim=4, **options)
        shapes = [maps.shape[1:] for maps in gan.projection_network.outputs]
        assert shapes == [(s, s, c) for s, c in zip(expected, (2, 2, 4, 8), strict=True)]
        assert gan.discriminator.output.shape == (None, 4 * (expected[-1] // 2 - 3) ** 2)
