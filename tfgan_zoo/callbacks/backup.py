"""Checkpoints from which a run goes on as if it had never stopped."""

import io
import json
import os
import pathlib
import warnings
import weakref

import tensorflow as tf
from keras.src.saving import saving_lib

from tfgan_zoo.callbacks.backup_secret import share_data, share_secret
from tfgan_zoo.callbacks.identity import brought_up, differences, identity
from tfgan_zoo.callbacks.steps import (
    StepCallback,
    load_states,
    not_finite,
    save_states,
    sum_over_replicas,
)
from tfgan_zoo.datasets.fingerprint import refuse_other
from tfgan_zoo.files import local, read_json, remove, settle, sha256, told
from tfgan_zoo.locks import Lock, sweep, unfinished

_WEIGHTS, _STATE = "model.weights.h5", "state.json"
_TRIES = 3
_FIELDS = {"step": int, "steps_per_epoch": int, "replicas": int, "sha256": str, "identity": dict}


class BackupAndRestore(StepCallback):
    """Saves the whole state of training, and continues from it bit for bit.

    A checkpoint is the folder `<directory>/<step>/` with the weights (networks, average, counters and
    both optimizers' slots) and a JSON file that says what they belong to. It appears in one rename
    and the one before it stays, so a process killed at any instant leaves a good one; the newest, if
    it turns out damaged, is set aside and the one before is used, with a warning. Weights that are
    not finite are never saved. The last step of `fit` is saved always. Checkpoints stay after
    training: remove the folder to begin anew.

    A `DivergenceGuard` of the same `fit` goes on too: its copies, what it saw and its tries are in the
    checkpoint. Keras's own callbacks begin to count anew, `EarlyStopping`'s patience for one, and are
    told once more that the epoch begins in which a run was cut: give `LearningRateScheduler` a function
    of the epoch alone.

    `fit` restores before it builds its data, so that the order of the images goes on too. Of several
    workers the first one writes and all read: `directory` must be on a disk that they share. While one
    process trains, no other one can: it holds a lock, which the kernel releases even after `kill -9`.

    Example:

    ```python
    gan.fit(images, epochs=10, callbacks=[BackupAndRestore("checkpoints")])  # killed, run again: resumes
    ```

    Args:
        directory: Folder of the checkpoints.
        save_freq: "epoch", or a number of steps.
        keep: Int, 2 or more. Checkpoints that stay.
        run_config: Dictionary of JSON values that must be the same when the run is continued, and
            that the model does not know, such as the name of the data set and the batch size.

    Raises:
        ValueError: The model, its optimizers, `run_config`, the images (of arrays and sources, wherever
            they lie) or the number of steps in an epoch differ from the checkpoint's (each difference
            is named, with both values); with `privacy`, already before the first checkpoint, and of the
            batch size and the first weights too; or no checkpoint of those in `directory` can be read;
            or two workers read different ones.
        InUseError: Another process trains on this folder; the message names it.
    """

    def __init__(
        self,
        directory: str | os.PathLike,
        save_freq: int | str = "epoch",
        keep: int = 2,
        run_config: dict | None = None,
    ):
        super().__init__(save_freq)
        if keep < 2:
            raise ValueError(f"keep must be 2 or more, one in reserve. Received: keep={keep}.")
        self.directory, self.keep = local(directory), keep
        self.run_config = run_config or {}
        self._saved_step, self._lock = None, None

    def restore(self, gan, others=()):
        """Loads the newest good checkpoint into `gan`. Returns whether there is one.

        Args:
            gan: The compiled model.
            others: The callbacks of the run; those with a state get back theirs.
        """
        self._identity = identity(gan, self.run_config)
        self._others = [callback for callback in others if callback is not self]
        self._state, self._saved_step = None, None
        writes = gan.distribute_strategy.extended.should_checkpoint
        if writes:
            self._take_lock()
        candidates = checkpoints(self.directory)
        has_secret = gan.privacy is not None and share_secret(
            gan, self.directory, candidates, self._identity
        )
        for folder in reversed(candidates):
            state = read_state(folder)
            if state is not None:
                self._load(gan, folder, state)
                break
            _set_aside(folder, writes)
        _require_agreement(gan)
        if candidates and self._state is None:
            raise ValueError(
                f"None of the {len(candidates)} checkpoints in {self.directory} can be read. Remove "
                "the folder to begin anew."
            )
        self._goes_on = has_secret or self._state is not None
        return self._state is not None

    def _take_lock(self):
        if self._lock is None:
            with told(self.directory):
                self._lock = Lock(self.directory / ".lock", f"The run in {self.directory}")
            # Also where `fit` raises, after which Keras calls nothing.
            self._release = weakref.finalize(self, self._lock.release)

    def _load(self, gan, folder, state):
        _refuse(differences(brought_up(state, self._identity, gan), self._identity), folder)
        replicas = gan.distribute_strategy.num_replicas_in_sync
        if state["replicas"] != replicas:
            warnings.warn(
                f"The checkpoint is of a run on {state['replicas']} replicas; on {replicas} it goes "
                "on to float tolerance, not bit for bit.",
                stacklevel=2,
            )
        _give(gan, folder, state)
        load_states(self._others, folder)
        self._state, self._saved_step = state, state["step"]

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        self._data = self.model.data_fingerprint()
        if self._state is not None:
            refuse_other(self._state.get("data"), self._data, self.directory)
            was, now = self._state["steps_per_epoch"], self.steps_per_epoch
            if was != now:
                _refuse(
                    [f"steps in an epoch (images / batch_size): checkpoint {was}, now {now}"],
                    self.directory,
                )
        if self.model.privacy is not None:
            share_data(self.model, self.directory, self._goes_on)

    def on_step(self, step, logs):
        self.save()

    def on_epoch_end(self, epoch, logs=None):
        if self.model.stop_training or epoch + 1 == self.params["epochs"]:
            self.save_last()  # before a callback that swaps weights comes to it

    def on_train_end(self, logs=None):
        self.save_last()
        if self._lock is not None:
            self._release()
            self._lock = None

    def save_last(self):
        """Writes a checkpoint of the last step, where there is none yet."""
        if self.step != self._saved_step and self.step > 0:
            self.save()

    def save(self):
        """Writes a checkpoint of the present step, unless its weights are not finite."""
        self._saved_step = self.step
        if not self.is_chief:
            return
        if bad := not_finite(self.model):
            warnings.warn(
                f"Step {self.step} is not saved: {', '.join(bad[:3])} hold NaN or infinity.",
                stacklevel=2,
            )
            return
        target = self.directory / f"{self.step:09d}"
        with told(target), unfinished(self.directory, target.name) as folder:
            folder.mkdir()
            write_weights(self.model, folder / _WEIGHTS)
            save_states(self._others, folder)
            (folder / _STATE).write_text(json.dumps(self._description(folder), indent=1))
            if target.exists():  # saved before, and the weights were changed by hand since
                os.replace(target, folder.with_name("older"))
            settle(folder, target)
        self._tidy()

    def _description(self, folder):
        return {
            "step": self.step,
            "steps_per_epoch": self.steps_per_epoch,
            "replicas": self.model.distribute_strategy.num_replicas_in_sync,
            "sha256": sha256(folder / _WEIGHTS),
            "identity": self._identity,
            "data": self._data,
            "learned_before": self.model.learned_before,
        }

    def _tidy(self):
        """Removes older checkpoints, and what killed processes left half written."""
        for folder in checkpoints(self.directory)[: -self.keep]:
            remove(folder)
        sweep(self.directory)


