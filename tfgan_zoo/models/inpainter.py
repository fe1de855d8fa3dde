"""An inpainter: holes of any shape are filled, by gated convolutions.

References: Yu, Lin, Yang, Shen, Lu and Huang, "Free-Form Image Inpainting with Gated Convolution", 2019
(arXiv:1806.03589); contextual attention: Yu et al., "Generative Image Inpainting with Contextual
Attention", 2018 (arXiv:1801.07892).
"""

import keras
import tensorflow as tf
from keras import layers, ops

from tfgan_zoo.layers import (
    ContextualAttention,
    Conv2D,
    GatedConv2D,
    LeakyReLU,
    NearestUpsampling2D,
    SpectralConv2D,
)
from tfgan_zoo.presets import register
from tfgan_zoo.tasks.image_to_image import ImageToImage

# Channels, as multiples of the width; the second and the fourth convolution halve the map.
_COARSE, _REFINEMENT, _ATTENTION = (1, 2, 2, 4, 4, 4), (1, 1, 2, 2, 4, 4), (1, 1, 2, 4, 4, 4)
_JUDGED = (1, 2, 4, 4, 4, 4)
_DILATIONS = (2, 4, 8, 16)


class Inpainter(ImageToImage):
    """Fills the holes of pictures, and leaves all else as it is (DeepFill v2).

    Images are RGBA. A pixel with alpha below half, -1 <= alpha < 0 (of 8 bits 0 to 127), is one of a
    hole, whatever its colours are; one with more is known, and the picture that is made, RGB, has
    exactly its colours. A picture without transparency has no hole, and comes back as it is.

    Two networks of gated convolutions, trained as one: the first fills holes coarsely, the second
    refines the completed picture, with dilated convolutions and a branch of contextual attention
    (figure 3). The discriminator sees the completed picture and its holes, by six spectrally normalized
    convolutions of 5x5 and stride 2; each value of its last map, which is linear here, is a logit of the
    hinge loss (SN-PatchGAN). Both stages are held to the target by the L1 distance (section 3.4).
    Optimizers are Adam(1e-4, beta_1=0.5).

    `fit` reads RGBA "images" and RGB "targets": see `datasets.load_degraded`, which makes holes.

    Example:

    ```python
    model = tfgan_zoo.Inpainter(image_shape=(32, 32, 4), width=4, discriminator_width=4)
    model.compile()
    source = tfgan_zoo.datasets.array_source(images)  # of files: see load_degraded
    torn = tfgan_zoo.datasets.degraded(source, tfgan_zoo.datasets.degradations.box)
    model.fit(torn, batch_size=8, epochs=10)
    ```

    Args:
        width: Int. Channels of the generator's first feature map, 24 in the authors' code, where a
            convolution has 48, of which half are gates.
        discriminator_width: Int. Channels of the discriminator's first feature map.
        attention: Whether there is the branch of contextual attention. Its memory grows with the square
            of the number of pixels: a server takes a quarter as many, and so does `translate` without
            `tile`.
        l1_weight: Float. Of the L1 distance of both stages; 1 in the paper.

    All other arguments: see `ImageToImage`. Images have 4 channels, and targets 3.

    Raises:
        ValueError: Images or targets of other channels.
    """

    loader = "load_degraded"
    defaults = {
        "image_shape": (256, 256, 4),
        "target_channels": 3,
        "objective": "hinge",
        "g_learning_rate": 1e-4,
        "d_learning_rate": 1e-4,
        "width": 24,
        "discriminator_width": 64,
        "attention": True,
        "l1_weight": 1.0,
    }
    bounds = {"l1_weight": ">= 0"}

    @classmethod
    def loader_arguments(cls, options):
        height, width, _ = options["image_shape"]
        return {"image_size": (height, width), "channels": 3}

    @property
    def size_multiple(self):
        return 8 if self.attention else 4

    @property
    def max_pixels(self):
        return self.max_served_pixels if self.attention else None

    @property
    def max_served_pixels(self):
        return 2**18 if self.attention else 2**20

    def _check_networks(self):
        if (self.image_shape[-1], self.target_channels) != (4, 3):
            raise ValueError(
                "Inpainter makes images of 3 channels of those of 4. Received: "
                f"image_shape={tuple(self.image_shape)}, target_channels={self.target_channels}."
            )
        if any(side % self.size_multiple for side in self.image_shape[:2]):
            raise ValueError(
                f"Inpainter: height and width of images to train on must be multiples of "
                f"{self.size_multiple}. Received: image_shape={tuple(self.image_shape)}."
            )

    def transform(self, images, others, direction, training):
        images = tf.cast(images, tf.float32)
        made = super().transform(images, others, direction, training)
        return completed(images, made[..., 3:])

    # === Networks ===

    def build_generator(self):
        """Makes a network from RGBA images to what both stages make, `[B, H, W, 3 + 3]`."""
        images = keras.Input([None, None, 4], name="images")
        holes = ops.cast(images[..., 3:] < 0, "float32")
        known = images[..., :3] * (1 - holes)
        given = layers.Concatenate()([known, ops.ones_like(holes), holes])
        coarse = _decoded(_dilated(_encoded(given, self.width, _COARSE)), self.width, "coarse")
        refined = self._refined(known + holes * coarse, holes)
        made = layers.Concatenate(dtype="float32")([coarse, refined])
        return keras.Model(images, made, name="generator")

    def _refined(self, pictures, holes):
        x = _dilated(_encoded(pictures, self.width, _REFINEMENT))
        if self.attention:
            y = _encoded(pictures, self.width, _ATTENTION, last="relu")
            y = ContextualAttention()([y, layers.MaxPooling2D(8)(holes)])
            for _ in range(2):
                y = GatedConv2D(4 * self.width, 3)(y)
            x = layers.Concatenate()([x, y])
        return _decoded(x, self.width, "refined")

    def build_discriminator(self):
        """Makes a network from pictures and their holes, `[B, H, W, 3 + 1]`, to `{"logits": …}`, float32
        `[B, H / 64, W / 64, 4 * discriminator_width]`."""
        x = images = keras.Input([None, None, 4], name="images")
        for number, maps in enumerate(_JUDGED):
            x = LeakyReLU(0.2)(x) if number else x
            x = SpectralConv2D(maps * self.discriminator_width, 5, 2, "same")(x)
        logits = layers.Activation("linear", dtype="float32", name="logits")(x)
        return keras.Model(images, {"logits": logits}, name="discriminator")

    # === Losses ===

    def discriminate(self, pictures, images):
        """The logits of pictures, with the holes of RGBA images."""
        holes = tf.cast(_is_hole(images), tf.float32)
        return self.discriminator(tf.concat([pictures, holes], axis=-1), training=True)["logits"]

    def synthesize(self, images):
        """Float32 pictures made by both stages of RGBA images, in training mode: a list of two."""
        return tf.split(super().synthesize(images), 2, axis=-1)

    def discriminator_loss(self, batch, rng):
        images = batch["images"]
        _, refined = self.synthesize(images)
        fake = self.discriminate(completed(images, refined), images)
        loss = self.adversarial(self.discriminate(batch["targets"], images), fake)
        return loss, {"d_loss": loss}

    def generator_loss(self, batch, rng):
        images, targets = batch["images"], batch["targets"]
        stages = self.synthesize(images)
        coarse, refined = (tf.reduce_mean(tf.abs(targets - made)) for made in stages)
        game = self.fooled(self.discriminate(completed(images, stages[-1]), images))
        loss = game + self.l1_weight * (coarse + refined)
        logs = {"g_adversarial": game, "l1_coarse": coarse, "l1": refined}
        return loss, {"g_loss": loss, **logs}


