"""Likeness of pictures against formulas in float64, and known cases."""

import numpy as np
import pytest

from tfgan_zoo import metrics
from tfgan_zoo.metrics import images as module


def noise(n=8, side=32, channels=3, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, side, side, channels), np.uint8)


def smooth(n=8, side=32, seed=0):
    """Images that are not noise: sums of waves."""
    rng, grid = np.random.default_rng(seed), np.arange(side) / side
    waves = [
        np.sin(2 * np.pi * (a * grid[:, None] + b * grid[None]) + c)
        for a, b, c in rng.uniform(0, 3, (n, 3))
    ]
    return np.uint8(np.rint(127.5 + 100 * np.array(waves)))[..., None].repeat(3, -1)


def test_psnr_in_closed_form():
    black, grey = np.zeros((2, 8, 8, 3), np.uint8), np.full((2, 8, 8, 3), 5, np.uint8)
    np.testing.assert_allclose(metrics.psnr(grey, black), 20 * np.log10(255 / 5), rtol=1e-12)
    assert np.isinf(metrics.psnr(grey, grey)).all()
    white = np.full((1, 8, 8, 3), 255, np.uint8)
    luma = metrics.psnr(white, white - 255, luma=True)  # Y goes from 16 to 235
    np.testing.assert_allclose(luma, 20 * np.log10(255 / 219), rtol=1e-3)


def ssim_by_formula(x, y):
    """Wang et al. 2004, equation 13, one channel after the other, in float64."""
    window = np.exp(-((np.arange(11) - 5) ** 2) / (2 * 1.5**2))
    window = np.outer(window, window) / window.sum() ** 2

    def mean(z):
        views = np.lib.stride_tricks.sliding_window_view(z, (11, 11))
        return (views * window).sum(axis=(-1, -2))

    values = []
    for a, b in zip(np.moveaxis(x, -1, 0), np.moveaxis(y, -1, 0), strict=True):
        a, b = a.astype(np.float64), b.astype(np.float64)
        va, vb = mean(a * a) - mean(a) ** 2, mean(b * b) - mean(b) ** 2
        covariance = mean(a * b) - mean(a) * mean(b)
        c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
        top = (2 * mean(a) * mean(b) + c1) * (2 * covariance + c2)
        values.append((top / ((mean(a) ** 2 + mean(b) ** 2 + c1) * (va + vb + c2))).mean())
    return np.mean(values)


def test_ssim_by_formula():
    x = smooth(3)
    y = np.uint8(np.clip(x.astype(int) + noise(3, seed=1) // 8, 0, 255))
    expected = [ssim_by_formula(a, b) for a, b in zip(x, y, strict=True)]
    np.testing.assert_allclose(metrics.ssim(x, y), expected, atol=1e-4)
    np.testing.assert_allclose(metrics.ssim(x, x), 1, atol=1e-6)


def test_diversity_sees_collapse():
    diverse = metrics.ms_ssim_diversity(smooth(40), pairs=200)
    collapsed = smooth(1).repeat(40, 0)
    assert metrics.ms_ssim_diversity(collapsed, pairs=50) == pytest.approx(1, abs=1e-6)
    assert diverse < 0.5
    assert metrics.ms_ssim_diversity(smooth(40), pairs=200) == diverse  # a function of the seed
    assert (
        sum(module._scale_weights(28)) == pytest.approx(1) and len(module._scale_weights(256)) == 5
    )


def test_pyramid_adds_up_to_the_image():
    images = noise(2, 64)
    *differences, image = module._pyramid(images, 16)
    for difference in reversed(differences):
        image = difference + module._enlarged(image)
    np.testing.assert_allclose(image, images, atol=1e-3)


def test_colourfulness_in_closed_form():
    """Hasler and Süsstrunk's formula, by sums over pixels in plain Python, to 1e-12; grey has none."""
    image = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    pixels = [tuple(map(int, pixel)) for row in image for pixel in row]
    opponents = [(r - g, 0.5 * (r + g) - b) for r, g, b in pixels]
    means = [sum(values) / len(pixels) for values in zip(*opponents, strict=True)]
    variances = [sum((v[i] - means[i]) ** 2 for v in opponents) / len(pixels) for i in (0, 1)]
    expected = sum(variances) ** 0.5 + 0.3 * sum(mean**2 for mean in means) ** 0.5
    red, grey = np.full_like(image, 0), image[..., :1].repeat(3, -1)
    red[..., 0] = 255
    found = metrics.colourfulness(np.stack([image, red, grey]))
    np.testing.assert_allclose(found, [expected, 0.3 * np.hypot(255, 127.5), 0], rtol=1e-12)
    with pytest.raises(ValueError, match="three channels"):
        metrics.colourfulness(image[None, ..., :1])


@pytest.mark.full
def test_sliced_wasserstein_distance():
    real = smooth(64, 32)
    assert metrics.sliced_wasserstein_distance(real, real) == {32: 0.0, 16: 0.0}
    near = metrics.sliced_wasserstein_distance(real, smooth(64, 32, seed=1))
    far = metrics.sliced_wasserstein_distance(real, noise(64, 32))
    assert all(near[side] < far[side] for side in (32, 16))
    assert far[32] > 2 * near[32]  # noise differs most where it is finest


def test_sliced_wasserstein_distance_of_points_in_closed_form():
    """Two sets a vector apart: the distance along a direction is its product with the vector."""
    points = np.random.default_rng(0).normal(size=(500, 3)).astype(np.float32)
    shift = np.array([3.0, 0.0, 4.0], np.float32)
    found = module._sliced(points, points + shift, 4096, np.random.default_rng(1))
    assert found == pytest.approx(
        5 / 2, rel=0.03
    )  # the mean of |cosine| in three dimensions is 1/2


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        (
            "psnr",
            (noise() / 255, noise()),
            r"images must be uint8 \[N, H, W, C\]. Received: float64",
        ),
        ("psnr", (noise(), noise(4)), "Shapes must agree"),
        ("psnr", (noise(channels=1), noise(channels=1), True), "Y channel is that of RGB"),
        ("ssim", (noise(side=8), noise(side=8)), "windows of 11 pixels"),
        ("ms_ssim_diversity", (noise(1),), "Pairs need 2 images"),
        ("sliced_wasserstein_distance", (noise(side=28), noise(side=28)), "16 times a power of 2"),
        ("sliced_wasserstein_distance", (noise(4), noise(5)), "Both sets must be alike"),
    ],
)
def test_refusals(name, arguments, message):
    with pytest.raises(ValueError, match=message):
        getattr(metrics, name)(*arguments)


def test_path_length_leaves_out_one_in_a_hundred_at_each_end():
    """As the authors' code does: the percentiles are the next lower and the next higher step, so that of
    1,000 steps 9 are left out at each end, and of 100 none."""
    rng = np.random.default_rng(0)
    ordered = np.array([*[-1e9] * 9, *np.linspace(1, 3, 982), *[1e9] * 9]) * 1e-8
    assert metrics.path_length(rng.permutation(ordered), epsilon=1e-4) == pytest.approx(2.0)
    ten = np.array([*np.linspace(1, 3, 990), *[1e9] * 10])  # the tenth is the next higher one
    assert metrics.path_length(ten, epsilon=1.0) > 1e5
    few = rng.uniform(size=100)
    assert metrics.path_length(few, epsilon=1.0) == pytest.approx(few.mean())
    for bad in ([], [1.0, np.nan]):
        with pytest.raises(ValueError, match="needs steps that are finite. Received:"):
            metrics.path_length(bad)
