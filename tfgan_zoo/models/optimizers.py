"""Keras optimizers that can be applied inside an XLA program on each replica."""

import types

import keras
import tensorflow as tf
from keras.src.optimizers.base_optimizer import BaseOptimizer


def prepare(optimizer, variables, precision):
    """Makes `optimizer` ready for gradients that are already summed over the replicas, and builds it.

    Keras's own `apply` sums the gradients itself and updates variables through `merge_call`, which
    neither XLA nor `tf.cond` can hold; and its `LossScaleOptimizer` looks for infinities before the
    sum, on the first replica only. Here the training step sums first, then every replica applies the
    same update to its own copy: the base optimizer's plain loop, without the distribution layer.

    Args:
        optimizer: A `keras.optimizers.Optimizer`, name or config.
        variables: The trainable variables of one player.
        precision: Name of the model's dtype policy. "mixed_float16" adds dynamic loss scaling.
    """
    optimizer = _within_scope(keras.optimizers.get(optimizer))
    scaled = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
    if precision == "mixed_float16" and not scaled:
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    optimizer.build(variables)
    _keep_local(optimizer)
    return optimizer


def unwrap(optimizer):
    """The optimizer inside a `LossScaleOptimizer`, or the optimizer itself."""
    return getattr(optimizer, "inner_optimizer", optimizer)


def _within_scope(optimizer):
    """The optimizer, or under a strategy in whose scope it was not made, a new one of its kind."""
    if not tf.distribute.has_strategy():
        return optimizer
    if isinstance(optimizer.iterations.value, tf.distribute.DistributedValues):
        return optimizer
    return type(optimizer).from_config(optimizer.get_config())


def _keep_local(optimizer):
    if unwrap(optimizer) is not optimizer:
        optimizer._tf_apply = optimizer._common_apply
        _keep_local(optimizer.inner_optimizer)
    for variable in optimizer.variables:
        variable.value._aggregation = tf.VariableAggregation.NONE
    for name in (
        "_backend_update_step",
        "_backend_increment_gradient_accumulators",
        "_apply_weight_decay",
        "_overwrite_model_variables_with_average_value",
    ):
        setattr(optimizer, name, types.MethodType(getattr(BaseOptimizer, name), optimizer))
