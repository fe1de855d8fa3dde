"""The draws of a step, and the layers that use them."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfgan_zoo
from tfgan_zoo import layers
from tfgan_zoo.layers import (
    BatchNormalization,
    Dropout,
    InstanceNormalization,
    LeakyReLU,
    Maxout,
    Rng,
    reflected_to_multiple,
)
from tfgan_zoo.layers.convolution import cpu_convolutions
from tfgan_zoo.layers.rng import threefry
from tfgan_zoo.models import dcgan

KNOWN_ANSWERS = [  # of the Random123 library: key, counter, result
    ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
    ((0xFFFFFFFF,) * 2, (0xFFFFFFFF,) * 2, (0x1CB996FC, 0xBB002BE7)),
    ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
]


def rng(start=0, count=64, update=0, seed=0):
    return Rng(seed, tf.constant(update, tf.int64), start, count)


@pytest.mark.parametrize(("key", "counter", "expected"), KNOWN_ANSWERS)
def test_threefry_gives_the_known_answers(key, counter, expected):
    words = [tuple(tf.constant(word, tf.uint32) for word in pair) for pair in (key, counter)]
    assert tuple(int(word) for word in threefry(*words)) == expected


@pytest.mark.parametrize("jit_compile", [False, True])
def test_draws_are_the_same_in_every_mode(jit_compile):
    def both(update, start):
        made = Rng(3, update, start, 4)
        return made.uniform([5]), made.normal([3, 3])

    arguments = tf.constant(7, tf.int64), tf.constant(2)
    uniform, normal = both(*arguments)
    other = tf.function(both, jit_compile=jit_compile)(*arguments)
    np.testing.assert_array_equal(other[0], uniform)
    np.testing.assert_allclose(other[1], normal, atol=1e-5)


def test_rows_belong_to_places_in_the_global_batch():
    whole = rng().normal([6])
    np.testing.assert_array_equal(rng(start=48, count=16).normal([6]), whole[48:])


def test_draws_differ_by_seed_update_and_turn():
    made = rng()
    samples = [made.uniform([8]), made.uniform([8])]
    samples += [rng(update=1).uniform([8]), rng(seed=1).uniform([8])]
    assert (
        len(np.unique(np.concatenate(samples))) > 4 * 64 * 8 - 5
    )  # chance repeats on 2**24 values


def test_distributions():
    uniform = np.sort(np.ravel(rng(count=1000).uniform([101])))
    assert uniform[0] >= 0 and uniform[-1] < 1
    steps = np.arange(1, uniform.size + 1) / uniform.size
    assert np.abs(uniform - steps).max() < 1.63 / uniform.size**0.5  # Kolmogorov, Smirnov: 1%
    normal = np.ravel(rng(count=1000).normal([101])).astype(np.float64)
    moments = [np.mean(normal**k) for k in (1, 2, 3, 4)]
    np.testing.assert_allclose(moments, [0, 1, 0, 3], atol=0.06)
    halves = np.asarray(rng(count=1000).normal([2]))
    assert abs(np.corrcoef(halves.T)[0, 1]) < 0.1


def test_dropout_keeps_the_mean_and_repeats():
    layer = Dropout(0.25)
    inputs = tf.ones([64, 50])
    assert layer(inputs) is inputs
    with rng().active():
        first, second = layer(inputs, training=True), layer(inputs, training=True)
    with rng().active():
        np.testing.assert_array_equal(layer(inputs, training=True), first)
    assert np.any(first != second)
    np.testing.assert_allclose(np.unique(first), [0, 1 / 0.75], rtol=1e-6)
    assert abs(np.mean(first == 0) - 0.25) < 0.03
    assert Dropout.from_config(layer.get_config()).rate == 0.25
    with pytest.raises(ValueError, match=r"rate must lie in \[0, 1\)"):
        Dropout(1)


def test_maxout_is_the_largest_of_its_pieces():
    layer = Maxout(3, 2)
    inputs = np.random.default_rng(0).normal(size=(4, 5))
    outputs = layer(inputs)
    kernel, bias = (np.asarray(w, np.float64) for w in layer.get_weights())
    expected = (inputs @ kernel + bias).reshape(4, 3, 2).max(-1)
    np.testing.assert_allclose(outputs, expected, rtol=1e-5)
    assert (
        keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer)).pieces
        == 2
    )


def test_leaky_relu_is_that_of_keras_and_so_are_its_gradients():
    """Gradients of the first and of the second order, through a convolution as in a critic."""
    images = tf.constant(np.random.default_rng(0).normal(size=(2, 6, 6, 3)).astype(np.float32))
    kernel = tf.constant(np.random.default_rng(1).normal(size=(3, 3, 3, 4)).astype(np.float32))

    def both(layer):
        with tf.GradientTape() as outer:
            outer.watch(kernel)
            with tf.GradientTape() as inner:
                inner.watch(images)
                scores = tf.reduce_sum(layer(tf.nn.conv2d(images, kernel, 1, "SAME")) ** 2)
            slopes = inner.gradient(scores, images)
            penalty = tf.reduce_sum(slopes**2)
        return scores, slopes, outer.gradient(penalty, kernel)

    for ours, theirs in zip(both(LeakyReLU(0.2)), both(keras.layers.LeakyReLU(0.2)), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5)
    with pytest.raises(ValueError, match="negative_slope must be above 0"):
        LeakyReLU(0)


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("channels", [4, 16])  # oneDNN has fast kernels of bfloat16 for 16
def test_batch_normalization_is_that_of_keras(channels, dtype, jit_compile):
    shape = (8, 5, 5, channels)
    images = tf.constant(np.random.default_rng(0).normal(3, 2, shape), tf.float32)
    weights = tf.constant(np.random.default_rng(1).normal(size=shape), tf.float32)

    def run(layer):
        layer.build(images.shape)
        layer.gamma.assign(np.resize([0.5, 1, 2, 3], channels))

        @tf.function(jit_compile=jit_compile)
        def both():
            with cpu_convolutions(jit_compile), tf.GradientTape() as tape:
                tape.watch(images)
                outputs = layer(images, training=True)
                assert outputs.dtype == layer.compute_dtype
                loss = tf.reduce_sum(tf.cast(outputs, tf.float32) * weights)
            return outputs, *tape.gradient(loss, [images, layer.gamma.value, layer.beta.value])

        return [*both(), layer.moving_mean.numpy(), layer.moving_variance.numpy()]

    ours, theirs = (
        run(kind(momentum=0.9, epsilon=1e-5, dtype=dtype))
        for kind in (BatchNormalization, keras.layers.BatchNormalization)
    )
    tolerance = {"float32": 1e-4, "mixed_bfloat16": 0.1, "mixed_float16": 0.02}[dtype]
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


# === Spectral normalization ===


def spectral_layers():
    """A built dense and a built convolutional layer, with their inputs."""
    rng = np.random.default_rng(0)
    for layer, shape in (
        (layers.SpectralDense(5), (3, 7)),
        (layers.SpectralConv2D(4, 3, padding="same"), (2, 6, 6, 3)),
    ):
        inputs = rng.normal(size=shape).astype(np.float32)
        layer(inputs)
        layer.kernel.assign(rng.normal(size=layer.kernel.shape))
        yield layer, inputs


def largest_singular_value(kernel):
    matrix = np.reshape(kernel, (-1, kernel.shape[-1]))
    return np.linalg.svd(matrix, compute_uv=False)[0]


def test_spectral_norm_is_the_largest_singular_value():
    """To 1e-5, after a hundred iterations; a call changes nothing, so all of a step judge alike."""
    for layer, inputs in spectral_layers():
        before = layer.u.numpy()
        first = layer(inputs, training=True)
        np.testing.assert_array_equal(layer(inputs, training=True), first)
        np.testing.assert_array_equal(layer.u, before)
        for _ in range(100):
            layer.advance()
        assert not np.array_equal(layer.u, before)
        normalized = layer.normalized(tf.convert_to_tensor(layer.kernel)).numpy()
        assert largest_singular_value(normalized) == pytest.approx(1, abs=1e-5)
        expected = layer.kernel.numpy() / largest_singular_value(layer.kernel.numpy())
        np.testing.assert_allclose(normalized, expected, atol=1e-5)


def test_spectral_layers_are_those_of_keras_with_another_kernel():
    for layer, inputs in spectral_layers():
        plain = type(layer).__mro__[2].from_config(layer.get_config())
        plain.build(inputs.shape)
        plain.set_weights([layer.normalized(tf.convert_to_tensor(layer.kernel)), layer.bias])
        np.testing.assert_allclose(layer(inputs), plain(inputs), atol=1e-6)


def test_gradient_of_spectral_norm_is_that_of_equation_12():
    """(G - <G, W/s> u v') / s, in float64, for a gradient G of the loss by the normalized kernel."""
    for layer, _ in spectral_layers():
        for _ in range(100):
            layer.advance()
        kernel = tf.convert_to_tensor(layer.kernel)
        weights = np.random.default_rng(1).normal(size=kernel.shape).astype(np.float32)
        with tf.GradientTape() as tape:
            tape.watch(kernel)
            loss = tf.reduce_sum(weights * layer.normalized(kernel))
        matrix, g = (np.reshape(x, (-1, kernel.shape[-1])).astype(float) for x in (kernel, weights))
        u, s, v = np.linalg.svd(matrix)
        expected = (g - (g * matrix).sum() / s[0] * np.outer(u[:, 0], v[0])) / s[0]
        found = np.reshape(tape.gradient(loss, kernel), matrix.shape)
        np.testing.assert_allclose(found, expected, atol=2e-5)


def test_spectral_layers_in_half_precision():
    """The kernel is divided in half precision; its norm is found in float32."""
    layer = layers.SpectralDense(5, dtype="mixed_float16")
    outputs = layer(np.ones((2, 7), np.float16))
    assert outputs.dtype == tf.float16 and layer.u.dtype == "float32"
    kernel = layer.normalized(tf.cast(layer.kernel.numpy(), tf.float16))
    for _ in range(50):
        layer.advance()
    kernel = layer.normalized(tf.cast(layer.kernel.numpy(), tf.float16)).numpy().astype(float)
    assert largest_singular_value(kernel) == pytest.approx(1, abs=2e-3)


class _Spectral(tfgan_zoo.DCGAN):
    """What a user writes: a discriminator of their own, with spectral normalization."""

    def build_discriminator(self):
        inputs = keras.Input(self.image_shape)
        x = layers.LeakyReLU(0.2)(layers.SpectralConv2D(4, 3, strides=2)(inputs))
        logits = layers.SpectralDense(1, dtype="float32", name="logits")
        return keras.Model(inputs, logits(keras.layers.Flatten()(x)))


@pytest.mark.parametrize("jit_compile", [False, True])
def test_spectral_layers_in_training(images, tmp_path, jit_compile):
    """One power iteration an update, of the kernels after it; saved and loaded with the weights."""
    options = {"image_shape": (8, 8, 1), "latent_dim": 4, "width": 4, "objective": "hinge"}
    gan = _Spectral(**options)
    gan.compile(jit_compile=jit_compile)
    (layer, *_) = (x for x in gan.discriminator.layers if isinstance(x, layers.SpectralConv2D))
    before = layer.u.numpy()
    gan.fit(images[:16], batch_size=16, epochs=1, verbose=0)
    matrix = np.reshape(layer.kernel.numpy(), (-1, 4)).astype(float)
    expected = matrix.T @ (matrix @ before)
    np.testing.assert_allclose(layer.u, expected / np.linalg.norm(expected), atol=1e-5)
    gan.fit(images, batch_size=16, epochs=20, verbose=0)
    normalized = layer.normalized(tf.convert_to_tensor(layer.kernel)).numpy()
    assert largest_singular_value(normalized) == pytest.approx(1, abs=0.02)
    gan.save_weights(tmp_path / "gan.weights.h5")
    again = _Spectral(**options)
    again.load_weights(tmp_path / "gan.weights.h5")
    for ours, theirs in zip(again.variables, gan.variables, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_replicas_agree_on_spectral_norms(images, mirrored):
    with mirrored.scope():
        gan = _Spectral(image_shape=(8, 8, 1), latent_dim=4, width=4, objective="hinge")
        gan.compile()
    gan.fit(images[:32], batch_size=16, epochs=2, verbose=0)
    for layer in gan.discriminator.layers[1:]:
        for variable in layer.variables:
            first, second = mirrored.experimental_local_results(variable.value)
            np.testing.assert_array_equal(first, second)


# === Doubling ===


def test_pixel_shuffle_is_depth_to_space():
    """Shi et al. 2016, equation 4, of the convolved map: channels (row, column, c) become pixels."""
    inputs = keras.Input((3, 5, 2))
    network = keras.Model(inputs, dcgan._doubled(inputs, 4, "pixel_shuffle", use_bias=False))
    x = np.random.default_rng(0).normal(size=(2, 3, 5, 2)).astype(np.float32)
    (convolution,) = (x for x in network.layers if isinstance(x, keras.layers.Conv2D))
    wide = convolution(x).numpy()
    assert wide.shape == (2, 3, 5, 16)
    found = network(x).numpy()
    np.testing.assert_array_equal(found, tf.nn.depth_to_space(wide, 2))
    np.testing.assert_array_equal(found[:, 1::2, ::2], wide[..., 8:12])


@pytest.mark.parametrize("factor", [1, 2, 3])
def test_nearest_upsampling_is_keras_own(factor):
    x = np.random.default_rng(0).normal(size=(2, 3, 5, 4)).astype(np.float32)
    layer = layers.NearestUpsampling2D(factor)
    np.testing.assert_array_equal(layer(x), keras.layers.UpSampling2D(factor)(x))
    shape = (None, None, 5, 4)
    assert layer.compute_output_shape(shape) == (None, None, 5 * factor, 4)


def test_batch_normalization_by_image():
    """As instance normalization where it is not trained; in training as ever."""
    x = tf.constant(np.random.default_rng(0).normal(2, 3, (4, 5, 6, 3)).astype(np.float32))
    layer, plain = BatchNormalization(epsilon=1e-5, by_image=True), BatchNormalization(epsilon=1e-5)
    wanted = InstanceNormalization()(x)
    np.testing.assert_allclose(layer(x), wanted, atol=1e-5)
    np.testing.assert_allclose(layer(x, training=True), plain(x, training=True), atol=1e-5)
    again = BatchNormalization.from_config(layer.get_config())
    np.testing.assert_allclose(again(x), wanted, atol=1e-5)
    layer.trainable = False  # an average, which draws dropout
    np.testing.assert_allclose(layer(x, training=True), wanted, atol=1e-5)
    bare = BatchNormalization(epsilon=1e-5, by_image=True, center=False, scale=False)
    np.testing.assert_allclose(bare(x), wanted, atol=1e-5)


@pytest.mark.parametrize(
    ("side", "whole", "least", "wanted"),
    [(1, 1, 16, 16), (17, 1, 16, 17), (17, 4, 16, 20), (3, 4, 6, 8), (8, 8, 1, 8)],
)
def test_sides_up_to_a_multiple_and_a_least_one(side, whole, least, wanted):
    images = tf.zeros([1, side, 2 * side, 1])
    made = reflected_to_multiple(images, whole, least)
    assert made.shape[1] == wanted and made.shape[2] >= max(2 * side, least)
