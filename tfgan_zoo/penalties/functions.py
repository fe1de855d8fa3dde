"""Penalties on a critic's gradients and weights, as pure functions: see `tfgan_zoo.penalties`."""

from collections.abc import Callable, Sequence

import tensorflow as tf

# Under the root: without it the slope's own gradient is infinite where a critic is flat.
_EPSILON = 1e-10


def _squared_norm(critic, images):
    images = tf.cast(images, tf.float32)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(images)
        total = tf.reduce_sum(tf.cast(critic(images), tf.float32))
    gradients = tape.gradient(total, images)
    if gradients is None:
        raise ValueError("The critic's logits must depend on its images; no gradient reaches them.")
    return tf.reduce_sum(tf.square(gradients), axis=list(range(1, images.shape.rank)))


def _squared_slope_error(critic, images, target=1.0, one_sided=False):
    error = tf.sqrt(_squared_norm(critic, images) + _EPSILON) / target - 1.0
    return tf.square(tf.nn.relu(error) if one_sided else error)


def _require_shape(tensor, expected, name):
    if not tensor.shape.is_compatible_with(expected):
        raise ValueError(f"{name} must have shape {expected}; received {tensor.shape}.")


def _one_draw_an_example(images):
    return tf.TensorShape([images.shape[0]] + [1] * (images.shape.rank - 1))


def gradient_penalty(
    critic: Callable,
    real: tf.Tensor,
    fake: tf.Tensor,
    alpha: tf.Tensor,
    target: float = 1.0,
    one_sided: bool = False,
) -> tf.Tensor:
    """(|grad D(real + alpha (fake - real))| / target - 1)^2: WGAN-GP, Gulrajani et al. 2017, eq. 3.

    `alpha` `[B, 1, 1, 1]` holds one *uniform* draw from [0, 1) an example. `one_sided` lets
    slopes below the target go free (Petzka et al. 2018). Raises `ValueError` where `fake` has not
    the shape of `real`, or `alpha` not one value an example.
    """
    real, fake, alpha = (tf.cast(value, tf.float32) for value in (real, fake, alpha))
    _require_shape(fake, real.shape, "fake")
    _require_shape(alpha, _one_draw_an_example(real), "alpha")
    return _squared_slope_error(critic, real + alpha * (fake - real), target, one_sided)


def dragan_penalty(
    critic: Callable,
    real: tf.Tensor,
    noise: tf.Tensor,
    alpha: tf.Tensor,
    stddev: tf.Tensor | None = None,
) -> tf.Tensor:
    """(|grad D(real + alpha * 0.5 * stddev * noise)| - 1)^2: DRAGAN, Kodali et al. 2017.

    `noise` has the shape of `real` and `alpha` is `[B, 1, 1, 1]`, both uniform draws from [0, 1),
    as in the authors' code; the paper's text has Gaussian noise. `stddev` is a scalar; None takes
    the standard deviation of all values in `real`, which under `tf.distribute` is that of one
    replica's share: pass that of the global batch, as a `GAN` does. Raises `ValueError` on other shapes.
    """
    real, noise, alpha = (tf.cast(value, tf.float32) for value in (real, noise, alpha))
    _require_shape(noise, real.shape, "noise")
    _require_shape(alpha, _one_draw_an_example(real), "alpha")
    stddev = tf.math.reduce_std(real) if stddev is None else tf.cast(stddev, tf.float32)
    return _squared_slope_error(critic, real + alpha * 0.5 * stddev * noise)


def r1_penalty(critic: Callable, real: tf.Tensor) -> tf.Tensor:
    """1/2 |grad D(real)|^2, to be weighted by the paper's gamma: Mescheder et al. 2018, eq. 9."""
    return 0.5 * _squared_norm(critic, real)


def r1_weight(image_shape: tuple[int, int, int], batch_size: int = 32) -> float:
    """The weight of R1 for images of that `(height, width, channels)`: 0.0002 x edge^2 / batch.

    The rule of the authors' later code (github.com/NVlabs/stylegan2-ada, `auto`); it gives 0.005 for 28
    pixels, 0.026 for 64 and 6.6 for 1024. A weight of 10 at 28 pixels leaves a discriminator that can
    hardly learn.
    """
    return 0.0002 * max(image_shape[:2]) ** 2 / batch_size


def r2_penalty(critic: Callable, fake: tf.Tensor) -> tf.Tensor:
    """1/2 |grad D(fake)|^2, to be weighted by the paper's gamma: Mescheder et al. 2018, eq. 10."""
    return 0.5 * _squared_norm(critic, fake)


def r1_r2_penalty(critic: Callable, real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """`r1_penalty` + `r2_penalty`, to be weighted by the paper's gamma: R3GAN, Huang et al. 2024.

    The images of `real` and `fake` are paired; raises `ValueError` where their shapes differ.
    """
    _require_shape(fake, real.shape, "fake")
    return r1_penalty(critic, real) + r2_penalty(critic, fake)


def orthogonal_penalty(kernels: Sequence[tf.Tensor]) -> tf.Tensor:
    """The sum over kernels of |W^T W without its diagonal|_F^2, a float32 scalar.

    Each kernel, of any rank from 2, is reshaped to `[-1, filters]` with its last axis as filters.
    BigGAN: Brock et al. 2019, eq. 3.
    """
    return sum((_off_diagonal_energy(kernel) for kernel in kernels), tf.zeros([]))


def _off_diagonal_energy(kernel):
    kernel = tf.cast(kernel, tf.float32)
    matrix = tf.reshape(kernel, [-1, kernel.shape[-1]])
    rows, columns = matrix.shape
    if rows >= columns:
        gram = tf.linalg.matmul(matrix, matrix, transpose_a=True)
        return tf.reduce_sum(tf.square(tf.linalg.set_diag(gram, tf.zeros([columns]))))
    # |W^T W|_F = |W W^T|_F, and the latter is small where a dense layer makes a map of few numbers.
    gram = tf.linalg.matmul(matrix, matrix, transpose_b=True)
    diagonal = tf.reduce_sum(tf.square(matrix), axis=0)
    return tf.reduce_sum(tf.square(gram)) - tf.reduce_sum(tf.square(diagonal))


def clip_weights(variables: Sequence, limit: float) -> None:
    """Assigns each `tf.Variable` or `keras.Variable` its value clipped to [-limit, limit].

    WGAN: Arjovsky et al. 2017, algorithm 1.
    """
    for variable in variables:
        variable.assign(tf.clip_by_value(tf.convert_to_tensor(variable), -limit, limit))
