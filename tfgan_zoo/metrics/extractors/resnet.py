"""A small residual classifier of CIFAR-10: features of colour images that no model is trained against.

Reference: He, Zhang, Ren and Sun, "Identity Mappings in Deep Residual Networks", 2016
(arXiv:1603.05027), with a tenth of its layers.
"""

import keras
from keras import layers

WIDTHS = (32, 48, 96)


def network(image_shape, num_classes, name="resnet"):
    """From float images in [-1, 1] to features `[B, 96]`, 0 or more, and logits `[B, num_classes]`."""
    inputs = layers.Input(image_shape)
    x = layers.Conv2D(WIDTHS[0], 3, padding="same", use_bias=False)(inputs)
    for filters in WIDTHS[1:]:
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(
            _activated(layers.MaxPooling2D(2)(x))
        )
        x = layers.Add()([x, _two_convolutions(x, filters)])
    features = layers.GlobalAveragePooling2D(name="features")(_activated(x))
    logits = layers.Dense(num_classes, name="logits")(layers.Dropout(0.2)(features))
    return keras.Model(inputs, [features, logits], name=name)


def _two_convolutions(x, filters):
    for _ in range(2):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(_activated(x))
    return x


def _activated(x):
    return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
