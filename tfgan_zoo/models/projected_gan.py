"""Projected GAN: a discriminator of what a frozen network sees, mixed at random.

Reference: Sauer, Chitta, Müller and Geiger, "Projected GANs Converge Faster", 2021 (arXiv:2111.01007).
"""

import keras

from tfgan_zoo.layers import Clip, PixelNormalization
from tfgan_zoo.networks import fastgan, perceptual, projected
from tfgan_zoo.presets import register
from tfgan_zoo.regularizers import DiffAugment
from tfgan_zoo.tasks.building import full_precision
from tfgan_zoo.tasks.noisy import NoisyGAN


class ProjectedGAN(NoisyGAN):
    """FastGAN's generator against heads on the feature maps of a frozen, pretrained network.

    The network's maps are mixed over channels, then from the coarsest to the finest over scales, by
    convolutions whose random weights do not train either. A head for each of them halves it, and gives
    logits of patches. Images smaller than 224 are enlarged to that; all are changed at random before
    (DiffAugment). The generator's latents are brought to a length of their own; with classes, the gains
    and biases of its batch normalization are linear in an embedding, and the heads' logits are products
    with a map of the class. Hinge loss, Adam(2e-4, beta_1=0, beta_2=0.99), batches of 64, an average of
    the generator with a half-life of 10,000 images at 32 a batch (section 3, and the authors' code,
    configurations fastgan and fastgan_lite). Theirs with StyleGAN2's generator is not here. They blur
    images in the first 300,000 of a run in some of its versions; here none are.

    Args:
        num_classes: None, or an int; labels are then integers in [0, num_classes).
        width: Int. The generator's feature maps of 128 pixels a side have so many channels, smaller
            ones up to 16 times as many. The authors' 128, and 64 with classes.
        generator_blocks: "double" (fastgan): where the side is doubled there are two convolutions, with
            noise after each; "single" (fastgan_lite): one, without; "alternating": as in FastGAN.
        excitation_ratio: Int, a power of 2: see `FastGAN`.
        features: The pretrained network: see `networks.perceptual.features`. The paper's is the default.
        feature_layers: Strings. Names of its maps, the finest first.
        feature_side: Int. Images with a smaller side are enlarged to it.
        projection: "scales": maps are mixed over channels, and over scales; "channels": over channels
            alone; "none".
        projection_width: Int. Channels of the finest map that is mixed; each coarser one has twice as
            many.
        discriminator_width: Int. A head's last feature map has 8 times as many channels.
        embedding_dim, class_map_dim: Ints. Lengths of a head's embedding of a class, and of its map.
        generator_normalization, discriminator_normalization: "batch" or None.
        generator_spectral_norm, discriminator_spectral_norm: "iterated", "stored" or None: see
            `FastGAN`.

    All other arguments: see `GAN`.

    Raises:
        ValueError: Images that are not square with a side of 8, 16, 32, …, 1024, or of other channels
            than 1 or 3; widths of which a feature map would have no channel; a network without such
            maps, or one whose maps are smaller than 4x4 once they are mixed.
    """

    defaults = {
        "image_shape": (256, 256, 3),
        "latent_dim": 256,
        "objective": "hinge",
        "regularizers": (DiffAugment(),),
        "ema_decay": 0.5 ** (32 / 10_000),
        "num_classes": None,
        "width": 128,
        "generator_blocks": "double",
        "excitation_ratio": 16,
        "features": "efficientnet_lite0",
        "feature_layers": ("block2", "block4", "block10", "block15"),
        "feature_side": 224,
        "projection": "scales",
        "projection_width": 64,
        "discriminator_width": 64,
        "embedding_dim": 128,
        "class_map_dim": 64,
        "generator_normalization": "batch",
        "discriminator_normalization": "batch",
        "generator_spectral_norm": "iterated",
        "discriminator_spectral_norm": "iterated",
    }
    bounds = {
        **dict.fromkeys(("width", "feature_side", "projection_width", "class_map_dim"), ">= 1"),
        "generator_blocks": fastgan.BLOCKS,
        "excitation_ratio": ">= 2",
        "projection": projected.PROJECTIONS,
        "discriminator_normalization": ("batch", None),
    }

    def default_optimizer(self, learning_rate):
        return keras.optimizers.Adam(learning_rate, beta_1=0.0, beta_2=0.99, epsilon=1e-8)

    # === Networks ===

    def build_networks(self):
        fastgan.check(self)
        perceptual.check_channels(type(self).__name__, self.image_shape[-1])
        with full_precision():
            self.projection_network = self.build_projection()
        super().build_networks()

    def build_projection(self):
        """Makes the frozen network from images to float32 feature maps, a list with the finest first."""
        images = keras.Input(self.image_shape, name="images")
        network = keras.Model(images, projected.projection(self, images), name="projection")
        network.trainable = False
        return network

    def build_generator(self):
        inputs = latents = keras.Input([self.latent_dim], name="latents")
        condition = None
        if self.num_classes is not None:
            label = keras.Input([], dtype="int32", name="label")
            inputs, condition = [latents, label], projected.embedded(self, label)
        found = fastgan.feature_maps(self, PixelNormalization()(latents), condition)
        mode, (height, _, channels) = self.generator_spectral_norm, self.image_shape
        x = fastgan.convolution(mode, channels, 3, use_bias=True)(found[height])
        return keras.Model(inputs, Clip(dtype="float32", name="images")(x), name="generator")

    def build_discriminator(self):
        """Makes a network from feature maps (and labels) to float32 logits of patches, `[B, P]`."""
        maps = [keras.Input(made.shape[1:]) for made in self.projection_network.outputs]
        inputs, label = maps, None
        if self.num_classes is not None:
            label = keras.Input([], dtype="int32", name="label")
            inputs = [*maps, label]
        side = max(self.image_shape[0], self.feature_side)
        logits = projected.logits_from(self, maps, side, label)
        return keras.Model(inputs, logits, name="discriminator")

    def networks(self):
        return {**super().networks(), "projection": self.projection_network}

    def _add_states(self):
        super()._add_states()
        self.features_are_loaded = self.add_state("features_are_loaded", 0, "int64")

    def before_training(self):
        """Reads the weights of the pretrained network, unless the model was saved with them."""
        super().before_training()
        network = self.projection_network.get_layer("features")
        perceptual.load_once(self.features, network, self.features_are_loaded)

    # === Use ===

    def discriminator_inputs(self, images, batch):
        maps = self.projection_network(images, training=False)
        return maps if self.num_classes is None else [*maps, batch["labels"]]


