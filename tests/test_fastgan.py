"""The parts of FastGAN against formulas and other ways to compute the same."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from cases import make

import tfgan_zoo
from tfgan_zoo import losses
from tfgan_zoo.layers import Rng, SpectralFirstMap
from tfgan_zoo.losses.patches import by_image
from tfgan_zoo.models.fastgan import quarter
from tfgan_zoo.networks import fastgan
from tfgan_zoo.networks.fastgan_discriminator import small_side
from tfgan_zoo.weights.fastgan import _block
from tfgan_zoo.weights.residual import Filling
from tfgan_zoo.weights.source import Tensors

RANDOM = np.random.default_rng(0)


def rng(count=8):
    return Rng(0, tf.constant(0, tf.int64), 0, count)


@pytest.mark.parametrize("mode", ["iterated", "stored", None])
def test_first_map_is_a_transposed_convolution(mode):
    layer = SpectralFirstMap(6, size=4, mode=mode)
    latents = tf.constant(RANDOM.normal(size=(2, 5)), tf.float32)
    layer(latents)
    for _ in range(200):
        layer.advance()
    kernel = layer.kernel.numpy().reshape(5, 4, 4, 6)
    if mode:
        kernel = kernel / np.linalg.svd(kernel.reshape(-1, 6), compute_uv=False)[0]
    by_place = np.transpose(kernel, (1, 2, 3, 0))  # [height, width, out, in]
    expected = tf.nn.conv2d_transpose(latents[:, None, None], by_place, (2, 4, 4, 6), 1, "VALID")
    np.testing.assert_allclose(layer(latents), expected, atol=1e-5)


def test_excitation():
    """Gates of averages over a grid of 4x4 (equation 1)."""
    shapes = ((2, 8, 8, 3), (2, 32, 32, 5))
    small, large = (RANDOM.normal(size=shape).astype("float32") for shape in shapes)
    inputs = [keras.Input(each.shape[1:]) for each in (small, large)]
    model = keras.Model(inputs, fastgan.excited(*inputs, mode=None))
    first, second = model.get_weights()
    averages = small.reshape(2, 4, 2, 4, 2, 3).mean(axis=(2, 4))
    hidden = np.einsum("byxc,yxcd->bd", averages, first)
    gates = 1 / (1 + np.exp(-(hidden / (1 + np.exp(-hidden))) @ second[0, 0]))
    np.testing.assert_allclose(model([small, large]), large * gates[:, None, None], atol=1e-5)


@pytest.mark.parametrize(
    ("side", "ratio", "expected"),
    [
        (32, 16, {}),
        (64, 16, {64: 4}),
        (64, 4, {16: 4, 32: 8, 64: 16}),
        (256, 16, {64: 4, 128: 8, 256: 16}),
        (1024, 16, {64: 4, 128: 8, 256: 16, 512: 32}),
    ],
)
def test_which_feature_maps_are_excited(side, ratio, expected):
    class Model:
        image_shape, excitation_ratio = (side, side, 3), ratio

    assert fastgan.excitations(Model) == expected


@pytest.mark.parametrize("name", ["hinge", "least_squares", "relativistic"])
def test_losses_of_patches_are_means_over_an_image(name):
    real, fake = (tf.constant(RANDOM.normal(size=(3, 4)), tf.float32) for _ in range(2))
    objective = losses.get(name)
    found = by_image(objective.discriminator, real, fake)
    columns = [objective.discriminator(real[:, i], fake[:, i]) for i in range(4)]
    np.testing.assert_allclose(found, np.mean(columns, axis=0), atol=1e-6)
    if not objective.needs_real:
        columns = [objective.generator(fake[:, i]) for i in range(4)]
        found = by_image(objective.generator, fake, None)
        np.testing.assert_allclose(found, np.mean(columns, axis=0), atol=1e-6)


def test_quarters():
    images = RANDOM.normal(size=(4, 4, 4, 2)).astype("float32")
    found = quarter(tf.constant(images), tf.constant([0, 1, 2, 3])).numpy()
    expected = [images[0, :2, :2], images[1, :2, 2:], images[2, 2:, :2], images[3, 2:, 2:]]
    np.testing.assert_array_equal(found, expected)


@pytest.fixture(scope="module")
def gan():
    """All parts that the case of 8x8 images lacks."""
    sizes = {"width": 2, "discriminator_width": 4, "decoder_width": 2}
    return make("FastGAN", image_shape=(64, 64, 3), regularizers=(), **sizes)


def test_reconstruction(gan):
    """The mean differences of what three decoders make of real images, at the small size."""
    images = tf.constant(RANDOM.uniform(-1, 1, (8, 64, 64, 3)), tf.float32)
    real = gan.discriminate_images(images, {}, rng())
    value = gan.discriminator_terms(real, real, {}, rng())["reconstruction"][1]
    place = tf.cast(4 * rng().uniform([]), tf.int32)
    assert len(set(place.numpy())) > 1
    maps = {name: real.outputs[name] for name in ("features", "small_features", "part_features")}
    assert maps["part_features"].shape == (8, 16, 16, 16)
    maps["part_features"] = quarter(maps["part_features"], place)
    rebuilt = gan.decoder(maps, training=True)
    targets = [images[:, ::2, ::2]] * 2 + [quarter(images, place)]
    expected = sum(
        np.mean(np.abs(rebuilt[name] - target)) for name, target in zip(maps, targets, strict=True)
    )
    assert small_side(gan) == 32 and rebuilt["features"].shape == (8, 32, 32, 3)
    np.testing.assert_allclose(value, expected, rtol=1e-5)


def test_discriminator_sees_the_generators_small_images(gan):
    """They are no smaller copies of the large ones, and both have logits of 25 patches."""
    fake = gan.discriminate_generated({}, rng())
    made = gan.generator.get_layer("pyramid")(fake.latents, training=True)
    outputs = gan.discriminator([made["images"], made["small_images"]], training=True)
    np.testing.assert_allclose(fake.logits, outputs["logits"], atol=1e-5)
    other = gan.discriminator_outputs(made["images"], {}, training=True)["logits"]
    np.testing.assert_allclose(other[:, :25], fake.logits[:, :25], atol=1e-5)
    assert fake.logits.shape == (8, 50) and np.abs(other[:, 25:] - fake.logits[:, 25:]).max() > 0
    scores = gan.served_scores(made["images"])["logits"]
    own = gan.discriminator_outputs(made["images"], {})["logits"]
    np.testing.assert_allclose(scores, np.mean(own, axis=1, keepdims=True), atol=1e-6)


def test_noise(gan):
    """Drawn by a seed, held, or none, which is what a strength of 0 gives."""
    latents = gan.latents_for([1, 2])
    strengths = [w for w in gan.ema_generator.weights if w.path.endswith("strength")]
    for weight in strengths:
        weight.assign(1.0)
    first, again, other = (
        gan.render(latents, noise_mode="random", noise_seed=seed).numpy() for seed in (3, 3, 4)
    )
    held, none = gan.render(latents), gan.render(latents, noise_mode="none")
    np.testing.assert_array_equal(first, again)
    assert min(np.abs(first - image).max() for image in (other, held, none)) > 0.01
    for weight in strengths:
        weight.assign(0.0)
    np.testing.assert_allclose(gan.render(latents), none, atol=1e-6)
    assert len(strengths) == 4
    with pytest.raises(ValueError, match="noise_mode must be one of 'const', 'random', 'none'"):
        gan.render(latents, noise_mode="constant")


@pytest.mark.parametrize("seed", [-1, 2**31, 1.5, True, "a", None])
def test_other_seeds_of_noise_are_refused(gan, seed):
    with pytest.raises(ValueError, match=r"noise_seed must be an integer in \[0, 2147483647\]"):
        gan.render(gan.latents_for([1]), noise_mode="random", noise_seed=seed)


def test_seeds_of_noise_of_every_kind(gan):
    """NumPy's integers and tensors are the integers that they hold."""
    latents = gan.latents_for([1])
    kinds = (5, np.int64(5), tf.constant(5), 2**31 - 1)
    draw = [gan.render(latents, noise_mode="random", noise_seed=seed) for seed in kinds]
    for image in draw[1:3]:
        np.testing.assert_array_equal(image, draw[0])


