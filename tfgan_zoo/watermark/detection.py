"""Whether images have a mark, by tests whose levels are proven for any image."""

import math
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfgan_zoo import numbers
from tfgan_zoo.datasets.decoding import MAX_PIXELS
from tfgan_zoo.watermark import carriers

_SCALE = 2.0  # levels at which a carrier counts half
_PERIOD = carriers.BLOCK * carriers.TILE
# Bentkus and Dzindzalieta, "A tight Gaussian bound for weighted sums of Rademacher random variables",
# 2015: a sum of signs of length 1 exceeds x at most this many times as often as a normal variable.
TAIL = 1 / (2 * math.erfc(1))


class Detection(NamedTuple):
    """What was found in N images.

    Attributes:
        p_value: Floats `[N]`: bounds of the probability that an image without the mark looks as marked.
        score: Floats `[N]`: sums of signs times carriers, over their length; without a mark as a
            standard normal variable, before the best of several places and numbers is taken.
        number: int64 `[N]`: the likeliest numbers; they mean nothing where there is no mark.
        offset: int64 `[N, 2]`: by how many pixels below and to the right of the mark's origin the image
            begins; multiples of 64 may be missing.
    """

    p_value: np.ndarray
    score: np.ndarray
    number: np.ndarray
    offset: np.ndarray


def tail(score, tests=1):
    """The bound of the p-value of scores, the largest of so many tests."""
    exact = np.vectorize(math.erfc, otypes=[float])(np.asarray(score) / math.sqrt(2)) / 2
    return np.minimum(1.0, TAIL * tests * exact)


def detect(mark, images, size, crops, number):
    levels, size = _checked(images), _size(size)
    said = None if number is None else claimed(number, mark.bits, len(levels))
    whole = _resized(levels, size)
    looks = [_at(mark, carriers.folded(features(whole)), np.zeros([len(levels), 2], int), 1, said)]
    if crops:
        looks.append(_anywhere(mark, levels, size, said))
    p_values = np.stack([look.p_value for look in looks])
    best = p_values.argmin(axis=0)
    rows = np.arange(len(levels))
    chosen = Detection(*(np.stack(column)[best, rows] for column in zip(*looks, strict=True)))
    return chosen._replace(p_value=np.minimum(1.0, len(looks) * chosen.p_value))


def detect_together(mark, images, size):
    found = carriers.folded(features(_resized(_checked(images), _size(size))))
    found = found.reshape(len(found), -1)
    found /= np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12)
    weights = np.where(mark.groups == 0, found.sum(axis=0), 0.0)
    score = float(_ratio(mark.table[0] @ weights, np.linalg.norm(weights)))
    return float(tail(score)), score


# === One place ===


def _at(mark, tile, offset, tests, said):
    """What carriers `[N, 16, 16, 5]`, folded into a tile, hold; `tests` places were looked at."""
    flat = tile.reshape(len(tile), -1)
    whole, common = np.linalg.norm(flat, axis=1), np.where(mark.groups == 0, flat, 0.0)
    own = common @ mark.table[0]
    total, number = own.copy(), np.zeros(len(flat), np.int64)
    for symbol in range(mark.symbols):
        own_places = np.flatnonzero(mark.groups == symbol + 1)
        scores = flat[:, own_places] @ np.float64(mark.table[:, own_places]).T
        value = scores.argmax(axis=1) if said is None else said >> 8 * symbol & 255
        total += scores[np.arange(len(flat)), value]
        number += value << 8 * symbol
    joint = _ratio(total, whole)
    if said is not None or not mark.symbols:
        return Detection(tail(joint, tests), joint, number, offset)
    alone = _ratio(own, np.linalg.norm(common, axis=1))  # the better of two tests
    p_value = 2 * np.minimum(tail(joint, 2**mark.bits * tests), tail(alone, tests))
    return Detection(np.minimum(1.0, p_value), joint, number, offset)


def features(levels):
    """Normalized carriers of levels `[B, H, W, C]`, tensors or arrays: `[B, H // 4, W // 4, 5]`."""
    return carriers.normalized(carriers.coefficients(carriers.luma(levels)), _SCALE)


def _ratio(sums, lengths):
    return np.where(lengths > 1e-9, sums / np.maximum(lengths, 1e-9), 0.0)


# === All places ===


