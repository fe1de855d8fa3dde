"""The discriminator some updates ahead, as a function of the generator.

Reference: Metz et al., "Unrolled Generative Adversarial Networks", 2016 (arXiv:1611.02163), section 2.
"""

import contextlib

import keras
import tensorflow as tf

from tfgan_zoo.engine import optimizers

_BESIDE_THE_RULE = (
    "weight_decay",
    "clipnorm",
    "global_clipnorm",
    "clipvalue",
    "ema_overwrite_frequency",
    "gradient_accumulation_steps",
)


@contextlib.contextmanager
def ahead(gan, images, labels, draws):
    """Within, the discriminator has the weights of `gan.unrolled_steps` more of its own updates.

    Each update is made on the batch of the step: the same real images, fresh latents, the whole loss of
    the discriminator, its gradients averaged over the replicas, and the rule of its optimizer from its
    present state; the generator's gradient passes all of these. The
    discriminator, its optimizer and its statistics are left as they are; the generator's moving
    statistics move as they would without.

    Raises:
        ValueError: An optimizer other than Adam and SGD without momentum.
    """
    variables = gan._variables("discriminator")
    values = [tf.convert_to_tensor(variable.value) for variable in variables]
    rule = _rule(optimizers.unwrap(gan.d_optimizer))
    scale = gan.d_optimizer.scale_loss(tf.constant(1.0))
    for _ in range(gan.unrolled_steps):
        with (
            _with_weights(variables, values),
            tf.GradientTape(watch_accessed_variables=False) as tape,
        ):
            tape.watch(values)
            loss, _ = gan.discriminator_loss(images, labels, draws)
            loss *= scale
        gradients = tape.gradient(loss, values, unconnected_gradients="zero")
        gradients = gan.mean_over_replicas([gradient / scale for gradient in gradients])
        values = rule(values, gradients)
    with _with_weights(variables, values) as scope:
        yield
    for network in gan.player_networks("generator"):
        for variable in network.non_trainable_variables:
            if (value := scope.get_current_value(variable)) is not None:
                variable.assign(value)


def _with_weights(variables, values):
    """Keras's scope in which layers read `values`, and assign to nothing outside."""
    return keras.StatelessScope(state_mapping=list(zip(variables, values, strict=True)))


def check(optimizer):
    """Refuses, with a ValueError, an optimizer whose updates are not written out here."""
    _rule(optimizer)
    set_ = [name for name in _BESIDE_THE_RULE if getattr(optimizer, name)]
    if set_:
        raise ValueError(
            f"unrolled_steps needs a discriminator's optimizer without {', '.join(set_)}, which its "
            "updates ahead would not have."
        )


def _rule(optimizer):
    """The optimizer's update as a function of weights and gradients, that keeps its own state."""
    kind = optimizer.__class__
    plain = kind is keras.optimizers.SGD and not optimizer.momentum
    if plain:
        return lambda values, gradients: _descended(optimizer, values, gradients)
    if kind is keras.optimizers.Adam and not optimizer.amsgrad:
        return _Adam(optimizer)
    raise ValueError(
        "unrolled_steps needs a discriminator that is trained by Adam, or by SGD without momentum, "
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
