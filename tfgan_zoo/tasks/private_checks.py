"""What a model with `privacy` cannot have: all that would carry real images past the clipped sum."""

import keras
import numpy as np
import tensorflow as tf

from tfgan_zoo.engine.private import PLAYER
from tfgan_zoo.layers import MinibatchDiscrimination, MinibatchStddev, Rng
from tfgan_zoo.privacy import accounting
from tfgan_zoo.regularizers import Regularizer
from tfgan_zoo.regularizers.scheduled import Scheduled

_OF_BATCHES = {  # and the options by which models have none
    keras.layers.BatchNormalization: {
        "discriminator_normalization": "None",
        "generator_normalization": "None",
    },
    MinibatchStddev: {"stddev_features": 0},
    MinibatchDiscrimination: {"minibatch_discrimination": 0},
}
_ROWS = 4
_NEAR = {"float32": 1e-4, "mixed_bfloat16": 5e-2, "mixed_float16": 1e-2}  # of two sums of rows
_AFTER = (Regularizer.after_discriminator_update, Scheduled.after_discriminator_update)


def check(gan):
    """Refuses, with a ValueError, options, layers and strategies of which that is known beforehand."""
    if gan.privacy is None:
        return
    for found in (_strategy(gan), _options(gan), _regularizers(gan), _players(gan), _layers(gan)):
        if found:
            raise ValueError(f"{type(gan).__name__} cannot train with privacy=DPSGD(…): {found}")


def _strategy(gan):
    if gan._multi_worker:
        return "several workers would draw different secrets. Use one machine."
    if gan.gradient_accumulation_steps > 1:
        return (
            f"gradient_accumulation_steps={gan.gradient_accumulation_steps} cuts batches of a known "
            "size. Use DPSGD(microbatches=…), which saves memory too."
        )
    return ""


def _options(gan):
    reading = [n for n in gan.batch_options() if n not in {r.name for r in gan.regularizers}]
    if reading:
        return f"{gan._written(reading)} reads several images of a batch together."
    if gan.objective.needs_real:
        return f"the generator's loss of {gan.objective!r} reads real images."
    if gan.condition is not None and gan.condition.key != "labels":
        return f"its {gan.condition.key} belong to real images, and the generator reads them."
    if others := list(gan.batch_inputs()):
        return f"it reads {others[0]!r} of the data beside images and labels."
    return ""


def _regularizers(gan):
    for regularizer in gan.regularizers:
        if regularizer.reads is not None and not regularizer.weighs_examples:
            return f"{regularizer!r} reads several images of a batch together."
        if type(regularizer).after_discriminator_update not in _AFTER:
            return (
                f"{regularizer!r} keeps a statistic of what the discriminator says of real images."
            )
    return ""


def _players(gan):
    players = {player.name: player for player in gan.players()}
    if PLAYER not in players:
        return f"it has no player {PLAYER!r}, but {', '.join(players)}."
    if players[PLAYER].keep is not None or players[PLAYER].transforms:
        return "its discriminator has transforms, or keeps what its loss finds out of each image."
    return ""


def _layers(gan):
    networks = [
        *gan.networks_of(PLAYER),
        *([] if gan._generates_ahead else gan.networks_of("generator")),
    ]
    for network in networks:
        for layer in network._flatten_layers():
            if isinstance(layer, tuple(_OF_BATCHES)):
                return (
                    f"the layer {layer.name!r} ({type(layer).__name__}) of the network {network.name!r} "
                    f"makes an image's output depend on the others of its batch.{_remedy(gan, layer)}"
                )
    return ""


def _remedy(gan, layer):
    """The options that leave such a layer out, where the model has them."""
    options = next(found for kind, found in _OF_BATCHES.items() if isinstance(layer, kind))
    known = [f"{name}={value}" for name, value in options.items() if name in type(gan).defaults]
    return f" Make it without: {' and '.join(known)}." if known else ""


def check_loss(gan):
    """Refuses, before the first step, a loss that is not the mean of losses of single images, or that
    assigns to variables; and a missing accountant.

    Raises:
        ValueError: Such a loss.
        ImportError: `dp-accounting` is not installed.
    """
    if gan.privacy is None or getattr(gan, "_loss_is_checked", False):
        return
    accounting.epsilon(1, 0.5, 1.0, 0.1)
    first, rows = gan.get_weights(), _example_rows(gan)
    before = (
        gan.get_weights()
    )  # a generator may move its statistics: no real row has a part in them
    whole = _loss(gan, rows, range(_ROWS))
    alone = [_loss(gan, {k: v[i : i + 1] for k, v in rows.items()}, [i]) for i in range(_ROWS)]
    changed = [v.path for v, old in zip(gan.weights, before, strict=True) if _differ(v, old)]
    gan.set_weights(first)
    who = f"{type(gan).__name__} cannot train with privacy=DPSGD(…): its discriminator_loss()"
    if changed:
        raise ValueError(f"{who} changes {changed[0]}, which then tells of real images.")
    if not np.isclose(whole, np.mean(alone), _NEAR[gan.dtype_policy.name], 1e-6):
        raise ValueError(
            f"{who} is not the mean of the losses of single images: of {_ROWS} together it is "
            f"{whole:.6g}, and of each alone {np.mean(alone):.6g} in the mean. A layer, the objective, "
            "the penalty or a term compares images of a batch."
        )
    object.__setattr__(gan, "_loss_is_checked", True)


def _differ(variable, old):
    return not np.array_equal(np.asarray(variable.numpy()), old, equal_nan=True)


def _example_rows(gan):
    """Rows as a private update has them, of noise in place of images."""
    numbers = np.random.default_rng(0)
    images = numbers.uniform(-1, 1, (_ROWS, *gan.image_shape))
    rows = {"images": tf.constant(images, tf.float32)}
    if gan.condition is not None:
        rows["labels"] = tf.constant(np.arange(_ROWS) % gan.num_classes, tf.int32)
    if gan._generates_ahead:
        rows |= gan._ahead(_rng(gan, range(_ROWS)))
    return rows


def _rng(gan, examples):
    update = tf.constant(0, tf.int64)
    rng = Rng(gan.seed, update, 0, len(examples))
    rng.rows = tf.constant(list(examples), tf.uint32)
    return rng


def _loss(gan, rows, examples):
    """The discriminator's loss of these rows, as training computes it."""
    rng = _rng(gan, examples)
    with rng.active():
        return float(gan.player(PLAYER).loss(rows, rng)[0])
