"""How fast the evaluation is against its extractor alone, and how much memory it takes.

    python benchmarks/evaluation.py --data-dir ~/tensorflow_datasets

Scores 5,000 and 50,000 images of CIFAR-10 by `fd…_effnet`, each in a process of its own. The extractor
alone is timed in the same process, on a batch of floats that has the network's size already, just before
and just after.
"""

import argparse
import json
import resource
import subprocess
import sys
import time

import numpy as np
from tables import write_csv

COUNTS = (5000, 50000)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measure(given.one, given.data_dir)))
        return
    rows = []
    for count in COUNTS:
        command = [sys.executable, __file__, "--one", str(count), "--data-dir", given.data_dir]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        rows.append(json.loads(done.stdout.splitlines()[-1]))
        print(rows[-1], flush=True)
    write_csv("evaluation", rows)


def measure(count, data_dir):
    """A row of the table."""
    from tfgan_zoo import evaluation
    from tfgan_zoo.evaluation.collect import collect
    from tfgan_zoo.metrics import extractors

    extractor = extractors.get("efficientnet_lite0")
    images = evaluation.from_data("cifar10", "train", data_dir=data_dir)
    alone = [forward_throughput(extractor)]
    begin = time.perf_counter()
    parts = collect(images, np.arange(count), extractor, ("moments",))
    seconds = time.perf_counter() - begin
    alone.append(forward_throughput(extractor))
    assert sum(part.moments.count for part in parts) == count
    return {
        "images": count,
        "seconds": round(seconds, 2),
        "images_per_second": round(count / seconds, 2),
        "extractor_images_per_second": round(float(np.mean(alone)), 2),
        "maximum_resident_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def forward_throughput(extractor, batches=20, size=64):
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
