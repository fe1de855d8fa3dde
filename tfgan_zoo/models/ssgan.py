"""SSGAN: the discriminator also tells by how much an image was rotated, and so needs no labels.

Reference: Chen, Zhai, Ritter, Lucic and Houlsby, "Self-Supervised GANs via Auxiliary Rotation Loss",
2019 (arXiv:1811.11212; section 3).
"""

import keras
import tensorflow as tf

from tfgan_zoo import losses
from tfgan_zoo.layers import SpectralDense
from tfgan_zoo.models.sngan import SNGAN
from tfgan_zoo.networks import resnet, sngan
from tfgan_zoo.presets import register


class SSGAN(SNGAN):
    """SNGAN with a head of four classes on the discriminator: rotated by 0, 90, 180 or 270 degrees.

    The discriminator learns the rotation of real images, the generator draws images whose rotation it
    can tell. Each image of a batch is rotated once, by a multiple of 90 degrees drawn for it: the mean
    over rotations of the paper's loss, where the authors' code rotates a quarter of the batch in all
    four ways, at the same cost. As SNGAN otherwise, with 2 discriminator updates a step.

    Args:
        d_rotation_weight: Float. The factor of the cross-entropy of rotations for the discriminator,
            beta.
        g_rotation_weight: Float. That for the generator, alpha.

    All other arguments: see `SNGAN` and `GAN`.

    Raises:
        ValueError: Images that are not square, or a number of classes.
    """

    defaults = {"n_critic": 2, "d_rotation_weight": 1.0, "g_rotation_weight": 0.2}

    def build_networks(self):
        _check(self)
        super().build_networks()

    def build_discriminator(self):
        images = keras.Input(self.image_shape, name="images")
        features = sngan.features_from(self, images)
        mode = self.discriminator_spectral_norm
        turns = SpectralDense(4, dtype="float32", name="rotation_logits", mode=mode)
        outputs = {
            "logits": resnet.logits_of(features, None, None, mode=mode),
            "rotation_logits": turns(features),
        }
        return keras.Model(images, outputs, name="discriminator")

    def discriminator_terms(self, real, fake, batch, rng):
        terms = super().discriminator_terms(real, fake, batch, rng)
        loss, accuracy = self._rotation_loss(real.images, batch, rng)
        own = {"d_rotation": (self.d_rotation_weight, loss), "rotation_accuracy": (None, accuracy)}
        return {**terms, **own}

    def generator_terms(self, fake, batch, rng):
        terms = super().generator_terms(fake, batch, rng)
        loss, _ = self._rotation_loss(fake.images, batch, rng)
        return {**terms, "g_rotation": (self.g_rotation_weight, loss)}

    def _rotation_loss(self, images, batch, rng):
        """Mean cross-entropy of the rotations of images `[B, H, W, C]`, and its accuracy."""
        turns = tf.cast(4.0 * rng.uniform([]), tf.int32)
        logits = self.discriminate(rotated(images, turns), batch)["rotation_logits"]
        told = tf.argmax(logits, axis=1, output_type=tf.int32) == turns
        loss = tf.reduce_mean(losses.auxiliary_classifier_loss(logits, turns))
        return loss, tf.reduce_mean(tf.cast(told, tf.float32))


def rotated(images, turns):
    """Square images `[B, N, N, C]`, each rotated counterclockwise by 90 degrees `turns` times.

    Args:
        turns: int32 `[B]` in [0, 4).
    """
    swapped = tf.transpose(images, [0, 2, 1, 3])
    ways = [images, swapped[:, ::-1], images[:, ::-1, ::-1], swapped[:, :, ::-1]]
    chosen = tf.one_hot(turns, 4, dtype=images.dtype)[:, :, None, None, None]
    return tf.reduce_sum(chosen * tf.stack(ways, axis=1), axis=1)


def _check(gan):
    height, width, _ = gan.image_shape
    if height != width:
        raise ValueError(
            f"SSGAN rotates images, which must be square. Received: image_shape={gan.image_shape}."
        )
    if gan.num_classes is not None:
        raise ValueError(f"SSGAN takes no labels. Received: num_classes={gan.num_classes}.")


# === Presets ===

_SMALL = {"image_shape": (28, 28, 1), "network": "cnn", "width": 16, "latent_dim": 64}

register(
    ("ssgan_cifar10", SSGAN, {}, "cifar10", 64, 256, (4_276_739, 1_054_341)),
    ("ssgan_fashion_mnist", SSGAN, _SMALL, "fashion_mnist", 64, 20, (245_089, 59_509)),
)
