"""One page on a model from images to images: what it makes of them, beside their targets, and scores."""

import json
import os
import pathlib
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from tfgan_zoo import provenance
from tfgan_zoo.evaluation import pages, results
from tfgan_zoo.evaluation.pairs import Pairs
from tfgan_zoo.evaluation.report import Figure, Section, curves
from tfgan_zoo.evaluation.translation import evaluate_translation
from tfgan_zoo.evaluation.translators import Translator
from tfgan_zoo.files import local
from tfgan_zoo.visualization import image_rows

_SHOWN, _EXTREMES = 12, 4


def translation_report(
    translator: Translator,
    pairs: Pairs,
    folder: str | os.PathLike,
    metrics: Sequence[str] | None = None,
    run: str | os.PathLike | None = None,
) -> pathlib.Path:
    """Writes `<folder>/report.html`, which needs no other file, and `report.md` with its pictures.

    Args:
        translator: `Translator`.
        pairs: `Pairs`.
        folder: Where to write.
        metrics: As for `evaluate_translation`.
        run: Run directory whose curves are shown, or None.

    Returns:
        The path of the HTML file.

    Raises:
        ImportError: The extra `metrics` is not installed.
        ValueError: As `evaluate_translation`.
    """
    pages.require_packages()
    scores = evaluate_translation(translator, pairs, metrics)
    directions = ["forward"] if pairs.is_paired else translator.directions
    sections = [
        *(_samples(translator, pairs, direction) for direction in directions),
        _scores(scores),
        _extremes(translator, pairs, scores),
        curves(run),
        _protocol(scores),
    ]
    return pages.write(local(folder), translator.name, [found for found in sections if found])


def panel(
    translator: Translator, pairs: Pairs, indices: Sequence[int], direction: str = "forward"
) -> np.ndarray:
    """Rows of an image, what is made of it, and its target where it has one: uint8 `[H, W, 1 or 3]`."""
    there = pairs if direction == "forward" else pairs.swapped()
    rows = []
    for index in map(int, indices):
        image = there.images.read(index)
        target = [there.targets.read(index)] if there.is_paired else []
        rows.append([image, translator.translate(image, direction), *target])
    return image_rows(rows)


def _samples(translator, pairs, direction):
    there = pairs if direction == "forward" else pairs.swapped()
    count = min(_SHOWN, len(there.images.names))
    columns = "image, translation, target" if pairs.is_paired else "image, translation"
    caption = f"The first {count} of {there.name}: {columns}."
    page = panel(translator, pairs, range(count), direction)
    title = "Translations" if direction == "forward" else "Translations back"
    return Section(title, (), (Figure(f"translations_{direction}", caption, _png(page), True),))


def _scores(scores):
    rows = [
        (
            r.metric,
            f"{r.value:.5g}",
            "{:.5g} to {:.5g}".format(*r.interval),
            f"{float(r.details['identity']):.5g}" if "identity" in r.details else "–",
            r.better,
        )
        for r in scores.results
    ]
    sentence = (
        "Identity is the same measure of the images themselves, at the size of the translations. The "
        "interval is the 95 % one over images; it does not tell how much another training would differ."
    )
    header = ("metric", "value", "interval", "identity", "better")
    return Section("Scores", (sentence,), (), (header, rows))


def _extremes(translator, pairs, scores):
    """The images that are translated worst and best, by the first measure of single ones."""
    measured = [r for r in scores.results if r.metric in scores.rows[0]]
    if not measured or not pairs.is_paired:
        return None
    metric, sign = measured[0].metric, 1 if measured[0].better == "higher" else -1
    order = np.argsort([sign * row[metric] for row in scores.rows], kind="stable")
    figures = []
    for name, indices in (("worst", order[:_EXTREMES]), ("best", order[::-1][:_EXTREMES])):
        rows = [scores.rows[index] for index in indices]
        told = ", ".join(f"{row['image']} ({row[metric]:.4g})" for row in rows)
        page = panel(translator, pairs, indices)
        figures.append(Figure(name, f"The {name} by {metric}: {told}.", _png(page), True))
    return Section("Worst and best", (), tuple(figures))


def _protocol(scores):
    rows = {s.metric: {"protocol": s.protocol, "reference": s.reference} for s in scores.results}
    told = {"images": scores.results[0].images, "versions": provenance.versions()}
    told |= {"time": results.now(), "metrics": rows}
    return Section("Protocol", code=json.dumps(told, indent=2))


def _png(image):
    return tf.io.encode_png(image).numpy()