def _anywhere(mark, levels, size, said):
    """The place where the signs that all images share fit best, and what is there."""
    allowed = _places(levels.shape[1:3], size)
    scores = np.full([len(levels), _PERIOD, _PERIOD], -np.inf)
    common = np.where(mark.groups == 0, mark.table[0], 0).reshape(carriers.TILE, carriers.TILE, -1)
    tiles = {}
    for down, right in np.ndindex(carriers.BLOCK, carriers.BLOCK):
        tile = tiles[down, right] = carriers.folded(features(levels[:, down:, right:]))
        rows, columns = (
            (carriers.BLOCK * np.arange(carriers.TILE) - skipped) % _PERIOD
            for skipped in (down, right)
        )
        scores[:, rows[:, None], columns] = _correlated(tile, common)
    scores = np.where(allowed, scores, -np.inf).reshape(len(levels), -1)
    offset = np.stack(np.divmod(scores.argmax(axis=1), _PERIOD), axis=1)
    chosen = [_moved(tiles, i, *place) for i, place in enumerate(offset)]
    return _at(mark, np.stack(chosen), offset, int(allowed.sum()), said)


def _places(given, size):
    """Where an image may begin in the mark's tile, bools `[64, 64]`."""
    if size is None:
        return np.ones([_PERIOD, _PERIOD], bool)
    room = [max(0, whole - part) + 1 for whole, part in zip(size, given, strict=True)]
    down, right = (np.arange(_PERIOD) < steps for steps in room)
    return down[:, None] & right


def _correlated(tile, signs):
    """Scores of all moves of the tile by whole blocks: `[N, 16, 16, 5]` -> `[N, 16, 16]`."""
    ahead = np.fft.rfft2(signs, axes=(0, 1))
    sums = np.fft.irfft2(
        (np.conj(np.fft.rfft2(tile, axes=(1, 2))) * ahead).sum(axis=-1),
        s=tile.shape[1:3],
        axes=(1, 2),
    )
    energy = np.fft.irfft2(
        (np.conj(np.fft.rfft2(tile**2, axes=(1, 2))) * np.fft.rfft2(signs**2, axes=(0, 1))).sum(-1),
        s=tile.shape[1:3],
        axes=(1, 2),
    )
    return _ratio(sums, np.sqrt(np.maximum(energy, 0)))


def _moved(tiles, image, down, right):
    """The carriers of an image that begins there, at their places in the mark's tile."""
    skipped = (-down % carriers.BLOCK, -right % carriers.BLOCK)
    moves = [(place + s) // carriers.BLOCK for place, s in zip((down, right), skipped, strict=True)]
    return np.roll(tiles[skipped][image], moves, axis=(0, 1))


# === Input ===


def _checked(images):
    """Levels from -127.5 to 127.5, float64 `[N, H, W, C]`."""
    images = np.asarray(images)
    if (
        images.ndim != 4
        or not images.size
        or (images.dtype != np.uint8 and images.dtype.kind != "f")
    ):
        raise ValueError(
            "Images must be uint8, or floats in [-1, 1], [N, height, width, channels]. Received: "
            f"{images.dtype} {images.shape}."
        )
    if images.dtype == np.uint8:
        return images - 127.5
    if not np.abs(images).max() <= 1.001:  # False for NaN
        raise ValueError(
            f"Float images must lie in [-1, 1]. These lie in [{images.min():g}, {images.max():g}]."
        )
    return images.astype(np.float64) * 127.5


def _size(size):
    if size is None:
        return None
    if not isinstance(size, (tuple, list)) or len(size) != 2:
        raise ValueError(f"size must be (height, width). Received: size={size!r}.")
    height, width = (numbers.integer("size", side) for side in size)
    if height * width > MAX_PIXELS:
        raise ValueError(f"size may have {MAX_PIXELS:,} pixels at most. Received: size={size!r}.")
    return height, width


def _resized(levels, size):
    if size is None or levels.shape[1:3] == size:
        return levels
    made = tf.image.resize(np.float32(levels), size, "bicubic", antialias=True)
    return made.numpy().astype(np.float64)


def claimed(number, bits, count):
    """Numbers that images carry, or are said to, int64 `[count]`; others raise ValueError."""
    array = np.asarray(number)
    if array.dtype.kind not in "iu" or array.shape not in {(), (count,)}:
        raise ValueError(
            f"number must be an integer, or {count}, one for each image. Received: {number!r}."
        )
    if array.size and (array.min() < 0 or array.max() >= 2**bits):
        raise ValueError(f"number must lie in [0, 2**{bits}). Received: {number!r}.")
    return np.broadcast_to(array.astype(np.int64), [count])
