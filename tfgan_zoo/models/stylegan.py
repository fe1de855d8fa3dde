"""StyleGAN: a generator with a style at every size of its feature maps.

Reference: Karras, Laine and Aila, "A Style-Based Generator Architecture for Generative Adversarial
Networks", 2019 (arXiv:1812.04948).
"""

import keras
import tensorflow as tf
from keras import layers

from tfgan_zoo import numbers
from tfgan_zoo.deprecated import renamed_attribute
from tfgan_zoo.layers import noise
from tfgan_zoo.networks.stylegan import images_from, logits_from, sizes, styles_from
from tfgan_zoo.penalties import R1
from tfgan_zoo.presets import register
from tfgan_zoo.tasks.gan import GAN
from tfgan_zoo.tasks.sampling import checked_truncation


class StyleGAN(GAN):
    """The style-based GAN, at a fixed size of the images.

    A mapping network turns latents into styles; the synthesis network starts from a learned constant,
    and after every convolution adds noise and gives each channel the mean and the scale that the style
    asks for. Filtered doubling and halving, style mixing, the non-saturating loss with R1, Adam(1e-3,
    0, 0.99) and an average of the generator's weights with a half-life of 10,000 images at 32 a batch
    are those of configuration F on FFHQ (section 2, appendix C). Different from the paper: images have
    their full size from the first step, where the paper grows them, and the learned constant starts from
    N(0, 1) instead of 1. The authors' code has a rate of 1.5e-3 at 128 pixels, 2e-3 at 256 and 3e-3 from
    512 on, as the preset of 1024 pixels has; and the weight of R1, 10 there, depends on the size.

    The discriminator sees the standard deviation within groups of four rows of one replica, as in the
    authors' code: a replica with fewer rows has smaller groups, and another result.

    Truncation works on styles: they are moved towards their mean (appendix B), in all layers.

    Args:
        style_dim: Int. Length of a style.
        mapping_layers: Int. Layers of the mapping network, which learn at 0.01 of the rate.
        channel_base, channel_max: Ints. Maps of edge s (the longer one) have
            min(channel_max, channel_base // s) channels.
        style_mixing: Float in [0, 1]. Share of training images whose later layers, from a random one on,
            have the style of other latents.

    All other arguments: see `GAN`. The weight of `penalties.R1` is gamma; None is that of
    `penalties.r1_weight`, which is for batches of 32.

    Raises:
        ValueError: An image that halving does not bring to edges of at most 7.
    """

    truncates = True
    defaults = {
        "latent_dim": 512,
        "penalty": R1(weight=None),
        "g_learning_rate": 1e-3,
        "d_learning_rate": 1e-3,
        "ema_decay": 0.5 ** (32 / 10_000),
        "style_dim": 512,
        "mapping_layers": 8,
        "channel_base": 16384,
        "channel_max": 512,
        "style_mixing": 0.9,
    }

    # === Hooks ===

    def build_generator(self):
        inputs = latents = keras.Input([self.latent_dim], name="latents")
        if self.num_classes is not None:
            inputs = [latents, keras.Input([], dtype="int32", name="label")]
        mapping = keras.Model(inputs, self.styles_of(inputs), name="mapping")
        styles = keras.Input([self.num_styles, self.style_dim], name="styles")
        synthesis = keras.Model(styles, self.images_of(styles), name="synthesis")
        repeated = layers.RepeatVector(self.num_styles)(mapping(inputs))
        return keras.Model(inputs, synthesis(repeated), name="generator")

    def styles_of(self, inputs):
        """The layers from latents `[B, latent_dim]`, or `[latents, labels]`, to styles `[B, D]`."""
        return styles_from(self, inputs)

    def images_of(self, styles):
        """The layers from styles `[B, num_styles, D]` to images, float32 `[B, H, W, C]`."""
        return images_from(self, styles)

    def build_discriminator(self):
        images = keras.Input(self.image_shape, name="images")
        return keras.Model(images, self.logits_of(images), name="discriminator")

    def logits_of(self, images):
        """The layers from images `[B, H, W, C]` to logits, float32 `[B, 1]`."""
        return logits_from(self, images)

    def default_optimizer(self, learning_rate):
        return keras.optimizers.Adam(learning_rate, beta_1=0.0, beta_2=0.99, epsilon=1e-8)

    def synthesize(self, latents, batch, rng):
        styles = self.mixed(latents, rng, labels=batch.get("labels"))
        return self.generator.get_layer("synthesis")(styles, training=True)

    def mixed(self, latents, rng, training=True, labels=None):
        """Styles `[B, num_styles, D]` of which a share changes to other latents' on the way."""
        styles = self._styles(self.generator, latents, training, labels)
        if not self.style_mixing:
            return styles
        others = self._styles(self.generator, self.sample_latents(rng), training, labels)
        chance, place = tf.split(rng.uniform([2, 1]), 2, axis=1)
        crossover = 1 + tf.floor(place * (self.num_styles - 1))
        crossover = tf.where(chance < self.style_mixing, crossover, self.num_styles)
        return _crossed(styles, others, crossover)

    def render(
        self,
        latents,
        labels=None,
        truncation=1.0,
        training=False,
        truncation_cutoff=None,
        noise_mode="const",
        noise_seed=0,
    ):
        """Float images in [-1, 1], `[B, H, W, C]`, of the averaged generator; for the arguments see
        `styles_from_latents` and `images_from_styles`."""
        styles = self.styles_from_latents(latents, truncation, labels, truncation_cutoff)
        return self.images_from_styles(styles, training, noise_mode, noise_seed)

    # === Styles ===

    @property
    def num_styles(self):
        """How many styles an image has: two for each size of its feature maps."""
        return 2 * len(sizes(self.image_shape))

    def styles_from_latents(self, latents, truncation=1.0, labels=None, truncation_cutoff=None):
        """Styles of the averaged generator, float32 `[B, num_styles, D]`.

        Args:
            latents: Floats `[B, latent_dim]`.
            truncation: Float in (0, 1], or one for each image: the share of the way from the mean style
                that is kept; 1 changes nothing.
            labels: Ints `[B]`, for a model with labels.
            truncation_cutoff: Int. Only that many of the styles are moved, from the first one on; None
                moves all.
        """
        latents = tf.cast(self.checked_latents(latents), tf.float32)
        labels = self.checked_labels(labels, latents)
        styles = self._styles(self.ema_generator, latents, training=False, labels=labels)
        if isinstance(truncation, float) and truncation == 1.0:
            return styles
        truncation = checked_truncation(truncation, latents)
        share = tf.broadcast_to(tf.cast(truncation, tf.float32), [tf.shape(styles)[0]])
        w_avg = self.w_avg
        moved = w_avg + share[:, None, None] * (styles - w_avg)
        if truncation_cutoff is None:
            return moved
        numbers.integer("truncation_cutoff", truncation_cutoff, 0, self.num_styles)
        return tf.concat([moved[:, :truncation_cutoff], styles[:, truncation_cutoff:]], axis=1)

    def images_from_styles(self, styles, training=False, noise_mode="const", noise_seed=0):
        """Images of the averaged generator, float32 `[B, H, W, C]`.

        Args:
            styles: Floats `[B, num_styles, D]`.
            training: Whether values beyond [-1, 1] stay as they are.
            noise_mode: "const": every image has the noise that the network holds; "random": noise of its
                own, a function of `noise_seed` and its place; "none": no noise.
            noise_seed: Int in [0, 2**31).
        """
        styles = tf.cast(styles, tf.float32)
        with noise.drawn_noise(noise_mode, noise_seed, styles.shape[0]):
            return self.ema_generator.get_layer("synthesis")(styles, training=training)

    @property
    def w_avg(self):
        """The mean of the averaged generator's styles, float32 `[D]`."""
        layer = self.ema_generator.get_layer("mapping").get_layer("w_avg")
        return tf.convert_to_tensor(layer.mean)

    mean_style = renamed_attribute("mean_style", "w_avg")

    def _styles(self, generator, latents, training, labels=None):
        inputs = self.generator_inputs(latents, {"labels": labels})
        styles = generator.get_layer("mapping")(inputs, training=training)
        # Not `tf.repeat`, whose gradient XLA cannot compile within the branches of lazy terms.
        return tf.stack([tf.cast(styles, tf.float32)] * self.num_styles, axis=1)


