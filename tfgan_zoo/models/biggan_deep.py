"""BigGAN-deep: BigGAN with four times the layers and fewer parameters, by bottlenecks.

Reference: Brock, Donahue and Simonyan, "Large Scale GAN Training for High Fidelity Natural Image
Synthesis", 2019 (arXiv:1809.11096), appendix B.
"""

from keras import layers

from tfgan_zoo.models.biggan import (
    BigGAN,
    activation,
    channels,
    convolve,
    discriminator_attention_size,
    first_feature_map,
    to_rgb,
)
from tfgan_zoo.networks import resnet
from tfgan_zoo.presets import register


class BigGANDeep(BigGAN):
    """BigGAN with two bottleneck blocks where it has one.

    The latents are not split: every block has all of them, beside the class embedding. A shortcut keeps
    its channels as they are: the generator drops what is too many, the discriminator adds what is
    missing by a 1x1 convolution. The discriminator is the generator's mirror image, for every size:
    at 32x32 it halves feature maps three times, where the authors' code
    (github.com/ajbrock/BigGAN-PyTorch) halves them twice, with the same layers.

    All arguments: see `BigGAN` and `GAN`.

    Raises:
        ValueError: As `BigGAN`; latents of any length will do.
    """

    defaults = {"latent_dim": 128, "width": 128}

    def images_from(self, latents, embedding):
        condition = layers.Concatenate()([latents, embedding])
        activate = activation(self, condition)
        x = first_feature_map(self, condition)
        for size in channels(self)[1:]:
            x = bottleneck_up(x, x.shape[-1], convolve, activate, is_doubled=False)
            x = bottleneck_up(x, size, convolve, activate)
            x = resnet.self_attention(x, self.attention_size, "orthogonal")
        return to_rgb(self, x)

    def feature_maps(self, x):
        first, *sizes = reversed(channels(self))
        x = convolve(x, first, 3)
        for size in sizes:
            x = bottleneck_down(x, size, convolve)
            x = bottleneck_down(x, size, convolve, is_halved=False)
            x = resnet.self_attention(x, discriminator_attention_size(self), "orthogonal")
        return x


# === Networks ===


def bottleneck_up(x, size, convolve, activate, is_doubled=True):
    """Maps `[B, H, W, any]` -> `[B, 2 H, 2 W, size]`, or of the same side; `size` <= `any`."""
    double = layers.UpSampling2D(2) if is_doubled else lambda x: x
    shortcut, narrow = double(x[..., :size]), x.shape[-1] // 4
    x = convolve(activate(x), narrow, 1)
    x = convolve(double(activate(x)), narrow, 3)
    x = convolve(activate(x), narrow, 3)
    return layers.Add()([convolve(activate(x), size, 1), shortcut])


def bottleneck_down(x, size, convolve, is_halved=True):
    """Maps `[B, H, W, any]` -> `[B, H / 2, W / 2, size]`, or of the same side; `any` <= `size`."""
    pool = layers.AveragePooling2D(2) if is_halved else lambda x: x
    shortcut, narrow = pool(x), size // 4
    if size > x.shape[-1]:
        added = convolve(shortcut, size - x.shape[-1], 1)
        shortcut = layers.Concatenate()([shortcut, added])
    for kernel_size in (1, 3, 3):
        x = convolve(layers.ReLU()(x), narrow, kernel_size)
    return layers.Add()([convolve(pool(layers.ReLU()(x)), size, 1), shortcut])


# === Presets ===

_SMALL = {
    "image_shape": (28, 28, 1),
    "latent_dim": 64,
    "num_classes": 10,
    "width": 48,  # bottlenecks have a quarter of a block's channels
    "embedding_dim": 32,
    "attention_size": 14,
    "n_critic": 1,
    "g_learning_rate": 2e-4,
    "ema_decay": 0.999,
}

_CIFAR = {
    "image_shape": (32, 32, 3),
    "num_classes": 10,
    "width": 64,
    "attention_size": None,
    "n_critic": 4,
    "g_learning_rate": 2e-4,
}

register(
    ("biggan_deep_fashion_mnist", BigGANDeep, _SMALL, "fashion_mnist", 64, 3, (1_460_098, 291_074)),
    ("biggan_deep_cifar10", BigGANDeep, _CIFAR, "cifar10", 50, 500, (3_079_299, 651_649)),
    (
        "biggan_deep_imagenet_64",
        BigGANDeep,
        {"image_shape": (64, 64, 3)},
        "imagenet_resized/64x64",
        2048,
        450,
        (49_583_876, 34_289_665),
    ),
    (
        "biggan_deep_imagenet_128",
        BigGANDeep,
        {},
        "imagenet2012",
        2048,
        450,
        (50_244_484, 34_590_210),
    ),
    (
        "biggan_deep_imagenet_256",
        BigGANDeep,
        {"image_shape": (256, 256, 3)},
        "imagenet2012",
        2048,
        450,
        (55_736_708, 38_247_426),
    ),
    (
        "biggan_deep_imagenet_512",
        BigGANDeep,
        {"image_shape": (512, 512, 3)},
        "imagenet2012",
        2048,
        450,
        (56_019_780, 38_301_122),
    ),
)
