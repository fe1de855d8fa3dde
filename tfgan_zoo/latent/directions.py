"""Directions in a latent space along which images change in one way, and images along them."""

from typing import NamedTuple

import keras
import numpy as np
from numpy.typing import ArrayLike

from tfgan_zoo import progress
from tfgan_zoo.latent.affine import first_maps
from tfgan_zoo.latent.spaces import Space
from tfgan_zoo.metrics import extractors

_NEWTON_STEPS = 50


class ClosedForm(NamedTuple):
    """Directions from weights alone.

    Attributes:
        directions: float32 `[K, D]` of length 1, orthogonal, the strongest first; their signs are
            such that the largest component is positive.
        strengths: float64 `[K]`: |A n| of each, the factors by which the first layers stretch it.
    """

    directions: np.ndarray
    strengths: np.ndarray


class Supervised(NamedTuple):
    """A direction from labelled samples.

    Attributes:
        direction: float32 `[D]` of length 1, towards more of what was labelled.
        accuracy: Float. The share of held-out samples on the right side, mean of the folds.
        chance: Float. The share of the more frequent side, for which no direction is needed.
    """

    direction: np.ndarray
    accuracy: float
    chance: float


# === Closed form ===


def closed_form_directions(
    gan: keras.Model, count: int = 5, layers: slice | None = None
) -> ClosedForm:
    """The directions that the first layers amplify most: semantic factorisation (SeFa).

    They are the eigenvectors of AᵀA with the largest eigenvalues, where A maps latents (styles, in a
    model with styles) to what the first layers with weights make of them.

    Args:
        gan: `GAN`.
        count: Int. How many, at most the length of a latent or style.
        layers: Slice of the layers of a model with styles, or None for all. The first ones change
            pose and shape, the last ones colours.

    Returns:
        `ClosedForm`, in "z", or "w" for a model with styles.

    Raises:
        ValueError: A count out of range, or a generator whose first layers are not affine.

    Reference: Shen and Zhou, "Closed-Form Factorization of Latent Semantics in GANs", 2021.
    """
    stacked = np.concatenate(first_maps(gan, layers)).astype(np.float64)
    if not 0 < count <= stacked.shape[1]:
        raise ValueError(f"count must lie in [1, {stacked.shape[1]}]. Received: {count}.")
    values, vectors = np.linalg.eigh(stacked.T @ stacked)  # from the smallest to the largest
    directions = vectors.T[::-1][:count]
    largest = np.take_along_axis(directions, abs(directions).argmax(axis=1)[:, None], axis=1)
    strengths = np.sqrt(np.maximum(values[::-1][:count], 0))
    return ClosedForm((directions * np.sign(largest)).astype(np.float32), strengths)


# === From labelled samples ===


def supervised_direction(
    points: ArrayLike,
    labels: ArrayLike,
    middle: float | None = None,
    folds: int = 5,
    ridge: float = 1.0,
    seed: int = 0,
) -> Supervised:
    """The direction along which labels change, by a linear model of the points.

    Args:
        points: Floats `[N, D]`, such as `Space.from_seeds` gives.
        labels: Bools `[N]`, fitted by logistic regression, or floats `[N]` such as scores, by ridge
            regression.
        middle: Float that divides the two sides of scores, the median by default. Samples with just this
            score are on neither side, and do not count for the accuracy.
        folds: Int, 2 or more. Parts for cross-validation.
        ridge: Float above 0. Penalty on the squared length of the coefficients of standardised points.
        seed: Int. Of the order in which samples come to folds.

    Returns:
        `Supervised`.

    Raises:
        ValueError: Shapes that do not agree, too few samples of a side, or an option out of range.

    Reference: Shen et al., "Interpreting the Latent Space of GANs for Semantic Face Editing", 2020,
    where the hyperplane is a support vector machine's.
    """
    points, labels = np.asarray(points, np.float64), np.asarray(labels)
    _check_points(points, labels, folds, ridge)
    is_class = labels.dtype == bool
    fit, middle = (_logistic, 0.5) if is_class else (_least_squares, middle)
    middle = np.median(labels) if middle is None else middle
    sides, counted = labels > middle, labels != middle
    _check_sides(sides[counted], folds)
    standard = (points - points.mean(axis=0)) / _deviations(points)
    shares, fold_of = [], np.random.default_rng(seed).permutation(len(points)) % folds
    for fold in range(folds):
        train, held_out = fold_of != fold, (fold_of == fold) & counted
        coefficients, offset = fit(standard[train], labels[train], ridge)
        guessed = standard[held_out] @ coefficients + offset > (0 if is_class else middle)
        shares.append(np.mean(guessed == sides[held_out]))
    coefficients, _ = fit(standard, labels, ridge)
    direction = coefficients / _deviations(points)
    share = np.mean(sides[counted])
    direction = (direction / np.linalg.norm(direction)).astype(np.float32)
    return Supervised(direction, float(np.mean(shares)), float(max(share, 1 - share)))


