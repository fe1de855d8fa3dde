"""Real-ESRGAN: super-resolution of pictures as they are found, learned from synthetic damage.

Reference: Wang, Xie, Dong and Shan, "Real-ESRGAN: Training Real-World Blind Super-Resolution with Pure
Synthetic Data", 2021 (arXiv:2107.10833).
"""

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from tfgan_zoo.layers import BilinearUpsampling, Conv2D, LeakyReLU, SpectralConv2D
from tfgan_zoo.networks.super_resolution import ENLARGEMENTS, fan_in, rrdb, srvgg
from tfgan_zoo.presets import register
from tfgan_zoo.tasks.super_resolution import SuperResolution


class RealESRGAN(SuperResolution):
    """ESRGAN's generator, or a compact one, against a U-Net that judges every pixel.

    The discriminator's layers have spectral normalization. Targets are sharpened by unsharp masking
    before losses compare with them. The second phase's loss is the L1 distance, that of five VGG maps,
    and 0.1 of the adversarial loss (section 4.1). Images to train on are made by the degradation
    "real_esrgan" of `datasets.load_degraded`.

    Args:
        network: "rrdb", ESRGAN's, or "srvgg", the compact one of the authors' code.
        width: Int. Channels of the generator's maps.
        blocks: Int. Residual-in-residual dense blocks of "rrdb", inner convolutions of "srvgg" (16 or
            32 of the authors').
        growth: Int. Channels that each convolution of a dense block adds.
        discriminator_width: Int. Channels of the discriminator's first map.
        sharpen: Whether targets are sharpened.

    All other arguments: see `tasks.super_resolution.SuperResolution`.

    Raises:
        ValueError: Targets whose sides are no multiples of 8.
    """

    defaults = {
        "image_shape": (64, 64, 3),
        "objective": "non_saturating",
        "ema_decay": 0.999,
        "pixel_weight": 1.0,
        "adversarial_weight": 0.1,
        "network": "rrdb",
        "width": 64,
        "blocks": 23,
        "growth": 32,
        "discriminator_width": 64,
        "sharpen": True,
    }
    published_features = {
        "vgg19": {"conv1_2": 0.1, "conv2_2": 0.1, "conv3_4": 1.0, "conv4_4": 1.0, "conv5_4": 1.0}
    }
    bounds = {"scale": tuple(ENLARGEMENTS), "network": ("rrdb", "srvgg"), "growth": ">= 1"}

    @property
    def size_multiple(self):
        return 4 // self.scale if self.network == "rrdb" and self.scale != 3 else 1

    # === Networks ===

    def build_generator(self):
        channels, width = self.image_shape[-1], self.width
        if self.network == "srvgg":
            return srvgg(channels, width, self.blocks, self.scale, "generator")
        sizes = (channels, width, self.blocks, self.growth)
        return rrdb(*sizes, self.scale, unshuffle=self.scale != 3, name="generator")

    def build_discriminator(self):
        images = keras.Input(self.target_shape, name="images")
        width, options = (
            self.discriminator_width,
            {"padding": "same", "kernel_initializer": fan_in()},
        )
        x, skips = LeakyReLU(0.2)(Conv2D(width, 3, **options)(images)), []
        for level in (1, 2, 3):
            skips.append(x)
            x = _spectral(x, 2**level * width, 4, 2)
        for level in (2, 1, 0):
            x = _spectral(BilinearUpsampling()(x), 2**level * width)
            x = layers.Add()([x, skips[level]])
        x = _spectral(_spectral(x, width), width)
        logits = Conv2D(1, 3, dtype="float32", name="logits", **options)(x)
        return keras.Model(images, {"logits": logits}, name="discriminator")

    def _check_networks(self):
        super()._check_networks()
        if any(side % 8 for side in self.target_shape[:2]):
            raise ValueError(
                "RealESRGAN's discriminator halves targets three times: their sides must be multiples "
                f"of 8. Received: image_shape={tuple(self.image_shape)}, scale={self.scale}."
            )

    # === Losses ===

    def shown(self, targets):
        return sharpened(targets) if self.sharpen else targets


