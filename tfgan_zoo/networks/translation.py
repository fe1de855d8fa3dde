"""What networks that turn images into images are made of: initial weights, normalizations, doublings."""

import keras
from keras import layers

from tfgan_zoo.layers import (
    BatchNormalization,
    BilinearUpsampling,
    Clip,
    Conv2D,
    Conv2DTranspose,
    InstanceNormalization,
    NearestUpsampling2D,
    ReflectionPadding2D,
    Resample,
)

NORMALIZATIONS = ("instance", "affine_instance", "batch", "batch_of_one", None)
UPSAMPLINGS = ("transpose", "resize")


def normal(mean=0.0):
    """The initial weights of pix2pix and CycleGAN: N(mean, 0.02)."""
    return keras.initializers.RandomNormal(mean=mean, stddev=0.02)


def has_bias(normalization):
    """Whether a convolution before it has a bias: not where the normalization has one."""
    return normalization in ("instance", None)


def normalized(x, normalization):
    """Feature maps, normalized as asked: see `NORMALIZATIONS`. "batch_of_one" is batch normalization
    that takes the statistics of each image, not moving ones, to translate too."""
    if normalization in ("batch", "batch_of_one"):
        options = {"by_image": normalization == "batch_of_one", "gamma_initializer": normal(1.0)}
        return BatchNormalization(momentum=0.9, epsilon=1e-5, **options)(x)
    if normalization == "affine_instance":
        return InstanceNormalization(gamma_initializer=normal(1.0))(x)
    return x if normalization is None else InstanceNormalization(affine=False)(x)


def convolution(x, channels, size, strides=1, use_bias=True, padding="valid"):
    """A convolution with these initial weights."""
    return Conv2D(channels, size, strides, padding, use_bias=use_bias, kernel_initializer=normal())(
        x
    )


def blurred(x):
    """A feature map of half the side, smoothed by the filter (1, 2, 1), mirrored at its border.

    Reference: Zhang, "Making Convolutional Networks Shift-Invariant Again", 2019 (arXiv:1904.11486).
    """
    return Resample(down=2, padding=(0, 0), taps=(1, 2, 1))(ReflectionPadding2D(1)(x))


def doubled(x, channels, size, upsampling, use_bias):
    """A feature map of twice the side, by a transposed convolution of stride 2 whose kernel has that
    size, 3 or 4, or by a convolution of 3x3 after nearest neighbours ("resize") or interpolation
    ("bilinear")."""
    if upsampling == "bilinear":
        x = layers.ZeroPadding2D(1)(BilinearUpsampling()(x))
        return convolution(x, channels, 3, use_bias=use_bias)
    if upsampling == "resize":
        x = ReflectionPadding2D(1)(NearestUpsampling2D(2)(x))
        return convolution(x, channels, 3, use_bias=use_bias)
    common = {"use_bias": use_bias, "kernel_initializer": normal()}
    if size == 4:
        return Conv2DTranspose(channels, 4, 2, "same", **common)(x)
    x = Conv2DTranspose(channels, 3, 2, "valid", **common)(x)
    return layers.Cropping2D(((1, 0), (1, 0)))(x)  # as the authors' padding and output_padding of 1


def clipped_images_of(x):
    """The last layer of a network that makes pixels in [0, 255]: float32 images, in [-1, 1] but for
    training."""
    x = layers.Rescaling(1 / 127.5, -1.0, dtype="float32")(x)
    return Clip(dtype="float32", name="translated")(x)


def images_of(x):
    """The last layer: float32 images in [-1, 1]."""
    return layers.Activation("tanh", dtype="float32", name="translated")(x)
