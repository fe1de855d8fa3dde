"""ACGAN: the generator is told the class, and the discriminator must tell it.

Reference: Odena, Olah and Shlens, "Conditional Image Synthesis with Auxiliary Classifier GANs", 2017
(arXiv:1610.09585; equations 2 and 3, and table 2).
"""

import keras
import tensorflow as tf
from keras import layers

from tfgan_zoo import losses
from tfgan_zoo.layers import Conv2D, Dropout, LeakyReLU
from tfgan_zoo.models.dcgan import DCGAN, activated, head, images_from, normal
from tfgan_zoo.presets import register


class ACGAN(DCGAN):
    """A discriminator with a second head, which names the class of real and of generated images.

    Both players lower the cross-entropy of that head, on real and on generated images (equation 3). The
    networks are those of table 2: a DCGAN generator of latents and one-hot label side by side, whose
    first feature map is read as 4x4 with 384 channels, and 3x3 convolutions with strides 2 and 1
    alternately. The paper's search over normal noise at the discriminator's activations is left out;
    noise at its input is `regularizers.InstanceNoise`. Batches have 100 images. `fit` needs labels,
    `generate` takes them.

    Args:
        num_classes: Int. Labels are integers in [0, num_classes).
        class_weight: Float. The factor of the cross-entropy.
        discriminator_layers: Int. Convolutions of the discriminator.
        discriminator_width: Int. Channels of the discriminator's first feature map; each next has twice
            as many.

    All other arguments: see `DCGAN` and `GAN`.
    """

    conditional_discriminator = False
    unused_options = ("minibatch_discrimination",)
    defaults = {
        "image_shape": (32, 32, 3),
        "latent_distribution": "normal",
        "num_classes": 10,
        "width": 96,
        "class_weight": 1.0,
        "discriminator_layers": 6,
        "discriminator_width": 16,
        "dropout": 0.5,
    }

    def build_generator(self):
        latents = keras.Input([self.latent_dim], name="latents")
        labels = keras.Input([], dtype="int32", name="label")
        classes = keras.ops.one_hot(labels, self.num_classes, dtype=self.compute_dtype)
        x = layers.Concatenate()([latents, classes])
        return keras.Model([latents, labels], images_from(self, x), name="generator")

    def build_discriminator(self):
        images = keras.Input(self.image_shape, name="images")
        x = _features(self, images)
        outputs = {
            "logits": head(x, 1, "logits"),
            "class_logits": head(x, self.num_classes, "class_logits"),
        }
        return keras.Model(images, outputs, name="discriminator")

    def discriminator_terms(self, real, fake, batch, rng):
        terms = super().discriminator_terms(real, fake, batch, rng)
        found = tf.argmax(real.outputs["class_logits"], axis=1, output_type=tf.int32)
        labels = tf.cast(batch["labels"], tf.int32)
        accuracy = tf.reduce_mean(tf.cast(found == labels, tf.float32))
        return {
            **terms,
            "d_real_class": (self.class_weight, _cross_entropy(real, batch)),
            "d_fake_class": (self.class_weight, _cross_entropy(fake, batch)),
            "class_accuracy": (None, accuracy),  # of real images; only logged
        }

    def generator_terms(self, fake, batch, rng):
        terms = super().generator_terms(fake, batch, rng)
        return {**terms, "g_class": (self.class_weight, _cross_entropy(fake, batch))}


def _cross_entropy(output, batch):
    """Mean of equation 3, negated, over real or over generated images."""
    logits, labels = output.outputs["class_logits"], batch["labels"]
    return tf.reduce_mean(losses.auxiliary_classifier_loss(logits, labels))


# === Networks ===


def _features(gan, x):
    """The discriminator without its heads: images `[B, H, W, C]` -> `[B, D]`."""
    for level in range(gan.discriminator_layers):
        normalization = gan.discriminator_normalization if level else None
        x = Conv2D(
            2**level * gan.discriminator_width,
            3,
            strides=1 + (level + 1) % 2,
            padding="same",
            use_bias=normalization is None,
            kernel_initializer=normal(),
        )(x)
        x = activated(x, normalization, LeakyReLU(0.2))
        x = Dropout(gan.dropout)(x)
    return layers.Flatten()(x)


# === Presets ===

_SMALL = {"image_shape": (28, 28, 1), "width": 32, "discriminator_width": 8}

register(
    ("acgan_cifar10", ACGAN, {}, "cifar10", 100, 100, (2_988_387, 1_663_883)),
    ("acgan_fashion_mnist", ACGAN, _SMALL, "fashion_mnist", 100, 10, (397_153, 438_971)),
    ("acgan_mnist", ACGAN, _SMALL, "mnist", 100, 10, (397_153, 438_971)),
)
