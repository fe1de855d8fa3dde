"""Layers that show a discriminator how much the images of a batch vary."""

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class MinibatchStddev(keras.layers.Layer):
    """Adds channels with the mean standard deviation over groups of images.

    `[B, H, W, C]` -> `[B, H, W, C + features]`. While training, `group_size` rows are a group: the
    standard deviation of each value over the group, in float32, averaged over the values, is written to
    the new channel of all its images. A batch (of one replica) that is smaller than a group is a group.
    At inference an image may not depend on its batch: the new channel then holds the moving average of
    what it held while training. So it does where the size of the batch is not known when the layer is
    traced.

    Args:
        group_size: Int. Rows of a group; None: the whole batch is a group.
        momentum: Float in [0, 1). Share of the moving average that an update keeps.
        features: Int F, a divisor of C. New channels, the first one of the first C / F channels.
        grouping: "consecutive": rows that follow one another are a group. "strided": rows i, i + n,
            i + 2 n, …, where the batch has n groups, as in the code of StyleGAN2's authors.

    Raises:
        ValueError: A batch that is larger than a group and no multiple of it; channels that are no
            multiple of `features`.

    Reference: Karras et al., "Progressive Growing of GANs", 2018 (arXiv:1710.10196, section 3).
    """

    def __init__(
        self,
        group_size: int | None = 4,
        momentum: float = 0.99,
        features: int = 1,
        grouping: str = "consecutive",
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if grouping not in ("consecutive", "strided"):
            raise ValueError(
                f"grouping must be 'consecutive' or 'strided'. Received: {grouping!r}."
            )
        self.group_size, self.momentum = group_size, momentum
        self.features, self.grouping = features, grouping

    def build(self, input_shape):
        if input_shape[-1] % self.features:
            raise ValueError(
                f"The channels must be a multiple of features={self.features}. Received: "
                f"{input_shape[-1]} channels."
            )
        self.moving_stddev = self.add_weight(
            shape=() if self.features == 1 else (self.features,),
            initializer="ones",
            trainable=False,
            autocast=False,
            name="moving_stddev",
        )

    def call(self, inputs, training=False):
        _, height, width, _ = inputs.shape
        if training and inputs.shape[0] is not None:
            stddev = self._stddev(inputs)
        else:
            average = tf.reshape(tf.convert_to_tensor(self.moving_stddev), [1, -1])
            stddev = tf.tile(average, [tf.shape(inputs)[0], 1])
        shape = [tf.shape(inputs)[0], height, width, self.features]
        plane = tf.broadcast_to(tf.cast(stddev, inputs.dtype)[:, None, None], shape)
        return tf.concat([inputs, plane], axis=-1)

    def _stddev(self, inputs):
        """Of each row's group, float32 `[B, features]`; moves the average."""
        rows, channels = inputs.shape[0], inputs.shape[-1]
        size = min(self.group_size or rows, rows)
        if rows % size:
            raise ValueError(
                f"A batch on one replica must be a multiple of group_size={size}, or smaller. "
                f"Received: a batch of {rows}."
            )
        axis = 0 if self.grouping == "strided" else 1
        count = [rows // size]
        count.insert(axis, size)
        values = [self.features, channels // self.features]
        groups = tf.reshape(tf.cast(inputs, tf.float32), [*count, -1, *values])
        variance = tf.math.reduce_variance(groups, axis=axis)
        stddev = tf.reduce_mean(tf.sqrt(variance + 1e-8), axis=[1, 3])
        mean = tf.reshape(tf.reduce_mean(stddev, axis=0), self.moving_stddev.shape)
        change = tf.stop_gradient(mean) - self.moving_stddev
        self.moving_stddev.assign_add((1 - self.momentum) * change)
        return tf.reshape(tf.stack([stddev] * size, axis=axis), [rows, self.features])

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], input_shape[-1] + self.features)

    def get_config(self):
        own = {
            "group_size": self.group_size,
            "momentum": self.momentum,
            "features": self.features,
            "grouping": self.grouping,
        }
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