PLACES = {
    1: 4,
    2: 1,
    3: 1,
    5: 4,
    6: 1,
    7: 1,
}  # of a block's convolutions, noises and normalizations


def test_imported_layers_have_noise_of_their_own():
    """Which files do not have: both of a block differ, and are the same in every process."""
    tensors = {f"map.{place}.weight": np.ones([1] * rank) for place, rank in PLACES.items()}
    found = []
    for _ in range(2):
        filling = Filling(Tensors(tensors), "generator", None)
        _block(filling, "map", 8, True)
        found.append([v for name, v in filling.found.items() if name.endswith("/noise")])
    (first, second), again = found
    np.testing.assert_array_equal(again, [first, second])
    assert np.abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"image_shape": (28, 28, 1)}, "square images with a side of 8, 16"),
        ({"image_shape": (16, 32, 1)}, "square images"),
        ({"excitation_ratio": 6}, "must be a power of 2"),
        ({"image_shape": (1024, 1024, 1), "width": 4}, "width must be 8 or more"),
        ({"image_shape": (256, 256, 1), "width": 2}, "discriminator_width must be 4"),
        ({"image_shape": (8, 8, 2), "reconstruction_distance": "perceptual"}, "1 or 3 channels"),
        ({"features": "vgg11", "reconstruction_distance": "perceptual"}, "no features 'vgg11'"),
    ],
)
def test_refusals(options, message):
    with pytest.raises(ValueError, match=message):
        make("FastGAN", **options)


@pytest.mark.full
def test_learns_with_perceptual_features():
    """Rebuilt images come near: a few updates at 32 pixels lower the distance by a tenth at least."""
    sizes = {"width": 2, "discriminator_width": 4, "decoder_width": 4}
    options = {"image_shape": (32, 32, 3), "features": "efficientnet_lite0", **sizes}
    gan = tfgan_zoo.FastGAN(latent_dim=8, d_learning_rate=2e-3, regularizers=(), **options)
    gan.compile()
    images = np.zeros((8, 32, 32, 3), np.float32) + RANDOM.uniform(-1, 1, (8, 1, 1, 3))
    history = gan.fit(images.astype("float32"), batch_size=8, epochs=20, verbose=0).history
    assert history["reconstruction"][-1] < 0.9 * history["reconstruction"][0]
