"""The layers of progressive and style-based GANs, against numpy in float64."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from cases import make

from tfgan_zoo import layers
from tfgan_zoo.layers import Rng
from tfgan_zoo.layers.resampling import is_small

RANDOM = np.random.default_rng(0)


def normal(*shape):
    return RANDOM.normal(size=shape)


def compiled(function, jit_compile, *arguments):
    """In float32 by XLA, or op by op."""
    arguments = [tf.constant(argument, tf.float32) for argument in arguments]
    return (
        tf.function(function, jit_compile=True)(*arguments) if jit_compile else function(*arguments)
    )


def rng(update=0):
    return Rng(0, tf.constant(update, tf.int64), 0, 4)


# === Equalized learning rate ===


@pytest.mark.parametrize("multiplier", [1.0, 0.01])
def test_equalized_dense(multiplier):
    """A unit normal map keeps the variance; gain and multiplier stand at run time, weights aside."""
    layer = layers.EqualizedDense(512, gain=2.0, learning_rate_multiplier=multiplier)
    x = normal(64, 256)
    outputs = layer(x.astype(np.float32))
    kernel, bias = (weight.astype(float) for weight in layer.get_weights())
    assert np.std(kernel) * multiplier == pytest.approx(1, rel=0.01)
    np.testing.assert_allclose(
        outputs, x @ kernel * 2 * multiplier / 16 + bias, rtol=1e-4, atol=1e-4
    )
    assert np.std(outputs) == pytest.approx(2, rel=0.05)
    layer.bias.assign(np.ones(512))
    np.testing.assert_allclose(layer(x.astype(np.float32)) - outputs, multiplier, atol=1e-5)


def test_equalized_learning_rate_multiplies_the_update():
    """The function's first change under Adam is the multiplier times that of a layer without one."""
    changes = []
    for multiplier in (1.0, 0.01):
        layer = layers.EqualizedDense(3, learning_rate_multiplier=multiplier)
        x = tf.constant(normal(5, 4), tf.float32)
        before = layer(x)
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(layer(x))
        optimizer = keras.optimizers.Adam(1e-3, epsilon=1e-12)
        optimizer.apply([tape.gradient(loss, layer.bias.value)], [layer.bias])
        changes.append(np.abs(layer(x) - before))
    np.testing.assert_allclose(changes[1], 0.01 * changes[0], atol=1e-6)


@pytest.mark.parametrize(("strides", "padding"), [(1, "same"), (2, "valid")])
def test_equalized_convolution_is_that_of_keras(strides, padding):
    layer = layers.EqualizedConv2D(4, 3, strides, padding, gain=2**0.5)
    x = normal(2, 7, 9, 5).astype(np.float32)
    outputs = layer(x)
    plain = keras.layers.Conv2D(4, 3, strides, padding)
    plain.build(x.shape)
    kernel, bias = layer.get_weights()
    plain.set_weights([kernel * (2 / 45) ** 0.5, bias])
    np.testing.assert_allclose(outputs, plain(x), atol=1e-5)
    assert layer.compute_output_shape(x.shape) == outputs.shape


def test_multiplier_must_be_positive():
    with pytest.raises(ValueError, match="learning_rate_multiplier must be above 0"):
        layers.EqualizedDense(3, learning_rate_multiplier=0)


# === Normalization and statistics ===


def test_pixel_normalization():
    x = 7 * normal(2, 3, 3, 5)
    expected = x / np.sqrt((x**2).mean(-1, keepdims=True))
    np.testing.assert_allclose(
        layers.PixelNormalization()(x.astype(np.float32)), expected, atol=1e-5
    )
    half = layers.PixelNormalization(dtype="mixed_float16")(tf.constant(1e3 * x, tf.float16))
    np.testing.assert_allclose(half, expected, atol=5e-3)  # squares beyond the range of float16


