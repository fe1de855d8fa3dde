"""What the two players minimise, in hooks that a variant overrides."""

from typing import NamedTuple

import tensorflow as tf

from tfgan_zoo import losses, penalties


class Judged(NamedTuple):
    """Images as the discriminator saw them, and what it says of them.

    Attributes:
        images: float32 `[B, H, W, C]`.
        outputs: `{"logits": [B, 1], …}`, what the discriminator gives.
        latents: float32 `[B, D]` that generated images were made of; None for real ones.
        originals: Generated images before they were augmented; None for real ones.
    """

    images: tf.Tensor
    outputs: dict
    latents: tf.Tensor | None = None
    originals: tf.Tensor | None = None

    @property
    def logits(self):
        return self.outputs["logits"]


class AdversarialLosses:
    """The losses of a `GAN`. A term that a variant adds is a row `name: (weight, float32 scalar)`; with
    None for a weight it is only logged."""

    # === Hooks ===

    def sample_latents(self, draws):
        """Fresh latents `[B, D]`, of the distribution that `generate` draws from."""
        if self.latent_distribution == "normal":
            return draws.normal([self.latent_dim])
        return draws.uniform([self.latent_dim], -1.0, 1.0)

    def synthesize(self, latents, labels, draws):
        """Images `[B, H, W, C]` of latents, in training mode."""
        return self.generator(self._with_labels(latents, labels), training=True)

    def judge(self, images, labels):
        """All that the discriminator says of images `[B, H, W, C]`, in training mode."""
        return self.discriminator_outputs(images, labels, training=True)

    def show(self, images, draws):
        """Real or generated images as the discriminator is shown them."""
        return self._with_noise(images, draws)

    def discriminator_terms(self, real, fake, labels, draws):
        """What is added to the adversarial loss of the discriminator; `real`, `fake`: `Judged`."""
        if self.penalty is None:
            return {}
        return {self.penalty: (self.penalty_weight, self._penalty(real, fake, labels, draws))}

    def generator_terms(self, fake, labels, draws):
        """What is added to the adversarial loss of the generator; `fake`: `Judged`."""
        return {}

    def reduced(self, values, fake):
        """The generator's adversarial loss, a scalar, from those `[B]` of images; `fake`: `Judged`."""
        return tf.reduce_mean(values)

    def batch_options(self):
        """The options with which a loss reads several rows of the batch together, `{name: is_global}`.

        True: the replicas meet within the loss, so that it reads the whole batch; False: it reads the
        rows of one replica. Neither can be taken from the parts of gradient accumulation.
        """
        found = {"objective": True} if self._objective.batch_mean else {}
        penalty = penalties.get(self.penalty)
        return found | ({"penalty": True} if penalty and penalty.reads_batch else {})

    # === Losses ===

    def discriminate(self, images, labels):
        """Logits `[B, 1]` of images `[B, H, W, C]`, in training mode."""
        return self.judge(images, labels)["logits"]

    def generated(self, labels, draws):
        """Fresh images, judged."""
        latents = self.sample_latents(draws)
        originals = self.synthesize(latents, labels, draws)
        images = self.show(originals, draws)
        return Judged(images, self.judge(images, labels), latents, originals)

    def judged(self, images, labels, draws):
        """Real images, judged."""
        images = self.show(images, draws)
        return Judged(images, self.judge(images, labels))

    def discriminator_loss(self, images, labels, draws):
        """The discriminator's loss (float32 scalar) on real images, and what to log."""
        fake = self.generated(labels, draws)
        real = self.judged(images, labels, draws)
        means = self._global_means(real.logits, fake.logits)
        loss = self._objective.discriminator(real.logits, fake.logits, **means)
        wins = tf.reduce_mean(tf.cast(real.logits > fake.logits, tf.float32))
        terms = self.discriminator_terms(real, fake, labels, draws)
        return _with_terms("d_loss", tf.reduce_mean(loss), terms, {"d_accuracy": wins})

    def generator_loss(self, images, labels, draws):
        """The generator's loss (float32 scalar), and what to log."""
        objective = self._objective
        fake = self.generated(labels, draws)
        real = self.judged(images, labels, draws).logits if objective.needs_real else None
        means = self._global_means(real, fake.logits)
        loss = self.reduced(objective.generator(fake.logits, real, **means), fake)
        return _with_terms("g_loss", loss, self.generator_terms(fake, labels, draws), {})

    # === Pieces ===

    @property
    def _objective(self):
        objective = losses.get(self.objective, warn=False)
        return type(objective)(self.label_smoothing) if self.label_smoothing else objective

    def discriminator_outputs(self, images, labels=None, training=False):
        """What the discriminator gives for images `[B, H, W, C]`, as a dictionary with "logits"."""
        inputs = self._with_labels(images, labels) if self.judges_labels else images
        outputs = self.discriminator(inputs, training=training)
        return outputs if isinstance(outputs, dict) else {"logits": outputs}

    def _with_labels(self, values, labels):
        return values if self.num_classes is None else [values, labels]

    def _with_noise(self, images, draws):
        if not self.instance_noise:
            return images
        scale = tf.constant(self.instance_noise, tf.float32)
        if self.instance_noise_steps:
            done = tf.cast(self.iterations.value, tf.float32) / self.instance_noise_steps
            scale *= tf.maximum(0.0, 1 - done)
        return images + scale * draws.normal(images.shape[1:])

    def _penalty(self, real, fake, labels, draws):
        # Not within the branches of a lazy term, where replicas cannot meet.
        found = penalties.get(self.penalty)
        statistics = self._batch_stddev(real.images) if found.reads_batch else {}

        def penalty():
            critic = lambda images: self.discriminate(images, labels)  # noqa: E731
            values = found.values(critic, real.images, fake.images, draws.uniform, **statistics)
            return tf.reduce_mean(values)

        return self.every(self.penalty_every, draws, penalty)

    def every(self, k, draws, term, shape=()):
        """A term of that shape at every k-th update of the discriminator, or step of the generator, k
        times as strong, and 0 between (lazy regularisation, StyleGAN2, section 3.1)."""
        if k == 1:
            return term()
        step, turn = draws.update // (self.n_critic + 1), draws.update % (self.n_critic + 1)
        turn = tf.where(turn < self.n_critic, step * self.n_critic + turn, step)
        return tf.cond(turn % k == 0, lambda: k * term(), lambda: tf.zeros(shape))

    def _global_means(self, real_logits, fake_logits):
        """Means of the logits over all replicas, for losses that compare with the average."""
        if not self._objective.batch_mean:
            return {}
        means = [tf.reduce_mean(tf.cast(x, tf.float32)) for x in (real_logits, fake_logits)]
        return dict(zip(("real_mean", "fake_mean"), self.mean_over_replicas(means), strict=True))

    def _batch_stddev(self, images):
        """The standard deviation of all values of the images `[B, ...]` of all replicas."""
        mean = self.mean_over_replicas(tf.reduce_mean(images))
        variance = self.mean_over_replicas(tf.reduce_mean(tf.square(images - mean)))
        return {"stddev": tf.stop_gradient(tf.sqrt(variance))}

    def mean_over_replicas(self, tensors):
        """The mean over the replicas of a tensor, or of each in a list; gradients pass it.

        Only for losses that `batch_options` names: others are compiled without the other replicas.
        """
        if self._replicas == 1:
            return tensors
        return tf.distribute.get_replica_context().all_reduce("mean", tensors)


def _with_terms(name, loss, terms, logs):
    """A loss with its terms, and logs of it without them and of each."""
    logs = {name: loss, **logs, **{term: value for term, (_, value) in terms.items()}}
    weighted = [weight * value for weight, value in terms.values() if weight is not None]
    return loss + sum(weighted), logs
