"""The U-Net of pix2pix.

Reference: Isola, Zhu, Zhou and Efros, "Image-to-Image Translation with Conditional Adversarial
Networks", 2017 (arXiv:1611.07004, appendix 6.1.1).
"""

from keras import layers

from tfgan_zoo.layers import Dropout, LeakyReLU
from tfgan_zoo.networks.translation import (
    convolution,
    doubled,
    has_bias,
    images_of,
    normalized,
)


def unet(x, channels, width, halvings, normalization, dropout, upsampling, innermost_dropout=True):
    """Images `[B, H, W, any]` -> float32 images `[B, H, W, channels]` in [-1, 1].

    H and W are multiples of 2**halvings. The innermost map and the first are not normalized.

    Args:
        x: Symbolic images.
        channels: Int. Channels of the images made.
        width: Int. Channels of the first map; deeper ones have twice as many, up to 8 times.
        halvings: Int. 8 in the paper for 256x256, 7 for 128x128.
        normalization: See `networks.translation`.
        dropout: Float in [0, 1). Rate; 0.5 in the paper.
        upsampling: "transpose" or "resize".
        innermost_dropout: Whether the first three blocks after the innermost map have dropout; else
            those after the first one that have 8 times the width, as in the authors' code in PyTorch.
    """
    widths = [min(8, 2**level) * width for level in range(halvings)]
    skips, use_bias = [], has_bias(normalization)
    for level, maps in enumerate(widths):
        x = x if level == 0 else LeakyReLU(0.2)(x)
        x = convolution(x, maps, 4, 2, use_bias, "same")
        if 0 < level < halvings - 1:
            x = normalized(x, normalization)
        skips.append(x)
    for level in reversed(range(1, halvings)):
        x = x if level == halvings - 1 else layers.Concatenate()([x, skips[level]])
        x = doubled(layers.ReLU()(x), widths[level - 1], 4, upsampling, use_bias)
        x = normalized(x, normalization)
        if level >= halvings - 3 if innermost_dropout else 4 <= level < halvings - 1:
            x = Dropout(dropout)(x)
    x = layers.ReLU()(layers.Concatenate()([x, skips[0]]))
    return images_of(doubled(x, channels, 4, upsampling, True))
