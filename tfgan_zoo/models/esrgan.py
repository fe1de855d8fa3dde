"""ESRGAN: super-resolution without batch normalization, against a relativistic discriminator.

Reference: Wang et al., "ESRGAN: Enhanced Super-Resolution Generative Adversarial Networks", 2018
(arXiv:1809.00219).
"""

import keras
from keras import layers

from tfgan_zoo.layers import BatchNormalization, LeakyReLU
from tfgan_zoo.networks.super_resolution import ENLARGEMENTS, convolution, rrdb
from tfgan_zoo.presets import register
from tfgan_zoo.tasks.super_resolution import SuperResolution


class ESRGAN(SuperResolution):
    """Residual-in-residual dense blocks, trained on pixels and then on features before activation.

    The second phase's loss is that of VGG features, 0.005 of the relativistic average adversarial loss
    and 0.01 of the L1 distance (equation 3). Optimizers are Adam(1e-4, beta_1=0.9, beta_2=0.99); the
    first phase has 2e-4 in the paper, and both halve it on the way.

    Args:
        width: Int. Channels of the generator's maps.
        blocks: Int. Residual-in-residual dense blocks.
        growth: Int. Channels that each convolution of a dense block adds.
        discriminator_width: Int. Channels of the discriminator's first map; later ones have up to 8
            times as many.
        discriminator_normalization: "batch" or None.

    All other arguments: see `tasks.super_resolution.SuperResolution`.
    """

    defaults = {
        "objective": "relativistic_average",
        "width": 64,
        "blocks": 23,
        "growth": 32,
        "discriminator_width": 64,
        "discriminator_normalization": "batch",
    }
    published_features = {"vgg19": {"conv5_4": 1.0}}
    bounds = {
        "scale": tuple(ENLARGEMENTS),
        "growth": ">= 1",
        "discriminator_normalization": ("batch", None),
    }

    # === Networks ===

    def build_generator(self):
        sizes = (self.image_shape[-1], self.width, self.blocks, self.growth)
        return rrdb(*sizes, self.scale, unshuffle=False, name="generator")

    def build_discriminator(self):
        """Pairs of convolutions, of which the second halves the map: five times, or to a side of 4."""
        images = x = keras.Input(self.target_shape, name="images")
        for level in range(_halvings(self.target_shape)):
            maps = min(8, 2**level) * self.discriminator_width
            x = self._step(x, maps, 3, 1) if level else LeakyReLU(0.2)(convolution(x, maps))
            x = self._step(x, maps, 4, 2)
        x = LeakyReLU(0.2)(layers.Dense(100)(layers.Flatten()(x)))
        logits = layers.Dense(1, dtype="float32", name="logits")(x)
        return keras.Model(images, {"logits": logits}, name="discriminator")

    def _step(self, x, maps, size, strides):
        has_norm = self.discriminator_normalization is not None
        x = convolution(x, maps, size, strides=strides, use_bias=not has_norm)
        return LeakyReLU(0.2)(BatchNormalization(momentum=0.9, epsilon=1e-5)(x) if has_norm else x)


def _halvings(shape):
    count = 0
    while count < 5 and min(shape[:2]) >= 2 ** (count + 3):
        count += 1
    return max(count, 1)


# === Presets ===

_DATA = {"degradation": "bicubic", "crop": "window", "flip": True, "rotate": True}
_PHASES = {"pretraining_steps": 1_000_000}

register(
    ("esrgan_div2k", ESRGAN, _PHASES, "./div2k", 16, 24_000, (16_697_987, 14_499_401), _DATA),
)
