"""The discriminator of FastGAN, and the decoders of its feature maps.

They read the options of their model, which `models.fastgan.FastGAN` describes.

Reference: Liu, Zhu, Song and Elgammal, "Towards Faster and Stabilized GAN Training for High-fidelity
Few-shot Image Synthesis", 2021 (arXiv:2101.04775, section 3.2).
"""

from keras import layers, ops

from tfgan_zoo.layers import LeakyReLU, NearestUpsampling2D
from tfgan_zoo.networks.fastgan import convolution, excited, normalized, require_channels

LAST_SIDE = 8  # of the feature maps that logits are of
_SMALL_SIDE = 128  # of small images, where the large ones have 256 and more
_LARGEST_SIDE = 256  # of feature maps
# Channels of feature maps by their side, in widths; those of small images have half.
_WIDTHS = {8: 8, 16: 4, 32: 2, 64: 1, 128: 0.5, 256: 0.25, 512: 0.125}
_HIDDEN = 16  # of the convolution before the logits of large images


def small_side(gan):
    """Int. The side of the images in the smaller size."""
    return max(min(_SMALL_SIDE, gan.image_shape[0] // 2), LAST_SIDE)


def check(gan):
    """Refuses widths of which a feature map has no channel: ValueError."""
    side = gan.image_shape[0]
    largest = _LARGEST_SIDE * 2 if side == 1024 else min(side, _LARGEST_SIDE)
    small = max(small_side(gan) // 2, LAST_SIDE)
    multiple = min(_WIDTHS[largest], _WIDTHS[small] / 2)
    require_channels(gan, "discriminator_width", multiple)


def outputs(gan, images, small_images):
    """Of images of both sizes: their logits, `[B, P]`, and the feature maps that are decoded.

    Returns:
        `{"logits": …, "features": [B, 8, 8, C], "small_features": [B, 8, 8, C]}`, and "part_features",
        of which a quarter is decoded, `[B, 16, 16, C]`, where there are such.
    """
    mode, found = gan.discriminator_spectral_norm, _feature_maps(gan, images)
    x = convolution(mode, _HIDDEN * gan.discriminator_width, 1)(found[LAST_SIDE])
    x = LeakyReLU(0.2)(normalized(x, gan.discriminator_normalization))
    made = {"features": found[LAST_SIDE], "small_features": _small_features(gan, small_images)}
    heads = [_patches(mode, x), _patches(mode, made["small_features"])]
    made |= {"part_features": found[2 * LAST_SIDE]} if 2 * LAST_SIDE in found else {}
    own = {"dtype": "float32"}
    made = {name: layers.Activation("linear", name=name, **own)(x) for name, x in made.items()}
    return made | {"logits": layers.Concatenate(name="logits", **own)(heads)}


def _sides(gan):
    """Sides of the discriminator's feature maps, the largest first."""
    return [side for side in (256, 128, 64, 32, 16, 8) if side <= gan.image_shape[0]]


def _channels(gan, side):
    return int(gan.discriminator_width * _WIDTHS[side])


def _feature_maps(gan, x):
    """The discriminator's feature maps of images: `{side: [B, side, side, C]}`."""
    mode, found = gan.discriminator_spectral_norm, {}
    x = _begun(gan, x)
    for side in _sides(gan):
        x = halved_in_two_ways(gan, x, _channels(gan, side)) if found else x
        if side <= 32 and 8 * side in found:
            x = excited(found[8 * side], x, mode)
        found[side] = x
    return found


def _begun(gan, x):
    """The first feature map, of images, of 256 pixels a side at most."""
    mode, kind = gan.discriminator_spectral_norm, gan.discriminator_normalization
    side = gan.image_shape[0]
    channels = _channels(gan, _sides(gan)[0])
    if side < 512:
        return LeakyReLU(0.2)(convolution(mode, channels, 3)(x))
    if side == 512:
        return LeakyReLU(0.2)(convolution(mode, channels, 4, 2)(x))
    x = LeakyReLU(0.2)(convolution(mode, _channels(gan, 512), 4, 2)(x))
    x = normalized(convolution(mode, channels, 4, 2)(x), kind)
    return LeakyReLU(0.2)(x)


def _small_features(gan, x):
    """The discriminator's last feature map of small images, `[B, 8, 8, C]`."""
    mode, side = gan.discriminator_spectral_norm, max(small_side(gan) // 2, LAST_SIDE)
    halves = [side >> n for n in range((side // LAST_SIDE).bit_length())]
    first, *others = [int(gan.discriminator_width * _WIDTHS[half] / 2) for half in halves]
    size, strides = (4, 2) if x.shape[1] > LAST_SIDE else (3, 1)
    x = LeakyReLU(0.2)(convolution(mode, first, size, strides)(x))
    for channels in others:
        x = halved(gan, x, channels)
    return x


def _patches(mode, x):
    """Logits of 5x5 patches, `[B, 25]`, of feature maps of 8x8."""
    return layers.Flatten()(convolution(mode, 1, 4, padding="valid")(x))


def halved(gan, x, channels):
    """Half as large, by one convolution."""
    mode, kind = gan.discriminator_spectral_norm, gan.discriminator_normalization
    x = convolution(mode, channels, 4, 2)(x)
    return LeakyReLU(0.2)(normalized(x, kind))


def halved_in_two_ways(gan, x, channels):
    """Half as large: the mean of two convolutions and of one of averages."""
    mode, kind = gan.discriminator_spectral_norm, gan.discriminator_normalization
    y = halved(gan, x, channels)
    y = LeakyReLU(0.2)(normalized(convolution(mode, channels, 3)(y), kind))
    x = convolution(mode, channels, 1)(layers.AveragePooling2D(2)(x))
    return (y + LeakyReLU(0.2)(normalized(x, kind))) / 2


def decoded(gan, x, side):
    """An image of that side of a feature map of 8x8 (section 3.2)."""
    mode, kind = gan.discriminator_spectral_norm, gan.discriminator_normalization
    widths = (4, 2, 2, 1)[: (side // 8).bit_length() - 1]
    for width in widths:
        x = convolution(mode, 2 * width * gan.decoder_width, 3)(NearestUpsampling2D()(x))
        x = ops.glu(normalized(x, kind))
    x = convolution(mode, gan.image_shape[-1], 3)(x)
    return layers.Activation("tanh", dtype="float32")(x)
