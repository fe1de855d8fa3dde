"""The networks of StyleGAN, and what those of StyleGAN2 share with them.

Reference: Karras, Laine and Aila, "A Style-Based Generator Architecture for Generative Adversarial
Networks", 2019 (arXiv:1812.04948).
"""

from keras import layers

from tfgan_zoo.layers import (
    AdaptiveInstanceNormalization,
    Clip,
    ConstantInput,
    EqualizedConv2D,
    EqualizedDense,
    LeakyReLU,
    MinibatchStddev,
    MovingAverage,
    NoiseInjection,
    PixelNormalization,
    Resample,
)

_GAIN = 2**0.5


def sizes(image_shape):
    """`(height, width)` of all feature maps, from the smallest (edges of at most 7) to the image's."""
    found = [tuple(image_shape[:2])]
    while min(found[0]) > 7 and not (found[0][0] % 2 or found[0][1] % 2):
        found.insert(0, (found[0][0] // 2, found[0][1] // 2))
    if min(found[0]) > 7 or len(found) == 1:
        raise ValueError(
            "Style-based GANs need images whose edges are a power of two, 2 at least, times 7 or less. "
            f"Received: image_shape={tuple(image_shape)}. Pad or crop the images."
        )
    return found


def channels_at(gan, size):
    """Channels of a feature map of that `(height, width)`."""
    return min(gan.channel_max, gan.channel_base // max(size))


def styles_from(gan, x):
    """The mapping network: latents -> styles `[B, D]`."""
    x = PixelNormalization()(x)
    for _ in range(gan.mapping_layers):
        x = EqualizedDense(gan.style_dim, gain=_GAIN, learning_rate_multiplier=0.01)(x)
        x = LeakyReLU(0.2)(x)
    return MovingAverage(name="w_avg")(x)


def images_from(gan, styles):
    """The synthesis network: styles `[B, num_styles, D]` -> images."""
    for level, size in enumerate(sizes(gan.image_shape)):
        channels = channels_at(gan, size)
        if level == 0:
            x = ConstantInput((*size, channels))(styles[:, 0])
        else:
            x = _convolved(Resample(up=2)(x), channels)
        x = _styled(x, styles[:, 2 * level])
        x = _styled(_convolved(x, channels), styles[:, 2 * level + 1])
    x = EqualizedConv2D(gan.image_shape[-1], 1)(x)
    return Clip(dtype="float32", name="images")(x)


def _convolved(x, channels):
    return EqualizedConv2D(channels, 3, gain=_GAIN)(x)


def _styled(x, style):
    x = LeakyReLU(0.2)(NoiseInjection(per_channel=True)(x))
    return AdaptiveInstanceNormalization()([x, style])


def logits_from(gan, x):
    """The discriminator's layers: images `[B, H, W, C]` -> float32 logits `[B, 1]`."""
    smallest, *larger = sizes(gan.image_shape)
    x = activated(EqualizedConv2D(channels_at(gan, larger[-1]), 1)(x))
    for size, half in zip(larger[::-1], [*larger[-2::-1], smallest], strict=True):
        x = activated(EqualizedConv2D(channels_at(gan, size), 3)(x))
        x = activated(halved(x, channels_at(gan, half), 3))
    return scored(gan, x)


def activated(x, gain=_GAIN):
    return LeakyReLU(0.2, gain=gain)(x)


def halved(x, channels, kernel_size, **options):
    """A convolution of the smoothed feature map at every other pixel."""
    x = Resample(padding=[(kernel_size + 1) // 2] * 2)(x)
    return EqualizedConv2D(channels, kernel_size, strides=2, padding="valid", **options)(x)


def scored(gan, x):
    """The last layers of a discriminator, at the smallest size."""
    channels = channels_at(gan, sizes(gan.image_shape)[0])
    x = activated(EqualizedConv2D(channels, 3)(MinibatchStddev()(x)))
    x = activated(EqualizedDense(channels)(layers.Flatten()(x)))
    return EqualizedDense(1, dtype="float32", name="logits")(x)
