"""Checks of networks that are given to a `GAN`: what they give, and layers that training cannot hold."""

import warnings
import weakref

import keras
import tensorflow as tf

from tfgan_zoo.tasks import own_networks
from tfgan_zoo.tasks.given import last_activation

_POSITIVE = ("sigmoid", "hard_sigmoid", "softmax", "relu", "relu6", "softplus", "exponential")
_owners = weakref.WeakValueDictionary()  # {id of a variable: the model that trains it}


def check(gan):
    """Refuses given networks that would not train, or not as one replica does.

    Raises:
        ValueError: The message names the network, the layer and what to use.

    Warns:
        UserWarning: Weights that another model has too.
    """
    model = type(gan).__name__
    networks = {name: own_networks.given(gan, name) for name in own_networks.NETWORKS}
    networks = {name: network for name, network in networks.items() if network is not None}
    for name, network in networks.items():
        for layer in network._flatten_layers(include_self=False):
            if problem := _problem_of(layer):
                raise ValueError(f"{model}: the {name}'s layer {layer.name!r} is {problem}")
        _check_policy(model, name, network, gan.dtype_policy)
        _check_scope(model, name, network)
    if "generator" in networks:
        _check_range(model, gan.generator)
    _check_shared(gan, networks)


def check_outputs(gan, outputs):
    """Refuses a given generator that makes no images of `image_shape`, and a given discriminator that
    gives no logit for each image.

    Args:
        gan: The model.
        outputs: `{network: symbolic outputs}`, as of `own_networks.adopt`.
    """
    model = type(gan).__name__
    if "generator" in outputs:
        images, expected = outputs["generator"], (None, *gan.image_shape)
        if not _is_tensor(images, [expected]):
            raise ValueError(
                f"{model}: the generator must give floats of shape {expected}, images of image_shape="
                f"{gan.image_shape} in [-1, 1]. It gives: {_written(images)}."
            )
    if "discriminator" in outputs:
        logits = outputs["discriminator"]
        logits = logits.get("logits") if isinstance(logits, dict) else logits
        if not _is_tensor(logits, [(None,), (None, 1)]):
            raise ValueError(
                f"{model}: the discriminator must give one logit for each image, floats of shape "
                '(None, 1) or (None,), or a dictionary with such "logits". It gives: '
                f"{_written(outputs['discriminator'])}. Mean the logits of patches, or end in "
                "keras.layers.Dense(1)."
            )


def _is_tensor(value, shapes):
    if not isinstance(value, keras.KerasTensor) or not tf.as_dtype(value.dtype).is_floating:
        return False
    return any(tf.TensorShape(shape).is_compatible_with(value.shape) for shape in shapes)


def _written(outputs):
    return keras.tree.map_structure(lambda x: f"{x.dtype} {x.shape}", outputs)


def _problem_of(layer):
    """What a layer is that training cannot hold, and what to use, or ""."""
    kind = type(layer).__name__
    if isinstance(layer, keras.layers.SpectralNormalization):
        return (
            "a SpectralNormalization of Keras, which moves at every call, so that real and generated "
            "images are judged by different weights. Use tfgan_zoo.layers.SpectralConv2D or "
            "SpectralDense."
        )
    if isinstance(layer, keras.layers.BatchNormalization) and layer.synchronized:
        return (
            "a BatchNormalization with synchronized=True, which meets the other replicas within the "
            "network, where a compiled step cannot. Leave it out: moving statistics are averaged over "
            "the replicas after each update."
        )
    if layer._seed_generators:
        instead = (
            "Use tfgan_zoo.layers.Dropout"
            if "Dropout" in kind
            else "Use regularizers=[tfgan_zoo.regularizers.InstanceNoise(…)] for noise on images"
        )
        return (
            f"a {kind}, whose draws are the same on every replica and are not those of a resumed run. "
            f"{instead}."
        )
    return ""


def _check_policy(model, name, network, policy):
    """In half precision some layers must compute in it, and all others in float32."""
    leaves = [layer for layer in network._flatten_layers() if layer._trainable_variables]
    found = {layer.dtype_policy.name for layer in leaves}
    others = sorted(found - {policy.name, "float32"})
    if others or (leaves and policy.name not in found):
        name_of_policy = others[0] if others else "float32"
        raise ValueError(
            f"{model}: the {name} computes in {name_of_policy!r}, and the model's dtype is "
            f"{policy.name!r}. Make its layers after keras.config.set_dtype_policy({policy.name!r}), or "
            f"give dtype={name_of_policy!r}."
        )


def _check_scope(model, name, network):
    """Variables of a network belong to the strategy that the model is made under."""
    strategy = tf.distribute.get_strategy()
    for variable in network.variables:
        if not strategy.extended.variable_created_in_scope(variable.value):
            within = "within" if tf.distribute.has_strategy() else "outside"
            raise ValueError(
                f"{model} is made {within} strategy.scope(), and the {name} was not. Make the networks "
                "and the model within the same scope."
            )


def _check_range(model, generator):
    activation = last_activation(generator)
    if activation in _POSITIVE:
        raise ValueError(
            f"{model}: the generator ends in {activation!r}, and images lie in [-1, 1]. End in 'tanh', "
            "or without an activation."
        )


def _check_shared(gan, networks):
    """Weights of two players would be moved by both."""
    model = type(gan).__name__
    if len(networks) == 2:
        first, second = ({id(v): v for v in network.variables} for network in networks.values())
        if shared := [v.path for key, v in first.items() if key in second]:
            raise ValueError(
                f"{model}: generator and discriminator share the weights {shared[0]!r}, which both "
                "would move. Give each its own layers."
            )
    for name, network in networks.items():
        owners = [_owners.get(id(variable)) for variable in network.variables]
        if others := [owner for owner in owners if owner is not None and owner is not gan]:
            warnings.warn(
                f"{model}: the {name} has weights of another model, {others[0].name!r}: training one "
                "changes both. Make new layers where that is not meant.",
                stacklevel=4,
            )


def remember(gan):
    """Notes whose weights a model's are."""
    for network in gan.networks().values():
        _owners.update({id(variable): gan for variable in network.variables})
