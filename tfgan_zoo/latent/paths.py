"""Interpolations in a latent space, and combinations of styles."""

from collections.abc import Sequence

import keras
import numpy as np
from numpy.typing import ArrayLike

from tfgan_zoo.latent.spaces import Space, has_styles


def path(space: Space, points: ArrayLike, frames: int, loop: bool = False) -> np.ndarray:
    """Interpolates through all `points`, from one to the next.

    Args:
        space: `Space`.
        points: Floats `[K, …]`, two or more.
        frames: Int, K or more. The number of points of the result.
        loop: Whether it goes back to the first point, so that the last frame is followed by the
            first; else it ends at the last point.

    Returns:
        float32 `[frames, …]`.

    Raises:
        ValueError: Fewer than two points, or fewer frames than points.
    """
    count = len(points)
    if count < 2:
        raise ValueError(f"An interpolation needs 2 points or more. Received: {count}.")
    if frames < count:
        raise ValueError(
            f"An interpolation of {count} points needs {count} frames or more. Received: {frames}."
        )
    space.check(points)
    places = np.linspace(0, count if loop else count - 1, frames, endpoint=not loop)
    starts = np.minimum(places.astype(int), count - 1 if loop else count - 2)
    points = np.asarray(points, np.float32)
    return space.between(points[starts], points[(starts + 1) % count], places - starts)


def mix(
    gan: keras.Model,
    row_seeds: Sequence[int],
    column_seeds: Sequence[int],
    crossover: int | None = None,
    truncation: float = 1.0,
) -> np.ndarray:
    """Style mixing: the coarse layers of a row's image with the fine layers of a column's.

    Args:
        gan: A `GAN` with styles.
        row_seeds, column_seeds: Ints `[R]` and `[K]`.
        crossover: Int in [1, num_styles). The first layer that takes the column's style. By default
            the middle one.
        truncation: Float in (0, 1].

    Returns:
        uint8 `[R, K, H, W, C]`.

    Raises:
        ValueError: A model without styles, or a crossover out of range.

    Reference: Karras et al., "A Style-Based Generator Architecture", 2019 (section 3.1, figure 3).
    """
    if not has_styles(gan):
        raise ValueError(f"{type(gan).__name__} has no styles, and only styles can be mixed.")
    crossover = gan.num_styles // 2 if crossover is None else crossover
    if not 0 < crossover < gan.num_styles:
        raise ValueError(
            f"crossover must lie in [1, {gan.num_styles}), the layers of {type(gan).__name__}. "
            f"Received: {crossover}."
        )
    space = Space(gan, "w+")
    rows, columns = (space.from_seeds(seeds, truncation) for seeds in (row_seeds, column_seeds))
    mixed = np.repeat(rows[:, None], len(columns), axis=1)
    mixed[:, :, crossover:] = columns[None, :, crossover:]
    images = space.images(mixed.reshape(-1, *rows.shape[1:]))
    return images.reshape(len(rows), len(columns), *images.shape[1:])
