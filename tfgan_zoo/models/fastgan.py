"""FastGAN: few images and little computing, by gates of small feature maps and a discriminator that
also decodes.

Reference: Liu, Zhu, Song and Elgammal, "Towards Faster and Stabilized GAN Training for High-fidelity
Few-shot Image Synthesis", 2021 (arXiv:2101.04775).
"""

import keras
import tensorflow as tf
from keras import layers

from tfgan_zoo.layers import Clip
from tfgan_zoo.networks import fastgan, perceptual
from tfgan_zoo.networks import fastgan_discriminator as critic
from tfgan_zoo.presets import register
from tfgan_zoo.regularizers import DiffAugment
from tfgan_zoo.tasks.adversarial import DiscriminatorOutput
from tfgan_zoo.tasks.noisy import NoisyGAN

_PYRAMID = "pyramid"  # the part of the generator that makes images of two sizes


class FastGAN(NoisyGAN):
    """The few-shot GAN: it learns from a hundred images.

    The generator multiplies feature maps by gates of those that are a 16th of their side (skip-layer
    excitation), adds noise and has gated linear units. It makes every image in a second, smaller size
    too. The discriminator gives logits of 5x5 patches of each of the two; and three decoders rebuild
    real images of its feature maps: the whole of either size, and one of its quarters, drawn for each
    image. Hinge loss, Adam(2e-4, beta_1=0.5), batches of 8, color and translation of DiffAugment, an
    average of the generator of decay 0.999 (section 3, and the authors' code).

    The paper's distance of rebuilt images is LPIPS; here it is one of other features, or L1. The
    authors' code draws the hinge's margin from [0.8, 1] for each logit, uses the same generated images
    in the updates of both players, and one quarter for a whole batch; here it is 1, and all are drawn
    anew.

    The paper's images have 256, 512 or 1024 pixels a side, the small ones 128. Others have small ones of
    half the side, of 8 or more. With the paper's ratio a generator has excitations at 64 to 512 pixels
    as far as there are such feature maps: one for images of 64, none for those of 32 and less, for which
    `excitation_ratio` may be smaller. The discriminator has them at 8, 16 and 32 pixels, of feature maps
    8 times the side. Images of 8 have no part that is rebuilt.

    Args:
        width: Int. The generator's feature maps of 128 pixels a side have so many channels, smaller
            ones up to 16 times as many, those of 1024 an eighth.
        discriminator_width: Int. Likewise; its feature maps of 64 pixels a side have so many.
        decoder_width: Int. Channels of the decoders' last feature maps, of 128 pixels a side.
        excitation_ratio: Int, a power of 2. How many times as long the side of a feature map is as that
            of the one whose gates it is multiplied by.
        generator_blocks: Where the side is doubled there is one convolution, or two with noise after
            each: "alternating", two and one in turn; "double", two; "single", one.
        output_activation: "tanh", "linear", whose images are clipped when they are drawn, or None:
            "tanh" for images of 1024 pixels a side alone, as in the authors' code.
        reconstruction_weight: Float. Of the distances of rebuilt images.
        reconstruction_distance: "perceptual", in the maps of a network of features, or "l1", the mean
            difference of pixels.
        features: That network: see `networks.perceptual.features`. With "l1" none is loaded.
        generator_normalization, discriminator_normalization: "batch" or None.
        generator_spectral_norm, discriminator_spectral_norm: "iterated": layers keep one singular
            vector, and each call makes a power iteration from it; "stored": they keep both, and calls
            take them as they are, as `torch.nn.utils.spectral_norm` does in evaluation; None: layers are
            not spectrally normalized.

    All other arguments: see `GAN`.

    Raises:
        ValueError: Images that are not square with a side of 8, 16, 32, …, 1024, widths of which a
            feature map would have no channel, or other channels than 1 or 3 where features are compared.
    """

    defaults = {
        "image_shape": (256, 256, 3),
        "latent_dim": 256,
        "objective": "hinge",
        "regularizers": (DiffAugment("color,translation"),),
        "width": 64,
        "discriminator_width": 64,
        "decoder_width": 32,
        "excitation_ratio": 16,
        "generator_blocks": "alternating",
        "output_activation": None,
        "reconstruction_weight": 1.0,
        "reconstruction_distance": "perceptual",
        "features": "efficientnet_lite0",
        "generator_normalization": "batch",
        "discriminator_normalization": "batch",
        "generator_spectral_norm": "iterated",
        "discriminator_spectral_norm": "iterated",
    }
    bounds = {
        **dict.fromkeys(("width", "decoder_width"), ">= 1"),
        "excitation_ratio": ">= 2",
        "generator_blocks": fastgan.BLOCKS,
        "output_activation": ("tanh", "linear", None),
        "reconstruction_weight": ">= 0",
        "reconstruction_distance": ("perceptual", "l1"),
        "discriminator_normalization": ("batch", None),
    }

    # === Networks ===

    def build_networks(self):
        fastgan.check(self)
        critic.check(self)
        super().build_networks()
        self.decoder = self.build_decoder()

    def _check_networks(self):
        super()._check_networks()
        if self.reconstruction_distance == "perceptual":
            perceptual.get(self.features)
            perceptual.check_channels(type(self).__name__, self.image_shape[-1])

    def build_generator(self):
        latents = keras.Input([self.latent_dim], name="latents")
        made = _made(self, fastgan.feature_maps(self, latents))
        pyramid = keras.Model(latents, made, name=_PYRAMID)
        return keras.Model(latents, pyramid(latents)["images"], name="generator")

    def build_discriminator(self):
        """Makes a network from images of both sizes to their logits `[B, P]`, and to the feature maps
        that are decoded, `[B, 8, 8, C]` and, where a quarter is, `[B, 16, 16, C]`."""
        side = critic.small_side(self)
        images = keras.Input(self.image_shape, name="images")
        small_images = keras.Input([side, side, self.image_shape[-1]], name="small_images")
        outputs = critic.outputs(self, images, small_images)
        return keras.Model([images, small_images], outputs, name="discriminator")

    def build_decoder(self):
        """Makes a network from feature maps to rebuilt images of the small size, by the same names."""
        made = self.discriminator.output
        given = {
            name: keras.Input([critic.LAST_SIDE, critic.LAST_SIDE, made[name].shape[-1]], name=name)
            for name in ("features", "small_features", "part_features")
            if name in made
        }
        side = critic.small_side(self)
        rebuilt = {name: critic.decoded(self, maps, side) for name, maps in given.items()}
        return keras.Model(given, rebuilt, name="decoder")

    def networks(self):
        return {**super().networks(), "decoder": self.decoder}

    # === Losses ===

    def players(self):
        """The discriminator with its decoders, then the generator."""
        discriminator, generator = super().players()
        return [discriminator._replace(networks=[self.discriminator, self.decoder]), generator]

    def discriminator_inputs(self, images, batch):
        """Images and every few of their pixels, as many as small ones have."""
        step = self.image_shape[0] // critic.small_side(self)
        return [images, images[:, ::step, ::step]]

    def discriminate_generated(self, batch, rng):
        latents = self.sample_latents(rng)
        made = self.generator.get_layer(_PYRAMID)(latents, training=True)
        shown = [
            self.augment_images(tf.cast(made[name], tf.float32), rng)
            for name in ("images", "small_images")
        ]
        outputs = self.discriminator(shown, training=True)
        originals = tf.cast(made["images"], tf.float32)
        return DiscriminatorOutput(shown[0], outputs, latents, originals)

    def discriminator_terms(self, real, fake, batch, rng):
        terms = super().discriminator_terms(real, fake, batch, rng)
        distance = self._reconstruction_distance(real, rng)
        return {**terms, "reconstruction": (self.reconstruction_weight, distance)}

    def _reconstruction_distance(self, real, rng):
        """The distances of what the decoders make of real images, summed."""
        maps = {name: real.outputs[name] for name in ("features", "small_features")}
        whole = self.discriminator_inputs(real.images, {})[1]
        targets = dict.fromkeys(maps, whole)
        if "part_features" in real.outputs:
            place = tf.cast(4.0 * rng.uniform([]), tf.int32)
            maps["part_features"] = quarter(real.outputs["part_features"], place)
            part = quarter(real.images, place)
            targets["part_features"] = part[:, :: (step := part.shape[1] // whole.shape[1]), ::step]
        rebuilt = self.decoder(maps, training=True)
        return tf.add_n([self._distance(rebuilt[name], targets[name]) for name in maps])

    def _distance(self, images, targets):
        if self.reconstruction_distance == "l1":
            return tf.reduce_mean(tf.abs(tf.cast(images, tf.float32) - targets))
        weights = perceptual.get(self.features).content
        network = perceptual.features(self.features, tuple(weights))
        maps = (network(perceptual.colours(values), training=False) for values in (images, targets))
        return perceptual.perceptual_distance(*maps, weights)

    # === Use ===

    def served_scores(self, images, label=None):
        return {"logits": super().served_scores(images, label)["logits"]}  # features would be large


# === Networks ===


def _made(gan, found):
    """Images of both sizes, of the generator's feature maps."""
    side, mode = gan.image_shape[0], gan.generator_spectral_norm
    is_bounded = (gan.output_activation or ("tanh" if side == 1024 else "linear")) == "tanh"
    made = {}
    for name, place, size in (("small_images", critic.small_side(gan), 1), ("images", side, 3)):
        x = fastgan.convolution(mode, gan.image_shape[-1], size)(found[place])
        own = {"dtype": "float32", "name": name}
        made[name] = layers.Activation("tanh", **own)(x) if is_bounded else Clip(**own)(x)
    return made


def quarter(images, place):
    """A quarter of each of `[B, N, N, C]`, `[B, N / 2, N / 2, C]`.

    Args:
        place: int32 `[B]`: 0, upper left; 1, upper right; 2, lower left; 3, lower right.
    """
    half = images.shape[1] // 2
    rows = (images[:, :half], images[:, half:])
    parts = [part for row in rows for part in (row[:, :, :half], row[:, :, half:])]
    chosen = tf.one_hot(place, 4, dtype=images.dtype)[:, :, None, None, None]
    return tf.reduce_sum(chosen * tf.stack(parts, axis=1), axis=1)


# === Presets ===

# The paper's networks and its 50,000 updates of 8 images, as its comparisons of few images have them.
_512 = {"image_shape": (512, 512, 3)}
_1024 = {"image_shape": (1024, 1024, 3)}
# A few thousand images of 64 pixels on a CPU: a quarter of the channels, excitations from 16 pixels on.
_EMOJI = {
    "image_shape": (64, 64, 3),
    "latent_dim": 128,
    "width": 16,
    "discriminator_width": 16,
    "decoder_width": 16,
    "excitation_ratio": 4,
}

register(
    ("fastgan_emoji_64", FastGAN, _EMOJI, "noto_emoji64", 16, 100, (2_524_740, 500_080)),
    ("fastgan_celeb_a_hq_256", FastGAN, {}, "celeb_a_hq/256", 8, 13, (29_127_846, 8_386_672)),
    ("fastgan_celeb_a_hq_512", FastGAN, _512, "celeb_a_hq/512", 8, 13, (29_174_392, 8_387_008)),
    ("fastgan_celeb_a_hq_1024", FastGAN, _1024, "celeb_a_hq/1024", 8, 13, (29_176_512, 8_388_704)),
)
