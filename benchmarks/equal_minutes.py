"""Which GAN learns most in the same minutes? Fréchet distance over time on 3,583 emoji of 64 pixels.

    python benchmarks/equal_minutes.py rates --precision mixed_bfloat16  # some minutes
    python benchmarks/equal_minutes.py train --data ./noto_emoji64  # adds to results/equal_minutes.csv

A model's minutes are the images that it learns in them on one core, compiling and evaluations not
counted. Its rate is measured once, in the core's time, so that what else runs does not matter. Runs that
the file has are left out, so that it goes on where it was stopped. Draws docs/images/equal_minutes.png.
"""

import argparse
import itertools
import os
import statistics
import time

import learned
import numpy as np
import tables
from matplotlib.figure import Figure

MINUTES = (0.75, 1.5, 3.0, 6.0)
TICKS = (3, 5, 10, 20, 30, 50)  # of the picture
SEEDS = 3  # of the table; further ones are runs of their own, which are to lie where it says
STEPS, ROUNDS = 16, 3  # of a rate: the penalties that come every 16 steps are counted as often
_DCGAN = {"width": 32, "ema_decay": 0.999, "regularizers": ["diff_augment"]}
METHODS = {  # presets, options that bring one to few images of this size, and batches
    "DCGAN": ("dcgan_celeb_a_64", _DCGAN, 32),
    "StyleGAN2": ("stylegan2_emoji_64", {}, 32),
    "FastGAN": ("fastgan_emoji_64", {}, 16),
    "ProjectedGAN": ("projected_gan_emoji_64", {}, 16),
}
FEATURES = "resnet_cifar10"  # which no model is trained against
MEASURES = tuple(f"{measure}3583_{FEATURES}" for measure in ("fd", "recall", "precision"))


def model(method, seed, precision):
    """A new one, compiled, and the images of its batches."""
    preset, options, batch_size = METHODS[method]
    return learned.compiled(preset, seed, precision, options), batch_size


def rate(method, precision, steps, rounds):
    """Images that it learns in a second."""
    gan, batch_size = model(method, 0, precision)
    images = np.random.default_rng(0).uniform(-1, 1, (256, *gan.image_shape)).astype(np.float32)
    seconds = []
    for _ in range(rounds + 1):  # the first one compiles
        begun = time.process_time()
        gan.fit(images, batch_size=batch_size, epochs=1, steps_per_epoch=steps, verbose=0)
        seconds.append(time.process_time() - begun)
    found = round(steps * batch_size / statistics.median(seconds[1:]), 1)
    return {"method": method, "precision": precision, "images_per_second": found}


def run(method, seed, data, minutes, told):
    """Rows of one training run at a measured rate."""
    from tfgan_zoo import datasets

    gan, batch_size = model(method, seed, told["precision"])
    pictures = datasets.load(data, "train", gan.image_shape[:2], channels=3).source
    for minute in minutes:
        images = 60 * minute * float(told["images_per_second"])
        steps = max(1, round(images / batch_size)) - int(gan.iterations.numpy())
        gan.fit(pictures, batch_size=batch_size, epochs=1, steps_per_epoch=steps, verbose=0)
        found = learned.scores(gan, MEASURES, data)
        images = int(gan.iterations.numpy()) * batch_size
        print(f"{method} {seed}: {minute:g} minutes, {images} images, {found}", flush=True)
        place = {"method": method, "seed": seed, "minutes": minute, "images": images}
        yield place | found | {"precision": told["precision"]}


def figure(rows):
    """Draws docs/images/equal_minutes.png: median, lowest and highest of the seeds."""
    drawn = Figure(figsize=(6, 3.6), layout="constrained")
    axes = drawn.subplots()
    for method in METHODS:
        found = by_minute(rows, method)
        axes.plot([*found], [*map(statistics.median, found.values())], marker="o", label=method)
        lowest, highest = map(min, found.values()), map(max, found.values())
        axes.fill_between([*found], [*lowest], [*highest], alpha=0.2)
    axes.set(xscale="log", yscale="log", xlabel="minutes of one core", ylabel=MEASURES[0])
    axes.set_xticks(MINUTES, [f"{minute:g}" for minute in MINUTES])
    axes.set_yticks(TICKS, [f"{tick:g}" for tick in TICKS])
    axes.minorticks_off()
    axes.legend()
    drawn.savefig(tables.RESULTS.parents[1] / "docs" / "images" / "equal_minutes.png", dpi=100)


def by_minute(rows, method, measure=MEASURES[0]):
    """`{minutes: values of all seeds}`."""
    found = {}
    for row in rows:
        if row["method"] == method and int(row["seed"]) < SEEDS:
            found.setdefault(float(row["minutes"]), []).append(float(row[measure]))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="?", choices=("rates", "train"), default="train")
    parser.add_argument("--data", default="./noto_emoji64", help="the folder of the pictures")
    parser.add_argument("--seeds", default="0,1,2", help="3 and more: runs against the interval")
    parser.add_argument("--methods", default=",".join(METHODS))
    parser.add_argument("--core", type=int, default=0)
    parser.add_argument("--precision", default="float32", help="or mixed_bfloat16, of rates")
    tables.add_quick(parser)
    given = parser.parse_args()
    os.sched_setaffinity(0, {given.core})
    if given.quick or given.what == "rates":
        steps = (1, 1) if given.quick else (STEPS, ROUNDS)
        rows = [rate(method, given.precision, *steps) for method in METHODS]
        tables.write_csv("equal_minutes_rates", rows, given.quick)
    if given.quick or given.what == "train":
        known = rows if given.quick else tables.read_csv("equal_minutes_rates")
        train(given, {row["method"]: row for row in known})


def train(given, rates):
    seeds = map(int, given.seeds.split(","))
    for seed, method in itertools.product(seeds, given.methods.split(",")):
        done = tables.rows_so_far("equal_minutes")
        if not given.quick and (method, str(seed)) in {(r["method"], r["seed"]) for r in done}:
            continue
        rows = list(
            run(method, seed, given.data, MINUTES if not given.quick else (0,), rates[method])
        )
        for row in [] if given.quick else rows:
            tables.append_csv("equal_minutes", row)
    if not given.quick:
        figure(tables.read_csv("equal_minutes"))


if __name__ == "__main__":
    main()