@pytest.mark.parametrize("jit_compile", [False, True])
def test_minibatch_stddev(jit_compile):
    """Of groups of four rows that follow one another, as numpy has it; and its moving average."""
    layer, x = layers.MinibatchStddev(), normal(8, 3, 3, 5)
    x[4:] *= 10
    layer.build(x.shape)
    outputs = compiled(lambda x: layer(x, training=True), jit_compile, x)
    np.testing.assert_array_equal(outputs[..., :5], x.astype(np.float32))
    expected = [x[:4].std(axis=0).mean(), x[4:].std(axis=0).mean()]
    plane = np.repeat(expected, 4)[:, None, None] * np.ones((8, 3, 3))
    np.testing.assert_allclose(outputs[..., 5], plane, rtol=1e-5)
    moved = 0.99 + 0.01 * np.mean(expected)
    np.testing.assert_allclose(layer(x.astype(np.float32))[..., 5], moved, rtol=1e-5)


def test_minibatch_stddev_does_not_know_the_order():
    """Within a group; and groups that change places take their statistics along."""
    layer, x = layers.MinibatchStddev(), normal(8, 3, 3, 5).astype(np.float32)
    plane = layer(x, training=True)[..., 5].numpy()
    for order in ([3, 0, 2, 1, 4, 6, 5, 7], [4, 5, 6, 7, 0, 1, 2, 3]):
        found = layer(x[order], training=True)[..., 5]
        np.testing.assert_allclose(found, plane[order], rtol=1e-5)
    assert np.ptp(plane[:4]) == 0 and plane[0, 0, 0] != plane[4, 0, 0]


def test_minibatch_stddev_of_other_batches():
    layer = layers.MinibatchStddev()
    x = normal(3, 2, 2, 1).astype(np.float32)
    np.testing.assert_allclose(layer(x, training=True)[0, 0, 0, 1], x.std(axis=0).mean(), rtol=1e-5)
    with pytest.raises(
        ValueError, match="multiple of group_size=4, or smaller. Received: a batch of 6"
    ):
        layer(np.ones((6, 2, 2, 1), np.float32), training=True)


def test_minibatch_stddev_of_strided_groups():
    """Two new channels, each of half of the channels; rows 0, 2, 4 and 6 are a group."""
    layer, x = layers.MinibatchStddev(features=2, grouping="strided"), normal(8, 3, 3, 4)
    x[1::2] *= 10
    outputs = layer(x.astype(np.float32), training=True).numpy()
    for feature, part in enumerate((x[..., :2], x[..., 2:])):
        for first in (0, 1):
            expected = part[first::2].std(axis=0).mean()
            np.testing.assert_allclose(outputs[first::2, ..., 4 + feature], expected, rtol=1e-5)
    assert layer(x.astype(np.float32)).shape == layer.compute_output_shape(x.shape) == (8, 3, 3, 6)
    assert layer.moving_stddev.shape == (2,)
    whole = layers.MinibatchStddev(None)(x.astype(np.float32), training=True)
    np.testing.assert_allclose(whole[..., 4], x.std(axis=0).mean(), rtol=1e-5)


def test_layers_refuse_what_they_cannot_do():
    with pytest.raises(ValueError, match="multiple of features=3. Received: 4 channels"):
        layers.MinibatchStddev(features=3)(np.ones((4, 2, 2, 4), np.float32))
    with pytest.raises(ValueError, match="'consecutive' or 'strided'. Received: 'rows'"):
        layers.MinibatchStddev(grouping="rows")
    with pytest.raises(ValueError, match="limit must be above 0. Received: 0"):
        layers.Clamp(0)


def test_clamp_and_scaled_activation():
    x = np.linspace(-4, 4, 9, dtype=np.float32)
    np.testing.assert_array_equal(layers.Clamp(2.0)(x), np.clip(x, -2, 2))
    np.testing.assert_allclose(layers.ScaledActivation("tanh", 3.0)(x), 3 * np.tanh(x), rtol=1e-5)


# === Mapping network ===


def test_mapping_network():
    """Layer by layer in float64; the length of latents, and it alone, does not matter."""
    gan = make("StyleGAN", mapping_layers=3)
    mapping = gan.generator.get_layer("mapping")
    z = normal(6, 4)
    expected = z / np.sqrt((z**2).mean(axis=1, keepdims=True) + 1e-8)
    dense = [x for x in mapping.layers if isinstance(x, layers.EqualizedDense)]
    assert len(dense) == 3
    for layer in dense:
        layer.bias.assign(normal(4))
        kernel, bias = (w.astype(float) for w in layer.get_weights())
        assert np.std(kernel) > 30  # N(0, 1 / 0.01), whose updates count for 0.01 of what they are
        expected = expected @ kernel * (0.01 * 2**0.5 / 2) + 0.01 * bias
        expected = np.where(expected > 0, expected, 0.2 * expected)
    found = mapping(z.astype(np.float32))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(mapping((7 * z).astype(np.float32)), found, rtol=1e-4, atol=1e-5)
    assert np.abs(mapping(-z.astype(np.float32)) - found).max() > 0.01


