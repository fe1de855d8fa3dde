"""Learned perceptual image patch similarity (LPIPS), version 0.1, over VGG16.

Reference: Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", 2018.
The linear heads, weights/lpips_vgg_heads.npz, are the authors' (weights/LICENSE.lpips).
"""

import pathlib

import keras
import numpy as np
from keras import layers, ops

from tfgan_zoo.metrics.extractors import torch_weights

VARIABLE = "TFGAN_ZOO_VGG16"
URL = "https://download.pytorch.org/models/vgg16-397923af.pth"
SHA256 = "397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0"

_HEADS = pathlib.Path(__file__).parent / "weights" / "lpips_vgg_heads.npz"
_STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))  # filters and convolutions of VGG16
_SHIFT = np.array([-0.030, -0.088, -0.188], np.float32)  # of ImageNet's colours, in [-1, 1]
_SCALE = np.array([0.458, 0.448, 0.450], np.float32)


def load(weights=None):
    """The `network` with its published weights.

    Args:
        weights: Path of torchvision's vgg16-397923af.pth, or of an .npz file with its names and layouts;
            only features.* are used. By default what the environment variable TFGAN_ZOO_VGG16 names;
            else a download, if TFGAN_ZOO_DOWNLOAD is 1.

    Raises:
        FileNotFoundError: No such file, or none given; the message says where to get it.
        ImportError: A .pth file without torch.
        ValueError: Weights that are missing, too many or of another shape.
    """
    state = torch_weights.read(torch_weights.find(weights, VARIABLE, URL, SHA256))
    model = network()
    torch_weights.assign(model, {**state, **torch_weights.read(_HEADS)}, r"^classifier\.")
    return model


@torch_weights.float32()
def network():
    """From two batches of images to their distances; never trained.

    Returns:
        `keras.Model` from two float32 inputs `[B, H, W, 3]` in [-1, 1], of 16 pixels or more a side, to
        float32 distances `[B]`: 0 for equal images, and, with the published heads, never below.
    """
    inputs = [layers.Input((None, None, 3), dtype="float32") for _ in range(2)]
    stages = _backbone()
    taps = zip(*(_taps(stages, x) for x in inputs), strict=True)
    distances = layers.Add()([_distance(level, *pair) for level, pair in enumerate(taps)])
    model = keras.Model(inputs, distances[:, 0, 0, 0], name="lpips")
    model.trainable = False
    return model


def _backbone():
    """The convolutions of VGG16 by stage, named by their places among its layers.

    A ReLU takes the place after each, and a pool the one after each stage.
    """
    stages, place = [], 0
    for filters, count in _STAGES:
        places = range(place, place + 2 * count, 2)
        options = {"padding": "same", "activation": "relu"}
        stages.append([layers.Conv2D(filters, 3, name=f"features.{k}", **options) for k in places])
        place += 2 * count + 1
    return stages


def _taps(stages, images):
    """What leaves each stage, its channels scaled to length 1."""
    x = (images - _SHIFT) / _SCALE
    for level, stage in enumerate(stages):
        x = layers.MaxPooling2D(2)(x) if level else x
        for convolution in stage:
            x = convolution(x)
        yield x / (ops.sqrt(ops.sum(x**2, axis=-1, keepdims=True)) + 1e-10)


def _distance(level, first, second):
    """The head's sum over channels of the mean square over places, `[B, 1, 1, 1]`."""
    squares = layers.GlobalAveragePooling2D(keepdims=True)((first - second) ** 2)
    return layers.Conv2D(1, 1, use_bias=False, name=f"lin{level}.model.1")(squares)