def _spectral(x, maps, size=3, strides=1):
    options = {"padding": "same", "use_bias": False, "kernel_initializer": fan_in()}
    return LeakyReLU(0.2)(SpectralConv2D(maps, size, strides=strides, **options)(x))


def sharpened(images):
    """Unsharp masking of float images `[B, H, W, C]` in [-1, 1], with the settings of the authors' code:
    where an image differs from its blur by more than 10 of 255, half of the difference is added."""
    residual = (images - _blurred(images)) / 2
    mask = tf.cast(tf.abs(residual) * 255 > 10, images.dtype)
    soft = _blurred(mask)
    sharp = tf.clip_by_value(images + residual, -1.0, 1.0)
    return soft * sharp + (1 - soft) * images


def _blurred(images):
    """By a Gaussian of standard deviation 8 in 51x51 places; what lies beyond a border is mirrored."""
    down, right = (_blur(side) for side in images.shape[1:3])
    return tf.einsum("bhwc,ih,jw->bijc", images, down, right)


def _blur(side):
    offsets = np.arange(-25, 26)
    taps = np.exp(-0.5 * (offsets / 8.0) ** 2)
    period = max(2 * (side - 1), 1)
    places = (np.arange(side)[:, None] + offsets) % period
    places = np.where(places < side, places, period - places)
    weights = np.zeros((side, side))
    rows = np.broadcast_to(np.arange(side)[:, None], places.shape)
    np.add.at(weights, (rows, places), np.broadcast_to(taps / taps.sum(), places.shape))
    return weights.astype(np.float32)


# === Presets ===

_REAL = {"degradation": "real_esrgan", "crop": "window", "flip": True, "rotate": True}
_PHASES = {"pretraining_steps": 1_000_000}
_COMPACT = {"network": "srvgg", "blocks": 32}
_SMALL = {
    "network": "srvgg",
    "width": 48,
    "blocks": 16,
    "discriminator_width": 32,
    "image_shape": (32, 32, 3),
    "g_learning_rate": 5e-4,
    "pixel_weight": 1.0,
    "features": "hed",
    "feature_weights": {"conv1_2": 0.1, "conv2_2": 0.1, "conv3_3": 1.0, "conv4_3": 1.0},
    "sharpen": False,
}
_PIXELS = {**_SMALL, "pretraining_steps": None}
_ADVERSARIAL = {
    **_SMALL,
    "image_shape": (16, 16, 3),
    "g_learning_rate": 2e-4,
    "perceptual_weight": 0.03,  # the maps of "hed" are of values of 8 bits
}
_BICUBIC = {**_REAL, "degradation": "bicubic", "windows_per_image": 16}

register(
    ("real_esrgan_df2k", RealESRGAN, _PHASES, "./df2k", 48, 24_000, (16_697_987, 4_376_897), _REAL),
    (
        "real_esrgan_general_x4v3",
        RealESRGAN,
        {**_PHASES, **_COMPACT},
        "./df2k",
        48,
        24_000,
        (1_213_296, 4_376_897),
        _REAL,
    ),
    (
        "real_esrgan_bsd100_x4_psnr",
        RealESRGAN,
        _PIXELS,
        "./BSD100",
        16,
        60,
        (355_488, 0),
        _BICUBIC,
    ),
    (
        "real_esrgan_bsd100_x4",
        RealESRGAN,
        _ADVERSARIAL,
        "./BSD100",
        8,
        8,
        (355_488, 1_094_817),
        _BICUBIC,
    ),
    (
        "real_esrgan_bsd100_x2_psnr",
        RealESRGAN,
        {**_PIXELS, "scale": 2, "image_shape": (48, 48, 3)},
        "./BSD100",
        16,
        60,
        (339_900, 0),
        _BICUBIC,
    ),
)
