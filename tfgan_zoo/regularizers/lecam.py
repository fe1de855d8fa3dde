"""Logits that are held near averages of the other side's."""

import tensorflow as tf

from tfgan_zoo.regularizers.base import Regularizer


class LeCam(Regularizer):
    """Holds the logits of real images near an average of generated images' logits, and the reverse.

    The authors' code lets logits on the far side of the average go free; here, as in the paper, none is.

    Args:
        weight: Float. 0.3 in the authors' script for BigGAN on a fifth of CIFAR-10.
        decay: Float in [0, 1). Decay per update of the averages, 0.99 in the paper; they begin as plain
            averages.

    Reference: Tseng et al., "Regularizing Generative Adversarial Networks under Limited Data", 2021
    (arXiv:2104.03310), section 3.2.
    """

    bounds = {"weight": ">= 0", "decay": "[0, 1)"}

    def __init__(self, weight: float = 0.3, decay: float = 0.99):
        self.weight = weight
        self.decay = decay

    @property
    def name(self):
        return "lecam"

    def build(self, model):
        self.real_average = model.add_state("lecam/real")
        self.fake_average = model.add_state("lecam/fake")
        self.updates = model.add_state("lecam/updates")  # since then, not since the model was made

    def discriminator_terms(self, model, real, fake, batch, rng):
        of_real = tf.square(real.logits - self.fake_average.value)
        of_fake = tf.square(fake.logits - self.real_average.value)
        value = tf.reduce_mean(of_real) + tf.reduce_mean(of_fake)
        return {
            "lecam": (self.weight, tf.where(self.updates.value > 0, value, 0.0)),  # no average yet
            "real_logit": (None, tf.reduce_mean(real.logits)),
            "fake_logit": (None, tf.reduce_mean(fake.logits)),
        }

    def after_discriminator_update(self, model, logs):
        updates = self.updates.value
        decay = tf.minimum(self.decay, updates / (updates + 1))  # at first a plain average
        pairs = ((self.real_average, "real_logit"), (self.fake_average, "fake_logit"))
        for average, name in pairs:
            average.assign_add((1 - decay) * (self._log(logs, name) - average.value))
        self.updates.assign_add(1.0)
