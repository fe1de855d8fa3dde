"""StarGAN: one generator for translation among several domains.

Reference: Choi, Choi, Kim, Ha, Kim and Choo, "StarGAN: Unified Generative Adversarial Networks for
Multi-Domain Image-to-Image Translation", 2018 (arXiv:1711.09020).
"""

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from tfgan_zoo import losses
from tfgan_zoo.layers import Conv2D, Conv2DTranspose, InstanceNormalization, LeakyReLU
from tfgan_zoo.networks.translation import NORMALIZATIONS, has_bias, images_of, normalized
from tfgan_zoo.penalties import GradientPenalty
from tfgan_zoo.presets import register
from tfgan_zoo.tasks.conditions import Labels
from tfgan_zoo.tasks.further_inputs import Attributes, Domain
from tfgan_zoo.tasks.image_to_image import ImageToImage


class StarGAN(ImageToImage):
    """Brings an image of any domain into any other: domains are the classes of labelled images.

    The generator is given the domain as maps of ones and zeros beside the image, and is to undo its own
    work when given the image's domain again. The discriminator tells the domain too (equations 1 to 6).
    The critic is that of WGAN-GP, with five updates for one of the generator; both optimizers are
    Adam(1e-4, beta_1=0.5), batches have 16 images, and the rate decays linearly to zero over the second
    half: `tfgan-zoo train` does so, and `fit` by `callbacks.LinearDecay`. The domains that images are
    brought into while it trains are drawn, each as often.

    `fit` reads images and labels: see `datasets.load`. A label is one class; with `multi_label` it is a
    number whose bits are the attributes that an image has, of which the first is the lowest one.

    Example:

    ```python
    model = tfgan_zoo.StarGAN(image_shape=(32, 32, 3), num_classes=2, width=8, discriminator_layers=3)
    model.compile()
    model.fit(images, labels, batch_size=8, epochs=10)  # floats in [-1, 1], ints
    made = model.translate(images[:4], domain=1)  # uint8 [4, 32, 32, 3]
    ```

    Args:
        num_classes: Int. Domains, or attributes, of which there are 30 at most.
        multi_label: Whether an image may have several of `num_classes` attributes. A `domain` is the
            number of its bits then, or zeros and ones, `[B, num_classes]`; those that images are brought
            into while it trains are those of other images of the batch, as in the authors' code.
        width: Int. Channels of the generator's first feature map.
        blocks: Int. Residual blocks.
        discriminator_width: Int. Channels of the discriminator's first feature map.
        discriminator_layers: Int. Its convolutions of stride 2, each with twice as many channels.
        gradient_penalty_weight: Float. Of WGAN-GP's penalty, of slopes of the sum of an image's logits.
        n_critic: Int. Discriminator updates per generator update.
        class_weight: Float. Of the cross entropies of the domains.
        reconstruction_weight: Float. Of the L1 distance of an image from what comes back of it.
        normalization: "affine_instance", "instance", "batch", "batch_of_one" or None, in the generator.

    All other arguments: see `ImageToImage`.

    Raises:
        ValueError: Images whose sides the discriminator cannot halve so often.
    """

    loader = "load"
    second_input = None  # `fit` is given labels
    decay_begins = 0.5
    size_multiple = 4
    unused_options = ("target_channels",)
    defaults = {
        "image_shape": (128, 128, 3),
        "objective": "wasserstein",
        "gradient_penalty_weight": 10.0,
        "num_classes": 5,
        "multi_label": False,
        "width": 64,
        "blocks": 6,
        "discriminator_width": 64,
        "discriminator_layers": 6,
        "n_critic": 5,
        "class_weight": 1.0,
        "reconstruction_weight": 10.0,
        "normalization": "affine_instance",
        "g_learning_rate": 1e-4,
        "d_learning_rate": 1e-4,
    }
    bounds = {
        "normalization": NORMALIZATIONS,
        **dict.fromkeys(("reconstruction_weight", "gradient_penalty_weight"), ">= 0"),
    }

    @property
    def condition(self):
        if self.multi_label:
            return Labels(2**self.num_classes)
        return Labels(self.num_classes, self.class_names)

    def further_inputs(self):
        if self.multi_label:
            return [Attributes(self.num_classes, self.class_names)]
        return [Domain(self.num_classes, self.class_names)]

    def batch_inputs(self):
        return {}

    # === Networks ===

    def build_generator(self):
        images = keras.Input([None, None, self.image_shape[-1]], name="images")
        domain = keras.Input([], dtype="int32", name="domain")
        x = DomainMaps(self.num_classes, self.multi_label)([images, domain])
        for maps, size, strides in ((1, 7, 1), (2, 4, 2), (4, 4, 2)):
            x = layers.ReLU()(self._step(x, maps * self.width, size, strides))
        for _ in range(self.blocks):
            inner = layers.ReLU()(self._step(x, 4 * self.width, 3))
            x = layers.Add()([x, self._step(inner, 4 * self.width, 3)])
        for maps in (2, 1):
            x = layers.ReLU()(self._step(x, maps * self.width, 4, 2, Conv2DTranspose))
        x = images_of(_convolution(x, self.target_shape[-1], 7))
        return keras.Model([images, domain], x, name="generator")

    def _step(self, x, maps, size, strides=1, kind=Conv2D):
        """A convolution, normalized; gains start at 1, as in the authors' code."""
        x = _convolution(x, maps, size, strides, "same", has_bias(self.normalization), kind)
        is_affine = self.normalization == "affine_instance"
        return InstanceNormalization()(x) if is_affine else normalized(x, self.normalization)

    def build_discriminator(self):
        """Makes a network from images to logits: `{"logits": [B, H, W, 1], "class_logits": [B, K]}`."""
        x = images = keras.Input(self.image_shape, name="images")
        for level in range(self.discriminator_layers):
            x = _convolution(x, 2**level * self.discriminator_width, 4, 2, use_bias=True)
            x = LeakyReLU(0.01)(x)
        whole = _convolution(x, self.num_classes, x.shape[1:3], padding="valid")
        outputs = {"logits": _convolution(x, 1, 3), "class_logits": layers.Flatten()(whole)}
        exact = {
            name: layers.Activation("linear", dtype="float32", name=name)(value)
            for name, value in outputs.items()
        }
        return keras.Model(images, exact, name="discriminator")

    def _check_networks(self):
        if self.multi_label and self.num_classes > 30:
            raise ValueError(
                "StarGAN: attributes are the bits of a number, 30 at most. Received: num_classes="
                f"{self.num_classes}."
            )
        whole = max(4, 2**self.discriminator_layers)
        if any(side % whole for side in self.image_shape[:2]):
            raise ValueError(
                f"StarGAN: height and width of images to train on must be multiples of {whole}, which "
                f"discriminator_layers={self.discriminator_layers} halve. Received: image_shape="
                f"{tuple(self.image_shape)}."
            )

    # === Losses ===

    def players(self):
        """The discriminator with `n_critic` updates per step, then the generator."""
        discriminator, generator = super().players()
        return [discriminator._replace(updates=self.n_critic), generator]

    def discriminator_loss(self, batch, rng):
        images = batch["images"]
        made = self.synthesize(images, self.draw_domains(rng, batch["labels"]))
        real, fake = self.discriminate(images), self.discriminate(made)
        game = self.adversarial(real["logits"], fake["logits"])
        named = self._cross_entropy(real["class_logits"], batch["labels"])
        loss, logs = game + self.class_weight * named, {"d_adversarial": game, "d_class": named}
        critic = lambda x: self.discriminate(x)["logits"]  # noqa: E731
        values = GradientPenalty().values(critic, images, made, rng.uniform)
        logs["gradient_penalty"] = penalty = tf.reduce_mean(values)
        loss += self.gradient_penalty_weight * penalty
        return loss, {"d_loss": loss, **logs}

    def generator_loss(self, batch, rng):
        images, domains = batch["images"], self.draw_domains(rng, batch["labels"])
        made = self.synthesize(images, domains)
        fake = self.discriminate(made)
        logs = {
            "g_adversarial": self.fooled(fake["logits"]),
            "g_class": self._cross_entropy(fake["class_logits"], domains),
            "reconstruction": tf.reduce_mean(
                tf.abs(images - self.synthesize(made, batch["labels"]))
            ),
        }
        weights = (1.0, self.class_weight, self.reconstruction_weight)
        loss = tf.add_n([w * value for w, value in zip(weights, logs.values(), strict=True)])
        return loss, {"g_loss": loss, **logs}

    def synthesize(self, images, domains):
        """Float32 images brought into domains, in training mode."""
        return super().synthesize([images, domains])

    def discriminate(self, images):
        """What the discriminator gives for images, in training mode."""
        return self.discriminator(images, training=True)

    def draw_domains(self, rng, labels=None):
        """A domain for each image, int32 `[B]`; with `multi_label` the labels in another order."""
        drawn = rng.uniform([])
        if self.multi_label:
            return tf.gather(labels, tf.argsort(drawn))
        return tf.cast(drawn * self.num_classes, tf.int32)

    def _cross_entropy(self, logits, labels):
        if not self.multi_label:
            return tf.reduce_mean(losses.auxiliary_classifier_loss(logits, labels))
        found = tf.nn.sigmoid_cross_entropy_with_logits(bits(labels, self.num_classes), logits)
        return tf.reduce_mean(tf.reduce_sum(found, axis=-1))


