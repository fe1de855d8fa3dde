"""Residual networks with classes, as SNGAN, SAGAN and BigGAN have them.

The blocks are those of Miyato et al. 2018 (arXiv:1802.05957, appendix B); the normalization by class
and the projection are those of Miyato and Koyama 2018 (arXiv:1802.05637). A block is given the
convolution and the activation to use: `convolve(x, channels, size)` applies a new layer of kernels of
side `size`, and `activate(x)` normalizes as the variant does, then applies a ReLU.
"""

import math

import keras
from keras import layers, ops

from tfgan_zoo.layers import (
    BatchNormalization,
    BilinearUpsampling,
    LeakyReLU,
    Modulation,
    SelfAttention,
    SpectralConv2D,
    SpectralDense,
    SpectralProjection,
)


def generator(gan, images_from):
    """A generator with classes or without; `images_from(latents, labels)` says its layers."""
    latents = keras.Input([gan.latent_dim], name="latents")
    labels = label_input(gan.num_classes)
    inputs = latents if labels is None else [latents, labels]
    return keras.Model(inputs, images_from(latents, labels), name="generator")


def discriminator(gan, features_from):
    """A discriminator with a projection of the class, if there is one; `features_from(images)` says its
    layers but the last."""
    images = keras.Input(gan.image_shape, name="images")
    labels = label_input(gan.num_classes)
    inputs = images if labels is None else [images, labels]
    mode = gan.discriminator_spectral_norm
    logits = logits_of(features_from(images), labels, gan.num_classes, mode=mode)
    return keras.Model(inputs, logits, name="discriminator")


def label_input(num_classes):
    """The input for int32 labels `[B]`, or None for a model without classes."""
    return None if num_classes is None else keras.Input([], dtype="int32", name="label")


def base_resolution(image_shape):
    """The side of the generator's first feature map, 4 to 7, and how many doublings make the image's."""
    height, width, _ = image_shape
    doublings = max(0, int(math.log2(height)) - 2)
    if height != width or not doublings or height % 2**doublings:
        raise ValueError(
            "The residual networks need square images with a side of 4, 5, 6 or 7 times a power of 2, "
            f"from 8 on. Received: image_shape={tuple(image_shape)}. Pad or crop the images."
        )
    return height >> doublings, doublings


# === Blocks ===


def spectral_convolution(initializer, mode="iterated"):
    """`convolve` with spectrally normalized layers; `initializer` is a name, `mode` the layers'."""
    own = {"padding": "same", "kernel_initializer": initializer, "mode": mode}
    return lambda x, channels, size: SpectralConv2D(channels, size, **own)(x)


def double(upsampling="nearest"):
    """A new layer from `[B, H, W, C]` to `[B, 2 H, 2 W, C]`: "nearest" or "bilinear"."""
    return BilinearUpsampling() if upsampling == "bilinear" else layers.UpSampling2D(2)


def block_up(x, channels, convolve, activate, upsampling="nearest"):
    """A feature map of twice the side: `[B, H, W, any]` -> `[B, 2 H, 2 W, channels]`."""
    # Doubling and a 1x1 convolution commute; in this order it costs a fourth.
    shortcut = double(upsampling)(convolve(x, channels, 1))
    x = convolve(double(upsampling)(activate(x)), channels, 3)
    return layers.Add()([convolve(activate(x), channels, 3), shortcut])


def block_down(
    x,
    channels,
    convolve,
    is_halved=True,
    is_first=False,
    hidden=None,
    is_activated=False,
    activate=None,
    normalize=None,
):
    """A feature map of half the side, or of the same: `[B, H, W, any]` -> `[B, H / 2, W / 2, channels]`.

    The first block has no activation before its images.

    Args:
        hidden: Int. Channels between the two convolutions; None: `channels`.
        is_activated: Whether the shortcut, too, comes after the activation.
        activate: Applies a new activation; None: a ReLU.
        normalize: Applies a new normalization; None: none.
    """
    activate, normalize = activate or activation(), normalize or (lambda x: x)
    pool = layers.AveragePooling2D(2) if is_halved else lambda x: x
    has_kernel = is_halved or x.shape[-1] != channels
    shortcut = activate(x) if is_activated and not is_first else x
    if (
        has_kernel
    ):  # averaging and a 1x1 convolution commute, and with normalization as it is outside
        shortcut = convolve(normalize(pool(shortcut)), channels, 1)  # of training
    x = convolve(x if is_first else activate(normalize(x)), hidden or channels, 3)
    x = convolve(activate(normalize(x)), channels, 3)
    return layers.Add()([pool(x), shortcut])


def activation(name=None):
    """Applies a new layer: "relu" or None, "leaky_relu" of slope 0.1, "elu" or "gelu"."""
    if name in (None, "relu"):
        return lambda x: layers.ReLU()(x)
    if name == "leaky_relu":
        return lambda x: LeakyReLU(0.1)(x)
    return lambda x: layers.Activation(name if name == "elu" else _gelu)(x)


def discriminator_activation(gan, usual=None):
    """`activate` of `block_down`."""
    return activation(gan.discriminator_activation or usual)


