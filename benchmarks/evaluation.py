"""How fast the evaluation is against its extractor alone, and how much memory it takes.

    python benchmarks/evaluation.py --data-dir ~/tensorflow_datasets

Scores 5,000 and 50,000 images of CIFAR-10 by `fd…_effnet`, each in a process of its own. The extractor
alone is timed in the same process, on a batch of floats that has the network's size already, just before
and just after.
"""

import argparse
import json
import time

import numpy as np
import rounds
import tables

COUNTS = (5000, 50000)
QUICK_COUNT = 8


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir")
    tables.add_quick(parser)
    parser.add_argument("--worker", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        return print(json.dumps(measure(given.worker, given.data_dir, given.quick)))
    counts, flags = ([QUICK_COUNT], ["--quick"]) if given.quick else (COUNTS, [])
    flags += ["--data-dir", given.data_dir] if given.data_dir else []
    rows = [rounds.in_new_process(__file__, str(count), *flags) for count in counts]
    tables.write_csv("evaluation", rows, given.quick)


def images_of(count, data_dir, quick):
    from tfgan_zoo import evaluation

    if quick:
        shape = (count, 32, 32, 3)
        return evaluation.from_arrays(np.random.default_rng(0).integers(0, 256, shape, np.uint8))
    return evaluation.from_data("cifar10", "train", data_dir=data_dir)


def measure(count, data_dir, quick):
    """A row of the table."""
    from tfgan_zoo.evaluation.collect import collect
    from tfgan_zoo.metrics import extractors

    images, sizes = images_of(count, data_dir, quick), (1, 4) if quick else (20, 64)
    extractor = extractors.get("efficientnet_lite0")
    alone = [forward_throughput(extractor, *sizes)]
    begin = time.perf_counter()
    parts = collect(images, np.arange(count), extractor, ("moments",))
    seconds = time.perf_counter() - begin
    alone.append(forward_throughput(extractor, *sizes))
    assert sum(part.moments.count for part in parts) == count
    return {
        "images": count,
        "seconds": round(seconds, 2),
        "images_per_second": round(count / seconds, 2),
        "extractor_images_per_second": round(float(np.mean(alone)), 2),
        "maximum_resident_mib": rounds.peak_mib(),
    }


def forward_throughput(extractor, batches, size):
    """Images a second of the network alone."""
    import tensorflow as tf

    run = tf.function(lambda x: extractor.model(x, training=False))
    batch = tf.random.normal([size, 224, 224, 3])
    run(batch)
    begin = time.perf_counter()
    for _ in range(batches):
        run(batch)
    return batches * size / (time.perf_counter() - begin)


if __name__ == "__main__":
    main()
