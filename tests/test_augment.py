"""Augmentations against numpy: known transformations, gradients of both orders, XLA, distribution."""

import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo import augment
from tfgan_zoo.layers import Rng

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.uniform(-1, 1, (6, 8, 8, 3)).astype(np.float32)
POLICIES = ["color", "translation", "cutout", "color,translation,cutout", "ada", "ada_full"]


def rng(seed=0, count=6, update=0, start=0):
    return Rng(seed, tf.constant(update, tf.int64), start, count)


def augmented(images, policy, made, probability=0.8):
    """Images as the transformations of a policy change them, one after the other."""
    for transformation in augment.ADA.get(policy, ()):
        images = transformation(images, probability, made)
    for name in policy.split(",") if policy not in augment.ADA else ():
        images = augment.DIFF_AUGMENT[name](images, made)
    return images


def changed(policy, images=IMAGES, probability=0.8, **options):
    made = rng(count=len(images), **options)
    return augmented(tf.constant(images), policy, made, probability)


class Fixed:
    """Draws that are all the same number."""

    def __init__(self, value, count=6):
        self.value, self.count = value, count

    def uniform(self, shape, low=0.0, high=1.0):
        return tf.fill([self.count, *shape], np.float32(low + (high - low) * self.value))


def one(*values):
    return (tf.fill([6], np.float32(value)) for value in values)


@pytest.mark.parametrize("policy", ["ada", "ada_full"])
def test_identity(policy):
    """ADA with probability 0: to the rounding of luma and chroma, added up again."""
    np.testing.assert_allclose(changed(policy, probability=0.0), IMAGES, atol=1e-7)
    for function in (augment.geometric, augment.filtered, augment.noisy, augment.ada_cutout):
        np.testing.assert_array_equal(function(tf.constant(IMAGES), 0.0, rng()), IMAGES)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("channels", [1, 2, 3])
def test_every_example_has_draws_of_its_own(policy, channels):
    same = np.repeat(IMAGES[:1, ..., :channels], 6, axis=0)
    found = changed(policy, same).numpy()
    assert found.shape == same.shape and found.dtype == np.float32 and np.isfinite(found).all()
    assert len(np.unique(found.reshape(6, -1), axis=0)) > 1
    np.testing.assert_allclose(found[4:], changed(policy, same[4:], start=4), atol=1e-6)


def test_flip_and_quarter_turns_are_those_of_numpy():
    flip = augment.scaling(*one(-1), 1.0)
    np.testing.assert_allclose(augment.affine(IMAGES, flip), IMAGES[:, :, ::-1], atol=1e-6)
    for count in range(4):
        turned = augment.affine(IMAGES, augment.quarter_turns(*one(count)))
        expected = np.rot90(IMAGES, count, axes=(1, 2))
        np.testing.assert_allclose(turned, expected, atol=1e-6)
        angle = augment.rotation(*one(count * np.pi / 2))
        np.testing.assert_allclose(augment.affine(IMAGES, angle), expected, atol=1e-5)


def test_warp_reads_between_pixels_and_mirrors_beyond():
    """On a ramp bilinear interpolation is exact, and the mirror's turning points are the last pixels."""
    ramp = np.tile(np.arange(8, dtype=np.float32)[None, None, :, None], (6, 8, 1, 1))
    read = augment.affine(ramp, augment.shift(*one(2.25, 0))).numpy()[0, 0, :, 0]
    np.testing.assert_allclose(read, [2.25, 3.25, 4.25, 5.25, 6.25, 6.75, 5.75, 4.75], atol=1e-5)
    scaled = augment.affine(ramp, augment.scaling(*one(0.5, 1))).numpy()[0, 0, :, 0]
    np.testing.assert_allclose(scaled, 3.5 + 0.5 * (np.arange(8) - 3.5), atol=1e-5)
    thin = RANDOM.uniform(-1, 1, (6, 1, 8, 1)).astype(np.float32)
    down = augment.affine(thin, augment.shift(*one(0, 3)))
    np.testing.assert_array_equal(down, thin)  # a mirror on both sides of one row


