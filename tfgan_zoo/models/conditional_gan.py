"""Conditional GAN: the label goes into both networks.

Reference: Mirza and Osindero, "Conditional Generative Adversarial Nets", 2014 (arXiv:1411.1784).
"""

import math

import keras
from keras import layers

from tfgan_zoo.models.dcgan import DCGAN, images_from, logits_from
from tfgan_zoo.presets import register


class ConditionalGAN(DCGAN):
    """A generator and a discriminator that are both told the class.

    As in the paper, the generator takes the latents and a learned map of the one-hot label side by
    side, and so does the discriminator with the image. The paper's networks are fully connected;
    these are DCGAN's, so that larger images can be learned. `fit` needs labels, `generate` takes them.

    Args:
        num_classes: Int. Labels are integers in [0, num_classes).

    All other arguments: see `DCGAN` and `GAN`.
    """

    defaults = {"num_classes": 10}

    def build_generator(self):
        latents = keras.Input([self.latent_dim], name="latents")
        labels = keras.Input([], dtype="int32", name="label")
        x = layers.Concatenate()([latents, _embedded(labels, self.num_classes, self.latent_dim)])
        return keras.Model([latents, labels], images_from(self, x), name="generator")

    def build_discriminator(self):
        images = keras.Input(self.image_shape, name="images")
        labels = keras.Input([], dtype="int32", name="label")
        plane = (*self.image_shape[:2], 1)
        x = layers.Reshape(plane)(_embedded(labels, self.num_classes, math.prod(plane)))
        logits = logits_from(self, layers.Concatenate()([images, x]))
        return keras.Model([images, labels], logits, name="discriminator")


# === Networks ===


def _embedded(labels, num_classes, size):
    """One learned vector `[B, size]` for each class."""
    return layers.Dense(size, use_bias=False)(keras.ops.one_hot(labels, num_classes))


# === Presets ===

_SMALL = {"image_shape": (28, 28, 1), "width": 64, "num_classes": 10}
_CIFAR = {"image_shape": (32, 32, 3), "num_classes": 10}

register(
    (
        "conditional_gan_fashion_mnist",
        ConditionalGAN,
        _SMALL,
        "fashion_mnist",
        64,
        20,
        (1_462_185, 222_433),
    ),
    ("conditional_gan_mnist", ConditionalGAN, _SMALL, "mnist", 64, 20, (1_462_185, 222_433)),
    (
        "conditional_gan_cifar10",
        ConditionalGAN,
        _CIFAR,
        "cifar10",
        128,
        100,
        (5_746_795, 4_128_897),
    ),
)
