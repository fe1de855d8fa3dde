"""What detectors are made of: spectra, degradations, ranks, calibration; against formulas of NumPy."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tfgan_zoo import forensics
from tfgan_zoo.forensics.spectrum import radial_bins


@pytest.fixture
def pictures():
    return np.random.default_rng(0).integers(0, 256, (5, 12, 16, 1), np.uint8)


# === Spectrum ===


def test_radial_power_against_a_loop_in_float64(pictures):
    """The Fourier sum written out, and every frequency put to its radius; a tolerance of 1e-4 in the
    logarithm, of float32."""
    images = pictures[:2] / 127.5 - 1
    found = forensics.RadialSpectrum()(tf.constant(images, tf.float32)).numpy()
    for image, row in zip(images[..., 0], found, strict=True):
        np.testing.assert_allclose(row, radial_by_hand(image), atol=1e-4)


def radial_by_hand(image):
    height, width = image.shape
    sums, counts = {}, {}
    y, x = np.mgrid[:height, :width]
    for u in range(-(height // 2), height - height // 2):
        for v in range(-(width // 2), width - width // 2):
            value = (image * np.exp(-2j * np.pi * (u * y / height + v * x / width))).sum()
            side = min(height, width)
            radius = round(side * ((u / height) ** 2 + (v / width) ** 2) ** 0.5)
            sums[radius] = sums.get(radius, 0) + abs(value) ** 2 / (height * width)
            counts[radius] = counts.get(radius, 0) + 1
    return [np.log(sums[r] / counts[r] + 1e-8) for r in sorted(sums)]


def test_a_wave_has_its_power_at_its_frequency():
    """And upsampling by repetition leaves the powers of a checkerboard at half the sampling rate."""
    wave = np.cos(2 * np.pi * 5 * np.arange(28) / 28)[None, None, :, None] * np.ones((1, 28, 1, 1))
    found = forensics.RadialSpectrum()(tf.constant(wave, tf.float32)).numpy()[0]
    assert found.argmax() == 5 and radial_bins(28, 28)[1] == len(found) == 21


# === Degradations ===


def test_blur_is_that_of_a_gaussian(pictures):
    """Against a float64 sum over pixels, to one level by rounding; sigma 0 changes nothing."""
    sigmas = np.array([0, 0.5, 1, 2, 3.0])
    found = forensics.blurred(pictures, sigmas).numpy()
    np.testing.assert_array_equal(found[0], pictures[0])
    for image, sigma, made in zip(pictures[1:], sigmas[1:], found[1:], strict=True):
        weights = [
            np.exp(-((np.arange(side)[:, None] - np.arange(side)) ** 2) / (2 * sigma**2))
            for side in image.shape[:2]
        ]
        rows, columns = (weight / weight.sum(axis=1, keepdims=True) for weight in weights)
        expected = rows @ image[..., 0].astype(float) @ columns.T
        assert np.abs(made[..., 0] - expected).max() <= 0.51


@pytest.mark.parametrize("channels", [1, 3])
def test_jpeg_is_that_of_pillow(channels):
    """A real file of that quality. TensorFlow's usual decoder is 11 levels off at quality 100."""
    smooth = np.linspace(0, 255, 16)[None, :, None] * np.ones((16, 1, channels))
    image = smooth.astype(np.uint8)
    found = forensics.jpeg(np.stack([image] * 3), [0, 30, 100]).numpy()
    np.testing.assert_array_equal(found[0], image)
    for quality, made in ((30, found[1]), (100, found[2])):
        file = io.BytesIO()
        Image.fromarray(image.squeeze()).save(file, "JPEG", quality=quality)
        read = np.asarray(Image.open(file)).reshape(image.shape)
        assert np.abs(made.astype(int) - read).max() <= 1
    assert np.abs(found[1].astype(int) - image).mean() > np.abs(found[2].astype(int) - image).mean()


def test_resizing_goes_there_and_back(pictures):
    even = np.full_like(pictures, 77)
    np.testing.assert_array_equal(forensics.resized(even, 0.5).numpy(), even)
    assert np.ptp(forensics.resized(pictures, 0.5).numpy()) < np.ptp(pictures)
    assert forensics.resized(pictures, 0.5).shape == pictures.shape


def test_draws_are_functions_of_the_seed():
    """And as often as the probability says: of 400 images 100 +- 35 (4 deviations) stay, at 0.5."""
    images = np.random.default_rng(1).integers(0, 256, (400, 8, 8, 1), np.uint8)
    augment = tf.function(forensics.BlurJPEG(0.5))
    made = [augment(images, tf.constant([7, step])).numpy() for step in (0, 0, 1)]
    np.testing.assert_array_equal(made[0], made[1])
    assert (made[0] != made[2]).any()
    kept = (made[0] == images).all(axis=(1, 2, 3)).sum()
    assert 65 <= kept <= 140
    np.testing.assert_array_equal(forensics.BlurJPEG(0)(images[:4], [7, 0]), images[:4])


