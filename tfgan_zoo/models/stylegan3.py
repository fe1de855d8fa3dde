"""StyleGAN3: an alias-free generator, whose details move with what they are details of.

Reference: Karras et al., "Alias-Free Generative Adversarial Networks", 2021 (arXiv:2106.12423).
"""

import numpy as np
import tensorflow as tf

from tfgan_zoo.layers.fourier import input_transform
from tfgan_zoo.models.stylegan2 import StyleGAN2
from tfgan_zoo.networks import stylegan3
from tfgan_zoo.penalties import R1
from tfgan_zoo.presets import register
from tfgan_zoo.regularizers import Blur


class StyleGAN3(StyleGAN2):
    """StyleGAN2 with a generator of continuous signals, equivariant to translation or to rotation too.

    Feature maps stand for continuous signals: the first one is made of waves instead of a learned
    constant, each has a margin around what is seen of it, there is no noise, and the leaky units work
    between low-pass filters that keep out what they would alias. Images then move as the waves do. The
    defaults are those of configuration T, with 3x3 kernels, equivariant to translation. Configuration R,
    with `conv_kernel=1`, `use_radial_filters=True` and twice the channels, is equivariant to rotation
    too. The discriminator is that of `StyleGAN2`; there is neither style mixing nor a penalty on path
    lengths. The weight of R1 should be larger than there: 2 at 256 pixels a side, 8 at 512 and 32 at
    1024 (the authors' recommendations, of batches of 32).

    Different from the authors' code, beside what `StyleGAN2` and `layers.AliasFreeConv2D` say:
    the averages of the mean squares of maps move at each update of either player, and the averaged
    generator holds moving averages of theirs. For configuration R they blur what the discriminator is
    shown in the first 200,000 images: `regularizers.Blur(8.5, steps=6250)` for batches of 32.

    Args:
        num_layers: Int in [1, 64]. Layers between the waves and that to colours.
        num_critical: Int below num_layers. Of these, the last ones that are sampled critically.
        first_cutoff: Float. The waves' bandwidth in cycles for each edge of the image; cutoffs grow
            geometrically from it to half the image's edge.
        first_stopband: Float. From which frequency on the first layer stops them.
        last_stopband_rel: Float. The same of the last layer, as a multiple of its cutoff.
        margin_size: Int. Places around what is seen of a feature map.
        output_scale: Float. Factor of the image.
        conv_kernel: Int. Edge of the kernels.
        filter_size: Int in [1, 32]. Taps of a low-pass filter for each sample of the coarser of
            two maps.
        lrelu_upsampling: Int in [1, 8]. How many times as finely as the maps the leaky units' are
            sampled.
        use_radial_filters: Whether filters before sampling stop all directions alike.
        magnitude_momentum: Float in [0, 1]. Share of the average mean square of a map that an update
            keeps; the authors' has a half-life of 20,000 images.

    All other arguments: see `StyleGAN2`, `StyleGAN` and `GAN`.

    Raises:
        ValueError: An image that is not a square; numbers of layers, cutoffs and stopbands that do not
            fit together, or with the image's edge: sampling rates are the edge, halved some times, and
            whole numbers.
    """

    defaults = {
        "g_learning_rate": 2.5e-3,
        "mapping_layers": 2,
        "style_mixing": 0.0,
        "path_length_weight": 0.0,
        "w_avg_momentum": 0.998,
        "g_conv_clamp": 256.0,
        "d_conv_clamp": 256.0,
        "num_layers": 14,
        "num_critical": 2,
        "first_cutoff": 2.0,
        "first_stopband": 2.0**2.1,
        "last_stopband_rel": 2.0**0.3,
        "margin_size": 10,
        "output_scale": 0.25,
        "conv_kernel": 3,
        "filter_size": 6,
        "lrelu_upsampling": 2,
        "use_radial_filters": False,
        "magnitude_momentum": 0.5 ** (32 / 20_000),
    }
    bounds = {
        "conv_kernel": ">= 1",
        # These take time and memory beside variables; the authors' are 14, 6 and 2.
        "num_layers": "[1, 64]",
        "filter_size": "[1, 32]",
        "lrelu_upsampling": "[1, 8]",
        **dict.fromkeys(("num_critical", "margin_size"), ">= 0"),
        **dict.fromkeys(("first_cutoff", "first_stopband", "last_stopband_rel"), "number > 0"),
        "output_scale": "number > 0",
        "magnitude_momentum": "[0, 1]",
    }
    unused_options = ("g_architecture", "g_activation", "g_resample_filter", "use_noise")

    # === Hooks ===

    def images_of(self, styles):
        return stylegan3.images_from(self, styles)

    @property
    def num_styles(self):
        """How many styles an image has: one for its waves, and one for each layer."""
        return self.num_layers + 2

    def render(
        self,
        latents,
        labels=None,
        truncation=1.0,
        training=False,
        truncation_cutoff=None,
        transform=None,
    ):
        """Float images in [-1, 1], `[B, H, W, C]`, of the averaged generator; for the arguments see
        `styles_from_latents` and `images_from_styles`."""
        styles = self.styles_from_latents(latents, truncation, labels, truncation_cutoff)
        return self.images_from_styles(styles, training, transform)

    def images_from_styles(self, styles, training=False, transform=None):
        """Images of the averaged generator, float32 `[B, H, W, C]`.

        Args:
            styles: Floats `[B, num_styles, D]`.
            training: Whether values beyond [-1, 1] stay as they are.
            transform: Floats `[3, 3]`, or `[B, 3, 3]` with one for each image, in place of `transform`.

        Raises:
            ValueError: A transform of another kind or shape.
        """
        styles = tf.cast(styles, tf.float32)
        if transform is not None:
            transform = _matrix(transform, ([3, 3], [styles.shape[0], 3, 3]))
        with input_transform(transform):
            return self.ema_generator.get_layer("synthesis")(styles, training=training)

    # === Where the image is seen ===

    @property
    def transform(self):
        """The matrix by which the image's coordinates become those of the waves, float32 `[3, 3]`.

        Coordinates are homogeneous, (x to the right, y down, 1), with the image's edge as the unit and
        its middle as the origin. The image moves by the inverse: `[[1, 0, -0.25], [0, 1, 0], [0, 0, 1]]`
        moves it to the right by a quarter. It is a weight that is not trained, of the generator and of
        its average: training, `generate` and what is saved and exported have it. The discriminator's
        images stay as they are.
        """
        return tf.convert_to_tensor(self._waves(self.ema_generator).transform)

    @transform.setter
    def transform(self, value):
        matrix = _matrix(value, ([3, 3],))
        for network in (self.generator, self.ema_generator):
            self._waves(network).transform.assign(matrix)

    def _waves(self, network):
        return network.get_layer("synthesis").get_layer("waves")