def write_weights(model, path):
    """`model.save_weights`, but HDF5 works in memory: it ends the process where a disk is full."""
    memory = io.BytesIO()
    store = saving_lib.H5IOStore(memory, mode="w")
    saving_lib._save_state(model, store, None, inner_path="", visited_saveables=set())
    store.close()
    path.write_bytes(memory.getbuffer())


def checkpoints(directory):
    """Folders of the checkpoints in `directory`, oldest first."""
    folders = pathlib.Path(directory).glob("[0-9]*")
    return sorted(f for f in folders if f.is_dir() and f.name.isdigit())


def read_state(folder):
    """The description of a checkpoint, or None if it, or the weights beside it, are damaged."""
    try:
        state = read_json(folder / _STATE, keys=_FIELDS)
        return state if state["sha256"] == sha256(folder / _WEIGHTS) else None
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, ValueError):
        return None


def load_newest(gan, directory):
    """Loads the newest good checkpoint into a model, for samples. Returns its step, or None."""
    for _ in range(_TRIES):
        for folder in reversed(checkpoints(directory)):
            state = read_state(folder)
            if state is not None:
                _give(gan, folder, state)
                return state["step"]
        # None is good, or all were replaced by newer ones while we looked: the run goes on.
    return None


def _give(gan, folder, state):
    """Gives a model the weights of a checkpoint, and what these had learned before its run."""
    gan.load_weights(folder / _WEIGHTS)
    gan.learned_before = state.get("learned_before")


def _refuse(found, place):
    if found:
        raise ValueError(
            f"The checkpoint in {place} is of another run. {'; '.join(found)}. Make these as they "
            "were, or train in a new folder."
        )


def _set_aside(folder, writes):
    """Renames a damaged checkpoint, so that it is neither used nor counted, and tells."""
    warnings.warn(f"The checkpoint {folder} is damaged; the one before is used.", stacklevel=3)
    if writes:
        aside = folder.with_name(f"damaged-{folder.name}")
        remove(aside)
        os.replace(folder, aside)


def _require_agreement(gan):
    """Workers that go on from different steps would exchange gradients of different batches."""
    strategy = gan.distribute_strategy
    if not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        return
    step = int(gan.iterations.numpy())
    if sum_over_replicas(strategy, step) != step * strategy.num_replicas_in_sync:
        raise ValueError(
            f"This worker continues from step {step}, another one from a different step. The folder "
            "of the checkpoints must be on a disk that all workers share."
        )
