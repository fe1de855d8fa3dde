"""The parts of R3GAN against formulas and other ways to compute the same."""

import numpy as np
import pytest
import tensorflow as tf
from cases import make

from tfgan_zoo import penalties
from tfgan_zoo.layers import Rng, cpu_convolutions
from tfgan_zoo.models.r3gan import BasisMaps, BasisProducts, GroupedConv2D, _has_grouped_kernel

RANDOM = np.random.default_rng(0)


def block_diagonal(kernel, groups):
    """The ungrouped kernel that does what a grouped one `[3, 3, C / groups, F]` does."""
    _, _, channels, filters = kernel.shape
    whole = np.zeros((3, 3, groups * channels, filters), np.float32)
    for group in range(groups):
        rows = slice(group * channels, (group + 1) * channels)
        columns = slice(group * filters // groups, (group + 1) * filters // groups)
        whole[:, :, rows, columns] = kernel[..., columns]
    return whole


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("trains", [False, True])  # at once in a step, if not by XLA
@pytest.mark.parametrize("groups", [2, 20])  # one by one, and at once
def test_grouped_convolution(groups, trains, jit_compile):
    layer = GroupedConv2D(2 * groups, 3, padding="same", groups=groups)
    images = tf.constant(RANDOM.normal(size=(2, 5, 4, 2 * groups)), tf.float32)
    layer.build(images.shape)
    layer.bias.assign(RANDOM.normal(size=2 * groups))
    call = cpu_convolutions(xla=jit_compile)(layer.__call__) if trains else layer
    function = tf.function(call, jit_compile=jit_compile)
    outputs = function(images)
    at_once = len(_convolutions(function.get_concrete_function(images))) == 1
    assert at_once == (_has_grouped_kernel() and (groups == 20 or (trains and not jit_compile)))
    expected = tf.nn.conv2d(images, block_diagonal(layer.kernel.numpy(), groups), 1, "SAME")
    np.testing.assert_allclose(outputs, expected + layer.bias.numpy(), atol=1e-5)


def _convolutions(function):
    return [
        operation for operation in function.graph.get_operations() if operation.type == "Conv2D"
    ]


@pytest.mark.parametrize("trains", [False, True])
def test_gradients_of_a_grouped_convolution(trains):
    layer = GroupedConv2D(4, 3, padding="same", groups=2, use_bias=False)
    images = tf.constant(RANDOM.normal(size=(2, 4, 4, 4)), tf.float32)
    layer.build(images.shape)

    def slope(function, weights):
        with tf.GradientTape() as outer:
            outer.watch(weights)
            with tf.GradientTape() as inner:
                inner.watch(images)
                total = tf.reduce_sum(tf.tanh(function(images)))
            square = tf.reduce_sum(inner.gradient(total, images) ** 2)
        return outer.gradient(square, weights)

    whole = tf.constant(block_diagonal(layer.kernel.numpy(), 2))
    in_step = tf.function(cpu_convolutions(xla=False)(slope))
    ours = (in_step if trains else slope)(layer, layer.kernel.value)
    theirs = slope(lambda x: tf.nn.conv2d(x, whole, 1, "SAME"), whole).numpy()
    blocks = np.concatenate([theirs[:, :, :2, :2], theirs[:, :, 2:, 2:]], axis=-1)
    np.testing.assert_allclose(ours, blocks, atol=1e-4)


def test_bases():
    vectors, maps = RANDOM.normal(size=(2, 3)), RANDOM.normal(size=(2, 4, 5, 3))
    spread, gathered = BasisMaps((4, 5)), BasisProducts()
    images, sums = spread(tf.constant(vectors, tf.float32)), gathered(tf.constant(maps, tf.float32))
    expected = np.einsum("bc,hwc->bhwc", vectors, spread.basis.numpy())
    np.testing.assert_allclose(images, expected, atol=1e-6)
    expected = np.einsum("bhwc,hwc->bc", maps, gathered.basis.numpy())
    np.testing.assert_allclose(sums, expected, atol=1e-5)


def test_blocks_start_as_the_identity():
    """The last layer of a block is 0, and the others' spread falls with the number of blocks."""
    gan = make("R3GAN", widths=(32, 32), blocks=4)
    kernels = [
        layer.kernel.numpy() for layer in gan.discriminator.layers if hasattr(layer, "groups")
    ]
    assert sum(not kernel.any() for kernel in kernels) == 8
    grouped = [kernel for kernel in kernels if kernel.shape[0] == 3]
    expected = (2 / 1.04) ** 0.5 * 8**-0.25 / (9 * 4) ** 0.5
    np.testing.assert_allclose(np.std(grouped), expected, rtol=0.03)


def test_discriminator_loss(images):
    """softplus(D(fake) - D(real)) + gamma (R1 + R2)."""
    gan = make("R3GAN", penalty=penalties.R1R2(3.0))
    images = tf.constant(images[:8])
    loss, logs = gan.discriminator_loss({"images": images}, Rng(0, tf.constant(0, tf.int64), 0, 8))
    latents = gan.sample_latents(Rng(0, tf.constant(0, tf.int64), 0, 8))
    fake = gan.generator(latents, training=True)
    difference = (gan.discriminator(fake) - gan.discriminator(images)).numpy().astype(np.float64)
    np.testing.assert_allclose(logs["d_loss"], np.mean(np.log1p(np.exp(difference))), rtol=1e-5)
    critic = gan.discriminator
    penalty = penalties.r1_penalty(critic, images) + penalties.r2_penalty(critic, fake)
    np.testing.assert_allclose(logs["r1_r2"], np.mean(penalty), rtol=1e-5)
    np.testing.assert_allclose(loss, logs["d_loss"] + 3 * logs["r1_r2"], rtol=1e-6)


def test_labels_change_images_and_logits(images):
    gan = make("R3GAN", num_classes=3)
    latents = tf.ones([1, 4])
    drawn = [gan.generator([latents, tf.constant([label])], training=True) for label in (0, 1)]
    assert not np.allclose(*drawn)
    logits = [gan.discriminator([images[:4], np.full(4, label)]) for label in (0, 1)]
    assert not np.allclose(*logits) and logits[0].shape == (4, 1)


def test_drawn_images_are_clipped():
    gan = make("R3GAN")
    latents = tf.constant(RANDOM.normal(size=(64, 4)), tf.float32)
    raw, drawn = gan.generator(latents, training=True), gan.generator(latents)
    assert np.abs(raw).max() > 1
    np.testing.assert_array_equal(drawn, np.clip(raw, -1, 1))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"widths": (8, 8, 8, 8, 8)}, r"multiples of 16. Received: image_shape=\(8, 8, 1\)"),
        ({"widths": (8, 3)}, "multiple of group_width"),
    ],
)
def test_other_widths_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        make("R3GAN", **options)
