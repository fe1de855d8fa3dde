"""A watch for collapse: a generator that draws nearly the same whatever its latents are."""

import collections
import json
import math
import os
import statistics
import time
import warnings
from collections.abc import Callable

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from tfgan_zoo.callbacks import collapse_statistics
from tfgan_zoo.callbacks.logs import keep_until
from tfgan_zoo.callbacks.steps import StepCallback
from tfgan_zoo.files import json_number, local, told

_LEAST_SPREAD, _MOST_LIKENESS = 0.15, 0.9  # where there are no real images to compare with
_LEAST_GRADIENT, _USUAL = 1e-6, 20  # a norm, and the checks of which the median is taken

_COLLAPSE = {
    "diversity": "generated images are {diversity:.2g} times as far apart as real ones",
    "spread": "generated images are {spread:.2g} times as far apart as their features are long",
    "similarity": "the mean MS-SSIM of two generated images is {ms_ssim:.2g}, of two real ones "
    "{ms_ssim_real:.2g}",
    "likeness": "the mean MS-SSIM of two generated images is {ms_ssim:.2g}",
    "modes": "classes generated: {modes:.0f}, among as many real images: {modes_real:.0f}",
    "gradient": "the generator's gradient vanishes",
}
_BESIDES = {
    "wins": "the discriminator always wins, on {real_accuracy:.3g} of the real images and "
    "{fake_accuracy:.3g} of the generated ones",
    "ranks": "the discriminator always wins, ranking {d_ranking_accuracy:.3g} of the pairs right",
}
_NORMS = "gradients have norms {g_gradient:.2g} (generator) and {d_gradient:.2g} (discriminator)"


class CollapseWarning(UserWarning):
    """Training shows collapse. The message holds the measurements."""


