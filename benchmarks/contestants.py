"""What a contestant of the training benchmark is, and the values that all of them compute losses of."""

from typing import Any, NamedTuple

import numpy as np
from rounds import Clock, peak_mib, timed
from rows import labels_of


class Contestant(NamedTuple):
    """A model that is ready to train.

    Attributes:
        parameters: Numbers of trained parameters of generator and discriminator.
        train: `train(steps, after_step)` trains, and calls `after_step(index)` after each step.
        losses: `losses(given)` computes, of what `inputs_of` gives, the values of
            `{"d_loss", "g_loss"}` and, of a model with one, "penalty".
    """

    parameters: list
    train: Any
    losses: Any


def inputs_of(row, weights):
    """What the losses are compared at: lists of the weights of both networks, or None for those that a
    contestant has; real images; latents; labels, or None."""
    rng, count = np.random.default_rng(2), row.batch
    return {
        "weights": weights,
        "real": rng.uniform(-1, 1, (count, *row.shape)).astype("float32"),
        "latents": rng.normal(size=(count, latent_dim_of(row))).astype("float32"),
        "labels": labels_of(row, count),
    }


def latent_dim_of(row):
    return row.options.get("latent_dim", 100 if row.model == "DCGAN" else 128)


def first_step(contestant):
    """Seconds of the first step, compilation included, and of the last of two more."""
    clock, found = Clock(), {}
    contestant.train(1, lambda index: found.update(clock.read()))
    second = timed(contestant.train, 1)
    return {"first_step_seconds": found["seconds"], "step_seconds": second["seconds"]}


def round_of(contestant, steps):
    """Trains `steps` steps after a first one, and says what they took."""
    return {"steps": steps, **timed(contestant.train, steps), "peak_mib": peak_mib()}
