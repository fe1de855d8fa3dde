"""Attacks that guess which images a GAN was trained on, and what they prove of its epsilon."""

import math

import numpy as np
import tensorflow as tf

from tfgan_zoo import extras
from tfgan_zoo.losses.patches import by_image

_BATCH = 64
_SAMPLES = 1000  # that images are compared with


def audit(
    train,
    images,
    labels=None,
    shadows: int = 4,
    share: float = 0.1,
    delta: float = 1e-5,
    confidence: float = 0.95,
    seed: int = 0,
) -> dict:
    """Attacks a model, each image of whose data was in or out by a coin (Steinke et al. 2023).

    Attacks: "discriminator", images that it holds for real were in; "loss", so were those of a low
    loss of it; "nearest", those near to one of 1,000 samples, which needs the generator alone;
    "lira", the likelihood ratio of the discriminator's logit, an image's logits when in and when out
    being known from shadow models (Carlini et al. 2022), which are trained on images in and out by coins
    of their own.

    Args:
        train: Function of `(images, labels, seed)` that gives a trained `GAN`; labels may be None.
        images: float32 `[N, H, W, C]` in [-1, 1].
        labels: Int `[N]`, of a model with classes.
        shadows: Int. Models that are trained beside; 0 leaves "lira" out. Fewer than 4 see too little.
        share: Float in (0, 0.5]. Share of the images that are guessed to be in, those of the highest
            scores, and of those guessed to be out.
        delta, confidence: Floats in (0, 1), of the bound.
        seed: Int. Of coins and models.

    Returns:
        `{attack: {"auc": …, "guesses": …, "right": …, "epsilon": …}}`; epsilon is the greatest that
        `epsilon_of_guesses` rules out.

    References: Steinke, Nasr and Jagielski, "Privacy Auditing with One (1) Training Run", 2023
    (arXiv:2305.08846); Carlini et al., "Membership Inference Attacks From First Principles", 2022
    (arXiv:2112.03570).
    """
    coins = np.random.default_rng(seed).random((shadows + 1, len(images))) < 0.5
    found, logits = {}, []
    for number, inside in enumerate(coins):
        gan = train(images[inside], None if labels is None else labels[inside], seed + number)
        logits.append(discriminator_scores(gan, images, labels))
        if number == 0:
            found["discriminator"] = logits[0]
            found["loss"] = loss_scores(gan, images, labels)
            found["nearest"] = nearest_scores(gan, images)
    if shadows:
        found["lira"] = likelihood_ratios(logits[0], np.array(logits[1:]), coins[1:])
    return {
        name: _told(scores, coins[0], share, delta, confidence) for name, scores in found.items()
    }


def _told(scores, inside, share, delta, confidence):
    count = max(1, int(share * len(scores)))
    order = np.argsort(scores, kind="stable")
    right = int(inside[order[-count:]].sum() + (~inside[order[:count]]).sum())
    bound = epsilon_of_guesses(right, 2 * count, len(scores), delta, confidence)
    return {"auc": auc(scores, inside), "guesses": 2 * count, "right": right, "epsilon": bound}


def epsilon_of_guesses(
    right: int, guesses: int, images: int, delta: float = 0.0, confidence: float = 0.95
) -> float:
    """A lower bound of epsilon, of guesses on which of the images were in, each by a fair coin.

    With (epsilon, 0)-privacy no more guesses are right than of a binomial distribution with probability
    e^epsilon / (1 + e^epsilon): without delta this is the bound of Clopper and Pearson on that
    probability. With delta it is theorem 5.2 of Steinke et al. 2023.

    Args:
        right, guesses: Ints. Right guesses, and all; on images for which there is none nothing is said.
        images: Int. All images that were in or out by a coin.
        delta: Float in [0, 1).
        confidence: Float in (0, 1).

    Returns:
        Float: the greatest epsilon, to a thousandth, that is ruled out; 0 where none is.

    Raises:
        ValueError: More right guesses than guesses, or more guesses than images.
    """
    if not 0 <= right <= guesses <= images:
        raise ValueError(
            "There must be 0 <= right <= guesses <= images. Received: "
            f"{right}, {guesses} and {images}."
        )

    def is_ruled_out(epsilon):
        return _probability(right, guesses, images, epsilon, delta) < 1 - confidence

    if not is_ruled_out(0.0):
        return 0.0
    low, high = 0.0, 50.0
    while high - low > 1e-3:
        middle = (low + high) / 2
        low, high = (middle, high) if is_ruled_out(middle) else (low, middle)
    return low


