"""A progress bar for `fit(verbose=0)`; where nobody watches, lines: of each epoch, and between."""

import contextlib
import time

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from tfgan_zoo import progress
from tfgan_zoo.callbacks.steps import StepCallback


class ProgressBar(StepCallback):
    """Shows epoch, step, losses, images per second and the time that is left, on standard error.

    Where that is no terminal, a line says so after each epoch and, in long ones, every 30 seconds.

    Args:
        images_per_step: Int. Real images that a step uses, over all replicas.
        total_steps: Int. The step at which training ends.
    """

    def __init__(self, images_per_step, total_steps):
        super().__init__(1)
        self.images_per_step, self.total_steps = images_per_step, total_steps
        self.console, self._bar = Console(stderr=True, soft_wrap=True), None
        self._compiling, self._last_line = contextlib.ExitStack(), 0.0

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        self._first_step, self._first_time = self.step, None
        if not self.is_chief:
            return
        if not self.console.is_terminal:
            self._compiling.enter_context(progress.doing("Compiling the training step"))
            return
        self._bar = Progress(
            TextColumn("epoch {task.fields[epoch]}/{task.fields[epochs]}"),
            BarColumn(),
            TextColumn("{task.completed}/{task.total} steps  {task.fields[logs]}"),
            TimeRemainingColumn(),
            console=self.console,
        )
        self._bar.start()
        self._task = self._bar.add_task(
            "", total=self.total_steps, completed=self.step, logs="compiling …", **self._epochs()
        )

    def on_step(self, step, logs):
        if self._first_time is None:  # the first step compiles, and would spoil the speed
            self._first_step, self._first_time = step, time.perf_counter()
            self._last_line = self._first_time
            self._compiling.close()
        if self._bar:
            self._bar.update(self._task, completed=step, logs=self._summary(logs), **self._epochs())
        elif self.is_chief and self._line_is_due(step):
            self._last_line = time.perf_counter()
            epochs = "epoch {epoch}/{epochs}".format(**self._epochs())
            self.console.print(f"{epochs}  step {step}  {self._summary(logs)}", highlight=False)

    def on_train_end(self, logs=None):
        self._compiling.close()
        if self._bar:
            self._bar.stop()
            self._bar = None

    def _line_is_due(self, step):
        waited = time.perf_counter() - self._last_line
        is_end = step % self.steps_per_epoch == 0 or step == self.total_steps
        return is_end or waited > progress.EVERY

    def _epochs(self):
        last = -(-self.total_steps // self.steps_per_epoch)
        return {"epoch": max(1, -(-self.step // self.steps_per_epoch)), "epochs": last}

    def _summary(self, logs):
        seconds = time.perf_counter() - self._first_time
        images = (self.step - self._first_step) * self.images_per_step
        speed = [f"{images / seconds:,.0f} images/s"] if images else []
        return "  ".join([*(f"{name} {value:.3f}" for name, value in logs.items()), *speed])
