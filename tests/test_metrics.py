"""Measures against closed forms and float64 formulas of another shape; see also test_agreement.py."""

import numpy as np
import pytest

from tfgan_zoo import metrics
from tfgan_zoo.metrics import Moments


def normal(n=400, d=6, mean=0.0, scale=1.0, seed=0):
    return np.random.default_rng(seed).normal(mean, scale, (n, d))


def exact_moments(mean, covariance):
    """Moments that are given, not measured."""
    moments = Moments()
    moments.count, moments.mean, moments._scatter = (
        2,
        np.asarray(mean, float),
        np.asarray(covariance),
    )
    return moments


# === Fréchet distance ===


def test_frechet_distance_of_normals_in_closed_form():
    """One dimension: (m1 - m2)² + (s1 - s2)². Commuting covariances: the sum of these."""
    first = exact_moments([1.0, 0.0, -2.0], np.diag([4.0, 9.0, 0.0]))
    second = exact_moments([0.0, 0.0, 1.0], np.diag([1.0, 9.0, 16.0]))
    assert metrics.frechet_distance(first, second) == pytest.approx(1 + 9 + 1 + 0 + 16, rel=1e-12)


def test_frechet_distance_does_not_depend_on_the_axes():
    rotation = np.linalg.qr(normal(6, 6, seed=3))[0]
    a, b = normal(), normal(mean=0.5, scale=2.0, seed=1)
    plain = metrics.frechet_distance(a, b)
    assert metrics.frechet_distance(a @ rotation, b @ rotation) == pytest.approx(plain, rel=1e-10)
    assert metrics.frechet_distance(b, a) == pytest.approx(plain, rel=1e-10)


def test_frechet_distance_of_equal_and_singular_sets():
    few = normal(5, 50)  # fewer rows than features
    assert metrics.frechet_distance(few, few) == 0
    shifted = metrics.frechet_distance(few, few + 2.0)
    assert shifted == pytest.approx(50 * 4, rel=1e-9)
    constant = np.ones((4, 3))
    assert metrics.frechet_distance(constant, constant * 3) == pytest.approx(12)


def test_moments_of_batches_are_those_of_all():
    values = normal(1000, 8, mean=1e4)  # a large mean, which naive sums of squares lose
    moments = Moments()
    for batch in np.split(values, [1, 10, 500]):
        moments.add(batch)
    assert moments.count == 1000
    np.testing.assert_allclose(moments.mean, values.mean(0), rtol=1e-14)
    np.testing.assert_allclose(moments.covariance, np.cov(values.T), rtol=1e-9, atol=1e-12)


def test_extrapolation_takes_the_bias_away():
    """Two samples of one distribution: the plain distance is too large, the extrapolated one near 0."""
    real = Moments().add(normal(20_000, 32))
    plain, extrapolated = [], []
    for seed in range(1, 6):
        generated = normal(1500, 32, seed=seed)
        plain.append(metrics.frechet_distance(real, generated))
        extrapolated.append(metrics.frechet_distance_infinity(real, np.array_split(generated, 10)))
    assert min(plain) > 0.15 and np.abs(np.mean(extrapolated)) < 0.2 * np.mean(plain)


@pytest.mark.parametrize("rows", [(20, 30), (2, 2), (20, 90)])
def test_few_rows_in_many_dimensions(rows):
    """The short way, taken where both sets are small, equals the one by covariances, to 1e-9."""
    real, generated = normal(rows[0], 64), normal(rows[1], 64, 0.3, 1.5, seed=1)
    by_moments = metrics.frechet_distance(Moments().add(real), Moments().add(generated))
    assert metrics.frechet_distance(real, generated) == pytest.approx(by_moments, rel=1e-9)


def test_adding_moments_changes_neither():
    first, second = Moments().add(normal()), Moments().add(normal(seed=1, mean=2.0))
    before = [part.covariance.copy() for part in (first, second)]
    both = first + second
    expected = np.cov(np.concatenate([normal(), normal(seed=1, mean=2.0)]).T)
    np.testing.assert_allclose(both.covariance, expected, rtol=1e-10, atol=1e-12)
    for part, covariance in zip((first, second), before, strict=True):
        np.testing.assert_array_equal(part.covariance, covariance)


# === Kernel distance ===


def test_kernel_distance_is_unbiased():
    """The mean over many draws of one distribution is 0 within three standard errors."""
    values = [
        metrics.kernel_distance(normal(50, 4, seed=i), normal(50, 4, seed=1000 + i), subsets=1)[0]
        for i in range(300)
    ]
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(len(values))


def test_kernel_distance_by_explicit_sums():
    x, y = normal(7, 3), normal(9, 3, mean=1.0, seed=1)

    def kernel(a, b):
        return (np.dot(a, b) / 3 + 1) ** 3

    def within(z):
        pairs = [kernel(z[i], z[j]) for i in range(len(z)) for j in range(len(z)) if i != j]
        return np.mean(pairs)

    mean, spread = metrics.kernel_distance(x, y[:7], subsets=4)
    expected = within(x) + within(y[:7]) - 2 * np.mean([kernel(a, b) for a in x for b in y[:7]])
    assert mean == pytest.approx(expected, rel=1e-12) and spread < 1e-12


