"""What hooks owe, checked when a step is traced: another shape would train on another loss."""

import keras
import tensorflow as tf

from tfgan_zoo import numbers
from tfgan_zoo.engine.players import Player


def checked_players(gan):
    """The players of a model.

    Raises:
        TypeError: Something else than a list of `Player`s.
        ValueError: Two of one name, or networks that a saved model would not have.
    """
    players, hook = gan.players(), f"{type(gan).__name__}.players()"
    if not isinstance(players, (list, tuple)) or not all(isinstance(p, Player) for p in players):
        raise TypeError(
            f"{hook} must give a list of tfgan_zoo.engine.Player. Received: {players!r}."
        )
    names = [player.name for player in players]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(
            f"{hook} must give players of different names; one with several updates in a step has "
            f"updates=…. Received {twice[0]!r} twice."
        )
    for player in players:
        _check_player(gan, player, f"{hook}: the player {player.name!r}")
    return players


def _check_player(gan, player, who):
    networks = player.networks
    is_list = isinstance(networks, (list, tuple))
    if not is_list or not all(isinstance(network, keras.Layer) for network in networks):
        raise TypeError(f"{who} must have a list of Keras models. Received: networks={networks!r}.")
    numbers.integer(f"{who}: updates", player.updates)
    known = {id(network) for network in gan.networks().values()}
    if unknown := [network.name for network in networks if id(network) not in known]:
        raise ValueError(
            f"{who} has the network {unknown[0]!r}, which {type(gan).__name__}.networks() does not "
            "name, and which would be left out of what is exported. Add it there."
        )


def checked_loss(player):
    """The loss of a player, whose results are checked."""

    def loss(batch, rng):
        result, who = player.loss(batch, rng), f"The loss of the player {player.name!r}"
        count = 2 if player.keep is None else 3
        if not isinstance(result, tuple) or len(result) != count or not isinstance(result[1], dict):
            more = "" if count == 2 else ", and what `keep` is given"
            raise TypeError(
                f"{who} must give (loss, logs): a float32 scalar, and a dictionary of scalars, which "
                f"may be empty{more}. Received: {result!r}."
            )
        value, logs, *rows = result
        if not tf.is_tensor(value) or value.shape.rank != 0 or not value.dtype.is_floating:
            raise TypeError(f"{who} must be a float32 scalar tensor. Received: {value!r}.")
        for name, log in logs.items():
            _require_scalar(f"{who}: the log {name!r}", log)
        return value, logs, rows[0] if rows else {}

    return loss


def checked_terms(who, terms):
    """Terms of a loss, `{name: (weight or None, scalar)}`, as a hook gave them."""
    if not isinstance(terms, dict):
        raise TypeError(f"{who} must give {{name: (weight, scalar)}}. Received: {terms!r}.")
    for name, term in terms.items():
        if not isinstance(term, (tuple, list)) or len(term) != 2:
            raise TypeError(
                f"{who} must give (weight, scalar) for {name!r}; a weight of None is only logged. "
                f"Received: {term!r}."
            )
        _require_scalar(f"{who}: the term {name!r}", term[1])
    return terms


def joined(who, first, second):
    """Two dictionaries of terms or logs as one; a name in both would lose what one of them has."""
    if both := first.keys() & second.keys():
        raise ValueError(
            f"{who}: {min(both)!r} is the name of another term or log of this loss already. Give one "
            "of them another name."
        )
    return first | second


def checked_outputs(who, outputs):
    """What a discriminator gives, as a hook gave it: a dictionary with logits `[B, 1]`,
    or `[B, P]` of the patches of an image."""
    if not isinstance(outputs, dict) or "logits" not in outputs:
        raise TypeError(
            f"{who} must give a dictionary with 'logits', float32 [B, 1]. Received: {outputs!r}."
        )
    return outputs


def _require_scalar(who, value):
    shape = tf.convert_to_tensor(value).shape
    if shape.rank != 0:
        raise ValueError(f"{who} must be a scalar, such as a mean. Received the shape {shape}.")


def by_player(optimizers):
    """A copy of `{player: optimizer}`; empty of None."""
    if optimizers is not None and not isinstance(optimizers, dict):
        raise TypeError(
            f"optimizers must be a dictionary such as {{'generator': 'adam'}}. Received: {optimizers!r}."
        )
    return dict(optimizers or {})
