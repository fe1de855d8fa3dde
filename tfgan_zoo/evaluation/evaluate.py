"""`evaluate`: from names of metrics and a set of images to results."""

import collections
import contextlib
import math
import os
import time
from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tfgan_zoo import provenance
from tfgan_zoo.evaluation import results
from tfgan_zoo.evaluation.collect import cache_folder, collect, collect_joined
from tfgan_zoo.evaluation.paired import compare, paired_measure
from tfgan_zoo.evaluation.results import Result
from tfgan_zoo.evaluation.sources import ImageSet, metadata
from tfgan_zoo.files import remove
from tfgan_zoo.metrics import extractors, protocols
from tfgan_zoo.metrics.intervals import interval, jackknife_error
from tfgan_zoo.metrics.measures import MEASURES
from tfgan_zoo.progress import doing

_SUBSET_SEED = 0  # which real images are taken where there are more than the metric's name says


def evaluate(
    images: ImageSet,
    metrics: Sequence[str],
    reference: Callable[[str], ImageSet] | None = None,
    cache: str | os.PathLike | None = None,
    progress: bool = True,
) -> list[Result]:
    """Scores a set of images.

    Example:

    ```python
    from tfgan_zoo import evaluation as e

    gan = tfgan_zoo.from_preset("dcgan_fashion_mnist")
    real = lambda split: e.from_data("fashion_mnist", split, gan.image_shape)
    for result in e.evaluate(e.from_model(gan), ["fd10k_lenet_fashion_mnist"], real):
        print(result)
    ```

    Args:
        images: `ImageSet` to score.
        metrics: Names, see `tfgan_zoo.metrics.protocols.parse`, or of `paired.PAIRED`: "psnr", "ssim", …
        reference: From a split, "train" or "test", to the `ImageSet` of real images. Not needed by
            metrics that look at generated images alone.
        cache: Folder for statistics of the real images, and for what a killed evaluation has done;
            None for neither.
        progress: Whether to show a bar on standard error, if that is a terminal.

    Returns:
        List of `Result`, in the order of the names.

    Raises:
        ValueError: An unknown metric, a set with too few images for it, or images, labels or
            a reference that it cannot be measured on; all before the first image is drawn where
            that can be known then.
        FileNotFoundError: The weights of an extractor are not here.
    """
    paired = [name for name in metrics if paired_measure(name)]
    wanted = [protocols.parse(name) for name in metrics if not paired_measure(name)]
    for protocol in wanted:
        _check(protocol, images, reference)
    groups = collections.defaultdict(list)
    for protocol in wanted:
        groups[protocol.extractor, protocol.count, protocol.split].append(protocol)
    found = {name: compare(images, reference, name) for name in paired}
    with _bar(progress) as bar:
        for group in groups.values():
            found |= _of_group(group, images, reference, cache, bar)
    return [found[name] for name in metrics]


def _check(protocol, images, reference):
    if images.count is not None and images.count < protocol.count:
        raise ValueError(
            f"{protocol.name} is a score of {protocol.count:,} images, and {images.name} has "
            f"{images.count:,}. Another number is another metric: put it in the name."
        )
    if MEASURES[protocol.measure].has_real and reference is None:
        raise ValueError(f"{protocol.name} compares with real images, and none were given.")
    if protocol.extractor:
        extractors.get(protocol.extractor)


def _check_real(group, data):
    for protocol in group:
        measure = MEASURES[protocol.measure]
        if measure.has_real and data.count is not None and data.count < measure.least:
            raise ValueError(
                f"{protocol.name} needs {measure.least} real images or more, and {data.name} has "
                f"{data.count}."
            )


def _of_group(group, images, reference, cache, bar):
    """The results of metrics that share extractor, count and split, from one pass over each set."""
    first, begin = group[0], time.perf_counter()
    extractor = first.extractor and extractors.get(first.extractor)
    indices = np.arange(first.count)
    needs = _needs(group)
    real_needs = _needs([p for p in group if MEASURES[p.measure].has_real])
    data = reference(first.split) if real_needs else None
    if real_needs:
        _check_real(group, data)
    if "labels" in real_needs:
        data = data.joined(images.class_names)
    folder = cache and cache_folder(cache, images, indices, extractor, needs)
    parts = collect(images, indices, extractor, needs, folder, _task(bar, images, len(indices)))
    real, real_metadata = None, None
    if real_needs:
        rows = subset(data.count, first.count)
        kept = cache and cache_folder(cache, data, rows, extractor, real_needs)
        advance = _task(bar, data, len(rows))
        real = collect_joined(data, rows, extractor, real_needs, kept, advance)
        real_metadata = metadata(data) | {"count": len(rows)}
    common = {"images": metadata(images), "reference": real_metadata}
    common |= {"versions": provenance.versions(), "time": results.now()}
    found = {p.name: set_result(p, real, parts, extractor, common, begin) for p in group}
    if folder:
        remove(folder)
    return found


def _needs(group):
    return sorted({need for protocol in group for need in MEASURES[protocol.measure].needs})


def subset(available, count):
    """Which real images: all of them, or as many as asked for, drawn once and for all."""
    if available <= count:
        return np.arange(available)
    return np.sort(np.random.default_rng(_SUBSET_SEED).permutation(available)[:count])


def set_result(protocol, real, parts, extractor, common, begin):
    """The `Result` of a measure of two sets, from their `Statistics`; `common` are its fields of both
    sets, versions and time."""
    measure = MEASURES[protocol.measure]
    value, details = _both(measure.function(real, parts))
    if measure.jackknife:
        error = jackknife_error(lambda rest: _both(measure.function(real, rest))[0], parts)
        repeats, method = len(parts), f"jackknife over {len(parts)} parts of the generated images"
    else:
        error, repeats = details.pop("error"), details.pop("repeats", math.inf)
        method = (
            "standard error over repeats" if repeats < math.inf else "standard error over images"
        )
    terms = {**protocol._asdict(), "flips": False, "generator": "moving average"}
    terms["precision"] = "TensorFloat-32" if _has_tensor_float_32() else "float32"
    if extractor:
        terms |= {"extractor_sha256": extractor.digest, "resize": extractor.resize}
    terms["interval"] = f"95 %, {method}"
    seconds, bounds = round(time.perf_counter() - begin, 1), interval(value, error, repeats)
    return results.Result(
        protocol.name, value, bounds, details, measure.better, terms, seconds=seconds, **common
    )


def _has_tensor_float_32():
    is_on = tf.config.experimental.tensor_float_32_execution_enabled()
    return is_on and bool(tf.config.list_physical_devices("GPU"))


def _both(found):
    value, details = found if isinstance(found, tuple) else (found, {})
    return float(value), dict(details)


@contextlib.contextmanager
def _bar(progress):
    """A bar on a terminal; lines elsewhere."""
    console = Console(stderr=True)
    is_shown = progress and console.is_terminal
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=console, disable=not is_shown,
    )  # fmt: skip
    lines = contextlib.nullcontext() if is_shown or not progress else _lines(bar)
    with bar, lines:
        yield bar


def _lines(bar):
    def state():
        task = bar.tasks[-1] if bar.tasks else None
        if task is None:
            return ""
        return f"{task.description}: " + (
            "computing the metrics" if task.finished else f"{task.completed:,} of {task.total:,}"
        )

    return doing("Evaluating", state)


def _task(bar, images, total):
    task = bar.add_task(images.name, total=total)
    return lambda n: bar.advance(task, n)
