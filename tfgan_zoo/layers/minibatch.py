"""Layers that show a discriminator how much the images of a batch vary."""

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class MinibatchStddev(keras.layers.Layer):
    """Adds a channel with the mean standard deviation over groups of images.

    `[B, H, W, C]` -> `[B, H, W, C + 1]`. While training, every `group_size` rows that follow one another
    are a group: the standard deviation of each value over the group, in float32, averaged over the
    values, is written to the new channel of all its images. A batch (of one replica) that is smaller
    than a group is a group. At inference an image may not depend on its batch: the new channel then
    holds the moving average of what it held while training. So it does where the size of the batch is
    not known when the layer is traced.

    Args:
        group_size: Int. Rows of a group.
        momentum: Float in [0, 1). Share of the moving average that an update keeps.

    Raises:
        ValueError: A batch that is larger than a group and no multiple of it.

    Reference: Karras et al., "Progressive Growing of GANs", 2018 (arXiv:1710.10196, section 3).
    """

    def __init__(self, group_size: int = 4, momentum: float = 0.99, **kwargs: Any):
        super().__init__(**kwargs)
        self.group_size, self.momentum = group_size, momentum

    def build(self, input_shape):
        self.moving_stddev = self.add_weight(
            shape=(), initializer="ones", trainable=False, autocast=False, name="moving_stddev"
        )

    def call(self, inputs, training=False):
        _, height, width, _ = inputs.shape
        if training and inputs.shape[0] is not None:
            stddev = self._stddev(inputs)
        else:
            stddev = tf.fill([tf.shape(inputs)[0]], tf.convert_to_tensor(self.moving_stddev))
        shape = [tf.shape(inputs)[0], height, width, 1]
        plane = tf.broadcast_to(tf.cast(stddev, inputs.dtype)[:, None, None, None], shape)
        return tf.concat([inputs, plane], axis=-1)

    def _stddev(self, inputs):
        """Of each row's group, float32 `[B]`; moves the average."""
        rows = inputs.shape[0]
        size = min(self.group_size, rows)
        if rows % size:
            raise ValueError(
                f"A batch on one replica must be a multiple of group_size={size}, or smaller. "
                f"Received: a batch of {rows}."
            )
        groups = tf.reshape(tf.cast(inputs, tf.float32), [rows // size, size, -1])
        variance = tf.math.reduce_variance(groups, axis=1)
        stddev = tf.reduce_mean(tf.sqrt(variance + 1e-8), axis=1)
        change = tf.stop_gradient(tf.reduce_mean(stddev)) - self.moving_stddev
        self.moving_stddev.assign_add((1 - self.momentum) * change)
        return tf.reshape(tf.stack([stddev] * size, axis=1), [rows])

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], input_shape[-1] + 1)

    def get_config(self):
        own = {"group_size": self.group_size, "momentum": self.momentum}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class MinibatchDiscrimination(keras.layers.Layer):
    """Appends to each example's features how near the batch's examples are to it: `[B, D + kernels]`.

    With M = features · T, of `kernels` rows of `size` numbers an example, the b-th appended feature of
    example i is the sum over all j of exp(-|M_ib - M_jb|_1), j = i included. The batch is what one
    replica sees at once. At inference, where an image must not depend on its batch mates, every
    example is given the moving average of the appended features.

    Args:
        kernels: Int. Appended features (B in the paper).
        size: Int. Numbers that a distance is taken over (C in the paper).
        momentum: Float. Of the moving average.

    Reference: Salimans et al., "Improved Techniques for Training GANs", 2016, section 3.2.
    """

    def __init__(self, kernels: int, size: int = 5, momentum: float = 0.9, **kwargs: Any):
        super().__init__(**kwargs)
        if kernels < 1 or size < 1:
            raise ValueError(f"kernels and size must be positive. Received: {kernels}, {size}.")
        self.kernels, self.size, self.momentum = kernels, size, momentum

    def build(self, input_shape):
        self.kernel = self.add_weight(
            shape=(input_shape[-1], self.kernels * self.size),
            initializer=keras.initializers.RandomNormal(stddev=0.05),
            name="kernel",
        )
        self.moving_mean = self.add_weight(
            shape=(self.kernels,),
            initializer="ones",
            trainable=False,
            autocast=False,
            dtype="float32",
            name="moving_mean",
        )

    def call(self, inputs, training=False):
        if training:
            appended = self._closeness(inputs)
            mean = tf.stop_gradient(tf.reduce_mean(appended, axis=0))
            self.moving_mean.assign(self.moving_mean * self.momentum + mean * (1 - self.momentum))
        else:
            appended = tf.zeros_like(inputs[:, :1], tf.float32) + self.moving_mean
        return tf.concat([inputs, tf.cast(appended, inputs.dtype)], axis=-1)

    def _closeness(self, inputs):
        """In float32: a half's sum of many distances would lose the small ones."""
        rows = tf.cast(tf.matmul(inputs, tf.convert_to_tensor(self.kernel)), tf.float32)
        rows = tf.reshape(rows, [-1, self.kernels, self.size])
        distances = tf.reduce_sum(tf.abs(rows[:, None] - rows[None]), axis=-1)
        return tf.reduce_sum(tf.exp(-distances), axis=1)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], input_shape[-1] + self.kernels)

    def get_config(self):
        own = {"kernels": self.kernels, "size": self.size, "momentum": self.momentum}
        return {**super().get_config(), **own}
