"""From a network's logits to probabilities that hold, by images that it did not train on.

References: Platt, "Probabilistic Outputs for Support Vector Machines", 1999; Guo et al., "On Calibration
of Modern Neural Networks", 2017 (arXiv:1706.04599).
"""

import numpy as np
from numpy.typing import ArrayLike

from tfgan_zoo.forensics.scores import balanced

_STEPS = 100
_RANGE = (-5.0, 5.0)  # of the logarithm of a temperature


def platt(logits: ArrayLike, is_generated: ArrayLike) -> tuple[float, float]:
    """The scale and the offset with which `sigmoid(scale * logits + offset)` is most likely right.

    Both kinds count alike, however many there are of each, so the probability is for a prior of 0.5.
    The targets are Platt's, (N + 1) / (N + 2) and 1 / (M + 2), which keeps the scale finite where the
    two kinds do not overlap. Newton's method, with steps that are halved while the loss grows.

    Args:
        logits: Floats `[N + M]`.
        is_generated: Bools `[N + M]`.

    Returns:
        Two floats.

    Raises:
        ValueError: Images of one kind alone; logits that do not rise with being generated.
    """
    logits, is_generated = np.asarray(logits, np.float64), np.asarray(is_generated).astype(bool)
    weights = balanced(is_generated)
    counts = is_generated.sum(), (~is_generated).sum()
    targets = np.where(is_generated, (counts[0] + 1) / (counts[0] + 2), 1 / (counts[1] + 2))
    inputs = np.stack([logits, np.ones_like(logits)], axis=1)
    spread = max(logits.std(), 1e-12)
    found = np.array([1 / spread, -logits.mean() / spread])
    for _ in range(_STEPS):
        probabilities = _sigmoid(inputs @ found)
        gradient = inputs.T @ (weights * (probabilities - targets))
        curvature = weights * probabilities * (1 - probabilities)
        hessian = inputs.T @ (curvature[:, None] * inputs) + 1e-12 * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        found = _descended(found, step, lambda x: _loss(inputs @ x, targets, weights))
        if np.abs(gradient).max() < 1e-10:
            break
    if found[0] <= 0:
        raise ValueError(
            "The logits are not larger for generated images than for real ones: the detector has "
            "learned nothing that could be calibrated. Train it longer."
        )
    return float(found[0]), float(found[1])


def _descended(found, step, loss):
    before, size = loss(found), 1.0
    while size > 1e-8 and not loss(found - size * step) <= before:
        size /= 2
    return found - size * step if size > 1e-8 else found


def _sigmoid(logits):
    return 0.5 * (1 + np.tanh(0.5 * logits))  # which does not overflow


def _loss(logits, targets, weights):
    """Cross-entropy with soft targets."""
    return (weights * (np.logaddexp(0, logits) - targets * logits)).sum()


def temperature(logits: ArrayLike, labels: ArrayLike) -> float:
    """The temperature by which logits of several classes are divided so that their softmax is most
    likely right; one number, so that the order of classes stays.

    Args:
        logits: Floats `[N, K]`.
        labels: Ints `[N]` in [0, K).

    Returns:
        A float from exp(-5) to exp(5): the minimum of the cross-entropy, by golden-section search, in
        which it is unimodal.
    """
    logits, labels = np.asarray(logits, np.float64), np.asarray(labels)

    def loss(log_temperature):
        scaled = logits / np.exp(log_temperature)
        scaled = scaled - scaled.max(axis=1, keepdims=True)
        chosen = scaled[np.arange(len(labels)), labels]
        return float((np.log(np.exp(scaled).sum(axis=1)) - chosen).mean())

    return float(np.exp(_minimum(loss, *_RANGE)))


def _minimum(function, low, high):
    ratio = (5**0.5 - 1) / 2
    for _ in range(60):  # to 1e-12 of the range
        span = ratio * (high - low)
        if function(high - span) < function(low + span):
            high = low + span
        else:
            low = high - span
    return (low + high) / 2
