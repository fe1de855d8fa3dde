"""SAGAN: self-attention, and spectral normalization of both players.

Reference: Zhang, Goodfellow, Metaxas and Odena, "Self-Attention Generative Adversarial Networks", 2019
(arXiv:1805.08318).
"""

import functools

import keras
from keras import layers, ops

from tfgan_zoo.layers import SpectralDense
from tfgan_zoo.networks import resnet
from tfgan_zoo.presets import register
from tfgan_zoo.tasks.gan import GAN


class SAGAN(GAN):
    """The self-attention GAN: SNGAN's residual networks with classes, and in each one feature map that
    attends to itself.

    Hinge loss, one discriminator update a step, Adam(beta_1=0, beta_2=0.9) with rates of 1e-4 for the
    generator and 4e-4 for the discriminator, batches of 256, normal latents of 128 numbers (sections 4
    and 5). Layers and widths are those of the authors' code
    (github.com/brain-research/self-attention-gan).

    Args:
        num_classes: Int, or None for a model without labels. Labels are integers in [0, num_classes).
        width: Int. Channels of the generator's last feature map; those of half the side have twice as
            many, up to 16 times.
        attention_size: Int. The side of the feature maps that attend to themselves; the discriminator
            has one where it is at most half of the image's side. None: no attention.
        generator_normalization: "batch", or None to leave batch normalization out.
        attention_blocks, discriminator_attention_blocks: Ints. Numbers of the blocks, from 0 on, whose
            feature maps attend to themselves, in place of those of one size.

    `generator_channels`, `discriminator_channels`, `discriminator_halvings`, `discriminator_hidden`,
    `activated_shortcuts`, `upsampling`, `discriminator_normalization`, `generator_activation`,
    `discriminator_activation`, `normalization_epsilon`, `generator_spectral_norm` and
    `discriminator_spectral_norm`: see `SNGAN`.

    All other arguments: see `GAN`.

    Raises:
        ValueError: A generator without a feature map of `attention_size`, an unknown normalization, or
            an image that is not square with a side of 4 to 7 times a power of 2 (8 or more).
    """

    bounds = {
        "num_classes": "None or >= 1",
        "upsampling": ("nearest", "bilinear"),
        "discriminator_hidden": ("inputs", "outputs"),
        "discriminator_normalization": ("batch", None),
    }
    defaults = {
        "image_shape": (128, 128, 3),
        "latent_dim": 128,
        "objective": "hinge",
        "g_learning_rate": 1e-4,
        "d_learning_rate": 4e-4,
        "num_classes": 1000,
        "width": 64,
        "attention_size": 32,
        "generator_normalization": "batch",
        "attention_blocks": None,
        "discriminator_attention_blocks": None,
        "generator_channels": None,
        "discriminator_channels": None,
        "discriminator_halvings": None,
        "discriminator_hidden": "outputs",
        "activated_shortcuts": False,
        "upsampling": "nearest",
        "discriminator_normalization": None,
        "generator_activation": None,
        "discriminator_activation": None,
        "normalization_epsilon": 1e-5,
        "generator_spectral_norm": "iterated",
        "discriminator_spectral_norm": "iterated",
    }

    def default_optimizer(self, learning_rate):
        return keras.optimizers.Adam(learning_rate, beta_1=0.0, beta_2=0.9)

    def build_generator(self):
        return resnet.generator(self, functools.partial(_images_from, self))

    def build_discriminator(self):
        return resnet.discriminator(self, functools.partial(_features_from, self))


# === Networks ===

_convolution = functools.partial(resnet.spectral_convolution, "glorot_uniform")


def _images_from(gan, latents, labels):
    condition = None if labels is None else ops.one_hot(labels, gan.num_classes)
    batch = resnet.batch_normalization(gan.normalization_epsilon)

    def activate(x, condition=condition):
        kind = gan.generator_normalization
        x = resnet.normalized(x, kind, condition, batch=batch)
        return resnet.activation(gan.generator_activation)(x)

    side, _ = resnet.base_resolution(gan.image_shape)
    if gan.attention_blocks is None:
        resnet.check_attention(gan)
    mode = gan.generator_spectral_norm
    first, *maps = resnet.generator_channels(gan, lambda: _generator_channels(gan))
    x = SpectralDense(side * side * first, mode=mode)(latents)
    x = layers.Reshape((side, side, first))(x)
    for number, channels in enumerate(maps):
        x = resnet.block_up(x, channels, _convolution(mode), activate, gan.upsampling)
        x = _attention(x, gan.attention_blocks, gan.attention_size, number, mode)
    x = _convolution(mode)(activate(x, None), gan.image_shape[-1], 3)
    return layers.Activation("tanh", dtype="float32", name="images")(x)


def _features_from(gan, x):
    mode = gan.discriminator_spectral_norm
    own = {
        "is_activated": gan.activated_shortcuts,
        "activate": resnet.discriminator_activation(gan),
    }
    own["normalize"] = resnet.discriminator_normalization(gan)
    blocks = resnet.discriminator_blocks(gan, lambda: _discriminator_blocks(gan))
    for number, (channels, is_halved) in enumerate(blocks):
        is_narrow = number and gan.discriminator_hidden == "inputs"
        hidden = x.shape[-1] if is_narrow else channels
        convolve = _convolution(mode)
        x = resnet.block_down(x, channels, convolve, is_halved, number == 0, hidden, **own)
        size = gan.attention_size if is_halved else None
        x = _attention(x, gan.discriminator_attention_blocks, size, number, mode)
    return resnet.global_sum_pooling(x, own["activate"])


def _attention(x, blocks, size, number, mode):
    if blocks is not None:
        size = x.shape[1] if number in blocks else None
    return resnet.self_attention(x, size, mode=mode)


def _generator_channels(gan):
    _, doublings = resnet.base_resolution(gan.image_shape)
    return [gan.width * min(16, 2 ** (doublings - k)) for k in range(doublings + 1)]


def _discriminator_blocks(gan):
    _, doublings = resnet.base_resolution(gan.image_shape)
    halving = [(gan.width * 2**level, True) for level in range(doublings)]
    return [*halving, (gan.width * min(16, 2**doublings), False)]


# === Presets ===

_SMALL = {"image_shape": (28, 28, 1), "num_classes": 10, "width": 32, "attention_size": 14}
_CIFAR = {"image_shape": (32, 32, 3), "num_classes": 10, "attention_size": 16}

register(
    ("sagan_fashion_mnist", SAGAN, _SMALL, "fashion_mnist", 64, 3, (969_090, 299_618)),
    ("sagan_cifar10", SAGAN, _CIFAR, "cifar10", 64, 500, (3_601_796, 4_869_314)),
    ("sagan_imagenet_128", SAGAN, {}, "imagenet2012", 256, 200, (42_078_852, 39_463_618)),
)
