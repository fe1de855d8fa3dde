"""Networks that a user's own class makes: refused where they would not train."""

import keras

_UNCHANGING = (keras.layers.Reshape, keras.layers.Flatten, keras.layers.Identity)
_BOUNDED = ("sigmoid", "softmax", "hard_sigmoid", "tanh", "softsign")


def check_networks(gan):
    """Refuses networks of a user's own that would train nothing, or not what they say.

    Raises:
        TypeError: A hook that returned no network.
        ValueError: A generator that is its own moving average, images of another shape, or a
            discriminator that ends in probabilities.
    """
    model = type(gan).__name__
    for name in ("generator", "discriminator"):
        network = getattr(gan, name)
        if not isinstance(network, keras.Layer):
            raise TypeError(
                f"{model}.build_{name}() must return a Keras model. Received: {network!r}."
            )
    for average, network in gan.ema_pairs():
        shared = {id(v) for v in network.variables} & {id(v) for v in average.variables}
        if average is network or shared:
            raise ValueError(
                f"{model}: {network.name!r} and its moving average have the same weights, so that "
                "training would change nothing. build_generator() must make new layers at each call."
            )
    shape = getattr(gan.generator, "output_shape", None) if gan.generator.built else None
    if isinstance(shape, tuple) and shape[1:] != gan.image_shape:
        raise ValueError(
            f"{model}.build_generator() makes images of shape {shape[1:]}, and image_shape is "
            f"{gan.image_shape}."
        )
    check_logits(model, gan.discriminator)


def check_logits(model, network):
    """Refuses a discriminator that ends in probabilities, where its layers can be seen."""
    activation = last_activation(network)
    if activation in _BOUNDED:
        raise ValueError(
            f"{model}: the discriminator ends in {activation!r}. Its output must be logits, any real "
            "numbers; the losses do what is left. Leave the activation out."
        )


def last_activation(network):
    """The name of the activation of the logits, where the layers can be seen; else None."""
    layer = network
    while isinstance(layer, keras.Model):
        outputs = getattr(layer, "_outputs_struct", None)  # of a functional model
        if isinstance(outputs, dict):
            outputs = outputs.get("logits")
        if isinstance(outputs, (list, tuple)):
            outputs = outputs[0]
        if isinstance(layer, keras.Sequential):
            changing = [each for each in layer.layers if not isinstance(each, _UNCHANGING)]
            layer = changing[-1] if changing else None
        else:  # in a class of a user's own, the order of calls cannot be seen
            layer = None if outputs is None else _operation(outputs)
    if type(layer).__name__.lower() in _BOUNDED:  # `keras.ops.sigmoid`, `layers.Softmax`
        return type(layer).__name__.lower()
    return getattr(getattr(layer, "activation", None), "__name__", None)


def _operation(tensor):
    """What made a symbolic tensor, behind layers that change no number."""
    history = tensor._keras_history
    if not isinstance(history.operation, _UNCHANGING):
        return history.operation
    node = history.operation._inbound_nodes[history.node_index]
    return _operation(node.arguments.keras_tensors[0])