def test_translation_is_a_shift_that_brings_in_zeros():
    """The largest draw shifts 8 pixels by 1, the smallest by -1, the middle not at all."""
    np.testing.assert_array_equal(augment.translation(IMAGES, Fixed(0.5)), IMAGES)
    for value, place, source in (
        (0.999, slice(1, None), slice(-1)),
        (0.0, slice(-1), slice(1, None)),
    ):
        expected = np.zeros_like(IMAGES)
        expected[:, place, place] = IMAGES[:, source, source]
        np.testing.assert_array_equal(augment.translation(IMAGES, Fixed(value)), expected)


def test_cutout_sets_a_box_of_half_the_size():
    expected = IMAGES.copy()
    expected[:, 2:6, 2:6] = 0
    np.testing.assert_array_equal(augment.cutout(IMAGES, Fixed(0.5)), expected)
    corner = IMAGES.copy()
    corner[:, :2, :2] = 0
    np.testing.assert_array_equal(augment.cutout(IMAGES, Fixed(0.0)), corner)


def test_color_against_its_formula():
    """Draws of 3/4: brightness + 0.25, saturation x 1.5, contrast x 1.25, in float64."""
    x = IMAGES.astype(np.float64) + 0.25
    grey = x.mean(axis=-1, keepdims=True)
    x = grey + 1.5 * (x - grey)
    mean = x.mean(axis=(1, 2, 3), keepdims=True)
    expected = mean + 1.25 * (x - mean)
    np.testing.assert_allclose(augment.color(IMAGES, Fixed(0.75)), expected, atol=1e-5)


def test_flip_and_shift():
    np.testing.assert_array_equal(augment.flip_and_shift(IMAGES, Fixed(0.5)), IMAGES)
    mirrored = augment.flip_and_shift(IMAGES, Fixed(0.49))  # a reach of 1: floor(0.49 * 3) - 1 = 0
    np.testing.assert_array_equal(mirrored, IMAGES[:, :, ::-1])


def test_hue_is_a_rotation_about_grey():
    chroma = IMAGES - IMAGES.mean(axis=-1, keepdims=True)
    angle = tf.constant(RANDOM.uniform(-3, 3, (6, 1, 1, 1)), tf.float32)
    turned = augment.hue_rotated(tf.constant(chroma), angle).numpy()
    np.testing.assert_allclose(turned.mean(axis=-1), 0, atol=1e-6)  # luma is kept
    lengths = np.linalg.norm(chroma, axis=-1)
    np.testing.assert_allclose(np.linalg.norm(turned, axis=-1), lengths, atol=1e-5)
    third = augment.hue_rotated(tf.constant(chroma), tf.fill([6, 1, 1, 1], 2 * np.pi / 3))
    np.testing.assert_allclose(third, np.roll(chroma, 1, axis=-1), atol=1e-5)  # red to green


def test_statistics_of_ada():
    """Of 4,000 grey images: a share p is touched by brightness or contrast or the flip of luma."""
    grey = np.full((4000, 1, 1, 1), 0.5, np.float32)
    for p in (0.3, 1.0):
        found = augment.ada_color(tf.constant(grey), p, rng(count=4000)).numpy().ravel()
        kept = (1 - p) ** 2 * (1 - p / 2)
        assert abs(np.mean(found == 0.5) - kept) < 0.03  # four standard errors
    # With p = 1: contrast 2^N(0, 0.5), times (0.5 + N(0, 0.2)), times a fair sign.
    scale = np.exp((0.5 * np.log(2)) ** 2 * 2)  # E contrast^2
    np.testing.assert_allclose(np.mean(found**2), scale * (0.25 + 0.04), rtol=0.15)
    assert abs(np.mean(found < 0) - 0.5) < 0.04
    # An image stays where it is if it is neither flipped nor turned nor shifted nor scaled; of shifts
    # by up to one pixel, rounded, half are none, in each of two directions.
    images = RANDOM.uniform(-1, 1, (1000, 8, 8, 1)).astype(np.float32)
    p = 0.2
    moved = augment.geometric(tf.constant(images), p, rng(count=1000)).numpy()
    still = np.mean([np.array_equal(a, b) for a, b in zip(moved, images, strict=True)])
    expected = (1 - p / 2) * (1 - p * 3 / 4) * (1 - p * 3 / 4) * (1 - p) ** 4
    assert abs(still - expected) < 0.06


# === Filters, noise and cutout of ADA ===


