"""Logits that changes of an image do not change."""

import tensorflow as tf

from tfgan_zoo import augment
from tfgan_zoo.regularizers.base import Regularizer


class BalancedConsistency(Regularizer):
    """bCR: the squared change of a logit when its image is mirrored and shifted.

    Args:
        real, fake: Floats. Weights for real and for generated images; both are 10 in the paper. 0 leaves
            one out.

    Reference: Zhao et al., "Improved Consistency Regularization for GANs", 2020 (arXiv:2002.04724),
    section 2.1.
    """

    bounds = {"real": ">= 0", "fake": ">= 0"}

    def __init__(self, real: float = 10.0, fake: float = 10.0):
        self.real = real
        self.fake = fake

    def discriminator_terms(self, model, real, fake, batch, rng):
        terms = {}
        for name, weight, found in (("real", self.real, real), ("fake", self.fake, fake)):
            if weight:
                changed = augment.flip_and_shift(found.images, rng)
                change = model.discriminator_logits(changed, batch) - found.logits
                terms[f"consistency_{name}"] = (weight, tf.reduce_mean(tf.square(change)))
        return terms
