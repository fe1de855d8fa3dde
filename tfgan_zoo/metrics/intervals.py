"""How far a measured number may be from what infinitely many repetitions would give.

Reference: Efron and Tibshirani, "An Introduction to the Bootstrap", 1993 (chapter 11), for the
jackknife; Miller, "The jackknife: a review", 1974, for groups.
"""

import math

import numpy as np

# 97.5 % quantiles of Student's t for 1, 2, … degrees of freedom
_STUDENT = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)


def jackknife_error(measure, parts):
    """The standard error of `measure(parts)`, from what it is with each part left out in turn.

    Args:
        measure: From a list of parts to a float.
        parts: List of two or more.
    """
    left_out = [measure(parts[:k] + parts[k + 1 :]) for k in range(len(parts))]
    deviations = np.asarray(left_out) - np.mean(left_out)
    return float(np.sqrt((len(parts) - 1) / len(parts) * np.sum(deviations**2)))


def repeats_error(values):
    """The standard error of the mean of independent repeats."""
    return float(np.std(values, ddof=1) / math.sqrt(len(values)))


def interval(value, error, repeats):
    """The 95 % interval `[low, high]` of Student's t, for an error from so many parts or repeats."""
    reach = (_STUDENT[repeats - 2] if repeats - 2 < len(_STUDENT) else 1.96) * error
    return [value - reach, value + reach]


def share_interval(share, count):
    """The 95 % interval of Wilson for a share seen in `count` independent cases.

    Reference: Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", 1927.
    """
    z = 1.96
    centre = (share + z * z / (2 * count)) / (1 + z * z / count)
    reach = z / (1 + z * z / count) * math.sqrt(share * (1 - share) / count + (z / count) ** 2 / 4)
    return [max(0.0, centre - reach), min(1.0, centre + reach)]
