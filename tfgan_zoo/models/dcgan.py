"""DCGAN: convolutional networks for images of any size that halves at least twice.

Reference: Radford, Metz and Chintala, "Unsupervised Representation Learning with Deep Convolutional
Generative Adversarial Networks", 2015 (arXiv:1511.06434).
"""

import math

import keras
from keras import layers

from tfgan_zoo.layers import (
    BatchNormalization,
    Conv2D,
    Conv2DTranspose,
    Dropout,
    LeakyReLU,
    MinibatchDiscrimination,
)
from tfgan_zoo.penalties import R1
from tfgan_zoo.presets import register
from tfgan_zoo.tasks.gan import GAN


class DCGAN(GAN):
    """The deep convolutional GAN.

    The generator doubles a small feature map until it has the image's size; the discriminator mirrors
    it. Weights start from N(0, 0.02), both optimizers are Adam(2e-4, beta_1=0.5), latents are uniform
    over [-1, 1], batches have 128 images (sections 3 and 4 of the paper).

    Args:
        width: Int. Channels of the generator's last and the discriminator's first hidden feature map;
            maps of half the size have twice as many, up to 8 times. The paper has 128 at 64x64.
        upsampling: "transpose" (transposed convolution, as the paper), "resize" (nearest neighbour,
            then convolution) or "pixel_shuffle" (convolution, then depth to space; Shi et al. 2016).
        generator_normalization: "batch" or None.
        discriminator_normalization: "batch", "layer" or None.
        minibatch_discrimination: Int. Features that tell the discriminator how near an image is to the
            others of its batch (Salimans et al. 2016, section 3.2, where they are 100); 0: none. Of
            several replicas each compares its own rows, fewer than one replica would.

    All other arguments: see `GAN`.

    Raises:
        ValueError: An image whose height or width is not a multiple of 4.
    """

    defaults = {
        "latent_distribution": "uniform",
        "width": 128,
        "upsampling": "transpose",
        "generator_normalization": "batch",
        "discriminator_normalization": "batch",
        "dropout": 0.0,
        "minibatch_discrimination": 0,
    }

    def batch_options(self):
        own = {"minibatch_discrimination": False} if self.minibatch_discrimination else {}
        return super().batch_options() | own

    def build_generator(self):
        latents = keras.Input([self.latent_dim], name="latents")
        return keras.Model(latents, images_from(self, latents), name="generator")

    def build_discriminator(self):
        images = keras.Input(self.image_shape, name="images")
        return keras.Model(images, logits_from(self, images), name="discriminator")


# === Networks ===


def images_from(gan, x):
    """The generator's layers: a vector `[B, D]` -> float32 images `[B, H, W, C]` in [-1, 1]."""
    count = _halvings(gan.image_shape)
    height, width, channels = gan.image_shape
    bias = gan.generator_normalization is None
    maps = [min(8, 2 ** (count - 1 - level)) * gan.width for level in range(count)]
    shape = (height >> count, width >> count, maps[0])
    x = layers.Dense(math.prod(shape), use_bias=bias, kernel_initializer=normal())(x)
    x = activated(layers.Reshape(shape)(x), gan.generator_normalization)
    for level in range(1, count):
        x = _doubled(x, maps[level], gan.upsampling, bias)
        x = activated(x, gan.generator_normalization)
    x = _doubled(x, channels, gan.upsampling, use_bias=True)
    return layers.Activation("tanh", dtype="float32", name="images")(x)


def logits_from(gan, x):
    """The discriminator's layers: images `[B, H, W, any channels]` -> float32 logits `[B, 1]`."""
    return head(features_from(gan, x), 1, "logits")


def features_from(gan, x):
    """The discriminator without its last layer: images `[B, H, W, any channels]` -> `[B, D]`."""
    for level in range(_halvings(gan.image_shape)):
        # The first feature map is not normalised, so that the data's mean and scale can be learned.
        normalization = gan.discriminator_normalization if level else None
        x = Conv2D(
            min(8, 2**level) * gan.width,
            5,
            strides=2,
            padding="same",
            use_bias=normalization is None,
            kernel_initializer=normal(),
        )(x)
        x = activated(x, normalization, LeakyReLU(0.2))
        x = Dropout(gan.dropout)(x)
    x = layers.Flatten()(x)
    if gan.minibatch_discrimination:
        x = MinibatchDiscrimination(gan.minibatch_discrimination)(x)
    return x


