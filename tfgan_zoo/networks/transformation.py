"""The residual image transformation network, as CycleGAN has it.

References: Johnson, Alahi and Fei-Fei, "Perceptual Losses for Real-Time Style Transfer and
Super-Resolution", 2016 (arXiv:1603.08155); Zhu, Park, Isola and Efros, "Unpaired Image-to-Image
Translation using Cycle-Consistent Adversarial Networks", 2017 (arXiv:1703.10593, appendix 7.2).
"""

import keras
from keras import layers

from tfgan_zoo.layers import Conv2D, Dropout, ReflectionPadding2D
from tfgan_zoo.networks.translation import (
    blurred,
    clipped_images_of,
    convolution,
    doubled,
    has_bias,
    images_of,
    normalized,
)


def transformation(
    x,
    channels,
    width,
    blocks,
    normalization,
    dropout,
    upsampling,
    antialias=False,
    kernel=7,
    use_bias=None,
    padding="zeros",
    in_bytes=False,
):
    """Images `[B, H, W, any]` -> float32 images `[B, H, W, channels]` in [-1, 1].

    H and W are multiples of 4, from 16 up.

    Args:
        x: Symbolic images.
        channels: Int. Channels of the images made.
        width: Int. Channels of the first map, 64 in the papers; after two halvings there are four times
            as many.
        blocks: Int. Residual blocks: 9 for 256x256, 6 for 128x128.
        normalization: See `networks.translation`.
        dropout: Float in [0, 1), within the blocks.
        upsampling: "transpose", "resize" or "bilinear".
        antialias: Whether maps are halved by a blur after a convolution of stride 1, as CUT has it.
        kernel: Int. Side of the first and the last convolution: 7 of CycleGAN, 9 of Johnson et al.
        use_bias: Whether convolutions before normalizations have biases; None: where these have none.
        padding: "zeros" or "reflect", before the convolutions that halve.
        in_bytes: Whether the first convolution is given pixels in [0, 255], and the last one makes such,
            without a tanh.
    """
    use_bias = has_bias(normalization) if use_bias is None else use_bias
    x = layers.Rescaling(127.5, 127.5)(x) if in_bytes else x
    around = ReflectionPadding2D if padding == "reflect" else layers.ZeroPadding2D

    def step(x, maps, size, strides=1):
        x = convolution(x, maps, size, strides, use_bias)
        return normalized(x, normalization)

    x = layers.ReLU()(step(ReflectionPadding2D(kernel // 2)(x), width, kernel))
    for maps in (2 * width, 4 * width):
        x = layers.ReLU()(step(around(1)(x), maps, 3, 1 if antialias else 2))
        x = blurred(x) if antialias else x
    for _ in range(blocks):
        inner = layers.ReLU()(step(ReflectionPadding2D(1)(x), 4 * width, 3))
        inner = Dropout(dropout)(inner) if dropout else inner
        x = layers.Add()([x, step(ReflectionPadding2D(1)(inner), 4 * width, 3)])
    for maps in (2 * width, width):
        x = doubled(x, maps, 3, upsampling, use_bias)
        x = layers.ReLU()(normalized(x, normalization))
    made = convolution(ReflectionPadding2D(kernel // 2)(x), channels, kernel)
    return clipped_images_of(made) if in_bytes else images_of(made)


def encoder(network):
    """The first layers of such a network, as a network from images to the tuple of maps that CUT
    compares (arXiv:2007.15651, appendix C.1): the padded image, the second and the third convolution,
    the first residual block, and the fifth or the last of fewer."""
    padded, convolutions, blocks = (
        [layer.output for layer in network.layers if isinstance(layer, kind)]
        for kind in (ReflectionPadding2D, Conv2D, layers.Add)
    )
    chosen = [padded[0], *convolutions[1:3], blocks[0], *blocks[1:5][-1:]]
    return keras.Model(network.input, tuple(chosen), name="encoder")