def _crossed(first, second, crossover):
    """The first `crossover` `[B, 1, 1]` of the first styles, then the second ones."""
    place = tf.range(first.shape[1], dtype=tf.float32)[None, :, None]
    return tf.where(place < crossover, first, second)


# === Presets ===

# As the authors' configuration of CIFAR-10 (Karras et al. 2020, arXiv:2006.06676): no style mixing, and
# R1 by the rule for the size.
SMALL = {
    "image_shape": (28, 28, 1),
    "style_mixing": 0.0,
    "latent_dim": 64,
    "style_dim": 64,
    "mapping_layers": 4,
    "channel_base": 448,
    "channel_max": 64,
}
# The paper's: gamma 10, and the rates of the authors' code at this size.
_FACES = {
    "image_shape": (1024, 1024, 3),
    "penalty": R1(10.0),
    "g_learning_rate": 3e-3,
    "d_learning_rate": 3e-3,
}

register(
    ("stylegan_fashion_mnist", StyleGAN, SMALL, "fashion_mnist", 32, 5, (120_721, 273_073)),
    # The authors' code has 26,219,627 and 23,087,249: with a layer to or from colours at each of the
    # smaller sizes, which growing needs (7,608 and 10,112), and a bias beside the constant (512).
    (
        "stylegan_celeb_a_hq_1024",
        StyleGAN,
        _FACES,
        "celeb_a_hq/1024",
        32,
        833,
        (26_211_507, 23_077_137),
    ),
)
