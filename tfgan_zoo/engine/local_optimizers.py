"""Keras's optimizers without `tf.distribute`: each replica updates what it holds by itself."""

import functools

import keras
import tensorflow as tf
from keras.src.optimizers.base_optimizer import BaseOptimizer

_LOSS_SCALES = (1.0, 2.0**100)  # beyond, halving or doubling would soon give 0 or infinity for good


def keep_local(optimizer):
    """Gives an optimizer, and those within it, a class that does without `tf.distribute`."""
    for inner in [*vars(optimizer).get("_inner_optimizers", []), unwrap(optimizer)]:
        if inner is not optimizer:
            keep_local(inner)
    for variable in optimizer.variables:
        variable.value._aggregation = tf.VariableAggregation.NONE
    if isinstance(optimizer, _Local):
        return
    object.__setattr__(optimizer, "__class__", _local(type(optimizer)))
    if isinstance(optimizer, _LocalLossScale):
        optimizer._skipped = tf.Variable(0, trainable=False)  # of no checkpoint


@functools.cache
def _local(kind):
    """`kind` with `_Local` beneath it, so that its own methods stay and reach the plain ones by
    `super()`. It says that it is `kind`, and so is saved as that."""
    above = [_LocalLossScale] if issubclass(kind, keras.optimizers.LossScaleOptimizer) else []
    above += [_FusedAdam] if kind.update_step is keras.optimizers.Adam.update_step else []
    own = {"__class__": property(lambda self: kind), "__module__": kind.__module__}
    return type(kind.__name__, (*above, kind, _Local), own)


class _Local(keras.optimizers.Optimizer):
    """The base of Keras's optimizers on TensorFlow without `tf.distribute`: plain loops over what this
    replica holds. Like Keras, it hands TensorFlow's variables to `update_step`."""

    def _backend_update_step(self, grads, trainable_variables, learning_rate):
        BaseOptimizer._backend_update_step(self, grads, _plain(trainable_variables), learning_rate)

    def _apply_weight_decay(self, variables):
        BaseOptimizer._apply_weight_decay(self, _plain(variables))

    def _backend_increment_gradient_accumulators(self, grads, acc_grads):
        BaseOptimizer._backend_increment_gradient_accumulators(self, grads, acc_grads)

    def _overwrite_model_variables_with_average_value(self, trainable_variables):
        BaseOptimizer._overwrite_model_variables_with_average_value(self, trainable_variables)

    def load_own_variables(self, store):
        if len(store.keys()) not in (0, len(self.variables)):
            raise ValueError(
                f"The file has {len(store.keys())} variables of the optimizer {self.name!r}, which has "
                f"{len(self.variables)} here. It was saved with another optimizer, or with other layers "
                "frozen. Make these as they were before compile(), or load before compile()."
            )
        super().load_own_variables(store)


class _FusedAdam:
    """Above Keras's Adam, whose update of a variable is ten operations that each pass over memory: here
    it is one, of the same formula, which rounds otherwise."""

    def update_step(self, gradient, variable, learning_rate):
        if self.amsgrad or variable.dtype != tf.float32:
            return super().update_step(gradient, variable, learning_rate)
        place, step = self._get_variable_index(variable), tf.cast(self.iterations + 1, tf.float32)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[place].value.handle,
            v=self._velocities[place].value.handle,
            beta1_power=tf.pow(self.beta_1, step),
            beta2_power=tf.pow(self.beta_2, step),
            lr=tf.cast(learning_rate, tf.float32),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=tf.convert_to_tensor(gradient),  # of an embedding they are slices
        )


class _LocalLossScale:
    """Looks for infinities in gradients that are summed already, the same way on every replica."""

    def _tf_apply(self, grads, trainable_variables=None):
        self._common_apply(grads, trainable_variables)

    def check_finite(self, grads):
        """Of what will be applied: a scale that was set to 0 gives NaN from finite gradients."""
        scale = self.dynamic_scale.value
        return super().check_finite([g if g is None else g / scale for g in grads])

    def _stateful_handle_finite_grads(self, grads, trainable_variables):
        super()._stateful_handle_finite_grads(grads, trainable_variables)
        self._bound_scale()

    def _stateful_handle_non_finite_grads(self):
        super()._stateful_handle_non_finite_grads()
        self._bound_scale()
        self._skipped.assign_add(1)

    def _bound_scale(self):
        scale, lowest = self.dynamic_scale.value, lowest_scale(self)
        scale = tf.where(scale > lowest, tf.minimum(scale, _LOSS_SCALES[1]), lowest)  # NaN too
        self.dynamic_scale.assign(scale)


def lowest_scale(optimizer):
    """The loss scale below which it does not fall."""
    return min(_LOSS_SCALES[0], optimizer.initial_scale)


def _plain(variables):
    return [v.value if isinstance(v, keras.Variable) else v for v in variables]


def unwrap(optimizer):
    """The optimizer inside a `LossScaleOptimizer`, or the optimizer itself."""
    return getattr(optimizer, "inner_optimizer", optimizer)
