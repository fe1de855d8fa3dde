"""StyleGAN2: styles that scale kernels, images summed over sizes, and a smoother latent space.

Reference: Karras et al., "Analyzing and Improving the Image Quality of StyleGAN", 2020
(arXiv:1912.04958).
"""

import keras
import tensorflow as tf

from tfgan_zoo.models.stylegan import SMALL, StyleGAN
from tfgan_zoo.networks import stylegan2
from tfgan_zoo.networks.stylegan import sizes
from tfgan_zoo.penalties import R1
from tfgan_zoo.presets import register
from tfgan_zoo.regularizers import ADA

_ACTIVATIONS = tuple(stylegan2.GAINS)


class StyleGAN2(StyleGAN):
    """StyleGAN with modulated convolutions, skip connections and path length regularization.

    The defaults are those of configuration F: a generator that sums the images of all sizes, a residual
    discriminator, R1 at every 16th update, path length regularization of weight 2 at every
    4th step, Adam(2e-3, 0, 0.99) corrected for these (appendix B). The weight of R1, 10 in configuration
    F at 1024 pixels, is by default that of the size: see `StyleGAN`. For small images the authors later
    left out path lengths and style mixing (their configuration of CIFAR-10), as the presets of 28 pixels
    do.

    Different from the authors' code: a lazy penalty is a term of the update that is made anyway, where
    theirs has an update of its own, for which the correction is; with it the generator learns at 4/5 and
    the discriminator at 16/17 of the nominal rate. Path lengths are compared with their mean as it was
    before the step, which no gradient passes.

    Args:
        path_length_weight: Float. Factor of the path length penalty; 0 leaves it out.
        path_length_every: Int k. The penalty is taken at every k-th step, k times as strong.
        path_length_decay: Float in (0, 1]. How fast the mean path length, to which all are held, moves.
        path_length_shrink: Int. The penalty is taken of one image in so many of a replica's.
        num_classes: None, or an int; labels are then integers in [0, num_classes). The mapping network
            is given an embedding of the label after the latents, and the logits are the product of the
            discriminator's features with a map of the label (projection, Miyato and Koyama 2018).
        label_dim: Int. Length of that embedding; None: style_dim.
        mapping_width: Int. Units of all but the last layer of the mapping network; None: style_dim.
        mapping_activation, g_activation, d_activation: Of the mapping networks, the synthesis network
            and the discriminator. "lrelu", with a slope of 0.2, "relu", "linear", "tanh", "sigmoid",
            "elu", "selu", "softplus" or "swish", each times the gain that it has in the authors' code.
        mapping_learning_rate_multiplier: Float. Share of the rate at which the mapping network learns.
        w_avg_momentum: Float in [0, 1]. Share of the mean style that an update keeps.
        g_architecture, d_architecture: "skip": images of all sizes are summed, or given to the
            discriminator; "resnet": residual blocks; "orig": neither.
        g_resample_filter, d_resample_filter: Two numbers or more. The filter, along each axis, of maps
            that are doubled or halved.
        g_conv_clamp, d_conv_clamp: Float. Values of maps are clipped to [-clamp, clamp], so that half
            precision can hold them; None does not.
        use_noise: Whether noise is added after each convolution of the generator.
        d_channel_base, d_channel_max: Ints. Those of the discriminator; None: as the generator's.
        d_mapping_layers: Int, 0 or more. Layers of the discriminator's map of labels, after their
            embedding.
        d_mapping_learning_rate_multiplier: Float. Share of the rate at which they learn.
        class_map_dim: Int. Length of that map; None: the channels of the smallest maps.
        d_label_dim, d_mapping_width: Ints. Length of its embedding, and units of all but its last
            layer; with None both are class_map_dim.
        stddev_group_size: Int. Images whose deviation the discriminator sees; None: all of a replica's.
        stddev_features: Int. Channels that this deviation has; 0 leaves it out.
        stddev_grouping: "consecutive" or "strided"; see `layers.MinibatchStddev`.

    All other arguments: see `StyleGAN` and `GAN`.
    """

    defaults = {
        "penalty": R1(weight=None, every=16),
        "g_learning_rate": 2e-3,
        "d_learning_rate": 2e-3,
        "channel_base": 32768,
        "path_length_weight": 2.0,
        "path_length_every": 4,
        "path_length_decay": 0.01,
        "path_length_shrink": 2,
        "num_classes": None,
        "label_dim": None,
        "mapping_width": None,
        "mapping_activation": "lrelu",
        "mapping_learning_rate_multiplier": 0.01,
        "w_avg_momentum": 0.995,
        "g_architecture": "skip",
        "d_architecture": "resnet",
        "g_activation": "lrelu",
        "d_activation": "lrelu",
        "g_resample_filter": (1, 3, 3, 1),
        "d_resample_filter": (1, 3, 3, 1),
        "g_conv_clamp": None,
        "d_conv_clamp": None,
        "use_noise": True,
        "d_channel_base": None,
        "d_channel_max": None,
        "d_mapping_layers": 8,
        "d_mapping_learning_rate_multiplier": 0.01,
        "class_map_dim": None,
        "d_label_dim": None,
        "d_mapping_width": None,
        "stddev_group_size": 4,
        "stddev_features": 1,
        "stddev_grouping": "consecutive",
    }
    bounds = {
        **dict.fromkeys(("label_dim", "mapping_width", "d_channel_base", "d_channel_max"), ">= 1"),
        **dict.fromkeys(("class_map_dim", "d_label_dim", "d_mapping_width"), ">= 1"),
        **dict.fromkeys(("mapping_activation", "g_activation", "d_activation"), _ACTIVATIONS),
        **dict.fromkeys(("g_architecture", "d_architecture"), stylegan2.ARCHITECTURES),
        **dict.fromkeys(("g_resample_filter", "d_resample_filter"), "number (-1e6, 1e6)"),
        **dict.fromkeys(("g_conv_clamp", "d_conv_clamp"), "None or number > 0"),
        "mapping_learning_rate_multiplier": "> 0",
        "d_mapping_learning_rate_multiplier": "> 0",
        "w_avg_momentum": "[0, 1]",
        "d_mapping_layers": ">= 0",
        "stddev_group_size": "None or >= 1",
        "stddev_features": ">= 0",
        "stddev_grouping": ("consecutive", "strided"),
    }

    # === Hooks ===

    def build_networks(self):
        super().build_networks()
        self.path_length_mean = self.add_state("path_length_mean")

    def styles_of(self, inputs):
        return stylegan2.styles_from(self, inputs)

    def images_of(self, styles):
        shapes = _shapes(self, self.channel_base, self.channel_max)
        return stylegan2.images_from(self, styles, shapes)

    def build_discriminator(self):
        inputs = images = keras.Input(self.image_shape, name="images")
        label = None
        if self.num_classes is not None:
            label = keras.Input([], dtype="int32", name="label")
            inputs = [images, label]
        return keras.Model(inputs, self.logits_of(images, label), name="discriminator")

    def logits_of(self, images, label=None):
        base = self.d_channel_base or self.channel_base
        shapes = _shapes(self, base, self.d_channel_max or self.channel_max)
        return stylegan2.logits_from(self, images, shapes, label)

    def player_optimizer(self, player, learning_rate):
        """Adam, whose k steps have become k + 1 in the paper's count where a penalty is lazy: with
        c = k / (k + 1) its rate is multiplied by c, its betas are taken to the power c."""
        lazy = {
            "generator": self.path_length_every if self.path_length_weight else 1,
            "discriminator": self.penalty.every if self.penalty else 1,
        }[player]
        share = lazy / (lazy + 1) if lazy > 1 else 1.0
        return keras.optimizers.Adam(
            share * learning_rate, beta_1=0.0, beta_2=0.99**share, epsilon=1e-8
        )

    def generator_terms(self, fake, batch, rng):
        terms = super().generator_terms(fake, batch, rng)
        if not self.path_length_weight:
            return terms
        k = self.path_length_every
        found = self.lazy_regularization(
            k, rng, lambda: self._path_length_penalty(rng, batch), shape=[2]
        )
        terms["path_length_penalty"] = (self.path_length_weight, found[0])
        terms["path_length"] = (None, found[1])  # logged, for the mean below
        return terms

    def after_generator_update(self, logs):
        if self.path_length_weight:
            length = logs["path_length"] / self.path_length_every
            share = tf.where(length > 0, self.path_length_decay, 0.0)  # 0: not taken in this step
            self.path_length_mean.assign_add(share * (length - self.path_length_mean))

    def _path_length_penalty(self, rng, batch=None):
        """The mean of (length - mean length)^2 over a share of the batch, and of the lengths."""
        labels = (batch or {}).get("labels")
        styles = self.mixed(self.sample_latents(rng), rng, training=False, labels=labels)
        with rng.subsampled(self.path_length_shrink):
            lengths = self.path_lengths(styles[:: self.path_length_shrink], rng)
        error = lengths - self.path_length_mean
        return tf.stack([tf.reduce_mean(tf.square(error)), tf.reduce_mean(lengths)])

    def path_lengths(self, styles, rng):
        """How far images move with styles: |J' y| for normal images y, float32 `[B]` (equation 4).

        As in the authors' code, the squares are averaged over the layers, and the lengths divided by
        sqrt(height x width), so that those of different sizes compare. It is divided last, in float32:
        products with such small images would leave the range of float16.
        """
        height, width, _ = self.image_shape
        directions = rng.normal(self.image_shape)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(styles)
            images = self.generator.get_layer("synthesis")(styles, training=True)
            total = tf.reduce_sum(images * directions)
        squares = tf.reduce_sum(tf.square(tape.gradient(total, styles)), axis=2)
        return tf.sqrt(tf.reduce_mean(squares, axis=1) / (height * width) + 1e-12)


