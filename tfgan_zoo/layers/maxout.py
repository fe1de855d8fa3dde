"""Maxout units."""

from typing import Any

import keras


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class Maxout(keras.layers.Layer):
    """The largest of `pieces` linear maps, for each of `units` outputs: `[B, D]` -> `[B, units]`.

    Args:
        units: Int. Outputs.
        pieces: Int. Linear maps per output.
        kernel_initializer: As in `keras.layers.Dense`.

    Reference: Goodfellow et al., "Maxout Networks", 2013.
    """

    def __init__(
        self, units: int, pieces: int, kernel_initializer: Any = "glorot_uniform", **kwargs: Any
    ):
        super().__init__(**kwargs)
        self.units, self.pieces = units, pieces
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.dense = keras.layers.Dense(
            units * pieces, kernel_initializer=self.kernel_initializer, dtype=self.dtype_policy
        )

    def build(self, input_shape):
        self.dense.build(input_shape)

    def call(self, inputs):
        outputs = keras.ops.reshape(self.dense(inputs), (-1, self.units, self.pieces))
        return keras.ops.max(outputs, axis=-1)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def get_config(self):
        initializer = keras.initializers.serialize(self.kernel_initializer)
        own = {"units": self.units, "pieces": self.pieces, "kernel_initializer": initializer}
        return {**super().get_config(), **own}
