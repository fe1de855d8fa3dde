"""Styles, path lengths and lazy regularisation of the style-based GANs, on tiny generators."""

import functools

import numpy as np
import pytest
import tensorflow as tf
from cases import make

from tfgan_zoo.layers import AdaptiveInstanceNormalization, ConstantInput, MovingAverage, Rng
from tfgan_zoo.networks.stylegan import sizes
from tfgan_zoo.penalties import R1

RANDOM = np.random.default_rng(0)


@functools.cache
def untrained(variant):
    """With a mean style that is not zero, and noise."""
    gan = make(variant)
    for network in (gan.generator, gan.ema_generator):
        for variable in network.variables:
            if variable.name in ("mean", "strength"):
                variable.assign(np.random.default_rng(1).normal(size=variable.shape))
    return gan


@pytest.fixture(params=["StyleGAN", "StyleGAN2"])
def gan(request):
    return untrained(request.param)


def latents(count):
    return RANDOM.normal(size=(count, 4)).astype(np.float32)


def rng(count=4, update=0):
    return Rng(0, tf.constant(update, tf.int64), 0, count)


# === Styles ===


def test_images_are_those_of_their_styles(gan):
    z = latents(3)
    styles = gan.styles_from_latents(z)
    assert styles.shape == (3, gan.num_styles, 4) and styles.dtype == tf.float32
    assert gan.num_styles == 4  # two for 4x4 and for 8x8
    images = gan.images_from_styles(styles)
    assert images.dtype == tf.float32 and images.shape == (3, 8, 8, 1)
    np.testing.assert_allclose(images, gan(z), atol=1e-6)
    np.testing.assert_allclose(images, gan.render(z), atol=1e-6)


def test_every_style_matters(gan):
    styles = gan.styles_from_latents(latents(1)).numpy()
    before = gan.images_from_styles(styles)
    for level in range(gan.num_styles):
        changed = styles.copy()
        changed[:, level] += RANDOM.normal(size=4)
        assert np.abs(gan.images_from_styles(changed) - before).max() > 1e-4


def test_truncation_moves_styles_towards_their_mean(gan):
    z = latents(3)
    styles, mean = gan.styles_from_latents(z).numpy(), gan.w_avg.numpy()
    assert np.abs(mean).min() > 0
    found = gan.styles_from_latents(z, [0.25, 0.5, 1.0])
    expected = mean + np.array([0.25, 0.5, 1.0])[:, None, None] * (styles - mean)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_allclose(gan.styles_from_latents(z, 0.5)[1], found[1], atol=1e-6)
    images = gan.render(z, truncation=tf.constant([0.25, 0.5, 1.0]))
    np.testing.assert_allclose(images, gan.images_from_styles(found), atol=1e-6)
    np.testing.assert_allclose(images[2], gan(z)[2], atol=1e-5)
    assert gan.truncates and "truncation" in [spec.name for spec in gan.endpoints()["generate"][1]]


def test_style_mixing():
    """Nine rows of ten have two styles, which change at any of the inner places alike often."""
    gan = untrained("StyleGAN2")
    z = latents(4000)
    styles = gan.mixed(tf.constant(z), rng(4000), training=False).numpy()
    pure = gan.generator.get_layer("mapping")(z).numpy()[:, None]
    own = np.isclose(styles, pure, atol=1e-5).all(axis=-1)
    assert own[:, 0].all() and (np.diff(own.astype(int), axis=1) <= 0).all()
    lengths, counts = np.unique(own.sum(axis=1), return_counts=True)
    np.testing.assert_array_equal(lengths, [1, 2, 3, 4])
    np.testing.assert_allclose(counts / 4000, [0.3, 0.3, 0.3, 0.1], atol=0.03)


@pytest.mark.full
def test_w_avg_is_tracked(images):
    """After a step the mean has moved by 0.005 at each of the two updates, and its average with it."""
    gan = make("StyleGAN", style_mixing=0.0)
    gan.compile(jit_compile=False)
    mapping = gan.generator.get_layer("mapping")
    expected = 0.0
    for update in range(2):  # the generator's update changes the mapping after its styles are made
        styles = mapping(gan.sample_latents(rng(16, update)), training=False).numpy()
        expected = expected + 0.005 * (styles.mean(axis=0) - expected)
    gan.fit(images[:16], batch_size=16, epochs=1, verbose=0)
    mean = mapping.get_layer("w_avg").mean.numpy()
    np.testing.assert_allclose(mean, expected, rtol=1e-4)
    np.testing.assert_allclose(gan.w_avg, 0.9 * mean, rtol=1e-4)  # 1 - (1 + 0) / (10 + 0)


def test_moving_average():
    layer, x = MovingAverage(0.5), RANDOM.normal(size=(6, 3)).astype(np.float32)
    np.testing.assert_array_equal(layer(x), x)
    np.testing.assert_array_equal(layer.mean, 0)
    np.testing.assert_array_equal(layer(x, training=True), x)
    np.testing.assert_allclose(layer.mean, 0.5 * x.mean(axis=0), rtol=1e-5)


# === Layers ===


