"""Players: what is updated, by which loss, how often."""

from collections.abc import Callable
from typing import NamedTuple

_SHORT = {"generator": "g", "discriminator": "d"}


class Player(NamedTuple):
    """A part of a model that has a loss and an optimizer of its own.

    Attributes:
        name: "generator", "discriminator" or another; names the optimizer and the logs.
        networks: List of the Keras models whose trainable weights it updates.
        loss: From `(batch, rng)` to a float32 scalar and a dictionary of scalars to log. `batch` is a
            dictionary of tensors `[B, …]`, `rng` a `tfgan_zoo.layers.Rng`. It may give a third value,
            `{name: float32 [B, …]}`, for `keep`.
        learning_rate: Float. Rate of its default optimizer.
        updates: Int. Updates per training step, each on data of its own; the last player's end with
            the last of the step's data.
        after_update: Called after every update with its logs, means over the global batch.
        keep: Called after every update with that third value, of the whole global batch, `[N, …]`: what
            a loss found out of each example, such as the images of a pool. It changes the model's state,
            in the same way on every replica. Such a loss does without gradient accumulation.
        transforms: Functions of gradients, applied in order: see `tfgan_zoo.engine.gradients`.
    """

    name: str
    networks: list
    loss: Callable
    learning_rate: float
    updates: int = 1
    after_update: Callable = lambda logs: None
    keep: Callable | None = None
    transforms: tuple = ()

    @property
    def trainable_variables(self):
        return [v for network in self.networks for v in network.trainable_variables]

    @property
    def prefix(self):
        """What its optimizer and its logs begin with: "g", "d", or the name."""
        return _SHORT.get(self.name, self.name)

    @property
    def optimizer_name(self):
        """The attribute of the model and the argument of `compile`: "g_optimizer"."""
        return f"{self.prefix}_optimizer"
