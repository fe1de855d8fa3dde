"""Scores of a classifier's answers: Inception score, modes covered.

References: Salimans et al., "Improved Techniques for Training GANs", 2016 (section 4); Metz et al.,
"Unrolled Generative Adversarial Networks", 2016 (section 3.3.1), for modes and KL.
"""

import numpy as np
from numpy.typing import ArrayLike

from tfgan_zoo.metrics import checks


def inception_score(probabilities: ArrayLike, splits: int = 10) -> tuple[float, float]:
    """exp(E KL(p(y|x) || p(y))), over parts of the images.

    Args:
        probabilities: Floats `[N, K]`, rows sum to 1.
        splits: Int. Parts, each with its own p(y), of consecutive rows.

    Returns:
        `(mean, standard deviation)` over the parts, floats; the mean is in [1, K].

    Raises:
        ValueError: Rows that are no probabilities, or fewer rows than parts.
    """
    values = checks.probabilities(probabilities)
    if len(values) < splits:
        raise ValueError(f"{len(values)} images cannot be cut into {splits} parts.")
    scores = [np.exp(_mean_divergence(part)) for part in np.array_split(values, splits)]
    return float(np.mean(scores)), float(np.std(scores))


def _mean_divergence(values):
    return np.mean(_divergence(values, values.mean(axis=0)))


def _divergence(p, q):
    """KL(p || q) along the last axis, in nats; terms with p = 0 are 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(p > 0, p * (np.log(p) - np.log(q)), 0.0).sum(axis=-1)


def mode_coverage(
    labels: ArrayLike, num_classes: int, prior: ArrayLike | None = None
) -> tuple[int, float]:
    """How many classes were generated, and how far their shares are from the prior's.

    Args:
        labels: Ints `[N]` in [0, num_classes): a classifier's answers for generated images.
        num_classes: Int.
        prior: Floats `[num_classes]`, the shares in the training set; uniform by default.

    Returns:
        `(modes, divergence)`: an int, and KL(shares || prior) in nats.

    Raises:
        ValueError: No labels, labels out of range, or a prior of another size or with a zero.
    """
    labels = checks.labels(labels, num_classes)
    prior = (
        np.full(num_classes, 1 / num_classes) if prior is None else np.asarray(prior, np.float64)
    )
    counts = np.bincount(labels, minlength=num_classes)
    if prior.shape != (num_classes,) or (prior[counts > 0] <= 0).any():
        raise ValueError(
            f"prior must be {num_classes} shares, above 0 for the classes that are among the labels. "
            f"Received: {prior.tolist()}."
        )
    return int((counts > 0).sum()), float(_divergence(counts / counts.sum(), prior / prior.sum()))


def prior_of(labels, others, num_classes):
    """The shares of classes among ints `[N]`, float64 `[num_classes]`, as a prior for `others`.

    A class that only the others have counts as half an image, so that their divergence is finite.
    """
    counts, found = (np.bincount(x, minlength=num_classes) for x in (labels, others))
    counts = np.where((counts == 0) & (found > 0), 0.5, counts)
    return counts / counts.sum()


def intra_class(distance, real, generated):
    """The mean over classes of a distance between the features of real and of generated images.

    Args:
        distance: From real and generated features `[N, D]` to a float.
        real, generated: Objects with `features` `[N, D]` and `labels`, ints `[N]`.

    Returns:
        `(mean, {"class_0": distance, …})`, of the classes among the real images.

    Raises:
        ValueError: A class of which fewer than two images are real, or generated.
    """
    found = {}
    for label in np.unique(real.labels).tolist():
        sets = [s.features[s.labels == label] for s in (real, generated)]
        if min(map(len, sets)) < 2:
            raise ValueError(
                f"Class {label} has {len(sets[0])} real and {len(sets[1])} generated images; two of "
                "each are needed. Images of all classes come from a model with labels."
            )
        found[f"class_{label}"] = distance(*sets)
    return float(np.mean(list(found.values()))), found
