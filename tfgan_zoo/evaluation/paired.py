"""Scores of images that each have a target of their own, as in super-resolution and translation."""

import math
import time

import numpy as np

from tfgan_zoo import provenance
from tfgan_zoo.evaluation import results
from tfgan_zoo.evaluation.sources import metadata
from tfgan_zoo.metrics import extractors
from tfgan_zoo.metrics import images as measures
from tfgan_zoo.metrics.intervals import interval

_BATCH = 16


def _lpips(images, references):
    return extractors.get("lpips").distance(*(x.astype(np.float32) for x in (images, references)))


PAIRED = {  # name -> (measure of uint8 images and their targets, what is better)
    "psnr": (measures.psnr, "higher"),
    "psnr_y": (lambda x, y: measures.psnr(x, y, luma=True), "higher"),
    "ssim": (measures.ssim, "higher"),
    "ssim_y": (lambda x, y: measures.ssim(x, y, luma=True), "higher"),
    "lpips": (_lpips, "lower"),
}


def compare(images, reference, name):
    """The mean of a measure over all images and their targets, paired by their order.

    Args:
        images: `ImageSet` with an end.
        reference: From "train" to the `ImageSet` of the targets, equally many, of the same size.
        name: Of `PAIRED`; those ending in _y look at the luma of RGB images.

    Returns:
        `Result`; the interval is that of the mean over images.

    Raises:
        ValueError: No targets, or another number or size of them.
    """
    if reference is None:
        raise ValueError(f"{name} compares images with their targets, and none were given.")
    begin, targets, (measure, better) = time.perf_counter(), reference("train"), PAIRED[name]
    if images.count is None or images.count != targets.count:
        raise ValueError(
            f"{name} compares image by image: {images.name} has "
            f"{'no end' if images.count is None else images.count}, {targets.name} {targets.count}."
        )
    values = []
    for start in range(0, targets.count, _BATCH):
        rows = np.arange(start, min(start + _BATCH, targets.count))
        values.append(measure(images.read(rows)[0], targets.read(rows)[0]))
    values = np.concatenate(values).astype(np.float64)
    mean = float(values.mean())  # infinite where an image equals its target, and then exactly so
    spread = float(values.std()) if math.isfinite(mean) else 0.0
    bounds = interval(mean, spread / math.sqrt(len(values)), math.inf)
    terms = {"name": name, "measure": name, "count": len(values), "interval": "95 %, over images"}
    return results.Result(
        name, mean, bounds,
        {"std": spread}, better, terms, metadata(images), metadata(targets),
        provenance.versions(), results.now(), round(time.perf_counter() - begin, 1),
    )  # fmt: skip
