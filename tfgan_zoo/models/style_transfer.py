"""Style transfer by one network, which has learned one style.

References: Johnson, Alahi and Fei-Fei, "Perceptual Losses for Real-Time Style Transfer and
Super-Resolution", 2016 (arXiv:1603.08155); instance normalization: Ulyanov, Vedaldi and Lempitsky,
"Instance Normalization: The Missing Ingredient for Fast Stylization", 2016 (arXiv:1607.08022).
"""

import keras
import tensorflow as tf

from tfgan_zoo.networks import perceptual
from tfgan_zoo.networks.transformation import transformation
from tfgan_zoo.networks.translation import NORMALIZATIONS, UPSAMPLINGS
from tfgan_zoo.presets import register
from tfgan_zoo.tasks.without_discriminator import WithoutDiscriminator


class StyleTransfer(WithoutDiscriminator):
    """Paints images in the style of one picture, or of several pictures of one style.

    There is no discriminator: the generator's images are compared with the image that they were made
    of and with a picture of the style, by the maps of a frozen network (section 3.2). The content's
    distance is that of maps, the style's that of the products of their channels, which have no places;
    neighbouring pixels are held together by their squared differences. The generator is the paper's with
    instance normalization, with nearest neighbours and convolutions in place of transposed ones, and
    has as many parameters as the PyTorch example fast_neural_style. The optimizer is Adam(1e-3), batches
    have four images.

    `fit` reads images and targets, the pictures of the style: see `datasets.load_unpaired`, which takes
    a folder with a single picture too.

    Example:

    ```python
    model = tfgan_zoo.StyleTransfer(image_shape=(32, 32, 3), features="efficientnet_lite0", width=8)
    model.compile()
    model.fit(images, targets, batch_size=4, epochs=10)  # photographs and the style, in [-1, 1]
    painted = model.translate(images[0])  # uint8 [32, 32, 3]
    ```

    Args:
        features: The network in whose maps images are compared: "vgg16", "vgg19", "hed",
            "efficientnet_lite0", or one's own, which `networks.perceptual.register` gives a name. Only
            training needs it.
        width: Int. Channels of the generator's first feature map.
        blocks: Int. Residual blocks.
        content_weight: Float. Of the distance of contents, beside the weights of the features' maps.
        style_weight: Float. Of the distance of styles, likewise; half of it shows more of the content,
            twice of it more of the style.
        variation_weight: Float. Of the squared differences of neighbouring pixels.
        normalization: "affine_instance", "instance", "batch", "batch_of_one" or None.
        upsampling: "resize" or "transpose".
        in_bytes: Whether the generator computes with pixels in [0, 255], which are clipped, as in the
            PyTorch example; else in [-1, 1], by a tanh.
        pad_to: Int, or None. Images to translate are mirrored up to a multiple of it, and up to 8 pixels
            a side; None: to multiples of 8.

    All other arguments: see `ImageToImage`; there is no `objective` and no `d_learning_rate`.

    Raises:
        ValueError: Unknown features, or images of other channels than 1 or 3. In `fit`, before its first
            step, FileNotFoundError or ImportError where the features' weights are not here.
    """

    loader = "load_unpaired"
    size_multiple = 8  # the smallest map, a quarter, is mirrored by a pixel
    defaults = {
        "g_learning_rate": 1e-3,
        "features": "vgg16",
        "width": 32,
        "blocks": 5,
        "content_weight": 1.0,
        "style_weight": 1.0,
        "variation_weight": 0.2,
        "normalization": "affine_instance",
        "upsampling": "resize",
        "in_bytes": False,
        "pad_to": None,
    }
    bounds = {
        "normalization": NORMALIZATIONS,
        "upsampling": UPSAMPLINGS,
        "pad_to": "None or >= 1",
        **dict.fromkeys(("content_weight", "style_weight", "variation_weight"), ">= 0"),
    }

    def default_optimizer(self, learning_rate):
        return keras.optimizers.Adam(learning_rate)

    def build_generator(self):
        images = keras.Input([None, None, self.image_shape[-1]], name="images")
        made = transformation(
            images,
            self.target_shape[-1],
            self.width,
            self.blocks,
            self.normalization,
            0.0,
            self.upsampling,
            kernel=9,
            use_bias=True,
            padding="reflect",
            in_bytes=self.in_bytes,
        )
        return keras.Model(images, made, name="generator")

    def _check_networks(self):
        name = type(self).__name__
        perceptual.get(self.features)
        for shape in (self.image_shape, self.target_shape):
            perceptual.check_channels(name, shape[-1])
        if any(side % 4 for side in self.image_shape[:2]):
            raise ValueError(
                f"{name}: height and width of images to train on must be multiples of 4. Received: "
                f"image_shape={tuple(self.image_shape)}."
            )

    # === Losses ===

    def before_training(self):
        perceptual.features(self.features)  # made here, or refused

    def maps(self, images):
        """The maps of the features, `{layer: float32 [B, H, W, C]}`, of images in [-1, 1]."""
        return perceptual.features(self.features)(perceptual.colours(images))

    def generator_loss(self, batch, rng):
        images, styles = batch["images"], batch["targets"]
        network = perceptual.get(self.features)
        made = self.synthesize(images)
        maps = self.maps(made)
        content = perceptual.perceptual_distance(maps, self.maps(images), network.content)
        grams, wanted = (
            {layer: perceptual.gram(found[layer]) for layer in network.style}
            for found in (maps, self.maps(styles))
        )
        style = perceptual.perceptual_distance(grams, wanted, network.style)
        logs = {"content": content, "style": style}
        logs["variation"] = perceptual.total_variation(made)
        loss = tf.add_n([getattr(self, f"{name}_weight") * logs[name] for name in logs])
        return loss, {"g_loss": loss, **logs}


# === Presets ===

_CROPS = {"flip": True, "crop": "random"}

register(
    ("style_transfer_mosaic", StyleTransfer, {}, "./mosaic", 4, 2, (1_679_235, 0), _CROPS),
    (
        "style_transfer_mosaic_128",
        StyleTransfer,
        {"image_shape": (128, 128, 3), "width": 16, "features": "efficientnet_lite0"},
        "./mosaic",
        4,
        64,
        (424_899, 0),
        _CROPS,
    ),
)
