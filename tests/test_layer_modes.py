"""Gradients of both orders through every layer, by XLA and op by op, in every precision."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo import layers

RANDOM = np.random.default_rng(0)
MAP, VECTOR = (4, 8, 8, 6), (4, 6)
LAYERS = {
    "batch normalization": (layers.BatchNormalization, {}, MAP),
    "pixel normalization": (layers.PixelNormalization, {}, MAP),
    "instance normalization": (layers.AdaptiveInstanceNormalization, {}, MAP, VECTOR),
    "modulation": (layers.Modulation, {}, MAP, VECTOR, VECTOR),
    "modulated convolution": (
        layers.ModulatedConv2D,
        {"filters": 3, "kernel_size": 3},
        MAP,
        VECTOR,
    ),
    "modulated doubling": (
        layers.ModulatedConv2D,
        {"filters": 3, "kernel_size": 3, "up": True},
        MAP,
        VECTOR,
    ),
    "modulated doubling by other taps": (
        layers.ModulatedConv2D,
        {"filters": 3, "kernel_size": 3, "up": True, "taps": (1, 2, 1)},
        MAP,
        VECTOR,
    ),
    "equalized convolution": (layers.EqualizedConv2D, {"filters": 3, "kernel_size": 3}, MAP),
    "equalized dense": (layers.EqualizedDense, {"units": 3}, VECTOR),
    "spectral convolution": (layers.SpectralConv2D, {"filters": 3, "kernel_size": 3}, MAP),
    "spectral dense": (layers.SpectralDense, {"units": 3}, VECTOR),
    "doubling": (layers.Resample, {"up": 2}, MAP),
    "halving": (layers.Resample, {"down": 2}, MAP),
    "bilinear doubling": (layers.BilinearUpsampling, {}, MAP),
    "bilinear enlargement": (layers.BilinearUpsampling, {"size": (3, 1)}, MAP),
    "nearest neighbours": (layers.NearestUpsampling2D, {}, MAP),
    "attention": (layers.SelfAttention, {}, MAP),
    "minibatch discrimination": (layers.MinibatchDiscrimination, {"kernels": 3}, VECTOR),
    "minibatch stddev": (layers.MinibatchStddev, {}, MAP),
    "strided stddev": (layers.MinibatchStddev, {"grouping": "strided", "features": 2}, MAP),
    "scaled activation": (layers.ScaledActivation, {"activation": "swish", "gain": 2.0}, MAP),
    "noise": (layers.NoiseInjection, {}, MAP),
    "leaky relu": (layers.LeakyReLU, {}, MAP),
    "maxout": (layers.Maxout, {"units": 3, "pieces": 2}, VECTOR),
}
# Shares of the largest value.
TOLERANCE = {"float32": 1e-4, "mixed_bfloat16": 0.06, "mixed_float16": 0.005}


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=pytest.mark.full if i % 3 else ()) for i, n in enumerate(LAYERS)],
)
def test_a_gradient_penalty_passes(name, dtype):
    """XLA is as near to float32 as graph mode is, or as the tolerance: it rounds to half precision less
    often, and processors round the operations of graph mode in ways of their own."""
    exact = _both_orders(name, "float32", jit_compile=False)
    graph = _both_orders(name, dtype, jit_compile=False)
    xla = _both_orders(name, dtype, jit_compile=True)
    for expected, ours, theirs in zip(exact, graph, xla, strict=True):
        scale = np.abs(expected).max()
        assert np.isfinite(ours).all() and scale > 0
        errors = [np.abs(values - expected).max() / scale for values in (ours, theirs)]
        assert errors[0] <= 2 * TOLERANCE[dtype]
        assert errors[1] <= max(TOLERANCE[dtype], errors[0])


def _both_orders(name, dtype, jit_compile):
    """The slope of the squared length of a gradient by the inputs, as penalties on critics have it."""
    keras.utils.set_random_seed(0)  # of weights that do not train, and of noise
    random = np.random.default_rng(0)
    kind, options, *shapes = LAYERS[name]
    layer = kind(**options, dtype=dtype)
    inputs = [tf.constant(random.normal(size=shape), tf.float32) for shape in shapes]
    layer(inputs if len(inputs) > 1 else inputs[0])
    layer.set_weights(
        [random.normal(size=w.shape) if w.trainable else w.numpy() for w in layer.weights]
    )

    @tf.function(jit_compile=jit_compile)
    def both_orders(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = tf.cast(layer([x, *inputs[1:]] if inputs[1:] else x, training=True), tf.float32)
                weights = tf.reshape(tf.cos(tf.range(tf.size(y), dtype=tf.float32)), tf.shape(y))
                total = tf.reduce_sum(weights * tf.square(y))
            slope = inner.gradient(total, x)
            penalty = tf.reduce_sum(tf.square(slope))
        return slope, outer.gradient(penalty, x)

    return [values.numpy() for values in both_orders(inputs[0])]


def test_xla_is_exact_where_attention_pools():
    """The gradients of a second order through pooled keys, whose pixels lie close to each other: an op
    that told them apart by bfloat16 alone would be off by percents."""
    layer = layers.SelfAttention()
    x = tf.constant(1 + 1e-3 * RANDOM.normal(size=(2, 7, 8, 8)), tf.float32)  # an odd side, too
    layer(x)
    layer.gamma.assign(1.0)

    def slope(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                total = tf.reduce_sum(layer(x) ** 3)
            penalty = tf.reduce_sum(tf.square(inner.gradient(total, x)))
        return outer.gradient(penalty, x)

    expected = slope(x)
    found = tf.function(slope, jit_compile=True)(x)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())
