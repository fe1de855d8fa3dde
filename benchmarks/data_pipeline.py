"""How many images a second does the input pipeline give?

    python benchmarks/data_pipeline.py         # writes benchmarks/results/data_pipeline.csv

Each row is the median of five measurements of one stream at batch size 64, after a warm-up, on one core,
with nothing else to do on the machine. A pipeline should give several times what training uses: the last
rows are training steps of DCGAN of width 64, which are fast ones, on all cores in bfloat16.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import rounds
import tables

BATCH_SIZE = 64
SECONDS = 2.0  # of one measurement
REPEATS = 5
STEPS = {28: 1, 64: 3, 256: 3}  # {edge: channels} of the models


# === In a process on one core ===


def pipelines(quick):
    """Rows of all streams."""
    count, *sizes = (2500, 1, 1, 0.0) if quick else (50_000, 20, REPEATS, SECONDS)
    with tempfile.TemporaryDirectory() as folder:
        for name, source in cases(Path(folder), count, (64,) if quick else (64, 256)):
            found = measure(source, *sizes)
            yield {"source": name, "edge": source.image_shape[0], **summary(found)}


def cases(folder, count, edges):
    """(name, source) of everything that is measured; `count` images in arrays."""
    from tfgan_zoo.datasets import array_source, load

    colour = np.random.default_rng(0).integers(0, 256, (count, 32, 32, 3), np.uint8)
    yield "fashion_mnist 28x28x1", load("fashion_mnist_10k").source
    yield "fashion_mnist 32x32x1", load("fashion_mnist_10k", image_size=32).source
    yield "arrays 32x32x3", array_source(colour, np.arange(count) % 10)
    yield "arrays 32x32x3 float32", array_source(colour.astype(np.float32) / 127.5 - 1)
    jitter = {"flip": True, "crop": "random"}
    for edge in edges:
        files = count // (25 if edge == 64 else 100)
        images = folder / str(edge)
        images.mkdir()
        write_jpegs(images, files, edge)
        name = f"folder {edge}x{edge}x3"
        for cache, suffix in ((True, ""), (False, " uncached")):
            yield f"{name}{suffix}", load(images, cache=cache).source
            yield (
                f"{name} flip crop{suffix}",
                load(images, image_size=edge, cache=cache, **jitter).source,
            )


def write_jpegs(folder, count, size):
    """Smooth random pictures, about as large on disk as photographs."""
    import tensorflow as tf

    rng = np.random.default_rng(0)
    for number in range(count):
        noise = rng.uniform(0, 255, (size // 8, size // 8, 3))
        image = tf.image.resize(noise, (size, size), "bicubic")
        pixels = tf.cast(tf.clip_by_value(image, 0, 255), tf.uint8)
        tf.io.write_file(f"{folder}/{number:04}.jpg", tf.io.encode_jpeg(pixels, quality=90))


def measure(source, warm_up, repeats, seconds):
    from tfgan_zoo.datasets import stream

    iterator = iter(stream(source, BATCH_SIZE))
    for _ in range(warm_up):
        next(iterator)
    return [images_per_second(iterator, seconds) for _ in range(repeats)]


def images_per_second(iterator, seconds):
    start, images, elapsed = time.perf_counter(), 0, 0.0
    while elapsed <= seconds:
        images += len(next(iterator)["images"])
        elapsed = time.perf_counter() - start
    return images / elapsed


def summary(found):
    values = {"images_per_second": statistics.median(found)}
    values |= {"lowest": min(found), "highest": max(found)}
    return {key: round(value, 1) for key, value in values.items()}


# === In a process on all cores ===


def step(edge, quick):
    """Images a second that DCGAN of that size trains on."""
    import ours
    from rows import Row

    shape = (edge, edge, STEPS[edge])
    row = Row("DCGAN", {"image_shape": shape, "width": 4 if quick else 64}, {})
    contestant = ours.contestant(row, "graph", "bfloat16")
    contestant.train(1, lambda index: None)
    found = []
    for _ in range(1 if quick else 3):
        steps = 1 if quick or edge > 64 else 10
        found.append(BATCH_SIZE * steps / rounds.timed(contestant.train, steps)["seconds"])
    return {"source": f"step of DCGAN {edge}x{edge}", "edge": edge, **summary(found)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    tables.add_quick(parser)
    parser.add_argument("--worker", metavar="WHAT", help="used inside: an edge, or `pipelines`")
    options = parser.parse_args()
    if options.worker == "pipelines":
        os.sched_setaffinity(
            0, {min(os.sched_getaffinity(0))}
        )  # before TensorFlow counts the cores
        return print(json.dumps(list(pipelines(options.quick))))
    if options.worker:
        return print(json.dumps(step(int(options.worker), options.quick)))
    flags = ["--quick"] if options.quick else []
    rows = rounds.in_new_process(__file__, "pipelines", *flags)
    rows += [
        rounds.in_new_process(__file__, str(edge), *flags)
        for edge in list(STEPS)[: 1 if options.quick else None]
    ]
    tables.write_csv(
        "data_pipeline", [{**row, "batch_size": BATCH_SIZE} for row in rows], options.quick
    )


if __name__ == "__main__":
    main()
