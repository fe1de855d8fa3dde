"""The synthesis network of StyleGAN3.

Reference: Karras et al., "Alias-Free Generative Adversarial Networks", 2021 (arXiv:2106.12423).
"""

import itertools

from keras import layers

from tfgan_zoo.layers import AliasFreeConv2D, Clamp, Clip, FilteredLeakyReLU, FourierFeatures
from tfgan_zoo.layers.signals import filters, signals


def images_from(gan, styles):
    """Styles `[B, num_styles, D]` -> images; the first style is the input's."""
    first, *inner, image = signals(gan)
    waves = FourierFeatures(first.channels, first.size, first.rate, first.cutoff, name="waves")
    x = waves(styles[:, 0])
    pairs = itertools.pairwise([first, first, *inner])
    for number, (before, after) in enumerate(pairs, 1):
        x = _convolved(gan, [x, styles[:, number]], after.channels, gan.conv_kernel)
        x = FilteredLeakyReLU(after.size, **filters(gan, before, after))(x)
    x = _convolved(gan, [x, styles[:, -1]], image.channels, 1, demodulate=False)
    x = x if gan.g_conv_clamp is None else Clamp(gan.g_conv_clamp)(x)
    x = layers.Rescaling(gan.output_scale, dtype="float32", name="pixels_scaled")(x)
    return Clip(dtype="float32", name="images")(x)


def _convolved(gan, inputs, channels, size, **options):
    return AliasFreeConv2D(channels, size, momentum=gan.magnitude_momentum, **options)(inputs)
