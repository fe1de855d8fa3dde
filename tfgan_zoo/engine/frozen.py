"""Layers that do not train: kept in a model's config, and held against what it was compiled with."""

from tfgan_zoo.engine import optimizers
from tfgan_zoo.layers.former_names import FORMER


def frozen_layers(gan):
    """Names of the layers with weights that are frozen, "discriminator/3/Conv2D": the network, the
    layer's place in it, its class."""
    return [name for name, layer in _layers(gan) if not layer.trainable]


def freeze_layers(gan, names):
    """Freezes exactly the layers of these names.

    Raises:
        ValueError: A name that the model does not have.
    """
    layers, names = dict(_layers(gan)), {_renamed(name) for name in names}
    if unknown := sorted(names - layers.keys()):
        raise ValueError(
            f"{type(gan).__name__} has no layer {unknown[0]!r} to freeze. The model was saved with "
            "other networks than its class builds now."
        )
    for name, layer in layers.items():  # outer ones first, which set those within
        layer.trainable = name not in names


def freeze_first(networks, count):
    """Freezes the first `count` layers of each network that have weights to train, and thaws the others
    of them.

    Raises:
        ValueError: A network has not more layers than that; nothing is changed.
    """
    layers = [[layer for layer in network.layers if _can_train(layer)] for network in networks]
    for network, found in zip(networks, layers, strict=True):
        if count >= len(found):
            names = ", ".join(layer.name for layer in found)
            raise ValueError(
                f"{network.name} has {len(found)} layers with weights to train, {names}: one at least "
                f"must stay. Received: {count}."
            )
    for found in layers:
        for place, layer in enumerate(found):
            layer.trainable = place >= count


def _can_train(layer):
    return any(inner._trainable_variables for inner in layer._flatten_layers())


def _renamed(name):
    """The name as it is now, of one saved by an earlier release."""
    place, _, layer = name.rpartition("/")
    return f"{place}/{FORMER.get(layer, layer)}"


def require_unchanged(gan):
    """Refuses to train no weights, or others than those that the model was compiled with."""
    players = gan.players()
    if not any(player.trainable_variables for player in players):
        raise ValueError(
            "All layers of all players are frozen, so there is nothing to train. Set "
            "layer.trainable = True for those that should, and call compile() again."
        )
    for player in players:
        optimizer, now = gan.optimizer_of(player.name), player.trainable_variables
        if optimizers.fits(optimizer, now):
            continue
        then = optimizer._trainable_variables
        known = {id(v) for v in then} & {id(v) for v in now}
        changed = [v.path for v in [*then, *now] if id(v) not in known]
        others = " and others" if len(changed) > 3 else ""
        raise ValueError(
            f"Layers of the {player.name} were frozen or thawed after compile(): "
            f"{', '.join(changed[:3])}{others}. Call compile() again, with new optimizers, "
            "to train with them so."
        )


def _layers(gan):
    """`(name, layer)` of the layers with weights in networks that are trained."""
    trained = {id(network) for player in gan.players() for network in player.networks}
    for name, network in gan.networks().items():
        if id(network) in trained:
            for place, layer in enumerate(network._flatten_layers()):
                if layer.weights:
                    yield f"{name}/{place}/{type(layer).__name__}", layer
