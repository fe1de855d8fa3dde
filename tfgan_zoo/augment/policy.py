"""Which augmentations are done, by name."""

from tfgan_zoo.augment.ada import ADA
from tfgan_zoo.augment.diff_augment import DIFF_AUGMENT


def check(policy):
    """Raises ValueError where `policy` is no value of the option `augment`; see `augment`."""
    names = [] if policy is None or adapts(policy) else _names(policy)
    unknown = [name for name in names if name not in DIFF_AUGMENT]
    if unknown or len(set(names)) < len(names):
        raise ValueError(
            f"augment must be None, {', '.join(map(repr, ADA))}, or some of {', '.join(DIFF_AUGMENT)} "
            f"with commas between them. Received: augment={policy!r}."
        )


def adapts(policy):
    """Whether the policy is one of ADA's, whose transformations have a probability."""
    return isinstance(policy, str) and policy in ADA


def augment(images, policy, rng, probability=None):
    """Images as `policy` changes them.

    Args:
        images: float32 `[B, H, W, C]`.
        policy: None; names of `DIFF_AUGMENT` with commas between them, done in that order; or a name
            of `ADA`: "ada" has the pixel blitting, geometry and colour that its paper recommends,
            "ada_full" also its filters, noise and cutout.
        rng: Has `uniform(shape, low, high)` and `normal(shape)` -> float32 `[B, *shape]`.
        probability: float32 scalar in [0, 1], of each of ADA's transformations.
    """
    if policy is None:
        return images
    if adapts(policy):
        for transformation in ADA[policy]:
            images = transformation(images, probability, rng)
        return images
    for name in _names(policy):
        images = DIFF_AUGMENT[name](images, rng)
    return images


def _names(policy):
    return [name.strip() for name in str(policy).split(",")]
