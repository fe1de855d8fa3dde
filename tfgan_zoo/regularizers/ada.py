"""Augmentation whose strength follows the discriminator."""

import tensorflow as tf

from tfgan_zoo import augment
from tfgan_zoo.regularizers.base import Regularizer


class ADA(Regularizer):
    """Adaptive discriminator augmentation: transformations of all images, each with a probability.

    The probability starts at 0. After each update of the discriminator it rises where the mean sign of
    real images' logits is above `target`, and falls where it is below. Images are flipped, rotated,
    shifted and scaled, and their colours change. Penalties are taken at the images that come out.

    Args:
        target: Float in [-2, 2]; 0.6 in the paper. Beyond 1 the probability only falls, below -1 it only
            rises.
        images: Number. The probability moves at the rate of 1 in so many images; 500,000 in the paper.
        full: Bool. Whether filters, noise and cutout are done too, which the paper does not recommend.

    Reference: Karras et al., "Training Generative Adversarial Networks with Limited Data", 2020
    (arXiv:2006.06676), sections 2 and 3.
    """

    bounds = {"target": "[-2, 2]", "images": "number > 0", "full": ""}

    def __init__(self, target: float = 0.6, images: int = 500_000, full: bool = False):
        self.target = target
        self.images = images
        self.full = full

    def build(self, model):
        self.probability = model.add_state("ada/probability")

    def augment_images(self, model, images, rng):
        for transformation in augment.ADA["ada_full" if self.full else "ada"]:
            images = transformation(images, self.probability.value, rng)
        return images

    def discriminator_terms(self, model, real, fake, batch, rng):
        return {
            "real_sign": (None, tf.reduce_mean(tf.sign(real.logits))),
            "augment_probability": (None, tf.identity(self.probability.value)),
        }

    def after_discriminator_update(self, model, logs):
        direction = tf.sign(self._log(logs, "real_sign") - self.target)
        step = direction * model.images_per_update / self.images
        self.probability.assign(tf.clip_by_value(self.probability.value + step, 0.0, 1.0))