def _probability(right, guesses, images, epsilon, delta):
    """An upper bound of the probability of so many right guesses."""
    with extras.needed_by("The audit of differential privacy"):
        from scipy import stats
    chance = stats.binom(guesses, 1 / (1 + math.exp(-epsilon)))
    fewer = np.cumsum(chance.pmf(np.arange(right - 1, -1, -1)))  # of 1, 2, … fewer
    steepest = float(np.max(fewer / np.arange(1, right + 1), initial=0.0))
    return min(1.0, float(chance.sf(right - 1)) + 2 * images * delta * steepest)


def auc(scores, inside) -> float:
    """The probability that an image that was in has a higher score than one that was not."""
    with extras.needed_by("The audit of differential privacy"):
        from scipy import stats
    inside = np.asarray(inside, bool)
    members, others = inside.sum(), (~inside).sum()
    ranks = stats.rankdata(scores)[inside].sum() - members * (members + 1) / 2
    return float(ranks / (members * others))


# === Scores of images: the higher, the more likely they were in ===


def discriminator_scores(gan, images, labels=None):
    """The discriminator's logits of images `[N, H, W, C]`, float64 `[N]`."""
    found = []
    for first in range(0, len(images), _BATCH):
        rows = slice(first, first + _BATCH)
        batch = {} if labels is None else {"labels": tf.constant(labels[rows], tf.int32)}
        outputs = gan.discriminator_outputs(tf.constant(images[rows]), batch)
        found.append(np.mean(outputs["logits"], axis=1))
    return np.concatenate(found).astype(np.float64)


def loss_scores(gan, images, labels=None):
    """Minus the discriminator's loss of images, beside generated ones of a logit of 0, float64 `[N]`."""
    logits = tf.constant(discriminator_scores(gan, images, labels), tf.float32)[:, None]
    means = {"real_mean": None, "fake_mean": None} if gan.objective.batch_mean else {}
    loss = by_image(gan.objective.discriminator, logits, tf.zeros_like(logits), **means)
    return -np.float64(loss)


def nearest_scores(gan, images):
    """Minus the Euclidean distance to the nearest of 1,000 samples, float64 `[N]`."""
    drawn = gan.generate_from_seeds(np.arange(_SAMPLES)).reshape(_SAMPLES, -1) / 127.5 - 1.0
    squares = np.sum(drawn**2, axis=1)
    found = []
    for first in range(0, len(images), _BATCH):
        rows = np.float64(images[first : first + _BATCH]).reshape(-1, drawn.shape[1])
        apart = np.sum(rows**2, axis=1)[:, None] - 2 * rows @ drawn.T + squares
        found.append(-np.sqrt(np.maximum(apart.min(axis=1), 0)))
    return np.concatenate(found)


def likelihood_ratios(scores, of_shadows, inside):
    """Logarithms of how much likelier scores `[N]` are of images that were in than of others.

    Args:
        scores: Of the model that is attacked, `[N]`.
        of_shadows: Of the shadow models, `[K, N]`.
        inside: Bool `[K, N]`. Which images these were trained on. An image that was in all or in none
            gets a ratio of 0.

    Both are normal, with means of each image and deviations of all (Carlini et al. 2022, section VI).
    """
    mean, deviation = {}, {}
    for side, chosen in (("in", inside), ("out", ~inside)):
        known = np.where(chosen, of_shadows, np.nan)
        count = chosen.sum(0)
        mean[side] = np.nansum(known, axis=0) / np.maximum(count, 1)
        rest = np.nansum((known - mean[side]) ** 2)
        deviation[side] = math.sqrt(rest / max(1, chosen.sum() - (count > 0).sum())) + 1e-12
    log = {
        side: -(((scores - mean[side]) / deviation[side]) ** 2) / 2 - math.log(deviation[side])
        for side in mean
    }
    is_known = inside.any(0) & ~inside.all(0)
    return np.where(is_known, log["in"] - log["out"], 0.0)
