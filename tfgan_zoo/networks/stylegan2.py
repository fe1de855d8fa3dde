"""The networks of StyleGAN2, in every configuration of its authors' code.

Reference: Karras et al., "Training Generative Adversarial Networks with Limited Data", 2020
(arXiv:2006.06676), whose code has them.
"""

import itertools

import keras
from keras import layers

from tfgan_zoo.layers import (
    Clamp,
    Clip,
    ConstantInput,
    EqualizedConv2D,
    EqualizedDense,
    LeakyReLU,
    MinibatchStddev,
    ModulatedConv2D,
    MovingAverage,
    NoiseInjection,
    PixelNormalization,
    Resample,
    ScaledActivation,
)

GAINS = {  # of activations, which keep the variance of what passes them
    "lrelu": 2**0.5,
    "relu": 2**0.5,
    "swish": 2**0.5,
    **dict.fromkeys(("linear", "tanh", "sigmoid", "elu", "selu", "softplus"), 1.0),
}
ARCHITECTURES = ("skip", "resnet", "orig")
_HALF = 0.5**0.5  # of the sum of two, each of which is multiplied by it


def activated(x, activation, gain=1.0, clamp=None):
    """An activation times its gain and `gain`; `clamp`, too, is times `gain`."""
    total = GAINS[activation] * gain
    total = 1.0 if abs(total - 1) < 1e-9 else total
    made = LeakyReLU(0.2, total) if activation == "lrelu" else ScaledActivation(activation, total)
    return _clamped(made(x), clamp, gain)


def _clamped(x, clamp, gain=1.0):
    return x if clamp is None else Clamp(clamp * gain)(x)


# === Mapping ===


def styles_from(gan, inputs):
    """Latents `[B, latent_dim]`, or `[latents, labels]`, -> styles `[B, D]`."""
    if gan.num_classes is None:
        x = PixelNormalization()(inputs)
    else:
        latents, labels = inputs
        embedded = _embedded(gan, labels, gan.label_dim or gan.style_dim)
        x = layers.Concatenate()([PixelNormalization()(latents), embedded])
    widths = [gan.mapping_width or gan.style_dim] * (gan.mapping_layers - 1) + [gan.style_dim]
    x = _mapped(gan, x, widths, gan.mapping_learning_rate_multiplier)
    return MovingAverage(gan.w_avg_momentum, name="w_avg")(x)


def class_map_from(gan, labels, size):
    """Labels `[B]` -> what the discriminator's features are compared with, `[B, size]`."""
    x = _embedded(gan, labels, gan.d_label_dim or size)
    widths = [gan.d_mapping_width or size] * (gan.d_mapping_layers - 1) + [size]
    widths = widths[: gan.d_mapping_layers]
    return _mapped(gan, x, widths, gan.d_mapping_learning_rate_multiplier)


def _embedded(gan, labels, size):
    x = EqualizedDense(size)(keras.ops.one_hot(labels, gan.num_classes))
    return PixelNormalization()(x)


def _mapped(gan, x, widths, multiplier):
    for width in widths:
        if gan.mapping_activation == "lrelu":  # whose gain the kernel has here
            x = EqualizedDense(width, gain=2**0.5, learning_rate_multiplier=multiplier)(x)
            x = LeakyReLU(0.2)(x)
        else:
            x = EqualizedDense(width, learning_rate_multiplier=multiplier)(x)
            x = activated(x, gan.mapping_activation)
    return x


# === Synthesis ===


def images_from(gan, styles, shapes):
    """Styles `[B, num_styles, D]` -> images; `shapes` has each size of maps and its channels."""
    x = image = None
    for level, (size, channels) in enumerate(shapes):
        if level == 0:
            x = ConstantInput((*size, channels))(styles[:, 0])
            x = _styled(gan, x, styles[:, 0], channels)
        else:
            x = _enlarged(gan, x, styles[:, 2 * level - 1], styles[:, 2 * level], channels)
        if gan.g_architecture == "skip" or level == len(shapes) - 1:
            made = ModulatedConv2D(gan.image_shape[-1], 1, demodulate=False)
            made = _clamped(made([x, styles[:, 2 * level + 1]]), gan.g_conv_clamp)
            if image is not None:
                made = layers.Add()([Resample(up=2, taps=gan.g_resample_filter)(image), made])
            image = made
    return Clip(dtype="float32", name="images")(image)


