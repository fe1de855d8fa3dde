"""What the measures need to know of a set of images, part by part."""

import functools
import operator
from typing import NamedTuple

import numpy as np

from tfgan_zoo.metrics.frechet import Moments


class Statistics(NamedTuple):
    """Of one part of a set of images; None is what no measure asked for.

    Attributes:
        moments: `Moments` of the features, of which none is kept.
        features: float32 `[N, D]`.
        probabilities: float32 `[N, K]`.
        images: uint8 `[N, H, W, C]`.
        labels: int32 `[N]`.
        steps: float32 `[N]`, lengths of steps along paths through the latents.
    """

    moments: Moments | None = None
    features: np.ndarray | None = None
    probabilities: np.ndarray | None = None
    images: np.ndarray | None = None
    labels: np.ndarray | None = None
    steps: np.ndarray | None = None

    def arrays(self):
        """All that there is by name, for a file from which `from_arrays` makes the same."""
        found = {k: v for k, v in self._asdict().items() if v is not None and k != "moments"}
        if self.moments is not None:
            found |= {f"moments_{name}": v for name, v in self.moments.arrays().items()}
        return found

    @classmethod
    def from_arrays(cls, arrays):
        """See `arrays`."""
        named = {name: arrays[name] for name in cls._fields if name in arrays}
        parts = ("count", "mean", "scatter")
        if "moments_count" in arrays:
            named["moments"] = Moments.from_arrays(*(arrays[f"moments_{part}"] for part in parts))
        return cls(**named)


def join(parts):
    """The statistics of all parts together."""
    columns = zip(*parts, strict=True)
    return Statistics(*(_joined(list(column)) for column in columns))


def _joined(values):
    if values[0] is None:
        return None
    if isinstance(values[0], Moments):
        return functools.reduce(operator.add, values)
    return np.concatenate(values)
