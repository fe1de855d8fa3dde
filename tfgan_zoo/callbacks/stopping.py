"""Reasons for `fit` to end between two steps, with everything saved."""

import signal
import threading

import keras


class StopAtStep(keras.callbacks.Callback):
    """Ends training once the model has done `step` steps in all, in the middle of an epoch or not."""

    def __init__(self, step: int):
        super().__init__()
        self.step = step

    def on_train_batch_end(self, batch, logs=None):
        if int(self.model.iterations.numpy()) >= self.step:
            self.model.stop_training = True


class StopOnSignal(keras.callbacks.Callback):
    """Ends training after the step during which Ctrl-C or SIGTERM came.

    A context manager: the signals are caught within, and handled as before after it. It has no effect
    outside the main thread. After a second Ctrl-C no step is waited for. Workers that train together
    must all get the signal, since those left would wait for the others.

    Example:

    ```python
    with StopOnSignal() as stop:
        gan.fit(images, callbacks=[BackupAndRestore("checkpoints"), stop])
    print(stop.received)  # None, or signal.SIGINT
    ```

    Attributes:
        received: The signal that came, or None.
    """

    def __init__(self):
        super().__init__()
        self.received, self._before = None, {}

    def __enter__(self):
        in_main = (
            threading.current_thread() is threading.main_thread()
        )  # elsewhere none can be caught
        for number in (signal.SIGINT, signal.SIGTERM) if in_main else ():
            self._before[number] = signal.signal(number, self._receive)
        return self

    def __exit__(self, *exception):
        self._restore_handlers()

    def _receive(self, number, frame):
        self.received = signal.Signals(number)
        self._restore_handlers()  # the next one ends the process in the ordinary way

    def _restore_handlers(self):
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def on_train_batch_end(self, batch, logs=None):
        if self.received is not None:
            self.model.stop_training = True
