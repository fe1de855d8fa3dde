"""The generator's loss against the discriminator of some updates ahead."""

import contextlib

import keras
import tensorflow as tf

from tfgan_zoo.regularizers.base import Regularizer

_BESIDE_THE_RULE = (
    "weight_decay",
    "clipnorm",
    "global_clipnorm",
    "clipvalue",
    "ema_overwrite_frequency",
    "gradient_accumulation_steps",
)


class Unrolled(Regularizer):
    """The generator's loss is taken against the discriminator after `steps` more of its own updates.

    Each update is made on the batch of the step: the same real images, fresh latents, the whole loss of
    the discriminator, its gradients averaged over the replicas, and the rule of its optimizer from its
    present state; the generator's gradient passes all of these. The discriminator, its optimizer and its
    statistics are left as they are; the generator's moving statistics move as they would without.

    The discriminator is to be trained by Adam, or SGD without momentum.

    Args:
        steps: Int. Updates ahead; 1 to 10 in the paper.

    Reference: Metz et al., "Unrolled Generative Adversarial Networks", 2016 (arXiv:1611.02163),
    section 2.
    """

    reads = "global"
    bounds = {"steps": ">= 1"}

    def __init__(self, steps: int = 5):
        self.steps = steps

    def check_compile(self, model):
        """Refuses, with a ValueError, an optimizer whose updates are not written out here."""
        optimizer = _unwrapped(model.optimizer_of("discriminator"))
        _rule(optimizer)
        set_ = [name for name in _BESIDE_THE_RULE if getattr(optimizer, name)]
        if set_:
            raise ValueError(
                f"Unrolled needs a discriminator's optimizer without {', '.join(set_)}, which its "
                "updates ahead would not have."
            )

    @contextlib.contextmanager
    def generator_scope(self, model, batch, rng):
        variables = model.trainable_of("discriminator")
        values = [tf.convert_to_tensor(variable.value) for variable in variables]
        optimizer = model.optimizer_of("discriminator")
        rule, scale = _rule(_unwrapped(optimizer)), optimizer.scale_loss(tf.constant(1.0))
        for _ in range(self.steps):
            gradients = self._gradients(model, batch, rng, variables, values, scale)
            values = rule(values, gradients)
        with _with_weights(variables, values) as scope:
            yield
        for network in model.networks_of("generator"):
            for variable in network.non_trainable_variables:
                if (value := scope.get_current_value(variable)) is not None:
                    variable.assign(value)

    def _gradients(self, model, batch, rng, variables, values, scale):
        """Those of the discriminator's loss by its weights, where these have `values`."""
        with (
            _with_weights(variables, values),
            tf.GradientTape(watch_accessed_variables=False) as tape,
        ):
            tape.watch(values)
            loss, _ = model.discriminator_loss(batch, rng)
            loss *= scale
        gradients = tape.gradient(loss, values, unconnected_gradients="zero")
        return model.mean_over_replicas([gradient / scale for gradient in gradients])


def _with_weights(variables, values):
    """Keras's scope in which layers read `values`, and assign to nothing outside."""
    return keras.StatelessScope(state_mapping=list(zip(variables, values, strict=True)))


def _unwrapped(optimizer):
    """The optimizer inside a `LossScaleOptimizer`, or the optimizer itself."""
    return getattr(optimizer, "inner_optimizer", optimizer)


def _rule(optimizer):
    """The optimizer's update as a function of weights and gradients, that keeps its own state."""
    kind = optimizer.__class__
    if kind is keras.optimizers.SGD and not optimizer.momentum:
        return lambda values, gradients: _descended(optimizer, values, gradients)
    if kind is keras.optimizers.Adam and not optimizer.amsgrad:
        return _Adam(optimizer)
    raise ValueError(
        "Unrolled needs a discriminator that is trained by Adam, or by SGD without momentum, "
        f"whose updates can be written out. Received: {kind.__name__}."
    )


def _descended(optimizer, values, gradients):
    rate = tf.cast(optimizer.learning_rate, tf.float32)
    return [value - rate * gradient for value, gradient in zip(values, gradients, strict=True)]


class _Adam:
    """Adam from where an optimizer stands, through whose moments gradients pass."""

    def __init__(self, optimizer):
        self.optimizer = optimizer
        self.step = tf.cast(optimizer.iterations.value, tf.float32)
        self.means = [tf.convert_to_tensor(m.value) for m in optimizer._momentums]
        self.squares = [tf.convert_to_tensor(v.value) for v in optimizer._velocities]

    def __call__(self, values, gradients):
        first, second = self.optimizer.beta_1, self.optimizer.beta_2
        self.step += 1
        rate = tf.cast(self.optimizer.learning_rate, tf.float32)
        rate *= tf.sqrt(1 - second**self.step) / (1 - first**self.step)
        pairs = list(zip(self.means, self.squares, gradients, strict=True))
        self.means = [first * mean + (1 - first) * g for mean, _, g in pairs]
        self.squares = [second * square + (1 - second) * g * g for _, square, g in pairs]
        # The root has no slope at 0, where a unit is dead; below the bound epsilon rules anyway.
        lengths = [tf.sqrt(tf.maximum(square, 1e-30)) for square in self.squares]
        return [
            value - rate * mean / (length + self.optimizer.epsilon)
            for value, mean, length in zip(values, self.means, lengths, strict=True)
        ]
