"""The part of the training step that is differentially private: the update of the discriminator.

It alone is given real rows. Each of them is computed by itself and clipped (`privacy.clipping`), and
what an update gives beside the sum, logs and what `keep` takes, is left out. What belongs to an example,
its generated image and its random numbers, follows from its number in the data, not from its place in
the batch, which depends on the others.
"""

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from tfgan_zoo.engine.class_names import ClassNames
from tfgan_zoo.layers import Rng
from tfgan_zoo.privacy import budget, clipping, noise, sampling

PLAYER = "discriminator"
LATENTS, ORIGINALS = "private/latents", "private/originals"  # of an example's generated image
_DRAWS_BEFORE = 1 << 20  # of a loss; labels are drawn beyond these


def drawn_secret():
    """Four new words of the operating system's randomness, int64 in [0, 2**32)."""
    return np.frombuffer(os.urandom(16), np.uint32).astype(np.int64)


class Refusing(dict):
    """A dictionary that says who reads of real images what is not in it."""

    def __init__(self, who, what, values=()):
        super().__init__(values)
        self.who, self.what = who, what

    def __missing__(self, key):
        raise ValueError(
            f"{self.who} reads {key!r} of {self.what}. With privacy=DPSGD(…) only the loss of the "
            "discriminator may read real images: their effect elsewhere would not be clipped and noised."
        )


class Private(ClassNames):
    """What `TrainingStep` does otherwise where the model has `privacy`."""

    condition: Any
    optimizer_of: Callable
    player: Callable
    privacy = None
    _generates_ahead = (
        False  # whether `_generated_ahead` gives images that no real row has a part in
    )

    def _generated_ahead(self, rng):
        """Latents and generated images for the rows of a private update; the same on all replicas."""
        raise NotImplementedError(f"{type(self).__name__} must define _generated_ahead().")

    def _check_private_loss(self):
        """Called before training, to refuse a loss whose real rows would meet, or leave a trace."""

    def _counters(self):
        spent = [self.state[budget.UPDATES]] if self.privacy else []
        return [*super()._counters(), *spent]

    def _add_privacy(self):
        """Adds what is counted, and draws the secret of noise and sampling, which Keras does not see."""
        for name in (budget.UPDATES, budget.EXAMPLES, budget.BATCH):
            self.add_state(name, 0, "int64")
        self.add_state(budget.NOISE)
        object.__setattr__(self, "_secret", tf.Variable(drawn_secret(), trainable=False))

    @property
    def _privacy_secret(self):
        """Four ints in [0, 2**32), from which noise and sampling follow: see `privacy.DPSGD`."""
        return [int(word) for word in self._secret.numpy()]

    @_privacy_secret.setter
    def _privacy_secret(self, words):
        self._secret.assign(words)

    def _is_private(self, player):
        """Whether that player's update is clipped and noised."""
        return self.privacy is not None and player == PLAYER

    # === Gradients ===

    def _private_scale(self, optimizer):
        """The loss scale of a private update, a constant: one that follows what overflows would tell."""
        scale = getattr(optimizer, "initial_scale", None) or optimizer.loss_scale_factor or 1.0
        return float(scale)

    def _clipped(self, player, compute):
        """The computation whose gradients are the sum of clipped ones, without logs."""

        def clipped_sum(batch, rng, share):
            ahead, batch = self._ahead(rng), dict(batch)
            slots = batch.pop(sampling.SLOT)
            if self._generates_ahead:
                slots %= rng.count
                batch |= {name: tf.gather(value, slots) for name, value in ahead.items()}
            variables = player.trainable_variables
            scale = self._private_scale(self.optimizer_of(player.name))

            def of_one(row):
                one = {name: value[None] for name, value in row.items()}
                number = tf.cast(one.pop(sampling.INDEX), tf.uint32)
                one.pop(sampling.MASK)
                found, _ = compute(one, rng.of_examples(number, rng), 1.0)
                return [tf.cast(gradient, tf.float32) / scale for gradient in found]

            shapes = [variable.shape for variable in variables]
            part = self._privacy_part(rng.count)
            return clipping.clipped_sum(of_one, batch, shapes, self.privacy.l2_norm_clip, part), {}

        return clipped_sum

    def _lazy_of_one(self, k, rng, term):
        """A term at every k-th update, k times as strong. It is computed at all: `tf.vectorized_map` has
        no gradient of `tf.cond`."""
        return k * tf.cast(rng.player_update % k == 0, tf.float32) * term()

    def _ahead(self, rng):
        """`{LATENTS: …, ORIGINALS: …}` of generated images in which real rows have no part, or {}."""
        if not self._generates_ahead:
            return {}
        rng.rows = tf.cast(tf.range(rng.count), tf.uint32)  # the same on all replicas
        return dict(zip((LATENTS, ORIGINALS), self._generated_ahead(rng), strict=True))

    def _privacy_part(self, rows):
        """How many of a replica's rows are computed at once."""
        parts = self.privacy.microbatches
        return rows // parts if parts else clipping.ROWS

    def _noised(self, turn, sums):
        """The mean of an update's gradients, of sums over all replicas; all add the same noise."""
        update = self.iterations.value * self.player(PLAYER).updates + tf.cast(turn, tf.int64)
        key = tuple(tf.cast(self._secret[place], tf.uint32) for place in (2, 3))
        draws = noise.normal(key, update, [gradient.shape for gradient in sums])
        stddev = self.privacy.l2_norm_clip * self.privacy.noise_multiplier
        size = tf.cast(self.state[budget.BATCH].value, tf.float32)
        scale = self.optimizer_of(PLAYER).scale_loss(tf.constant(1.0))  # which it will divide by
        self.state[budget.UPDATES].assign_add(1)
        return [
            scale * (gradient + stddev * drawn) / size
            for gradient, drawn in zip(sums, draws, strict=True)
        ]

    # === Rows ===

    def _without_real(self, player, rng):
        """What players beside the discriminator are given: labels that are drawn evenly, and no more."""
        who = f"The loss of the player {player.name!r} of {type(self).__name__}"
        batch = Refusing(who, "the data")
        if self.condition is not None:
            after = Rng(0, rng.update, 0, 1)
            after._made = _DRAWS_BEFORE
            drawn = rng.of_examples(rng.rows, after).uniform([])
            batch["labels"] = tf.cast(drawn * self.num_classes, tf.int32)
        return batch

    # === Data ===

    def _private_places(self, count, batch_size):
        """Places of a batch over all replicas, a multiple of the parts that these compute."""
        replicas = self._replicas
        needed = sampling.places(count, batch_size / count)
        parts = self.privacy.microbatches
        multiple = replicas * (parts or clipping.ROWS)
        return -(-needed // multiple) * multiple

    def _begin_privacy(self, count, batch_size):
        """Fixes the number of images, the batch size and the noise, which the accountant takes for those
        of all updates.

        Raises:
            ValueError: Others than before.
        """
        budget.check_noise(self)
        for name, value in ((budget.EXAMPLES, count), (budget.BATCH, batch_size)):
            before = int(self.state[name].numpy())
            if int(self.state[budget.UPDATES].numpy()) and before != value:
                what = name.partition("/")[2].replace("examples", "images")
                raise ValueError(
                    f"The model has been trained privately with {what}={before}, and its epsilon is "
                    f"that of one sampling probability. Received: {what}={value}."
                )
            self.state[name].assign(value)
        self.state[budget.NOISE].assign(self.privacy.noise_multiplier)
        self._public_rows = batch_size // self._replicas  # of players that get no real ones
