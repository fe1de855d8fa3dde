"""Spectral normalization: layers whose kernel is divided by its largest singular value.

Reference: Miyato et al., "Spectral Normalization for Generative Adversarial Networks", 2018
(arXiv:1802.05957; equations 7 to 12 and algorithm 1).
"""

from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo.layers.convolution import Conv2D


class _Spectral:
    """The singular vector `u`, a weight that is not trained, and its power iteration.

    Every call of one step divides by the same number, so that real and generated images meet the same
    discriminator; `advance` is called once an update, by the training step.
    """

    def build(self, input_shape):
        super().build(input_shape)
        self.u = self.add_weight(
            shape=(self.kernel.shape[-1],),
            initializer=keras.initializers.RandomNormal(),
            trainable=False,
            autocast=False,
            dtype="float32",
            name="u",
        )

    def save_own_variables(self, store):
        super().save_own_variables(store)  # by a list of names that Keras's layers know
        store["u"] = self.u

    def load_own_variables(self, store):
        super().load_own_variables(store)
        self.u.assign(store["u"])

    def advance(self):
        """One power iteration on the kernel as it is now."""
        _, u, _ = _iterated(self.kernel, self.u)
        self.u.assign(u)

    def normalized(self, kernel):
        """The kernel over its largest singular value, with the gradient of equation 12."""
        v, u, matrix = _iterated(kernel, self.u)
        sigma = tf.tensordot(v, tf.linalg.matvec(matrix, u), 1)
        return kernel / tf.cast(sigma, kernel.dtype)


def _iterated(kernel, u):
    """Both singular vectors after an iteration, constants to the gradient; the kernel as a matrix."""
    kernel = tf.convert_to_tensor(kernel)
    matrix = tf.cast(tf.reshape(kernel, [-1, kernel.shape[-1]]), tf.float32)
    fixed = tf.stop_gradient(matrix)
    v = tf.math.l2_normalize(tf.linalg.matvec(fixed, tf.convert_to_tensor(u)), epsilon=1e-12)
    u = tf.math.l2_normalize(tf.linalg.matvec(fixed, v, transpose_a=True), epsilon=1e-12)
    return v, u, matrix


def advance_spectral_norms(network: keras.Model):
    """One power iteration of every layer of a network that has one."""
    for layer in network._flatten_layers():
        if isinstance(layer, _Spectral):
            layer.advance()


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class SpectralConv2D(_Spectral, Conv2D):
    """`keras.layers.Conv2D`, whose kernel, as a matrix with a column for each filter, has norm 1."""

    def convolution_op(self, inputs, kernel):
        return super().convolution_op(inputs, self.normalized(tf.convert_to_tensor(kernel)))


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class SpectralDense(_Spectral, keras.layers.Dense):
    """`keras.layers.Dense`, whose kernel has norm 1."""

    def call(self, inputs, training=None):
        outputs = tf.matmul(inputs, self.normalized(tf.convert_to_tensor(self.kernel)))
        outputs = outputs + self.bias if self.use_bias else outputs
        return outputs if self.activation is None else self.activation(outputs)


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class SpectralProjection(SpectralDense):
    """The inner product of features with a vector for each example, plus a linear layer of them.

    Inputs: features `[B, F]`, and vectors `[B, F]` of the examples' classes; output: `[B, 1]`.

    Reference: Miyato and Koyama, "cGANs with Projection Discriminator", 2018 (equation 3).
    """

    def __init__(self, **kwargs: Any):
        super().__init__(**{**kwargs, "units": 1})
        self.input_spec = None  # Keras's is that of one input

    def build(self, input_shape):
        super().build(input_shape[0])
        self.input_spec = None

    def call(self, inputs, training=None):
        features, vectors = inputs
        return super().call(features) + tf.reduce_sum(features * vectors, axis=-1, keepdims=True)

    def compute_output_shape(self, input_shape):
        return (*input_shape[0][:-1], 1)