def head(x, units, name):
    """A last layer: features `[B, D]` -> the output `name`, float32 `[B, units]`."""
    return layers.Dense(units, kernel_initializer=normal(), dtype="float32", name=name)(x)


def _halvings(image_shape):
    """How often the image is halved: until a side is odd or at most 4, and once at least."""
    height, width, _ = image_shape
    if height % 4 or width % 4:
        raise ValueError(
            "DCGAN needs a height and a width that are multiples of 4. Received: image_shape="
            f"{tuple(image_shape)}. Pad or crop the images."
        )
    count = 1
    while (
        not (height >> count) % 2 and not (width >> count) % 2 and min(height, width) >> count > 4
    ):
        count += 1
    return count


def normal():
    return keras.initializers.RandomNormal(stddev=0.02)


def activated(x, normalization, activation=None):
    """Normalises as asked, then activates."""
    if normalization == "batch":
        gamma = keras.initializers.RandomNormal(mean=1.0, stddev=0.02)
        x = BatchNormalization(momentum=0.9, epsilon=1e-5, gamma_initializer=gamma)(x)
    elif normalization == "layer":
        x = layers.LayerNormalization(axis=[1, 2, 3])(x)
    elif normalization is not None:
        raise ValueError(
            f"A normalization must be 'batch', 'layer' or None. Received: {normalization!r}."
        )
    return (activation or layers.ReLU())(x)


def _doubled(x, channels, upsampling, use_bias):
    """A feature map of twice the size."""
    common = {"padding": "same", "use_bias": use_bias, "kernel_initializer": normal()}
    if upsampling == "transpose":
        return Conv2DTranspose(channels, 5, strides=2, **common)(x)
    if upsampling == "resize":
        return Conv2D(channels, 5, **common)(layers.UpSampling2D(2)(x))
    if upsampling == "pixel_shuffle":
        _, height, width, _ = x.shape
        x = Conv2D(4 * channels, 5, **common)(x)
        x = layers.Reshape((height, width, 2, 2, channels))(x)
        return layers.Reshape((2 * height, 2 * width, channels))(layers.Permute((1, 3, 2, 4, 5))(x))
    raise ValueError(
        f"upsampling must be 'transpose', 'resize' or 'pixel_shuffle'. Received: {upsampling!r}."
    )


# === Presets ===

_SMALL = {"image_shape": (28, 28, 1), "width": 64}
# Pictures of few colours are told from generated ones too easily: without R1 the discriminator has won
# after thirty epochs, and the images fall to pieces.
_AVATARS = {"image_shape": (32, 32, 3), "width": 32, "penalty": R1(1.0, every=4)}

register(
    ("dcgan_fashion_mnist", DCGAN, _SMALL, "fashion_mnist", 64, 20, (833_985, 212_993)),
    ("dcgan_fashion_mnist_10k", DCGAN, _SMALL, "fashion_mnist_10k", 64, 10, (833_985, 212_993)),
    ("dcgan_mnist", DCGAN, _SMALL, "mnist", 64, 20, (833_985, 212_993)),
    ("dcgan_avatars_32", DCGAN, _AVATARS, "avatars32", 64, 40, (463_651, 260_865)),
    (
        "dcgan_cifar10",
        DCGAN,
        {"image_shape": (32, 32, 3)},
        "cifar10",
        128,
        100,
        (4_926_595, 4_115_457),
    ),
    (
        "dcgan_celeb_a_64",
        DCGAN,
        {"image_shape": (64, 64, 3)},
        "celeb_a",
        128,
        25,
        (18_855_043, 17_232_897),
    ),
    (
        "dcgan_celeb_a_128",
        DCGAN,
        {"image_shape": (128, 128, 3)},
        "celeb_a",
        128,
        25,
        (45_071_491, 43_449_345),
    ),
)
