"""Remedies against collapse and overfitting, as options of every model; all are off by default."""

import tensorflow as tf

from tfgan_zoo import augment
from tfgan_zoo.tasks import unrolled
from tfgan_zoo.tasks.adversarial import AdversarialLosses


class Remedies(AdversarialLosses):
    """Hooks of the losses with the remedies in them. Their options: see `GAN`."""

    def add_remedies(self):
        """Adds the weights that hold a remedy's state, of those that are on."""
        for name in self.remedy_state(vars(self)):
            weight = self.add_weight(shape=(), initializer="zeros", trainable=False, name=name)
            setattr(self, name, weight)

    @staticmethod
    def remedy_state(options):
        """The names of these weights of a model with such options, in their order."""
        names = ["augment_probability"] * augment.adapts(options["augment"])
        return names + ["lecam_real", "lecam_fake"] * (options["lecam"] > 0)

    def adapt(self, logs):
        """Moves that state after an update of the discriminator; `logs` hold global means."""
        if augment.adapts(self.augment):
            direction = tf.sign(logs["real_sign"] - self.ada_target)
            step = direction * self._images_per_update / self.ada_images
            self.augment_probability.assign(
                tf.clip_by_value(self.augment_probability.value + step, 0.0, 1.0)
            )
        if self.lecam:
            steps = tf.cast(self.iterations.value, tf.float32)
            decay = tf.minimum(self.lecam_decay, steps / (steps + 1))  # at first a plain average
            for average, name in ((self.lecam_real, "real_logit"), (self.lecam_fake, "fake_logit")):
                average.assign_add((1 - decay) * (logs[name] - average.value))

    # === Hooks ===

    def batch_options(self):
        found = super().batch_options() | ({"unrolled_steps": True} if self.unrolled_steps else {})
        return found | ({"top_k": False} if self.top_k < 1 else {})

    def show(self, images, draws):
        adapts = augment.adapts(self.augment)
        probability = self.augment_probability.value if adapts else None
        images = augment.augment(images, self.augment, draws, probability)
        return super().show(images, draws)

    def discriminator_terms(self, real, fake, labels, draws):
        terms = super().discriminator_terms(real, fake, labels, draws)
        for name, judged in (("real", real), ("fake", fake)):
            if weight := getattr(self, f"consistency_{name}"):
                changed = augment.flip_and_shift(judged.images, draws)
                change = self.discriminate(changed, labels) - judged.logits
                terms[f"consistency_{name}"] = (weight, tf.reduce_mean(tf.square(change)))
        if self.latent_consistency_d:
            change = self.discriminate(self._perturbed(fake, labels, draws), labels) - fake.logits
            term = (self.latent_consistency_d, tf.reduce_mean(tf.square(change)))
            terms["latent_consistency_d"] = term
        if self.lecam:
            terms["lecam"] = (self.lecam, self._lecam(real.logits, fake.logits))
            terms["real_logit"] = (None, tf.reduce_mean(real.logits))
            terms["fake_logit"] = (None, tf.reduce_mean(fake.logits))
        if augment.adapts(self.augment):
            terms["real_sign"] = (None, tf.reduce_mean(tf.sign(real.logits)))
            terms["augment_probability"] = (None, tf.identity(self.augment_probability.value))
        return terms

    def generator_terms(self, fake, labels, draws):
        terms = super().generator_terms(fake, labels, draws)
        if self.latent_consistency_g:
            change = self._perturbed(fake, labels, draws) - fake.originals
            term = tf.reduce_mean(tf.square(change))
            terms["latent_consistency_g"] = (-self.latent_consistency_g, term)
        return terms

    def reduced(self, values, fake):
        if self.top_k == 1:
            return super().reduced(values, fake)
        best = self._among_the_best(tf.reshape(fake.logits, [-1]))
        return tf.reduce_sum(best * values) / tf.reduce_sum(best)

    def unrolled_generator_loss(self, images, labels, draws):
        """The generator's loss against the discriminator `unrolled_steps` updates ahead."""
        if not self.unrolled_steps:
            return self.generator_loss(images, labels, draws)
        with unrolled.ahead(self, images, labels, draws):
            return self.generator_loss(images, labels, draws)

    # === Pieces ===

    def _perturbed(self, fake, labels, draws):
        """Images of the same latents with a little noise."""
        noise = self.latent_consistency_noise * draws.normal(fake.latents.shape[1:])
        return self.synthesize(fake.latents + noise, labels, draws)

    def _lecam(self, real_logits, fake_logits):
        """R_LC of Tseng et al.; their code lets logits on the far side of the average go free."""
        of_real = tf.square(real_logits - self.lecam_fake.value)
        of_fake = tf.square(fake_logits - self.lecam_real.value)
        return tf.reduce_mean(of_real) + tf.reduce_mean(of_fake)

    def _among_the_best(self, logits):
        """1 for the highest of the logits `[B]`, 0 for others, as many 1s as the share at this step."""
        count = logits.shape[0]
        done = tf.cast(self.iterations.value, tf.float32) / max(1, self.top_k_steps)
        done = tf.minimum(1.0, done) if self.top_k_steps else 1.0
        kept = tf.maximum(1.0, tf.floor(count * tf.pow(self.top_k, done) + 1e-4))
        order = tf.argsort(tf.argsort(logits, direction="DESCENDING", stable=True), stable=True)
        return tf.cast(tf.cast(order, tf.float32) < kept, tf.float32)
