"""Attention that fills the holes of a feature map with pieces from elsewhere in it."""

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class ContextualAttention(keras.layers.Layer):
    """Makes a feature map `[B, H, W, C]` anew of its own pieces that lie away from holes.

    Places of every second row and column are compared by the cosine of the 3x3 places around them.
    Neighbours are added up along rows and columns, so that pieces beside each other come from pieces
    beside each other, and a softmax weighs pieces of 4x4 places, which overlap by half. Where holes are
    everywhere, the result is 0. It is computed in float32.

    Inputs: the map, H and W even, and `[B, H / 2, W / 2, 1]`, 1 where there is a hole and else 0. Memory
    grows with the square of H times W.

    Args:
        sharpness: Float. What similarities are multiplied by before the softmax; 10 in the paper.

    Reference: Yu et al., "Generative Image Inpainting with Contextual Attention", 2018
    (arXiv:1801.07892, section 4.1).
    """

    def __init__(self, sharpness: float = 10.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.sharpness = sharpness

    def call(self, inputs):
        features, holes = (tf.cast(x, tf.float32) for x in inputs)
        channels = features.shape[-1]
        small = features[:, ::2, ::2]
        height, width = tf.unstack(tf.shape(small)[1:3])
        around = tf.reshape(_pieces(small, 3, 1), [-1, height * width, 9 * channels])
        around *= tf.math.rsqrt(tf.reduce_sum(around**2, axis=-1, keepdims=True) + 1e-8)
        scores = _coherent(tf.matmul(around, around, transpose_b=True), height, width)
        weights = self._weights(scores, tf.nn.max_pool2d(holes, 3, 1, "SAME"))
        pieces = tf.reshape(_pieces(features, 4, 2), [-1, height * width, 16 * channels])
        found = tf.reshape(tf.matmul(weights, pieces), [-1, height, width, 4, 4, channels])
        counts = tf.ones([1, height, width, 4, 4, 1])
        return tf.cast(_laid_over(found) / _laid_over(counts), self.compute_dtype)

    def _weights(self, scores, is_near_hole):
        usable = tf.reshape(1 - is_near_hole, [-1, 1, tf.shape(scores)[-1]])
        scores = tf.where(usable > 0, self.sharpness * scores, -1e9)
        return tf.nn.softmax(scores) * usable

    def compute_output_shape(self, input_shape):
        return input_shape[0]

    def get_config(self):
        return {**super().get_config(), "sharpness": self.sharpness}


def _pieces(x, size, stride):
    """The `size` x `size` places around every `stride`-th one, zeros beyond the border: `[B, H / stride,
    W / stride, size * size, C]`. TensorFlow's own operation has a gradient that XLA does not compile."""
    height, width = (side // stride for side in tf.unstack(tf.shape(x)[1:3]))
    x = tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]])
    parts = [
        x[:, row : row + stride * height : stride, column : column + stride * width : stride]
        for row in range(size)
        for column in range(size)
    ]
    return tf.stack(parts, axis=3)


def _coherent(scores, height, width):
    """Similarities `[B, P, P]` summed with those of the neighbours of both places, along rows and then
    along columns."""
    shape, turned = [-1, height, width, height, width], [-1, width, height, width, height]
    count = height * width
    for before, after in ((shape, turned), (turned, shape)):
        around = tf.pad(scores, [[0, 0], [1, 1], [1, 1]])
        scores = scores + around[:, :-2, :-2] + around[:, 2:, 2:]
        scores = tf.transpose(tf.reshape(scores, before), [0, 2, 1, 4, 3])
        scores = tf.reshape(tf.reshape(scores, after), [-1, count, count])
    return scores


def _laid_over(pieces):
    """Pieces of 4x4 places, `[B, h, w, 4, 4, C]`, summed where they lie: `[B, 2 h, 2 w, C]`."""
    for axis in (1, 2):
        first, second, third, fourth = tf.unstack(pieces, axis=3)
        even, odd = second + _moved(fourth, axis, 1), third + _moved(first, axis, -1)
        both = tf.stack([even, odd], axis=axis + 1)
        shape = tf.shape(first)
        shape = tf.concat([shape[:axis], [2 * shape[axis]], shape[axis + 1 :]], axis=0)
        pieces = tf.reshape(both, shape)
    return pieces


def _moved(x, axis, by):
    """`x` by one place further along an axis, or back; zeros come in."""
    around = [[0, 0] for _ in x.shape]
    around[axis] = [1, 0] if by > 0 else [0, 1]
    taken = [slice(None)] * len(x.shape)
    taken[axis] = slice(None, -1) if by > 0 else slice(1, None)
    return tf.pad(x[tuple(taken)], around)
