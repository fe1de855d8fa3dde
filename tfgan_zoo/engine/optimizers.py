"""Keras optimizers that can be applied inside an XLA program on each replica."""

import inspect
import math
import re
import warnings

import keras
import numpy as np
import tensorflow as tf
from keras.src.utils.naming import to_snake_case

from tfgan_zoo.engine.local_optimizers import keep_local, lowest_scale, unwrap


def prepare(player, optimizer, precision):
    """Makes an optimizer ready for gradients that are already summed over the replicas, and builds it.

    Keras's own `apply` sums the gradients itself and updates variables through `merge_call`, which
    neither XLA nor `tf.cond` can hold; and its `LossScaleOptimizer` looks for infinities before the
    sum, on the first replica only. Here the training step sums first, then every replica applies the
    same update to its own copy. Only the layer of Keras's optimizers that calls `tf.distribute` is
    replaced: what an optimizer's own class defines stays.

    Args:
        player: A `Player`.
        optimizer: A `keras.optimizers.Optimizer`, name or config.
        precision: Name of the model's dtype policy. "mixed_float16" adds dynamic loss scaling.

    Returns:
        The optimizer, and its config before loss scaling was added.

    Raises:
        ValueError: No optimizer, or one that other variables have.
    """
    argument, variables = player.optimizer_name, player.trainable_variables
    optimizer = _within_scope(argument, _known(argument, optimizer))
    _name(argument, optimizer)
    config = keras.saving.serialize_keras_object(optimizer)
    scaled = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
    if precision == "mixed_float16" and not scaled:
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    _check(argument, optimizer, variables)
    optimizer.build(variables)
    _check_patterns(argument, unwrap(optimizer), variables)
    keep_local(optimizer)
    return optimizer, config


def single(optimizer):
    """The optimizers that move weights: those inside a `LossScaleOptimizer` or `MultiOptimizer`."""
    optimizer = unwrap(optimizer)
    return [o for inner in getattr(optimizer, "optimizers", []) for o in single(inner)] or [
        optimizer
    ]


def fits(optimizer, variables):
    """Whether an optimizer that is built was built for these variables, in this order."""
    built_for = [id(variable) for variable in optimizer._trainable_variables]
    return built_for == [id(variable) for variable in variables]


class PlayerOptimizers(keras.optimizers.MultiOptimizer):
    """The players' optimizers as one, `gan.optimizer`: where Keras and its callbacks look for rates,
    averages of weights and the number of steps.

    Args:
        players: `{player: optimizer}`, which the training step applies itself.
        steps: The model's counter of training steps.
        before_end: Called when `fit` is about to put averages of weights in place of the weights.
    """

    def __init__(self, players, steps, before_end):
        super().__init__(None, name="player_optimizers")
        self._inner_optimizers = [inner for player in players.values() for inner in single(player)]
        names = [inner.name for inner in self._inner_optimizers]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(
                f"There are two optimizers named {min(twice)!r}, which logs cannot tell apart. Give one "
                "another name."
            )
        self._players = list(players.values())
        self._steps, self._before_end = steps, before_end
        self.built = True

    @property
    def iterations(self):
        return self._steps

    @property
    def variables(self):
        return [variable for player in self._players for variable in player.variables]

    @property
    def learning_rate(self):
        raise AttributeError(
            "A GAN has two learning rates: gan.g_optimizer.learning_rate and "
            "gan.d_optimizer.learning_rate."
        )

    @learning_rate.setter
    def learning_rate(self, value):
        raise AttributeError(
            "A GAN has two learning rates. Set gan.g_optimizer.learning_rate and "
            "gan.d_optimizer.learning_rate."
        )

    def apply(self, grads, trainable_variables=None):
        raise NotImplementedError("Gradients go to gan.g_optimizer or gan.d_optimizer.")

    def finalize_variable_values(self, var_list):
        self._before_end()
        for player in self._players:
            player.finalize_variable_values(player._trainable_variables)

    def __dir__(self):
        """Without the optimizers: Keras walks through these names to load what it could not before."""
        return set(super().__dir__()) - {"optimizers", "_inner_optimizers", "_players"}

    def save_own_variables(self, store):
        """Nothing: the model saves both optimizers as its own."""

    def load_own_variables(self, store):
        """Nothing, as above."""