def class_direction(
    gan: keras.Model,
    extractor: str,
    start: int,
    end: int,
    count: int = 2000,
    space: str | None = None,
    seed: int = 0,
    ridge: float = 1.0,
) -> Supervised:
    """The direction from samples that a classifier takes for one class to those of another.

    It is fitted to 1 for the end, -1 for the start and 0 for all other classes. The border between the
    two classes alone would not do: beyond it may lie a third one, in which the direction would end.

    Args:
        gan: `GAN` without labels.
        extractor: Name of an extractor with classes, such as "lenet_fashion_mnist".
        start, end: Ints. The classes.
        count: Int. Samples to draw and classify.
        space: "z" or "w"; see `Space`.
        seed: Int. The first seed of the samples.
        ridge: Float. See `supervised_direction`.

    Returns:
        `Supervised`; the accuracy is that among samples of the two classes.

    Raises:
        ValueError: An extractor without these classes, a model with labels, or too few samples.
    """
    space, classifier = Space(gan, space), extractors.get(extractor)
    classes = getattr(classifier, "num_classes", None) or 0
    if not (0 <= start < classes and 0 <= end < classes and start != end):
        raise ValueError(
            f"Two classes of the {classes} of {extractor} are needed. Received: {start}, {end}."
        )
    if gan.num_classes is not None:
        raise ValueError(
            f"{type(gan).__name__} draws the class that its label names: give it another label."
        )
    points, labels = space.from_seeds(seed + np.arange(count)), []
    for k in range(0, count, 256):
        progress.advanced(k, count)
        labels.append(classifier(space.images(points[k : k + 256]))[1].argmax(axis=1))
    labels = np.concatenate(labels)
    contrast = (labels == end) * 1.0 - (labels == start)
    return supervised_direction(points, contrast, middle=0.0, ridge=ridge)


def _least_squares(points, scores, ridge):
    """Coefficients `[D]` and offset of the fitted scores."""
    centre, mean = points.mean(axis=0), scores.mean()
    centred = points - centre
    matrix = centred.T @ centred + ridge * np.eye(points.shape[1])
    coefficients = np.linalg.solve(matrix, centred.T @ (scores - mean))
    return coefficients, mean - centre @ coefficients


def _logistic(points, labels, ridge):
    """Coefficients `[D]` and offset of the log odds, by Newton's method; the offset is not penalised."""
    rows = np.concatenate([points, np.ones([len(points), 1])], axis=1)
    penalty = np.diag([*np.full(points.shape[1], float(ridge)), 1e-9])
    weights = np.zeros(rows.shape[1])
    for _ in range(_NEWTON_STEPS):
        odds = 1 / (1 + np.exp(-np.clip(rows @ weights, -30, 30)))
        slope = rows.T @ (odds - labels) + penalty @ weights
        curvature = (rows * (odds * (1 - odds))[:, None]).T @ rows + penalty
        change = np.linalg.solve(curvature, slope)
        weights -= change
        if abs(change).max() < 1e-8:
            break
    return weights[:-1], weights[-1]


def _deviations(points):
    """The standard deviation of each coordinate; 1 for one that is constant."""
    found = points.std(axis=0)
    return np.where(found > 0, found, 1.0)


def _check_points(points, labels, folds, ridge):
    if points.ndim != 2 or labels.shape != points.shape[:1] or labels.dtype.kind not in "bf":
        raise ValueError(
            "Points must be floats [N, D], labels bools or floats [N]. Received shapes "
            f"{points.shape} and {labels.shape}, labels of dtype {labels.dtype}."
        )
    if folds < 2 or ridge <= 0:
        raise ValueError(f"folds must be 2 or more and ridge above 0, not {folds} and {ridge}.")
    if not (np.isfinite(points).all() and np.isfinite(labels).all()):
        raise ValueError("Points and labels must be finite; these hold NaN or infinity.")


def _check_sides(sides, folds):
    least = min(sides.sum(), (~sides).sum())
    if least < 2 * folds:
        raise ValueError(
            f"{folds} folds need {2 * folds} samples of each side or more. Received: {least} of one "
            f"in {len(sides)}. Draw more samples, or ask for another class."
        )


# === Images along a direction ===


def edit(
    gan: keras.Model,
    points: ArrayLike,
    direction: ArrayLike,
    strengths: ArrayLike,
    space: str | None = None,
    labels: ArrayLike | None = None,
    layers: slice | None = None,
) -> np.ndarray:
    """Images of points moved along a direction.

    Args:
        gan: `GAN`.
        points: Floats `[N, …]` of the space.
        direction: Floats `[D]`.
        strengths: Floats `[S]`: what multiples of the direction are added; 0 changes nothing.
        space: "z", "w" or "w+"; see `Space`.
        labels: What the images show, for a model with labels or texts; see `Space.images`.
        layers: Slice of the layers that take the change, in "w+"; None for all.

    Returns:
        uint8 `[N, S, H, W, C]`.

    Raises:
        ValueError: Shapes that do not fit the space, or layers in another space than "w+".
    """
    space, strengths = Space(gan, space), np.asarray(strengths, np.float32).reshape(-1)
    points, direction = np.asarray(points, np.float32), np.asarray(direction, np.float32)
    space.check(points)
    if direction.shape != space.shape[-1:]:
        raise ValueError(
            f"A direction of {space.name} has shape {space.shape[-1:]}. Received: {direction.shape}."
        )
    if layers is not None and space.name != "w+":
        raise ValueError(f"Single layers are moved in the space w+, not in {space.name}.")
    change = np.zeros(space.shape, np.float32)
    change[layers or slice(None)] = direction
    wide = strengths.reshape([-1] + [1] * len(space.shape))
    moved = points[:, None] + wide * change
    labels = space.labels(labels, len(points))
    labels = None if labels is None else np.repeat(labels, len(strengths))
    images = space.images(moved.reshape(-1, *space.shape), labels)
    return images.reshape(len(points), len(strengths), *images.shape[1:])
