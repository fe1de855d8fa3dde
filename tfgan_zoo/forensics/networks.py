"""The networks of a detector: small convolutions, or a logistic regression on the spectrum."""

import math

import keras
import tensorflow as tf
from keras import layers

from tfgan_zoo.forensics.spectrum import RadialSpectrum


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class LogLevels(layers.Layer):
    """Adds to images `[B, H, W, C]` in [-1, 1] as many channels again: the logarithm of 1 + the level in
    [0, 255], brought to [-1, 1]. Black that is not quite black is seen so, which networks draw that
    never reach -1."""

    def call(self, images):
        levels = tf.nn.relu((tf.cast(images, tf.float32) + 1) * 127.5)
        logs = tf.math.log1p(levels) * (2 / math.log(256)) - 1
        return tf.concat([images, tf.cast(logs, images.dtype)], axis=-1)

    def compute_output_shape(self, shape):
        return (*shape[:3], 2 * shape[3])


def convolutions(images, width):
    """Features `[B, 4 * width]`: three convolutions of 3x3 over pixels and their logarithms, the first
    without strides, since what tells lies in the finest details; then a mean over all places, so that
    an artifact counts wherever it is."""
    x = LogLevels()(images)
    for factor, stride in ((1, 1), (2, 2), (4, 2)):
        x = layers.Conv2D(factor * width, 3, strides=stride, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    return layers.GlobalAveragePooling2D()(x)


def spectrum(images, width):
    """The logarithms of the radially averaged power, each of mean 0 and variance 1 over the training
    images; `width` has no meaning here."""
    power = RadialSpectrum(dtype="float32")(images)
    return layers.BatchNormalization(momentum=0.95, center=False, scale=False, dtype="float32")(
        power
    )


BODIES = {"convolutions": convolutions, "spectrum": spectrum}


def network(image_shape, features, width, num_sources):
    """From float images in [-1, 1] to `logits` `[B]`, larger where an image looks generated, and to
    `source_logits` `[B, num_sources]` where there are sources."""
    inputs = layers.Input(image_shape)
    x = BODIES[features](inputs, width)
    logits = layers.Dense(1, dtype="float32", name="logits")(x)
    outputs = {"logits": layers.Reshape((), dtype="float32")(logits)}
    if num_sources:
        outputs["source_logits"] = layers.Dense(num_sources, dtype="float32", name="sources")(x)
    return keras.Model(inputs, outputs, name="network")
