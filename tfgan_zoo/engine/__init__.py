"""What trains any model: players, the training step, `compile`, `fit` and the state."""

from tfgan_zoo.engine.players import Player as Player
