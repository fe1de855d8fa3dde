"""How many images a second does the input pipeline give?

    python benchmarks/data_pipeline.py         # writes benchmarks/results/data_pipeline.csv

Each row is the median of five measurements of one stream at batch size 64, after a warm-up, with
nothing else to do on the machine. A pipeline should give several times what training uses.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import tables
import tensorflow as tf

from tfgan_zoo.datasets import array_source, load, stream

BATCH_SIZE = 64
SECONDS = 2.0  # of one measurement
REPEATS = 5


def images_per_second(iterator, seconds):
    start, images, elapsed = time.perf_counter(), 0, 0.0
    while elapsed <= seconds:
        next(iterator)
        images += BATCH_SIZE
        elapsed = time.perf_counter() - start
    return images / elapsed


def measure(source, warm_up, repeats, seconds):
    iterator = iter(stream(source, BATCH_SIZE))
    for _ in range(warm_up):
        next(iterator)
    return [images_per_second(iterator, seconds) for _ in range(repeats)]


def write_jpegs(folder, count, size=64):
    """Smooth random pictures, about as large on disk as photographs."""
    noise = np.random.default_rng(0).uniform(0, 255, (count, size // 8, size // 8, 3))
    for number, image in enumerate(tf.image.resize(noise, (size, size), "bicubic")):
        pixels = tf.cast(tf.clip_by_value(image, 0, 255), tf.uint8)
        tf.io.write_file(f"{folder}/{number:04}.jpg", tf.io.encode_jpeg(pixels, quality=90))


def cases(folder, count):
    """(name, source) of everything that is measured; `count` images in arrays."""
    colour = np.random.default_rng(0).integers(0, 256, (count, 32, 32, 3), np.uint8)
    yield "fashion_mnist 28x28x1", load("fashion_mnist_10k").source
    yield "fashion_mnist 32x32x1", load("fashion_mnist_10k", image_size=32).source
    yield "arrays 32x32x3", array_source(colour, np.arange(count) % 10)
    yield "arrays 32x32x3 float32", array_source(colour.astype(np.float32) / 127.5 - 1)
    write_jpegs(folder, count // 25)
    yield "folder 64x64x3", load(folder).source
    yield "folder 64x64x3 flip crop", load(folder, image_size=64, flip=True, crop="random").source
    yield "folder 64x64x3 uncached", load(folder, cache=False).source
    yield "folder 64 to 32 uncached", load(folder, image_size=32, cache=False).source


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    tables.add_quick(parser)
    quick = parser.parse_args().quick
    count, *sizes = (2500, 1, 1, 0.0) if quick else (50_000, 50, REPEATS, SECONDS)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, source in cases(Path(folder), count):
            found = measure(source, *sizes)
            values = {"images_per_second": statistics.median(found)}
            values |= {"lowest": min(found), "highest": max(found)}
            values = {key: round(value) for key, value in values.items()}
            rows.append({"source": name, "batch_size": BATCH_SIZE, **values})
    tables.write_csv("data_pipeline", rows, quick)


if __name__ == "__main__":
    main()