def _matrix(value, shapes):
    """A transform of one of the shapes, float32; outside of a graph, without NaN and infinity too."""
    expected = " or ".join(map(str, shapes))
    try:
        matrix = tf.convert_to_tensor(value)
    except (TypeError, ValueError, OverflowError):
        matrix = tf.constant("")
    if not (matrix.dtype.is_floating or matrix.dtype.is_integer):
        raise ValueError(f"transform must be numbers of shape {expected}. Received: {value!r}.")
    if not any(matrix.shape.is_compatible_with(shape) for shape in shapes):
        raise ValueError(f"transform must have shape {expected}. Received: {matrix.shape}.")
    matrix = tf.cast(matrix, tf.float32)
    if tf.executing_eagerly() and not np.isfinite(matrix).all():
        raise ValueError("transform holds NaN or infinity.")
    return matrix


# === Presets ===

# The authors' configurations of FFHQ and FFHQ-U at 1024 pixels a side.
_FACES = {"image_shape": (1024, 1024, 3), "penalty": R1(32.8, every=16)}
_ROTATED = {
    **_FACES,
    "conv_kernel": 1,
    "use_radial_filters": True,
    "channel_base": 65536,
    "channel_max": 1024,
    "d_channel_base": 32768,
    "d_channel_max": 512,
    "regularizers": [Blur(8.5, steps=6250)],  # of 2^-(x / 10)^2, in the first 200,000 images
}
_SMALL = {
    "image_shape": (28, 28, 1),
    "latent_dim": 64,
    "style_dim": 64,
    "channel_base": 224,
    "channel_max": 32,
    "num_layers": 6,
    "margin_size": 4,
}
_FLIPS = {"flip": True}

register(
    ("stylegan3_fashion_mnist", StyleGAN3, _SMALL, "fashion_mnist", 32, 5, (47_666, 69_145)),
    (
        "stylegan3_t_ffhq_1024",
        StyleGAN3,
        _FACES,
        "./ffhq",
        32,
        357,
        (22_313_167, 29_012_513),
        _FLIPS,
    ),
    (
        "stylegan3_r_ffhq_1024",
        StyleGAN3,
        _ROTATED,
        "./ffhq",
        32,
        357,
        (15_093_151, 29_012_513),
        _FLIPS,
    ),
)
