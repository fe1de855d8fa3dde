"""A colorizer: colours for grey pictures, by pix2pix in CIE Lab.

References: Isola, Zhu, Zhou and Efros, "Image-to-Image Translation with Conditional Adversarial
Networks", 2017 (arXiv:1611.07004, section 4.2 and appendix 6.2); Nazeri, Ng and Ebrahimi, "Image
Colorization using Generative Adversarial Networks", 2018 (arXiv:1803.05400).
"""

import tensorflow as tf

from tfgan_zoo.layers import lab_to_rgb, rgb_to_lab
from tfgan_zoo.models.pix2pix import Pix2Pix
from tfgan_zoo.presets import register

_LIGHTNESS, _COLOUR = 50.0, 110.0  # what L* and a*, b* are divided by, so that networks see [-1, 1]


class Colorizer(Pix2Pix):
    """Makes colours for grey pictures, and leaves their lightness as it is.

    The generator makes a* and b* of CIE L*a*b* (sRGB, D65) from L*; the discriminator judges all three,
    and the L1 distance is that of a* and b*, divided by 110. All else is pix2pix's.

    Images are grey, luma as JPEG has it (ITU-R BT.601), which is not L*: the L* of an image, for both
    networks and for the picture that is made, is that of the grey colour (v, v, v). A picture with these
    colours may lie outside sRGB. It is clipped there in red, green and blue, which alone changes its
    lightness.

    `fit` reads grey "images" and colour "targets": see `datasets.load_degraded`. `translate` reads
    colour files too, of which it takes the luma.

    Example:

    ```python
    model = tfgan_zoo.Colorizer(image_shape=(32, 32, 1), width=12)
    model.compile()
    grey = images.mean(axis=-1, keepdims=True)  # or load_degraded("cifar10", degradation="grey")
    model.fit(grey, images, batch_size=8, epochs=10)
    made = model.translate(grey[0])  # uint8 [32, 32, 3]
    ```

    All arguments: see `Pix2Pix` and `ImageToImage`. Images have 1 channel, and targets 3.

    Raises:
        ValueError: Images or targets of other channels, or sides that the U-Net cannot halve twice.
    """

    loader = "load_degraded"
    defaults = {"image_shape": (256, 256, 1), "target_channels": 3}

    @classmethod
    def loader_arguments(cls, options):
        height, width, _ = options["image_shape"]
        return {"image_size": (height, width), "channels": 3}

    @property
    def map_channels(self):
        return (1, 2)

    def _check_networks(self):
        super()._check_networks()
        if (self.image_shape[-1], self.target_channels) != (1, 3):
            raise ValueError(
                "Colorizer makes images of 3 channels of those of 1. Received: "
                f"image_shape={tuple(self.image_shape)}, target_channels={self.target_channels}."
            )

    def transform(self, images, others, direction, training):
        lightness = _lightness(images)
        made = super().transform(lightness / _LIGHTNESS - 1, others, direction, training)
        made = lab_to_rgb(tf.concat([lightness, _COLOUR * made], axis=-1))
        return tf.clip_by_value(made, -1.0, 1.0)

    # === Losses ===

    def discriminator_loss(self, batch, rng):
        return super().discriminator_loss(_in_lab(batch), rng)

    def generator_loss(self, batch, rng):
        return super().generator_loss(_in_lab(batch), rng)


def _lightness(images):
    """L* of grey images `[B, H, W, 1]` in [-1, 1], float32 in [0, 100]."""
    return rgb_to_lab(tf.tile(images, [1, 1, 1, 3]))[..., :1]


def _in_lab(batch):
    """A batch of L*, and of a* and b*, as the networks see them."""
    lightness, colours = _lightness(batch["images"]), rgb_to_lab(batch["targets"])[..., 1:]
    return batch | {"images": lightness / _LIGHTNESS - 1, "targets": colours / _COLOUR}


# === Presets ===

_GREY = {"degradation": "grey", "flip": True}

register(
    ("colorizer_imagenet_256", Colorizer, {}, "imagenet2012", 4, 6, (54_409_858, 2_765_633), _GREY),
    (
        "colorizer_cifar10",
        Colorizer,
        {"image_shape": (32, 32, 1), "width": 12, "discriminator_width": 24, "patch": 34},
        "cifar10",
        16,
        2,
        (586_874, 95_161),
        _GREY,
    ),
)
