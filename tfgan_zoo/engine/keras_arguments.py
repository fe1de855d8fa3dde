"""What Keras's `compile`, `fit` and callbacks know and a GAN does not: refused, with what to use."""

import importlib.util
import inspect

import keras

from tfgan_zoo import extras
from tfgan_zoo.presets import near
from tfgan_zoo.privacy.budget import Budget

_SCORES = (
    "Score generated images by tfgan_zoo.callbacks.Evaluate, against held-out images; translations by "
    "tfgan_zoo.evaluation.evaluate_translation."
)
_LOSSES = "The losses are options of the model: objective, penalty and their weights."
_ALIKE = "Every image counts alike: give fit a set that has more of some."
_OWN_SIZES = "It belongs to validation_data, which a GAN does not have."
_INSTEAD = {
    "optimizer": "Give g_optimizer and d_optimizer, one for each player.",
    "learning_rate": "Set g_learning_rate and d_learning_rate of the model, or give optimizers.",
    "loss": _LOSSES,
    "loss_weights": _LOSSES,
    "metrics": _SCORES,
    "weighted_metrics": _SCORES,
    "auto_scale_loss": "A model of dtype='mixed_float16' scales its loss always.",
    "validation_data": _SCORES,
    "validation_split": _SCORES,
    "validation_freq": _OWN_SIZES,
    "validation_steps": _OWN_SIZES,
    "validation_batch_size": _OWN_SIZES,
    "class_weight": _ALIKE,
    "sample_weight": _ALIKE,
}
# What Keras has by default, which asks for nothing.
_NOTHING = {"auto_scale_loss": True, "validation_freq": 1, "validation_split": 0.0}


def refuse_arguments(method, function, others):
    """Raises for arguments that `function` does not have, but for those that ask for nothing.

    Raises:
        TypeError: Always, where one is left.
    """
    for name, value in others.items():
        if name in _INSTEAD and _asks_nothing(name, value):
            continue
        known = [p for p in inspect.signature(function).parameters if p not in ("self", "others")]
        hint = f" {_INSTEAD[name]}" if name in _INSTEAD else near(name, known)
        raise TypeError(
            f"{method}() of a GAN takes no {name!r}.{hint} It takes: {', '.join(known)}."
        )


def _asks_nothing(name, value):
    nothing = _NOTHING.get(name)
    return value is None or (isinstance(value, (int, float)) and value == nothing)


def check_callbacks(callbacks, optimizers, privacy=None):
    """The callbacks as a list, before which a private model has `Budget`; those that cannot do here what
    they are for are refused.

    Args:
        callbacks: A `keras.callbacks.Callback`, a list of them, or None.
        optimizers: The optimizers that move weights.
        privacy: The model's `DPSGD`, or None.

    Raises:
        TypeError: No callback.
        ValueError: A callback that reads real images, of a private model; or that would have no
        effect, or a wrong one.
    """
    if isinstance(callbacks, keras.callbacks.CallbackList):
        callbacks = callbacks.callbacks
    is_several = callbacks is None or hasattr(callbacks, "__iter__")
    listed = list(callbacks or []) if is_several else [callbacks]
    swapping = False
    for callback in listed:
        if not isinstance(callback, keras.callbacks.Callback):
            raise TypeError(
                f"callbacks must be objects of keras.callbacks.Callback. Received: {callback!r}."
            )
        fault = _fault(callback, optimizers)
        if swapping and hasattr(callback, "restore"):
            fault = "Put it before SwapEMAWeights, or it saves averages in place of the weights."
        if privacy is not None and getattr(callback, "reads_real_images", False):
            fault = (
                "it compares with real images, which epsilon does not cover. Leave it out of a run with "
                "privacy, and score afterwards, on images that are not the private ones."
            )
        if fault:
            raise ValueError(f"{type(callback).__name__}: {fault}")
        swapping |= isinstance(callback, keras.callbacks.SwapEMAWeights)
    return listed if privacy is None else [Budget(), *listed]


def _fault(callback, optimizers):
    of_keras = keras.callbacks
    if isinstance(callback, of_keras.BackupAndRestore):
        return (
            "it would load weights after the order of the images is fixed. Use "
            "tfgan_zoo.callbacks.BackupAndRestore, which goes on bit for bit."
        )
    if isinstance(callback, of_keras.TensorBoard) and not importlib.util.find_spec("tensorboard"):
        return (
            f"TensorFlow does not install TensorBoard any more. Run {extras.command('tensorboard')}, or "
            "use tfgan_zoo.callbacks.TensorBoardScalars, which does without."
        )
    if isinstance(callback, of_keras.SwapEMAWeights):
        return _fault_of_swap(callback, optimizers)
    if isinstance(callback, of_keras.ModelCheckpoint) and "{val_" in str(callback.filepath):
        return (
            f"a GAN has no validation that could name {callback.filepath!r}. Give one of the logs."
        )
    if isinstance(callback, of_keras.ModelCheckpoint) and not callback.save_weights_only:
        if not str(callback.filepath).endswith(".keras"):
            return f"give a file that ends in .keras. Received: {callback.filepath!r}."
        if not callback.save_best_only:
            return None
    monitors = (of_keras.EarlyStopping, of_keras.ReduceLROnPlateau)
    best = isinstance(callback, of_keras.ModelCheckpoint) and callback.save_best_only
    return _fault_of_monitor(callback) if best or isinstance(callback, monitors) else None


def _fault_of_swap(callback, optimizers):
    if not any(optimizer.use_ema for optimizer in optimizers):
        return "neither g_optimizer nor d_optimizer has use_ema=True."
    if not callback.swap_on_epoch:
        return "it would swap around evaluate() only, which a GAN lacks. Give swap_on_epoch=True."
    return None


def _fault_of_monitor(callback):
    if str(callback.monitor).startswith("val_"):
        return (
            f"monitor={callback.monitor!r} is never logged, for a GAN has no validation. Give one of "
            "the logs, such as monitor='g_loss', and mode='min' or 'max'."
        )
    if getattr(callback, "mode", None) == "auto" and getattr(callback, "monitor_op", None) is None:
        return (
            f"mode='auto' cannot know whether {callback.monitor!r} should fall or rise. Give "
            "mode='min' or mode='max'."
        )
    return None
