"""BigGAN-deep: BigGAN with four times the layers and fewer parameters, by bottlenecks.

Reference: Brock, Donahue and Simonyan, "Large Scale GAN Training for High Fidelity Natural Image
Synthesis", 2019 (arXiv:1809.11096), appendix B.
"""

import keras
import tensorflow as tf
from keras import layers

from tfgan_zoo.layers import TruncationBatchNormalization
from tfgan_zoo.models.biggan import BigGAN
from tfgan_zoo.networks import biggan, resnet
from tfgan_zoo.presets import register
from tfgan_zoo.tasks.sampling import checked_truncation


class BigGANDeep(BigGAN):
    """BigGAN with two bottleneck blocks where it has one.

    The latents are not split: every block has all of them, beside the class embedding. A shortcut keeps
    its channels as they are: the generator drops what is too many, the discriminator adds what is
    missing by a 1x1 convolution. The discriminator is the generator's mirror image, for every size:
    at 32x32 it halves feature maps three times, where the authors' code
    (github.com/ajbrock/BigGAN-PyTorch) halves them twice, with the same layers.

    Args:
        depth: Int. Blocks of one size of feature maps.
        truncation_statistics: Int. Sets of the generator's moving batch statistics, for truncations from
            0 to 1 in equal steps: images of a `truncation` are drawn with the statistics of theirs, as
            those of DeepMind's published generators are; see `layers.TruncationBatchNormalization`.
            Training moves those of truncation 1. 1: one set for all.
        last_channels: Int. Of the last convolution, whose first channels are the image's, as in the
            published generators. None: those of the image alone.

    `generator_channels` are those of the first feature map and of each one of twice the side,
    `discriminator_channels` of the first convolution and of each size of feature maps, and
    `discriminator_hidden` and `discriminator_normalization` are for `BigGAN`'s blocks alone. All other
    arguments: see `BigGAN` and `GAN`.

    Raises:
        ValueError: As `BigGAN`; latents of any length will do.
    """

    unused_options = ("discriminator_hidden", "discriminator_normalization")
    bounds = {"last_channels": "None or >= 1", "truncation_statistics": ">= 1", "depth": ">= 1"}
    defaults = {
        "latent_dim": 128,
        "width": 128,
        "depth": 2,
        "truncation_statistics": 1,
        "last_channels": None,
    }

    def build_generator(self):
        if self.truncation_statistics == 1:
            return super().build_generator()
        latents = keras.Input([self.latent_dim], name="latents")
        labels = resnet.label_input(self.num_classes)
        truncations = keras.Input([], name="truncation")
        images = self.images_from(latents, biggan.embedded(self, labels), truncations)
        return keras.Model([latents, labels, truncations], images, name="generator")

    def generator_inputs(self, latents, batch):
        inputs = super().generator_inputs(latents, batch)
        if self.truncation_statistics == 1:
            return inputs
        return [*inputs, batch.get("truncation", tf.ones_like(latents[:, 0]))]

    def render(self, latents, labels=None, truncation=1.0, training=False):
        if self.truncation_statistics == 1:
            return super().render(latents, labels, truncation, training)
        latents = self.checked_latents(latents)
        labels = self.checked_labels(labels, latents)
        truncation = tf.cast(checked_truncation(truncation, latents), tf.float32)
        truncation = tf.broadcast_to(truncation, tf.shape(latents)[:1])
        batch = {"labels": labels, "truncation": truncation}
        inputs = self.generator_inputs(self.truncate(latents, truncation), batch)
        return tf.cast(self.ema_generator(inputs, training=training), tf.float32)

    # === Networks ===

    def images_from(self, latents, embedding, truncations=None):
        is_whole = self.conditioning == "hierarchical"
        condition = layers.Concatenate()([latents, embedding]) if is_whole else embedding
        batch = _by_truncation(self, truncations, self.normalization_epsilon)
        activate = biggan.activation(self, condition, batch)
        convolve = biggan.convolution(self.generator_spectral_norm)
        first, *sizes = biggan.channels(self)
        x = biggan.first_feature_map(self, condition if is_whole else latents, first)
        for level, size in enumerate(sizes):
            for place in range(self.depth):
                is_last = place == self.depth - 1
                width = size if is_last else x.shape[-1]
                x = bottleneck_up(x, width, convolve, activate, is_doubled=is_last)
                x = biggan.generator_attention(self, x, level * self.depth + place, is_last)
        batch = _by_truncation(self, truncations, self.last_normalization_epsilon)
        return biggan.to_rgb(self, x, batch, self.last_channels)

    def feature_maps(self, x):
        convolve = biggan.convolution(self.discriminator_spectral_norm)
        first, *sizes = self.discriminator_channels or reversed(biggan.channels(self))
        halvings = self.discriminator_halvings
        halvings = len(sizes) if halvings is None else halvings
        resnet.check_halvings(self, halvings)
        own = {"is_activated": self.activated_shortcuts}
        own["activate"] = resnet.discriminator_activation(self)
        x = convolve(x, first, 3)
        for level, size in enumerate(sizes):
            for place in range(self.depth):
                x = bottleneck_down(x, size, convolve, level < halvings and place == 0, **own)
                number = level * self.depth + place
                x = biggan.discriminator_attention(self, x, number, place == self.depth - 1)
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


def bottleneck_down(x, size, convolve, is_halved=True, is_activated=False, activate=None):
    """Maps `[B, H, W, any]` -> `[B, H / 2, W / 2, size]`, or of the same side; `any` <= `size`. For
    `is_activated` and `activate` see `resnet.block_down`."""
    activate = activate or resnet.activation()
    pool = layers.AveragePooling2D(2) if is_halved else lambda x: x
    shortcut, narrow = pool(activate(x) if is_activated else x), size // 4
    if size > x.shape[-1]:
        added = convolve(shortcut, size - x.shape[-1], 1)
        shortcut = layers.Concatenate()([shortcut, added])
    for kernel_size in (1, 3, 3):
        x = convolve(activate(x), narrow, kernel_size)
    return layers.Add()([convolve(pool(activate(x)), size, 1), shortcut])


def _by_truncation(gan, truncations, epsilon):
    """`batch` of `resnet.normalized`, of as many statistics as the model has."""
    if truncations is None:
        return resnet.batch_normalization(epsilon)
    own = {"momentum": 0.9, "epsilon": epsilon}

    def normalize(x, affine):
        rows = gan.truncation_statistics
        layer = TruncationBatchNormalization(rows, center=affine, scale=affine, **own)
        return layer([x, truncations])

    return normalize


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
