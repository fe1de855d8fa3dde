"""Does a GAN learn better from easy images first? Fashion-MNIST, by a classifier's confidence.

    python benchmarks/curriculum.py --data-dir tfds --precision mixed_bfloat16

A small DCGAN sees a share of the training images that grows linearly to all of them in the first half of
training: those whose own class the metrics' LeNet is surest of, or least, or surest of in each class.
As many updates see all images from the start. Adds to results/curriculum.csv: distance and recall over
time. Runs that the file has are left out, so that it goes on where it was stopped.
"""

import argparse
import os

import learned
import numpy as np
import tables

SIZE, UPDATES, BATCH = 60_000, 1000, 64
STAGES = (0.2, 0.4, 0.6, 0.8, 1.0)  # shares of the images, in the first half of the updates
DRAWN = 3000
SCORER, OTHER = "lenet_fashion_mnist", "resnet_cifar10"
METHODS = {  # the sign of the confidence, and whether it is by class; None: all images
    "all from the start": None,
    "easy first": (1, False),
    "hard first": (-1, False),
    "easy first in each class": (1, True),
}


def seen(name, images):
    """`(features, probabilities)` of an extractor."""
    from tfgan_zoo.metrics import extractors

    extractor = extractors.get(name)
    pairs = [extractor(part) for part in np.array_split(images, -(-len(images) // 500))]
    return [np.concatenate(column) for column in zip(*pairs, strict=True)]


class Data:
    """Training images with the confidence in their own class, and features of test images."""

    def __init__(self, given):
        from tfgan_zoo import datasets

        images, labels = learned.garments("train", given.data_dir, given.quick)
        images, labels = images[: given.size], labels[: given.size]
        self.source = datasets.array_source(images, labels)
        probabilities = seen(SCORER, images)[1]
        self.confidence = probabilities[np.arange(len(labels)), labels]
        tested, self.tested_labels = learned.garments("test", given.data_dir, given.quick)
        self.real = {name: seen(name, tested[:DRAWN])[0] for name in (SCORER, OTHER)}
        self.shares = np.bincount(labels, minlength=10) / len(labels)

    def ranked(self, method, share):
        from tfgan_zoo import datasets

        if METHODS[method] is None:
            return self.source
        sign, by_class = METHODS[method]
        return datasets.ranked(self.source, sign * self.confidence, share, by_class)


def run(method, seed, data, given):
    """Rows of one training, one for each time that it is looked at."""
    gan = learned.compiled("dcgan_fashion_mnist", seed, given.precision, {"width": 32})
    updates = 2 * len(STAGES) if given.quick else UPDATES
    each = updates // (2 * len(STAGES))
    for number in range(2 * len(STAGES)):
        share = STAGES[min(number, len(STAGES) - 1)]
        source = data.ranked(method, share)
        gan.fit(source, batch_size=BATCH, epochs=1, steps_per_epoch=each, verbose=0)
        done = (number + 1) * each
        if number % 2 == 0 or done == updates:
            told = {"method": method, "seed": seed, "updates": done, "share": share}
            yield told | measured(gan, data, given, is_last=done == updates)


def measured(gan, data, given, is_last):
    from tfgan_zoo import metrics

    drawn = gan.generate(given.drawn, seed=0)
    features, probabilities = seen(SCORER, drawn)
    shares = np.bincount(probabilities.argmax(axis=1), minlength=10) / len(drawn)
    row = {
        "fd": metrics.frechet_distance(data.real[SCORER], features),
        "recall": float(metrics.recall(data.real[SCORER], features)[0]),
        "precision": float(metrics.precision(data.real[SCORER], features)[0]),
        "from_shares": float(np.abs(shares - data.shares).sum() / 2),
        "fd_resnet": "",
    }
    if is_last:
        row["fd_resnet"] = metrics.frechet_distance(data.real[OTHER], seen(OTHER, drawn)[0])
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", help="prepared data sets")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--core", type=int, default=0, help="the one that it runs on")
    parser.add_argument("--precision", default="float32")
    tables.add_quick(parser)
    given = parser.parse_args()
    os.sched_setaffinity(0, {given.core})
    given.size, given.drawn = (1000, 100) if given.quick else (SIZE, DRAWN)
    data = Data(given)
    rows = [] if given.quick else tables.rows_so_far("curriculum")
    done = {(row["method"], int(row["seed"])) for row in rows}
    for method, seed in ((m, s) for s in range(1 if given.quick else given.seeds) for m in METHODS):
        if (method, seed) not in done:
            for row in list(run(method, seed, data, given)):
                tables.give("curriculum", row, given.quick, dtype_policy=given.precision)


if __name__ == "__main__":
    main()
