"""Logits that changes of the latents do not change, and images that they do."""

import tensorflow as tf

from tfgan_zoo.regularizers.base import Regularizer


class LatentConsistency(Regularizer):
    """zCR: noise on the latents is to change the logit little and the image much.

    Args:
        d: Float. Weight of the squared change of the logit in the discriminator's loss; 5 in the paper.
        g: Float. Weight of the squared change of the image, which the generator is to make large; 0.5 in
            the paper. 0 leaves one out.
        noise: Float. Standard deviation of the noise; 0.03 in the paper.

    Reference: Zhao et al., "Improved Consistency Regularization for GANs", 2020 (arXiv:2002.04724),
    section 2.2.
    """

    bounds = {"d": ">= 0", "g": ">= 0", "noise": ">= 0"}

    def __init__(self, d: float = 5.0, g: float = 0.5, noise: float = 0.03):
        self.d = d
        self.g = g
        self.noise = noise

    def discriminator_terms(self, model, real, fake, batch, rng):
        if not self.d:
            return {}
        near = self._perturbed(model, fake, batch, rng)
        change = model.discriminator_logits(near, batch) - fake.logits
        return {"latent_consistency_d": (self.d, tf.reduce_mean(tf.square(change)))}

    def generator_terms(self, model, fake, batch, rng):
        if not self.g:
            return {}
        change = self._perturbed(model, fake, batch, rng) - fake.originals
        return {"latent_consistency_g": (-self.g, tf.reduce_mean(tf.square(change)))}

    def _perturbed(self, model, fake, batch, rng):
        """Images of the same latents with noise."""
        noise = self.noise * rng.normal(fake.latents.shape[1:])
        return model.synthesize(fake.latents + noise, batch, rng)
