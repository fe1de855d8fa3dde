"""Scores of images that each have a target of their own, as in super-resolution and translation."""

import functools
import math
import re
import time

import numpy as np

from tfgan_zoo import provenance
from tfgan_zoo.evaluation import results
from tfgan_zoo.evaluation.sources import metadata
from tfgan_zoo.metrics import extractors
from tfgan_zoo.metrics import images as measures
from tfgan_zoo.metrics.intervals import interval

_BATCH = 16


def _distance(extractor, images, references):
    return extractors.get(extractor).distance(*(x.astype(np.float32) for x in (images, references)))


PAIRED = {  # name -> (measure of uint8 images and their targets, what is better)
    "psnr": (measures.psnr, "higher"),
    "psnr_y": (lambda x, y: measures.psnr(x, y, luma=True), "higher"),
    "ssim": (measures.ssim, "higher"),
    "ssim_y": (lambda x, y: measures.ssim(x, y, luma=True), "higher"),
    "lpips": (functools.partial(_distance, "lpips"), "lower"),
    "feature_distance_effnet": (functools.partial(_distance, "efficientnet_lite0"), "lower"),
}
_BORDERED = re.compile(r"(psnr|ssim)_y_border([1-9]\d{0,3})")


def paired_measure(name):
    """The row of `PAIRED` of that name, or of "psnr_y_border4" and its like; None for another name.

    In these, four pixels of each side are cut off, as papers on super-resolution by four do.
    """
    if found := _BORDERED.fullmatch(name):
        function = getattr(measures, found[1])
        return functools.partial(function, luma=True, border=int(found[2])), "higher"
    return PAIRED.get(name)


def compare(images, reference, name):
    """The mean of a measure over all images and their targets, paired by their order.

    Args:
        images: `ImageSet` with an end.
        reference: From "train" to the `ImageSet` of the targets, equally many, of the same size.
        name: Of `PAIRED`, or as `paired_measure` knows it; those with _y look at the luma of RGB images.

    Returns:
        `Result`; the interval is that of the mean over images.

    Raises:
        ValueError: No targets, or another number or size of them.
    """
    if reference is None:
        raise ValueError(f"{name} compares images with their targets, and none were given.")
    begin, targets, (measure, _) = time.perf_counter(), reference("train"), paired_measure(name)
    if images.count is None or images.count != targets.count:
        raise ValueError(
            f"{name} compares image by image: {images.name} has "
            f"{'no end' if images.count is None else images.count}, {targets.name} {targets.count}."
        )
    values = []
    for start in range(0, targets.count, _BATCH):
        rows = np.arange(start, min(start + _BATCH, targets.count))
        values.append(measure(images.read(rows)[0], targets.read(rows)[0]))
    return mean_result(name, np.concatenate(values), metadata(images), metadata(targets), begin)


def mean_result(name, values, images, targets, begin, better=None, **details):
    """The `Result` of a measure that is a mean over images: its values `[N]`, and what they are of."""
    values = np.asarray(values, np.float64)
    mean = float(values.mean())  # infinite where an image equals its target, and then exactly so
    spread = float(values.std()) if math.isfinite(mean) else 0.0
    bounds = interval(mean, spread / math.sqrt(len(values)), math.inf)
    terms = {"name": name, "measure": name, "count": len(values), "interval": "95 %, over images"}
    return results.Result(
        name, mean, bounds, {"std": spread, **details}, better or paired_measure(name)[1], terms,
        images, targets, provenance.versions(), results.now(), round(time.perf_counter() - begin, 1),
    )  # fmt: skip
