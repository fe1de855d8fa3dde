"""What trains any model: players, the training step, `compile`, `fit` and the state."""
