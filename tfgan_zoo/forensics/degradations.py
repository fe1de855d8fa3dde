"""What happens to pictures on their way: blur, JPEG and resizing, of uint8 images `[B, H, W, C]`.

Each row has a strength of its own; what comes back is uint8 of the same shape, rounded to nearest. All
are operations of TensorFlow, for `tf.data` and for tests of robustness. `BlurJPEG` draws strengths.

Reference: Wang et al., "CNN-generated images are surprisingly easy to spot... for now", 2020
(arXiv:1912.11035), section 4.1.
"""

import tensorflow as tf
from numpy.typing import ArrayLike

from tfgan_zoo import numbers

_EXACT = "INTEGER_ACCURATE"  # the default is off by 11 levels of 255 at quality 100
_SHARP = 1e-2  # a sigma, in pixels, at which no neighbour counts


def blurred(images: ArrayLike, sigmas: ArrayLike) -> tf.Tensor:
    """Images under a Gaussian blur.

    Args:
        images: uint8 `[B, H, W, C]`.
        sigmas: Floats `[B]`, in pixels; 0 leaves a row as it is. Beyond the edge there is nothing: the
            weights within the image sum to 1.
    """
    _, height, width, _ = images.shape
    sigmas = tf.maximum(tf.cast(sigmas, tf.float32), _SHARP)
    floats = tf.cast(images, tf.float32)
    floats = tf.einsum("bij,bjkc->bikc", _gaussian(height, sigmas), floats)
    return _rounded(tf.einsum("bij,bkjc->bkic", _gaussian(width, sigmas), floats))


def _gaussian(side, sigmas):
    """Weights `[B, side, side]` by which pixels along one axis are averaged."""
    places = tf.range(side, dtype=tf.float32)
    squares = (places[:, None] - places) ** 2
    return tf.nn.softmax(-squares / (2 * sigmas[:, None, None] ** 2), axis=-1)


def jpeg(images: ArrayLike, qualities: ArrayLike) -> tf.Tensor:
    """Images that were written as JPEG files, by libjpeg as TensorFlow has it, and read again.

    Args:
        images: uint8 `[B, H, W, C]` with 1 or 3 channels.
        qualities: Ints `[B]` from 1 to 100; 0 leaves a row as it is.
    """
    return _recompressed(tf.convert_to_tensor(images), tf.cast(qualities, tf.int32))


@tf.function(autograph=False, reduce_retracing=True)  # eagerly each row would take milliseconds
def _recompressed(images, qualities):
    def again(row):
        image, quality = row
        file = lambda: tf.raw_ops.EncodeJpegVariableQuality(images=image, quality=quality)  # noqa: E731
        exact = {"channels": image.shape[-1], "dct_method": _EXACT}
        read = lambda: tf.io.decode_jpeg(file(), **exact)  # noqa: E731
        return tf.ensure_shape(tf.cond(quality > 0, read, lambda: image), image.shape)

    return tf.map_fn(again, (images, qualities), fn_output_signature=tf.uint8)


def resized(images: ArrayLike, scale: float) -> tf.Tensor:
    """Images brought to `scale` times their sides, by bilinear resizing with a filter against aliasing,
    and back.

    Args:
        images: uint8 `[B, H, W, C]`.
        scale: Float above 0, of all rows.
    """
    sides = tf.cast(images.shape[1:3], tf.float32) * scale
    away = tf.cast(tf.maximum(tf.round(sides), 1), tf.int32)
    small = _rounded(tf.image.resize(images, away, antialias=True))
    return _rounded(tf.image.resize(small, images.shape[1:3], antialias=True))


def _rounded(floats):
    return tf.cast(tf.clip_by_value(tf.round(floats), 0, 255), tf.uint8)


class BlurJPEG:
    """Blurs and recompresses images at random, each of the two by itself.

    By default as the paper's "Blur+JPEG (0.5)": sigma is uniform in [0, 3] and the quality one of 30 to
    100. The paper's images have 256 pixels a side, and crops of 224: on small ones the same sigma leaves
    little, so `max_sigma` may be less.

    Args:
        probability: Float in [0, 1], of each of the two; the paper also has 0.1.
        max_sigma: Float, in pixels.
        min_quality: Int in [1, 100].
    """

    def __init__(self, probability: float = 0.5, max_sigma: float = 3.0, min_quality: int = 30):
        if not 0 <= probability <= 1:
            raise ValueError(f"probability must lie in [0, 1]. Received: {probability!r}.")
        if not 0 <= max_sigma < float("inf"):
            raise ValueError(f"max_sigma must be a number, 0 or more. Received: {max_sigma!r}.")
        self.probability, self.max_sigma = float(probability), float(max_sigma)
        self.min_quality = numbers.integer("min_quality", min_quality, low=1, high=100)

    def __call__(self, images, seed):
        """uint8 images `[B, H, W, C]`, changed by draws that are a function of ints `seed` `[2]`."""
        count = tf.shape(images)[0]
        keys = [tf.random.experimental.stateless_fold_in(seed, number) for number in range(3)]
        chosen = tf.random.stateless_uniform([2, count], keys[0]) < self.probability
        sigmas = tf.random.stateless_uniform([count], keys[1], 0, self.max_sigma)
        low = self.min_quality
        qualities = tf.random.stateless_uniform([count], keys[2], low, 101, tf.int32)
        images = blurred(images, tf.where(chosen[0], sigmas, 0))
        return jpeg(images, tf.where(chosen[1], qualities, 0))
