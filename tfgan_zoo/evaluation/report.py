"""One page on a model: what it draws, its scores, and what may be wrong with it."""

import base64
import json
import os
import pathlib
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from tfgan_zoo import provenance
from tfgan_zoo.evaluation import pages, plots, results
from tfgan_zoo.evaluation.bias import bias
from tfgan_zoo.evaluation.collect import cache_folder, collect_joined
from tfgan_zoo.evaluation.evaluate import evaluate
from tfgan_zoo.evaluation.memorisation import membership, memorisation
from tfgan_zoo.evaluation.sources import ImageSet
from tfgan_zoo.files import checked_json, local, read_json_lines
from tfgan_zoo.metrics import extractors

_CURVES = ("d_loss", "g_loss", "d_ranking_accuracy", "l1", "cycle")
_MAX_BARS = 20  # classes of which a plot can still be read
_WORD = re.compile(r"\w{1,100}", re.ASCII)
_NEEDS = ("features", "probabilities")
_DISTANCES = (
    "How far generated images, and held-out real ones, are from the nearest training image."
)


class Figure(NamedTuple):
    """A picture: its name as a file, what it shows, and the PNG file."""

    name: str
    caption: str
    png: bytes
    is_grid: bool = False

    @property
    def uri(self):
        """The picture as a part of a page."""
        return f"data:image/png;base64,{base64.b64encode(self.png).decode()}"


class Section(NamedTuple):
    """A heading, sentences, pictures and a table `(header, rows)`."""

    title: str
    sentences: tuple = ()
    figures: tuple = ()
    table: tuple | None = None
    code: str | None = None


def report(
    images: ImageSet,
    reference: Callable[[str], ImageSet],
    metrics: Sequence[str | results.Result],
    extractor: str,
    folder: str | os.PathLike,
    count: int = 1000,
    run: str | os.PathLike | None = None,
    cache: str | os.PathLike | None = None,
) -> pathlib.Path:
    """Writes `<folder>/report.html`, which needs no other file, and `report.md` with its pictures.

    Args:
        images: `ImageSet` of a generator.
        reference: From a split to the `ImageSet` of real images; "test" is what was held out.
        metrics: Names of metrics, and `Result`s that are taken over, which come first.
        extractor: Name of the extractor for nearest neighbours and classes.
        folder: Where to write.
        count: Int, 100 or more. Generated images, and held-out ones, that are compared.
        run: Run directory whose curves are shown, or None.
        cache: As for `evaluate`.

    Returns:
        The path of the HTML file.

    Raises:
        ImportError: The extra `metrics` is not installed.
        ValueError: As `evaluate`.
    """
    pages.require_packages()
    names = [metric for metric in metrics if isinstance(metric, str)]
    scores = [metric for metric in metrics if not isinstance(metric, str)]
    scores += evaluate(images, names, reference, cache) if names else []
    seen = _Seen(images, reference, extractors.get(extractor), count, cache)
    sections = [
        _samples(images),
        _interpolations(images),
        _classes(images, seen),
        _scores(scores),
        curves(run),
        _memorisation(seen),
        _bias(seen),
        _protocol(scores, seen),
    ]
    sections = [section for section in sections if section]
    return pages.write(local(folder), f"{images.name}", sections)


class _Seen:
    """What an extractor sees of generated, training and held-out images."""

    def __init__(self, images, reference, extractor, count, cache):
        self.images, self.extractor = images, extractor
        self.train_set, self.test_set = reference("train"), _held_out(reference)
        self.generated = self._of(images, images.first(count), cache)
        self.train = self._of(self.train_set, self.train_set.first(self.train_set.count), cache)
        self.held_out = None
        if self.test_set:
            self.held_out = self._of(self.test_set, self.test_set.first(count), cache)

    def _of(self, images, rows, cache):
        needs = _NEEDS if self.extractor.num_classes else _NEEDS[:1]
        folder = cache and cache_folder(cache, images, rows, self.extractor, needs)
        return collect_joined(images, rows, self.extractor, needs, folder)


def _held_out(reference):
    try:
        return reference("test")
    except ValueError:
        return None


# === Sections ===


def _samples(images):
    drawn = images.read(images.first(64))[0]
    caption = "The images of seeds 0 to 63, none left out."
    return Section("Samples", (), (Figure("samples", caption, plots.grid(drawn, 16), True),))


def _interpolations(images):
    if images.interpolate is None:
        sentence = f"Latents cannot be given to a model of kind “{images.kind}”: none are shown."
        return Section("Interpolations", (sentence,))
    ways = [images.interpolate(2 * row, 2 * row + 1, 12) for row in range(4)]
    caption = "From the image of one seed, at the left, to that of the next."
    figure = Figure("interpolations", caption, plots.grid(np.concatenate(ways), 12), True)
    return Section("Interpolations", (), (figure,))