def test_bands_are_those_of_the_wavelet():
    """Their responses in closed form, that of sym2 being cos^4(w/2) (1 + 2 sin^2(w/2)); sum 1."""
    bank = augment.filter_bank()
    np.testing.assert_array_equal(bank.sum(axis=0), np.arange(-21, 22) == 0)
    w = np.linspace(0, np.pi, 50)
    found = bank @ np.cos(np.outer(np.arange(-21, 22), w))
    lower = [np.cos(k * w / 2) ** 4 * (1 + 2 * np.sin(k * w / 2) ** 2) for k in (1, 2, 4)]
    one, two, four = lower
    expected = [one * two * four, one * two * (1 - four), one * (1 - two), 1 - one]
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_bands_are_read_beyond_the_border_as_in_a_mirror():
    """Against numpy's convolutions of 30 x 25 pixels, with other gains for each image."""
    images, gains = RANDOM.uniform(-1, 1, (2, 30, 25, 3)), RANDOM.uniform(0, 3, (2, 4))
    found = augment.equalised(tf.constant(images, tf.float32), tf.constant(gains, tf.float32))
    for image, result, taps in zip(images, found, gains @ augment.filter_bank(), strict=True):
        image = np.pad(image, [(21, 21), (21, 21), (0, 0)], mode="reflect")
        for axis in (0, 1):
            image = np.apply_along_axis(np.convolve, axis, image, taps, mode="valid")
        np.testing.assert_allclose(result, image, atol=1e-5)