def _enlarged(gan, x, first, second, channels):
    if gan.g_architecture != "resnet":
        x = _styled(gan, x, first, channels, up=True)
        return _styled(gan, x, second, channels)
    beside = EqualizedConv2D(channels, 1, use_bias=False, gain=_HALF)(x)
    beside = Resample(up=2, taps=gan.g_resample_filter)(beside)
    x = _styled(gan, x, first, channels, up=True)
    return layers.Add()([beside, _styled(gan, x, second, channels, gain=_HALF)])


def _styled(gan, x, style, channels, up=False, gain=1.0):
    x = ModulatedConv2D(channels, 3, up=up, taps=gan.g_resample_filter)([x, style])
    x = NoiseInjection()(x) if gan.use_noise else x
    return activated(x, gan.g_activation, gain, gan.g_conv_clamp)


# === Discriminator ===


def logits_from(gan, image, shapes, label=None):
    """Images `[B, H, W, C]`, and labels `[B]` of a model that has some, -> float32 logits `[B, 1]`;
    `shapes` has each size of maps and its channels, the smallest first."""
    widths, x = [channels for _, channels in shapes][::-1], None
    is_skip = gan.d_architecture == "skip"
    for width, narrow in itertools.pairwise(widths):
        if x is None or is_skip:
            x = _with_colours(gan, x, image, width, gan.d_conv_clamp)
            image = Resample(down=2, taps=gan.d_resample_filter)(image) if is_skip else None
        x = _halved(gan, x, width, narrow)
    if is_skip:
        x = _with_colours(gan, x, image, widths[-1], None)
    return _scored(gan, x, widths[-1], label)


def _with_colours(gan, x, image, channels, clamp):
    y = activated(EqualizedConv2D(channels, 1)(image), gan.d_activation, clamp=clamp)
    return y if x is None else layers.Add()([x, y])


def _halved(gan, x, width, narrow):
    taps, clamp = gan.d_resample_filter, gan.d_conv_clamp
    is_residual = gan.d_architecture == "resnet"
    gain = _HALF if is_residual else 1.0
    if is_residual:
        beside = Resample(down=2, taps=taps)(x)
        beside = EqualizedConv2D(narrow, 1, use_bias=False, gain=gain)(beside)
    x = activated(EqualizedConv2D(width, 3)(x), gan.d_activation, clamp=clamp)
    padding = (1 + (len(taps) - 1) // 2, 1 + (len(taps) - 2) // 2)
    x = Resample(padding=padding, taps=taps)(x)
    x = EqualizedConv2D(narrow, 3, strides=2, padding="valid")(x)
    x = activated(x, gan.d_activation, gain, clamp)
    return layers.Add()([x, beside]) if is_residual else x


def _scored(gan, x, channels, label):
    if gan.stddev_features:
        x = MinibatchStddev(
            gan.stddev_group_size, features=gan.stddev_features, grouping=gan.stddev_grouping
        )(x)
    x = activated(EqualizedConv2D(channels, 3)(x), gan.d_activation, clamp=gan.d_conv_clamp)
    x = activated(EqualizedDense(channels)(layers.Flatten()(x)), gan.d_activation)
    if label is None:
        return EqualizedDense(1, dtype="float32", name="logits")(x)
    size = gan.class_map_dim or channels
    features = EqualizedDense(size, dtype="float32", name="features")(x)
    features = layers.Rescaling(size**-0.5, dtype="float32")(features)
    classes = class_map_from(gan, label, size)
    return layers.Dot(1, dtype="float32", name="logits")([features, classes])