def _shapes(gan, base, most):
    """Sizes of maps, from the smallest one on, and their channels."""
    found = [(size, min(most, base // max(size))) for size in sizes(gan.image_shape)]
    if not found[-1][1]:
        raise ValueError(
            f"d_channel_base must be {max(gan.image_shape[:2])} or more, or the largest maps have "
            f"no channel. Received: {base}."
        )
    return found


# === Presets ===

_MEDIUM = {
    "image_shape": (64, 64, 3),
    "latent_dim": 256,
    "style_dim": 256,
    "mapping_layers": 4,
    "channel_base": 4096,
    "channel_max": 256,
}
# A few thousand images, which call for augmentation, and for more of R1 than the rule's 0.026.
_EMOJI = {
    "image_shape": (64, 64, 3),
    "latent_dim": 128,
    "style_dim": 128,
    "mapping_layers": 4,
    "channel_base": 2048,
    "channel_max": 128,
    "penalty": R1(0.1, every=16),
    "ema_decay": 0.999,
    "regularizers": [ADA(images=100_000)],
}
# Half the channels of configuration F, with the weight of R1 and the rates of the authors' "paper256"
# (Karras et al. 2020, arXiv:2006.06676).
_HALF = {
    "image_shape": (256, 256, 3),
    "channel_base": 16384,
    "penalty": R1(1.0, every=16),
    "g_learning_rate": 2.5e-3,
    "d_learning_rate": 2.5e-3,
}

register(
    (
        "stylegan2_fashion_mnist",
        StyleGAN2,
        {**SMALL, "path_length_weight": 0.0},
        "fashion_mnist",
        32,
        5,
        (112_280, 275_633),
    ),
    ("stylegan2_emoji_64", StyleGAN2, _EMOJI, "noto_emoji64", 32, 300, (1_127_544, 1_183_137)),
    ("stylegan2_celeb_a_64", StyleGAN2, _MEDIUM, "celeb_a", 32, 25, (4_497_624, 4_727_617)),
    (
        "stylegan2_celeb_a_hq_256",
        StyleGAN2,
        _HALF,
        "celeb_a_hq/256",
        64,
        833,
        (24_767_458, 24_001_089),
    ),
    # As the authors' code counts them, to the unit.
    (
        "stylegan2_celeb_a_hq_1024",
        StyleGAN2,
        {"image_shape": (1024, 1024, 3), "penalty": R1(10.0, every=16)},
        "celeb_a_hq/1024",
        32,
        833,
        (30_370_060, 29_012_513),
    ),
)