@pytest.mark.parametrize(
    "options", [{"probability": 1.5}, {"max_sigma": -1}, {"min_quality": 0}], ids=str
)
def test_augmentations_that_are_none(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        forensics.BlurJPEG(**options)


# === Scores ===


def test_auc_counts_pairs():
    """Every pair looked at, with ties."""
    rng = np.random.default_rng(0)
    real, generated = rng.integers(0, 9, 70) * 1.0, rng.integers(2, 11, 50) * 1.0
    pairs = [(g > r) + (g == r) / 2 for r in real for g in generated]
    assert forensics.auc(real, generated) == pytest.approx(np.mean(pairs), abs=1e-12)


def test_a_threshold_lets_a_share_pass():
    real = np.random.default_rng(0).permutation(1000) * 1.0
    threshold = forensics.threshold_at(real, 0.01)
    assert threshold == 989 and forensics.rate_above(real, threshold).share == 0.01
    rate = forensics.rate_above(real, threshold)
    assert rate.interval == pytest.approx([0.00544, 0.0183], abs=1e-4)  # Wilson's, by hand
    assert forensics.rate_above(np.zeros(200), forensics.threshold_at(np.zeros(200))).share == 0
    with pytest.raises(ValueError, match="100 real images or more"):
        forensics.threshold_at(real[:99], 0.01)


def test_calibration_error_by_hand():
    """Three bins: 0.1 of which none is generated, 0.5 of which half are, 0.9 of which all are."""
    probabilities = np.repeat([0.1, 0.5, 0.9], [10, 20, 10])
    labels = np.repeat([0, 0, 1, 1], [10, 10, 10, 10])
    found = forensics.reliability(probabilities, labels, bins=10)
    assert [row.share for row in found] == pytest.approx([0, 0.5, 1])
    assert forensics.calibration_error(probabilities, labels, 10) == pytest.approx(0.05)
    more = np.repeat([0, 1], [20, 60])  # kinds count alike: three times as many change nothing
    again = forensics.calibration_error(np.repeat(probabilities, [1] * 20 + [3] * 20), more, 10)
    assert again == pytest.approx(0.05)


def test_probabilities_that_hold_have_no_error():
    """Drawn labels: the error is that of sampling, below 0.01 with 40,000."""
    rng = np.random.default_rng(0)
    logits = rng.normal(size=40_000) * 2
    true = 1 / (1 + np.exp(-logits))
    labels = rng.random(40_000) < true
    assert forensics.calibration_error(true, labels) < 0.01
    wrong = 1 / (1 + np.exp(-3 * logits))
    assert forensics.calibration_error(wrong, labels) > 0.1


@pytest.mark.parametrize(("values", "message"), [([], "finite"), ([np.nan], "NaN")], ids=str)
def test_scores_that_are_none(values, message):
    with pytest.raises(ValueError, match=message):
        forensics.auc(values, [1.0])
    with pytest.raises(ValueError, match="Real and generated"):
        forensics.calibration_error([0.5, 0.6], [1, 1])


# === Calibration ===


def test_platt_finds_a_known_scale_and_offset():
    """x has the log odds x, if N(2, 4) stands against N(-2, 4); given are 3 x + 7. Kinds count alike,
    though one has ten times as many."""
    rng = np.random.default_rng(0)
    true = np.concatenate([rng.normal(-2, 2, 40_000), rng.normal(2, 2, 4_000)])
    labels = np.arange(44_000) >= 40_000
    scale, offset = forensics.platt(3 * true + 7, labels)
    assert scale == pytest.approx(1 / 3, rel=0.05)
    assert offset == pytest.approx(-7 / 3, abs=0.1)


def test_platt_stays_finite_where_kinds_do_not_overlap():
    """Its targets of 12 images are 13 / 14 and 1 / 14, which are met: logits of 2.565."""
    scale, offset = forensics.platt(np.repeat([-1.0, 1.0], 12), np.arange(24) >= 12)
    assert (scale, offset) == (pytest.approx(np.log(13), rel=1e-4), pytest.approx(0, abs=1e-6))
    with pytest.raises(ValueError, match="learned nothing"):
        forensics.platt(np.repeat([1.0, -1.0], 12), np.arange(24) >= 12)


def test_temperature_is_found_again():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(8_000, 5)) * 2
    labels = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)  # draws of the softmax
    assert forensics.temperature(2.5 * logits, labels) == pytest.approx(2.5, rel=0.05)
