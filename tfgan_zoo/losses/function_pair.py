"""An objective of two functions that a user gives."""

import inspect
from collections.abc import Callable

import keras
import tensorflow as tf

from tfgan_zoo.losses.base import Objective
from tfgan_zoo.losses.functions import flat_logits, logits_pair

_CALLS = {
    "d_loss": "d_loss(real_logits, fake_logits)",
    "g_loss": "g_loss(fake_logits) or g_loss(fake_logits, real_logits)",
}


class FunctionPair(Objective):
    """The objective `losses.get((d_loss, g_loss))`.

    Both are called once, with zeros, when the pair is made, and their results checked. Logits are handed
    over as float32 `[B]`. A function gives `[B]`, one value an example, or a scalar:
    under several replicas, and under gradient accumulation, the scalar of a part of the batch, of which
    the mean is taken. A model is saved with it where both functions are registered with Keras:

    ```python
    @keras.saving.register_keras_serializable(package="mine")
    def d_loss(real_logits, fake_logits):
        return tf.nn.relu(1 - real_logits) + tf.nn.relu(1 + fake_logits)
    ```

    Args:
        d_loss: Called as `d_loss(real_logits, fake_logits)`.
        g_loss: Called as `g_loss(fake_logits)`, or, where it has two parameters without defaults, as
            `g_loss(fake_logits, real_logits)`.

    Raises:
        TypeError: No functions.
        ValueError: Functions of other parameters, shapes or dtypes.
    """

    def __init__(self, d_loss: Callable, g_loss: Callable):
        for role, function in (("d_loss", d_loss), ("g_loss", g_loss)):
            if not callable(function) or inspect.isclass(function):
                raise TypeError(f"{role} must be a function. Received: {role}={function!r}.")
        self.d_loss, self.g_loss = d_loss, g_loss
        _require_parameters("d_loss", d_loss, 2)
        self.needs_real = _count(g_loss) == 2
        _require_parameters("g_loss", g_loss, 1 + self.needs_real)
        with tf.init_scope():
            logits = tf.zeros([3])
            self.discriminator(logits, logits)
            self.per_example = self.generator(logits, logits).shape.rank == 1

    def discriminator(self, real_logits, fake_logits, real_mean=None, fake_mean=None):
        pair = logits_pair(real_logits, fake_logits)
        return _result("d_loss", self.d_loss(*pair), pair[0])

    def generator(self, fake_logits, real_logits=None, real_mean=None, fake_mean=None):
        if self.needs_real:
            real, fake = logits_pair(real_logits, fake_logits)
            return _result("g_loss", self.g_loss(fake, real), fake)
        fake = flat_logits(fake_logits, "fake_logits")
        return _result("g_loss", self.g_loss(fake), fake)

    def arguments(self):
        return {"d_loss": self.d_loss, "g_loss": self.g_loss}

    def get_config(self):
        return {name: _registered_name(function) for name, function in self.arguments().items()}

    @classmethod
    def from_config(cls, config):
        return cls(**{name: _registered(name, value) for name, value in config.items()})


def _parameters(function):
    """The positional parameters of a function, or None where Python does not know them."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    return [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]


def _count(function):
    """The number of parameters that must be given by place."""
    parameters = _parameters(function)
    return 1 if parameters is None else sum(p.default is p.empty for p in parameters)


def _require_parameters(role, function, count):
    parameters = _parameters(function)
    if parameters is None:
        return
    try:
        inspect.signature(function).bind(*range(count))
    except TypeError:
        raise ValueError(
            f"{role} is called as {_CALLS[role]}. Received a function with the parameters "
            f"{inspect.signature(function)}."
        ) from None
    names = [p.name for p in parameters[:count]]
    first, second = ("real", "fake") if role == "d_loss" else ("fake", "real")
    if second in names[0] or (count == 2 and len(names) == 2 and first in names[1]):
        raise ValueError(
            f"{role} is called as {_CALLS[role]}, in this order. Received a function with the "
            f"parameters ({', '.join(names)})."
        )


def _result(role, values, logits):
    """What a function gave, as float32 `[B]` or a scalar."""
    values = tf.convert_to_tensor(values)
    if values.shape.rank == 2 and values.shape[1] == 1:
        values = values[:, 0]
    is_good = values.shape.rank == 0 or values.shape.is_compatible_with(logits.shape)
    if not (is_good and values.shape.rank in (0, 1) and values.dtype.is_floating):
        raise ValueError(
            f"{role} must give floats of shape {logits.shape}, one for each image, or a scalar. "
            f"Received: {values.dtype.name} of shape {values.shape}."
        )
    return tf.cast(values, tf.float32)


def _registered_name(function):
    """The name under which Keras finds a function again."""
    name = keras.saving.get_registered_name(function)
    if keras.saving.get_registered_object(name) is not function:
        called = getattr(function, "__name__", repr(function))
        raise ValueError(
            f"The objective's function {called!r} cannot be saved: Keras does not know its name. "
            'Put @keras.saving.register_keras_serializable(package="…") before its definition.'
        )
    return name


def _registered(role, value):
    if not isinstance(value, str):
        return value
    function = keras.saving.get_registered_object(value)
    if function is None:
        raise ValueError(
            f"{role} of the saved objective is the function {value!r}, which is not registered with "
            "Keras. Import the module that defines it before the model is loaded."
        )
    return function