def completed(images, made):
    """RGB pictures: colours of RGBA images where they are known, and of those made in the holes."""
    return tf.where(_is_hole(images), made, images[..., :3])


def _is_hole(images):
    return images[..., 3:] < 0


def _encoded(x, width, multiples, last="elu"):
    """A feature map of a quarter of the side, with four times the width of channels."""
    for number, maps in enumerate(multiples):
        strides, activation = 1 + (number in (1, 3)), last if number == 5 else "elu"
        x = GatedConv2D(maps * width, 3 if number else 5, activation, strides=strides)(x)
    return x


def _dilated(x):
    for rate in _DILATIONS:
        x = GatedConv2D(x.shape[-1], 3, dilation_rate=rate)(x)
    return x


def _decoded(x, width, name):
    """Float32 images in [-1, 1] of four times the side."""
    for maps, is_doubled in ((4, False), (4, False), (2, True), (2, False), (1, True)):
        x = GatedConv2D(maps * width, 3)(NearestUpsampling2D(2)(x) if is_doubled else x)
    x = Conv2D(3, 3, padding="same")(GatedConv2D(max(1, width // 2), 3)(x))
    return layers.Activation("tanh", dtype="float32", name=name)(x)


# === Presets ===

_HOLES = {"degradation": "free_form", "flip": True}

register(
    ("inpainter_places2", Inpainter, {}, "places365_small", 16, 6, (4_052_478, 5_946_816), _HOLES),
    (
        "inpainter_emoji_64",
        Inpainter,
        {
            "image_shape": (64, 64, 4),
            "width": 10,
            "discriminator_width": 16,
            "attention": False,
            "l1_weight": 4.0,
            "g_learning_rate": 5e-4,
            "d_learning_rate": 5e-4,
        },
        "noto_emoji64",
        16,
        6,
        (542_476, 373_104),
        _HOLES,
    ),
)
