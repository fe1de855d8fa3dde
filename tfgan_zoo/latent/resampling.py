"""Seeds whose images have the classes in the shares that are wanted."""

from collections.abc import Callable

import keras
import numpy as np
from numpy.typing import ArrayLike

from tfgan_zoo import numbers

_BATCH = 256


def balanced_seeds(
    gan: keras.Model,
    classify: Callable,
    target: ArrayLike,
    count: int,
    seed: int = 0,
    pool: int | None = None,
) -> np.ndarray:
    """Seeds of a model without labels that draw each class as often as wanted; the weights stay.

    The seeds from `seed` up are drawn and classified, and of each class the first ones are taken, as
    many as its share asks for: importance resampling with weights of target over drawn shares, without
    repeats. The quality within a class stays as it is, and the classifier's errors are in the result.

    Args:
        gan: `GAN` that takes neither labels nor texts.
        classify: From uint8 images `[B, H, W, C]` to ints `[B]` in [0, K), or to an `Extractor`'s pair
            of features and probabilities, of which the most probable class counts.
        target: K shares, numbers of 0 or more; only their ratios count.
        count: Int. Seeds to return.
        seed: Int, 0 or more. The first one that is tried.
        pool: Int. How many are tried at most; 20 times `count` by default.

    Returns:
        int64 `[count]`, ascending: for `gan.generate_from_seeds`, `tfgan-zoo sample --seeds`, a server.

    Raises:
        ValueError: A model that takes labels or texts, shares that are negative or all 0, seeds that are
            negative or beyond 64 bits, or a class of which the pool has too few: how many were found
            and wanted is told.

    Reference: Tan, Shen and Zhou, "Improving the Fairness of Deep Generative Models without Retraining",
    2020 (arXiv:2012.04842), which resamples latents by a Gaussian mixture of such classified ones.
    """
    wanted = _counts(target, count)
    if gan.condition:
        raise ValueError(
            f"{type(gan).__name__} draws what labels or texts ask for: give it those in the shares that "
            "you want."
        )
    found = [[] for _ in wanted]
    pool = 20 * count if pool is None else numbers.integer("pool", pool)
    numbers.integer("seed", seed, 0, numbers.INT64[1] - pool + 1)
    for first in range(seed, seed + pool, _BATCH):
        seeds = np.arange(first, min(first + _BATCH, seed + pool))
        labels = labels_from(classify(gan.generate_from_seeds(seeds)), len(wanted))
        for label, mine in enumerate(found):
            mine.extend(seeds[labels == label])
        if all(len(mine) >= n for mine, n in zip(found, wanted, strict=True)):
            taken = [s for mine, n in zip(found, wanted, strict=True) for s in mine[:n]]
            return np.sort(np.array(taken, np.int64))
    short = {k: f"{len(found[k])} of {n}" for k, n in enumerate(wanted) if len(found[k]) < n}
    raise ValueError(
        f"Of {pool} seeds too few drew the classes {short}. Give a larger pool, or train on balanced "
        "data."
    )


def labels_from(answer, classes):
    """Ints `[B]` of what a classifier says of a batch: labels, or a pair with probabilities."""
    if isinstance(answer, tuple):
        probabilities = np.asarray(answer[1])
        if np.isnan(probabilities).any():
            raise ValueError("classify gave NaN in place of probabilities.")
        answer = probabilities.argmax(axis=1)
    labels = np.asarray(answer)
    if labels.dtype.kind not in "iu" or labels.ndim != 1:
        raise ValueError(f"classify must give ints [B]. Received: {labels.dtype} {labels.shape}.")
    if labels.min() < 0 or labels.max() >= classes:
        raise ValueError(
            f"classify must give classes in [0, {classes}), as many as target has shares. Received: "
            f"{labels.min()} to {labels.max()}."
        )
    return labels


def _counts(target, count):
    """How many of each class, ints with the sum `count`: by the largest remainders."""
    shares = numbers.shares("target", target)
    numbers.integer("count", count)
    exact = shares / shares.sum() * count
    counts = np.floor(exact).astype(int)
    counts[np.argsort(counts - exact, kind="stable")[: count - counts.sum()]] += 1
    return counts
