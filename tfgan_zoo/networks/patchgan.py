"""PatchGAN: a discriminator that judges every patch of an image.

Reference: Isola et al. 2017 (arXiv:1611.07004, section 3.2.2 and appendix 6.1.2).
"""

import keras
from keras import layers

from tfgan_zoo.layers import LeakyReLU
from tfgan_zoo.networks.translation import blurred, convolution, has_bias, normalized

HALVINGS = {16: 1, 34: 2, 70: 3, 142: 4, 286: 5}  # {side of a patch: convolutions of stride 2}


def patchgan(channels, patch, width, normalization, name, with_features=False, antialias=False):
    """A network from images `[B, H, W, channels]` to the logits of their patches.

    It gives `{"logits": float32 [B, H', W', 1]}`, and if asked "features", a tuple of float32 maps.

    Args:
        channels: Int.
        patch: Int. The side of a patch: 1, 16, 34, 70, 142 or 286.
        width: Int. Channels of the first map; later ones have twice as many, up to 8 times.
        normalization: See `networks.translation`; the first map has none.
        name: Of the network.
        with_features: Whether it gives feature maps too.
        antialias: Whether maps are halved by a blur after a convolution of stride 1, as CUT has it.
    """
    images = keras.Input([None, None, channels], name="images")
    layer = _pixels if patch == 1 else _patches
    features = layer(images, patch, width, normalization, antialias)
    last = (1, 1, has_bias(normalization)) if patch == 1 else (4,)
    logits = convolution(_padded(features[-1], int(patch > 1)), 1, *last)
    outputs = {"logits": layers.Activation("linear", dtype="float32", name="logits")(logits)}
    if with_features:
        exact = [layers.Activation("linear", dtype="float32")(x) for x in features]
        outputs["features"] = tuple(exact)
    return keras.Model(images, outputs, name=name)


def _patches(x, patch, width, normalization, antialias):
    count, features = HALVINGS[patch], []
    for level in range(count + 1):
        halves, maps = level < count, min(8, 2**level) * width
        use_bias = level == 0 or has_bias(normalization)
        x = convolution(_padded(x, 1), maps, 4, 2 if halves and not antialias else 1, use_bias)
        x = LeakyReLU(0.2)(normalized(x, normalization) if level else x)
        x = blurred(x) if halves and antialias else x
        features.append(x)
    return features


def _pixels(x, patch, width, normalization, antialias):
    first = LeakyReLU(0.2)(convolution(x, width, 1))
    x = convolution(first, 2 * width, 1, use_bias=has_bias(normalization))
    return [first, LeakyReLU(0.2)(normalized(x, normalization))]


def _padded(x, around):
    return layers.ZeroPadding2D(around)(x) if around else x
