"""Exponential moving averages of weights."""

import tensorflow as tf


def move(pairs, decay, steps):
    """Moves each average towards its network, by at most (1 + steps) / (10 + steps) at the beginning.

    Args:
        pairs: List of `(average, network)`, Keras models of the same layers.
        decay: Float in [0, 1).
        steps: float32 scalar tensor. Training steps before this one.
    """
    decay = tf.minimum(decay, (1 + steps) / (10 + steps))
    for averaged, network in pairs:
        for average, variable in zip(averaged.variables, network.variables, strict=True):
            average.assign_add((1 - decay) * (variable.value - average.value))


def begin(pairs):
    """Makes each average, a network of its own that does not train, start at its network's weights."""
    for average, network in pairs:
        average.trainable = False
        average.set_weights(network.get_weights())
        average.name = f"ema_{network.name}"