@keras.saving.register_keras_serializable(package="tfgan_zoo")
class DomainMaps(layers.Layer):
    """Images `[B, H, W, C]` and domains, int32 `[B]` -> images with a map for each domain beside them,
    `[B, H, W, C + num_classes]`: of ones for the image's, of zeros for all others; of NaN where there is
    no such domain. With `multi_label` domains are numbers, whose bits say which maps are of ones."""

    def __init__(self, num_classes, multi_label=False, **kwargs):
        super().__init__(**kwargs)
        self.num_classes, self.multi_label = num_classes, multi_label

    def call(self, inputs):
        images, domains = inputs
        shape = tf.shape(images)
        expand = bits if self.multi_label else tf.one_hot
        maps = tf.cast(expand(domains, self.num_classes), images.dtype)
        count = 2**self.num_classes if self.multi_label else self.num_classes
        exists = (domains >= 0) & (domains < count)
        maps = tf.where(exists[:, None], maps, float("nan"))[:, None, None]
        maps = tf.broadcast_to(maps, [shape[0], shape[1], shape[2], self.num_classes])
        return tf.concat([images, maps], axis=-1)

    def compute_output_shape(self, input_shape):
        *sides, channels = input_shape[0]
        return (*sides, channels + self.num_classes)

    def get_config(self):
        own = {"num_classes": self.num_classes, "multi_label": self.multi_label}
        return {**super().get_config(), **own}


def bits(numbers, count):
    """Int32 `[B]` as their lowest bits, float32 `[B, count]`, the lowest one first."""
    return tf.cast(numbers[:, None] // tf.constant(2 ** np.arange(count), tf.int32) % 2, tf.float32)


def _convolution(x, maps, size, strides=1, padding="same", use_bias=False, kind=Conv2D):
    """With PyTorch's initial weights, which the authors' code has."""
    start = keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform")
    return kind(maps, size, strides, padding, use_bias=use_bias, kernel_initializer=start)(x)


# === Presets ===

_SMALL = {"image_shape": (64, 64, 3), "num_classes": 8, "width": 32, "blocks": 4}
_SMALL |= {"discriminator_width": 32, "discriminator_layers": 5}
_FLIPS = {"flip": True}

register(
    (
        "stargan_rafd",
        StarGAN,
        {"num_classes": 8},
        "./rafd",
        16,
        200,
        (8_439_936, 44_786_624),
        _FLIPS,
    ),
    ("stargan_rafd_64", StarGAN, _SMALL, "./rafd", 16, 200, (1_531_968, 2_808_800), _FLIPS),
)