# === Presets ===

# 10 million images of the authors' runs; theirs of this size and of 1024 are of FFHQ and other sets.
_LITE = {"generator_blocks": "single"}
_1024 = {"image_shape": (1024, 1024, 3)}
# A few thousand images of 64 pixels on a CPU: small heads, on features of images of 128 pixels.
_EMOJI = {
    "image_shape": (64, 64, 3),
    "latent_dim": 64,
    "width": 16,
    "generator_blocks": "single",
    "excitation_ratio": 4,
    "feature_side": 128,
    "projection_width": 32,
    "discriminator_width": 32,
    "ema_decay": 0.999,
}

register(
    (
        "projected_gan_emoji_64",
        ProjectedGAN,
        _EMOJI,
        "noto_emoji64",
        16,
        50,
        (1_686_371, 2_593_376),
    ),
    (
        "projected_gan_celeb_a_hq_256",
        ProjectedGAN,
        {},
        "celeb_a_hq/256",
        64,
        333,
        (105_684_175, 10_331_328),
    ),
    (
        "projected_gan_lite_celeb_a_hq_256",
        ProjectedGAN,
        _LITE,
        "celeb_a_hq/256",
        64,
        333,
        (79_354_307, 10_331_328),
    ),
    (
        "projected_gan_celeb_a_hq_1024",
        ProjectedGAN,
        _1024,
        "celeb_a_hq/1024",
        64,
        333,
        (105_884_483, 10_331_328),
    ),
)
