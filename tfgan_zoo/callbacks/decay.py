"""Rates that fall towards the end of training."""

import keras

from tfgan_zoo import numbers


class LinearDecay(keras.callbacks.Callback):
    """Lowers the rates of all players linearly to zero, between two steps.

    A rate is a function of the step alone, so that a resumed run has those of an unbroken one.

    Args:
        begin: Int. The last step at the full rate, that of the player.
        end: Int. The step whose rate would be zero, such as the number of the last one.

    Raises:
        ValueError: `end` that is not after `begin`; before training, an optimizer with a schedule.

    Reference: Zhu et al. 2017 (arXiv:1703.10593, section 4).
    """

    def __init__(self, begin: int, end: int):
        super().__init__()
        self.begin, self.end = numbers.integer("begin", begin, 0), numbers.integer("end", end)
        if end <= begin:
            raise ValueError(f"end must be after begin={begin}. Received: end={end}.")

    def on_train_begin(self, logs=None):
        for player in self.model.players():
            rate = _inner(self.model.optimizer_of(player.name))._learning_rate
            if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
                raise ValueError(
                    f"The optimizer of the {player.name} has a schedule, and LinearDecay sets its rate. "
                    "Use one of them."
                )

    def on_train_batch_begin(self, batch, logs=None):
        step = int(self.model.iterations.numpy())
        share = min(1.0, (self.end - step) / (self.end - self.begin))
        for player in self.model.players():
            optimizer = _inner(self.model.optimizer_of(player.name))
            optimizer.learning_rate = player.learning_rate * max(share, 0.0)


def _inner(optimizer):
    """The optimizer that holds the rate, without loss scaling."""
    return getattr(optimizer, "inner_optimizer", optimizer)