# === Filters ===


def upfirdn(x, taps, up, down, padding):
    """By definition: zeros in, padding, a full two-dimensional sum for each pixel, pixels out."""
    rows, height, width, channels = x.shape
    wide = np.zeros((rows, height * up, width * up, channels))
    wide[:, ::up, ::up] = x
    wide = np.pad(wide, [(0, 0), padding, padding, (0, 0)])
    kernel = np.outer(taps, taps)[::-1, ::-1]
    size = len(taps)
    sides = [wide.shape[1] - size + 1, wide.shape[2] - size + 1]
    full = np.zeros((rows, *sides, channels))
    for i in range(sides[0]):
        for j in range(sides[1]):
            full[:, i, j] = np.einsum("bijc,ij->bc", wide[:, i : i + size, j : j + size], kernel)
    return full[:, ::down, ::down]


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize(
    ("taps", "up", "down", "padding"),
    [
        ((1, 3, 3, 1), 2, 1, (2, 1)),
        ((1, 3, 3, 1), 1, 2, (1, 1)),
        ((1, 3, 3, 1), 1, 1, (2, 2)),
        ((1, 2, 5), 3, 2, (0, 3)),
    ],
)
@pytest.mark.parametrize("sides", [(5, 6), (66, 4)], ids=["products", "convolutions"])
def test_resample_is_upfirdn(taps, up, down, padding, sides, jit_compile):
    x = normal(2, *sides, 3)
    assert is_small(tf.TensorSpec(x.shape)) == (sides == (5, 6))
    found = compiled(
        lambda x: layers.resample(x, taps, up, down, padding, gain=up**2), jit_compile, x
    )
    expected = upfirdn(x, np.array(taps) * up / sum(taps), up, down, padding)
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("factors", "size"),
    [
        ({"up": 2}, 12),
        ({"down": 2}, 3),
        ({}, 6),
        ({"taps": (1, 2, 1)}, 6),
        ({"padding": (2, 2)}, 7),
    ],
)
def test_resample_keeps_a_constant(factors, size):
    layer = layers.Resample(**factors)
    outputs = layer(np.full((1, 6, 6, 2), 5, np.float32))
    assert outputs.shape == layer.compute_output_shape((1, 6, 6, 2)) == (1, size, size, 2)
    np.testing.assert_allclose(outputs[:, 2:-2, 2:-2], 5, rtol=1e-6)
    np.testing.assert_allclose(outputs[:, size // 2, size // 2], 5, rtol=1e-6)


def test_doubling_is_bilinear():
    x = normal(1, 4, 4, 1)
    x = np.pad(x, [(0, 0), (2, 2), (2, 2), (0, 0)])  # zeros, so that borders are alike
    found = layers.Resample(up=2)(x.astype(np.float32))
    np.testing.assert_allclose(found, tf.image.resize(x, [16, 16], "bilinear"), atol=1e-5)


def test_halving_is_the_adjoint_of_doubling():
    """<up(x), y> = 4 <x, down(y)>, since doubling has the gain 4."""
    x, y = normal(2, 5, 7, 3), normal(2, 10, 14, 3)
    up, down = layers.Resample(up=2), layers.Resample(down=2)
    left = np.vdot(up(x.astype(np.float32)), y)
    assert left == pytest.approx(4 * np.vdot(x, down(y.astype(np.float32))), rel=1e-4)


def test_one_factor_of_resample_is_one():
    with pytest.raises(ValueError, match="One of up and down must be 1. Received: up=2, down=2"):
        layers.Resample(up=2, down=2)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_gradient_of_gradient_passes_filters(jit_compile):
    """d/dx |d/dx sum(down(x)^2 )|^2 / 2 = (2 A'A)^2 x, with A as a matrix from the layer itself."""
    layer, x = layers.Resample(down=2), normal(1, 4, 4, 1)
    basis = np.eye(16).reshape(16, 4, 4, 1).astype(np.float32)
    matrix = np.reshape(layer(basis), (16, 4)).T.astype(float)

    def second(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                energy = tf.reduce_sum(layer(x) ** 2)
            slopes = inner.gradient(energy, x)
            value = tf.reduce_sum(slopes**2) / 2
        return outer.gradient(value, x)

    square = 2 * matrix.T @ matrix
    found = compiled(second, jit_compile, x)
    np.testing.assert_allclose(np.ravel(found), square @ square @ x.ravel(), atol=1e-5)


# === Noise ===


def test_noise_is_drawn_in_training_and_constant_else():
    layer, x = layers.NoiseInjection(), normal(4, 5, 5, 3).astype(np.float32)
    np.testing.assert_array_equal(layer(x), x)
    layer.strength.assign(0.5)
    constant = 0.5 * layer.noise.numpy()
    np.testing.assert_allclose(layer(x) - x, np.broadcast_to(constant, x.shape), atol=1e-6)
    np.testing.assert_array_equal(layer(x)[2:3], layer(x[2:3]))  # whatever else is in the batch
    with rng().active():
        noisy = layer(x, training=True) - x
    expected = 0.5 * rng().normal([5, 5, 1])
    np.testing.assert_allclose(noisy, np.broadcast_to(expected, x.shape), atol=1e-6)
    assert [w.shape for w in layer.trainable_weights] == [()]


def test_noise_by_channel():
    layer, x = layers.NoiseInjection(per_channel=True), np.zeros((4, 5, 5, 3), np.float32)
    layer(x)
    layer.strength.assign([0, 1, 2])
    np.testing.assert_allclose(layer(x)[0], layer.noise.numpy() * [0, 1, 2], rtol=1e-6)


# === Modulated convolution ===


def modulated_by_example(x, kernel, styles, demodulate, up):
    """Equations 1 to 3 as they stand, in float64: a kernel for each example."""
    kernels = kernel * styles[:, None, None, :, None]
    if demodulate:
        kernels /= np.sqrt((kernels**2).sum(axis=(1, 2, 3), keepdims=True))
    outputs = []
    for image, weights in zip(x, kernels, strict=True):
        image = image[None]
        if up:  # zeros in; all that the kernel and then the filter reach
            wide = np.zeros((1, 2 * image.shape[1], 2 * image.shape[2], image.shape[3]))
            wide[:, ::2, ::2] = image
            image = tf.nn.conv2d(wide, weights, 1, [[0, 0], [2, 1], [2, 1], [0, 0]]).numpy()
            outputs.append(upfirdn(image, np.array([1, 3, 3, 1]) / 4, 1, 1, (1, 1)))
        else:
            outputs.append(tf.nn.conv2d(image, weights, 1, "SAME").numpy())
    return np.concatenate(outputs)


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("up", [False, True])
@pytest.mark.parametrize("demodulate", [False, True])
def test_modulated_convolution_is_one_with_a_kernel_for_each_example(demodulate, up, jit_compile):
    """To 1e-5, for styles of every size."""
    x, kernel = normal(3, 5, 6, 4), normal(3, 3, 4, 7) / 6
    styles = normal(3, 4) * [[0.01], [1], [10]]
    found = compiled(
        lambda *inputs: layers.modulated_convolution(*inputs, demodulate, up),
        jit_compile,
        x,
        kernel,
        styles,
    )
    expected = modulated_by_example(x, kernel, styles, demodulate, up)
    assert found.shape == ((3, 10, 12, 7) if up else (3, 5, 6, 7))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())


def test_doubling_convolution_is_convolution_of_the_doubled_map():
    """Away from the border, since a filter and a convolution commute."""
    x, kernel = normal(1, 8, 8, 3).astype(np.float32), normal(3, 3, 3, 2).astype(np.float32)
    doubled = tf.nn.conv2d(layers.Resample(up=2)(x), kernel, 1, "SAME")
    found = layers.modulated_convolution(x, kernel, tf.ones([1, 3]), demodulate=False, up=True)
    np.testing.assert_allclose(found[:, 3:-3, 3:-3], doubled[:, 3:-3, 3:-3], atol=1e-4)


def test_gradients_of_modulated_convolution():
    """By the styles, against central differences in float64: the largest style is no constant."""
    x, kernel, styles = normal(2, 4, 4, 3), normal(3, 3, 3, 2), normal(2, 3)
    weights = normal(2, 4, 4, 2)
    variables = [tf.constant(value, tf.float32) for value in (x, kernel, styles)]
    with tf.GradientTape() as tape:
        tape.watch(variables)
        loss = tf.reduce_sum(layers.modulated_convolution(*variables) * weights.astype(np.float32))
    found = tape.gradient(loss, variables[2])

    def value(styles):
        return (modulated_by_example(x, kernel, styles, True, False) * weights).sum()

    steps = 1e-6 * np.eye(6).reshape(6, 2, 3)
    expected = [(value(styles + step) - value(styles - step)) / 2e-6 for step in steps]
    np.testing.assert_allclose(np.ravel(found), expected, rtol=1e-3, atol=1e-3)


def test_modulated_layer():
    """Demodulated outputs of unit normal maps have variance 1, whatever the latents."""
    layer = layers.ModulatedConv2D(32, 3)
    x, latents = normal(4, 16, 16, 64), normal(4, 8) * [[1], [3], [10], [100]]
    outputs = layer([x.astype(np.float32), latents.astype(np.float32)])
    inner = np.std(outputs[:, 1:-1, 1:-1], axis=(1, 2, 3))
    np.testing.assert_allclose(inner, 1, rtol=0.1)
    kernel, _, style_kernel, style_bias = (weight.astype(float) for weight in layer.get_weights())
    styles = latents @ style_kernel / 8**0.5 + style_bias
    expected = modulated_by_example(x, kernel / 24, styles, True, False)
    np.testing.assert_allclose(outputs, expected, atol=1e-4)


@pytest.mark.parametrize("demodulate", [False, True])
def test_modulated_layer_in_half_precision(demodulate):
    """Styles of 1e4, whose products with a map of 64 channels are beyond float16's range."""
    layer = layers.ModulatedConv2D(8, 3, demodulate=demodulate, dtype="mixed_float16")
    x, latents = normal(2, 8, 8, 64), normal(2, 4)
    layer([tf.constant(x, tf.float16), tf.constant(latents, tf.float16)])
    layer.style_bias.assign(np.full(64, 1e4 if demodulate else 1))
    outputs = layer([tf.constant(x, tf.float16), tf.constant(latents, tf.float16)])
    assert outputs.dtype == tf.float16 and all(v.dtype == "float32" for v in layer.variables)
    plain = layers.ModulatedConv2D(8, 3, demodulate=demodulate)
    plain.build([x.shape, latents.shape])
    plain.set_weights(layer.get_weights())
    expected = plain([x.astype(np.float32), latents.astype(np.float32)])
    np.testing.assert_allclose(outputs, expected, atol=1e-2 * np.abs(expected).max())


# === Configuration ===


@pytest.mark.parametrize(
    "layer",
    [
        layers.EqualizedDense(3, gain=2.0, learning_rate_multiplier=0.1, bias_initializer="ones"),
        layers.EqualizedConv2D(3, 3, 2, "valid", use_bias=False),
        layers.LeakyReLU(0.1, gain=3.0),
        layers.MinibatchStddev(2, 0.5),
        layers.MinibatchStddev(None, features=2, grouping="strided"),
        layers.ModulatedConv2D(3, 1, demodulate=False, up=True),
        layers.ModulatedConv2D(3, 3, up=True, taps=(1, 2, 1)),
        layers.ScaledActivation("tanh", 2.0),
        layers.Clamp(2.0),
        layers.NoiseInjection(per_channel=True),
        layers.PixelNormalization(),
        layers.Resample(down=2, taps=(1, 2, 1)),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_config_round_trip(layer):
    saved = keras.saving.serialize_keras_object(layer)
    assert keras.saving.deserialize_keras_object(saved).get_config() == layer.get_config()


def test_leaky_relu_with_gain():
    x = normal(100).astype(np.float32)
    expected = 1.5 * np.where(x > 0, x, 0.2 * x)
    np.testing.assert_allclose(layers.LeakyReLU(0.2, gain=1.5)(x), expected, rtol=1e-6)
