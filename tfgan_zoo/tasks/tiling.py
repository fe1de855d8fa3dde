"""Large images in overlapping tiles, whose seams are blended."""

import numpy as np

from tfgan_zoo import numbers, progress


def check(tile, overlap):
    """Raises ValueError for a side and an overlap of tiles that are none."""
    numbers.integer("tile", tile)
    numbers.integer("overlap", overlap, 0)
    if overlap >= tile:
        raise ValueError(f"overlap must be less than tile={tile}. Received: overlap={overlap}.")


def translated(translate, image, tile, overlap, scale=1):
    """What `translate` makes of an image, tile by tile.

    Every pixel is a mean over the tiles that hold it. A tile counts nothing within a quarter of the
    overlap from its border, and then more and more, up to the other tile's border quarter; at the border
    of the image it counts whole. So the result is that of the whole image, but for rounding, where a
    pixel depends on those within a quarter of the overlap alone.

    Args:
        translate: From float images `[1, h, w, C]` to `[1, scale * h, scale * w, O]`.
        image: Floats `[H, W, C]`.
        tile: Int. Side of the square tiles; those at the end begin earlier, rather than be smaller.
        overlap: Int. Pixels of the input that neighbours share, less than `tile`.
        scale: Int. How many times as large the result is.

    Returns:
        float32 `[scale * H, scale * W, O]`.
    """
    check(tile, overlap)
    total, weights = 0.0, 0.0
    rows, columns = (_starts(side, tile, overlap) for side in image.shape[:2])
    for row, top in enumerate(rows):
        for column, left in enumerate(columns):
            progress.advanced(row * len(columns) + column, len(rows) * len(columns))
            part = image[top : top + tile, left : left + tile]
            found = np.asarray(translate(part[None]))[0]
            if isinstance(total, float):
                shape = (scale * image.shape[0], scale * image.shape[1], found.shape[-1])
                total, weights = np.zeros(shape, np.float32), np.zeros((*shape[:2], 1), np.float32)
            height, width = found.shape[:2]
            weight = np.outer(
                _ramp(height, scale * overlap, top == 0, top + tile >= image.shape[0]),
                _ramp(width, scale * overlap, left == 0, left + tile >= image.shape[1]),
            )[..., None]
            place = np.s_[scale * top : scale * top + height, scale * left : scale * left + width]
            total[place] += weight * found
            weights[place] += weight
    return total / weights


def _starts(side, tile, overlap):
    """Where tiles begin along an axis."""
    if side <= tile:
        return [0]
    return [*range(0, side - tile, tile - overlap), side - tile]


def _ramp(length, overlap, is_first, is_last):
    """The weights of a tile along an axis."""
    ramp = np.ones(length, np.float32)
    places = (np.arange(min(overlap, length), dtype=np.float32) + 0.5) / max(overlap, 1)
    slope = np.clip(2 * places - 0.5, 0, 1)
    if not is_first:
        ramp[: len(slope)] *= slope
    if not is_last:
        ramp[length - len(slope) :] *= slope[::-1]
    return ramp
