"""Residual and plain convolutional networks of SNGAN and SSGAN.

They read the options of their model, which `models.sngan.SNGAN` describes.
"""

import functools

import keras
from keras import layers, ops

from tfgan_zoo.layers import Conv2D, Conv2DTranspose, SpectralConv2D, SpectralDense
from tfgan_zoo.networks import resnet


def images_from(gan, latents, labels=None):
    """The generator's layers: latents `[B, D]` -> float32 images `[B, H, W, C]` in [-1, 1]."""
    condition = None if labels is None else ops.one_hot(labels, gan.num_classes)

    batch = resnet.batch_normalization(gan.normalization_epsilon)
    mode = gan.generator_spectral_norm
    dense = functools.partial(_by_class, mode=mode)

    def activate(x, condition=condition):
        kind = gan.generator_normalization
        x = resnet.normalized(x, kind, condition, dense, batch)
        return resnet.activation(gan.generator_activation)(x)

    build = _cnn_from if _is_cnn(gan.network) else _maps_from
    x = build(gan, latents, activate)
    x = _layer(Conv2D, mode)(gan.image_shape[-1], 3, padding="same")(x)
    return layers.Activation("tanh", dtype="float32", name="images")(x)


def features_from(gan, images):
    """The discriminator's layers up to its logits: float32 features `[B, F]` of images."""
    return (_cnn_features if _is_cnn(gan.network) else _resnet_features)(gan, images)


def _is_cnn(network):
    if network not in ("resnet_flat", "resnet", "cnn"):
        raise ValueError(
            f"network must be 'resnet_flat', 'resnet' or 'cnn'. Received: {network!r}."
        )
    return network == "cnn"


def _first_feature_map(gan, latents, channels):
    side, _ = resnet.base_resolution(gan.image_shape)
    dense = _layer(layers.Dense, gan.generator_spectral_norm)(side**2 * channels)
    return layers.Reshape((side, side, channels))(dense(latents))


def _layer(kind, mode):
    """A class of layers, or of the spectrally normalized ones in that mode."""
    if mode is None:
        return kind
    return functools.partial(SpectralConv2D if kind is Conv2D else SpectralDense, mode=mode)


def _by_class(units, mode):
    own = {"use_bias": False, "kernel_initializer": "zeros" if mode is None else "glorot_uniform"}
    return _layer(layers.Dense, mode)(units, **own)


# === Residual networks ===


def _maps_from(gan, latents, activate):
    first, *maps = resnet.generator_channels(gan, lambda: _generator_channels(gan))
    x = _first_feature_map(gan, latents, first)
    convolve = functools.partial(_convolve, mode=gan.generator_spectral_norm)
    for channels in maps:
        x = resnet.block_up(x, channels, convolve, activate, gan.upsampling)
    return activate(x, None)  # the last one is not told the class


def _generator_channels(gan):
    """Of the first feature map, and of each block."""
    _, doublings = resnet.base_resolution(gan.image_shape)
    if gan.network == "resnet_flat":
        return [gan.width] * (doublings + 1)
    return [gan.width * min(16, 2 ** (doublings - level)) for level in range(doublings + 1)]


def _resnet_features(gan, x):
    blocks = resnet.discriminator_blocks(gan, lambda: _discriminator_blocks(gan))
    own = {
        "is_activated": gan.activated_shortcuts,
        "activate": resnet.discriminator_activation(gan),
    }
    own["normalize"] = resnet.discriminator_normalization(gan)
    convolve = functools.partial(_convolve, mode=gan.discriminator_spectral_norm)
    for level, (channels, is_halved) in enumerate(blocks):
        is_narrow = level and gan.discriminator_hidden == "inputs"
        hidden = x.shape[-1] if is_narrow else channels
        x = resnet.block_down(x, channels, convolve, is_halved, level == 0, hidden, **own)
    return resnet.pooled(own["activate"](x), gan.discriminator_pooling or "sum")


def _discriminator_blocks(gan):
    """`(channels, whether it halves the feature map)` of each block."""
    _, doublings = resnet.base_resolution(gan.image_shape)
    if gan.network == "resnet_flat":
        return [(gan.width // 2, level < 2) for level in range(4)]
    halving = [(gan.width * 2**level, True) for level in range(min(doublings + 1, 5))]
    # At 64x64 (snresnet_64.py of github.com/pfnet-research/sngan_projection) the last one halves too.
    return halving if doublings == 4 else [*halving, (gan.width * 16, False)]


def _convolve(x, channels, size, mode):
    own = {"padding": "same", "kernel_initializer": _initializer(size)}
    return _layer(Conv2D, mode)(channels, size, **own)(x)


def _initializer(size):
    """Glorot's, of twice the variance in the branch with the ReLUs (as in the authors' code)."""
    return keras.initializers.VarianceScaling(2.0 if size == 3 else 1.0, "fan_avg", "uniform")


# === Plain convolutional networks ===


def _cnn_from(gan, latents, activate):
    first, *maps = resnet.generator_channels(gan, lambda: _cnn_channels(gan)[::-1])
    x = _first_feature_map(gan, latents, first)
    for channels in maps:
        x = activate(Conv2DTranspose(channels, 4, strides=2, padding="same")(x))
    return x


def _cnn_channels(gan):
    _, doublings = resnet.base_resolution(gan.image_shape)
    return [gan.width * 2**level for level in range(doublings + 1)]


def _cnn_features(gan, x):
    blocks = resnet.discriminator_blocks(gan, lambda: [(n, True) for n in _cnn_channels(gan)])
    convolution = _layer(Conv2D, gan.discriminator_spectral_norm)
    activate = resnet.discriminator_activation(gan, "leaky_relu")
    normalize = resnet.discriminator_normalization(gan)
    for channels, _ in blocks[:-1]:
        for kernel, strides in ((3, 1), (4, 2)):
            x = convolution(channels, kernel, strides=strides, padding="same")(x)
            x = activate(normalize(x))
    x = activate(normalize(convolution(blocks[-1][0], 3, padding="same")(x)))
    return resnet.pooled(x, gan.discriminator_pooling or "flatten")
