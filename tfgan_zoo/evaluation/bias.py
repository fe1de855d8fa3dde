"""Whether a generator draws classes or attributes as often as they are in its training images, or as is
wanted, and how well it draws each."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from tfgan_zoo import numbers
from tfgan_zoo.metrics import checks
from tfgan_zoo.metrics.frechet import frechet_distance
from tfgan_zoo.metrics.intervals import share_interval
from tfgan_zoo.metrics.manifold import precision, recall


class ClassShare(NamedTuple):
    """Of one class, as a classifier sees it; the same classifier looks at both sets, so that its own
    errors are in both.

    Attributes:
        label: Int.
        generated, real: Shares in [0, 1].
        generated_interval, real_interval: `[low, high]`, 95 %.
        target: The share that is wanted, or None.
    """

    label: int
    generated: float
    generated_interval: list
    real: float
    real_interval: list
    target: float | None = None

    @property
    def differs(self):
        """Whether the two intervals do not meet."""
        (low, high), (real_low, real_high) = self.generated_interval, self.real_interval
        return low > real_high or high < real_low

    @property
    def misses(self):
        """Whether the share that is wanted is outside the interval of the generated one."""
        low, high = self.generated_interval
        return self.target is not None and not low <= self.target <= high


class Bias(NamedTuple):
    """The shares of all classes.

    Attributes:
        classes: List of `ClassShare`.
        total_variation: Half the sum of the absolute differences of the shares, in [0, 1].
        from_target: The same between generated and wanted shares, or None.
    """

    classes: list
    total_variation: float
    from_target: float | None = None

    def __str__(self):
        differing = [str(row.label) for row in self.classes if row.differs]
        found = f"classes {', '.join(differing)} differ" if differing else "no class differs"
        text = f"total variation of the classes {self.total_variation:.3f}: {found}"
        return (
            text if self.from_target is None else f"{text}; {self.from_target:.3f} from the target"
        )


def bias(
    generated_labels: ArrayLike,
    real_labels: ArrayLike,
    num_classes: int,
    target: ArrayLike | None = None,
) -> Bias:
    """Compares how often a classifier finds each class, or each value of an attribute.

    Args:
        generated_labels, real_labels: Ints `[N]` and `[M]` in [0, num_classes), of one classifier, or of
            a column of a table. Two attributes together are one with their product of values:
            `np.ravel_multi_index`.
        num_classes: Int K.
        target: K shares that are wanted, with the sum 1, or None.

    Raises:
        ValueError: No labels, labels out of range, or shares of another number or sum.
    """
    sets = [checks.labels(labels, num_classes) for labels in (generated_labels, real_labels)]
    counts = [np.bincount(labels, minlength=num_classes) for labels in sets]
    generated, real = (c / c.sum() for c in counts)
    wanted = [None] * num_classes
    if target is not None:
        wanted = numbers.shares("target", target, num_classes, is_whole=True).tolist()
    rows = zip(generated.tolist(), real.tolist(), wanted, strict=True)
    sizes = [len(labels) for labels in sets]
    classes = [
        ClassShare(k, g, share_interval(g, sizes[0]), r, share_interval(r, sizes[1]), t)
        for k, (g, r, t) in enumerate(rows)
    ]
    missed = None if target is None else float(np.abs(generated - wanted).sum() / 2)
    return Bias(classes, float(np.abs(generated - real).sum() / 2), missed)


def attributes(
    found: Mapping[str, tuple[ArrayLike, ArrayLike]],
    targets: Mapping[str, ArrayLike] | None = None,
) -> dict[str, Bias]:
    """`bias` of several attributes, `{name: Bias}`.

    Args:
        found: `{name: (generated, real)}`, ints from 0 up; an attribute has as many values as its
            target has shares, or as its largest one asks for.
        targets: `{name: shares}`, of some of them.

    Raises:
        ValueError: As `bias`, or a target of an attribute that is not there.
    """
    targets = dict(targets or {})
    if targets.keys() - found.keys():
        raise ValueError(f"There are no attributes {sorted(targets.keys() - found.keys())}.")
    return {
        name: bias(*pair, _values(pair, targets.get(name)), targets.get(name))
        for name, pair in found.items()
    }


def _values(pair, target):
    return max(int(np.max(labels)) for labels in pair) + 1 if target is None else len(target)


class GroupQuality(NamedTuple):
    """How well one class or group is drawn.

    Attributes:
        label: Int.
        generated, real: How many images of it there are.
        distance: Fréchet distance between them, of features; NaN where either has fewer than two.
        precision, recall: Shares in [0, 1]; NaN where either has fewer than five.
    """

    label: int
    generated: int
    real: int
    distance: float
    precision: float
    recall: float


def group_quality(
    generated_features: ArrayLike,
    generated_labels: ArrayLike,
    real_features: ArrayLike,
    real_labels: ArrayLike,
    num_classes: int,
) -> list[GroupQuality]:
    """The quality of each group alone, which a score of all images together hides.

    The distance is larger where there are fewer images: compare groups of like sizes, or one group
    before and after. Groups of generated images are a classifier's, or the labels that were asked for.

    Args:
        generated_features, real_features: Floats `[N, D]` and `[M, D]` of one extractor.
        generated_labels, real_labels: Ints `[N]` and `[M]` in [0, num_classes).
        num_classes: Int.

    Raises:
        ValueError: Labels that are not one for each row, or out of range.
    """
    sides = ((generated_features, generated_labels), (real_features, real_labels))
    sets = [(np.asarray(x), checks.labels(labels, num_classes)) for x, labels in sides]
    for features, labels in sets:
        if len(features) != len(labels):
            raise ValueError(
                f"There are {len(labels)} labels for {len(features)} rows of features."
            )
    return [
        _quality(k, *(features[labels == k] for features, labels in sets))
        for k in range(num_classes)
    ]


def _quality(label, generated, real):
    least = min(len(generated), len(real))
    distance = frechet_distance(real, generated) if least >= 2 else math.nan
    shares = [f(real, generated)[0] if least >= 5 else math.nan for f in (precision, recall)]
    return GroupQuality(label, len(generated), len(real), distance, *shares)
