"""AdaIN: style transfer to the style of any picture, by statistics of feature maps.

Reference: Huang and Belongie, "Arbitrary Style Transfer in Real-time with Adaptive Instance
Normalization", 2017 (arXiv:1703.06868).
"""

import functools

import keras
import tensorflow as tf

from tfgan_zoo.networks import perceptual
from tfgan_zoo.networks.stylized_decoder import decoder
from tfgan_zoo.presets import register
from tfgan_zoo.tasks.building import full_precision
from tfgan_zoo.tasks.further_inputs import Strength, Style
from tfgan_zoo.tasks.without_discriminator import WithoutDiscriminator


class AdaIN(WithoutDiscriminator):
    """Paints an image in the style of another one, which it has never seen.

    A frozen encoder makes maps of both; those of the image get the mean and the deviation, channel by
    channel, of those of the style (equation 8); the generator, a decoder, makes an image of them. It
    learns that the encoder finds these maps in it again (equation 12), and the means and the deviations
    of the style in maps of several sizes (equation 13). The optimizer is Adam(1e-4), batches have eight
    images.

    `fit` reads images and targets, the pictures of styles: see `datasets.load_unpaired`. `translate` and
    calls take `styles`, pictures of any size, one for all images or one for each, and may take `alpha`
    in [0, 1], how much of the style images get: with 0 they keep their own.

    Example:

    ```python
    model = tfgan_zoo.AdaIN(image_shape=(32, 32, 3), features="efficientnet_lite0", width=16)
    model.compile()
    model.fit(images, targets, batch_size=8, epochs=10)  # photographs and paintings, in [-1, 1]
    painted = model.translate(images[0], styles=targets[0], alpha=0.8)  # or files
    ```

    Args:
        features: The encoder: "vgg19" up to relu4_1, the paper's; "vgg16", "hed", "efficientnet_lite0",
            or one's own, which `networks.perceptual.register` gives a name with an `encoder`. VGGs pad
            by reflection here. Weights are read when training begins, and are saved with the model.
        width: Int. Channels of the decoder's last maps; they double at every halving.
        widths: Four ints, or None. Channels of VGG's maps and of the decoder's at each size, from the
            images' on, in place of VGG's own and of `width`.
        pad_to: Int, or None. Images to translate, and styles, are mirrored up to a multiple of it, and
            up to two places a side of the encoder's last map; None: to multiples of two places.
        content_weight: Float. Of the distance of the encoder's last map.
        style_weight: Float. Of the distances of means and deviations.

    All other arguments: see `ImageToImage`; there is no `objective` and no `d_learning_rate`.

    Raises:
        ValueError: Unknown features or such as are no encoder; images of other channels than 1 or 3, or
            whose sides the encoder cannot halve. In `fit`, before its first step, FileNotFoundError or
            ImportError where the encoder's weights are not here.
    """

    loader = "load_unpaired"
    defaults = {
        "g_learning_rate": 1e-4,
        "features": "vgg19",
        "width": 64,
        "widths": None,
        "pad_to": None,
        "content_weight": 1.0,
        "style_weight": 10.0,
    }
    bounds = {
        **dict.fromkeys(("content_weight", "style_weight"), ">= 0"),
        "widths": "None or integers >= 1",
        "pad_to": "None or >= 1",
    }

    def default_optimizer(self, learning_rate):
        return keras.optimizers.Adam(learning_rate)

    # === Networks ===

    def build_networks(self):
        with full_precision():
            self.encoder = self.build_encoder()
        super().build_networks()

    def build_encoder(self):
        """Makes the network from images of colour to `{layer: map}`, of which the last is decoded."""
        row = perceptual.get(self.features)
        if not row.encoder:
            raise ValueError(f"AdaIN: the features {self.features!r} are no encoder.")
        options = dict(row.encoder_options)
        if self.widths is not None:
            if not options or len(self.widths) != 4:
                raise ValueError(
                    "AdaIN: widths are four numbers of channels, of a VGG. Received: "
                    f"widths={self.widths}, features={self.features!r}."
                )
            options["widths"] = self.widths
        encoder = perceptual.network(self.features, row.encoder, **options)
        encoder.trainable, encoder.name = False, "encoder"
        return encoder

    def build_generator(self):
        """Makes the network from the encoder's last map to images."""
        channels = self.encoder.output[self.code].shape[-1]
        maps = keras.Input([None, None, channels], name="maps")
        options = (self.target_shape[-1], self.width, self.halvings, self.widths)
        made = decoder(maps, *options)
        return keras.Model(maps, made, name="generator")

    @property
    def code(self):
        """The name of the map that is decoded."""
        return perceptual.get(self.features).encoder[-1]

    @property
    def halvings(self):
        """How often the encoder halves an image."""
        side = self.encoder.compute_output_shape((None, 256, 256, 3))[self.code][1]
        return (256 // side).bit_length() - 1

    @property
    def size_multiple(self):
        return 2 ** (self.halvings + 1)  # the smallest map is mirrored by a pixel

    def networks(self):
        return {"encoder": self.encoder} | super().networks()

    def _add_states(self):
        self.encoder_is_loaded = self.add_state("encoder_is_loaded", 0, "int64")

    def _check_networks(self):
        for shape in (self.image_shape, self.target_shape):
            perceptual.check_channels("AdaIN", shape[-1])
        if any(side % self.size_multiple for side in self.image_shape[:2]):
            raise ValueError(
                f"AdaIN: height and width of images to train on must be multiples of "
                f"{self.size_multiple}. Received: image_shape={tuple(self.image_shape)}."
            )

    def before_training(self):
        """Reads the encoder's weights, unless the model was saved with them."""
        perceptual.load_once(self.features, self.encoder, self.encoder_is_loaded)

    # === Translation ===

    def maps(self, images):
        """The encoder's maps, `{layer: float32 [B, H, W, C]}`, of float images in [-1, 1]."""
        maps = self.encoder(perceptual.colours(images), training=False)
        return {layer: tf.cast(found, tf.float32) for layer, found in maps.items()}

    def further_inputs(self):
        return [Style(self.image_shape, self.max_served_pixels), Strength()]

    def translator(self, direction, training=False):
        """What makes an image of `[images, styles, alpha]`."""
        return functools.partial(self._stylized, super().translator(direction, training))

    def _stylized(self, network, inputs, training):
        images, styles, alpha = inputs
        styles = self._padded(tf.convert_to_tensor(styles))
        content, style = (self.maps(each)[self.code] for each in (images, styles))
        alpha = tf.reshape(tf.cast(alpha, tf.float32), [-1, 1, 1, 1])
        maps = alpha * aligned(content, style) + (1 - alpha) * content
        return network(maps, training=training)

    # === Losses ===

    def generator_loss(self, batch, rng):
        content, styles = self.maps(batch["images"])[self.code], self.maps(batch["targets"])
        wanted = tf.stop_gradient(aligned(content, styles[self.code]))
        made = self.synthesize(wanted)
        maps = self.maps(made)
        logs = {"content": tf.reduce_mean(tf.square(maps[self.code] - wanted))}
        pairs = [(moments(maps[layer]), moments(styles[layer])) for layer in styles]
        logs["style"] = tf.add_n(
            [
                tf.reduce_mean(tf.square(ours - theirs))
                for pair in pairs
                for ours, theirs in zip(*pair, strict=True)
            ]
        )
        loss = self.content_weight * logs["content"] + self.style_weight * logs["style"]
        return loss, {"g_loss": loss, **logs}


def aligned(content, style):
    """A map with the means and deviations of another, channel by channel: AdaIN, equation 8.

    Args:
        content, style: Float32 `[B, H, W, C]`, of any sizes.
    """
    (mean, deviation), (wanted_mean, wanted_deviation) = moments(content), moments(style)
    return (content - mean) / deviation * wanted_deviation + wanted_mean


def moments(maps, epsilon=1e-5):
    """Mean and deviation of each channel, float32 `[B, 1, 1, C]`: that of a sample, as in the authors'
    code, and never NaN of a single place."""
    mean, variance = tf.nn.moments(maps, [1, 2], keepdims=True)
    count = tf.cast(tf.shape(maps)[1] * tf.shape(maps)[2], tf.float32)
    return mean, tf.sqrt(variance * count / tf.maximum(count - 1, 1) + epsilon)


# === Presets ===

_CROPS = {"flip": True, "crop": "random"}

register(
    ("adain_paintings", AdaIN, {}, "./paintings", 8, 16, (3_505_219, 0), _CROPS),
    (
        "adain_styles_128",
        AdaIN,
        {
            "image_shape": (128, 128, 3),
            "width": 24,
            "features": "efficientnet_lite0",
            "g_learning_rate": 1e-3,
            "style_weight": 1.0,
        },
        "./styles",
        4,
        64,
        (535_131, 0),
        _CROPS,
    ),
)
