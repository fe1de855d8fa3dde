"""What every measure asks of its inputs."""

import numpy as np


def features(values, name="features", least=1):
    """Feature vectors as float64 `[N, D]`.

    Raises:
        ValueError: Another rank, fewer than `least` rows, or NaN or infinity in them.
    """
    values = np.asarray(values, np.float64)
    if values.ndim != 2 or values.shape[1] == 0:
        raise ValueError(f"{name} must have shape [N, D]. Received: shape {values.shape}.")
    if len(values) < least:
        raise ValueError(f"{name} must have {least} rows or more. Received: {len(values)}.")
    if not np.isfinite(values).all():
        rows = int((~np.isfinite(values).all(axis=1)).sum())
        raise ValueError(f"{name} hold NaN or infinity, in {rows} of {len(values)} rows.")
    return values


def pair(real, generated, least=1):
    """Both sets, with the same number of features."""
    real = features(real, "real features", least)
    generated = features(generated, "generated features", least)
    if real.shape[1] != generated.shape[1]:
        raise ValueError(
            "Both sets must come from the same extractor. Received: "
            f"{real.shape[1]} real features and {generated.shape[1]} generated ones."
        )
    return real, generated


def probabilities(values):
    """Class probabilities as float64 `[N, K]`, whose rows sum to 1."""
    values = features(values, "probabilities")
    if (values < 0).any() or np.abs(values.sum(axis=1) - 1).max() > 1e-3:
        raise ValueError(
            "probabilities must be 0 or more, and each row must sum to 1. Received: values from "
            f"{values.min():.3g} to {values.max():.3g}, sums from {values.sum(1).min():.3g} to "
            f"{values.sum(1).max():.3g}. Of logits take the softmax first."
        )
    return values


def labels(values, num_classes):
    """Ints `[N]` in [0, num_classes), one or more; others raise ValueError."""
    values = np.asarray(values)
    if values.ndim != 1 or not len(values) or values.dtype.kind not in "iu":
        raise ValueError(f"labels must be ints [N]. Received: {values.dtype} {values.shape}.")
    if values.min() < 0 or values.max() >= num_classes:
        raise ValueError(
            f"labels must lie in [0, {num_classes}). Received: {values.min()} to {values.max()}."
        )
    return values
