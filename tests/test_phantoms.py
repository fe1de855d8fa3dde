"""The phantoms of benchmarks/phantoms.py, and what counts lesions on them."""

import pathlib
import sys

import numpy as np
import pytest

sys.path.append(str(pathlib.Path(__file__).parents[1] / "benchmarks"))

import phantoms
from phantoms import LESION, Lesion, phantom


@pytest.fixture
def sick():
    return phantom(np.random.default_rng(3), lesions=2)


def with_spot(image, row, column, brighter, radius=2.5):
    return image + brighter * phantoms.disc(Lesion(row, column, radius, 0.0))


def test_lesions_are_where_they_are_told(sick):
    """Brighter in the second contrast by what is said, darker in the first; nothing else changes."""
    assert len(sick.lesions) == 2
    expected = sick.healthy + LESION * sum(phantoms.disc(lesion) for lesion in sick.lesions)
    np.testing.assert_allclose(sick.clean, expected, atol=1e-12)
    for lesion in sick.lesions:
        assert sick.room[round(lesion.row), round(lesion.column)]
    one, other = sick.lesions
    assert np.hypot(one.row - other.row, one.column - other.column) > 10
    noise = sick.t2 - sick.clean
    assert np.std(noise[sick.room]) == pytest.approx(phantoms.NOISE, rel=0.3)


def test_a_seed_gives_a_phantom_and_another_one_another():
    again = [phantom(np.random.default_rng(seed), 1) for seed in (0, 0, 1)]
    np.testing.assert_array_equal(again[0].t1, again[1].t1)
    assert np.abs(again[0].healthy - again[2].healthy).mean() > 0.01
    assert all(image.min() >= 0 and image.max() <= 1 for p in again for image in (p.t1, p.t2))


def test_darker_in_the_first_contrast_by_the_lesion_contrast():
    """The mean over many, since one lesion's pixels are noisy, and the field of coils is of 5 %."""
    found = {}
    for seed in range(60):
        one = phantom(np.random.default_rng(seed), 2)
        for lesion in one.lesions:
            near = phantoms._distances(lesion)
            ring = (near > lesion.radius + 1) & (near < lesion.radius + 4) & one.room
            if ring.sum() > 5:
                inside = one.t1[near < lesion.radius - 1].mean()
                found.setdefault(lesion.contrast, []).append(one.t1[ring].mean() - inside)
    for contrast, values in found.items():
        assert np.mean(values) == pytest.approx(contrast, abs=0.015)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_what_is_kept_of_a_lesion(sick, share):
    translated = sick.healthy + share * (sick.clean - sick.healthy)
    np.testing.assert_allclose(phantoms.kept(translated, sick), share, atol=1e-9)


def test_spots_that_are_not_there_are_counted(sick):
    """A true lesion is none, a faint spot is none, nor one outside of where lesions may lie."""
    assert phantoms.hallucinated(sick.t2, sick) == 0
    far = [
        p
        for p in np.argwhere(sick.room)
        if all(phantoms._distances(x)[tuple(p)] > 10 for x in sick.lesions)
    ]
    row, column = far[0]
    assert phantoms.hallucinated(with_spot(sick.clean, row, column, LESION), sick) == 1
    assert phantoms.hallucinated(with_spot(sick.clean, row, column, LESION / 3), sick) == 0
    assert phantoms.hallucinated(with_spot(sick.clean, 3, 3, LESION), sick) == 0
    apart = next(p for p in far if np.hypot(p[0] - row, p[1] - column) > 12)
    both = with_spot(with_spot(sick.clean, row, column, LESION), *apart, LESION)
    assert phantoms.hallucinated(both, sick) == 2


def test_spots_that_touch_at_a_corner_are_one():
    mask = np.zeros([8, 8], bool)
    mask[1, 1] = mask[2, 2] = mask[6, 6] = True
    assert phantoms._spots(mask) == 2 and mask.sum() == 3
