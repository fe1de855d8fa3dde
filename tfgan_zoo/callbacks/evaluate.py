"""Scores of a model while it trains, the best model by one of them, and an end without progress."""

import json
import math
import os
import pathlib
import shutil
import tempfile
import time
import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from tfgan_zoo.callbacks.backup import write_weights
from tfgan_zoo.callbacks.logs import keep_until
from tfgan_zoo.callbacks.steps import StepCallback, sum_over_replicas
from tfgan_zoo.callbacks.tensorboard import Writer
from tfgan_zoo.files import (
    atomic_write,
    checked_json,
    local,
    read_json,
    read_json_lines,
    remove,
    sha256,
    told,
    write_json,
)

if TYPE_CHECKING:
    from tfgan_zoo.evaluation.sources import ImageSet

_FIELDS = {"step": int, "metric": str, "value": (int, float), "interval": list, "sha256": str}
_LOG, _BEST, _WEIGHTS, _RECORD = "metrics.jsonl", "best", "model.weights.h5", "best.json"


class Evaluate(StepCallback):
    """Scores the generator's moving average by metrics, and keeps the model that was best by one.

    What is drawn is a function of `seed` alone, so that scores of two steps, and of two runs, differ
    by the weights only. Training goes on as if it had not been looked at.

    In `directory` are `metrics.jsonl`, one line for each evaluation (`step`, `time` in seconds since
    1970, and for each metric its `value` and 95 % `interval`), and `best/` with `model.weights.h5`
    (for `gan.load_weights`) and `best.json`. A process killed at any instant leaves one good best,
    which `read_best` describes. When training begins at step s, lines of later steps are removed and
    the best stays; a run that begins at step 0 begins both anew. Put it before `BackupAndRestore` in
    the list of callbacks, so that no evaluation is left out when a killed run goes on.

    Of several workers the first one evaluates, and all stop at the same step.

    Example:

    ```python
    real = evaluation.from_data("fashion_mnist", image_shape=gan.image_shape)
    watch = Evaluate(["fd10k_lenet_fashion_mnist"], real, every=1000, directory="run", patience=5)
    gan.fit(images, epochs=50, callbacks=[watch, BackupAndRestore("run/checkpoints")])
    gan.load_weights("run/best/model.weights.h5")
    ```

    Args:
        metrics: Names, see `tfgan_zoo.metrics.protocols.parse`.
        reference: `evaluation.ImageSet` of real images, or a function from a split, "train" or "test",
            to one; None where no metric compares with real images.
        every: Int, or "epoch".
        directory: Folder of the files above; None keeps nothing on disk.
        monitor: Name of the metric, of `metrics`, that says which model is best; by default the first.
        patience: Int, 1 or more: evaluations in a row, none of them better than the best, after which
            training ends. None never ends it.
        tensorboard_dir: Folder of event files that get the values as scalars, or None.
        cache: Folder for statistics of the real images; by default one for the time of `fit`.
        seed: Int. Image i is that of `seed + i`.

    Attributes:
        history: List of `(step, {metric: evaluation.Result})`, of this object's evaluations.
        best: Dictionary with `step`, `metric`, `value` and `interval` of the best, or None.

    Raises:
        ValueError: No metric or an unknown one, no reference where one is needed, a monitor that is
            not among the metrics or has no better direction, a patience below 1; in `fit`, a best in
            `directory` by another metric.
        FileNotFoundError: In `fit`, before its first step: the weights of an extractor are not here.
    """

    reads_real_images = True  # what it finds is no part of a private update

    def __init__(
        self,
        metrics: Sequence[str],
        reference: "ImageSet | Callable[[str], ImageSet] | None",
        every: int | str = 1000,
        directory: str | os.PathLike | None = None,
        monitor: str | None = None,
        patience: int | None = None,
        tensorboard_dir: str | os.PathLike | None = None,
        cache: str | os.PathLike | None = None,
        seed: int = 0,
    ):
        super().__init__(every)
        if patience is not None and not (isinstance(patience, int) and patience >= 1):
            raise ValueError(f"patience must be None or a positive int. Received: {patience!r}.")
        self._protocols = _parsed(metrics)
        self.metrics = [protocol.name for protocol in self._protocols]
        self.reference = _from_split(reference, self._protocols)
        self.monitor = self.metrics[0] if monitor is None else monitor
        self._better = _direction(self.monitor, self._protocols)
        self.directory = None if directory is None else local(directory)
        self.patience = patience
        self.tensorboard_dir = tensorboard_dir and local(tensorboard_dir)
        self.cache, self.seed = cache, seed
        self.history, self.best = [], None
        self._evaluated, self._writer, self._temporary = [], None, None

    def on_train_begin(self, logs=None):
        if not hasattr(self.model, "generate_from_seeds"):
            raise TypeError(
                f"Evaluate scores what is drawn from seeds, and {type(self.model).__name__} translates "
                "images. Look at it by TranslationGrid, and score it by evaluation.evaluate_translation."
            )
        super().on_train_begin(logs)
        if not self.is_chief:
            return
        _load_extractors(self._protocols)
        self.history = [row for row in self.history if row[0] <= self.step]
        self._evaluated = [step for step, _ in self.history]
        if self.step == 0:
            self.best = None
        if self.directory is not None:
            self._continue()
        if self.tensorboard_dir is not None:
            self._writer = Writer(self.tensorboard_dir)
        if self.cache is None:
            self._temporary = tempfile.mkdtemp()
            # Also where `fit` raises, after which Keras calls nothing.
            self._clean = weakref.finalize(self, shutil.rmtree, self._temporary, ignore_errors=True)

    def _continue(self):
        """Takes up what is in the directory, up to this step."""
        log = self.directory / _LOG
        keep_until(log, self.step)
        self._evaluated = [line["step"] for line in read_json_lines(log, {"step": int})]
        if self.step == 0:
            remove(self.directory / _BEST)
        self.best = read_best(self.directory)
        if self.best and self.best["metric"] != self.monitor:
            raise ValueError(
                f"The best model in {self.directory / _BEST} is that by {self.best['metric']}, and "
                f"this run monitors {self.monitor}. Monitor the same, or use another directory."
            )

    def on_step(self, step, logs):
        if self.is_chief:
            self._evaluate(step)
        if self.patience is not None:
            strategy, is_over = self.model.distribute_strategy, self._waited() >= self.patience
            if sum_over_replicas(strategy, int(self.is_chief and is_over)) > 0:
                self.model.stop_training = True

    def _evaluate(self, step):
        from tfgan_zoo import evaluation  # which takes its time to import

        images = evaluation.from_model(self.model, self.seed, f"{self.model.name}, step {step}")
        cache = self.cache or self._temporary
        results = evaluation.evaluate(images, self.metrics, self.reference, cache, progress=False)
        found = {result.metric: result for result in results}
        self.history.append((step, found))
        self._evaluated.append(step)
        self._log(step, found)
        if self._is_better(step, found[self.monitor].value):
            self._keep(step, found[self.monitor])

    def _log(self, step, found):
        if self.directory is not None:
            line = {"step": step, "time": round(time.time(), 3)}
            line |= {name: result.numbers() for name, result in found.items()}
            log = self.directory / _LOG
            with told(log), log.open("a") as file:
                file.write(json.dumps(line) + "\n")
        if self._writer:
            for name, result in found.items():
                self._writer.scalar(name, result.value, step)

    def _is_better(self, step, value):
        if not math.isfinite(value):
            return False
        if self.best is None:
            return True
        if step == self.best["step"]:  # done again after a kill
            return False
        return value < self.best["value"] if self._better == "lower" else value > self.best["value"]

    def _keep(self, step, result):
        before = self.best
        self.best = {"step": step, "metric": self.monitor, **result.numbers()}
        if self.directory is None:
            return
        folder = self.directory / _BEST
        with atomic_write(folder / _WEIGHTS) as weights:
            write_weights(self.model, weights)
            # Until the weights have their name, the record still describes those before.
            self.best["sha256"] = sha256(weights)
            write_json(folder / _RECORD, {**self.best, "before": before})

    def _waited(self):
        """Evaluations since the best one."""
        since = self.best["step"] if self.best else -1
        return sum(step > since for step in self._evaluated)

    def on_train_end(self, logs=None):
        if self._writer:
            self._writer.close()
            self._writer = None
        if self._temporary:
            self._clean()
            self._temporary = None


