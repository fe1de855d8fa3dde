"""Logs of every step: JSON lines, and scalars for TensorBoard."""

import json
import os
import time

from tfgan_zoo.callbacks.steps import StepCallback
from tfgan_zoo.callbacks.tensorboard import Writer
from tfgan_zoo.files import atomic_write, json_number, local, read_json_lines, told


class JsonlLogger(StepCallback):
    """Writes one line of JSON for each step: `step`, `epoch` (from 1), `time` and the logs.

    The time is in seconds since 1970; it is left out where the model has `privacy`, since a step takes
    longer the more private images were drawn for it. Values that JSON does not know are the strings
    "nan", "inf" and "-inf". When training begins at step s, lines of later steps are removed, so that a
    resumed run has each step once; a run that begins at step 0 begins the file anew.

    Args:
        path: The file.
        every: Int, or "epoch".
    """

    def __init__(self, path: str | os.PathLike, every: int | str = 1):
        super().__init__(every)
        self.path, self._file = local(path), None

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        if self.is_chief:
            keep_until(self.path, self.step)
            with told(self.path):
                self._file = self.path.open("a", buffering=1)  # by line, for those who look on

    def on_step(self, step, logs):
        if self._file:
            epoch = (step - 1) // self.steps_per_epoch + 1
            values = {name: json_number(value) for name, value in logs.items()}
            timed = {} if self.model.privacy else {"time": round(time.time(), 3)}
            line = {"step": step, "epoch": epoch, **timed, **values}
            with told(self.path):
                self._file.write(json.dumps(line) + "\n")

    def on_train_end(self, logs=None):
        if self._file:
            self._file.close()
            self._file = None


class TensorBoardScalars(StepCallback):
    """Writes the logs of each step as scalars for TensorBoard, which need not be installed here.

    To look at them: `pip install "tfgan-zoo[tensorboard]"` (TensorFlow does not bring it any more), then
    `tensorboard --logdir DIRECTORY`.

    Keras's own callback counts steps from 0 in every process; this one goes on where a resumed run
    does. Steps that were done twice, before and after a kill, are there twice with the same values.
    Where the model has `privacy`, all steps have the time at which training began.

    Args:
        directory: Folder of the event files.
        every: Int, or "epoch".
    """

    def __init__(self, directory: str | os.PathLike, every: int | str = 10):
        super().__init__(every)
        self.directory, self._writer = local(directory), None

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        timed = self.model.privacy is None
        self._writer = Writer(self.directory, timed) if self.is_chief else None

    def on_step(self, step, logs):
        if self._writer:
            for name, value in logs.items():
                self._writer.scalar(name, value, step)

    def on_train_end(self, logs=None):
        if self._writer:
            self._writer.close()


def keep_until(path, step):
    """Rewrites the file with its lines up to `step`; half a line at its end is dropped.

    Raises:
        ValueError: A line before it is damaged.
    """
    text = path.read_bytes() if path.exists() else b""
    rows = read_json_lines(path, {"step": int}) if path.exists() else []
    lines = zip(text.split(b"\n"), rows, strict=False)
    kept = b"".join(line + b"\n" for line, row in lines if row["step"] <= step)
    if kept != text or not path.exists():
        with atomic_write(path) as temporary:
            temporary.write_bytes(kept)
