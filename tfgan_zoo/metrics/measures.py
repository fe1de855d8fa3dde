"""The table of measures: what each reads of two sets of images, and how its error is found."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from tfgan_zoo.metrics import classes, images, kernel, manifold
from tfgan_zoo.metrics.classifier import classification_accuracy_score
from tfgan_zoo.metrics.frechet import frechet_distance, frechet_distance_infinity
from tfgan_zoo.metrics.intervals import repeats_error
from tfgan_zoo.metrics.statistics import join


class Measure(NamedTuple):
    """A row of the table of measures.

    Attributes:
        function: From the `Statistics` of the real images (None for a measure without) and a list of
            those of the generated ones, part by part, to a number, or to one and a dictionary
            of further numbers.
        needs: The fields of `Statistics` that it reads.
        better: "lower", "higher" or "near" (the real images' own).
        summary: One line.
        has_extractor: Whether it looks at features or classes, or at the pixels themselves.
        has_real: Whether it compares with real images.
        jackknife: Whether its standard error is that of the jackknife over the parts; else it is in
            the dictionary as "error", with "repeats" if it comes from that many.
        least: How many images it needs for a value and its error, generated ones and real ones.
    """

    function: Callable
    needs: tuple
    better: str
    summary: str
    has_extractor: bool = True
    has_real: bool = True
    jackknife: bool = True
    least: int = 2


def _neighbours(function):
    def measure(real, parts):
        value, error = function(real.features, join(parts).features)
        return value, {"error": error}

    return measure


def _kernel(real, parts):
    """Subsets of at most half the images, so that their spread means something."""
    generated = join(parts).features
    count = min(len(real.features), len(generated))
    size = min(1000, count // 2)
    value, spread = kernel.kernel_distance(real.features, generated, subset_size=size)
    return value, {"error": spread * math.sqrt(size / count), "subset_std": spread}


def _with(name, found):
    """A pair of numbers as one, and a dictionary of the other."""
    return found[0], {name: found[1]}


def _modes(which):
    def measure(real, parts):
        found = join(parts).probabilities
        num_classes, labels = found.shape[1], found.argmax(axis=1)
        prior = classes.prior_of(real.probabilities.argmax(axis=1), labels, num_classes)
        return classes.mode_coverage(labels, num_classes, prior)[which]

    return measure


def _sliced(real, parts):
    """The mean of four repeats, each with 128 directions and patches of its own."""
    generated = join(parts).images
    repeats = [
        images.sliced_wasserstein_distance(real.images, generated, 128, seed=seed)
        for seed in range(4)
    ]
    means = [np.mean(list(levels.values())) for levels in repeats]
    sides = {f"side_{k}": float(np.mean([levels[k] for levels in repeats])) for k in repeats[0]}
    return float(np.mean(means)), {"error": repeats_error(means), "repeats": 4, **sides}


_PIXELS = {"has_extractor": False}
_OWN_ERROR = {"jackknife": False}
_ALONE = {"has_real": False}

MEASURES = {
    "fd": Measure(
        lambda real, parts: frechet_distance(real.moments, join(parts).moments),
        ("moments",), "lower", "Fréchet distance of features", least=3,
    ),
    "fd_infinity": Measure(
        lambda real, parts: frechet_distance_infinity(real.moments, [p.moments for p in parts]),
        ("moments",), "lower", "Fréchet distance, extrapolated to infinitely many images",
        least=5,
    ),
    "kd": Measure(
        _kernel,
        ("features",), "lower", "kernel distance: cubic kernel, 100 subsets of 1,000", **_OWN_ERROR,
        least=4,
    ),
    "is": Measure(
        lambda real, parts: _with("split_std", classes.inception_score(join(parts).probabilities)),
        ("probabilities",), "higher", "Inception score, 10 splits", **_ALONE,
        least=12,
    ),
    "precision": Measure(
        _neighbours(manifold.precision),
        ("features",), "higher", "generated images within the real manifold, k = 3", **_OWN_ERROR,
        least=4,
    ),
    "recall": Measure(
        _neighbours(manifold.recall),
        ("features",), "higher", "real images within the generated manifold, k = 3", **_OWN_ERROR,
        least=4,
    ),
    "density": Measure(
        _neighbours(manifold.density),
        ("features",), "higher", "real balls that hold a generated image, over k = 5", **_OWN_ERROR,
        least=6,
    ),
    "coverage": Measure(
        _neighbours(manifold.coverage),
        ("features",), "higher", "real balls that hold a generated image, k = 5", **_OWN_ERROR,
        least=6,
    ),
    "modes": Measure(
        _modes(0),
        ("probabilities",), "higher", "classes that are generated",
    ),
    "mode_kl": Measure(
        _modes(1),
        ("probabilities",), "lower", "KL of the generated classes to the real ones, in nats",
    ),
    "intra_fd": Measure(
        lambda real, parts: classes.intra_class(frechet_distance, real, join(parts)),
        ("features", "labels"), "lower", "Fréchet distance within a class, mean of the classes",
        least=3,
    ),
    "cas": Measure(
        lambda real, parts: _with("error", classification_accuracy_score(join(parts), real)),
        ("images", "labels"), "higher", "accuracy on real images of a classifier trained on generated "
        "ones", **_PIXELS, **_OWN_ERROR,
    ),
    "ppl": Measure(
        lambda real, parts: images.path_length(join(parts).steps),
        ("steps",), "lower", "perceptual path length", **_ALONE,
    ),
    "swd": Measure(
        _sliced,
        ("images",), "lower", "sliced Wasserstein distance, mean of the levels", **_PIXELS, **_OWN_ERROR,
    ),
    "ms_ssim": Measure(
        lambda real, parts: images.ms_ssim_diversity(join(parts).images),
        ("images",), "near", "mean MS-SSIM of 1,000 pairs of images", **_PIXELS, **_ALONE,
        least=3,
    ),
}  # fmt: skip