def _classes(images, seen):
    """Rows of images of one class: as asked for, or as the extractor sees them."""
    drawn, labels = images.read(images.first(400))
    asked = labels is not None
    if not asked:
        if (seen.extractor.num_classes or np.inf) > _MAX_BARS:
            return None
        labels = seen.extractor(drawn)[1].argmax(axis=1)
    rows = [drawn[labels == label][:12] for label in np.unique(labels)]
    blank = np.full((12, *drawn.shape[1:]), 255, np.uint8)
    rows = np.concatenate([np.concatenate([row, blank])[:12] for row in rows])
    source = "the label asked for" if asked else f"what {seen.extractor.name} sees in it"
    caption = f"A row for each class, by {source}: the first twelve of 400 images."
    return Section("Classes", (), (Figure("classes", caption, plots.grid(rows, 12), True),))


def _scores(scores):
    rows = [
        (s.metric, f"{s.value:.5g}", "{:.5g} to {:.5g}".format(*s.interval), s.better)
        for s in scores
    ]
    sentence = (
        "The interval is the 95 % one over which images the generator draws; it does not tell how "
        "much another training would differ."
    )
    return Section("Scores", (sentence,), (), (("metric", "value", "interval", "better"), rows))


def curves(run):
    """Losses of a run, and the scores that the callback `Evaluate` wrote in its directory."""
    lines = _lines(run, "logs.jsonl")
    if not lines:
        return None
    names = [n for n in _CURVES if n in lines[0]]
    path = pathlib.Path(run) / "logs.jsonl"
    series = {name: [_number(path, line, name) for line in lines] for name in names}
    drawn = plots.curves([line["step"] for line in lines], series)
    figures = [Figure("curves", "Means of 50 steps.", drawn), *_score_curves(run)]
    return Section("Training", (f"{len(lines):,} steps.",), tuple(figures))


def _score_curves(run):
    path, scored = pathlib.Path(run) / "metrics.jsonl", _lines(run, "metrics.jsonl")
    names = dict.fromkeys(name for line in scored for name in line)
    for number, name in enumerate(n for n in names if n not in ("step", "time")):
        rows = [line for line in scored if name in line]
        values = [_number(path, checked_json(path, row[name]), "value") for row in rows]
        drawn = plots.curves([row["step"] for row in rows], {name: values}, window=1)
        # The name comes from a file: it is shown, and becomes no path.
        file = f"scores_{name}" if _WORD.fullmatch(name) else f"score_{number}"
        yield Figure(file, f"{name} while training.", drawn)


def _lines(run, name):
    path = run and pathlib.Path(run) / name
    return read_json_lines(path, {"step": int}) if path and path.is_file() else []


def _number(path, row, name):
    try:
        return float(row[name])
    except (KeyError, TypeError, ValueError):
        found = f"{row.get(name, 'nothing')!r} for {name!r}"
        raise ValueError(
            f"{path} is damaged: it has {found:.100}, not a number. Remove the line, or the file."
        ) from None


def _memorisation(seen):
    if seen.held_out is None:
        sentence = "The real images have no split “test” that could tell near from copied."
        return Section("Memorisation", (sentence,))
    features = seen.generated.features, seen.train.features, seen.held_out.features
    found = memorisation(*features)
    nearest = np.argsort(found.generated)[:24]
    drawn = seen.images.read(nearest)[0]
    like = seen.train_set.read(found.neighbours[nearest])[0]
    caption = (
        f"The 24 generated images (of {len(found.generated):,}) that are nearest to a training image, "
        f"each above that image, of {len(features[1]):,}; distances in {seen.extractor.name}."
    )
    figures = (
        Figure("neighbours", caption, plots.pairs(drawn, like, 12), True),
        Figure("distances", _DISTANCES, plots.distances(found.generated, found.held_out)),
    )
    return Section("Memorisation", (f"{found}.", *_membership(seen)), figures)


def _membership(seen):
    if seen.images.score is None:
        return ()
    logits = []
    for part in (seen.train_set, seen.test_set):
        batches = np.array_split(part.first(len(seen.held_out.features)), 10)
        logits.append(np.concatenate([seen.images.score(*part.read(rows)) for rows in batches]))
    return (f"{str(membership(*logits)).capitalize()}, of {len(logits[0]):,} images of each.",)


def _bias(seen):
    if seen.generated.probabilities is None:
        return None
    labels = [s.probabilities.argmax(axis=1) for s in (seen.generated, seen.train)]
    found = bias(*labels, seen.extractor.num_classes)
    if len(found.classes) > _MAX_BARS:
        return Section("Classes drawn", (f"{found}.",))
    caption = f"Shares by {seen.extractor.name}, with 95 % intervals."
    figure = Figure("shares", caption, plots.shares(found.classes))
    return Section("Classes drawn", (f"{str(found).capitalize()}.",), (figure,))


def _protocol(scores, seen):
    rows = {s.metric: {"protocol": s.protocol, "reference": s.reference} for s in scores}
    common = {"images": scores[0].images} if scores else {}
    extractor = {"name": seen.extractor.name, "sha256": seen.extractor.digest}
    metadata = {
        **common,
        "extractor": extractor,
        "versions": provenance.versions(),
        "time": results.now(),
    }
    return Section("Protocol", code=json.dumps({**metadata, "metrics": rows}, indent=2))
