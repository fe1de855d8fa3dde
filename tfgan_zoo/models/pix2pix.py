"""pix2pix: translation learned from pairs.

Reference: Isola, Zhu, Zhou and Efros, "Image-to-Image Translation with Conditional Adversarial
Networks", 2017 (arXiv:1611.07004); multi-scale discriminators and feature matching: Wang et al.,
"High-Resolution Image Synthesis and Semantic Manipulation with Conditional GANs", 2018
(arXiv:1711.11585).
"""

import keras
import tensorflow as tf

from tfgan_zoo.networks import translators
from tfgan_zoo.networks.patchgan import patchgan
from tfgan_zoo.presets import register
from tfgan_zoo.tasks.image_to_image import ImageToImage


class Pix2Pix(ImageToImage):
    """A conditional GAN of pairs: images, and targets that belong to them.

    The generator plays against a discriminator of patches of image and target together, and is held to
    the target by the L1 distance (equations 1 to 4). The discriminator's loss is halved. Weights start
    from N(0, 0.02), both optimizers are Adam(2e-4, beta_1=0.5), batches have one image (section 3.3),
    for which the paper's batch normalization is a normalization of each image, with gain and bias.

    Example:

    ```python
    model = tfgan_zoo.Pix2Pix(image_shape=(32, 32, 3), width=16)
    model.compile()
    model.fit(images, targets, batch_size=4, epochs=10)  # floats in [-1, 1]
    made = model.translate(images[:4])  # uint8 [4, 32, 32, 3]
    ```

    Args:
        network: "unet", or "resnet", as CycleGAN's.
        width: Int. Channels of the generator's first feature map.
        blocks: Int. Residual blocks of "resnet".
        patch: Int. The side of the patches that the discriminator judges: 1, 16, 34, 70, 142 or 286.
        discriminator_width: Int. Channels of the discriminator's first feature map.
        discriminator_scales: Int. Discriminators of the image and of its halves, as in pix2pixHD.
        l1_weight: Float. Of the L1 distance; 100 in the paper.
        feature_matching_weight: Float. Of the L1 distance of the discriminators' feature maps, 10 in
            pix2pixHD; 0: none.
        dropout: Float in [0, 1). In the decoder, or in the residual blocks. It draws while training,
            and in `translate(seed=…)`, as in the paper's tests; else it is off, and so it is served.
        innermost_dropout: Whether the decoder has it in its first three blocks, as in the paper; else in
            those after the first one that are 8 times as wide as the first map, as in the authors' code
            in PyTorch.
        normalization: "affine_instance", "instance", "batch" or None; or "batch_of_one": "batch" which
            takes the statistics of each image, not moving ones, to translate too, as the test script of
            the authors' code in PyTorch does.
        upsampling: "transpose", or "resize" (nearest neighbours, then a convolution).
        pad_to: Int, or None. Images to translate are mirrored up to a multiple of it, and up to 16
            pixels a side; None: to multiples of 16, or of what the U-Net halves.

    All other arguments: see `ImageToImage`.

    Raises:
        ValueError: Images whose sides the U-Net cannot halve twice.
    """

    defaults = {
        "network": "unet",
        "width": 64,
        "blocks": 9,
        "patch": 70,
        "discriminator_width": 64,
        "discriminator_scales": 1,
        "l1_weight": 100.0,
        "feature_matching_weight": 0.0,
        "dropout": 0.5,
        "innermost_dropout": True,
        "normalization": "affine_instance",
        "upsampling": "transpose",
        "pad_to": None,
    }
    bounds = {
        **translators.BOUNDS,
        "discriminator_scales": ">= 1",
        **dict.fromkeys(("l1_weight", "feature_matching_weight"), ">= 0"),
    }

    @property
    def size_multiple(self):
        return translators.size_multiple(self)

    @property
    def map_channels(self):
        """Channels of what the generator is given and of what it makes."""
        return self.image_shape[-1], self.target_shape[-1]

    def build_generator(self):
        return translators.translator(self, *self.map_channels, "generator")

    def build_discriminator(self):
        """Gives, for each discriminator by its number, what `patchgan` does."""
        channels = sum(self.map_channels)
        options = (channels, self.patch, self.discriminator_width, self.normalization)
        x = images = keras.Input([None, None, channels], name="images")
        outputs = {}
        for scale in range(self.discriminator_scales):
            x = keras.layers.AveragePooling2D(3, 2, "same")(x) if scale else x
            part = patchgan(*options, f"patchgan_{scale}", bool(self.feature_matching_weight))
            outputs[str(scale)] = part(x)
        return keras.Model(images, outputs, name="discriminator")

    def _check_networks(self):
        translators.check_patch(self, self.discriminator_scales)

    # === Losses ===

    def discriminate(self, images, targets):
        """What the discriminators give for pairs: a list."""
        found = self.discriminator(tf.concat([images, targets], axis=-1), training=True)
        return [found[str(scale)] for scale in range(self.discriminator_scales)]

    def discriminator_loss(self, batch, rng):
        images = batch["images"]
        fake = self.discriminate(images, self.synthesize(images))
        real = self.discriminate(images, batch["targets"])
        parts = [
            self.adversarial(r["logits"], f["logits"]) for r, f in zip(real, fake, strict=True)
        ]
        loss = 0.5 * tf.add_n(parts) / len(parts)
        return loss, {"d_loss": loss}

    def generator_loss(self, batch, rng):
        images, targets = batch["images"], batch["targets"]
        made = self.synthesize(images)
        fake = self.discriminate(images, made)
        game = tf.add_n([self.fooled(part["logits"]) for part in fake]) / len(fake)
        distance = tf.reduce_mean(tf.abs(targets - made))
        loss = game + self.l1_weight * distance
        logs = {"g_adversarial": game, "l1": distance}
        if self.feature_matching_weight:
            real = self.discriminate(images, targets)
            logs["feature_matching"] = matching = _distance_of_features(real, fake)
            loss += self.feature_matching_weight * matching
        return loss, {"g_loss": loss, **logs}


def _distance_of_features(real, fake):
    """The mean L1 distance of the feature maps of all discriminators (Wang et al., equation 4)."""
    pairs = [
        (tf.stop_gradient(r), f)
        for one, other in zip(real, fake, strict=True)
        for r, f in zip(one["features"], other["features"], strict=True)
    ]
    return tf.add_n([tf.reduce_mean(tf.abs(r - f)) for r, f in pairs]) / len(pairs)


# === Presets ===

_JITTER = {"flip": True, "crop": "random", "swap": True}  # of labels, photographs

register(
    ("pix2pix_facades", Pix2Pix, {}, "./facades", 1, 200, (54_413_955, 2_768_705), _JITTER),
    (
        "pix2pix_facades_128",
        Pix2Pix,
        {"image_shape": (128, 128, 3), "width": 24, "discriminator_width": 32},
        "./facades",
        4,
        200,
        (5_886_195, 696_225),
        _JITTER,
    ),
)
