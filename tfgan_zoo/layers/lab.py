"""Between sRGB and CIE L*a*b*, in float32, with the white D65.

References: CIE 15:2004, section 8.2.1; IEC 61966-2-1 (sRGB).
"""

import numpy as np
import tensorflow as tf

_XYZ = np.array(
    [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]], np.float64
)
_FROM_LINEAR = _XYZ / _XYZ.sum(
    axis=1, keepdims=True
)  # white is (1, 1, 1), so that greys have no colour
_TO_LINEAR = np.linalg.inv(_FROM_LINEAR)
_EDGE, _ENCODED_EDGE, _LINEAR_EDGE = 6 / 29, 0.04045, 0.0031308  # below which a curve is a line


def rgb_to_lab(images: tf.Tensor) -> tf.Tensor:
    """sRGB images `[..., 3]` in [-1, 1] as CIE L*a*b*, float32: L* in [0, 100], a* and b* in [-108, 99].

    Gradients are finite, at black too.
    """
    encoded = (tf.cast(images, tf.float32) + 1) / 2
    curve = ((tf.maximum(encoded, _ENCODED_EDGE) + 0.055) / 1.055) ** 2.4
    linear = tf.where(encoded <= _ENCODED_EDGE, encoded / 12.92, curve)
    xyz = _mixed(linear, _FROM_LINEAR)
    roots = tf.maximum(xyz, _EDGE**3) ** (1 / 3)
    roots = tf.where(xyz <= _EDGE**3, xyz / (3 * _EDGE**2) + 4 / 29, roots)
    x, y, z = tf.unstack(roots, axis=-1)
    return tf.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def lab_to_rgb(lab: tf.Tensor) -> tf.Tensor:
    """CIE L*a*b* `[..., 3]` as sRGB, float32; values outside [-1, 1] are those of colours that sRGB does
    not have."""
    lightness, a, b = tf.unstack(tf.cast(lab, tf.float32), axis=-1)
    y = (lightness + 16) / 116
    roots = tf.stack([y + a / 500, y, y - b / 200], axis=-1)
    xyz = tf.where(roots <= _EDGE, 3 * _EDGE**2 * (roots - 4 / 29), roots**3)
    linear = _mixed(xyz, _TO_LINEAR)
    curve = 1.055 * tf.maximum(linear, _LINEAR_EDGE) ** (1 / 2.4) - 0.055
    return 2 * tf.where(linear <= _LINEAR_EDGE, 12.92 * linear, curve) - 1


def _mixed(colours, matrix):
    """Sums of three channels, by operations that no unit computes in fewer bits, as it does matmul."""
    parts = tf.unstack(colours, axis=-1)
    sums = [tf.add_n([float(m) * c for m, c in zip(row, parts, strict=True)]) for row in matrix]
    return tf.stack(sums, axis=-1)