def test_adaptive_instance_normalization():
    """Equation 1, in float64."""
    layer = AdaptiveInstanceNormalization()
    x, style = RANDOM.normal(3, 2, size=(2, 5, 5, 3)), RANDOM.normal(size=(2, 4))
    outputs = layer([x.astype(np.float32), style.astype(np.float32)])
    kernel, bias = (weight.astype(float) for weight in layer.get_weights())
    affine = (style @ kernel / 2 + bias)[:, None, None]
    normal = (x - x.mean(axis=(1, 2), keepdims=True)) / x.std(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(outputs, normal * (1 + affine[..., :3]) + affine[..., 3:], atol=1e-4)


def test_constant_input():
    constant = ConstantInput((2, 3, 4))
    outputs = constant(np.zeros((5, 7), np.float32))
    assert outputs.shape == (5, 2, 3, 4)
    np.testing.assert_array_equal(outputs[3], constant.constant)


def test_thinned_draws_are_those_of_their_rows():
    whole, part = rng(6), rng(6)
    with part.subsampled(2):
        np.testing.assert_allclose(part.normal([3]), whole.normal([3])[::2], atol=1e-6)
    np.testing.assert_allclose(part.normal([3]), whole.normal([3]), atol=1e-6)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((8, 8, 1), [(4, 4), (8, 8)]),
        ((28, 28, 1), [(7, 7), (14, 14), (28, 28)]),
        ((32, 48, 3), [(4, 6), (8, 12), (16, 24), (32, 48)]),
        ((24, 24, 3), [(6, 6), (12, 12), (24, 24)]),
    ],
)
def test_sizes(shape, expected):
    assert sizes(shape) == expected


@pytest.mark.parametrize("shape", [(4, 4, 3), (27, 27, 1), (30, 30, 3)])
def test_sizes_that_do_not_halve(shape):
    with pytest.raises(ValueError, match="need images whose edges are a power of two"):
        sizes(shape)


@pytest.mark.parametrize("variant", ["StyleGAN", "StyleGAN2"])
def test_other_shapes(variant):
    gan = make(variant, image_shape=(12, 20, 3))
    assert gan.generate(1, seed=0, truncation=0.5).shape == (1, 12, 20, 3)
    assert gan.discriminator(np.zeros((2, 12, 20, 3))).shape == (2, 1)


# === StyleGAN2 ===


def differences(gan, styles, directions, step=1e-2):
    """|J' y| by central differences: the root of the sum over D, averaged over layers."""

    def totals(styles):
        images = gan.generator.get_layer("synthesis")(styles, training=True)
        return np.sum(np.asarray(images, np.float64) * directions, axis=(1, 2, 3))

    squares = np.zeros(len(styles))
    for place in np.ndindex(*styles.shape[1:]):
        shift = np.zeros_like(styles)
        shift[:, *place] = step
        squares += ((totals(styles + shift) - totals(styles - shift)) / (2 * step)) ** 2
    return np.sqrt(squares / styles.shape[1])


def test_path_length_penalty():
    """To 2%, the kinks of leaky units lying between the differences."""
    gan = untrained("StyleGAN2")
    gan.path_length_mean.assign(0.3)
    found = gan._path_length_penalty(rng(8))
    same = rng(8)
    styles = gan.mixed(gan.sample_latents(same), same, training=False).numpy()[::2]
    directions = same.normal([8, 8, 1]).numpy()[::2] / 8
    lengths = differences(gan, styles, directions)
    np.testing.assert_allclose(found[1], lengths.mean(), rtol=0.02)
    np.testing.assert_allclose(found[0], np.mean((lengths - 0.3) ** 2), rtol=0.02)


@pytest.mark.full
def test_mean_path_length(images):
    """Moves by 0.01 towards the lengths of every other step, and stays between; is saved."""
    gan = make("StyleGAN2", path_length_every=2)
    gan.compile(jit_compile=False)
    seen, mean = [], 0.0
    for _ in range(3):
        history = gan.fit(images[:16], batch_size=16, epochs=1, verbose=0).history
        length = history["path_length"][0] / 2
        mean += 0.01 * (length - mean) if length else 0
        np.testing.assert_allclose(gan.path_length_mean, mean, rtol=1e-4)
        seen.append(length)
    assert seen[0] > 0 and seen[1] == 0 and seen[2] > 0
    assert any(v is gan.path_length_mean for v in gan.variables)


def test_lazy_regularisation_corrects_the_optimizers():
    """c = 4/5 and 16/17 of the rate; betas to the power c (section 3.1, appendix B)."""
    gan = make("StyleGAN2", penalty=R1(weight=None, every=16), path_length_every=4)
    gan.compile()
    for optimizer, k in ((gan.g_optimizer, 4), (gan.d_optimizer, 16)):
        c = k / (k + 1)
        assert float(optimizer.learning_rate.numpy()) == pytest.approx(2e-3 * c)
        assert optimizer.beta_1 == 0 and optimizer.beta_2 == pytest.approx(0.99**c)
    plain = make("StyleGAN2", penalty=R1(weight=None), path_length_weight=0.0)
    plain.compile()
    for optimizer in (plain.g_optimizer, plain.d_optimizer):
        assert optimizer.beta_2 == pytest.approx(0.99)
