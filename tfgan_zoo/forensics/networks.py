"""The networks of a detector: small convolutions, or a logistic regression on the spectrum."""

import keras
from keras import layers

from tfgan_zoo.forensics.spectrum import RadialSpectrum


def convolutions(images, width):
    """Features `[B, 4 * width]`: three convolutions of 3x3, the first without strides, since what tells
    lies in the finest details, and a mean over all places, so that an artifact counts wherever it is."""
    x = images
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
