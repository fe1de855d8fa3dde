"""The decoder of AdaIN: half of an autoencoder, the mirror image of VGG up to relu4_1.

Reference: Huang and Belongie, "Arbitrary Style Transfer in Real-time with Adaptive Instance
Normalization", 2017 (arXiv:1703.06868).
"""

from keras import layers

from tfgan_zoo.layers import Clip, Conv2D, ReflectionPadding2D


def decoder(x, channels, width, doublings, widths=None):
    """A map `[B, H, W, any]` -> float32 images `[B, 2**n H, 2**n W, channels]`, n doublings larger.

    Args:
        x: A symbolic map, of 2 places a side or more.
        channels: Int. Channels of the images.
        width: Int. Channels at the size of the images, 64 in the paper; they double at every halving.
        doublings: Int.
        widths: Channels at each size, from that of the images on, in place of `width` doubled.
    """

    widths = widths or [width * 2**level for level in range(doublings)]

    def step(x, maps):
        x = ReflectionPadding2D(1)(x)
        return Conv2D(maps, 3, kernel_initializer="he_normal")(x)

    x = layers.ReLU()(step(x, widths[doublings - 1]))
    for level in reversed(range(doublings)):
        x = layers.UpSampling2D(2)(x)
        for _ in range(3 if level > 1 else 1):  # as many as VGG has there
            x = layers.ReLU()(step(x, widths[level]))
        x = layers.ReLU()(step(x, widths[level - 1])) if level else step(x, channels)
    return Clip(dtype="float32", name="images")(layers.Activation("linear", dtype="float32")(x))