@pytest.mark.parametrize("size", [1, 2, 3, 8, 64])
def test_a_band_scales_the_waves_in_it(size):
    """A wave that the mirrors continue keeps its shape at any size; gains [1, 2, 3, 5]."""
    gains = np.array([1.0, 2.0, 3.0, 5.0])
    for k in sorted({0, size // 3, size // 2, size - 1}):
        w = np.pi * k / max(1, size - 1)
        wave = np.cos(w * np.arange(size))[None, None, :, None].repeat(3, axis=1)
        factor = gains @ augment.filter_bank() @ np.cos(w * np.arange(-21, 22))
        found = augment.equalised(
            tf.constant(wave, tf.float32), tf.constant(gains[None], tf.float32)
        )
        np.testing.assert_allclose(found, factor * wave, atol=1e-5)
    assert size == 1 or abs(factor - 5) < 1e-6  # at the highest frequency the last band is alone


def test_gains_keep_the_expected_power():
    """One band alone: exactly. Several: as one after the other, by the paper's loop in float64."""
    amplifications = np.exp2(RANDOM.normal(size=(50, 4)))
    amplifications[:20, 1:] = 1
    amplifications[20:30, :3] = 1
    power = np.array([10, 1, 1, 1]) / 13
    expected = np.ones([50, 4])
    for band in range(4):
        gains = np.ones([50, 4])
        gains[:, band] = amplifications[:, band]
        expected *= gains / np.sqrt((power * gains**2).sum(axis=1, keepdims=True))
    found = augment.band_gains(tf.constant(amplifications, tf.float32)).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    np.testing.assert_allclose((found[:30] ** 2) @ power, 1, rtol=1e-5)
    assert np.all(augment.band_gains(tf.ones([2, 4])) == 1)


def test_filters_are_drawn_for_each_band():
    """A constant image is scaled by the first gain, twice: it stays where no band is amplified."""
    images, p = tf.fill([4000, 4, 4, 1], 0.5), 0.3
    gains = (augment.filtered(images, p, rng(count=4000))[:, 0, 0, 0] * 2) ** 0.5
    assert abs(np.mean(gains == 1) - (1 - p) ** 4) < 0.03  # four standard errors
    low = augment.filtered(images, 1.0, rng(count=4000))[:, 0, 0, 0]
    amplified = 2 ** rng(count=4000).normal([4])  # not the same ones, which follow uniform draws
    expected = augment.band_gains(amplified)[:, 0] ** 2 / 2
    np.testing.assert_allclose(np.mean(low), np.mean(expected), rtol=0.03)
    np.testing.assert_allclose(np.std(low), np.std(expected), rtol=0.06)


def test_moments_of_noise():
    """Of 4,000 images: a share p is changed; deviations are |N(0, 0.1)|, values within independent."""
    images, p = np.zeros([4000, 8, 8, 3], np.float32), 0.3
    some = augment.noisy(images, p, rng(count=4000)).numpy()
    assert abs(np.mean(some.any(axis=(1, 2, 3))) - p) < 0.03
    found = augment.noisy(images, 1.0, rng(count=4000)).numpy().astype(np.float64)
    deviations = found.std(axis=(1, 2, 3))
    np.testing.assert_allclose(np.mean(deviations), 0.1 * (2 / np.pi) ** 0.5, rtol=0.05)
    np.testing.assert_allclose(np.mean(found**2), 0.01, rtol=0.1)
    assert abs(found.mean()) < 1e-3
    scaled = (found / deviations[:, None, None, None]).reshape(4000, -1)
    np.testing.assert_allclose(np.mean(scaled**4), 3, rtol=0.05)
    neighbours = np.mean(scaled[:, :-1] * scaled[:, 1:])  # of the next colour or pixel
    assert abs(neighbours) < 0.01


def test_a_hole_is_half_as_wide_as_the_image():
    """Centred at 0.5 it has the middle pixels; its mean share is (7/16)^2, part of it being outside."""
    expected = IMAGES.copy()
    expected[:, 2:6, 2:6] = 0
    np.testing.assert_array_equal(augment.ada_cutout(IMAGES, 1.0, Fixed(0.5)), expected)
    corner = IMAGES.copy()
    corner[:, :2, :2] = 0
    np.testing.assert_array_equal(augment.ada_cutout(IMAGES, 1.0, Fixed(0.0)), corner)
    np.testing.assert_array_equal(augment.ada_cutout(IMAGES, 0.5, Fixed(0.5)), IMAGES)
    ones, p = np.ones([4000, 16, 32, 1], np.float32), 0.4
    found = augment.ada_cutout(ones, p, rng(count=4000)).numpy() == 0
    assert abs(np.mean(found.any(axis=(1, 2, 3))) - p) < 0.03
    assert abs(found.mean() - p * (7 / 16) ** 2) < 0.012
    boxes = found[found.any(axis=(1, 2, 3))]
    assert (
        boxes.any(axis=(2, 3)).sum(axis=1).max() == 8 and boxes.any(axis=(1, 3)).sum(1).max() == 16
    )


@pytest.mark.parametrize("function", ["geometric", "ada_color", "filtered", "ada_cutout"])
def test_grey_images_are_those_of_three_equal_channels(function):
    """So that one channel is augmented as in colour; noise is other in each channel."""
    grey = IMAGES[..., :1]
    found = getattr(augment, function)(tf.constant(grey), 0.9, rng()).numpy()
    wide = getattr(augment, function)(tf.constant(grey.repeat(3, axis=-1)), 0.9, rng())
    np.testing.assert_allclose(wide, found.repeat(3, axis=-1), atol=1e-5)
    assert not np.array_equal(found, grey)


# === All ===


@pytest.mark.parametrize("policy", POLICIES)
def test_gradients_of_both_orders(policy):
    """Of sum(T(x)^3): the gradient along a direction and its own, by central differences."""
    direction = tf.constant(RANDOM.normal(size=IMAGES.shape), tf.float32)

    def value(x):
        return tf.reduce_sum(augmented(x, policy, rng()) ** 3)

    def slope(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            total = value(x)
        return tf.reduce_sum(tape.gradient(total, x) * direction)

    def curvature(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            total = slope(x)
        return tf.reduce_sum(tape.gradient(total, x) * direction)

    x, step = tf.constant(IMAGES), 1e-2
    for function, derivative in ((value, slope), (slope, curvature)):
        ends = [np.float64(function(x + sign * step * direction)) for sign in (1, -1)]
        np.testing.assert_allclose(derivative(x), (ends[0] - ends[1]) / (2 * step), rtol=2e-2)


@pytest.mark.parametrize("policy", POLICIES)
def test_xla_gives_the_same(policy):
    def run(update):
        x = tf.constant(IMAGES)
        with tf.GradientTape() as tape:
            tape.watch(x)
            found = augmented(x, policy, Rng(3, update, 0, 6), tf.constant(0.8))
            total = tf.reduce_sum(found**2)
        return found, tape.gradient(total, x)

    update = tf.constant(7, tf.int64)
    compiled = tf.function(run, jit_compile=True)(update)
    for ours, theirs in zip(compiled, run(update), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)
