"""The radially averaged power spectrum of images, in which upsampling of generators leaves traces.

References: Durall et al., "Watch your Up-Convolution: CNN Based Generative Deep Neural Networks are
Failing to Reproduce Spectral Distributions", 2020 (section 2.1, arXiv:2003.01826); Frank et al.,
"Leveraging Frequency Analysis for Deep Fake Image Recognition", 2020 (arXiv:2003.08685).
"""

import math

import keras
import numpy as np
import tensorflow as tf

_LEAST = 1e-8  # power that is added before the logarithm: of an even image most of it is 0


def radial_bins(height, width):
    """To which radius each frequency of an image belongs: ints `[height, width]`, in the order of the
    discrete Fourier transform, and the number of radii.

    The radius is that in cycles over the shorter side, rounded to nearest; the corners have larger ones
    than the middles of the sides.
    """
    side = min(height, width)
    rows = np.fft.fftfreq(height)[:, None] * side
    columns = np.fft.fftfreq(width)[None] * side
    bins = np.rint(np.hypot(rows, columns)).astype(np.int32)
    return bins, int(bins.max()) + 1


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class RadialSpectrum(keras.layers.Layer):
    """From float images `[B, H, W, C]` to the logarithm of their radially averaged power, `[B, R * C]`.

    The power of a frequency is the square of the absolute value of the Fourier transform, over H * W;
    it is averaged over all frequencies of a radius (Durall et al., equations 2 and 3). The natural
    logarithm of it plus 1e-8 is what is returned, all radii of the first channel first.
    """

    def call(self, images):
        _, height, width, channels = images.shape
        bins, count = radial_bins(height, width)
        members = np.eye(count, dtype=np.float32)[bins.ravel()]
        planes = tf.transpose(tf.cast(images, tf.float32), [0, 3, 1, 2])
        transformed = tf.signal.fft2d(tf.complex(planes, tf.zeros_like(planes)))
        power = tf.math.real(transformed) ** 2 + tf.math.imag(transformed) ** 2
        power = tf.reshape(power, [-1, height * width]) / (height * width)
        averaged = tf.matmul(power, members / members.sum(axis=0))
        return tf.reshape(tf.math.log(averaged + _LEAST), [-1, channels * count])

    def compute_output_shape(self, shape):
        return shape[0], math.prod((shape[3], radial_bins(*shape[1:3])[1]))
