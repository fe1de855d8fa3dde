"""The generator of FastGAN, which Projected GAN has too.

They read the options of their model, which `models.fastgan.FastGAN` describes.

Reference: Liu, Zhu, Song and Elgammal, "Towards Faster and Stabilized GAN Training for High-fidelity
Few-shot Image Synthesis", 2021 (arXiv:2101.04775, section 3).
"""

import keras
from keras import layers, ops

from tfgan_zoo.layers import (
    BatchNormalization,
    Modulation,
    NearestUpsampling2D,
    NoiseInjection,
    SpectralConv2D,
    SpectralDense,
    SpectralFirstMap,
)

BLOCKS = ("alternating", "double", "single")
FIRST_SIDE, LAST_SIDE = 4, 1024
# Channels of feature maps by their side, in widths.
_GENERATOR = {4: 16, 8: 8, 16: 4, 32: 2, 64: 2, 128: 1, 256: 0.5, 512: 0.25, 1024: 0.125}
_LARGEST_EXCITED = 512


def check(gan):
    """Refuses images and options that the generator has no network for.

    Raises:
        ValueError: The message names the option.
    """
    height, width, _ = gan.image_shape
    if height != width or height not in _GENERATOR or height < 2 * FIRST_SIDE:
        raise ValueError(
            f"{type(gan).__name__} has networks for square images with a side of 8, 16, 32, …, "
            f"{LAST_SIDE}. Received: image_shape={gan.image_shape}."
        )
    require_channels(gan, "width", _GENERATOR[height])
    ratio = gan.excitation_ratio
    if ratio & (ratio - 1):
        raise ValueError(f"excitation_ratio must be a power of 2. Received: {ratio}.")


def require_channels(gan, option, multiple):
    """Refuses a width of which the multiple is below one channel."""
    if int(getattr(gan, option) * multiple) < 1:
        raise ValueError(
            f"{type(gan).__name__}: {option} must be {round(1 / multiple)} or more for images of shape "
            f"{gan.image_shape}, or a feature map has no channel. Received: {getattr(gan, option)}."
        )


def sides(gan):
    """Sides of the generator's feature maps: 4, 8, …, that of the images."""
    return [side for side in _GENERATOR if side <= gan.image_shape[0]]


def excitations(gan):
    """`{side: side of the smaller feature map that it is multiplied by gates of}`."""
    ratio = gan.excitation_ratio
    found = {side: side // ratio for side in sides(gan) if side <= _LARGEST_EXCITED}
    return {side: small for side, small in found.items() if small >= FIRST_SIDE}


# === Layers ===


def convolution(mode, filters, size, strides=1, padding="same", **options):
    """A spectrally normalized convolution without a bias."""
    own = {"use_bias": False, "kernel_initializer": _initial(), "mode": mode, **options}
    return SpectralConv2D(filters, size, strides=strides, padding=padding, **own)


def normalized(x, kind, condition=None, mode=None):
    """Batch normalization, or none; its gain and bias are learned, or linear in a condition `[B, D]`."""
    if kind is not None:
        own = {"momentum": 0.9, "epsilon": 1e-5, "gamma_initializer": _initial(1.0)}
        is_own = condition is None
        x = BatchNormalization(center=is_own, scale=is_own, **own)(x)
    if condition is None:
        return x
    gain, bias = (SpectralDense(x.shape[-1], mode=mode)(condition) for _ in range(2))
    return Modulation()([x, gain, bias])


def excited(small, large, mode):
    """The larger feature map times gates in (0, 1), one a channel, of the smaller one (equation 1)."""
    if small.shape[1] > FIRST_SIDE:
        small = layers.AveragePooling2D(small.shape[1] // FIRST_SIDE)(small)
    channels = large.shape[-1]
    x = ops.silu(convolution(mode, channels, FIRST_SIDE, padding="valid")(small))
    return large * ops.sigmoid(convolution(mode, channels, 1)(x))


def _initial(mean=0.0):
    return keras.initializers.RandomNormal(mean, 0.02)


# === Generator ===


def feature_maps(gan, latents, condition=None):
    """The generator's feature maps of latents `[B, D]`: `{side: [B, side, side, C]}`.

    Args:
        condition: `[B, E]`, what gains and biases of the batch normalization are linear in, but for the
            first one's; None: these are learned.
    """
    mode, kind, found = gan.generator_spectral_norm, gan.generator_normalization, {}
    sources = excitations(gan)
    for number, side in enumerate(sides(gan)):
        channels = int(gan.width * _GENERATOR[side])
        if not number:
            x = SpectralFirstMap(2 * channels, kernel_initializer=_initial(), mode=mode)(latents)
            x = ops.glu(normalized(x, kind))
        else:
            blocks = gan.generator_blocks
            is_double = blocks == "double" or (blocks == "alternating" and number % 2 == 1)
            x = _enlarged(gan, x, channels, condition, is_double)
        if side in sources:
            x = excited(found[sources[side]], x, mode)
        found[side] = x
    return found


def _enlarged(gan, x, channels, condition, is_double):
    """Twice as large, then a convolution, or two with noise after each, in gated linear units."""
    mode, kind = gan.generator_spectral_norm, gan.generator_normalization
    x = NearestUpsampling2D()(x)
    shared = NoiseInjection() if is_double and condition is not None else None
    for _ in range(2 if is_double else 1):
        x = convolution(mode, 2 * channels, 3)(x)
        if is_double:
            x = (shared or NoiseInjection())(x)
        x = ops.glu(normalized(x, kind, condition, mode))
    return x
