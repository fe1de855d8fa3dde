"""Scores of models from images to images, each beside that of the images themselves."""

import csv
import os
import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfgan_zoo import provenance
from tfgan_zoo.evaluation import results
from tfgan_zoo.evaluation.evaluate import set_result, subset
from tfgan_zoo.evaluation.paired import mean_result
from tfgan_zoo.evaluation.pairs import Pairs
from tfgan_zoo.evaluation.sources import digest
from tfgan_zoo.evaluation.translation_names import (
    ALONE,
    BACKWARD,
    CYCLE,
    check,
    is_of_images,
    measure_of,
    translation_metrics,
)
from tfgan_zoo.evaluation.translators import Translator
from tfgan_zoo.files import atomic_write, json_number
from tfgan_zoo.metrics import extractors, protocols
from tfgan_zoo.metrics.frechet import Moments
from tfgan_zoo.metrics.statistics import Statistics
from tfgan_zoo.progress import doing

_PARTS, _FIRST, _BATCH = 10, 64, 32


class TranslationScores(NamedTuple):
    """What `evaluate_translation` finds.

    Attributes:
        results: List of `Result`; where the images themselves can be measured so too, `details` has that
            as "identity".
        rows: A dictionary of each image that was translated: "direction", "image", and values by name.
    """

    results: list
    rows: list


def evaluate_translation(
    translator: Translator, pairs: Pairs, metrics: Sequence[str] | None = None
) -> TranslationScores:
    """Scores what is made of images, beside the images themselves ("identity").

    For the latter images are brought to the size of what is made of them, bicubic, and to its channels:
    a model should be nearer to the targets than they are.

    Example:

    ```python
    from tfgan_zoo import evaluation as e

    pairs = e.pairs_from_data("facades", "test", image_size=(128, 128), swap=True)
    scores = e.evaluate_translation(e.translator_from_model(model), pairs)
    for result in scores.results:
        print(result, "identity:", result.details.get("identity"))
    ```

    Args:
        translator: `Translator`.
        pairs: `Pairs`.
        metrics: Names; None for `translation_metrics`. Of pairs those of `paired.PAIRED`, such as
            "psnr", and "psnr_y_border4" or "ssim_y_border4"; of what is made alone "colourfulness", with
            that of the targets in `details`; of both directions "cycle_l1" and "cycle_psnr", of images
            and what comes back of them, in between as uint8; and of sets such as "fd106_effnet_test".
            "backward_" before a name is of the way back.

    Raises:
        ValueError: An unknown metric, or one that these images, or this model, cannot be measured by; or
            pictures of another size than their targets.
        FileNotFoundError: The weights of an extractor are not here.
    """
    metrics = list(metrics or translation_metrics(translator, pairs))
    own = {name: name.removeprefix(BACKWARD) for name in metrics}
    for name in metrics:
        check(name, own[name], translator, pairs)
    found, rows = {}, []
    for direction in ("forward", "backward"):
        prefix = BACKWARD * (direction == "backward")
        names = [own[name] for name in metrics if name.startswith(BACKWARD) == bool(prefix)]
        if names:
            there = pairs if direction == "forward" else pairs.swapped()
            one = _Direction(translator, there, direction, names)
            rows += one.rows
            found |= {f"{prefix}{r.metric}": _renamed(r, prefix) for r in one.results()}
    return TranslationScores([found[name] for name in metrics], rows)


def _renamed(result, prefix):
    return result._replace(metric=f"{prefix}{result.metric}")


