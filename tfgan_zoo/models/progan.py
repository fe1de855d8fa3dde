"""Progressive GAN: both networks grow while they are trained.

Reference: Karras, Aila, Laine and Lehtinen, "Progressive Growing of GANs for Improved Quality,
Stability, and Variation", 2018 (arXiv:1710.10196).
"""

import functools
import math

import keras
import tensorflow as tf
from keras import layers

from tfgan_zoo.layers import (
    EqualizedConv2D,
    EqualizedDense,
    LeakyReLU,
    MinibatchStddev,
    PixelNormalization,
    Resample,
)
from tfgan_zoo.layers.growing import (
    BOX,
    ChannelBias,
    FadeInFeatures,
    FadeInImages,
    downscale2d,
    lerp,
    upscale2d,
)
from tfgan_zoo.presets import register
from tfgan_zoo.tasks.gan import GAN

_RECTIFIED = math.sqrt(2)  # gain that keeps the variance through rectified units


class ProGAN(GAN):
    """The progressive GAN.

    Training has a phase for each size of images. It starts at the smallest; every further phase doubles
    it and fades the new layers in: their share alpha rises from 0 to 1 over `fade_in_steps`, then
    `stable_steps` follow, and the last phase goes on without end. Both networks are run at the current
    size only. Real images are averaged down to it, and while a size fades in, mixed with their own
    halves as the generated ones are (section 2, appendix A.1).

    The loss is WGAN-GP's with one critic update a step, and a drift term, 0.001 E[D(x)^2]; learning
    rates are equalized, features normalized pixel by pixel, latents to the same length, and
    the critic sees the standard deviation within groups of four rows of one replica (as the authors'
    code; a replica with fewer rows has smaller groups, and another result). Between phases the
    optimizers go on as they are; those numbers of theirs that belong to layers to come stay 0 until
    these are used. Batches have one size, where the paper's shrink from 256 pixels on, and the
    rates are constant, where the authors' code raises them with the size.

    `generate`, the exported model and the critic's `score` always have images of `image_shape`: what is
    drawn before the networks are fully grown is enlarged to it, pixel by pixel.

    Args:
        widths: Ints. Channels at each size, from the smallest: the image's over
            2 ** (len(widths) - 1), then doubled. The paper's start from 4x4 pixels.
        fade_in_steps, stable_steps: Positive ints. Steps of each part of a phase. The defaults are the
            paper's 800,000 images at batches of 16.
        drift_weight: Float. The factor of the drift term.

    All other arguments: see `GAN`.

    Raises:
        ValueError: An image whose sides cannot be halved so often, or no steps.
    """

    defaults = {
        "image_shape": (1024, 1024, 3),
        "latent_dim": 512,
        "objective": "wasserstein",
        "penalty": "gradient_penalty",
        "g_learning_rate": 1e-3,
        "d_learning_rate": 1e-3,
        "widths": (512, 512, 512, 512, 256, 128, 64, 32, 16),
        "fade_in_steps": 50_000,
        "stable_steps": 50_000,
        "drift_weight": 0.001,
    }

    def default_optimizer(self, learning_rate):
        return keras.optimizers.Adam(learning_rate, beta_1=0.0, beta_2=0.99, epsilon=1e-8)

    # === Growth ===

    @property
    def stages(self):
        return len(self.widths)

    def stage(self):
        begun = [self._steps_since(phase) >= 0 for phase in range(1, self.stages)]
        return tf.reduce_sum(tf.cast(begun, tf.int32))

    def alpha(self, phase):
        """The share of a phase's new layers, float32 in [0, 1]; 0 before the phase."""
        share = tf.cast(self._steps_since(phase), tf.float32) / self.fade_in_steps
        return tf.clip_by_value(share, 0.0, 1.0)

    def growth(self):
        """How far the networks are grown: 0 at the smallest size, `phases` - 1 at the largest."""
        return tf.reduce_sum([self.alpha(phase) for phase in range(1, self.stages)])

    def _steps_since(self, phase):
        first = self.stable_steps + (phase - 1) * (self.fade_in_steps + self.stable_steps)
        return self.iterations.value - first

    def after_discriminator_update(self, logs):
        for name, network in self.networks().items():
            network.get_layer(_OUTPUTS[name.removeprefix("ema_")]).growth.assign(self.growth())

    # === Losses ===

    def synthesize(self, latents, batch, rng):
        phase = rng.stage
        images = _generated(self.generator.get_layer, latents, max(phase - 1, 0), phase)
        images = [tf.cast(image, tf.float32) for image in images]
        return lerp(upscale2d(images[0]), images[1], self.alpha(phase)) if phase else images[0]

    def discriminate_images(self, images, batch, rng):
        for _ in range(self.stages - 1 - rng.stage):
            images = downscale2d(images)
        if rng.stage:
            images = lerp(upscale2d(downscale2d(images)), images, self.alpha(rng.stage))
        return super().discriminate_images(images, batch, rng)

    def discriminate(self, images, batch):
        phase = (images.shape[1] // _smallest(self)).bit_length() - 1
        alpha = self.alpha(phase) if phase else None

        def fade(old, new, level):
            return lerp(old(), new, alpha) if level == phase - 1 else new

        layer = self.discriminator.get_layer
        return {"logits": _discriminated(layer, images, phase, fade, training=True)}

    def discriminator_terms(self, real, fake, batch, rng):
        drift = tf.reduce_mean(tf.square(real.logits))
        terms = super().discriminator_terms(real, fake, batch, rng)
        return {**terms, "drift": (self.drift_weight, drift)}

    # === Networks ===

    def build_generator(self):
        known = {f"features_{level}": block for level, block in enumerate(_generator_blocks(self))}
        for level in range(self.stages):
            known[f"to_rgb_{level}"] = EqualizedConv2D(
                self.image_shape[-1], 1, name=f"to_rgb_{level}"
            )
        latents = keras.Input([self.latent_dim], name="latents")
        images = _generated(known.__getitem__, latents, 0, self.stages - 1)
        return keras.Model(
            latents, FadeInImages(dtype="float32", name="images")(images), name="generator"
        )

    def build_discriminator(self):
        known = {"downscale": Resample(down=2, taps=BOX, name="downscale")}
        for level, block in enumerate(_discriminator_blocks(self)):
            known[f"block_{level}"] = block
            known[f"from_rgb_{level}"] = keras.Sequential(
                [EqualizedConv2D(self.widths[level], 1, gain=_RECTIFIED), LeakyReLU(0.2)],
                name=f"from_rgb_{level}",
            )
        known["logits"] = EqualizedDense(1, dtype="float32", name="logits")
        images = keras.Input(self.image_shape, name="images")
        fade_in = FadeInFeatures(name="fade_in")
        fade = lambda old, new, level: fade_in([old(), new], level=level)  # noqa: E731
        logits = _discriminated(known.__getitem__, images, self.stages - 1, fade)
        return keras.Model(images, logits, name="discriminator")


# === Networks ===

_OUTPUTS = {"generator": "images", "discriminator": "fade_in"}  # the layers that know the growth


def _smallest(gan):
    """The height of the first phase's images."""
    height, width, _ = gan.image_shape
    scale = 2 ** (gan.stages - 1)
    if height != width or height % scale:
        raise ValueError(
            f"ProGAN with {gan.stages} widths needs square images whose sides are multiples of {scale}. "
            f"Received: image_shape={gan.image_shape}."
        )
    if min(gan.fade_in_steps, gan.stable_steps) < 1:
        raise ValueError(
            "fade_in_steps and stable_steps must be positive integers. Received: fade_in_steps="
            f"{gan.fade_in_steps}, stable_steps={gan.stable_steps}."
        )
    return height // scale


def _generated(layer, latents, first, last):
    """Images of each size from `first` to `last`, of the layers that `layer` finds by name."""
    x, images = latents, []
    for level in range(last + 1):
        x = layer(f"features_{level}")(x)
        if level >= first:
            images.append(layer(f"to_rgb_{level}")(x))
    return images


def _discriminated(layer, images, last, fade, **options):
    """Logits of images of size `last`, of the layers that `layer` finds by name.

    `fade(old, new, level)` mixes the features at a level: the new ones came through the layers of larger
    sizes; the old ones, `old()`, go past them, from images that were halved.
    """
    x = layer(f"from_rgb_{last}")(images)
    for level in reversed(range(last)):
        x = layer(f"block_{level + 1}")(x)
        images = layer("downscale")(images)
        x = fade(functools.partial(layer(f"from_rgb_{level}"), images), x, level)
    return layer("logits")(layer("block_0")(x, **options))


def _generator_blocks(gan):
    """From latents, or features of half the size, to features `[B, H, W, widths[level]]`."""
    size, width = _smallest(gan), gan.widths[0]
    start = [
        PixelNormalization(),
        # 1/4: He's constant of the paper's 4x4 convolution, of which this is the same map.
        EqualizedDense(size * size * width, gain=_RECTIFIED / 4, use_bias=False),
        layers.Reshape((size, size, width)),
        ChannelBias(),
        LeakyReLU(0.2),
        PixelNormalization(),
        *_normalized(width),
    ]
    yield keras.Sequential(start, name="features_0")
    for level, width in enumerate(gan.widths[1:], start=1):
        doubled = [Resample(up=2, taps=BOX), *_normalized(width), *_normalized(width)]
        yield keras.Sequential(doubled, name=f"features_{level}")


def _normalized(width):
    return [
        EqualizedConv2D(width, 3, gain=_RECTIFIED),
        LeakyReLU(0.2),
        PixelNormalization(),
    ]


def _discriminator_blocks(gan):
    """From features `[B, H, W, widths[level]]` to those of half the size; the first, to `[B, D]`."""
    _smallest(gan)
    end = [
        MinibatchStddev(),
        EqualizedConv2D(gan.widths[0], 3, gain=_RECTIFIED),
        LeakyReLU(0.2),
        layers.Flatten(),
        EqualizedDense(gan.widths[0], gain=_RECTIFIED),
        LeakyReLU(0.2),
    ]
    yield keras.Sequential(end, name="block_0")
    for level in range(1, gan.stages):
        halved = [
            EqualizedConv2D(gan.widths[level], 3, gain=_RECTIFIED),
            LeakyReLU(0.2),
            EqualizedConv2D(gan.widths[level - 1], 3, gain=_RECTIFIED),
            LeakyReLU(0.2),
            Resample(down=2, taps=BOX),
        ]
        yield keras.Sequential(halved, name=f"block_{level}")


# === Presets ===

_SMALL = {
    "image_shape": (28, 28, 1),
    "latent_dim": 64,
    "widths": (64, 32, 16),
    "fade_in_steps": 1_000,
    "stable_steps": 1_500,
}

register(
    ("progan_fashion_mnist", ProGAN, _SMALL, "fashion_mnist", 32, 5, (272_467, 273_265)),
    ("progan_celeb_a_hq_1024", ProGAN, {}, "celeb_a_hq/1024", 16, 480, (23_079_115, 23_087_249)),
)
