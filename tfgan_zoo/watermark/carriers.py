"""What carries a mark: five coefficients of the DCT of each block of 4x4 pixels of the luma.

They are the lowest but the mean, which JPEG quantizes least, and which images of half the size still
have. The signs of 16x16 blocks repeat, a tile of 64x64 pixels: larger images have more of them. Pixels
at the right and below that fill no block carry nothing.
"""

import numpy as np
import tensorflow as tf

BLOCK, TILE = 4, 16
_FREQUENCIES = ((0, 1), (1, 0), (0, 2), (1, 1), (2, 0))
WAVES = len(_FREQUENCIES)
COUNT = TILE * TILE * WAVES  # of a tile
_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as JPEG has it


def _waves():
    """Orthonormal rows, one for each of the frequencies, float64 `[5, 16]`."""
    places = (np.arange(BLOCK) + 0.5) * np.pi / BLOCK
    lines = np.cos(np.outer(np.arange(BLOCK), places))
    lines /= np.linalg.norm(lines, axis=1, keepdims=True)
    return np.stack([np.outer(lines[u], lines[v]).ravel() for u, v in _FREQUENCIES])


MATRIX = _waves()


def luma(images):
    """`[B, H, W]` of images `[B, H, W, C]`: their luma, or the mean of channels that are no colours."""
    colours = images.shape[-1]
    if colours in (3, 4):
        return sum(weight * images[..., i] for i, weight in enumerate(_LUMA))
    return sum(images[..., i] for i in range(colours)) / colours


def coefficients(values):
    """The carriers of images of one channel: floats `[B, H, W]` -> `[B, H // 4, W // 4, 5]`; tensors,
    or arrays in double precision."""
    is_array = isinstance(values, np.ndarray)
    xp = np if is_array else tf
    shape = values.shape if is_array else tf.shape(values)
    rows, columns = shape[1] // BLOCK, shape[2] // BLOCK
    values = values[:, : rows * BLOCK, : columns * BLOCK]
    values = xp.reshape(values, [-1, rows, BLOCK, columns, BLOCK])
    blocks = xp.reshape(xp.transpose(values, [0, 1, 3, 2, 4]), [-1, rows, columns, BLOCK * BLOCK])
    return blocks @ MATRIX.T.astype(np.float64 if is_array else np.float32)


def folded(values):
    """Carriers of whole images, summed over the tiles in them: `[B, h, w, 5]` -> `[B, 16, 16, 5]`;
    tensors of known height and width, or arrays."""
    is_array = isinstance(values, np.ndarray)
    xp, total = (np, np.sum) if is_array else (tf, tf.reduce_sum)
    values = xp.pad(values, [(0, 0), *((0, -size % TILE) for size in values.shape[1:3]), (0, 0)])
    rows, columns = (size // TILE for size in values.shape[1:3])
    return total(xp.reshape(values, [-1, rows, TILE, columns, TILE, WAVES]), axis=(1, 3))


def count(height, width):
    """Carriers of images of that size that a tile does not repeat."""
    rows, columns = (min(side // BLOCK, TILE) for side in (height, width))
    return rows * columns * WAVES


def from_coefficients(values, shape):
    """The images `[B, H, W]` of which these are the carriers, and which have nothing else.

    Args:
        values: float32 `[B, H // 4, W // 4, 5]`.
        shape: int32 tensor of B, H, W.
    """
    rows, columns = shape[1] // BLOCK, shape[2] // BLOCK
    blocks = tf.reshape(values, [-1, WAVES]) @ MATRIX.astype(np.float32)
    blocks = tf.reshape(blocks, [-1, rows, columns, BLOCK, BLOCK])
    made = tf.transpose(blocks, [0, 1, 3, 2, 4])
    made = tf.reshape(made, [-1, rows * BLOCK, columns * BLOCK])
    return tf.pad(made, [[0, 0], [0, shape[1] - rows * BLOCK], [0, shape[2] - columns * BLOCK]])


def normalized(values, scale):
    """Carriers between -1 and 1, so that edges, which are large, count little."""
    return values / (abs(values) + scale)
