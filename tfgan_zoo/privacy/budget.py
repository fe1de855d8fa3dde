"""What a model has spent of its privacy."""

import math

import keras
import numpy as np

from tfgan_zoo.files import json_number
from tfgan_zoo.privacy import accounting, earlier
from tfgan_zoo.privacy.earlier import BATCH, EXAMPLES, NOISE, UPDATES
from tfgan_zoo.privacy.sampling import OVERFLOW

_KEPT = 0.01  # of delta, for batches with more images than places


def spent(model, delta: float | None = None, ahead: int = 0) -> dict:
    """What is known of the privacy of a model's training data.

    Every update of the discriminator since the model was made counts, over all calls of `fit`; those
    that a resumed run repeats are the same ones. A hundredth of delta is kept for the chance that a
    batch has more images than places, at which a run ends; where that is too little, epsilon is
    infinite.

    Args:
        model: A GAN with `privacy`.
        delta: Float in (0, 1); by default that of `model.privacy`.
        ahead: Int. Updates yet to be made, which are to count too.

    Returns:
        Dictionary: epsilon, delta, accountant ("pld"), updates, sampling_probability, noise_multiplier,
        l2_norm_clip, images, batch_size, and in words "unit", what is protected, and "holds_for": of
        weights that began with others, which images epsilon is of.

    Raises:
        ImportError: `dp-accounting` is not installed.
        ValueError: A model without `privacy`, or whose updates were made with another noise multiplier
            than it has now; or a delta outside (0, 1).
    """
    if model.privacy is None:
        raise ValueError(f"{type(model).__name__} was made without privacy=DPSGD(…).")
    check_noise(model)
    if delta is not None and not 0 < delta < 1:
        raise ValueError(f"delta must be in (0, 1). Received: {delta}.")
    updates, images, batch = (int(model.state[n].numpy()) for n in (UPDATES, EXAMPLES, BATCH))
    updates += ahead
    delta = delta or model.privacy.delta or 1 / (10 * max(images, 1))
    probability = batch / images if images else 1.0
    noise = model.privacy.noise_multiplier
    value = accounting.epsilon(updates, probability, noise, delta * (1 - _KEPT)) if updates else 0.0
    if not value < 500 or (1 + math.exp(value)) * updates * OVERFLOW > _KEPT * delta:
        value = math.inf
    return {
        "epsilon": value,
        "delta": delta,
        "accountant": "pld",
        "updates": updates,
        "sampling_probability": probability,
        "noise_multiplier": noise,
        "l2_norm_clip": model.privacy.l2_norm_clip,
        "images": images,
        "batch_size": batch,
        "unit": "one image with its label, added or removed",
        "holds_for": earlier.holds_for(model),
    }


def check_noise(model):
    """Refuses a model some of whose updates had less noise, or more, than it says of all.

    Raises:
        ValueError: Such a model, as `from_preset` makes it of a private one with another `privacy`.
    """
    before, now = float(model.state[NOISE].numpy()), model.privacy.noise_multiplier
    if int(model.state[UPDATES].numpy()) and before != float(np.float32(now)):
        raise ValueError(
            f"The model has been trained privately with noise_multiplier={before:.6g}, and its epsilon "
            f"is that of one multiplier. Received: noise_multiplier={now:g}."
        )


def as_json(model, ahead=0):
    """`spent`, in which an infinite epsilon is the string "inf", since JSON has no such number; what is
    left of the bound of a model that goes on without privacy; None of one that never had any."""
    if getattr(model, "privacy", None) is None:
        return earlier.ended(model, ahead)
    found = spent(model, ahead=ahead)
    return found | {"epsilon": json_number(found["epsilon"])}


class Budget(keras.callbacks.Callback):
    """Puts `epsilon` among the logs of every step: what it will be at the end of the epoch, never
    less than it is. The sum takes up to seconds, and so is made once an epoch."""

    def on_epoch_begin(self, epoch, logs=None):
        steps = (
            self.params["steps"] - self.model._steps_to_skip
        )  # those that a resumed run has made
        updates = self.model.player("discriminator").updates
        self._epsilon = spent(self.model, ahead=steps * updates)["epsilon"]

    def on_train_batch_end(self, batch, logs=None):
        logs["epsilon"] = self._epsilon

    def on_epoch_end(self, epoch, logs=None):
        logs["epsilon"] = self._epsilon