def discriminator_normalization(gan):
    """`normalize` of `block_down`."""
    if gan.discriminator_normalization is None:
        return lambda x: x
    normalize = batch_normalization(gan.normalization_epsilon)
    return lambda x: normalize(x, affine=True)


@keras.saving.register_keras_serializable(package="tfgan_zoo", name="exact_gelu")
def _gelu(x):
    return ops.gelu(x, approximate=False)


def self_attention(x, attention_size, initializer="glorot_uniform", mode="iterated"):
    """Self-attention, where the feature map has that side."""
    attends = x.shape[1] == attention_size
    return SelfAttention(initializer, mode)(x) if attends else x


def check_attention(gan):
    """Raises ValueError where no feature map of the generator has the side `gan.attention_size`."""
    side, doublings = base_resolution(gan.image_shape)
    sides = [side << level for level in range(1, doublings + 1)]
    if gan.attention_size not in (None, *sides):
        raise ValueError(
            f"attention_size must be None or one of {sides}, the sides of the generator's feature maps. "
            f"Received: {gan.attention_size!r}."
        )


# === Channels that an argument gives ===


def generator_channels(gan, usual):
    """Of the first feature map and of each one of twice the side: `gan.generator_channels`, or by
    default `usual()`."""
    given = gan.generator_channels
    _, doublings = base_resolution(gan.image_shape)
    if given is not None and len(given) != doublings + 1:
        raise ValueError(
            f"generator_channels must be {doublings + 1} integers for image_shape={gan.image_shape}: "
            f"of the first feature map, and of each one of twice the side. Received: {list(given)}."
        )
    return usual() if given is None else list(given)


def discriminator_blocks(gan, usual):
    """`(channels, whether it halves the feature map)` of each block: of `gan.discriminator_channels` and
    `gan.discriminator_halvings`, or by default those of `usual()`."""
    channels, halvings = gan.discriminator_channels, gan.discriminator_halvings
    found = usual() if channels is None else [(size, None) for size in channels]
    if channels is not None and halvings is None:
        halvings = len(channels) - 1
    if halvings is not None:
        found = [(size, level < halvings) for level, (size, _) in enumerate(found)]
    check_halvings(gan, sum(is_halved for _, is_halved in found))
    return found


def check_halvings(gan, halvings):
    """Raises ValueError where images cannot be halved that often."""
    side = gan.image_shape[0]
    if side >> halvings < 1:
        raise ValueError(
            f"Images of side {side} cannot be halved {halvings} times: give other "
            f"discriminator_channels or discriminator_halvings. Received: {gan.discriminator_channels}, "
            f"{gan.discriminator_halvings}."
        )


# === Classes ===


def normalized(x, normalization, condition=None, dense=None, batch=None):
    """Batch normalization with a learned gain and bias, or with ones linear in a condition.

    Args:
        x: Feature maps `[B, H, W, C]`.
        normalization: "batch", or None for the gain and bias of the condition alone.
        condition: Floats `[B, D]`, such as one-hot labels, or None.
        dense: From a number of units to the layer that makes a gain or a bias of the condition; by
            default one that starts at 0, which is a vector for each class.
        batch: From feature maps, and whether there is a gain and a bias to learn, to normalized ones;
            by default `batch_normalization`.
    """
    if normalization not in ("batch", None):
        raise ValueError(
            f"generator_normalization must be 'batch' or None. Received: {normalization!r}."
        )
    own = condition is None
    if normalization:
        x = (batch or batch_normalization())(x, own)
    if own:
        return x
    gains, biases = ((dense or by_class)(x.shape[-1])(condition) for _ in range(2))
    return Modulation()([x, gains, biases])


def batch_normalization(epsilon=1e-5):
    """`batch` of `normalized`."""
    own = {"momentum": 0.9, "epsilon": epsilon}
    return lambda x, affine: BatchNormalization(center=affine, scale=affine, **own)(x)


def by_class(units):
    """A new layer from a one-hot class to a vector of its own, which starts at 0."""
    return layers.Dense(units, use_bias=False, kernel_initializer="zeros")


def global_sum_pooling(x, activate=None):
    """Float32 features `[B, C]`: the sum of each channel over its places, after a ReLU."""
    return pooled((activate or activation())(x), "sum")


def pooled(x, kind):
    """Float32 features of feature maps: the "sum" or "mean" of each channel, `[B, C]`, or all,
    "flatten"."""
    if kind == "flatten":
        return ops.cast(layers.Flatten()(x), "float32")
    return (ops.sum if kind == "sum" else ops.mean)(ops.cast(x, "float32"), axis=(1, 2))


def logits_of(features, labels, num_classes, initializer="glorot_uniform", mode="iterated"):
    """Float32 logits `[B, 1]` of float32 features `[B, F]`, with the inner product of the features and
    the class's vector where there are labels (the projection, equation 3). Layers are spectrally
    normalized, the table of the classes' vectors too; `initializer` is a name, `mode` the layers'."""
    own = {"kernel_initializer": initializer, "mode": mode}
    if labels is None:
        return SpectralDense(1, dtype="float32", name="logits", **own)(features)
    table = SpectralDense(features.shape[-1], use_bias=False, **own)
    vectors = table(ops.one_hot(labels, num_classes))
    return SpectralProjection(dtype="float32", name="logits", **own)([features, vectors])