class LossScaleWatch(keras.callbacks.Callback):
    """Warns, once a player and `fit`, when over a tenth of an epoch's updates were skipped for gradients
    that were not finite, or when the loss scale can fall no further."""

    def on_train_begin(self, logs=None):
        names = [player.name for player in self.model.players()]
        scaled = {name: self.model.optimizer_of(name) for name in names}
        self._watched = {name: o for name, o in scaled.items() if hasattr(o, "dynamic_scale")}

    def on_epoch_begin(self, epoch, logs=None):
        self._before = {name: self._counts(name) for name in self._watched}

    def on_epoch_end(self, epoch, logs=None):
        for name, before in self._before.items():
            due, skipped = np.subtract(self._counts(name), before)
            optimizer = self._watched[name]
            scale = float(optimizer.dynamic_scale.numpy())
            if skipped > due / 10 or (skipped and scale <= lowest_scale(optimizer)):
                del self._watched[name]
                _warn_of_skips(name, skipped, due, scale)

    def _counts(self, name):
        updates = self.model.player(name).updates
        skipped = int(self._watched[name]._skipped.numpy())
        return updates * int(self.model.iterations.numpy()), skipped


def _warn_of_skips(player, skips, due, scale):
    warnings.warn(
        f"{skips} of the {due} updates of the {player} in this epoch were skipped, since their "
        f"gradients were not finite in half precision; the loss scale is {scale:g} now. If this goes "
        "on, use dtype='mixed_bfloat16' or 'float32', or a lower learning rate.",
        stacklevel=2,
    )


def _known(argument, optimizer):
    try:
        return keras.optimizers.get(optimizer)
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"{argument} must be a Keras optimizer, or the name or config of one. Received: "
            f"{optimizer!r}."
        ) from error


def _name(argument, optimizer):
    """Names an optimizer that Keras named after its class, "adam_3", after its player: logs say it."""
    inner, *others = single(optimizer)
    if not others and re.fullmatch(
        rf"{to_snake_case(inner.__class__.__name__)}(_\d+)?", inner.name
    ):
        inner.name = argument


def _check(argument, optimizer, variables):
    if optimizer.built and not fits(optimizer, variables):
        raise ValueError(
            f"{argument} was built for other weights: it belongs to another model or player, or "
            "layers were frozen or thawed since. Give compile() a new optimizer."
        )
    scale = getattr(optimizer, "initial_scale", 1.0)
    if not (math.isfinite(scale) and scale > 0):
        raise ValueError(f"{argument}: initial_scale must be above 0. Received: {scale}.")


def _check_patterns(argument, optimizer, variables):
    """Refuses a `MultiOptimizer` with an optimizer of no weight, which Keras takes in silence."""
    patterns = getattr(optimizer, "_optimizer_map", None)
    for pattern, inner in patterns.items() if hasattr(patterns, "items") else ():
        if not inner.built:
            raise ValueError(
                f"{argument}: no weight that is trained has a path that matches {pattern!r}. The first "
                f"paths are {', '.join(variable.path for variable in variables[:4])}."
            )


def _within_scope(argument, optimizer):
    """The optimizer, or under a strategy in whose scope it was not made, a new one of its kind."""
    if not tf.distribute.has_strategy():
        return optimizer
    if isinstance(optimizer._iterations.value, tf.distribute.DistributedValues):
        return optimizer
    kind, config = optimizer.__class__, optimizer.get_config()
    own = inspect.signature(kind).parameters.values()
    named = {parameter.name for parameter in own if parameter.kind != parameter.VAR_KEYWORD}
    if lost := sorted(named - config.keys()):
        raise ValueError(
            f"{argument} was made outside strategy.scope(), and get_config() of {kind.__name__} lacks "
            f"{', '.join(lost)}, so that it cannot be made anew within. Make it within the scope."
        )
    made = kind.from_config(config)
    for name in ("_exclude_from_weight_decay", "_exclude_from_weight_decay_pattern"):
        if hasattr(optimizer, name):  # what no config has
            setattr(made, name, getattr(optimizer, name))
    return made