class _Direction:
    """One pass over the images of a direction: values of each, features of all."""

    def __init__(self, translator, pairs, direction, names):
        self.translator, self.pairs, self.direction = translator, pairs, direction
        self.per_image = {n: measure_of(n) for n in names if is_of_images(n)}
        self.of_sets = [protocols.parse(name) for name in names if not is_of_images(name)]
        self.begin, self.rows, self.first = time.perf_counter(), [], []
        names = {protocol.extractor for protocol in self.of_sets}
        self.features = {n: {"made": _Features(n), "identity": _Features(n)} for n in names}
        total = len(pairs.images.names)
        with doing("Translating", lambda: f"{len(self.rows)} of {total}"):
            for index in range(total):
                self._add(index)

    def _add(self, index):
        image = self.pairs.images.read(index)
        made = self.translator.translate(image, self.direction)
        shown = as_target(image, made.shape)
        row = {"direction": self.direction, "image": self.pairs.images.names[index]}
        for name, (measure, _) in self.per_image.items():
            row |= self._values(name, measure, index, image, made, shown)
        self.rows.append(row)
        if index < _FIRST:
            self.first.append(made)
        for found in self.features.values():
            found["made"].add(made)
            if shown is not None:
                found["identity"].add(shown)

    def _values(self, name, measure, index, image, made, shown):
        if name in CYCLE:
            other = "backward" if self.direction == "forward" else "forward"
            back = self.translator.translate(made, other)
            return {name: float(measure(back[None], image[None])[0])}
        if name in ALONE:
            parts = {name: made, f"{name}_identity": shown}
            return {n: float(measure(x[None])[0]) for n, x in parts.items() if x is not None}
        target = self.pairs.targets.read(index)
        if made.shape != target.shape:
            raise ValueError(
                f"{self.translator.name} makes a picture {made.shape} of "
                f"{self.pairs.images.names[index]} {image.shape}, whose target is {target.shape}."
            )
        found = {name: float(measure(made[None], target[None])[0])}
        if shown is not None:
            found[f"{name}_identity"] = float(measure(shown[None], target[None])[0])
        return found

    def results(self):
        found = [self._mean(name, better) for name, (_, better) in self.per_image.items()]
        return [*found, *map(self._of_sets, self.of_sets)]

    def _mean(self, name, better):
        identity = [row[f"{name}_identity"] for row in self.rows if f"{name}_identity" in row]
        details = {"identity": json_number(float(np.mean(identity)))} if identity else {}
        values, common = [row[name] for row in self.rows], self._metadata()
        result = mean_result(name, values, *common.values(), self.begin, better, **details)
        more = self._of_targets(name) if name in ALONE else {}
        return result._replace(
            protocol=result.protocol | self._terms(), details=result.details | more
        )

    def _of_targets(self, name):
        targets, (measure, _) = self.pairs.targets, ALONE[name]
        values = [measure(targets.read(i)[None])[0] for i in range(len(targets.names))]
        return {"targets": json_number(float(np.mean(values)))}

    def _of_sets(self, protocol):
        extractor, found = extractors.get(protocol.extractor), self.features[protocol.extractor]
        targets, real = self.pairs.targets, _Features(protocol.extractor)
        for row in subset(len(targets.names), protocol.count):
            real.add(targets.read(row))
        (real,) = real.statistics(1)
        common = self._metadata() | {"versions": provenance.versions(), "time": results.now()}
        made, identity = (
            set_result(protocol, real, parts, extractor, common, self.begin) if parts else None
            for parts in (part.statistics(_PARTS, protocol.count) for part in found.values())
        )
        details = made.details | ({"identity": json_number(identity.value)} if identity else {})
        return made._replace(details=details, protocol=made.protocol | self._terms())

    def _metadata(self):
        """Of the translated images and of the targets, as `Result` has them."""
        own, pairs = self.translator, self.pairs
        images = {"name": own.name, "kind": own.kind, "seed": None, "sha256": own.sha256}
        targets = {"name": pairs.name, "kind": "data", "seed": None, "sha256": None}
        return {
            "images": images | {"images_sha256": digest(*self.first)},
            "reference": targets | {"images_sha256": pairs.targets.fingerprint()},
        }

    def _terms(self):
        sizes = {tuple(image.shape) for image in self.first}
        size = list(sizes.pop()) if len(sizes) == 1 else "their own"
        return {"direction": self.direction, "translated_size": size}


def as_target(image, shape):
    """A picture at the size and with the channels of what is made of it, uint8; None where there is no
    such way: from grey to colour it is repeated, and from colour to grey its luma is taken."""
    have, want = image.shape[-1], shape[-1]
    if have != want and {have, want} != {1, 3}:
        return None
    floats = tf.constant(image, tf.float32)
    if image.shape[:2] != tuple(shape[:2]):
        floats = tf.image.resize(floats, shape[:2], "bicubic", antialias=True)
    if (have, want) == (3, 1):
        floats = tf.image.rgb_to_grayscale(floats)
    pixels = tf.cast(tf.round(tf.clip_by_value(floats, 0.0, 255.0)), tf.uint8).numpy()
    return np.repeat(pixels, 3, axis=-1) if (have, want) == (1, 3) else pixels


class _Features:
    """What an extractor sees of pictures, read in batches of one size."""

    def __init__(self, extractor):
        self.extractor, self.waiting, self.seen = extractors.get(extractor), [], []

    def add(self, image):
        if self.waiting and (len(self.waiting) == _BATCH or self.waiting[0].shape != image.shape):
            self._flush()
        self.waiting.append(image)

    def _flush(self):
        self.seen.append(self.extractor(np.stack(self.waiting)))
        self.waiting = []

    def statistics(self, parts, count=None):
        """`Statistics` of the first `count` pictures in so many parts; None where there are none."""
        if self.waiting:
            self._flush()
        if not self.seen:
            return None
        seen = zip(*self.seen, strict=True)
        columns = [None if c[0] is None else np.concatenate(c)[:count] for c in seen]
        cuts = np.array_split(np.arange(len(columns[0])), min(parts, len(columns[0])))
        return [_statistics(*(None if c is None else c[rows] for c in columns)) for rows in cuts]


def _statistics(features, probabilities):
    return Statistics(Moments().add(features), features, probabilities)


def write_rows(path: str | os.PathLike, rows: Sequence[dict]) -> None:
    """Writes the rows of `TranslationScores` as a CSV file."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with atomic_write(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