# === Classes ===


def test_inception_score_of_known_cases():
    certain = np.eye(10)[np.arange(1000) % 10]
    assert metrics.inception_score(certain) == (pytest.approx(10), pytest.approx(0))
    assert metrics.inception_score(np.full((50, 10), 0.1)) == (pytest.approx(1), pytest.approx(0))
    assert metrics.inception_score(certain[:10].repeat(10, 0), splits=10)[0] == pytest.approx(1)


def test_mode_coverage():
    assert metrics.mode_coverage(np.arange(100) % 10, 10) == (10, pytest.approx(0))
    modes, divergence = metrics.mode_coverage(np.zeros(50, int), 10)
    assert modes == 1 and divergence == pytest.approx(np.log(10))
    shares = np.array([0.75, 0.25])
    assert metrics.mode_coverage(np.array([0, 0, 0, 1]), 2, shares) == (2, pytest.approx(0))


# === Manifolds ===


def brute_radii(points, k):
    distances = np.linalg.norm(points[:, None] - points[None], axis=-1)
    return np.sort(distances, axis=1)[:, k]


def test_neighbour_measures_by_brute_force():
    real, generated = normal(60, 3), normal(50, 3, mean=0.7, seed=1)
    cross = np.linalg.norm(generated[:, None] - real[None], axis=-1)
    inside_real = cross <= brute_radii(real, 3)
    inside_generated = brute_radii(generated, 3) >= cross.T
    expected = inside_real.any(1).mean(), inside_generated.any(1).mean()
    found = metrics.precision(real, generated, k=3)[0], metrics.recall(real, generated, k=3)[0]
    assert found == pytest.approx(expected)
    balls = cross <= brute_radii(real, 5)
    expected = balls.sum() / (5 * 50), balls.any(0).mean()
    found = metrics.density(real, generated, k=5)[0], metrics.coverage(real, generated, k=5)[0]
    assert found == pytest.approx(expected)


def test_neighbour_measures_tell_collapse_from_rubbish():
    real = normal(500, 4)
    collapsed, rubbish = real[:5].repeat(100, 0) + 1e-3 * normal(500, 4), normal(500, 4, mean=9.0)
    assert metrics.precision(real, collapsed) == (1.0, 0.0)
    assert metrics.recall(real, collapsed)[0] < 0.02
    assert metrics.precision(real, rubbish)[0] == metrics.recall(real, rubbish)[0] == 0
    assert 0.9 < metrics.density(real, normal(500, 4, seed=5))[0] < 1.1
    assert metrics.coverage(real, normal(500, 4, seed=5))[0] > 0.9
    assert metrics.coverage(real, collapsed)[0] < 0.1


def test_the_error_of_a_share_is_binomial():
    share, error = metrics.precision(normal(100, 4), normal(400, 4, mean=0.5, seed=1))
    assert 0 < share < 1 and error == pytest.approx(np.sqrt(share * (1 - share) / 400))


# === Refusals ===


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        ("frechet_distance", (normal(5, 3), normal(5, 4)), "3 real features and 4 generated ones"),
        ("frechet_distance", (normal(1, 3), normal(5, 3)), "needs 2 rows or more. Received: 1"),
        (
            "frechet_distance",
            (np.full((3, 2), np.nan), normal(5, 2)),
            "NaN or infinity, in 3 of 3 rows",
        ),
        (
            "frechet_distance",
            (normal(5, 3)[0], normal(5, 3)),
            r"shape \[N, D\]. Received: shape \(3,\)",
        ),
        ("kernel_distance", (normal(5, 3), normal(5, 4)), "same extractor"),
        ("kernel_distance", (normal(5, 3), normal(0, 3)), "2 rows or more. Received: 0"),
        (
            "kernel_distance",
            (normal(5, 3), normal(5, 3), 9, 1),
            "of 2 rows or more. Rec.*=9",
        ),
        ("kernel_distance", (normal(5, 3), normal(5, 3), 0), "one subset or more"),
        (
            "precision",
            (normal(3, 3), normal(9, 3)),
            "real features must have 4 rows or more",
        ),
        (
            "coverage",
            (normal(5, 3), normal(9, 3)),
            "real features must have 6 rows or more",
        ),
        ("inception_score", (normal(20, 3),), "each row must sum to 1"),
        ("inception_score", (np.full((3, 2), 0.5),), "3 images cannot be cut into 10 parts"),
        ("mode_coverage", (np.array([0, 3]), 3), r"must lie in \[0, 3\). Received: 0 to 3"),
        ("mode_coverage", (np.array([0.5]), 3), "labels must be ints"),
        ("mode_coverage", (np.array([1]), 2, [1.0, 0.0]), "prior must be 2 shares, above 0 for"),
    ],
)
def test_refusals(function, arguments, message):
    with pytest.raises(ValueError, match=message):
        getattr(metrics, function)(*arguments)
