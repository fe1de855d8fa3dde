"""A player that is ahead waits."""

from tfgan_zoo.regularizers.base import Regularizer


class Balance(Regularizer):
    """Leaves out updates of the player that is ahead.

    A running average is kept of how often the discriminator ranks a real image above a generated one:
    0.5 is no better than chance. Above `high` the discriminator's update is left out, below `low` those
    of the other players. Larsen et al. 2016 (VAEGAN) do the like in their code.

    Args:
        low, high: Floats, 0 <= low < high <= 1.
    """

    bounds = {"low": "[0, 1]", "high": "[0, 1]"}

    def __init__(self, low: float, high: float):
        self.low = low
        self.high = high
        if low >= high:
            raise ValueError(
                f"Balance: low must be less than high. Received: low={low!r}, high={high!r}."
            )

    def build(self, model):
        self.d_ranking_accuracy = model.add_state("balance/d_ranking_accuracy", 0.5)

    def after_discriminator_update(self, model, logs):
        found = self._log(logs, "d_ranking_accuracy")
        self.d_ranking_accuracy.assign_add(0.01 * (found - self.d_ranking_accuracy))

    def skip_update(self, model, player):
        wins = self.d_ranking_accuracy.value
        is_discriminator = getattr(player, "name", player) == "discriminator"
        return wins > self.high if is_discriminator else wins < self.low