class CollapseMonitor(StepCallback):
    """Warns when training collapses, with the measurements, once per kind until it recovers.

    Every `every` steps it measures the images of the seeds 0 to n - 1, drawn by the generator's moving
    average, and both players on the real images, in training mode as the next update would. It does
    not change the training. It warns of these, found at `patience` checks in a row:

    - diversity: the mean distance between the features of two generated images is below `diversity`
      times that of two real ones (without real images: below 0.15 times the features' own length).
    - similarity: the mean MS-SSIM of two generated images exceeds that of two real ones by more than
      `similarity` (without real images: it exceeds 0.9). Not for images below 11 pixels.
    - modes: the extractor finds fewer than `modes` times as many classes among the generated images as
      among as many real ones. Only with real images and an extractor that has classes.
    - gradient: the norm of the generator's gradient is below 1e-6, or below `gradient` times its
      median over the 20 checks before. Only with real images.

    A discriminator that always wins is normal while the generator makes its first shapes, so that it is
    no kind of its own; a warning names it where, at `patience` checks in a row, it was right on a share
    of `wins` or more of the real images and of the generated ones, or, where logits are no answers
    (wasserstein, the relativistic objectives, no real images), ranked such a share of pairs right.

    Example: `gan.fit(images, callbacks=[CollapseMonitor(images, extractor="lenet_mnist")])`.

    Args:
        real_images: uint8, or floats in [-1, 1], `[N, H, W, C]`, of which n are drawn; None for none.
        real_labels: Ints `[N]`, for a model with labels; strings `[N]`, for one that draws from texts.
        every: Int, or "epoch".
        n: Int, 2 or more. Real images, and generated ones, that are measured.
        begin: Int. First step that may warn; before it, a generator that hardly varies is normal.
        extractor: Name of one of `tfgan_zoo.metrics.extractors`, or a function from uint8 images
            `[B, H, W, C]` to features `[B, D]`, or to features and class probabilities `[B, K]`. None
            compares the pixels.
        patience: Int, 1 or more.
        diversity, similarity, modes, gradient, wins: Floats in (0, 1]. See above.
        path: File that gets a line of JSON for each check, each step once as in `JsonlLogger`; or None.

    Attributes:
        history: List of `(step, numbers)`, where numbers is a dictionary of floats: `diversity` (over
            that of the real images; without them `spread`), `ms_ssim`, `ms_ssim_real`, `modes`,
            `modes_real`, `real_accuracy`, `fake_accuracy`, `d_ranking_accuracy` (pairs ranked right),
            `g_gradient` and `d_gradient` (norms); those that can be had.

    Raises:
        ValueError: An argument that is not as described; in `fit`, real images of another shape than
            the model's, or without labels for a model that takes them.
    """

    reads_real_images = True  # what it finds is no part of a private update

    def __init__(
        self,
        real_images: ArrayLike | None = None,
        real_labels: ArrayLike | None = None,
        every: int | str = 200,
        n: int = 64,
        begin: int = 2000,
        extractor: str | Callable | None = None,
        patience: int = 2,
        diversity: float = 0.3,
        similarity: float = 0.25,
        modes: float = 0.5,
        gradient: float = 1e-3,
        wins: float = 0.99,
        path: str | os.PathLike | None = None,
    ):
        super().__init__(every)
        self.borders = {"diversity": diversity, "similarity": similarity, "modes": modes}
        self.borders |= {"gradient": gradient, "wins": wins}
        _check(n, begin, patience, self.borders)
        self.n, self.begin, self.patience = n, begin, patience
        self.path = None if path is None else local(path)
        self._extract = collapse_statistics.extractor_of(extractor)
        self._real = (
            None
            if real_images is None
            else collapse_statistics.sample_images(real_images, real_labels, n)
        )
        self.history = []

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        self._runs = dict.fromkeys([*_COLLAPSE, *_BESIDES], 0)
        self.history = [row for row in self.history if row[0] <= self.step]
        if self._real:
            _check_fit(self._real, self.model)
            pixels = np.clip(np.round((self._real["images"] + 1) * 127.5), 0, 255)
            self._seen = collapse_statistics.image_statistics(
                pixels.astype(np.uint8), self._extract
            )
            real = collapse_statistics.encoded(self.model.condition, self._real)
            measure = lambda: collapse_statistics.gradient_statistics(self.model, real)  # noqa: E731
            self._gradient_statistics = tf.function(measure, autograph=False)
        if self.path and self.is_chief:
            keep_until(self.path, self.step)

    def on_step(self, step, logs):
        if not self.is_chief:
            return
        numbers = self._numbers(logs)
        found = self._kinds(numbers) if step >= self.begin else []
        self.history.append((step, numbers))
        if self.path:
            self._log(step, numbers)
        self._runs = {kind: run + 1 if kind in found else 0 for kind, run in self._runs.items()}
        if new := [_COLLAPSE[kind] for kind in _COLLAPSE if self._runs[kind] == self.patience]:
            self._warn(step, new, numbers)

    def _numbers(self, logs):
        """All that is measured at a step, as floats by name."""
        found = collapse_statistics.image_statistics(
            self.model.generate_from_seeds(range(self.n)), self._extract
        )
        distance, length = found.pop("distance"), found.pop("length")
        if self._real:
            found["diversity"] = distance / (self._seen["distance"] or 1.0)
            found |= {f"{name}_real": self._seen[name] for name in ("ms_ssim", "modes")}
            found |= collapse_statistics.keeping_statistics(self.model, self._gradient_statistics)
        else:
            found["spread"] = distance / (length or 1.0)
            found["d_ranking_accuracy"] = logs.get("d_ranking_accuracy")
        return {name: float(value) for name, value in found.items() if value is not None}

    def _log(self, step, numbers):
        values = {name: json_number(value) for name, value in numbers.items()}
        with told(self.path), self.path.open("a") as file:
            file.write(json.dumps({"step": step, "time": round(time.time(), 3), **values}) + "\n")

    def _kinds(self, numbers):
        """Names of what looks like collapse. What cannot be had is NaN, below and above nothing."""
        n, borders = collections.defaultdict(lambda: math.nan, numbers), self.borders
        past = [row["g_gradient"] for _, row in self.history[-_USUAL:] if "g_gradient" in row]
        least = max(_LEAST_GRADIENT, borders["gradient"] * statistics.median(past or [0.0]))
        found = {
            "diversity": n["diversity"] < borders["diversity"],
            "spread": n["spread"] < _LEAST_SPREAD,
            "similarity": n["ms_ssim"] > n["ms_ssim_real"] + borders["similarity"],
            "likeness": self._real is None and n["ms_ssim"] > _MOST_LIKENESS,
            "modes": n["modes"] < borders["modes"] * n["modes_real"],
            "gradient": n["g_gradient"] < least,
            "wins": min(n["real_accuracy"], n["fake_accuracy"]) >= borders["wins"],
            "ranks": "real_accuracy" not in numbers and n["d_ranking_accuracy"] >= borders["wins"],
        }
        return [kind for kind, is_so in found.items() if is_so]

    def _warn(self, step, reasons, numbers):
        reasons += [_BESIDES[kind] for kind in _BESIDES if self._runs[kind] >= self.patience]
        reasons += [_NORMS] * ("g_gradient" in numbers)
        warnings.warn(
            f"Training shows collapse at step {step}, at {self.patience} checks in a row: "
            f"{'; '.join(reasons).format(**numbers)}.",
            CollapseWarning,
            stacklevel=2,
        )


# === Arguments ===


def _check(n, begin, patience, borders):
    least = {"n": (n, 2), "begin": (begin, 0), "patience": (patience, 1)}
    for name, (value, low) in least.items():
        if not (isinstance(value, int) and value >= low):
            raise ValueError(f"{name} must be an int of {low} or more. Received: {value!r}.")
    for name, value in borders.items():
        if not 0 < value <= 1:
            raise ValueError(f"{name} must lie in (0, 1]. Received: {value!r}.")


def _check_fit(real, gan):
    if (shape := real["images"].shape[1:]) != tuple(gan.image_shape):
        raise ValueError(f"real_images have shape {shape}, the model {tuple(gan.image_shape)}.")
    if gan.condition and "labels" not in real:
        raise ValueError(f"A model with {gan.condition.key} needs real_labels beside real_images.")
