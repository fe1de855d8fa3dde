"""What the callbacks share: when a step is due, and what a model consists of."""

import warnings
import zipfile

import keras
import numpy as np
import tensorflow as tf


class StepCallback(keras.callbacks.Callback):
    """Calls `on_step(step, logs)` after training steps whose number is a multiple of `every`.

    Steps are counted from the model's first one, over all calls of `fit`; a resumed run calls it for
    no step twice.

    Args:
        every: Int, or "epoch".
    """

    def __init__(self, every):
        super().__init__()
        if every != "epoch" and not (isinstance(every, int) and every >= 1):
            raise ValueError(f"An interval must be 'epoch' or a positive int. Received: {every!r}.")
        self.every = every

    def on_train_begin(self, logs=None):
        self.step = int(self.model.iterations.numpy())
        self.steps_per_epoch = self.params["steps"]
        self.interval = self.steps_per_epoch if self.every == "epoch" else self.every

    def on_train_batch_end(self, batch, logs=None):
        step = int(self.model.iterations.numpy())
        is_due = step // self.interval > self.step // self.interval
        self.step = step  # the same as before for batches that a resumed epoch skips
        if is_due:
            self.on_step(step, {name: float(np.mean(value)) for name, value in logs.items()})

    def on_step(self, step, logs):
        """What to do after step number `step`, whose logs are floats."""
        raise NotImplementedError

    @property
    def is_chief(self):
        """Whether this process writes files; of several workers, one does."""
        return self.model.distribute_strategy.extended.should_checkpoint


def sum_over_replicas(strategy, value):
    """The sum of an int, or a list of ints, that each worker has for itself, over all replicas."""

    @tf.function
    def total():
        mine = strategy.run(lambda: tf.constant(value, tf.int64))
        return strategy.reduce("SUM", mine, axis=None)

    return total().numpy()


def state_of(gan):
    """All variables that training changes: networks, averages, counters and all optimizers."""
    optimizers = [gan.optimizer_of(player.name) for player in gan.players()]
    return [*gan.variables, *(v for optimizer in optimizers for v in optimizer.variables)]


def not_finite(gan):
    """Paths of the variables that hold NaN or infinity."""
    return [v.path for v in state_of(gan) if not np.isfinite(np.asarray(v.numpy())).all()]


def save_states(callbacks, folder):
    """Writes `<folder>/<class>.npz` for each callback with `state()`, a dictionary of arrays, and
    `restore_state`, which takes one."""
    for callback in callbacks:
        if hasattr(callback, "restore_state"):
            np.savez(folder / f"{type(callback).__name__}.npz", **callback.state())


def load_states(callbacks, folder):
    """Hands to each callback with a `restore_state` what `save_states` wrote of its class, if it did."""
    for callback in callbacks:
        path = folder / f"{type(callback).__name__}.npz"
        if not hasattr(callback, "restore_state") or not path.exists():
            continue
        try:
            with np.load(path, allow_pickle=False) as arrays:
                callback.restore_state({name: arrays[name] for name in arrays})
        except (zipfile.BadZipFile, OSError, ValueError, KeyError) as error:
            warnings.warn(
                f"{path} cannot be read ({error}); {type(callback).__name__} begins anew.",
                stacklevel=2,
            )


def base_optimizers(gan):
    """`{"g": …, "d": …}`: the optimizers that hold the rates of all players, without loss scaling."""
    players = reversed(gan.players())
    optimizers = {player.prefix: gan.optimizer_of(player.name) for player in players}
    return {name: getattr(o, "inner_optimizer", o) for name, o in optimizers.items()}
