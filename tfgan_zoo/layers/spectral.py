"""Spectral normalization: layers whose kernel is divided by its largest singular value.

Reference: Miyato et al., "Spectral Normalization for Generative Adversarial Networks", 2018
(arXiv:1802.05957; equations 7 to 12 and algorithm 1).
"""

import math
from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo.layers.convolution import Conv2D


class _Spectral:
    """The singular vector `u`, a weight that is not trained, and its power iteration.

    Every call of one step divides by the same number, so that real and generated images meet the same
    discriminator; `advance` is called once an update, by the training step.

    Args:
        mode: "iterated": one singular vector is a weight, `u`, and each call makes a power iteration
            from it; "stored": both are, `u` and `v`, and calls take them as they are; None: there are
            none, and the kernel stays as it is.
    """

    def __init__(self, *args, mode="iterated", **kwargs):
        super().__init__(*args, **kwargs)
        self.mode = mode

    def build(self, input_shape):
        super().build(input_shape)
        start = keras.initializers.RandomNormal()
        if self.mode is None:
            return
        kernel, columns = lambda: self._matrix(self.kernel), self.columns
        if self.mode == "stored":
            rows = math.prod(self.kernel.shape) // columns
            first = lambda *_, **__: _iterated(kernel(), start((columns,)))[0]  # noqa: E731
            self.v = self._vector("v", rows, first)
            start = lambda *_, **__: _iterated_back(kernel(), self.v)  # noqa: E731
        self.u = self._vector("u", columns, start)

    @property
    def columns(self):
        """Int. Columns of the kernel as a matrix."""
        return self.kernel.shape[-1]

    def _matrix(self, kernel):
        return tf.reshape(tf.convert_to_tensor(kernel), [-1, self.columns])

    def _vector(self, name, length, initializer):
        own = {"trainable": False, "autocast": False, "dtype": "float32", "name": name}
        return self.add_weight(shape=(length,), initializer=initializer, **own)

    def save_own_variables(self, store):
        super().save_own_variables(store)  # by a list of names that Keras's layers know
        for name in self._vectors():
            store[name] = getattr(self, name)

    def load_own_variables(self, store):
        super().load_own_variables(store)
        for name in self._vectors():
            getattr(self, name).assign(store[name])

    def get_config(self):
        own = {} if self.mode == "iterated" else {"mode": self.mode}
        return {**super().get_config(), **own}

    def advance(self):
        """One power iteration on the kernel as it is now."""
        if self.mode is None:
            return
        v, u, _ = _iterated(self._matrix(self.kernel), self.u)
        self.u.assign(u)
        if self.mode == "stored":
            self.v.assign(v)

    def normalized(self, kernel):
        """The kernel over its largest singular value, with the gradient of equation 12."""
        if self.mode is None:
            return kernel
        matrix = self._matrix(kernel)
        if self.mode == "stored":
            v, u, matrix = *map(tf.convert_to_tensor, (self.v, self.u)), _float(matrix)
        else:
            v, u, matrix = _iterated(matrix, self.u)
        sigma = tf.tensordot(v, tf.linalg.matvec(matrix, u), 1)
        return kernel / tf.cast(sigma, kernel.dtype)

    def _vectors(self):
        return {"iterated": ("u",), "stored": ("v", "u"), None: ()}[self.mode]


def _iterated(matrix, u):
    """Both singular vectors after an iteration, constants to the gradient; the matrix in float32."""
    matrix = _float(matrix)
    fixed = tf.stop_gradient(matrix)
    v = tf.math.l2_normalize(tf.linalg.matvec(fixed, tf.convert_to_tensor(u)), epsilon=1e-12)
    return v, _iterated_back(fixed, v), matrix


def _iterated_back(matrix, v):
    columns = tf.linalg.matvec(_float(matrix), tf.convert_to_tensor(v), transpose_a=True)
    return tf.math.l2_normalize(columns, epsilon=1e-12)


def _float(matrix):
    return tf.cast(matrix, tf.float32)


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
class SpectralFirstMap(SpectralDense):
    """A feature map of latents, `[B, D]` -> `[B, size, size, filters]`, without a bias.

    It is a transposed convolution of a map of one place. The kernel as a matrix with a column for each
    filter has norm 1, where `SpectralDense` has a column for each filter and place.

    Args:
        filters, size: Ints.
        kwargs: Of `SpectralDense`.
    """

    def __init__(self, filters: int, size: int = 4, **kwargs: Any):
        super().__init__(**{**kwargs, "units": size * size * filters, "use_bias": False})
        self.filters, self.size = filters, size

    @property
    def columns(self):
        return self.filters

    def call(self, inputs, training=None):
        outputs = super().call(inputs)
        return tf.reshape(outputs, [-1, self.size, self.size, self.filters])

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.size, self.size, self.filters)

    def get_config(self):
        return {**super().get_config(), "filters": self.filters, "size": self.size}


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