def read_best(directory):
    """What is known of the best model that `Evaluate(directory=directory)` keeps.

    Returns:
        A dictionary: `step`, `metric`, `value`, `interval` and `sha256` of the weights in
        `<directory>/best/model.weights.h5`; or None where there is none, or a damaged one.
    """
    folder = pathlib.Path(directory) / _BEST
    try:
        record = read_json(folder / _RECORD, keys={**_FIELDS, "before": (dict, type(None))})
        if record["before"]:
            checked_json(folder / _RECORD, record["before"], keys=_FIELDS)
        digest = sha256(folder / _WEIGHTS)
    except (FileNotFoundError, ValueError):
        return None
    before = record.pop("before")
    return next((found for found in (record, before) if found and found["sha256"] == digest), None)


# === Arguments ===


def _parsed(metrics):
    from tfgan_zoo.metrics import protocols

    if not isinstance(metrics, (list, tuple)) or not metrics:
        raise ValueError(f"metrics must be a list of one name or more. Received: {metrics!r}.")
    return [protocols.parse(name) for name in metrics]


def _from_split(reference, wanted):
    """The reference as a function of the split."""
    from tfgan_zoo.evaluation import ImageSet
    from tfgan_zoo.metrics.measures import MEASURES

    needy = [protocol.name for protocol in wanted if MEASURES[protocol.measure].has_real]
    if reference is None and needy:
        raise ValueError(f"{needy[0]} compares with real images: give an ImageSet as reference.")
    if isinstance(reference, ImageSet):
        return lambda split: reference
    if reference is not None and not callable(reference):
        raise ValueError(
            "reference must be an evaluation.ImageSet, or a function from a split to one. "
            f"Received: {type(reference).__name__}."
        )
    return reference


def _direction(monitor, wanted):
    """Whether "lower" or "higher" values of the metric are better."""
    from tfgan_zoo.metrics.measures import MEASURES

    found = {p.name: MEASURES[p.measure].better for p in wanted}
    if monitor not in found:
        raise ValueError(
            f"monitor must be one of the metrics, {', '.join(found)}. Received: {monitor!r}."
        )
    if found[monitor] not in ("lower", "higher"):
        raise ValueError(
            f"{monitor} is good near the real images' own, so no model is best by it. Monitor another."
        )
    return found[monitor]


def _load_extractors(wanted):
    """Makes all networks, so that what lacks weights fails before the first step."""
    from tfgan_zoo.metrics import extractors

    for name in {protocol.extractor for protocol in wanted} - {None}:
        extractors.get(name)
