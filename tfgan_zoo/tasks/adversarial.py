"""What generator and discriminator minimise, in hooks that a variant overrides."""

import contextlib
from typing import NamedTuple

import keras
import tensorflow as tf

from tfgan_zoo.engine import contracts
from tfgan_zoo.engine.players import Player
from tfgan_zoo.engine.private import LATENTS, ORIGINALS
from tfgan_zoo.losses import Objective
from tfgan_zoo.losses.patches import by_image
from tfgan_zoo.penalties import Penalty
from tfgan_zoo.regularizers import Regularizer
from tfgan_zoo.tasks.model import ZooModel


class DiscriminatorOutput(NamedTuple):
    """Images as the discriminator saw them, and what it gives for them.

    Attributes:
        images: float32 `[B, H, W, C]`.
        outputs: `{"logits": [B, 1] or, of P patches, [B, P], …}`.
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


class AdversarialLosses(ZooModel):
    """The losses of generator and discriminator, their penalty and regularizers.

    Losses take `(batch, rng)`: a dictionary of tensors `[B, …]`, "images" and what else the model takes
    of its data, and the random numbers of the update, a `tfgan_zoo.layers.Rng`. A term that a variant
    adds is a row `name: (weight, float32 scalar)`; with None for a weight it is only logged.
    """

    generator: keras.Model
    discriminator: keras.Model
    ema_generator: keras.Model
    objective: Objective
    penalty: Penalty | None
    latent_dim: int
    latent_distribution: str
    n_critic: int
    g_learning_rate: float
    d_learning_rate: float
    conditional_discriminator = True  # whether such a model's discriminator takes them too
    _removed = {
        "averages": "ema_pairs",
        "every": "lazy_regularization",
        "generated": "discriminate_generated",
        "judge": "discriminate",
        "judged": "discriminate_images",
        "judges_labels": "conditional_discriminator",
        "phase": "stage",
        "phases": "stages",
        "player_networks": "players",
        "reduced": "reduce_loss",
        "show": "augment_images",
    }

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        for name in cls._removed.keys() & vars(cls).keys():  # it would never be called
            raise TypeError(f"{cls.__name__}.{name} is called {cls._removed[name]} now. Rename it.")

    # === Hooks ===

    def players(self):
        """The discriminator with `n_critic` updates per step, then the generator."""
        return [
            Player(
                "discriminator",
                [self.discriminator],
                self.discriminator_loss,
                self.d_learning_rate,
                self.n_critic,
                self.after_discriminator_update,
            ),
            Player(
                "generator",
                [self.generator],
                self._generator_loss_in_scope,
                self.g_learning_rate,
                after_update=self.after_generator_update,
            ),
        ]

    def ema_pairs(self):
        return [(self.ema_generator, self.generator)]

    def after_discriminator_update(self, logs):
        """Called after every discriminator update, for example to clip its weights; `logs` holds
        means over the global batch, and takes more."""

    def after_generator_update(self, logs):
        """Called after every generator update; `logs` holds means over the global batch."""

    def sample_latents(self, rng):
        """Fresh latents `[B, D]`, of the distribution that `generate` draws from."""
        return rng.latents(self.latent_dim, self.latent_distribution)

    def synthesize(self, latents, batch, rng):
        """Images `[B, H, W, C]` of latents, in training mode."""
        images = self.generator(self.generator_inputs(latents, batch), training=True)
        return tf.cast(images, tf.float32)

    def augment_images(self, images, rng):
        """Real or generated images as the discriminator is given them."""
        for regularizer in self.regularizers:
            images = regularizer.augment_images(self, images, rng)
        return images

    def discriminate(self, images, batch):
        """All that the discriminator gives for images `[B, H, W, C]`, in training mode."""
        return self.discriminator_outputs(images, batch, training=True)

    def discriminator_terms(self, real, fake, batch, rng):
        """What is added to the adversarial loss of the discriminator, for two `DiscriminatorOutput`."""
        terms = {}
        if self.penalty is not None:
            value = self._penalty_value(real, fake, batch, rng)
            terms[self.penalty.name] = (self.penalty.weight, value)
        for regularizer in self.regularizers:
            found = regularizer.discriminator_terms(self, real, fake, batch, rng)
            terms = _joined(regularizer, "discriminator_terms", terms, found)
        return terms

    def generator_terms(self, fake, batch, rng):
        """What is added to the adversarial loss of the generator; `fake`: `DiscriminatorOutput`."""
        terms = {}
        for regularizer in self.regularizers:
            found = regularizer.generator_terms(self, fake, batch, rng)
            terms = _joined(regularizer, "generator_terms", terms, found)
        return terms

    def reduce_loss(self, values, fake):
        """The generator's adversarial loss, a scalar, from those `[B]` of images."""
        weights = [r.example_weights(self, fake) for r in self.regularizers]
        weights = [weight for weight in weights if weight is not None]
        if not weights:
            return tf.reduce_mean(values)
        if wrong := [weight for weight in weights if weight.shape != values.shape]:
            raise ValueError(
                f"example_weights() of a regularizer must have the shape of the images' losses, "
                f"{values.shape}. Received: {wrong[0].shape}."
            )
        weight = tf.reduce_prod(tf.stack(weights), axis=0)
        return tf.reduce_sum(weight * values) / tf.reduce_sum(weight)

    def batch_options(self):
        found = {"objective": True} if self.objective.batch_mean else {}
        found |= {"penalty": True} if self.penalty is not None and self.penalty.reads_batch else {}
        reading = [r for r in self.regularizers if r.reads or r.weighs_examples]
        return found | {r.name: r.reads == "global" for r in reading}

    # === Losses ===

    def discriminator_loss(self, batch, rng):
        """The discriminator's loss (float32 scalar) on real images, and what to log."""
        fake = self.discriminate_generated(batch, rng)
        real = self.discriminate_images(batch["images"], batch, rng)
        means = self._global_means(real.logits, fake.logits)
        loss = by_image(self.objective.discriminator, real.logits, fake.logits, **means)
        ranked = tf.reduce_mean(tf.cast(real.logits > fake.logits, tf.float32))
        terms = self.discriminator_terms(real, fake, batch, rng)
        return _with_terms("d_loss", tf.reduce_mean(loss), terms, {"d_ranking_accuracy": ranked})

    def generator_loss(self, batch, rng):
        """The generator's loss (float32 scalar), and what to log."""
        objective = self.objective
        fake = self.discriminate_generated(batch, rng)
        real = None
        if objective.needs_real:
            real = self.discriminate_images(batch["images"], batch, rng).logits
        means = self._global_means(real, fake.logits)
        loss = self.reduce_loss(by_image(objective.generator, fake.logits, real, **means), fake)
        return _with_terms("g_loss", loss, self.generator_terms(fake, batch, rng), {})

    def discriminate_generated(self, batch, rng):
        """The discriminator's output for fresh images."""
        is_ahead = ORIGINALS in batch  # of a private update
        latents = batch[LATENTS] if is_ahead else self.sample_latents(rng)
        originals = batch[ORIGINALS] if is_ahead else self.synthesize(latents, batch, rng)
        images = self.augment_images(originals, rng)
        return DiscriminatorOutput(images, self._discriminated(images, batch), latents, originals)

    def discriminate_images(self, images, batch, rng):
        """The discriminator's output for images `[B, H, W, C]` once they are augmented."""
        images = self.augment_images(images, rng)
        return DiscriminatorOutput(images, self._discriminated(images, batch))

    def discriminator_logits(self, images, batch):
        """Logits `[B, 1]`, or `[B, P]` of patches, of images `[B, H, W, C]`, in training mode."""
        return self._discriminated(images, batch)["logits"]

    def _discriminated(self, images, batch):
        who = f"{type(self).__name__}.discriminate()"
        return contracts.checked_outputs(who, self.discriminate(images, batch))

    # === Regularizers ===

    @property
    def skips_updates(self):
        return any(type(r).skip_update is not Regularizer.skip_update for r in self.regularizers)

    def observe(self, player, logs):
        if player == "discriminator":
            for regularizer in self.regularizers:
                regularizer.after_discriminator_update(self, logs)

    def skip_update(self, player):
        skipped = tf.constant(False)
        for regularizer in self.regularizers:
            skipped |= regularizer.skip_update(self, player)
        return skipped

    def _generator_loss_in_scope(self, batch, rng):
        with contextlib.ExitStack() as scopes:
            for regularizer in self.regularizers:
                scopes.enter_context(regularizer.generator_scope(self, batch, rng))
            return self.generator_loss(batch, rng)

    # === Pieces ===

    def generator_inputs(self, latents, batch):
        """What the generator is called with."""
        return latents if self.num_classes is None else [latents, batch["labels"]]

    def discriminator_inputs(self, images, batch):
        """What the discriminator is called with."""
        takes_labels = self.num_classes is not None and self.conditional_discriminator
        return [images, batch["labels"]] if takes_labels else images

    def discriminator_outputs(self, images, batch, training=False):
        """What the discriminator gives for images `[B, H, W, C]`, as a dictionary with "logits"."""
        inputs = self.discriminator_inputs(images, batch)
        outputs = self.discriminator(inputs, training=training)
        outputs = outputs if isinstance(outputs, dict) else {"logits": outputs}
        logits = tf.cast(outputs["logits"], tf.float32)
        return {**outputs, "logits": logits[:, None] if logits.shape.rank == 1 else logits}

    def _penalty_value(self, real, fake, batch, rng):
        # Not within the branches of a lazy term, where replicas cannot meet.
        statistics = self._batch_stddev(real.images) if self.penalty.reads_batch else {}

        def penalty():
            logits = lambda images: self.discriminator_logits(images, batch)  # noqa: E731
            critic = lambda images: tf.reduce_mean(logits(images), 1, keepdims=True)  # noqa: E731
            values = self.penalty.values(
                critic, real.images, fake.images, rng.uniform, **statistics
            )
            return tf.reduce_mean(values)

        lazy = self.lazy_regularization if self.privacy is None else self._lazy_of_one
        return lazy(self.penalty.every, rng, penalty)

    def lazy_regularization(self, k, rng, term, shape=()):
        """A term of that shape at every k-th update of the player, k times as strong, and 0 between
        (StyleGAN2, section 3.1)."""
        if k == 1:
            return term()
        return tf.cond(rng.player_update % k == 0, lambda: k * term(), lambda: tf.zeros(shape))

    def _global_means(self, real_logits, fake_logits):
        """Means of the logits over all replicas, for losses that compare with the average."""
        if not self.objective.batch_mean:
            return {}
        means = [tf.reduce_mean(tf.cast(x, tf.float32)) for x in (real_logits, fake_logits)]
        return dict(zip(("real_mean", "fake_mean"), self.mean_over_replicas(means), strict=True))

    def _batch_stddev(self, images):
        """The standard deviation of all values of the images `[B, ...]` of all replicas."""
        mean = self.mean_over_replicas(tf.reduce_mean(images))
        variance = self.mean_over_replicas(tf.reduce_mean(tf.square(images - mean)))
        return {"stddev": tf.stop_gradient(tf.sqrt(variance))}


def _joined(owner, hook, terms, found):
    who = f"{type(owner).__name__}.{hook}()"
    return contracts.joined(who, terms, contracts.checked_terms(who, found))


def _with_terms(name, loss, terms, logs):
    """A loss with its terms, and logs of it without them and of each."""
    contracts.checked_terms(f"The terms of {name}", terms)
    values = {term: value for term, (_, value) in terms.items()}
    logs = contracts.joined(f"The terms of {name}", {name: loss, **logs}, values)
    weighted = [weight * value for weight, value in terms.values() if weight is not None]
    return loss + sum(weighted), logs
