"""Do the metrics see what is wrong? CIFAR-10's train images against changed test images.

    python benchmarks/sanity_ladder.py --data-dir ~/tensorflow_datasets

Writes results/sanity_ladder.csv and docs/images/sanity_ladder.png. Each rung of the ladder spoils the
test images in one way, and the metrics must say so: make_metrics_page.py draws and judges them.
"""

import argparse
import pathlib

import numpy as np
from tables import write_csv

from tfgan_zoo import evaluation
from tfgan_zoo.visualization import image_grid, write_png

ROOT = pathlib.Path(__file__).parents[1]
FEATURES = ("fd", "fd_infinity", "kd", "is", "precision", "recall", "density", "coverage")
CLASSES = ("modes", "mode_kl", "intra_fd")
PIXELS = ("cas", "swd", "ms_ssim")
PAIRED = ("psnr", "psnr_y", "ssim", "ssim_y")
IN_PLACE = ("test images", "blurred", "noised")  # each image still has its target


def ladder(images, labels):
    """`{rung: (images, labels)}`, all of the same number of images."""
    count, rng = len(images), np.random.default_rng(0)
    noise = rng.normal(0, 32, images.shape)
    half = np.flatnonzero(labels < 5)
    few = rng.permutation(count)[:10]
    chosen = {"half the classes": np.resize(half, count), "ten images": np.resize(few, count)}
    return {
        "test images": (images, labels),
        "blurred": (blurred(images), labels),
        "noised": (np.clip(images + noise, 0, 255).round().astype(np.uint8), labels),
        **{name: (images[rows], labels[rows]) for name, rows in chosen.items()},
    }


def blurred(images):
    """Binomial filters of five pixels in both directions, twice."""
    found = images.astype(np.float64)
    for axis in (1, 2, 1, 2):
        pads = [(2, 2) if i == axis else (0, 0) for i in range(4)]
        padded = np.pad(found, pads, mode="edge")
        taps = zip((1, 4, 6, 4, 1), range(5), strict=True)
        size = images.shape[axis]
        found = sum(w / 16 * np.take(padded, range(k, k + size), axis) for w, k in taps)
    return found.round().astype(np.uint8)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir")
    parser.add_argument("--count", type=int, default=2000)
    given = parser.parse_args()
    opened = {
        s: evaluation.from_data("cifar10", s, data_dir=given.data_dir) for s in ("train", "test")
    }
    rungs = ladder(*opened["test"].read(np.arange(given.count)))
    write_png(ROOT / "docs" / "images" / "sanity_ladder.png", picture(rungs))
    rows = [row for rung in rungs for row in scores(rung, rungs, opened["train"], given.count)]
    write_csv("sanity_ladder", rows)


def scores(rung, rungs, train, count):
    """Rows of the table: a rung against the train images, and against its own unspoiled images."""
    measures = [
        m for m in (*FEATURES, *CLASSES) if m != "intra_fd" or has_all_classes(rungs[rung][1])
    ]
    names = [f"{m}{count}_effnet" for m in measures] + [f"{m}{count}" for m in PIXELS]
    images = evaluation.from_arrays(*rungs[rung], name=rung)
    clean = evaluation.from_arrays(*rungs["test images"])
    found = evaluation.evaluate(images, names, lambda split: train, evaluation.default_cache())
    if rung in IN_PLACE:
        found += evaluation.evaluate(images, PAIRED, lambda split: clean)
    for result in found:
        print(f"{rung:18} {result}", flush=True)
    names = ("rung", "metric", "value", "low", "high")
    numbers = [(rung, r.metric, *(f"{x:.6g}" for x in (r.value, *r.interval))) for r in found]
    return [dict(zip(names, row, strict=True)) for row in numbers]


def has_all_classes(labels):
    """Whether the distance within classes can be had, which is refused where one is missing."""
    return len(np.unique(labels)) == 10


def picture(rungs):
    """Eight images of every rung, a row each."""
    return image_grid(np.concatenate([images[:8] for images, _ in rungs.values()]), columns=8)


if __name__ == "__main__":
    main()
