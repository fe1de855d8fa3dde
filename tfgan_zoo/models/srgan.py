"""SRGAN: super-resolution by a perceptual loss and a GAN.

Reference: Ledig et al., "Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial
Network", 2017 (arXiv:1609.04802).
"""

import keras
from keras import layers

from tfgan_zoo.layers import BatchNormalization, LeakyReLU, PixelShuffle
from tfgan_zoo.networks.super_resolution import ENLARGEMENTS, convolution, prelu
from tfgan_zoo.presets import register
from tfgan_zoo.tasks.super_resolution import SuperResolution


class SRGAN(SuperResolution):
    """A residual network that enlarges images, and a discriminator of whole ones.

    The first phase minimises the squared error (SRResNet), the second the distance of VGG features, and
    0.001 of the adversarial loss (equation 3). Optimizers are Adam(1e-4, beta_1=0.9); the paper has
    10**6 steps of the first phase and 2 * 10**5 of the second, half of them at a tenth of the rate.

    Args:
        width: Int. Channels of the generator's maps.
        blocks: Int. Residual blocks.
        discriminator_width: Int. Channels of the discriminator's first map; later ones have up to 8
            times as many.
        discriminator_units: Int. Units of its first dense layer.
        normalization: "batch", as in the paper, or None, which trains and enlarges better in later
            papers.

    All other arguments: see `tasks.super_resolution.SuperResolution`.
    """

    defaults = {
        "image_shape": (24, 24, 3),
        "objective": "non_saturating",
        "pixel_loss": "l2",
        "pixel_weight": 0.0,
        "perceptual_weight": 0.006,  # of VGG's maps divided by 12.75
        "adversarial_weight": 0.001,
        "feature_distance": "l2",
        "width": 64,
        "blocks": 16,
        "discriminator_width": 64,
        "discriminator_units": 1024,
        "normalization": "batch",
    }
    published_features = {"vgg19": {"relu5_4": 1.0}}
    bounds = {"scale": tuple(ENLARGEMENTS), "normalization": ("batch", None)}

    def default_optimizer(self, learning_rate):
        return keras.optimizers.Adam(learning_rate, beta_1=0.9)

    # === Networks ===

    def build_generator(self):
        channels = self.image_shape[-1]
        images = keras.Input([None, None, channels], name="images")
        x = first = prelu(convolution(images, self.width, 9))
        for _ in range(self.blocks):
            inner = prelu(self._normalized(convolution(x, self.width)))
            x = layers.Add()([x, self._normalized(convolution(inner, self.width))])
        x = layers.Add()([first, self._normalized(convolution(x, self.width))])
        for factor in ENLARGEMENTS[self.scale]:
            x = prelu(PixelShuffle(factor)(convolution(x, factor**2 * self.width)))
        made = convolution(x, channels, 9, dtype="float32", name="translated")
        return keras.Model(images, made, name="generator")

    def build_discriminator(self):
        images = x = keras.Input(self.target_shape, name="images")
        for level in range(8):
            maps = 2 ** (level // 2) * self.discriminator_width
            x = convolution(x, maps, strides=1 + level % 2)
            x = LeakyReLU(0.2)(self._normalized(x) if level else x)
        x = LeakyReLU(0.2)(layers.Dense(self.discriminator_units)(layers.Flatten()(x)))
        logits = layers.Dense(1, dtype="float32", name="logits")(x)
        return keras.Model(images, {"logits": logits}, name="discriminator")

    def _normalized(self, x):
        is_plain = self.normalization is None
        return x if is_plain else BatchNormalization(momentum=0.9, epsilon=1e-5)(x)


# === Presets ===

_DATA = {"degradation": "bicubic", "crop": "window", "flip": True}
_PHASES = {"pretraining_steps": 1_000_000}

register(("srgan_div2k", SRGAN, _PHASES, "./div2k", 16, 24_000, (1_550_659, 23_565_505), _DATA))
