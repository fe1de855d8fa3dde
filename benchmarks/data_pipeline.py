"""How many images a second the input pipeline gives: `python benchmarks/data_pipeline.py`.

Each row is the median of five measurements of one stream at batch size 64, after a warm-up, with
nothing else to do on the machine. A pipeline should give several times what training uses.
"""

import csv
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import tensorflow as tf

from tfgan_zoo.datasets import array_source, load, stream

BATCH_SIZE = 64
SECONDS = 2.0  # of one measurement
REPEATS = 5


def images_per_second(iterator):
    start, images = time.perf_counter(), 0
    while (elapsed := time.perf_counter() - start) < SECONDS:
        next(iterator)
        images += BATCH_SIZE
    return images / elapsed


def measure(source):
    iterator = iter(stream(source, BATCH_SIZE))
    for _ in range(50):
        next(iterator)
    return [images_per_second(iterator) for _ in range(REPEATS)]


def write_jpegs(folder, count=2000, size=64):
    """Smooth random pictures, about as large on disk as photographs."""
    noise = np.random.default_rng(0).uniform(0, 255, (count, size // 8, size // 8, 3))
    for number, image in enumerate(tf.image.resize(noise, (size, size), "bicubic")):
        pixels = tf.cast(tf.clip_by_value(image, 0, 255), tf.uint8)
        tf.io.write_file(f"{folder}/{number:04}.jpg", tf.io.encode_jpeg(pixels, quality=90))


def cases(folder):
    """(name, source) of everything that is measured."""
    colour = np.random.default_rng(0).integers(0, 256, (50_000, 32, 32, 3), np.uint8)
    yield "fashion_mnist 28x28x1", load("fashion_mnist_10k").source
    yield "fashion_mnist 32x32x1", load("fashion_mnist_10k", image_size=32).source
    yield "arrays 32x32x3", array_source(colour, np.arange(50_000) % 10)
    yield "arrays 32x32x3 float32", array_source(colour.astype(np.float32) / 127.5 - 1)
    write_jpegs(folder)
    yield "folder 64x64x3", load(folder).source
    yield "folder 64x64x3 flip crop", load(folder, image_size=64, flip=True, crop="random").source
    yield "folder 64x64x3 uncached", load(folder, cache=False).source
    yield "folder 64 to 32 uncached", load(folder, image_size=32, cache=False).source


def main():
    rows = csv.writer(sys.stdout)
    rows.writerow(["source", "batch_size", "images_per_second", "lowest", "highest"])
    with tempfile.TemporaryDirectory() as folder:
        for name, source in cases(Path(folder)):
            found = measure(source)
            values = [statistics.median(found), min(found), max(found)]
            rows.writerow([name, BATCH_SIZE, *(round(value) for value in values)])


if __name__ == "__main__":
    main()
